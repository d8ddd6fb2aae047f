"""Direct and indirect standardisation of groups in strata, and the groups for which there is no answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.stats.rates.limits import byar_limits, exact_limits, midp_limits
from welfare.stats.rates.standardising.checks import direct_checks, indirect_checks
from welfare.stats.rates.standardising.strata import Strata, Stratum, rows_of_strata, standard_of, stratum_words
from welfare.stats.rates.standardising.weighted import gamma_limits

GAMMA = ("gamma", "tiwari")
OF_A_COUNT = {"exact": exact_limits, "midp": midp_limits, "byar": byar_limits}


@dataclass(frozen=True)
class Made:
    """What standardisation gave.

    Attributes
    ----------
    table, dropped, checks : DataFrame
        As in the result; the groups are in the column "group".
    together : float
        Rate of all groups together, or 1.
    """

    table: pd.DataFrame
    dropped: pd.DataFrame
    checks: pd.DataFrame
    together: float


def directly(
    df: pd.DataFrame,
    found: Strata,
    by: list[str],
    standard: pd.DataFrame | None,
    interval: str,
    *,
    per: float,
    level: float,
) -> Made:
    """Weight each group's rates by a standard's exposure.

    Parameters
    ----------
    df : DataFrame
        What was stratified.
    found : Strata
        Its groups and strata.
    by : list of str
        Columns that make the strata.
    standard : DataFrame or None
        Exposure per stratum; None for the frame itself.
    interval : {"gamma", "tiwari"}
        Of :func:`welfare.stats.rates.standardising.weighted.gamma_limits`.
    per, level : float
        Units of exposure; coverage.

    Raises
    ------
    NotEstimable
        If no stratum is in the standard, or each group lacks exposure in one.
    """
    if standard is None:
        weights = dict(zip(found.strata, found.exposure.sum(axis=0), strict=True))
    else:
        weights = standard_of(standard, by, "direct")
    inside, dropped, coverage = _beside(df, found, by, weights)
    shares = np.array(list(weights.values())) / sum(weights.values())
    refused = {
        at: _lacking(by, [stratum for stratum, none in zip(weights, row == 0, strict=True) if none], shares[row == 0])
        for at, row in enumerate(inside.exposure)
        if (row == 0).any()
    }
    kept = _answerable(found.groups, refused)
    events, exposure = inside.events[kept], inside.exposure[kept]
    one_event = shares / exposure  # what one event of the stratum adds to the group's rate
    limits = [
        gamma_limits(counts, weight, level, modified=interval == "tiwari")
        for counts, weight in zip(events, one_event, strict=True)
    ]
    low, high = np.array(limits).T
    table = pd.DataFrame(
        {
            "group": [found.groups[at] for at in kept],
            "events": events.sum(axis=1),
            "exposure": exposure.sum(axis=1),
            "crude_rate": events.sum(axis=1) / exposure.sum(axis=1) * per,
            "rate": (one_event * events).sum(axis=1) * per,
            "low": low * per,
            "high": high * per,
            "coverage": coverage[kept],
        }
    )
    together = float(shares @ (events.sum(axis=0) / exposure.sum(axis=0))) * per
    checks = direct_checks(table, events, one_event, [stratum_words(by, stratum) for stratum in weights])
    return Made(table, _listed(dropped, found.groups, refused), checks, together)


def indirectly(
    df: pd.DataFrame, found: Strata, by: list[str], standard: pd.DataFrame | None, interval: str, *, level: float
) -> Made:
    """Divide each group's events by those expected at a standard's rates.

    Parameters
    ----------
    df : DataFrame
        What was stratified.
    found : Strata
        Its groups and strata.
    by : list of str
        Columns that make the strata.
    standard : DataFrame or None
        Rate per stratum; None for the frame itself.
    interval : {"exact", "midp", "byar"}
        Of a Poisson count.
    level : float
        Coverage.

    Raises
    ------
    NotEstimable
        If no stratum is in the standard, or no event is expected of any group.
    """
    if standard is None:
        rates = dict(zip(found.strata, found.events.sum(axis=0) / found.exposure.sum(axis=0), strict=True))
    else:
        rates = standard_of(standard, by, "indirect")
    inside, dropped, coverage = _beside(df, found, by, rates)
    expected = inside.exposure * np.array(list(rates.values()))
    refused = {
        at: "no exposure in any stratum of the standard" if not inside.exposure[at].any() else "no event was expected"
        for at in np.flatnonzero(expected.sum(axis=1) == 0).tolist()
    }
    kept = _answerable(found.groups, refused)
    observed, expected = inside.events[kept], expected[kept]
    counts, sums = observed.sum(axis=1), expected.sum(axis=1)
    low, high = OF_A_COUNT[interval](counts, level)
    table = pd.DataFrame(
        {
            "group": [found.groups[at] for at in kept],
            "observed": counts,
            "exposure": inside.exposure[kept].sum(axis=1),
            "expected": sums,
            "ratio": counts / sums,
            "low": low / sums,
            "high": high / sums,
            "coverage": coverage[kept],
        }
    )
    checks = indirect_checks(table, observed, expected, approximate=interval == "byar")
    return Made(table, _listed(dropped, found.groups, refused), checks, 1.0)


def _beside(
    df: pd.DataFrame, found: Strata, by: list[str], standard: Iterable[Stratum]
) -> tuple[Strata, pd.DataFrame, np.ndarray]:
    """Return the groups in the standard's strata, the rows dropped, and the share of exposure that found a place."""
    wanted = list(standard)
    known = set(wanted)
    place = {stratum: at for at, stratum in enumerate(found.strata)}
    common = [(to, place[stratum]) for to, stratum in enumerate(wanted) if stratum in place]
    if not common:
        raise NotEstimable(
            f"no stratum of the frame is in the standard (the frame has {stratum_words(by, found.strata[0])}"
            + (f", the standard {stratum_words(by, wanted[0])})" if wanted else ", the standard is empty)"),
            where="standardise(standard=)",
            spoiled="Nothing would be compared.",
            todo="Write the values of the strata alike in both, and of one type.",
        )
    to, at = (list(side) for side in zip(*common, strict=True))
    events, exposure = (np.zeros((len(found.groups), len(wanted))) for _ in range(2))
    events[:, to], exposure[:, to] = found.events[:, at], found.exposure[:, at]
    inside = Strata(found.groups, wanted, events, exposure, found.dropped)
    outside = [stratum for stratum in place if stratum not in known]
    dropped = found.dropped
    if outside:
        dropped = pd.concat([dropped, rows_of_strata(df, by, outside, dropped)], ignore_index=True)
    missed = found.exposure[:, [place[stratum] for stratum in outside]].sum(axis=1)
    return inside, dropped, 1 - missed / found.exposure.sum(axis=1)


def _lacking(by: list[str], strata: list[Stratum], shares: np.ndarray) -> str:
    shown = "; ".join(stratum_words(by, stratum) for stratum in strata[:3]) + ("; ..." if len(strata) > 3 else "")
    return f"no exposure in {shown} ({100 * shares.sum():.3g}% of the standard)"


def _answerable(groups: list[Any], refused: dict[int, str]) -> list[int]:
    kept = [at for at in range(len(groups)) if at not in refused]
    if not kept:
        at, reason = next(iter(refused.items()))
        raise NotEstimable(
            f"no group can be standardised ({groups[at]}: {reason})",
            where="standardise",
            spoiled="A stratum of which a group shows nothing would have to be made up.",
            todo="Join strata, give a standard of strata that the groups have, or use the other method.",
        )
    return kept


def _listed(dropped: pd.DataFrame, groups: list[Any], refused: dict[int, str]) -> pd.DataFrame:
    """Add the groups without an answer to the rows left out."""
    if not refused:
        return dropped
    more = pd.DataFrame(
        {
            "row": pd.Series([groups[at] for at in refused], dtype="object"),
            "reason": pd.Series([f"group {groups[at]}: {reason}" for at, reason in refused.items()], dtype="str"),
        }
    )
    return pd.concat([dropped, more], ignore_index=True)
