"""What could mislead in an interrupted series, each finding with what to do about it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.stats.diagnostics import DOUBT, FINE, Check
from welfare.stats.series.asking import Answer, Model
from welfare.stats.series.autocorrelation import autocorrelations, ljung_box
from welfare.stats.series.fitting import doubt, fit_series
from welfare.stats.series.rows import Series
from welfare.stats.series.terms import columns_of

Array = np.ndarray

_FEW, _UNLIKELY, _SPREAD = 8, 0.05, 1.5


def checks(series: Series, model: Model, found: Answer, placebos: pd.DataFrame) -> pd.DataFrame:
    """Run every check that applies to a series.

    Parameters
    ----------
    series : Series
    model : Model
    found : Answer
    placebos : DataFrame
        Of :func:`welfare.stats.series.asking.placebo_dates`.

    Returns
    -------
    DataFrame
        Columns check, at, value, verdict ("in order" or "look closer"), advice.
    """
    rows = [
        *_alike(series, model, found),
        _few("periods before", series.before),
        _few("periods after", series.after),
        _overdispersion(model, found),
        _straight(series, model),
        _seasons(series, model),
        _gaps(series),
        _placebo(placebos),
    ]
    return pd.DataFrame([row for row in rows if row is not None], columns=list(Check._fields))


def residuals_by_period(series: Series, found: Answer) -> tuple[Array, Array]:
    """Return Pearson's residual of each period that has a row, units added up, and its place.

    Parameters
    ----------
    series : Series
    found : Answer
    """
    places, at = np.unique(series.place, return_inverse=True)
    left = np.bincount(at, series.outcome - found.found.expected)
    return left / np.sqrt(np.bincount(at, found.found.variance)), places


def _alike(series: Series, model: Model, found: Answer) -> list[Check]:
    left, places = residuals_by_period(series, found)
    season = model.shape.season
    lags = max(1, min(int(2 * season) if season else 10, len(left) // 5))
    _, p_value = ljung_box(left, places, lags)
    first = float(autocorrelations(left, places, 1)[0])
    allowed = found.certainty.lags
    remedy = (
        "Errors that trust the model are then too small: use errors='newey_west'."
        if allowed is None
        else f"Errors allow for it over {allowed} periods; compare a larger lags=, or terms that explain it "
        "(season=12 for months)."
    )
    near, bound = abs(first), 2 / np.sqrt(len(left))
    return [
        Check(
            "autocorrelation",
            f"lags 1 to {lags}",
            p_value,
            DOUBT if p_value < _UNLIKELY else FINE,
            f"What the model leaves is alike from period to period (Ljung-Box, p = {p_value:.2g}). {remedy}"
            if p_value < _UNLIKELY
            else f"What the model leaves shows no likeness over {lags} periods (Ljung-Box, p = {p_value:.2g}).",
        ),
        Check(
            "autocorrelation of neighbours",
            "lag 1",
            first,
            DOUBT if near > bound else FINE,
            f"Neighbouring periods correlate by {first:.2g}, beyond the {bound:.2g} of chance. {remedy}"
            if near > bound
            else f"Neighbouring periods correlate by {first:.2g}, which chance can give.",
        ),
    ]


def _few(side: str, count: int) -> Check:
    if count >= _FEW:
        return Check(side, "", float(count), FINE, f"{count} {side} the change.")
    return Check(
        side,
        "",
        float(count),
        DOUBT,
        f"Only {count} {side} the change: a trend is hardly seen from fewer than {_FEW}, and errors are too small.",
    )


def _overdispersion(model: Model, found: Answer) -> Check | None:
    if model.family == "gaussian":
        return None
    spread = found.found.dispersion
    trusted = model.family in ("poisson", "negative_binomial") and not model.robust
    if not trusted or spread <= _SPREAD:
        return Check(
            "overdispersion",
            "",
            spread,
            FINE,
            f"Counts vary {spread:.3g} times as much as the family says"
            + (", and errors allow for it." if spread > _SPREAD else "."),
        )
    return Check(
        "overdispersion",
        "",
        spread,
        DOUBT,
        f"Counts vary {spread:.3g} times as much as the family says, and errors do not allow for it: use "
        "family='quasipoisson' or errors='newey_west'.",
    )


def _straight(series: Series, model: Model) -> Check | None:
    """Ask whether the trend before the change bends: it is what is carried on."""
    from scipy.special import stdtr

    early = series.place < series.change
    if not model.shape.trend:
        return None
    names, columns = columns_of(series.place[early], series.unit[early], series.change, model.shape)
    moving = np.ptp(columns, axis=0) > 0
    moving[0] = True
    since = (series.place[early] - series.change).astype(float)
    names = [name for name, keep in zip(names, moving, strict=True) if keep] + ["bend"]
    wide = np.column_stack([columns[:, moving], (since - since.mean()) ** 2])
    exposure = None if series.exposure is None else series.exposure[early]
    try:
        fit = fit_series(series.outcome[early], exposure, names, wide, model.family)
    except NotEstimable:
        return Check("straight trend", "", np.nan, DOUBT, "Too few periods before the change to see whether it bends.")
    family = "quasipoisson" if model.family == "poisson" else model.family
    certainty = doubt(fit, series.place[early], family, None)
    score = abs(fit.estimates[-1]) / np.sqrt(certainty.covariance[-1, -1])
    p_value = float(2 * stdtr(max(int(early.sum()) - len(names), 1), -score))
    if p_value >= _UNLIKELY:
        return Check("straight trend", "", p_value, FINE, "Before the change the trend shows no bend.")
    return Check(
        "straight trend",
        "",
        p_value,
        DOUBT,
        f"Before the change the trend bends (p = {p_value:.2g}), and a straight one is carried on: the counterfactual "
        "may be far off. Shorten the time before, or find what bent it.",
    )


def _seasons(series: Series, model: Model) -> Check | None:
    season = model.shape.season
    if season is None:
        return None
    cycles = series.before / season
    if cycles >= 2:
        return Check("seasons before", "", cycles, FINE, f"{cycles:.3g} seasons before the change.")
    return Check(
        "seasons before",
        "",
        cycles,
        DOUBT,
        f"Only {cycles:.2g} seasons before the change: season and change are hardly told apart.",
    )


def _gaps(series: Series) -> Check:
    empty = len(series.times) - len(np.unique(series.place))
    if not empty:
        return Check("periods without a row", "", 0.0, FINE, "Every period has a row.")
    return Check(
        "periods without a row",
        "",
        float(empty),
        DOUBT,
        f"{empty} of {len(series.times)} periods have no row. If they went unrecorded because of what happened in "
        "them, the level is not what it seems.",
    )


def _placebo(placebos: pd.DataFrame) -> Check:
    told = placebos[placebos["estimate"].notna()]
    if told.empty:
        return Check(
            "placebo dates", "", np.nan, DOUBT, "Too few periods before the change to try dates that saw no change."
        )
    share = float(told["as_large"].mean())
    if share <= _UNLIKELY:
        return Check(
            "placebo dates",
            "",
            share,
            FINE,
            f"Of {len(told)} dates before the change that saw none, {int(told['as_large'].sum())} show as large a "
            "change of level.",
        )
    largest = str(told["time"].iloc[int(np.argmax(np.abs(told["estimate"].to_numpy())))])
    return Check(
        "placebo dates",
        largest,
        share,
        DOUBT,
        f"Of {len(told)} dates before the change that saw none, {int(told['as_large'].sum())} show as large a change "
        "of level: such steps come without a cause. See .placebo().",
    )
