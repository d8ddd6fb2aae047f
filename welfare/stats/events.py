"""What a change did that facilities adopted at different dates: a waiver, a rule, a change of system."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable, WelfareError
from welfare.schema.results import no_rows_dropped, simulated_words
from welfare.stats.adoption.aggregate import overall
from welfare.stats.adoption.arrays import Adoption, Effects
from welfare.stats.adoption.estimating import Answer, answer
from welfare.stats.adoption.naive.decomposition import cell_weights, negative_weights
from welfare.stats.adoption.naive.two_way import TwoWay, two_way
from welfare.stats.adoption.question import EventQuestion
from welfare.stats.adoption.reading import averaged, cells, horizons
from welfare.stats.adoption.rows import Rows, read_rows
from welfare.stats.adoption.words import Found, write_notes, write_text
from welfare.stats.doubt.reach import degrees_of
from welfare.stats.event_result import EventStudy
from welfare.stats.inputs import dropped_rows

METHODS = ("callaway_santanna", "imputation", "sun_abraham")
_SAME = {"cs": "callaway_santanna", "bjs": "imputation", "borusyak": "imputation", "sunab": "sun_abraham"}
_CONTROLS = {"notyet_treated": "notyet", "not_yet": "notyet", "nevertreated": "never", "never_treated": "never"}


def event_study(
    df: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treated_from: str,
    control: str = "never",
    method: str = "callaway_santanna",
    covariates: Sequence[str] = (),
    exposure: str | None = None,
    family: str = "gaussian",
    cluster: str | None = None,
    seed: int = 0,
) -> EventStudy:
    """Estimate the effect of a change that units adopted at different dates, by cohort and period.

    Parameters
    ----------
    df : DataFrame
        One row per unit and period.
    outcome : str
        Column of the outcome: a number; with ``family="poisson"`` a count, 0 or more.
    unit : str
        Column that names the units, e.g. facility_id.
    time : str
        Column of the periods: whole numbers, dates, pandas periods, or text that reads as one of them.
    treated_from : str
        Column of the first treated period, the same in all rows of a unit and written like `time`; a date counts as
        the period that holds it. 0 or missing: never treated.
    control : {"never", "notyet"}
        Whom a cohort is compared with (method "callaway_santanna"): units never treated, or all not treated yet.
    method : {"callaway_santanna", "imputation", "sun_abraham"}
        Group-time comparisons; prediction of treated rows from untreated ones; a regression with an effect for each
        cohort and period. They answer the same question and trust parallel trends over unlike spans of time.
    covariates : sequence of str
        Columns of numbers. With "callaway_santanna" their values before the change, in a doubly robust comparison; with
        the others they enter the regression.
    exposure : str, optional
        Column of what counts were made over (animals, hours), with ``family="poisson"``.
    family : {"gaussian", "poisson"}
        Differences of the outcome, or ratios of rates: effects then multiply, and so must the trends be parallel on the
        logarithmic scale.
    cluster : str, optional
        Column that says which units belong together; each unit stands alone by default.
    seed : int
        Of the simulated factor of the simultaneous bands.

    Returns
    -------
    EventStudy
        `table`: cohort, time, estimate, std_error, low, high (95%), p_value, horizon, weight; with Poisson estimates
        are logarithms, and ratio, ratio_low, ratio_high stand beside them. Also `by_horizon`, `overall()`,
        `pretrend_p`, `naive`, `decomposition()`.

    Raises
    ------
    BadParameter
        If a column or an option cannot be used.
    BadValue
        If a unit has two rows of one period, or adopts at two dates, or a value cannot be read.
    NoDenominator
        If `exposure` is named and no row has one above zero.
    NotEstimable
        If no unit adopts the change within the data, or there is nobody to compare with.

    Notes
    -----
    An estimate is an effect only if, without the change, treated and untreated units would have moved alike; if nobody
    acted on the change before it came; and if one unit's adoption does not touch another's outcome. No estimate before
    adoption can show these: see `honest()` for how far they may fail. Units treated from their first row on are left
    out: nothing is known of them before. With fewer than 40 clusters intervals use Student's t with G - 1 degrees of
    freedom.

    References
    ----------
    Callaway B, Sant'Anna PHC. Journal of Econometrics 2021; 225: 200-230. Borusyak K, Jaravel X, Spiess J. Review of
    Economic Studies 2024; 91: 3253-3285. Sun L, Abraham S. Journal of Econometrics 2021; 225: 175-199. Wooldridge JM.
    Econometrics Journal 2023; 26: C31-C66 (counts).

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.events import event_study
    >>> rows = [
    ...     (u, t, 2012 * (u > 3), u + t + 2.0 * (u > 3 and t >= 2012) + (u * t) % 3 / 10)
    ...     for u in range(8)
    ...     for t in range(2010, 2014)
    ... ]
    >>> df = pd.DataFrame(rows, columns=["plant", "year", "waiver_from", "injuries"])
    >>> study = event_study(df, outcome="injuries", unit="plant", time="year", treated_from="waiver_from")
    >>> study.table[["cohort", "time", "estimate"]].round(2).values.tolist()
    [[2012.0, 2011.0, 0.02], [2012.0, 2012.0, 2.03], [2012.0, 2013.0, 1.98]]
    """
    question = EventQuestion(
        method=_SAME.get(method, method),
        control=_CONTROLS.get(control, control),
        family=family,
        covariates=(covariates,) if isinstance(covariates, str) else tuple(covariates),
        exposure=exposure,
        outcome=outcome,
        unit=unit,
        time=time,
        treated_from=treated_from,
        seed=seed,
    )
    _refuse_unusable(question)
    rows = read_rows(
        df,
        outcome=outcome,
        unit=unit,
        time=time,
        treated_from=treated_from,
        covariates=question.covariates,
        exposure=exposure,
        cluster=cluster,
        counts=question.ratio,
    )
    return _study(question, rows, df)


def _refuse_unusable(question: EventQuestion) -> None:
    for name, value, known in (
        ("method", question.method, METHODS),
        ("control", question.control, ("never", "notyet")),
        ("family", question.family, ("gaussian", "poisson")),
    ):
        if value not in known:
            raise BadParameter(
                f"{name}={value!r} is not known",
                where=f"event_study({name}=)",
                spoiled="Another comparison than the one named would be made.",
                todo=f"Use one of {', '.join(known)}.",
            )
    if question.exposure is not None and not question.ratio:
        raise BadParameter(
            "an exposure is what counts are made over, and the family is not one of counts",
            where="event_study(exposure=)",
            spoiled="It would be left unused, and counts of large and small plants compared as they are.",
            todo="Use family='poisson', or divide first and give the rate as the outcome.",
        )
    if question.covariates and question.ratio and question.method == "callaway_santanna":
        raise BadParameter(
            "ratios of ratios take no covariates",
            where="event_study(covariates=)",
            spoiled="They would be left unused.",
            todo="Use method='imputation' or 'sun_abraham', whose Poisson versions take them.",
        )
    if not isinstance(question.seed, int | np.integer) or question.seed < 0:
        raise BadParameter(
            f"the seed {question.seed!r} is not a whole number from 0 on",
            where="event_study(seed=)",
            todo="Give one, e.g. 0.",
        )


def _study(question: EventQuestion, rows: Rows, df: pd.DataFrame) -> EventStudy:
    """Estimate what a question asks of rows, and put it into tables and words.

    Parameters
    ----------
    question : EventQuestion
    rows : Rows
        Of the frame.
    df : DataFrame
        The frame, for what it says of itself.
    """
    data, ratio = rows.adoption, question.ratio
    found = answer(question, data)
    effects = found.effects
    degrees = degrees_of(data.clusters)
    table = cells(data, effects, degrees=degrees, ratio=ratio)
    horizon = horizons(found.averages, degrees=degrees, ratio=ratio, seed=question.seed)
    naive = _naive(data, question.family)
    nothing = {"estimate": np.nan, "std_error": np.nan}
    naive_row = averaged(
        *((naive.estimate, naive.std_error) if naive else nothing.values()), degrees=degrees, ratio=ratio
    )
    words = Found(
        table,
        horizon,
        _average(data, effects, question, degrees),
        naive_row,
        found.pretrend_p,
        negative_weights(cell_weights(data, naive))[1] if naive else np.nan,
        effects.words,
    )
    unused = _unused(rows, found)
    return EventStudy(
        table=table,
        text=simulated_words(df) + write_text(question, rows, words, unused),
        dropped=pd.concat([rows.dropped, unused], ignore_index=True),
        notes=write_notes(question, rows, effects.words, degrees),
        by_horizon=horizon,
        pretrend_p=found.pretrend_p,
        naive=naive_row,
        n=len(data.outcome),
        units=data.units,
        treated_units=int((data.cohort < data.never).sum()),
        clusters=data.clusters,
        degrees=degrees,
        method=question.method,
        control=question.control,
        family=question.family,
        _question=question,
        _rows=rows,
        _answer=found,
        _two_way=naive,
    )


def _unused(rows: Rows, found: Answer) -> pd.DataFrame:
    """Return the rows that the estimator could not use, with its reasons."""
    unused = found.effects.row_reason != ""
    if not unused.any():
        return no_rows_dropped()
    return dropped_rows(rows.labels, np.where(unused, found.effects.row_reason, None))  # type: ignore[call-overload]


def _naive(data: Adoption, family: str) -> TwoWay | None:
    try:
        return two_way(data, family=family)
    except NotEstimable:
        return None


def _average(data: Adoption, effects: Effects, question: EventQuestion, degrees: float) -> pd.Series | WelfareError:
    try:
        found = overall(data, effects, "simple", shares=question.shares)
    except NotEstimable as failure:
        return failure
    return averaged(*found, degrees=degrees, ratio=question.ratio)
