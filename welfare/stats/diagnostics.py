"""What could be wrong with a fitted count model, each finding with what to do about it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from welfare.stats.fitting import Fit, grouped_sums

FINE, DOUBT = "in order", "look closer"


class Check(NamedTuple):
    """One row of the diagnostics."""

    check: str
    value: float
    verdict: str
    advice: str


def diagnose(
    fit: Fit,
    counts: np.ndarray,
    terms: list[str],
    rows: pd.Index,
    std_error: np.ndarray,
    groups: np.ndarray | None,
    group_labels: pd.Index | None,
    *,
    robust: bool,
) -> pd.DataFrame:
    """Run every check that applies to a fitted model.

    Parameters
    ----------
    fit : Fit
        The model.
    counts : array, shape (n,)
        Outcome.
    terms : list of k str
        Names of the estimates.
    rows : Index of n labels
        Rows used.
    std_error : array, shape (k,)
        Of the estimates, as reported.
    groups : array of int, shape (n,), or None
        Cluster of each row, numbered from 0.
    group_labels : Index of G labels, or None
        Names of the clusters.
    robust : bool
        Whether the reported errors allow for more variance than the model's.

    Returns
    -------
    DataFrame
        Columns check, value, verdict ("in order" or "look closer"), advice.
    """
    found = [_overdispersion(fit, robust)]
    if groups is not None and group_labels is not None:
        found.append(_few_clusters(len(group_labels)))
        found.append(_clusters_behind_terms(fit.design, terms, groups))
    found.append(_influence(fit, terms, std_error, rows, groups, group_labels))
    found.append(_sparse_levels(fit.design, counts, terms))
    return pd.DataFrame(found, columns=list(Check._fields))


def _overdispersion(fit: Fit, robust: bool) -> Check:
    n, k = fit.design.shape
    value = fit.pearson / (n - k)
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
    return Check("overdispersion", value, DOUBT if value > 1.5 and not robust else FINE, advice)


def _few_clusters(many: int) -> Check:
    if many >= 40:
        return Check("clusters", many, FINE, "Enough clusters for cluster-robust errors.")
    return Check(
        "clusters",
        many,
        DOUBT,
        f"Cluster-robust errors lean on the number of clusters, and {many} is few: intervals are likely too narrow, "
        "despite Student's t. Cluster on a finer unit if rows within it are independent, or read the intervals as "
        "least widths.",
    )


def _two_valued(design: np.ndarray) -> np.ndarray:
    """Return which columns take two values only, 0 and another."""
    return np.array([len(np.unique(column)) == 2 and bool((column == 0).any()) for column in design.T], dtype=bool)


def _clusters_behind_terms(design: np.ndarray, terms: list[str], groups: np.ndarray) -> Check:
    name = "clusters behind a level"
    behind = {
        terms[at]: min(len(np.unique(groups[design[:, at] != 0])), len(np.unique(groups[design[:, at] == 0])))
        for at in np.flatnonzero(_two_valued(design))
    }
    if not behind:
        return Check(name, np.nan, FINE, "No term compares groups of rows.")
    term, fewest = min(behind.items(), key=lambda pair: pair[1])
    if fewest >= 5:
        return Check(name, fewest, FINE, f"Each comparison has at least {fewest} clusters on either side.")
    return Check(
        name,
        fewest,
        DOUBT,
        f"{term} has only {fewest} cluster{'s' * (fewest != 1)} on one side of its comparison; its standard error can "
        "be far too small. Do not rest a finding on it.",
    )


def _influence(
    fit: Fit,
    terms: list[str],
    std_error: np.ndarray,
    rows: pd.Index,
    groups: np.ndarray | None,
    group_labels: pd.Index | None,
) -> Check:
    moves = changes_without_each(fit, groups)
    in_errors = np.abs(moves) / np.where(std_error > 0, std_error, np.inf)
    at, term = np.unravel_index(int(np.argmax(in_errors)), in_errors.shape)
    value = float(in_errors[at, term])
    what = "row" if groups is None else "cluster"
    which: Any = (rows if group_labels is None else group_labels)[int(at)]
    if not np.isfinite(value):
        advice = f"{terms[term]} cannot be estimated without {what} {which!r}: it rests on that {what} alone."
    else:
        advice = (
            f"Leaving out {what} {which!r} would move {terms[term]} by about {value:.2g} standard errors (one step "
            "towards the new fit)."
        )
    if value > 1:
        advice += (
            f" Fit again without it and report both; look at its records. The largest of many {what}s is often large "
        )
        advice += "by chance."
    return Check("influence", value, DOUBT if value > 1 else FINE, advice)


def changes_without_each(fit: Fit, groups: np.ndarray | None) -> np.ndarray:
    """Approximate how leaving out each row, or each cluster, would change the estimates.

    Parameters
    ----------
    fit : Fit
        The model.
    groups : array of int, shape (n,), or None
        Cluster of each row; None to leave out rows.

    Returns
    -------
    array, shape (G or n, k)
        One Newton step from the full estimates; infinite where the rest cannot carry the model.

    References
    ----------
    Pregibon D. Logistic regression diagnostics. Annals of Statistics 1981; 9: 705-724.
    """
    if groups is None:
        leverage = fit.weights * np.sum((fit.design @ fit.inverse) * fit.design, axis=1)
        alone = leverage > 1 - 1e-8
        moves = -(fit.scores @ fit.inverse) / np.where(alone, 1.0, 1 - leverage)[:, None]
        moves[alone] = np.inf
        return np.asarray(moves)
    total = np.linalg.inv(fit.inverse)
    sums = grouped_sums(fit.scores, groups)
    order = np.argsort(groups, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(groups))[:-1])
    out = np.empty_like(sums)
    for at, part in enumerate(parts):
        own = fit.design[part].T @ (fit.design[part] * fit.weights[part, None])
        rest = total - own
        scale = np.sqrt(np.diag(total))
        if np.linalg.cond(rest / np.outer(scale, scale)) > 1e10:
            out[at] = np.inf
        else:
            out[at] = -np.linalg.solve(rest, sums[at])
    return out


def _sparse_levels(design: np.ndarray, counts: np.ndarray, terms: list[str]) -> Check:
    events = {
        terms[at]: min(counts[design[:, at] != 0].sum(), counts[design[:, at] == 0].sum())
        for at in np.flatnonzero(_two_valued(design))
    }
    if not events:
        return Check("sparse levels", np.nan, FINE, "No term compares groups of rows.")
    term, fewest = min(events.items(), key=lambda pair: pair[1])
    if fewest >= 5:
        return Check("sparse levels", fewest, FINE, f"Each comparison has at least {fewest:g} events on either side.")
    return Check(
        "sparse levels",
        fewest,
        DOUBT,
        f"{term} has only {fewest:g} events on one side of its comparison; its interval is rough. Join it with a "
        "neighbouring level, or give the exact interval of wf.rate beside it.",
    )
