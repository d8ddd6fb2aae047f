"""What could be wrong with a fitted count model, each finding with what to do about it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from welfare.stats.design.build import Design
from welfare.stats.glm.columns import Factor
from welfare.stats.glm.fit import Fit
from welfare.stats.influence import Influence

FINE, DOUBT = "in order", "look closer"


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

    Returns
    -------
    DataFrame
        Columns check, at, value, verdict ("in order" or "look closer"), advice.
    """
    found = [_overdispersion(fit, robust)]
    terms, columns = [str(name) for name in design.terms], design.terms.to_numpy()
    if groups:
        fewest = min(groups, key=lambda factor: factor.levels)
        found.append(_few_clusters(fewest.levels))
        found.append(_clusters_behind_terms(columns, terms, fewest.codes))
    found.append(_influence(most, terms))
    found.append(_sparse_levels(columns, design.counts, terms))
    return pd.DataFrame(found, columns=list(Check._fields))


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


def _few_clusters(many: int) -> Check:
    if many >= 40:
        return Check("clusters", "", many, FINE, "Enough clusters for cluster-robust errors.")
    return Check(
        "clusters",
        "",
        many,
        DOUBT,
        f"Cluster-robust errors lean on the number of clusters, and {many} is few: intervals are likely too narrow, "
        "despite Student's t. Cluster on a finer unit if rows within it are independent, or read the intervals as "
        "least widths.",
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
