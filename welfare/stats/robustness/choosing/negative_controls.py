"""Associations that cannot be of cause: if they are found, so may the finding be without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, WelfareError
from welfare.stats.count_result import CountModel
from welfare.stats.estimates import estimate
from welfare.stats.robustness.effect import Effect, effects_in
from welfare.stats.robustness.tried import CANNOT_TELL, FOUND, NONE_FOUND, Tried, reason_of, refused, seen


def negative_outcomes(
    fit: CountModel, df: pd.DataFrame, outcomes: Sequence[str], effects: Sequence[Effect], units: dict[str, float]
) -> list[Tried]:
    """Fit a count model anew to outcomes that its conditions cannot cause.

    Parameters
    ----------
    fit : CountModel
        As fitted.
    df : DataFrame
        The rows it was handed, with the columns of the outcomes.
    outcomes : sequence of str
        Columns of counts.
    effects : sequence of Effect
        Findings, per so many units.
    units : dict of str to float
        Of each term, that its effect is of.

    Raises
    ------
    BadParameter
        If a column is not there, is the outcome itself, or is a term of the model.

    References
    ----------
    Lipsitch M, Tchetgen Tchetgen E, Cohen T. Epidemiology 2010; 21: 383-388.
    """
    rows: list[Tried] = []
    formula = fit._found.design.formula
    for column in outcomes:
        _refuse(column, df, "negative_outcomes", own=formula.outcome, named=formula.columns)
        text = f"{_quoted(column)} ~ {formula.text.partition('~')[2].strip()}"
        try:
            found = estimate(replace(fit._question, formula=text), df)
        except WelfareError as failure:
            rows += [refused("negative outcome", column, effect, reason_of(failure)) for effect in effects]
            continue
        by_term = {effect.term: effect for effect in effects_in(found.table)}
        rows += [_judged(column, effect, by_term.get(effect.term), units[effect.term]) for effect in effects]
    return rows


def _judged(column: str, effect: Effect, other: Effect | None, units: float) -> Tried:
    check = "negative outcome"
    if other is None or not other.known:
        return refused(check, column, effect, f"{effect.term} has no estimate with an interval for {column}")
    other = replace(other.per(units), kind=effect.kind)
    begin = f"{effect.term} cannot cause {column}, if it is the control it is taken for: {other.words()}."
    if other.side:
        verdict = FOUND
        words = (
            "An association is there all the same, so something other than cause makes one; where that bears on the "
            "harm too, it may have made the finding."
        )
    elif other.low <= effect.estimate <= other.high:
        verdict = CANNOT_TELL
        words = "The interval includes no difference and the finding itself: it cannot tell one from the other."
    else:
        verdict = NONE_FOUND
        words = "No association of the size of the finding is there: that speaks against a bias that both share."
    return seen(check, column, other, verdict, f"{begin} {words}")


def negative_exposures(fit: CountModel, df: pd.DataFrame, exposures: Sequence[str]) -> list[Tried]:
    """Add to a count model conditions that cannot cause the harm, beside those it has.

    Parameters
    ----------
    fit : CountModel
        As fitted.
    df : DataFrame
        The rows it was handed, with the columns of the conditions.
    exposures : sequence of str
        Columns.

    Raises
    ------
    BadParameter
        If a column is not there, is the outcome, or is in the model already.

    Notes
    -----
    They stand beside the conditions in question, and not in their place: in their place they would show an association
    wherever they go with a condition that does cause the harm.
    """
    rows: list[Tried] = []
    formula = fit._found.design.formula
    for column in exposures:
        _refuse(column, df, "negative_exposures", own=formula.outcome, named=formula.columns)
        main, bar, effects = formula.text.partition("|")
        kind = "odds" if fit.family == "fractional" else "rate"
        unknown = Effect(column, np.nan, np.nan, np.nan, np.nan, np.nan, kind)
        try:
            text = f"{main.strip()} + {_quoted(column)} {bar}{effects}".strip()
            found = estimate(replace(fit._question, formula=text), df)
        except WelfareError as failure:
            rows.append(refused("negative exposure", column, unknown, reason_of(failure)))
            continue
        new = [each for each in effects_in(found.table, kind) if _of(each.term, column)]
        rows += [_read(column, formula.outcome, each) for each in new]
        if not new:
            rows.append(refused("negative exposure", column, unknown, "it has no estimate beside the other terms"))
    return rows


def _quoted(column: str) -> str:
    """Return a column as a formula names it."""
    return column if column.isidentifier() else f"`{column}`"


def _of(term: str, column: str) -> bool:
    return term == column or term.startswith(f"{column}[")


def _read(column: str, outcome: str, found: Effect) -> Tried:
    begin = f"{found.term} cannot cause {outcome}, if it is the control it is taken for: {found.words()}."
    if found.side:
        words = "An association is there all the same: the model lets something through that is not of cause."
    else:
        words = "None is shown; the interval says what size of one could have been missed."
    return seen("negative exposure", column, found, FOUND if found.side else NONE_FOUND, f"{begin} {words}")


def _refuse(column: str, df: pd.DataFrame, option: str, *, own: str, named: Sequence[str]) -> None:
    if column == own:
        what, todo = f"{column} is the outcome itself", "Name something else that was counted."
    elif column in named:
        what, todo = f"{column} is in the model already", "Name a column that is not."
    elif column not in df:
        what = f"the frame has no column {column!r}"
        todo = f"Give df= with it. Columns it has: {', '.join(map(str, df.columns))}."
    else:
        return
    raise BadParameter(what, where=f"robustness({option}=)", spoiled="The control would be no control.", todo=todo)


__all__ = ["negative_exposures", "negative_outcomes"]
