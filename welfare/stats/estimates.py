"""A count model as asked for, and its estimates: design, fit, covariance and the table of ratios."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.design.build import Design, build_design
from welfare.stats.doubt.bootstrap import pairs, wild
from welfare.stats.doubt.sandwich import Covariance, by_cluster, by_model, by_row, by_two_clusters
from welfare.stats.glm.columns import Columns, Factor
from welfare.stats.glm.distributions import Family, Fractional, NegativeBinomial2, Poisson
from welfare.stats.glm.fit import Fit
from welfare.stats.glm.likelihoods import fit_fractional, fit_negative_binomial, fit_poisson
from welfare.stats.glm.maximum import Maximum
from welfare.stats.glm.solving import Solution
from welfare.stats.question import FAMILIES, Question

if TYPE_CHECKING:
    from welfare.stats.mixed.model import MixedFit


@dataclass(frozen=True)
class Estimates:
    """A model fitted to a frame.

    Attributes
    ----------
    design : Design
        What was fitted to.
    fit : Fit
        The maximum; with a random intercept, conditional on each group's most likely one.
    table : DataFrame
        As :class:`welfare.stats.count_result.CountModel` has it.
    covariance : Covariance
        Of the estimates.
    groups : tuple of Factor
        Cluster of each row, one per way of clustering.
    whole : bool
        Whether the outcome is whole numbers.
    loglik : float
        Log likelihood, constants included; conditional or marginal as the model is.
    intercept : MixedFit or None
        The random intercept.
    """

    design: Design
    fit: Fit
    table: pd.DataFrame
    covariance: Covariance
    groups: tuple[Factor, ...]
    whole: bool
    loglik: float
    intercept: MixedFit | None = None

    @property
    def clusters(self) -> int | None:
        """How many clusters there are, the fewest of the ways of clustering; None if rows stand alone."""
        return min((groups.levels for groups in self.groups), default=None)

    @property
    def dispersion(self) -> float:
        """Pearson's chi-squared over the rows that the model leaves free."""
        return self.fit.pearson / (len(self.design.counts) - self.fit.parameters)


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
    design = build_design(
        question.formula,
        df,
        exposure=question.exposure,
        clusters=question.cluster,
        also=question.also if question.random is None else (*question.also, question.random),
        upper=1.0 if question.family == "fractional" else None,
    )
    whole = bool((design.counts == np.floor(design.counts)).all())
    if question.family in ("negative_binomial", "nb1", "conditional_poisson") and not whole:
        raise BadParameter(
            "the outcome holds numbers that are not whole",
            where=f"count_model(family={question.family!r})",
            spoiled=f"{FAMILIES[question.family]} has a meaning for counts alone.",
            todo="Use counts with an exposure, or family='poisson'.",
        )
    if question.random is not None:
        return _with_intercept(question, design, whole)
    fit = _fitted(question.family, design)
    groups = tuple(_grouped(labels) for labels in design.clusters)
    for name, group in zip(question.cluster, groups, strict=True):
        if group.levels == 1:
            raise NotEstimable(
                f"all rows that can be used belong to one {name}",
                where="count_model(cluster=)",
                spoiled="The spread between clusters cannot be seen from one.",
                todo="Cluster by a finer unit, or give no cluster.",
            )
    covariance = _covariance(question, fit, groups)
    table = effects_table(design.names, fit.estimates, covariance.matrix, covariance.degrees)
    if question.bootstrap is not None:
        covariance, table = _bootstrapped(question, fit, groups[0], covariance, table)
    loglik = fit.loglik - (_totals_loglik(design) if question.family == "conditional_poisson" else 0.0)
    return Estimates(design, fit, table, covariance, groups, whole, loglik)


def _fitted(family: str, design: Design) -> Fit:
    if family == "fractional":
        return fit_fractional(design.counts, design.columns, _trials(design), design.kept)
    if family in ("poisson", "quasipoisson", "conditional_poisson"):
        return fit_poisson(design.counts, design.columns, design.log_exposure, design.kept)
    variance = "nb1" if family == "nb1" else "nb2"
    return fit_negative_binomial(design.counts, design.columns, design.log_exposure, design.kept, variance=variance)


def _trials(design: Design) -> np.ndarray:
    return np.ones(len(design.counts)) if design.exposure is None else design.exposure


def _totals_loglik(design: Design) -> float:
    """Return what the totals of the levels contribute, each a Poisson count that is fitted exactly."""
    from scipy.special import gammaln, xlogy

    totals = np.bincount(design.effects[0].codes, design.counts)
    return float(np.sum(xlogy(totals, totals) - totals - gammaln(totals + 1)))


def _grouped(labels: pd.Series) -> Factor:
    codes, levels = pd.factorize(labels, sort=True)
    return Factor(codes.astype(np.int64), len(levels))


def _covariance(question: Question, fit: Fit, groups: tuple[Factor, ...]) -> Covariance:
    if question.errors == "model":
        quasi = question.family in ("quasipoisson", "fractional")
        free = fit.columns.rows - fit.parameters
        return by_model(fit, dispersion=fit.pearson / free if quasi else 1.0)
    if not groups:
        return by_row(fit, question.errors.replace("CR", "HC"))
    if len(groups) == 1:
        return by_cluster(fit, groups[0], question.errors, question.cluster[0])
    one, other = question.cluster
    return by_two_clusters(fit, groups[0], groups[1], question.errors, (one, other))


def _bootstrapped(
    question: Question, fit: Fit, groups: Factor, covariance: Covariance, table: pd.DataFrame
) -> tuple[Covariance, pd.DataFrame]:
    """Put the bootstrap's intervals and p-values into the table; its standard errors stay those of the sandwich."""
    kind, draws = question.bootstrap or ("wild", 0)
    if kind == "wild":
        plain = np.sqrt(np.diag(by_cluster(fit, groups, "CR0", "").matrix))
        found = wild(fit, groups, plain, draws, question.seed)
    else:
        found = pairs(fit, groups, draws, question.seed)
    table = table.assign(low=found.low, high=found.high, p_value=found.p_value)
    with np.errstate(over="ignore"):
        table = table.assign(ratio_low=np.exp(found.low), ratio_high=np.exp(found.high))
    return replace(covariance, words=f"{covariance.words} {found.words}"), table


def _with_intercept(question: Question, design: Design, whole: bool) -> Estimates:
    """Fit a random intercept; what is diagnosed afterwards is the model with each group's intercept held."""
    from welfare.stats.mixed.model import fit_random_intercept  # compiled: numba takes half a second to import

    labels = design.source[question.random].iloc[design.places]
    codes, levels = pd.factorize(labels, sort=True)
    family, counts, trials = "poisson", design.counts, None
    if question.family == "negative_binomial":
        family = "nb2"
    if question.family == "fractional":
        trials = _trials(design)
        family, counts = "binomial", np.round(design.counts * trials)
        if np.abs(counts - design.counts * trials).max() > 1e-6 * max(1.0, trials.max()):
            raise BadParameter(
                "the shares times what they were made over are not whole numbers",
                where="count_model(random=)",
                spoiled="A binomial model counts whole animals.",
                todo="Name the column of animals looked at: exposure=.",
            )
    offset = np.zeros(len(counts)) if trials is not None else design.log_exposure
    terms = design.terms.to_numpy()
    if design.columns.shown:
        raise NotEstimable(
            "a factor has too many levels to stand beside a random intercept",
            where=question.formula,
            spoiled="The computation would not end.",
            todo="Make it the random intercept, or join levels.",
        )
    found = fit_random_intercept(
        counts, terms, offset, codes.astype(np.int64), family=family, trials=trials, nodes=question.nodes
    )
    shape: Family = Poisson()
    if found.theta is not None:
        shape = NegativeBinomial2(found.theta)
    if trials is not None:
        shape = Fractional(trials)
    held = offset + found.modes[codes]
    maximum = Maximum(Solution(found.estimates, np.zeros(0)), terms @ found.estimates + held, found.loglik)
    columns = Columns(terms)
    fit = Fit(columns, np.ones(columns.width, dtype=bool), shape, design.counts, held, maximum)
    points = "Laplace's approximation" if found.nodes == 1 else f"{found.nodes} points of adaptive quadrature"
    words = (
        f"Random intercept of {question.random}, {len(levels):,} groups, standard deviation {found.sd:.4g} on the log "
        f"scale ({points}). Errors are from the observed information of all parameters together; intervals use the "
        "normal, and trust the model."
    )
    covariance = Covariance(found.covariance, np.full(len(found.estimates), np.inf), "model", words)
    table = effects_table(design.names, found.estimates, found.covariance, covariance.degrees)
    return Estimates(design, fit, table, covariance, (), whole, found.loglik, found)


def effects_table(names: list[str], estimates: np.ndarray, covariance: np.ndarray, degrees: np.ndarray) -> pd.DataFrame:
    """Return the table of effects.

    Parameters
    ----------
    names : list of q str
    estimates : array, shape (q,)
        Logarithms of ratios.
    covariance : array, shape (q, q)
    degrees : array, shape (q,)
        Of Student's t; infinite for the normal.

    Returns
    -------
    DataFrame
        Columns term, estimate, std_error, low, high, p_value, ratio, ratio_low, ratio_high; intervals of 95%.
    """
    from scipy.special import ndtr, ndtri, stdtr, stdtrit

    variance = np.diag(covariance).copy()
    # A level that is fitted exactly has none, which a processor may round to a hair below zero.
    rounding = 64 * np.finfo(float).eps * np.abs(covariance).max(initial=0)
    variance[(variance < 0) & (variance > -rounding)] = 0.0
    std_error = np.sqrt(variance)
    normal = np.isinf(degrees)
    student = np.where(normal, 1.0, degrees)
    reach = np.where(normal, ndtri(0.975), stdtrit(student, 0.975)) * std_error
    table = pd.DataFrame({"term": names, "estimate": estimates, "std_error": std_error})
    table["low"], table["high"] = estimates - reach, estimates + reach
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = -np.abs(estimates / std_error)
        table["p_value"] = 2 * np.where(normal, ndtr(beyond), stdtr(student, beyond))
    # A ratio beyond what a float holds reads as infinite, which its interval then is for any reader.
    with np.errstate(over="ignore"):
        return table.assign(
            ratio=np.exp(table["estimate"]), ratio_low=np.exp(table["low"]), ratio_high=np.exp(table["high"])
        )
