"""Models of counts: how the rate of recorded harm differs with conditions, with errors that hold within clusters."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from welfare.stats.count_result import CountModel, model_of
from welfare.stats.estimates import estimate
from welfare.stats.question import as_question


def count_model(
    formula: str,
    df: pd.DataFrame,
    *,
    exposure: str | None = None,
    family: str = "poisson",
    cluster: str | Sequence[str] | None = None,
    random: str | tuple[str, int] | None = None,
    errors: str = "CR1",
    bootstrap: int | str | tuple[str, int] | None = None,
    seed: int = 0,
) -> CountModel:
    """Relate counts to conditions by a model with a log link, fitted by maximum likelihood.

    Parameters
    ----------
    formula : str
        ``"counts ~ condition + C(year)"`` as formulaic reads it; text columns become factors, compared with their first
        level. After a bar, fixed effects: ``"counts ~ condition | facility_id + year"`` gives each facility and each
        year an effect of its own, so that conditions are compared within them; ``one^other`` stands for every
        combination. The outcome is a column of counts, 0 or more.
    df : DataFrame
        One row per observation, e.g. per facility and year.
    exposure : str, optional
        Column of what each count was made over, in any one unit (animals, tasks, hours); its logarithm enters with
        coefficient 1, so ratios are ratios of rates. Rows where it is missing or not above zero are left out. Of shares
        (``family="fractional"``) it is the number of animals that each was made over, and weighs the rows.
    family : {"poisson", "quasipoisson", "negative_binomial", "nb1", "fractional", "conditional_poisson"}
        Poisson, for counts and for non-negative averages; the same with model errors times the dispersion; NB2,
        variance = mean + mean^2 / theta; NB1, variance = mean x (1 + alpha); a logit model of published shares between
        0 and 1, whose ratios are of odds; Poisson given the total of each level of the one effect after the bar.
    cluster : str or sequence of two str, optional
        Column that says which rows belong together (facility, district): errors then allow for any dependence among
        them. Two columns that cross (facility and month): dependence within either.
    random : str or tuple of str and int, optional
        Column of the groups of a normal random intercept, fitted by Laplace's approximation; ``("facility_id", 25)`` by
        25 points of adaptive Gauss-Hermite quadrature. Errors then trust the model.
    errors : {"CR1", "CR0", "CR2", "CR3", "HC0", "HC1", "HC2", "HC3", "model"}
        Robust to dependence within clusters: CR1 is G/(G-1) x (n-1)/(n-k) times the plain sandwich CR0, where fixed
        effects nested in the clusters do not count in k; CR2 (with Satterthwaite's degrees of freedom) and CR3 hold
        better with few clusters. Without `cluster` each row is its own: CR1 is then HC1, and so on. Or "model": trust
        the family's variance (no cluster then).
    bootstrap : int, str, or tuple of str and int, optional
        Draws of the wild score bootstrap over clusters, for intervals and p-values where these are few; or ``"pairs"``,
        or ``("pairs", 999)``, to draw whole clusters.
    seed : int
        Of the bootstrap.

    Returns
    -------
    CountModel
        Intervals are 95%: the normal; with fewer than 40 clusters Student's t with G - 1 degrees of freedom, with CR3
        always, with CR2 Satterthwaite's.

    Raises
    ------
    BadParameter
        If the formula, a column or an option cannot be used, or the formula holds code.
    BadValue
        If a count is negative, a share above 1, or an exposure not a number.
    NoDenominator
        If `exposure` is named and no row has one above zero.
    NotEstimable
        If columns repeat one another (they are named), a factor has one level, nothing was counted,
        there is one cluster, or the fit does not settle.

    Notes
    -----
    Rows that drive an estimate to infinity (a level with no event at all) are left out with reason "separated"; rows
    that are alone in their level of a fixed effect, with reason "singleton". A ratio is an association: what differs
    between rows and is not in the model may be its cause. Cluster-robust errors are too small with few clusters: see
    `check()`. Under the negative binomial a wrong variance also shifts the estimates; Poisson's do not depend on it.
    Fixed effects of the negative binomial and of shares are estimated like any others, which shifts the estimates
    where levels have few rows; Poisson's are free of that.

    References
    ----------
    McCullagh P, Nelder JA. Generalized linear models. Chapman & Hall, 1989. Liang K-Y, Zeger SL.
    Biometrika 1986; 73: 13-22. Correia S, Guimaraes P, Zylkin T. arXiv:1903.01633, 2019. Santos Silva JMC, Tenreyro S.
    Review of Economics and Statistics 2006; 88: 641-658. Allison PD, Waterman RP. Sociological Methodology 2002; 32:
    247-265.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.counts import count_model
    >>> df = pd.DataFrame({"deaths": [2, 4, 8, 9], "birds": [100, 100, 100, 100], "fast": [0, 0, 1, 1]})
    >>> count_model("deaths ~ fast", df, exposure="birds").table["ratio"].round(2).tolist()
    [0.03, 2.83]
    """
    question = as_question(
        formula,
        exposure=exposure,
        family=family,
        cluster=cluster,
        errors=errors,
        random=random,
        bootstrap=bootstrap,
        seed=seed,
    )
    return model_of(question, estimate(question, df), df)
