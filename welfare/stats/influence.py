"""Which cluster, or row, a model leans on most, and the records without it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from welfare.stats.design import Design
from welfare.stats.fitting.glm import Fit, grouped_sums


class Influence(NamedTuple):
    """The cluster or row that would move the estimates most, were it left out.

    Attributes
    ----------
    kind : str
        "cluster" or "row".
    label, name : str
        Its label in the input; the label after the name of its column, or after "row".
    used : int
        Rows the model uses of it.
    within : array of bool, one per row of `Design.source`
        Its rows, those the model did not use among them.
    rows : Index
        Their labels in the input.
    term : int
        Column of the estimate it would move most.
    in_errors : float
        By how many standard errors, about; infinite if the rest cannot carry the estimate.
    """

    kind: str
    label: str
    name: str
    used: int
    within: np.ndarray
    rows: pd.Index
    term: int
    in_errors: float

    @property
    def doubtful(self) -> bool:
        """Whether it would move an estimate by more than its standard error."""
        return self.in_errors > 1

    def in_words(self) -> str:
        """Return its name, and of a cluster how many rows the model uses of it."""
        size = f" ({self.used:,} row{'s' * (self.used != 1)})" if self.kind == "cluster" else ""
        return f"{self.name}{size}"


def most_influential(
    fit: Fit, design: Design, std_error: np.ndarray, groups: np.ndarray | None, cluster: str | None
) -> Influence:
    """Find the cluster, or the row where rows stand alone, whose absence would move an estimate most.

    Parameters
    ----------
    fit : Fit
        The model.
    design : Design
        What it was fitted to.
    std_error : array, shape (k,)
        Of the estimates, as reported.
    groups : array of int, shape (n,), or None
        Cluster of each row, numbered from 0; None if rows stand alone.
    cluster : str or None
        Column of the clusters.

    Returns
    -------
    Influence
    """
    change = np.abs(changes_without_each(fit, groups))
    # An estimate without an error, of a level fitted exactly, moves by none or, if the level goes, without bound.
    unmoved = np.where(np.isinf(change), np.inf, 0.0)
    in_errors = np.where(std_error > 0, change / np.where(std_error > 0, std_error, 1.0), unmoved)
    at, term = (int(place) for place in np.unravel_index(int(np.argmax(in_errors)), in_errors.shape))
    own = np.flatnonzero(groups == at) if groups is not None else np.array([at])
    place = design.places[own[0]]
    if cluster is None:
        label, name = str(design.source.index[place]), "row"
        within = np.arange(len(design.source)) == place
    else:
        label, name = str(design.source[cluster].iloc[place]), cluster
        # Numbered rather than compared: labels may be of types that == does not take row by row.
        codes = pd.factorize(design.source[cluster])[0]
        within = codes == codes[place]
    return Influence(
        kind="row" if cluster is None else "cluster",
        label=label,
        name=f"{name} {label}",
        used=len(own),
        within=within,
        rows=design.source.index[within],
        term=term,
        in_errors=float(in_errors[at, term]),
    )


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
