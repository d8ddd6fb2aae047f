"""The doubly robust comparison of changes: right if either the model of who adopts or that of the change is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.adoption.arrays import Array

_NEARLY_SURE = 1 - 1e-6
_STEPS, _SETTLED = 60, 1e-11


@dataclass(frozen=True)
class Compared:
    """A difference in changes, and what each unit adds to it (the squares' sum is its variance)."""

    estimate: float
    influence: Array


def doubly_robust(change: Array, treated: Array, covariates: Array) -> Compared:
    """Compare the mean change of treated units with what their covariates predict from the others.

    Parameters
    ----------
    change : array of float, shape (n,)
        From the earlier to the later period.
    treated : array of bool, shape (n,)
    covariates : array of float, shape (n, k)
        Without the constant.

    Returns
    -------
    Compared
        Missing where covariates repeat one another, or tell for certain who is treated: then nobody is like them.

    References
    ----------
    Sant'Anna PHC, Zhao J. Journal of Econometrics 2020; 219: 101-122: the estimator with a logit model of adoption by
    maximum likelihood and a linear model of the change among the others.
    """
    n = len(change)
    design = np.column_stack([np.ones(n), covariates])
    adopts, stays = treated.astype(float), 1.0 - treated
    found = _odds_of_adoption(design, adopts)
    plain = (design * stays[:, None]).T @ design / n
    if found is None or np.linalg.matrix_rank(plain) < design.shape[1]:
        return Compared(np.nan, np.full(n, np.nan))
    chance, information = found
    inverse = np.linalg.inv(plain)
    slopes = inverse @ ((design * stays[:, None]).T @ change) / n
    left = change - design @ slopes

    weight = chance / (1 - chance) * stays  # the others, weighed so that they resemble the treated
    of_treated = float(adopts @ left / adopts.sum())
    of_others = float(weight @ left / weight.sum())

    # What estimating each of the two models adds to the error.
    by_slopes = (stays * left)[:, None] * design @ inverse
    by_chance = (adopts - chance)[:, None] * design @ np.linalg.inv(information / n)
    first = adopts * (left - of_treated) - by_slopes @ (adopts @ design / n)
    second = (
        weight * (left - of_others)
        + by_chance @ ((weight * (left - of_others)) @ design / n)
        - by_slopes @ (weight @ design / n)
    )
    influence = first / adopts.sum() - second / weight.sum()
    return Compared(of_treated - of_others, influence)


def _odds_of_adoption(design: Array, adopts: Array) -> tuple[Array, Array] | None:
    """Fit a logit model by Newton's steps; return chances and information, None where there is no maximum."""
    slopes = np.zeros(design.shape[1])
    slopes[0] = np.log(adopts.mean() / (1 - adopts.mean()))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ slopes, -700, 700)))
        information = (design * (chance * (1 - chance))[:, None]).T @ design
        try:
            step = np.linalg.solve(information, design.T @ (adopts - chance))
        except np.linalg.LinAlgError:
            return None
        if np.abs(step).max() > 50:
            return None
        slopes = slopes + step
        if np.abs(step).max() < _SETTLED * (1 + np.abs(slopes).max()):
            chance = 1 / (1 + np.exp(-np.clip(design @ slopes, -700, 700)))
            information = (design * (chance * (1 - chance))[:, None]).T @ design
            return np.minimum(chance, _NEARLY_SURE), information
    return None
