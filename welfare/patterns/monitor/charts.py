"""Counts watched over time against what was expected of them: who has left expectation, how surely, since when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.monitor.long_panel import wide
from welfare.patterns.monitor.question import Question
from welfare.patterns.monitor.result import Monitor
from welfare.patterns.monitor.watched import Watched, watched
from welfare.schema.results import simulated_words

_FEWEST = 3  # periods


def monitor(
    series: Any,
    expected: Any = None,
    *,
    method: str = "cusum",
    ratio: float = 2.0,
    arl: float = 500.0,
    limit: float | None = None,
    direction: str = "up",
    trials: Any = None,
    dispersion: float | str = "auto",
    weight: float = 0.2,
    baseline: Any = None,
    facility: str | None = None,
    time: str | None = None,
    observed: str | None = None,
    level: float = 0.95,
    fdr: float = 0.05,
    replicates: int = 199,
    seed: int = 0,
) -> Monitor:
    """Watch counts over time, of one facility or thousands, against what was expected of each period.

    Parameters
    ----------
    series : sequence, Series or DataFrame
        Counts per period, events: of one facility; or one row per period and one column per facility; or, with
        `facility`, `time` and `observed`, one row per facility and period. Periods are in the order of their labels
        (whole numbers, dates, periods); a label that is skipped is a period without a record.
    expected : number, sequence, Series, DataFrame or str
        Expected counts, events: one number, one per period, a Series by facility, a frame like `series`, or a column
        of a long panel. For "farrington" and "changepoints" only the proportions between periods matter (animals, or
        nothing at all: then level exposure is taken on trust).
    method : {"cusum", "bernoulli_cusum", "ewma", "shewhart", "changepoints", "farrington"}
        Chart; see Notes.
    ratio : float
        Rate over expected rate that a CUSUM looks for, above 1; of odds for "bernoulli_cusum"; its inverse, below.
    arl : float
        Periods between false alarms of one facility, on average, that limits are set for.
    limit : float, optional
        Limit of every chart instead, in the chart's unit.
    direction : {"up", "down", "both"}
        Which departures to look for. "both" runs two charts, each with twice the `arl`.
    trials : like `expected`
        Animals or items looked at in each period, for "bernoulli_cusum"; 1 where not given.
    dispersion : float or "auto"
        Variance of the true rate between periods relative to its mean squared (negative-binomial counts). 0 for
        Poisson counts; "auto" estimates it from neighbouring periods of all facilities, and uses it if it is shown.
    weight : float
        Of the newest period in an EWMA, above 0 and at most 1.
    baseline : Baseline, optional
        Which past periods "farrington" compares with.
    facility, time, observed : str, optional
        Columns of a long panel.
    level : float
        Coverage of intervals, and 1 minus the chance of any change in a series without one, for "changepoints".
    fdr : float
        Share of false flags accepted among the flags, between 0 and 1.
    replicates : int
        Random series behind p-values and intervals of "changepoints".
    seed : int
        Of those series.

    Returns
    -------
    Monitor

    Raises
    ------
    BadParameter
        If labels or shapes do not fit, a period comes twice, or an option cannot be used.
    BadValue
        If a count is negative or not whole, an expected count is negative, or a value is not a number.
    MissingExtra
        If changepoints are asked for and ruptures is not installed.
    NoDenominator
        If nothing is expected in any period.
    NotEstimable
        If fewer than three periods of a single series count, or of every facility.

    Notes
    -----
    "cusum" adds up log-likelihood ratios of a rate `ratio` times the expected one against the expected one, and is
    never below 0: the surest way to find a lasting change of that size soon. `since` is the period after it last stood
    at 0. "bernoulli_cusum" does so for shares of animals, "ewma" takes a weighted mean (for small drifts), "shewhart"
    each period on its own (for one disaster). "changepoints" looks back over a finished series and cuts it where its
    level changed; it compares a facility with itself, and not with expectation: `signal` is the first change, `since`
    the last, and the ratio that of the last level. "farrington" compares with the same weeks of past years.

    A period without exposure (nothing expected) or without a count neither moves a chart nor sets it back; a missing
    count is not 0. `p_value` is the chance that a chart stands as high once or more in the periods watched: solved for
    the facility's own expected counts. `q_value` controls the false-discovery rate over facilities
    (Benjamini-Hochberg). A signal, by limit, is a different rule: of 5,000 facilities watched for as many periods as
    `arl` nearly two thirds signal by chance.

    A facility that is always above expectation signals early and for ever: that is news of its level, which
    :func:`~welfare.patterns.profiles.profile.profile` gives, and not of a change.

    References
    ----------
    Page ES. Biometrika 1954; 41: 100-115. Lucas JM. Technometrics 1985; 27: 129-144. Steiner SH et al. Biostatistics
    2000; 1: 441-452. Hoehle M, Paul M. Computational Statistics & Data Analysis 2008; 52: 4357-4368. Borror CM, Champ
    CW, Rigdon SE. Journal of Quality Technology 1998; 30: 352-361. Killick R, Fearnhead P, Eckley IA. JASA 2012; 107:
    1590-1598. Farrington CP et al. JRSS A 1996; 159: 547-563. Noufaily A et al. Statistics in Medicine 2013; 32:
    1206-1222. Benjamini Y, Hochberg Y. JRSS B 1995; 57: 289-300.

    Examples
    --------
    >>> from welfare.patterns.monitor.charts import monitor
    >>> deaths = [3, 5, 4, 2, 4, 6, 3, 4, 7, 9, 8, 10, 7, 9]
    >>> monitor(deaths, 4.0).table[["signal", "since", "observed", "expected"]].iloc[0].tolist()
    [11, 8, 50.0, 24.0]
    """
    asked = Question(method, ratio, arl, limit, direction, dispersion, weight, level, fdr, replicates, seed).checked()
    named = {"facility": facility, "time": time, "observed": observed}
    belongs_nowhere = held = None
    marked = simulated_words(series) if isinstance(series, pd.DataFrame) else ""
    if any(name is not None for name in named.values()):
        series, expected, trials, belongs_nowhere, held = wide(series, named, expected, trials)
    if trials is not None and method != "bernoulli_cusum":
        raise BadParameter(
            f"trials mean nothing to {method}",
            where="monitor(trials=)",
            spoiled="Shares would be watched as counts.",
            todo='Use method="bernoulli_cusum", or expected counts in proportion to the animals.',
        )
    if method == "bernoulli_cusum" and trials is None:
        trials = 1.0
    alone = method in ("changepoints", "farrington")  # expected counts are no more than exposure to them
    seen = watched(series, expected, trials, needs_expected=not alone, held=held)
    if belongs_nowhere is not None and len(belongs_nowhere):
        seen = replace(seen, dropped=pd.concat([belongs_nowhere, seen.dropped], ignore_index=True))
    _refuse_too_few(seen)
    found = _found(seen, asked, baseline)
    return replace(found, text=marked + found.text) if marked else found


def _found(seen: Watched, asked: Question, baseline: Any) -> Monitor:
    if asked.method == "changepoints":
        from welfare.patterns.monitor.changes.found import changed

        return changed(seen, asked)
    if asked.method == "farrington":
        from welfare.patterns.monitor.outbreaks.found import outbreaks

        return outbreaks(seen, asked, baseline)
    from welfare.patterns.monitor.charting.found import charted

    return charted(seen, asked)


def _refuse_too_few(seen: Watched) -> None:
    most = int(seen.live.sum(axis=0).max(initial=0))
    if most < _FEWEST:
        raise NotEstimable(
            f"cannot tell: {most} periods have a count and something expected",
            where="monitor",
            spoiled="Two periods can hold a bad month, and no change.",
            todo=f"Watch {_FEWEST} periods or more; wf.rate gives each period's rate with its interval.",
        )


__all__ = ["monitor"]
