"""What a static two-way estimate is an average of: its comparisons, and the weights it gives to each effect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.naive.two_way import TwoWay

Array = np.ndarray

NEVER, LATER, ALREADY = "never treated", "later treated", "already treated"
_HAIR = 1e-12  # a weight of this share or less is rounding


def no_comparisons(adoption: Adoption) -> str | None:
    """Say why a static estimate has no decomposition into comparisons of two groups; None if it has one.

    Parameters
    ----------
    adoption : Adoption
        Units and periods.
    """
    if adoption.covariates.shape[1]:
        return "the estimate is adjusted for covariates"
    if adoption.exposure is not None:
        return "the model is of ratios (Poisson with an exposure)"
    if len(adoption.outcome) != adoption.units * len(adoption.periods):
        return "not every unit has every period"
    return None


def decompose(adoption: Adoption) -> pd.DataFrame:
    """Split the static estimate into comparisons of two groups over two spans of time.

    Parameters
    ----------
    adoption : Adoption
        Balanced, without covariates and without an exposure.

    Returns
    -------
    DataFrame
        One row per comparison: treated_cohort, control_cohort (labels of the first treated period; missing for units
        never treated), control ("never treated", "later treated", "already treated"), weight, estimate. Weights are
        above 0 and sum to 1; weights times estimates sum to the static estimate.

    Raises
    ------
    NotEstimable
        If the decomposition does not exist for the panel; :func:`cell_weights` then does.

    Notes
    -----
    A comparison with units treated already takes the change of their effect over time for part of the trend: where
    effects grow it counts against the later cohort. Such comparisons are why the static estimate can have the wrong
    sign.

    References
    ----------
    Goodman-Bacon A. Difference-in-differences with variation in treatment timing. Journal of Econometrics 2021; 225:
    254-277.
    """
    reason = no_comparisons(adoption)
    if reason is not None:
        raise NotEstimable(
            f"the static estimate has no decomposition into comparisons of two groups: {reason}",
            where="decompose",
            spoiled="Weights made for balanced panels would not add up to the estimate.",
            todo="Read the weights of each cohort and period instead: cell_weights.",
        )
    cohorts, sizes = np.unique(adoption.cohort, return_counts=True)
    means = _means(adoption, cohorts)
    shares = sizes / adoption.units
    rows = []
    for at, cohort in enumerate(cohorts):
        if cohort == adoption.never:
            continue
        for other, control in enumerate(cohorts):
            if control != cohort:
                size, estimate = _comparison(means[at], means[other], cohort, control, shares[at], shares[other])
                rows.append((cohort, control, size, estimate))
    if not rows:
        raise NotEstimable(
            "all units are treated from the same period on",
            where="decompose",
            spoiled="There is nothing to compare them with.",
            todo="Bring units that are treated at another time, or never.",
        )
    frame = pd.DataFrame(rows, columns=["treated", "against", "weight", "estimate"])
    frame["weight"] /= frame["weight"].sum()
    kind = np.select(
        [frame["against"] == adoption.never, frame["against"] > frame["treated"]], [NEVER, LATER], default=ALREADY
    )
    return pd.DataFrame(
        {
            "treated_cohort": _labels(adoption, frame["treated"].to_numpy()),
            "control_cohort": _labels(adoption, frame["against"].to_numpy()),
            "control": pd.Series(kind, dtype="str"),
            "weight": frame["weight"],
            "estimate": frame["estimate"],
        }
    )


def forbidden_share(comparisons: pd.DataFrame) -> float:
    """Return the share of weight that comparisons with units treated already carry, from 0 to 1.

    Parameters
    ----------
    comparisons : DataFrame
        Of :func:`decompose`.
    """
    return float(comparisons.loc[comparisons["control"] == ALREADY, "weight"].sum())


def _means(adoption: Adoption, cohorts: Array) -> Array:
    """Return the mean outcome by cohort and period, shape (cohorts, T)."""
    at = np.searchsorted(cohorts, adoption.cohort)[adoption.unit]
    many, cells = len(adoption.periods), at * len(adoption.periods) + adoption.period
    size = len(cohorts) * many
    sums, rows = np.bincount(cells, adoption.outcome, size), np.bincount(cells, minlength=size)
    return np.asarray((sums / rows).reshape(len(cohorts), many))


def _comparison(
    treated: Array, control: Array, cohort: int, against: int, share: float, other: float
) -> tuple[float, float]:
    """Return the weight, not yet summing to 1, and the difference in differences of one cohort and one control.

    Within the span in which the control does not change, the cohort is untreated and then treated. The weight is the
    variance of treatment in that span and pair, times the square of their share of all rows.
    """
    many = len(treated)
    start, end = (0, against) if against > cohort else (against, many)
    before, after = cohort - start, end - cohort
    gap = (treated - control)[start:end]
    estimate = float(gap[before:].mean() - gap[:before].mean())
    # Shares of units times shares of periods: n_k n_l / (n_k + n_l)^2 x before x after / span^2 x (pair x span)^2.
    return share * other * before * after / many**2, estimate


def _labels(adoption: Adoption, cohorts: Array) -> pd.Series:
    names = [adoption.labels[cohort] if cohort < adoption.never else None for cohort in cohorts]
    return pd.Series(names, dtype="object")


def cell_weights(adoption: Adoption, estimate: TwoWay) -> pd.DataFrame:
    """Return the weight that a static estimate gives to the effect in each cohort and period.

    Parameters
    ----------
    adoption : Adoption
        Any panel: balanced or not, with covariates, with an exposure.
    estimate : TwoWay
        Fitted to it.

    Returns
    -------
    DataFrame
        One row per treated cohort and period: cohort, period (labels), horizon (steps since the first treated period),
        weight, share (of treated rows, the weight that a plain average would give), rows. Weights sum to 1; they are
        below 0 where an effect counts against itself. Under parallel trends the expected value of a static difference
        is the sum of weights times effects; of a static ratio so are the logarithms, to first order.

    References
    ----------
    de Chaisemartin C, D'Haultfoeuille X. Two-way fixed effects estimators with heterogeneous treatment effects.
    American Economic Review 2020; 110: 2964-2996.
    """
    inside = np.flatnonzero(adoption.treated & estimate.used)
    many = len(adoption.periods)
    code = adoption.cohort[adoption.unit[inside]] * many + adoption.period[inside]
    rows, left = np.bincount(code, minlength=many**2), np.bincount(code, estimate.left[inside], many**2)
    cells = np.flatnonzero(rows)
    cohort, period = np.divmod(cells, many)
    return pd.DataFrame(
        {
            "cohort": adoption.labels.take(cohort),
            "period": adoption.labels.take(period),
            "horizon": adoption.periods[period] - adoption.periods[cohort],
            "weight": left[cells] / left.sum(),
            "share": rows[cells] / rows.sum(),
            "rows": rows[cells],
        }
    )


def negative_weights(cells: pd.DataFrame) -> tuple[int, float]:
    """Return how many effects have a weight below 0, and the sum of those weights.

    Parameters
    ----------
    cells : DataFrame
        Of :func:`cell_weights`.
    """
    below = cells.loc[cells["weight"] < -_HAIR, "weight"]
    return len(below), float(below.sum())


def least_spread(cells: pd.DataFrame, estimate: float) -> float:
    """Return how far effects must differ for the plain average over treated rows to be nothing, as a deviation.

    Parameters
    ----------
    cells : DataFrame
        Of :func:`cell_weights`.
    estimate : float
        The static estimate.

    Returns
    -------
    float
        The smallest standard deviation of effects over treated rows at which their average could be 0 although the
        static estimate is what it is: small beside the estimate means that it says little. Infinite where weights are
        as a plain average has them.

    References
    ----------
    de Chaisemartin C, D'Haultfoeuille X. American Economic Review 2020; 110: 2964-2996, corollary 1.
    """
    share, ratio = cells["share"].to_numpy(), cells["weight"].to_numpy() / cells["share"].to_numpy()
    spread = float(np.sqrt(share @ (ratio - 1) ** 2))
    return abs(estimate) / spread if spread > _HAIR else float("inf")
