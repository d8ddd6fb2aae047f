"""What could be wrong with a fitted count model, each finding with what to do about it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from welfare.stats.design.build import Design
from welfare.stats.doubt.sandwich import MANY_CLUSTERS
from welfare.stats.glm.columns import Factor
from welfare.stats.glm.distributions import Fractional
from welfare.stats.glm.fit import Fit
from welfare.stats.influence import Influence
from welfare.stats.misfit import expected_zeros, score_test

FINE, DOUBT = "in order", "look closer"
_FEW_VALUES, _UNLIKELY = 5, 0.01


class Check(NamedTuple):
    """One row of the diagnostics."""

    check: str
    at: str
    value: float
    verdict: str
    advice: str


def diagnose(
    fit: Fit,
    design: Design,
    groups: tuple[Factor, ...],
    most: Influence,
    *,
    robust: bool,
    corrected: bool = False,
) -> pd.DataFrame:
    """Run every check that applies to a fitted model.

    Parameters
    ----------
    fit : Fit
        The model.
    design : Design
        What it was fitted to.
    groups : tuple of Factor
        Cluster of each row, by way of clustering.
    most : Influence
        The cluster or row that would move the estimates most.
    robust : bool
        Whether the reported errors allow for more variance than the model's.
    corrected : bool
        Whether they are made for few clusters.

    Returns
    -------
    DataFrame
        Columns check, at, value, verdict ("in order" or "look closer"), advice.
    """
    found = [_overdispersion(fit, robust)]
    terms, columns = [str(name) for name in design.terms], design.terms.to_numpy()
    if groups:
        fewest = min(groups, key=lambda factor: factor.levels)
        found.append(_few_clusters(fewest.levels, corrected))
        found.append(_clusters_behind_terms(columns, terms, fewest.codes))
    found.append(_influence(most, terms))
    found.append(_sparse_levels(columns, design.counts, terms))
    found += [check for check in (_zeros(fit, design), _exposure(fit, design, groups)) if check is not None]
    return pd.DataFrame(found, columns=list(Check._fields))


def bends(fit: Fit, design: Design, groups: tuple[Factor, ...]) -> pd.DataFrame:
    """Test each term that is a number whether its square would be felt: whether it is a straight line on the log scale.

    Parameters
    ----------
    fit, design, groups
        As :func:`diagnose`.

    Returns
    -------
    DataFrame
        As :func:`diagnose`; one row, for the term with the smallest p-value, which is multiplied by their number.
    """
    columns = design.terms
    numbers = [name for name in columns if columns[name].nunique() > _FEW_VALUES]
    fewest = min(groups, key=lambda factor: factor.levels, default=None)
    found = {}
    for name in numbers:
        value = columns[name].to_numpy()
        found[str(name)] = score_test(fit, (value - value.mean()) ** 2, fewest).p_value
    found = {name: p for name, p in found.items() if not np.isnan(p)}
    if not found:
        check = Check("non-linearity", "", np.nan, FINE, "No term is a number of many values.")
        return pd.DataFrame([check], columns=list(Check._fields))
    term, least = min(found.items(), key=lambda pair: pair[1])
    p_value = min(1.0, least * len(found))
    if p_value < _UNLIKELY:
        advice = (
            f"The rate does not move with {term} in a straight line on the log scale (score test of its square, times "
            f"{len(found)} terms: p = {p_value:.2g}). Draw it: wf.curve(condition={term!r}), or use bs({term}, df=4)."
        )
        check = Check("non-linearity", term, p_value, DOUBT, advice)
    else:
        check = Check("non-linearity", term, p_value, FINE, "No term that is a number asks for a bend.")
    return pd.DataFrame([check], columns=list(Check._fields))


def _zeros(fit: Fit, design: Design) -> Check | None:
    expected = expected_zeros(fit)
    if expected is None or (design.counts != np.floor(design.counts)).any():
        return None
    seen, (zeros, spread) = int((design.counts == 0).sum()), expected
    many = seen > zeros + 3 * max(spread, 1.0)
    if not many:
        return Check("zeros", "", float(seen), FINE, f"{seen:,} rows count nothing; the model expects {zeros:,.0f}.")
    return Check(
        "zeros",
        "",
        float(seen),
        DOUBT,
        f"{seen:,} rows count nothing, where the model expects {zeros:,.0f}. Either counts vary more than it allows "
        "(compare family='negative_binomial'), or some rows could count nothing, or did not look: find out which, "
        "since a plant where nobody looked is not one without harm.",
    )


def _exposure(fit: Fit, design: Design, groups: tuple[Factor, ...]) -> Check | None:
    if design.exposure is None or isinstance(fit.family, Fractional) or np.ptp(design.exposure) == 0:
        return None
    fewest = min(groups, key=lambda factor: factor.levels, default=None)
    found = score_test(fit, design.log_exposure, fewest)
    if np.isnan(found.p_value):
        return None
    power = 1 + found.estimate
    if found.p_value >= _UNLIKELY:
        return Check("exposure", "", power, FINE, "Counts grow about in proportion to the exposure.")
    return Check(
        "exposure",
        "",
        power,
        DOUBT,
        f"Counts do not grow in proportion to the exposure, but roughly as its power of {power:.2f} "
        f"(one step from 1, which goes too far; p = "
        f"{found.p_value:.2g}): a rate per unit of it then differs with size alone. Compare rows of like exposure, add "
        "its logarithm as a term, and ask what the exposure counts.",
    )


def _overdispersion(fit: Fit, robust: bool) -> Check:
    value = fit.pearson / (fit.columns.rows - fit.parameters)
    if value <= 1.5:
        advice = "The counts vary about as much as the model allows."
    elif robust:
        advice = (
            f"The counts vary {value:.1f} times as much as the model allows. The errors reported take their size from "
            "the data and allow for that; family='negative_binomial' would weigh the rows differently: compare it."
        )
    else:
        advice = (
            f"The counts vary {value:.1f} times as much as the model allows, so intervals are about "
            f"{np.sqrt(value):.1f} times too narrow. Use errors='CR1', or family='negative_binomial'."
        )
    return Check("overdispersion", "", value, DOUBT if value > 1.5 and not robust else FINE, advice)


def _few_clusters(many: int, corrected: bool) -> Check:
    if many >= MANY_CLUSTERS:
        return Check("clusters", "", many, FINE, "Enough clusters for cluster-robust errors.")
    if corrected:
        return Check("clusters", "", many, FINE, f"{many} clusters are few; the errors reported are made for that.")
    return Check(
        "clusters",
        "",
        many,
        DOUBT,
        f"Cluster-robust errors lean on the number of clusters, and {many} is few: intervals are likely too narrow, "
        "despite Student's t. Use errors='CR2' or bootstrap=999, or read the intervals as least widths.",
    )


def _two_valued(design: np.ndarray) -> np.ndarray:
    """Return which columns take two values only, 0 and another."""
    low, high = design.min(axis=0), design.max(axis=0)
    two = ((design == low) | (design == high)).all(axis=0) & (low < high)
    return np.asarray(two & ((low == 0) | (high == 0)))


def _clusters_behind_terms(design: np.ndarray, terms: list[str], groups: np.ndarray) -> Check:
    name = "clusters behind a level"
    behind = {
        terms[at]: min(len(np.unique(groups[design[:, at] != 0])), len(np.unique(groups[design[:, at] == 0])))
        for at in np.flatnonzero(_two_valued(design))
    }
    if not behind:
        return Check(name, "", np.nan, FINE, "No term compares groups of rows.")
    term, fewest = min(behind.items(), key=lambda pair: pair[1])
    if fewest >= 5:
        return Check(name, term, fewest, FINE, f"Each comparison has at least {fewest} clusters on either side.")
    return Check(
        name,
        term,
        fewest,
        DOUBT,
        f"{term} has only {fewest} cluster{'s' * (fewest != 1)} on one side of its comparison; its standard error can "
        "be far too small. Do not rest a finding on it.",
    )


def _influence(most: Influence, terms: list[str]) -> Check:
    value, term = most.in_errors, terms[most.term]
    if not np.isfinite(value):
        advice = f"{term} cannot be estimated without {most.name}: it rests on that {most.kind} alone."
    else:
        advice = (
            f"Leaving out {most.name} would move {term} by about {value:.2g} standard errors (one step towards the "
            "new fit)."
        )
    if most.doubtful:
        advice += (
            " Fit again without it and report both (without_most_influential()); look at its records. The largest of "
            f"many {most.kind}s is often large by chance."
        )
    return Check("influence", most.label, value, DOUBT if most.doubtful else FINE, advice)


def _sparse_levels(design: np.ndarray, counts: np.ndarray, terms: list[str]) -> Check:
    events = {
        terms[at]: min(counts[design[:, at] != 0].sum(), counts[design[:, at] == 0].sum())
        for at in np.flatnonzero(_two_valued(design))
    }
    if not events:
        return Check("sparse levels", "", np.nan, FINE, "No term compares groups of rows.")
    term, fewest = min(events.items(), key=lambda pair: pair[1])
    if fewest >= 5:
        return Check(
            "sparse levels", term, fewest, FINE, f"Each comparison has at least {fewest:g} events on either side."
        )
    return Check(
        "sparse levels",
        term,
        fewest,
        DOUBT,
        f"{term} has only {fewest:g} events on one side of its comparison; its interval is rough. Join it with a "
        "neighbouring level, or give the exact interval of wf.rate beside it.",
    )
