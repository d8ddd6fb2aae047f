"""The same finding per unit of something else: whether it hangs on the denominator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from welfare.errors import BadParameter, WelfareError
from welfare.stats.count_result import CountModel
from welfare.stats.estimates import Estimates, estimate
from welfare.stats.robustness.effect import Effect, effects_in
from welfare.stats.robustness.tried import Tried, after, reason_of, refused


def other_denominators(
    fit: CountModel, df: pd.DataFrame, denominators: Sequence[str], effects: Sequence[Effect], units: dict[str, float]
) -> list[Tried]:
    """Fit a count model anew, per unit of other columns.

    Parameters
    ----------
    fit : CountModel
        As fitted.
    df : DataFrame
        The rows it was handed, with the columns of the other denominators.
    denominators : sequence of str
        Columns of exposures.
    effects : sequence of Effect
        Findings, per so many units.
    units : dict of str to float
        Of each term, that its effect is of.

    Raises
    ------
    BadParameter
        If a column is not there or was fitted already, or the model has no denominator: it is a model of shares.
    """
    if fit.family == "fractional":
        raise BadParameter(
            "shares have their denominator in them",
            where="robustness(denominators=)",
            spoiled="The column would only weigh the rows.",
            todo="Model the counts: family='poisson', exposure=.",
        )
    rows: list[Tried] = []
    for column in denominators:
        if column not in df:
            raise BadParameter(
                f"the frame has no column {column!r}",
                where="robustness(denominators=)",
                spoiled="Whether the finding hangs on its denominator would stay unknown.",
                todo=f"Give df= with it. Columns it has: {', '.join(map(str, df.columns))}.",
            )
        if column == fit._question.exposure:
            raise BadParameter(
                f"{column} is the denominator that was fitted",
                where="robustness(denominators=)",
                spoiled="The finding would be held against itself, and hold.",
                todo="Name another.",
            )
        rows += _per(fit, df, column, effects, units)
    return rows


def _per(
    fit: CountModel, df: pd.DataFrame, column: str, effects: Sequence[Effect], units: dict[str, float]
) -> list[Tried]:
    check, own = "denominator", fit._question.exposure or "one row"
    try:
        found = estimate(replace(fit._question, exposure=column), df)
    except WelfareError as failure:
        return [refused(check, column, effect, reason_of(failure)) for effect in effects]
    by_term = {effect.term: effect for effect in effects_in(found.table)}
    same = _on_the_same_rows(fit, df, found)
    rows = []
    for effect in effects:
        other = by_term.get(effect.term)
        if other is None:
            rows.append(
                refused(check, column, effect, f"{effect.term} is not estimated in the rows that have {column}")
            )
            continue
        other = replace(other.per(units[effect.term]), kind=effect.kind)
        many = len(found.design.counts)
        reading = f"Per unit of {column} in place of {own}: {other.words()}, {many:,} rows."
        if effect.term in same:
            there = replace(same[effect.term].per(units[effect.term]), kind=effect.kind)
            reading += f" Per unit of {own} on those of them that have it: {there.words()}."
        rows.append(after(check, column, effect, other, reading))
    return rows


def _on_the_same_rows(fit: CountModel, df: pd.DataFrame, found: Estimates) -> dict[str, Effect]:
    """Return the effects as first asked on the rows of the other fit, where these are other rows."""
    if len(found.design.places) == fit.n and (found.design.places == fit._found.design.places).all():
        return {}
    try:
        return {effect.term: effect for effect in effects_in(_again(fit, df, found).table)}
    except WelfareError:
        # What cannot be fitted there is not told: the reading then says nothing of it.
        return {}


def _again(fit: CountModel, df: pd.DataFrame, found: Estimates) -> Estimates:
    return estimate(fit._question, df.iloc[found.design.places])


__all__ = ["other_denominators"]
