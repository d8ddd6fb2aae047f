"""Interrupted time series: whether harm changed its level or slope at a date, against what its own past foretold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import Result, simulated_words
from welfare.stats.series.asking import Answer, Model, answer, placebo_dates
from welfare.stats.series.counterfactual import without_change
from welfare.stats.series.doubts import checks
from welfare.stats.series.rows import Asked, Series, read_series
from welfare.stats.series.sentences import write_series
from welfare.stats.series.terms import Shape

FAMILIES = ("quasipoisson", "poisson", "negative_binomial", "gaussian")
_WHERE = "interrupted_series"


@dataclass(frozen=True, repr=False, kw_only=True)
class InterruptedSeries(Result):
    """A series before and after a change; see :func:`interrupted_series`.

    Attributes
    ----------
    table : DataFrame
        One row per term: term ("level change", "slope change", "trend", season terms, "Intercept"), estimate,
        std_error, low, high, p_value; with a log link also ratio, ratio_low, ratio_high. The level change is that in
        the first period after the change; slopes are per period; the intercept is the level just before the change,
        where season terms are 0 (not told where units have levels of their own).
    counterfactual : DataFrame
        One row per period with a row: time, observed, expected, without_change, low, high (95% of the latter: of what
        is expected, not of single counts), and exposure; units summed.
    events : DataFrame
        Over all periods after the change: rows observed, without_change, added (below 0: averted) and share (added over
        without_change), with estimate, low, high (95%).
    dispersion : float
        Pearson's chi-squared over n - k; of the gaussian family the residual variance.
    theta : float or None
        Of the negative binomial.
    n : int
        Rows used.
    before, after : int
        Periods used on either side.
    lags : int or None
        Periods over which errors allow neighbours to be alike; None where they trust the model.
    degrees : float
        Of Student's t in intervals; infinite for the normal.
    covariance : DataFrame
        Of all estimates, those of units included.
    family : str
        As fitted.
    """

    counterfactual: pd.DataFrame
    events: pd.DataFrame
    dispersion: float
    theta: float | None
    n: int
    before: int
    after: int
    lags: int | None
    degrees: float
    covariance: pd.DataFrame
    family: str
    _series: Series = field(repr=False)
    _model: Model = field(repr=False)
    _answer: Answer = field(repr=False)
    _asked: Asked = field(repr=False)

    def placebo(self) -> pd.DataFrame:
        """Try dates before the change, at which nothing is known to have changed.

        Returns
        -------
        DataFrame
            One row per date with at least five periods on either side, the periods from the change on left out: time,
            estimate, std_error, low, high, p_value, the ratios, and as_large: whether the change of level there is at
            least as far from none as that of the true date. Empty where there is no such date.

        Notes
        -----
        Neighbouring dates share most of their data, so that one odd spell shows in several of them.
        """
        return placebo_dates(self._series, self._model, self._answer.level)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead.

        Likeness of neighbouring periods, few periods on a side, overdispersion, a trend that bends before the change,
        few seasons, periods without a row, and dates without a change that show as large a one.

        Returns
        -------
        DataFrame
            One row per check; columns check, at, value, verdict ("in order" or "look closer"), advice.
        """
        return checks(self._series, self._model, self._answer, self.placebo())

    def plot(self, ax: Any = None) -> Any:
        """Draw what was observed, the model, and the model without the change with its 95% band.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.series import interrupted

        frame, series = self.counterfactual, self._series
        names = ["observed", "expected", "without_change", "low", "high"]
        per, quantity = 1.0, self._asked.outcome.replace("_", " ")
        if "exposure" in frame:
            rate = frame["observed"].sum() / frame["exposure"].sum()
            per = 10.0 ** np.ceil(max(-np.log10(rate), 0.0)) if rate > 0 else 1.0
            each = f"{per:,.0f} " if per > 1 else ""
            quantity = f"{quantity} per {each}{str(self._asked.exposure).replace('_', ' ')}"
            frame = frame.assign(**{name: frame[name] / frame["exposure"] * per for name in names})
        stamps = series.stamps
        last = stamps[series.change - 1]
        # A row for every period, so that lines break where there is none.
        every = frame.set_index(np.unique(series.place)).reindex(range(len(stamps)))
        return interrupted(
            every,
            at=stamps,
            change=last + (stamps[series.change] - last) / 2,
            quantity=quantity,
            period=self._asked.time.replace("_", " "),
            ax=ax,
        )


def interrupted_series(
    df: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    change_at: Any,
    exposure: str | None = None,
    family: str = "quasipoisson",
    slope: bool = False,
    season: float | None = None,
    harmonics: int = 2,
    trend: bool = True,
    errors: str = "newey_west",
    lags: int | None = None,
    unit: str | None = None,
    draws: int = 5_000,
    seed: int = 0,
) -> InterruptedSeries:
    """Compare a series after a date with what its level, trend and season before would have led to.

    Parameters
    ----------
    df : DataFrame
        One row per period; with `unit`, one per unit and period.
    outcome : str
        Column of counts or averages, 0 or more; of any numbers with the gaussian family.
    time : str
        Column of periods: whole numbers, dates, or pandas periods. Periods without a row count as time that passed.
    change_at : number, date or period
        First period after the change. A date inside a period puts that period after the change, with a note.
    exposure : str, optional
        Column of what each count was made over; ratios are then of rates. Rows where it is missing or not above zero
        are left out. Not with the gaussian family.
    family : {"quasipoisson", "poisson", "negative_binomial", "gaussian"}
        Log link for the first three; straight-line for the last.
    slope : bool
        Whether the trend may change too. The effect then grows or fades with time, and the change of level is that of
        the first period.
    season : float, optional
        Length of the season in periods, such as 12 for months: sine and cosine waves are added.
    harmonics : int
        Pairs of waves in a season.
    trend : bool
        Whether there is a straight trend throughout.
    errors : {"newey_west", "model"}
        Errors that allow periods near one another to be alike; or trust the model.
    lags : int, optional
        Over how many periods, at most a third of them; by default the whole part of 4 (T / 100) to the power 2/9, with
        T periods from first to last.
    unit : str, optional
        Column of places that were counted in the same periods: each has a level of its own, and all share trend, season
        and change. Newey and West's errors then allow for shocks that places share.
    draws : int
        For the intervals of the counterfactual and of the events added.
    seed : int
        Of the draws.

    Returns
    -------
    InterruptedSeries
        Intervals are 95%: the normal; with fewer than 40 periods, and for the gaussian family with model errors,
        Student's t with periods - terms degrees of freedom (Poisson and negative binomial with model errors: the
        normal).

    Raises
    ------
    BadParameter
        If a column or option cannot be used, or the change is not within the data.
    BadValue
        If a value or time cannot be read, a count is negative, or two rows are of one period.
    NoDenominator
        If no row has an exposure above zero.
    NotEstimable
        If fewer than three periods lie on either side, nothing was counted on one, terms cannot be told apart, or the
        outcome does not vary.

    Notes
    -----
    Nothing here tells the change from anything else that came at the same date: another law, a disease, a new way of
    counting. A series of places that saw no change (wf.event_study) does. The counterfactual carries a straight trend
    on: the further, the less it is worth. Name the date, the terms and the season before looking.

    References
    ----------
    Lopez Bernal J, Cummins S, Gasparrini A. Interrupted time series regression for the evaluation of public health
    interventions: a tutorial. International Journal of Epidemiology 2017; 46: 348-355. Newey WK, West KD. Econometrica
    1987; 55: 703-708. Driscoll JC, Kraay AC. Review of Economics and Statistics 1998; 80: 549-560.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.interrupted import interrupted_series
    >>> deaths = [21, 18, 22, 20, 19, 23, 20, 21, 10, 12, 9, 11, 10, 8, 12, 10]
    >>> df = pd.DataFrame({"month": range(16), "deaths": deaths})
    >>> found = interrupted_series(df, outcome="deaths", time="month", change_at=8, trend=False)
    >>> found.table.set_index("term").loc["level change", "ratio"].round(2)
    np.float64(0.5)
    """
    _refuse_options(family, season, harmonics, errors, lags, draws, seed)
    asked = Asked(outcome, time, change_at, exposure, unit, family)
    series, dropped, notes = read_series(df, asked)
    model = Model(family, Shape(slope, trend, season, harmonics), errors == "newey_west", lags)
    found = answer(series, model)
    ratio = family != "gaussian"
    frame, events = without_change(found.found, found.certainty, series, ratio=ratio, draws=draws, seed=seed)
    looked = checks(series, model, found, placebo_dates(series, model, found.level))
    names = found.found.names
    return InterruptedSeries(
        table=found.table,
        text=simulated_words(df) + write_series(asked, series, model, found, events, looked, dropped),
        dropped=dropped,
        notes=(found.certainty.words, *_own_parameter(found.found.theta), *notes),
        counterfactual=frame,
        events=events,
        dispersion=found.found.dispersion,
        theta=found.found.theta,
        n=len(series.outcome),
        before=series.before,
        after=series.after,
        lags=found.certainty.lags,
        degrees=found.certainty.degrees,
        covariance=pd.DataFrame(found.certainty.covariance, index=names, columns=names),
        family=family,
        _series=series,
        _model=model,
        _answer=found,
        _asked=asked,
    )


def _own_parameter(theta: float | None) -> tuple[str, ...]:
    if theta is None:
        return ()
    return (f"Negative binomial (NB2), theta {theta:.4g}, estimated; variance = mean + mean^2 / theta.",)


def _at_least(value: Any, least: float) -> bool:
    return isinstance(value, int | float | np.number) and bool(value >= least)


def _refuse_options(
    family: str, season: float | None, harmonics: int, errors: str, lags: int | None, draws: int, seed: int
) -> None:
    whole = (int, np.integer)
    wrong = {
        f"family={family!r}": (family not in FAMILIES, f"Use one of {', '.join(FAMILIES)}."),
        f"errors={errors!r}": (errors not in ("newey_west", "model"), "Use 'newey_west' or 'model'."),
        f"lags={lags!r}": (
            lags is not None and (not isinstance(lags, whole) or lags < 0 or errors == "model"),
            "Give a whole number from 0 on, with errors='newey_west'.",
        ),
        f"season={season!r}": (
            season is not None and not _at_least(season, 2),
            "Give its length in periods, 2 or more.",
        ),
        f"harmonics={harmonics!r}": (
            season is not None
            and _at_least(season, 2)
            and (not isinstance(harmonics, whole) or not 1 <= harmonics <= season / 2),
            "Give a whole number from 1 to half the season's length.",
        ),
        f"draws={draws!r}": (not isinstance(draws, whole) or draws < 100, "Give 100 or more."),
        f"seed={seed!r}": (not isinstance(seed, whole) or seed < 0, "Give a whole number from 0 on."),
    }
    for named, (is_wrong, todo) in wrong.items():
        if is_wrong:
            raise BadParameter(
                f"{named} cannot be used",
                where=_WHERE,
                spoiled="Another model than the one meant would be fitted.",
                todo=todo,
            )
