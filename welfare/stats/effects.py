"""What a fitted count model says in other terms: ratios of two conditions, expected counts, attributable events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NoDenominator
from welfare.schema.results import Result, count_reasons, no_rows_dropped
from welfare.stats.design.restated import level_codes, needed_columns, terms_of, unknown_levels
from welfare.stats.doubt.reach import reach_of
from welfare.stats.estimates import Estimates
from welfare.stats.inputs import dropped_rows, numbers
from welfare.stats.question import Question
from welfare.stats.splines.attributable import Attributable, attributable


@dataclass(frozen=True, repr=False, kw_only=True)
class Prediction(Result):
    """Counts that a model expects; see :meth:`welfare.stats.count_result.CountModel.predict`.

    Attributes
    ----------
    table : DataFrame
        One row per row that could be predicted, under its label: exposure (if the model has one), expected, low, high.
    """


@dataclass(frozen=True, repr=False, kw_only=True)
class AttributableEvents(Result):
    """Events attributable to a condition; see :meth:`welfare.stats.count_result.CountModel.attributable`.

    Attributes
    ----------
    table : DataFrame
        Two rows, number and fraction, with estimate, low and high.
    by_row : Series
        Share of each row's events, under its label in the input.
    """

    by_row: pd.Series = field(repr=False)


def ratio_between(found: Estimates, condition: str, at: Any, reference: Any) -> dict[str, float]:
    """Return the ratio of rates with a condition at one value and at another, all else as it is.

    Parameters
    ----------
    found : Estimates
    condition : str
        A column that the terms name.
    at, reference : number or label

    Returns
    -------
    dict
        ratio, low, high.

    Raises
    ------
    BadParameter
        If no term names the column, or the ratio differs between rows, since the condition multiplies another.
    """
    rows = terms_under(found, condition, at) - terms_under(found, condition, reference)
    if np.ptp(rows, axis=0).max(initial=0) > 1e-9 * max(np.abs(rows).max(initial=0), 1.0):
        raise BadParameter(
            f"the ratio for {condition} differs between rows, since a term multiplies it with another column",
            where="CountModel.rate_ratio",
            spoiled="One number would stand for many.",
            todo="Fit it within the levels of that column, or read the table of terms.",
        )
    contrast = rows[0]
    log_ratio = float(contrast @ found.fit.estimates)
    # Of terms with different degrees of freedom (CR2) the fewest, which can only widen the interval.
    used = found.covariance.degrees[contrast != 0]
    reach = reach_of(float(used.min(initial=np.inf))) * float(
        np.sqrt(max(contrast @ found.covariance.matrix @ contrast, 0))
    )
    return {
        "ratio": float(np.exp(log_ratio)),
        "low": float(np.exp(log_ratio - reach)),
        "high": float(np.exp(log_ratio + reach)),
    }


def terms_under(found: Estimates, condition: str, value: Any) -> np.ndarray:
    """Return the columns of the rows used, with one column of the frame at another value.

    Parameters
    ----------
    found : Estimates
    condition : str
    value : number, label, or array of n
    """
    design = found.design
    if condition not in needed_columns(design):
        raise BadParameter(
            f"no term of the model names {condition!r}",
            where=design.formula.text,
            spoiled="A condition that the model does not hold would seem to change nothing.",
            todo=f"Columns that it names: {', '.join(needed_columns(design))}.",
        )
    rows = design.source.iloc[design.places]
    changed = (
        rows.assign(**{condition: value}) if np.ndim(value) == 0 else rows.assign(**{condition: np.asarray(value)})
    )
    reasons = [reason for reason in unknown_levels(design, changed) if reason is not None]
    if reasons:
        raise BadParameter(
            f"the model was not fitted to {condition} = {value!r}",
            where="CountModel",
            spoiled="Nothing is known of it.",
            todo="Name a level among those of the rows used.",
        )
    return terms_of(design, changed)


def predicted(question: Question, found: Estimates, df: pd.DataFrame) -> Prediction:
    """Return what the model expects of rows, the exposure carried; see ``CountModel.predict``."""
    design, rows = found.design, df.reset_index(drop=True)
    reasons = unknown_levels(design, rows)
    exposure = _exposure(question, rows, reasons)
    for name in needed_columns(design):
        if name in rows:
            reasons[rows[name].isna().to_numpy()] = f"missing {name}"
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    terms = terms_of(design, rows[kept])
    linear = terms @ found.fit.estimates + _effects_of(found, rows[kept])
    if question.family != "fractional":
        linear = linear + np.log(exposure[kept])
    log_scale = linear + (found.intercept.sd**2 / 2 if found.intercept is not None else 0.0)
    mean = found.fit.family.mean(log_scale)
    if design.effects:
        low = high = np.full(len(mean), np.nan)
        note = "No interval: the doubt of fixed effects' own levels is not part of the covariance."
    else:
        error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", terms, found.covariance.matrix, terms), 0.0))
        reach = reach_of(float(found.covariance.degrees.min())) * error
        low, high = found.fit.family.mean(log_scale - reach), found.fit.family.mean(log_scale + reach)
        note = "Intervals are of what is expected, not of the counts, which vary about it."
    table = pd.DataFrame({"expected": mean, "low": low, "high": high}, index=df.index[kept])
    if question.exposure is not None:
        table.insert(0, question.exposure, exposure[kept])
    dropped = dropped_rows(df.index, reasons)
    missing = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    text = (
        f"Expected {design.formula.outcome} of {len(table):,} rows: {mean.sum():,.6g} together"
        f"{f' over their {question.exposure}' if question.exposure else ''}.{missing} It is what the model finds in "
        "rows like these, not what another practice would bring about."
    )
    return Prediction(table, text, dropped, (note,))


def _exposure(question: Question, rows: pd.DataFrame, reasons: np.ndarray) -> np.ndarray:
    if question.exposure is None:
        return np.ones(len(rows))
    if question.exposure not in rows:
        raise NoDenominator(
            f"the frame has no column {question.exposure!r}",
            where="CountModel.predict",
            spoiled="The model is of rates: without an exposure there is no count to expect.",
            todo="Bring the column; 1 in each row gives rates.",
        )
    amounts = numbers(rows[question.exposure], question.exposure)
    reasons[~(amounts > 0)] = "no exposure"
    return np.where(amounts > 0, amounts, 1.0)


def _effects_of(found: Estimates, rows: pd.DataFrame) -> np.ndarray:
    """Return by row the sum of the fixed effects' levels, and what centring took from the terms."""
    design = found.design
    total = np.zeros(len(rows))
    if not design.effects:
        return total
    for effect, estimates in zip(design.effects, found.fit.absorbed_effects(), strict=True):
        total += estimates[level_codes(effect.levels, rows, effect.name.split("^"))]
    # Terms were centred beside fixed effects; the levels' estimates are for centred terms.
    dense = design.terms.to_numpy()
    return total - dense.mean(axis=0) @ found.fit.estimates[: dense.shape[1]]


def attributed(found: Estimates, condition: str, reference: Any, draws: int, seed: int) -> AttributableEvents:
    """Count the events attributable to a condition; see ``CountModel.attributable``."""
    design = found.design
    own = np.hstack([design.terms.to_numpy(), terms_of_coded(found)])
    rows = own - terms_under(found, condition, reference)
    moved = np.abs(rows).max(axis=0) > 0
    part = attributable(
        rows[:, moved],
        found.fit.estimates[moved],
        found.covariance.matrix[np.ix_(moved, moved)],
        design.counts,
        draws=draws,
        seed=seed,
    )
    return told(part, design.formula.outcome, condition, reference, design.terms.index, draws)


def told(
    part: Attributable,
    outcome: str,
    condition: str,
    reference: Any,
    labels: pd.Index,
    draws: int,
    dropped: pd.DataFrame | None = None,
) -> AttributableEvents:
    """Put attributable events into a table and words.

    Parameters
    ----------
    part : Attributable
    outcome, condition : str
    reference : number or label
    labels : Index
        Of the rows counted.
    draws : int
    dropped : DataFrame, optional
        Columns row, reason: rows that could not be counted.
    """
    table = pd.DataFrame(
        {
            "quantity": ["number", "fraction"],
            "estimate": [part.number, part.fraction],
            "low": [part.number_low, part.fraction_low],
            "high": [part.number_high, part.fraction_high],
        }
    )
    dropped = no_rows_dropped() if dropped is None else dropped
    missing = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    text = (
        f"Of {part.events:,.0f} events of {outcome}, {part.number:,.0f} ({part.fraction:.1%}; 95% interval "
        f"{part.number_low:,.0f} to {part.number_high:,.0f}) are attributable to {condition} being where it was rather "
        f"than at {reference}, if the association is one of cause and what is held fixed is all that differs: "
        f"which the records cannot show.{missing}"
    )
    notes = (f"Interval from {draws:,} draws of the estimates from their normal distribution.",)
    by_row = pd.Series(part.by_row, index=labels, name="attributable_share")
    return AttributableEvents(table, text, dropped, notes, by_row=by_row)


def terms_of_coded(found: Estimates) -> np.ndarray:
    """Return the dummies of factors in codes for the rows used, shape (n, 0) where there are none."""
    shown = found.fit.columns.shown
    parts = [(factor.codes[:, None] == np.arange(factor.levels)).astype(float) for factor in shown]
    return np.hstack([np.zeros((len(found.design.counts), 0)), *parts])
