"""A count model as asked for, and its estimates: design, fit, covariance and the table of ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.design import Design, build_design
from welfare.stats.fitting.glm import Fit, fit_negative_binomial, fit_poisson, robust_covariance

FAMILIES = {"poisson": "Poisson", "negative_binomial": "Negative binomial"}
_ERRORS = ("CR1", "HC1", "model")


@dataclass(frozen=True)
class Question:
    """What is asked of a frame; the fields are the parameters of :func:`welfare.stats.counts.count_model`."""

    formula: str
    exposure: str | None
    family: str
    cluster: str | None
    errors: str


@dataclass(frozen=True)
class Estimates:
    """A model fitted to a frame.

    Attributes
    ----------
    design : Design
        What was fitted to.
    fit : Fit
        The maximum.
    table : DataFrame
        As :class:`welfare.stats.counts.CountModel` has it.
    covariance : array, shape (k, k)
        Of the estimates.
    groups : array of int, shape (n,), or None
        Cluster of each row, numbered from 0.
    clusters : int or None
        How many there are.
    errors : str
        "CR1", "HC1" or "model", as computed.
    degrees : float
        Of Student's t; infinite for the normal.
    whole : bool
        Whether the outcome is whole numbers.
    """

    design: Design
    fit: Fit
    table: pd.DataFrame
    covariance: np.ndarray
    groups: np.ndarray | None
    clusters: int | None
    errors: str
    degrees: float
    whole: bool


def estimate(question: Question, df: pd.DataFrame) -> Estimates:
    """Fit the model a question asks for.

    Parameters
    ----------
    question : Question
        Formula and options.
    df : DataFrame
        One row per observation.

    Returns
    -------
    Estimates

    Raises
    ------
    BadParameter, BadValue, NoDenominator, NotEstimable
        As :func:`welfare.stats.counts.count_model`.
    """
    _check_options(question)
    design = build_design(question.formula, df, exposure=question.exposure, cluster=question.cluster)
    whole = bool((design.counts == np.floor(design.counts)).all())
    if question.family == "negative_binomial" and not whole:
        raise BadParameter(
            "the outcome holds numbers that are not whole",
            where="count_model(family='negative_binomial')",
            spoiled="Theta has a meaning for counts alone.",
            todo="Use counts with an exposure, or family='poisson'.",
        )
    fitter = fit_poisson if question.family == "poisson" else fit_negative_binomial
    fit = fitter(design.counts, design.terms.to_numpy(), design.log_exposure)
    groups = None if design.clusters is None else pd.factorize(design.clusters, sort=True)[0]
    clusters = None if groups is None else int(groups.max()) + 1
    if clusters == 1:
        raise NotEstimable(
            f"all rows that can be used belong to one {question.cluster}",
            where="count_model(cluster=)",
            spoiled="The spread between clusters cannot be seen from one.",
            todo="Cluster by a finer unit, or give no cluster.",
        )
    trusting = question.errors == "model"
    covariance = fit.inverse if trusting else robust_covariance(fit, groups)
    degrees = np.inf if clusters is None else float(clusters - 1)
    return Estimates(
        design=design,
        fit=fit,
        table=_effects(list(design.terms.columns), fit.estimates, covariance, degrees),
        covariance=covariance,
        groups=groups,
        clusters=clusters,
        errors="model" if trusting else ("HC1" if groups is None else "CR1"),
        degrees=degrees,
        whole=whole,
    )


def _check_options(question: Question) -> None:
    if question.family not in FAMILIES:
        raise BadParameter(
            f"no family is called {question.family!r}",
            where="count_model(family=)",
            spoiled="Another model than the one named would be fitted.",
            todo=f"Use one of {', '.join(FAMILIES)}.",
        )
    if question.errors not in _ERRORS:
        raise BadParameter(
            f"no kind of errors is called {question.errors!r}",
            where="count_model(errors=)",
            spoiled="Intervals of another kind would be printed under that name.",
            todo=f"Use one of {', '.join(_ERRORS)}.",
        )
    if question.cluster is not None and question.errors != "CR1":
        raise BadParameter(
            f"errors={question.errors!r} takes rows as independent, and a cluster was named",
            where="count_model(errors=)",
            spoiled="The dependence within clusters would be ignored.",
            todo="Use errors='CR1', or give no cluster.",
        )


def _effects(names: list[Any], estimates: np.ndarray, covariance: np.ndarray, degrees: float) -> pd.DataFrame:
    from scipy.stats import norm, t

    reference = norm() if np.isinf(degrees) else t(degrees)
    variance = np.diag(covariance).copy()
    # A level that is fitted exactly has none, which a processor may round to a hair below zero.
    rounding = 64 * np.finfo(float).eps * np.abs(covariance).max(initial=0)
    variance[(variance < 0) & (variance > -rounding)] = 0.0
    std_error = np.sqrt(variance)
    reach = reference.ppf(0.975) * std_error
    table = pd.DataFrame({"term": [str(name) for name in names], "estimate": estimates, "std_error": std_error})
    table["low"], table["high"] = estimates - reach, estimates + reach
    with np.errstate(divide="ignore", invalid="ignore"):
        table["p_value"] = 2 * reference.sf(np.abs(estimates / std_error))
    # A ratio beyond what a float holds reads as infinite, which its interval then is for any reader.
    with np.errstate(over="ignore"):
        return table.assign(
            ratio=np.exp(table["estimate"]), ratio_low=np.exp(table["low"]), ratio_high=np.exp(table["high"])
        )
