"""Which cluster, or row, a model leans on most, and the records without it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from welfare.stats.design.build import Design
from welfare.stats.glm.columns import Factor, by_level
from welfare.stats.glm.fit import Fit


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
    fit: Fit, design: Design, std_error: np.ndarray, groups: Factor | None, cluster: str | None
) -> Influence:
    """Find the cluster, or the row where rows stand alone, whose absence would move an estimate most.

    Parameters
    ----------
    fit : Fit
        The model.
    design : Design
        What it was fitted to.
    std_error : array, shape (q,)
        Of the estimates, as reported. Those of factors in codes are not looked at.
    groups : Factor or None
        Cluster of each row; None if rows stand alone.
    cluster : str or None
        Column of the clusters.

    Returns
    -------
    Influence
    """
    change = np.abs(changes_without_each(fit, groups))
    error = std_error[: change.shape[1]]
    # An estimate without an error, of a level fitted exactly, moves by none or, if the level goes, without bound.
    unmoved = np.where(np.isinf(change), np.inf, 0.0)
    in_errors = np.where(error > 0, change / np.where(error > 0, error, 1.0), unmoved)
    at, term = (int(place) for place in np.unravel_index(int(np.argmax(in_errors)), in_errors.shape))
    own = np.flatnonzero(groups.codes == at) if groups is not None else np.array([at])
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


def changes_without_each(fit: Fit, groups: Factor | None) -> np.ndarray:
    """Approximate how leaving out each row, or each cluster, would change the estimates of the terms that are numbers.

    Parameters
    ----------
    fit : Fit
        The model.
    groups : Factor or None
        Cluster of each row; None to leave out rows.

    Returns
    -------
    array, shape (G or n, k)
        One Newton step from the full estimates, fixed effects and factors in codes held where they are; infinite where
        the rest cannot carry the model.

    References
    ----------
    Pregibon D. Logistic regression diagnostics. Annals of Statistics 1981; 9: 705-724.
    """
    design = fit.design
    many = design.shape[1]
    inverse = fit.inverse[:many, :many]
    if groups is None:
        leverage = fit.weights * np.sum((design @ inverse) * design, axis=1)
        alone = leverage > 1 - 1e-8
        moves = -((design * fit.slopes[:, None]) @ inverse) / np.where(alone, 1.0, 1 - leverage)[:, None]
        moves[alone] = np.inf
        return np.asarray(moves)
    sums = np.column_stack([by_level(groups, column * fit.slopes) for column in design.T])
    own = np.empty((groups.levels, many, many))
    for one in range(many):
        for other in range(one + 1):
            both = by_level(groups, design[:, one] * design[:, other] * fit.weights)
            own[:, one, other] = own[:, other, one] = both
    total = np.linalg.inv(inverse)
    scale = np.sqrt(np.diag(total))
    rest = (total - own) / np.outer(scale, scale)
    sizes = np.linalg.eigvalsh(rest)
    lost = sizes[:, 0] < 1e-10 * sizes[:, -1]
    rest[lost] = np.eye(many)
    moves = -np.linalg.solve(rest, (sums / scale)[:, :, None])[:, :, 0] / scale
    moves[lost] = np.inf
    return np.asarray(moves)
