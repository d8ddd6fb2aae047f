"""What could mislead in standardised rates: few events, a standard that misses, one stratum that decides."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.stats.rates.checks import DOUBT, FINE, Check, few_events, frame_of, unlikeness, zeros


def direct_checks(table: pd.DataFrame, events: np.ndarray, one_event: np.ndarray, strata: list[str]) -> pd.DataFrame:
    """Check directly standardised rates.

    Parameters
    ----------
    table : DataFrame
        Columns group, events, coverage, for g groups.
    events, one_event : arrays of float, shape (g, k)
        Events of each stratum, and what one of them adds to the rate.
    strata : list of k str
        Names of the strata.
    """
    names = pd.Index(table["group"].astype(str))
    counts = table["events"].to_numpy()
    found = [few_events(counts, names), zeros(counts, names), _coverage(table["coverage"].to_numpy(), names)]
    if len(strata) > 1:
        found += [
            _one_stratum(events, one_event, names, strata),
            _thin_stratum(events, one_event, names, strata),
        ]
    return frame_of(found)


def indirect_checks(
    table: pd.DataFrame, observed: np.ndarray, expected: np.ndarray, *, approximate: bool
) -> pd.DataFrame:
    """Check ratios of observed to expected events.

    Parameters
    ----------
    table : DataFrame
        Columns group, observed, coverage, for g groups.
    observed, expected : arrays of float, shape (g, k)
        Events of each stratum.
    approximate : bool
        Whether the interval is rough for few events.
    """
    names = pd.Index(table["group"].astype(str))
    counts = table["observed"].to_numpy()
    return frame_of(
        [
            few_events(counts, names, better="exact" if approximate else ""),
            zeros(counts, names),
            _coverage(table["coverage"].to_numpy(), names),
            _unlike_strata(observed, expected, names),
        ]
    )


def _coverage(shares: np.ndarray, names: pd.Index) -> Check:
    at = int(np.argmin(shares))
    least = float(shares[at])
    if least == 1:
        return Check("coverage", "", 1.0, FINE, "The standard has a place for all exposure.")
    return Check(
        "coverage",
        names[at],
        least,
        DOUBT,
        f"Only {100 * least:.3g}% of the exposure of {names[at]} is in strata of the standard; the rest is left out, "
        "events and all (see .dropped). Say so beside the figure, or give a standard with those strata.",
    )


def _one_stratum(events: np.ndarray, one_event: np.ndarray, names: pd.Index, strata: list[str]) -> Check:
    parts = one_event**2 * events
    shares = parts / np.maximum(parts.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    group, stratum = divmod(int(np.argmax(shares)), shares.shape[1])
    most = float(shares[group, stratum])
    told = f"{100 * most:.3g}% of the variance of the rate of {names[group]} is that of {strata[stratum]}"
    if most <= 0.5:
        return Check("one stratum", names[group], most, FINE, f"No rate hangs on one stratum: at most {told}.")
    return Check(
        "one stratum",
        names[group],
        most,
        DOUBT,
        f"{told}, with {events[group, stratum]:g} events there: the rate leans on them. Join that stratum with a "
        "neighbour, or choose a standard nearer to the groups' own make-up, and see whether the order of groups holds.",
    )


def _thin_stratum(events: np.ndarray, one_event: np.ndarray, names: pd.Index, strata: list[str]) -> Check:
    """Find where one more event would move a rate most: where a stratum weighs much and its exposure is little."""
    rates = (one_event * events).sum(axis=1, keepdims=True)
    moved = np.divide(one_event, rates, out=np.zeros_like(one_event), where=rates > 0)
    group, stratum = divmod(int(np.argmax(moved)), moved.shape[1])
    most = float(moved[group, stratum])
    told = f"one more event in {strata[stratum]} would raise the rate of {names[group]} by {100 * most:.3g}%"
    if most <= 0.25:
        return Check("thin stratum", names[group], most, FINE, f"No stratum is thin for its weight: {told}.")
    return Check(
        "thin stratum",
        names[group],
        most,
        DOUBT,
        f"{told}, which is why its upper limit is far off. Join that stratum with a neighbour, or use "
        "interval='tiwari' and say so.",
    )


def _unlike_strata(observed: np.ndarray, expected: np.ndarray, names: pd.Index) -> Check:
    """Judge the group whose strata are least alike in their ratio of observed to expected."""
    from scipy.special import chdtrc

    name = "unlike strata"
    found = []
    for at, (counts, sums) in enumerate(zip(observed, expected, strict=True)):
        used = sums > 0
        if used.sum() > 1 and counts[used].sum() > 0:
            alike = sums[used] * counts[used].sum() / sums[used].sum()
            chi_square, degrees = float(((counts[used] - alike) ** 2 / alike).sum()), int(used.sum()) - 1
            found.append((float(chdtrc(degrees, chi_square)), at, chi_square, degrees))
    if not found:
        return Check(name, "", np.nan, FINE, "No group has events in two strata to compare.")
    _, at, chi_square, degrees = min(found)
    return unlikeness(name, chi_square, degrees, "strata")._replace(at=names[at])
