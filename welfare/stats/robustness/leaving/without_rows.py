"""A linear regression without each group of rows, exactly and without fitting it anew."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from welfare.stats.robustness.effect import Effect


class Left(NamedTuple):
    """A finding without one level of a column.

    Attributes
    ----------
    left_out : object
        The level.
    term : str
        Of the finding.
    estimate, std_error, low, high : float
        Without it; missing where it could not be fitted, or was not fitted anew.
    exact : bool
        Whether fitted anew, or by an exact formula; else one Newton step from the whole.
    reason : str
        Why there is no estimate.
    """

    left_out: Hashable
    term: str
    estimate: float = np.nan
    std_error: float = np.nan
    low: float = np.nan
    high: float = np.nan
    exact: bool = True
    reason: str = ""


def linear_without_each(fit: Any, codes: np.ndarray, levels: pd.Index, effects: Sequence[Effect]) -> list[Left]:
    """Return the estimates of a linear fit without each level.

    Parameters
    ----------
    fit : linear result of statsmodels
        Of n rows and k terms.
    codes : array of int, shape (n,)
        Level of each row; -1 for none.
    levels : Index
    effects : sequence of Effect

    Returns
    -------
    list of Left
        Errors and intervals are the classical ones; missing where those of the fit are of another kind.

    Notes
    -----
    With e the residuals of a level's rows and H their block of the hat matrix, its absence moves the estimates by
    -(X'X)^-1 X_g' (I - H)^+ e, and takes e' (I - H)^+ e from the sum of squares. Directions in which I - H vanishes are
    terms that the level alone carries; what rests on them cannot be estimated without it. H is B B' with B = X_g L and
    L L' = (X'X)^-1: the singular values s of B give (I - H)^+ in no more than k directions, however many the rows.

    References
    ----------
    Cook RD, Weisberg S. Residuals and influence in regression. Chapman & Hall, 1982, section 3.6.
    """
    from scipy.special import stdtrit

    terms, residuals = np.asarray(fit.model.wexog), np.asarray(fit.model.wendog - fit.model.wexog @ fit.params)
    inverse, rank = np.asarray(fit.normalized_cov_params), len(residuals) - fit.df_resid
    root = _root(inverse)
    places = [list(fit.model.exog_names).index(effect.term) for effect in effects]
    classical = getattr(fit, "cov_type", "nonrobust") == "nonrobust"
    found: list[Left] = []
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(levels) + 1))
    for at, level in enumerate(levels):
        own = order[ends[at] : ends[at + 1]]
        left = residuals[own]
        sides, values, directions = np.linalg.svd(terms[own] @ root, full_matrices=False)
        remains = 1 - values**2
        free = remains > 1e-9
        explained = sides[:, free].T @ left
        degrees = len(residuals) - len(own) - (rank - int((~free).sum()))
        for place, effect in zip(places, effects, strict=True):
            pull = values * (directions @ root[place])
            if np.abs(pull[~free]).max(initial=0) > 1e-7 * np.sqrt(inverse[place, place]) or degrees < 1:
                found.append(Left(level, effect.term, reason=f"{effect.term} cannot be estimated without it"))
                continue
            value = effect.estimate - float(pull[free] / remains[free] @ explained)
            error = reach = np.nan
            if classical:
                # Across the directions of B, I - H is the identity: there the level leaves with its own squares.
                beyond = float(left @ left) - float(np.sum((sides.T @ left) ** 2))
                squares = fit.ssr - beyond - float(np.sum(explained**2 / remains[free]))
                variance = inverse[place, place] + float(np.sum(pull[free] ** 2 / remains[free]))
                error = float(np.sqrt(max(squares, 0.0) / degrees * variance))
                reach = float(stdtrit(degrees, 0.975)) * error
            found.append(Left(level, effect.term, value, error, value - reach, value + reach))
    return found


def _root(inverse: np.ndarray) -> np.ndarray:
    """Return L with L L' = inverse, a column for each direction that is estimated."""
    # Terms of unlike units differ by many powers of ten: their own errors are the unit here.
    unit = np.sqrt(np.diag(inverse))
    unit = np.where(unit > 0, unit, 1.0)
    values, vectors = np.linalg.eigh(inverse / np.outer(unit, unit))
    held = values > 1e-13 * values[-1]
    return np.asarray(unit[:, None] * vectors[:, held] * np.sqrt(values[held]))


__all__ = ["Left", "linear_without_each"]
