"""Models of counts: how the rate of recorded harm differs with conditions, with errors that hold within clusters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.schema.results import Result, count_reasons
from welfare.stats.design import Design, build_design
from welfare.stats.diagnostics import DOUBT, diagnose
from welfare.stats.fitting import Fit, fit_negative_binomial, fit_poisson, robust_covariance

_FAMILIES = {"poisson": "Poisson", "negative_binomial": "Negative binomial"}
_ERRORS = ("CR1", "HC1", "model")
_IN_TEXT = 5


@dataclass(frozen=True, repr=False, kw_only=True)
class CountModel(Result):
    """A fitted model of counts; see :func:`count_model`.

    Attributes
    ----------
    table : DataFrame
        One row per estimate: term, estimate (logarithm of the ratio), std_error, low, high, p_value,
        ratio, ratio_low, ratio_high. The intercept's ratio is the expected count per unit of exposure
        where every other term is zero.
    loglik : float
        Log likelihood.
    dispersion : float
        Pearson's chi-squared over n - k; above 1, the counts vary more than the model allows.
    n : int
        Rows used.
    clusters : int or None
        Clusters among them; None if rows were taken one by one.
    covariance : DataFrame, k by k
        Of the estimates, of the kind `errors` names.
    fitted : Series
        Expected count of each row used, under its label in the input.
    family, errors : str
        As fitted: errors is "CR1", "HC1" or "model".
    theta : float or None
        Negative binomial: variance = mean + mean^2 / theta.
    degrees : float
        Degrees of freedom of Student's t in intervals and p-values; infinite for the normal.
    """

    loglik: float
    dispersion: float
    n: int
    clusters: int | None
    covariance: pd.DataFrame
    fitted: pd.Series
    family: str
    errors: str
    theta: float | None
    degrees: float
    _checks: pd.DataFrame = field(repr=False)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead: overdispersion, few clusters, influence, sparse levels.

        Returns
        -------
        DataFrame
            One row per check; columns check, value, verdict ("in order" or "look closer"), advice.
            A check that asks for a closer look is not a refutation: some do so by chance.
        """
        return self._checks.copy()

    def plot(self, ax: Any = None) -> Any:
        """Draw the ratios with their intervals, the intercept left out.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.estimates import forest

        return forest(self.table[self.table["term"] != "Intercept"], ax=ax)


def count_model(
    formula: str,
    df: pd.DataFrame,
    *,
    exposure: str | None = None,
    family: str = "poisson",
    cluster: str | None = None,
    errors: str = "CR1",
) -> CountModel:
    """Relate counts to conditions by a model with a log link, fitted by maximum likelihood.

    Parameters
    ----------
    formula : str
        ``"counts ~ condition + C(year)"`` as formulaic reads it; text columns become factors, compared
        with their first level. The outcome is a column of counts, 0 or more.
    df : DataFrame
        One row per observation, e.g. per facility and year.
    exposure : str, optional
        Column of what each count was made over, in any one unit (animals, tasks, hours); its logarithm
        enters with coefficient 1, so ratios are ratios of rates. Rows where it is missing or not above
        zero are left out.
    family : {"poisson", "negative_binomial"}
        Poisson; or NB2, variance = mean + mean^2 / theta, theta estimated.
    cluster : str, optional
        Column that says which rows belong together (facility, district): errors then allow for any
        dependence among them.
    errors : {"CR1", "HC1", "model"}
        Errors robust to dependence within clusters, G/(G-1) x (n-1)/(n-k) times the plain sandwich;
        without `cluster` each row is its own, and CR1 is HC1, n/(n-k) times. Or "model": trust the
        family's variance (no cluster then); inverse expected information.

    Returns
    -------
    CountModel
        Intervals are 95%: Student's t with G - 1 degrees of freedom where errors are clustered, else
        the normal.

    Raises
    ------
    BadParameter
        If the formula, a column or an option cannot be used; fixed effects after ``|`` are not built.
    BadValue
        If a count is negative, or an exposure is not a number.
    NoDenominator
        If `exposure` is named and no row has one above zero.
    NotEstimable
        If columns repeat one another (they are named), a factor has one level, nothing was counted,
        there is one cluster, or the fit does not settle.

    Notes
    -----
    Rows that drive an estimate to infinity (a level with no event at all) are left out with reason
    "separated". A ratio is an association: what differs between rows and is not in the model may be
    its cause. Cluster-robust errors are too small with few clusters: see `check()`. Under the negative
    binomial a wrong variance also shifts the estimates; Poisson's do not depend on it.

    References
    ----------
    McCullagh P, Nelder JA. Generalized linear models. Chapman & Hall, 1989. Liang K-Y, Zeger SL.
    Biometrika 1986; 73: 13-22. Correia S, Guimaraes P, Zylkin T. arXiv:1903.01633, 2019.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.counts import count_model
    >>> df = pd.DataFrame({"deaths": [2, 4, 8, 9], "birds": [100, 100, 100, 100], "fast": [0, 0, 1, 1]})
    >>> count_model("deaths ~ fast", df, exposure="birds").table["ratio"].round(2).tolist()
    [0.03, 2.83]
    """
    _check_options(family, cluster, errors)
    design = build_design(formula, df, exposure=exposure, cluster=cluster)
    whole = bool((design.counts == np.floor(design.counts)).all())
    if family == "negative_binomial" and not whole:
        raise BadParameter(
            "the outcome holds numbers that are not whole",
            where="count_model(family='negative_binomial')",
            spoiled="Theta has a meaning for counts alone.",
            todo="Use counts with an exposure, or family='poisson'.",
        )
    fitter = fit_poisson if family == "poisson" else fit_negative_binomial
    fit = fitter(design.counts, design.terms.to_numpy(), design.log_exposure)
    groups, labels = _groups(design)
    clusters = None if labels is None else len(labels)
    if clusters == 1:
        raise NotEstimable(
            f"all rows that can be used belong to one {cluster}",
            where="count_model(cluster=)",
            spoiled="The spread between clusters cannot be seen from one.",
            todo="Cluster by a finer unit, or give no cluster.",
        )
    covariance = fit.inverse if errors == "model" else robust_covariance(fit, groups)
    degrees = np.inf if clusters is None else clusters - 1
    kind = errors if errors == "model" else ("HC1" if groups is None else "CR1")
    names = list(design.terms.columns)
    table = _effects(names, fit.estimates, covariance, degrees)
    std_error = table["std_error"].to_numpy()
    checks = diagnose(
        fit, design.counts, list(table["term"]), design.terms.index, std_error, groups, labels, robust=kind != "model"
    )
    notes = (*design.notes, *_notes(kind, clusters, cluster, fit, whole))
    return CountModel(
        table=table,
        text=_text(formula, table, design, exposure, family, cluster, clusters, checks),
        dropped=design.dropped,
        notes=notes,
        loglik=fit.loglik,
        dispersion=fit.pearson / (len(design.counts) - len(names)),
        n=len(design.counts),
        clusters=clusters,
        covariance=pd.DataFrame(covariance, index=names, columns=names),
        fitted=pd.Series(fit.expected, index=design.terms.index, name="expected_count"),
        family=family,
        errors=kind,
        theta=fit.theta,
        degrees=float(degrees),
        _checks=checks,
    )


def _check_options(family: str, cluster: str | None, errors: str) -> None:
    if family not in _FAMILIES:
        raise BadParameter(
            f"no family is called {family!r}",
            where="count_model(family=)",
            spoiled="Another model than the one named would be fitted.",
            todo=f"Use one of {', '.join(_FAMILIES)}.",
        )
    if errors not in _ERRORS:
        raise BadParameter(
            f"no kind of errors is called {errors!r}",
            where="count_model(errors=)",
            spoiled="Intervals of another kind would be printed under that name.",
            todo=f"Use one of {', '.join(_ERRORS)}.",
        )
    if cluster is not None and errors != "CR1":
        raise BadParameter(
            f"errors={errors!r} takes rows as independent, and a cluster was named",
            where="count_model(errors=)",
            spoiled="The dependence within clusters would be ignored.",
            todo="Use errors='CR1', or give no cluster.",
        )


def _groups(design: Design) -> tuple[np.ndarray | None, pd.Index | None]:
    if design.clusters is None:
        return None, None
    codes, labels = pd.factorize(design.clusters, sort=True)
    return codes, pd.Index(labels)


def _effects(names: list[Any], estimates: np.ndarray, covariance: np.ndarray, degrees: float) -> pd.DataFrame:
    from scipy.stats import norm, t

    reference = norm() if np.isinf(degrees) else t(degrees)
    std_error = np.sqrt(np.diag(covariance))
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


def _notes(kind: str, clusters: int | None, cluster: str | None, fit: Fit, whole: bool) -> list[str]:
    spread = {
        "CR1": f"Errors are clustered by {cluster} (CR1), {clusters} clusters; intervals use Student's t with "
        f"{(clusters or 0) - 1} degrees of freedom.",
        "HC1": "Errors take their size from the data, each row standing alone (HC1); intervals use the normal.",
        "model": "Errors trust the model's own variance (expected information); intervals use the normal.",
    }
    notes = [spread[kind]]
    if clusters is not None and clusters < 40:
        notes.append(f"{clusters} clusters are few for such errors: the intervals are likely too narrow.")
    if fit.theta is not None:
        notes.append(f"Negative binomial (NB2), theta {fit.theta:.4g}, estimated; variance = mean + mean^2 / theta.")
    if not whole:
        notes.append(
            "The outcome is not whole numbers: estimates hold as quasi-likelihood; the log likelihood does not."
        )
    return notes


def _text(
    formula: str,
    table: pd.DataFrame,
    design: Design,
    exposure: str | None,
    family: str,
    cluster: str | None,
    clusters: int | None,
    checks: pd.DataFrame,
) -> str:
    outcome = formula.split("~")[0].strip()
    per = f" per unit of {exposure}" if exposure else ""
    grouping = f" in {clusters:,} clusters ({cluster})" if clusters else ""
    left_out = "" if design.dropped.empty else f" Left out: {count_reasons(design.dropped)}."
    doubts = ", ".join(checks.loc[checks["verdict"] == DOUBT, "check"])
    caution = f" Checks that ask for a closer look: {doubts}." if doubts else ""
    return (
        f"{_FAMILIES[family]} model of {outcome}{per}: {len(design.counts):,} rows{grouping}, "
        f"{design.counts.sum():,.0f} events.{left_out} {_findings(table, design)}{caution} These are associations in "
        "what was recorded: whatever else differs between the rows and is not in the model may explain them, and "
        "events that nobody recorded are not seen."
    )


def _findings(table: pd.DataFrame, design: Design) -> str:
    compared = table[table["term"] != "Intercept"]
    if compared.empty:
        return "The model holds no condition, only the overall level."
    clear = compared[(compared["ratio_low"] > 1) | (compared["ratio_high"] < 1)]
    sentences = [
        f"{_in_words(term, design)}: {ratio:.3g} times the rate ({low:.3g} to {high:.3g})"
        for term, ratio, low, high in clear[["term", "ratio", "ratio_low", "ratio_high"]].head(_IN_TEXT).to_numpy()
    ]
    more = len(clear) - len(sentences)
    rest = len(compared) - len(clear)
    said = f"With the other terms held fixed, and 95% intervals: {'; '.join(sentences)}." if sentences else ""
    said += f" The table holds {more} more whose interval excludes 1." if more > 0 else ""
    said += f" For {rest} of {len(compared)} ratios the interval includes 1: no difference was shown." if rest else ""
    return said.strip()


def _in_words(term: str, design: Design) -> str:
    for factor, levels in design.levels.items():
        if term.startswith(f"{factor}[T.") and term.endswith("]") and ":" not in term:
            name = re.sub(r"^C\((\w+).*\)$", r"\1", factor)
            return f"{name} {term[len(factor) + 3 : -1]} against {levels[0]}"
    return f"each further unit of {term}"
