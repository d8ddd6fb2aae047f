"""How far a finding hangs on what was not measured, and on choices: every check of one fit, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from welfare.errors import BadParameter, WelfareError
from welfare.schema.results import no_rows_dropped, simulated_words
from welfare.stats.count_result import CountModel
from welfare.stats.robustness.asked import (
    columns_to_leave_out,
    crossed,
    is_rare,
    outcome_of,
    rows_of,
    times_of,
    unit_not_chosen,
    units_of,
    untried,
)
from welfare.stats.robustness.choosing.denominators import other_denominators
from welfare.stats.robustness.choosing.negative_controls import negative_exposures, negative_outcomes
from welfare.stats.robustness.confounding.e_value import KINDS
from welfare.stats.robustness.confounding.hidden import BOUNDS, beside_observed, e_values, explained_variance
from welfare.stats.robustness.confounding.linear import Linear, benchmark_terms, linear_of
from welfare.stats.robustness.effect import Effect, chosen, effects_of
from welfare.stats.robustness.leaving.leaving_out import CHECK, left_out_row, per_units
from welfare.stats.robustness.leaving.refits import leave_one_out, not_comparable, nothing_left_out, own_refits
from welfare.stats.robustness.result import Robustness
from welfare.stats.robustness.tried import JUDGE, Tried, reason_of, refused, seen, tried_table
from welfare.stats.robustness.words import write_notes, write_text

_NO_COLUMN = (
    "no column of facilities, sources or clusters is at hand: give df= with one, or name another column by leave_out="
)


def robustness(
    fit: Any,
    *,
    term: str | Sequence[str] | None = None,
    df: pd.DataFrame | None = None,
    leave_out: str | Sequence[str] | None = None,
    denominators: str | Sequence[str] = (),
    benchmarks: str | Sequence[Any] = (),
    kd: float | Sequence[float] = (1, 2, 3),
    negative_outcomes: str | Sequence[str] = (),
    negative_exposures: str | Sequence[str] = (),
    per: float | Mapping[str, float] | None = None,
    kind: str | None = None,
    rare: bool | None = None,
    sd: float | None = None,
    refit: Callable[[pd.DataFrame], Any] | None = None,
) -> Robustness:
    """Ask how much hidden confounding would undo a finding, and how far it hangs on one place or one choice.

    Parameters
    ----------
    fit : result of `count_model`, `duration`, `pool`, `event_study` or `interrupted_series`, linear result of \
statsmodels, or Series
        What was found. A Series holds estimate, std_error, low and high. Of an event study it is the simple average, of
        an interrupted series the changes of level and slope.
    term : str or sequence of str, optional
        Which findings; all but the intercept by default.
    df : DataFrame, optional
        The rows that were fitted, with the further columns that the options below name. A count model keeps the columns
        it used.
    leave_out : str or sequence of str, optional
        Columns whose levels are left out one at a time: by default ``facility_id``, ``source_id`` and the clusters of
        the fit, as far as they are at hand; the studies of a pooled result; none with ``[]``.
    denominators : str or sequence of str
        Columns to take as exposure in place of the one fitted; count models.
    benchmarks : sequence of str, or of sequences of str
        Observed terms to compare a confounder with: a term, a factor, or several together.
    kd : number, or sequence of numbers
        How many times as strong as those.
    negative_outcomes : str or sequence of str
        Columns of counts that the conditions cannot cause; count models.
    negative_exposures : str or sequence of str
        Conditions that cannot cause the harm, added beside those fitted; count models.
    per : number, or mapping of str to number, optional
        Units of the condition that a finding is told for, e.g. 10 animals per minute. E-values depend on it.
    kind : {"rate", "risk", "odds", "hazard", "difference"}, optional
        What the estimates are (logarithms of such ratios, or differences), where the fit does not say: a pooled result
        does not.
    rare : bool, optional
        Whether fewer than about 15% have the outcome; for odds and hazards. By default what the fit knows, else not:
        that gives the smaller E-value.
    sd : float, optional
        Standard deviation of the outcome, for differences; of a linear fit by default that of its residuals.
    refit : callable, optional
        Takes rows of `df` and returns the fit of those, for event studies and series: leaves out with it.

    Returns
    -------
    Robustness

    Raises
    ------
    BadParameter
        If a term, column or option cannot be used, or `df` holds other rows than were fitted.

    Notes
    -----
    A check that cannot be made for a fit is a row of the table with the reason, and does not stop the others; one that
    needs a column nobody named is told in the text and the notes. Single columns of a curve, and terms crossed with
    others, have no E-value: they are no effect of one contrast. Of a
    count model robustness values and benchmarks are approximate: they are those of the weighted regression in which its
    iterations end. Its E-values need no such step. With robust errors no value is given for the interval, since the
    algebra is of classical errors. Up to 25 levels are all left out with a whole fit each; of more, the levels that
    could move a finding most, and the others by one Newton step (linear fits: all exactly). Refits ask the same
    question of fewer rows, its bootstrap included.

    References
    ----------
    VanderWeele TJ, Ding P. Annals of Internal Medicine 2017; 167: 268-274. Cinelli C, Hazlett C. Journal of the Royal
    Statistical Society B 2020; 82: 39-67. Lipsitch M, Tchetgen Tchetgen E, Cohen T. Epidemiology 2010; 21: 383-388.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.counts import count_model
    >>> from welfare.stats.robustness.robustness import robustness
    >>> rows = {"deaths": [12, 14, 9, 28, 35, 31], "birds": [1000] * 6, "fast": [0, 0, 0, 1, 1, 1]}
    >>> found = robustness(count_model("deaths ~ fast", pd.DataFrame(rows), exposure="birds"))
    >>> found.table[["check", "value"]].round(2).head(3).values.tolist()
    [['as fitted', 2.69], ['E-value', 4.81], ['E-value', 3.5]]
    """
    _refuse_kind(kind)
    all_of_them = effects_of(fit, kind=kind, sd=sd)
    every = chosen(all_of_them, term)
    units, times = units_of(every, per), times_of(kd)
    effects, rows = [effect.per(units[effect.term]) for effect in every], rows_of(fit, df)
    linear, outcome, few = linear_of(fit), outcome_of(fit), is_rare(fit, every, rare)
    marks = _benchmarks(linear, benchmarks, effects)
    columns = columns_to_leave_out(fit, rows, leave_out)
    refits, unfitted = _refits(fit, rows, columns, every, refit)
    if callable(getattr(fit, "leave_one_out", None)) and leave_out is None:
        columns, refits, unfitted = _by_itself(fit, every[0].term)
    refits = per_units(refits, effects, units)

    made: list[Tried] = []
    bounds = []
    for effect in effects:
        made.append(seen("as fitted", "", effect, JUDGE, f"As fitted: {effect.words()}."))
        made += e_values(effect, outcome, rare=few)
        made += explained_variance(effect, linear, units[effect.term])
        beside, frame = beside_observed(effect, linear, marks, times, units[effect.term])
        made += beside
        bounds.append(frame)
        for column in columns:
            mine = refits[(refits["term"] == effect.term) & (refits["column"] == column)]
            why = unfitted.get(column) or not_comparable([effect]).get(effect.term)
            made.append(refused(CHECK, column, effect, why) if why else left_out_row(effect, column, mine))
        if not columns and leave_out is None:
            made.append(refused(CHECK, "", effect, _NO_COLUMN))
    named = {
        "denominators": _listed(denominators),
        "negative_outcomes": _listed(negative_outcomes),
        "negative_exposures": _listed(negative_exposures),
        "benchmarks": _listed(benchmarks),
    }
    made += _other_choices(fit, rows, effects, units, named)
    offers = untried(fit, linear, named)
    table = tried_table(_in_order(made, effects))
    begin = simulated_words(df if df is not None else pd.DataFrame()) or _simulated(fit)
    dropped = getattr(fit, "dropped", None)
    kept = [frame for frame in bounds if len(frame)]
    return Robustness(
        table=table,
        text=begin + write_text(table, effects, units, outcome, offers),
        dropped=dropped if isinstance(dropped, pd.DataFrame) else no_rows_dropped(),
        notes=write_notes(
            table,
            units,
            unit_not_chosen(fit, every, units, per),
            approximate=isinstance(linear, Linear) and not linear.exact,
            joint=crossed([effect.term for effect in all_of_them], list(units)),
            offers=offers,
        ),
        refits=refits,
        bounds=pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=BOUNDS),
        _effects=tuple(effects),
        _linear=linear,
        _units=units,
        _rare=few,
    )


def _refuse_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS:
        raise BadParameter(
            f"no kind of estimate is called {kind!r}",
            where="robustness(kind=)",
            spoiled="Its scale would be taken for another.",
            todo=f"Use one of {', '.join(KINDS)}.",
        )


def _listed(names: Any) -> list[Any]:
    if names is None:
        return []
    return list(names) if isinstance(names, Sequence) and not isinstance(names, str) else [names]


def _benchmarks(
    linear: Linear | str, benchmarks: str | Sequence[Any], effects: Sequence[Effect]
) -> dict[str, list[str]]:
    names = _listed(benchmarks)
    if isinstance(linear, str):
        return {str(name): [] for name in names}
    return benchmark_terms(linear.names, names, effects)


def _refits(
    fit: Any,
    rows: pd.DataFrame | None,
    columns: Sequence[str],
    effects: Sequence[Effect],
    refit: Callable[[pd.DataFrame], Any] | None,
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the findings without each level of each column, and why there are none for some columns."""
    found, why = [nothing_left_out()], {}
    means_the_same = [effect for effect in effects if effect.term not in not_comparable(effects)]
    for column in columns:
        if rows is None or not means_the_same:
            continue
        again = None if refit is None else (lambda keep, rows=rows: refit(rows[keep]))
        try:
            found.append(leave_one_out(fit, rows[column], means_the_same, again))
        except WelfareError as failure:
            why[column] = reason_of(failure)
    return pd.concat(found[1:] or found, ignore_index=True), why


def _by_itself(fit: Any, term: str) -> tuple[list[str], pd.DataFrame, dict[str, str]]:
    """Return what a result that knows how to leave one out says of itself, under the column "study"."""
    try:
        found = own_refits(fit, term)
    except WelfareError as failure:
        return ["study"], nothing_left_out(), {"study": reason_of(failure)}
    return ["study"], nothing_left_out() if found is None else found, {}


def _other_choices(
    fit: Any,
    rows: pd.DataFrame | None,
    effects: Sequence[Effect],
    units: dict[str, float],
    named: Mapping[str, list[Any]],
) -> list[Tried]:
    """Return what came of fits of other columns."""
    asked = {
        "denominator": named["denominators"],
        "negative outcome": named["negative_outcomes"],
        "negative exposure": named["negative_exposures"],
    }
    if not isinstance(fit, CountModel) or rows is None:
        why = "only a count model keeps what fitting it to other columns takes; fit it yourself and compare"
        return [refused(check, at, effect, why) for check, names in asked.items() for at in names for effect in effects]
    return [
        *(other_denominators(fit, rows, asked["denominator"], effects, units) if asked["denominator"] else []),
        *negative_outcomes(fit, rows, asked["negative outcome"], effects, units),
        *negative_exposures(fit, rows, asked["negative exposure"]),
    ]


def _in_order(made: Sequence[Tried], effects: Sequence[Effect]) -> list[Tried]:
    """Return rows finding by finding, those of other terms last."""
    rank = {effect.term: at for at, effect in enumerate(effects)}
    return sorted(made, key=lambda row: rank.get(row.term, len(rank)))


def _simulated(fit: Any) -> str:
    return "SIMULATED. " if str(getattr(fit, "text", "")).startswith("SIMULATED") else ""


__all__ = ["Robustness", "robustness"]
