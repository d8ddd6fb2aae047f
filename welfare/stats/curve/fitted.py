"""A curve fitted: its coefficients in the condition's own basis, their covariance, and the model that holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from welfare.stats.curve.asked import Asked
from welfare.stats.design.build import Design
from welfare.stats.estimates import Estimates, estimate
from welfare.stats.glm.distributions import NegativeBinomial2
from welfare.stats.splines.crossbasis import Association, reduce_overall
from welfare.stats.splines.penalised import PenalisedFit, fit_penalised
from welfare.stats.splines.robust import robust_covariance


@dataclass(frozen=True)
class Fitted:
    """Coefficients of a curve, v of them, and where they come from.

    Attributes
    ----------
    coefficients : array, shape (v,)
        In the condition's own basis; with lags, those of the sum over all lags.
    covariance : array, shape (v, v)
    degrees : float
        Of Student's t; infinite for the normal.
    found : Estimates
        The count model that the curve is part of; of a penalised curve, the same model with a straight line.
    penalised : PenalisedFit or None
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    degrees: float
    found: Estimates
    penalised: PenalisedFit | None

    @property
    def design(self) -> Design:
        """Rows and columns of the model."""
        return self.found.design


def fit_curve(asked: Asked) -> Fitted:
    """Fit the count model that holds the curve.

    Parameters
    ----------
    asked : Asked

    Raises
    ------
    BadParameter, BadValue, NoDenominator, NotEstimable
        As :func:`welfare.stats.counts.count_model`.
    """
    found = estimate(asked.question, asked.frame)
    if asked.kind == "penalised":
        return _penalised(asked, found)
    at = [found.design.names.index(name) for name in asked.names]
    coefficients, covariance = found.fit.estimates[at], found.covariance.matrix[np.ix_(at, at)]
    degrees = float(found.covariance.degrees[at].min())
    if asked.lags:
        summing = np.kron(np.eye(len(at) // asked.lag_basis.shape[1]), asked.lag_basis.sum(axis=0)[None, :])
        coefficients, covariance = summing @ coefficients, summing @ covariance @ summing.T
    return Fitted(coefficients, covariance, degrees, found, None)


def over_lags(asked: Asked, fitted: Fitted, at: np.ndarray, reference: float) -> Association:
    """Return the association at values of the condition, lag by lag.

    Parameters
    ----------
    asked : Asked
        With lags.
    fitted : Fitted
    at : array, shape (g,)
    reference : float
    """
    places = [fitted.design.names.index(name) for name in asked.names]
    matrix = fitted.found.covariance.matrix[np.ix_(places, places)]
    return reduce_overall(fitted.found.fit.estimates[places], matrix, asked.basis, asked.lag_basis, at, reference)


def _penalised(asked: Asked, found: Estimates) -> Fitted:
    """Fit the same rows and terms with a penalised curve in the place of the straight line."""
    design = found.design
    values = design.source[asked.condition].to_numpy(dtype=float)[design.places]
    theta = found.fit.family.theta if isinstance(found.fit.family, NegativeBinomial2) else None
    family = {"quasipoisson": "quasi_poisson"}.get(asked.question.family, asked.question.family)
    fixed, groups = _beside(asked, design)
    fit = fit_penalised(
        design.counts,
        fixed,
        asked.basis(values),
        asked.smooth.penalty if asked.smooth is not None else np.zeros((0, 0)),
        design.log_exposure,
        family=family,
        theta=theta,
        groups=groups,
    )
    many = fixed.shape[1]
    # As of any count model: the spread of rows, or of clusters, not the family's; and the doubt that smoothing adds.
    clusters = min(found.groups, key=lambda factor: factor.levels).codes if found.groups else None
    covariance = robust_covariance(fit, np.hstack([fixed, asked.basis(values)]), clusters, groups=groups)
    degrees = float(found.covariance.degrees.min())
    return Fitted(fit.coefficients[many:], covariance[many:, many:], degrees, found, fit)


def _beside(asked: Asked, design: Design) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the columns beside the curve, and the fixed effect that is absorbed; further ones become columns."""
    parts = [design.terms.drop(columns=asked.condition).to_numpy()]
    largest = max(design.effects, key=lambda effect: len(effect.levels), default=None)
    for effect in design.effects:
        if effect is not largest:
            parts.append((effect.codes[:, None] == np.arange(1, len(effect.levels))).astype(float))
    return np.hstack(parts), None if largest is None else largest.codes


def with_columns(asked: Asked, frame: pd.DataFrame, names: list[str]) -> Asked:
    """Return what was asked with other columns in the curve's place.

    Parameters
    ----------
    asked : Asked
    frame : DataFrame
        Holding them.
    names : list of str
    """
    outcome, right = asked.question.formula.split("~", 1)
    terms, bar, effects = right.partition("|")
    own = [asked.condition] if asked.kind == "penalised" else asked.names
    others = [term.strip() for term in terms.split(" + ") if term.strip() not in own]
    formula = f"{outcome}~ {' + '.join([*names, *others])}" + (f" |{effects}" if bar else "")
    question = replace(asked.question, formula=formula)
    return replace(asked, question=question, frame=frame, names=names, kind="linear", lags=0)
