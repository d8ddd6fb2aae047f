"""A count model as asked for, and its estimates: design, fit, covariance and the table of ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.design.build import Design, build_design
from welfare.stats.doubt.sandwich import KINDS, Covariance, by_cluster, by_model, by_row, by_two_clusters
from welfare.stats.glm.columns import Factor
from welfare.stats.glm.fit import Fit
from welfare.stats.glm.likelihoods import fit_fractional, fit_negative_binomial, fit_poisson

FAMILIES = {
    "poisson": "Poisson",
    "quasipoisson": "Quasi-Poisson",
    "negative_binomial": "Negative binomial",
    "nb1": "Negative binomial (NB1)",
    "fractional": "Fractional logit",
}
_SAME = {"nb2": "negative_binomial", "quasi_poisson": "quasipoisson"}


@dataclass(frozen=True)
class Question:
    """What is asked of a frame; the fields are the parameters of :func:`welfare.stats.counts.count_model`."""

    formula: str
    exposure: str | None
    family: str
    cluster: tuple[str, ...]
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
    covariance : Covariance
        Of the estimates.
    groups : tuple of Factor
        Cluster of each row, one per way of clustering.
    whole : bool
        Whether the outcome is whole numbers.
    """

    design: Design
    fit: Fit
    table: pd.DataFrame
    covariance: Covariance
    groups: tuple[Factor, ...]
    whole: bool

    @property
    def clusters(self) -> int | None:
        """How many clusters there are, the fewest of the ways of clustering; None if rows stand alone."""
        return min((groups.levels for groups in self.groups), default=None)

    @property
    def dispersion(self) -> float:
        """Pearson's chi-squared over the rows that the model leaves free."""
        return self.fit.pearson / (len(self.design.counts) - self.fit.parameters)


def as_question(formula: str, exposure: str | None, family: str, cluster: object, errors: str) -> Question:
    """Bring the options of a count model to one form, and refuse those that do not go together.

    Parameters
    ----------
    formula, exposure, family, errors
        As :func:`welfare.stats.counts.count_model`.
    cluster : str, sequence of one or two str, or None

    Raises
    ------
    BadParameter
        If an option is none of those known, or two contradict each other.
    """
    family = _SAME.get(family, family)
    if family not in FAMILIES:
        raise BadParameter(
            f"no family is called {family!r}",
            where="count_model(family=)",
            spoiled="Another model than the one named would be fitted.",
            todo=f"Use one of {', '.join(FAMILIES)}.",
        )
    if errors not in KINDS:
        raise BadParameter(
            f"no kind of errors is called {errors!r}",
            where="count_model(errors=)",
            spoiled="Intervals of another kind would be printed under that name.",
            todo=f"Use one of {', '.join(KINDS)}.",
        )
    named = () if cluster is None else (cluster,) if isinstance(cluster, str) else tuple(cluster)  # type: ignore[arg-type]
    if len(named) > 2 or len(set(named)) < len(named):
        raise BadParameter(
            f"clusters of {len(named)} kinds were named",
            where="count_model(cluster=)",
            spoiled="Errors would be of another kind than meant.",
            todo="Name one column, or two that differ.",
        )
    if named and not errors.startswith("CR"):
        raise BadParameter(
            f"errors={errors!r} takes rows as independent, and a cluster was named",
            where="count_model(errors=)",
            spoiled="The dependence within clusters would be ignored.",
            todo="Use errors='CR1', or give no cluster.",
        )
    if len(named) == 2 and errors not in ("CR0", "CR1"):
        raise BadParameter(
            f"errors={errors!r} is not known for clusters of two kinds",
            where="count_model(errors=)",
            spoiled="A correction for one kind would be printed for both.",
            todo="Use errors='CR1', or cluster by the one of fewer clusters.",
        )
    return Question(formula, exposure, family, named, errors)


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
        upper=1.0 if question.family == "fractional" else None,
    )
    whole = bool((design.counts == np.floor(design.counts)).all())
    if question.family in ("negative_binomial", "nb1") and not whole:
        raise BadParameter(
            "the outcome holds numbers that are not whole",
            where=f"count_model(family={question.family!r})",
            spoiled="A negative binomial has a meaning for counts alone.",
            todo="Use counts with an exposure, or family='poisson'.",
        )
    fit = fit_family(question.family, design)
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
    return Estimates(
        design=design,
        fit=fit,
        table=effects_table(design.names, fit.estimates, covariance.matrix, covariance.degrees),
        covariance=covariance,
        groups=groups,
        whole=whole,
    )


def fit_family(family: str, design: Design) -> Fit:
    """Fit one of `FAMILIES` to a design.

    Parameters
    ----------
    family : str
    design : Design
    """
    if family == "fractional":
        trials = np.ones(len(design.counts)) if design.exposure is None else design.exposure
        return fit_fractional(design.counts, design.columns, trials, design.kept)
    if family in ("poisson", "quasipoisson"):
        return fit_poisson(design.counts, design.columns, design.log_exposure, design.kept)
    variance = "nb1" if family == "nb1" else "nb2"
    return fit_negative_binomial(design.counts, design.columns, design.log_exposure, design.kept, variance=variance)


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
