"""A formula and a frame of spells made into what a model of hazards is fitted to, every row left out named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NotEstimable, WelfareError
from welfare.stats.design.build import Design
from welfare.stats.design.formula import Formula, read_formula
from welfare.stats.design.matrices import Matrices, build_matrices
from welfare.stats.design.rows import first_reasons
from welfare.stats.duration.asked import Asked
from welfare.stats.duration.hazards.at_risk import AtRisk, at_risk
from welfare.stats.duration.rows import check_columns, entries, group_labels, lost_at_entry, time_reasons, zero_or_one
from welfare.stats.glm.columns import Columns
from welfare.stats.inputs import dropped_rows, numbers

_MOST_CELLS = 50_000_000


@dataclass
class Spells:
    """The rows of a frame as spells, numbered from 0, before a model is built of those that can be used.

    Attributes
    ----------
    asked : Asked
    formula : Formula
    rows : DataFrame
        The columns that the model uses.
    labels : Index
        Of the input.
    reasons : array of n str or None
        Why rows are out.
    notes : list of str
    """

    asked: Asked
    formula: Formula
    rows: pd.DataFrame
    labels: pd.Index
    reasons: np.ndarray
    notes: list[str]


@dataclass(frozen=True)
class HazardDesign:
    """What a model of hazards is fitted to.

    Attributes
    ----------
    design : Design
        Terms, levels, rows left out; `counts` are the events, `clusters` those of the errors.
    at_risk : AtRisk
    columns : array, shape (n, k)
        Terms, and factors in codes written out.
    strata : list of str
        Names of the strata, in the order of `at_risk.stratum`.
    """

    design: Design
    at_risk: AtRisk
    columns: np.ndarray
    strata: list[str]


@contextmanager
def asked_of_duration() -> Iterator[None]:
    """Let errors of the shared reading of formulas name the function that was called."""
    try:
        yield
    except WelfareError as failure:
        where = failure.where.replace("count_model", "duration")
        todo = failure.todo.replace("counts ~ term + term", "event ~ term + term")
        raise type(failure)(failure.what, where=where, spoiled=failure.spoiled, todo=todo) from None


def read_spells(asked: Asked, df: pd.DataFrame) -> Spells:
    """Check the frame against what is asked, and find the rows that cannot be used.

    Parameters
    ----------
    asked : Asked
    df : DataFrame

    Raises
    ------
    BadParameter, BadValue
        As :func:`welfare.stats.duration.model.duration`.
    """
    check_columns(
        df,
        "duration",
        time=asked.time,
        entry=asked.entry,
        strata=asked.strata,
        cluster=asked.cluster,
        unit=asked.unit,
    )
    with asked_of_duration():
        formula = read_formula(asked.formula, df)
    event = _event_of(formula, df)
    held = tuple(name for effect in formula.effects for name in effect)
    asked = _with_strata(asked, formula, held)
    wanted = {*formula.columns, *asked.strata, asked.time, asked.entry, asked.cluster, asked.unit}
    rows = df[[name for name in df.columns if name in wanted]].reset_index(drop=True)
    values = zero_or_one(df, event, "duration")
    times = time_reasons(df, time=asked.time, entry=asked.entry, where="duration")
    reasons = first_reasons(rows, None)
    late = pd.isna(reasons) & pd.notna(times)
    reasons[late] = times[late]
    notes = lost_at_entry(values == 1, reasons)
    found = Spells(asked, formula, rows.assign(**{event: values}), df.index, reasons, notes)
    _refuse_overlaps(found)
    return found


def _event_of(formula: Formula, df: pd.DataFrame) -> str:
    event = formula.outcome
    if event not in df:
        raise BadParameter(
            f"the outcome {event!r} is not a column",
            where="duration(formula=)",
            spoiled="Which rows end with the event would be a guess.",
            todo="Name a column of 0 and 1 before '~', and the time in time=.",
        )
    return event


def _with_strata(asked: Asked, formula: Formula, held: tuple[str, ...]) -> Asked:
    """Take one fixed effect after the bar for strata, which is what holding it fixed means here."""
    if not formula.effects:
        return asked
    # A refit asks again with the strata already taken over.
    if len(formula.effects) > 1 or (asked.strata and asked.strata != held):
        raise BadParameter(
            "the formula holds more than one fixed effect, or strata as well",
            where="duration(formula=)",
            spoiled="Strata hold one effect fixed, of every combination; two that add up are another model.",
            todo="Write '| one^other' for every combination, or put the other among the terms as C(other).",
        )
    return Asked(asked.formula, asked.time, asked.entry, held, asked.cluster, asked.unit, asked.ties, asked.errors)


def _refuse_overlaps(spells: Spells) -> None:
    """Refuse spells of one unit that overlap within a stratum: it would be at risk twice at once."""
    unit = spells.asked.unit
    if unit is None:
        return
    kept = spells.rows[pd.isna(spells.reasons)]
    begins = entries(kept, spells.asked.entry)
    frame = pd.DataFrame({"begin": begins, "end": numbers(kept[spells.asked.time], "time")}, index=kept.index)
    frame["own"] = group_labels(kept, [unit, *spells.asked.strata])[0]
    frame = frame.sort_values(["own", "begin", "end"], kind="stable")
    again = (frame["own"].shift(-1) == frame["own"]) & (frame["begin"].shift(-1) < frame["end"] - 1e-9)
    if again.any():
        first = frame.index[again.to_numpy()][0]
        raise BadValue(
            f"spells of one {unit} overlap: {kept[unit].loc[first]}, in row {spells.labels[first]!r} "
            f"({int(again.sum()):,} such rows)",
            where="duration(unit=)",
            spoiled="It would be at risk twice at the same time, and count double.",
            todo="Make spells with wf.spells. If each spell has a clock of its own, stratify by its number "
            "(strata='number'), or give cluster= in place of unit=.",
        )


def build_hazards(spells: Spells, *, without: tuple[str, ...] = (), mended: bool = False) -> HazardDesign:
    """Build the model of the rows still in.

    Parameters
    ----------
    spells : Spells
        `reasons` is added to, where a term is not finite.
    without : tuple of str
        Names of columns to leave out.
    mended : bool
        Whether rows were left out for an infinite ratio: a column that then takes one value goes too.

    Raises
    ------
    NotEstimable
        If no row is left, none has the event, or a term does not vary.
    """
    asked, formula = spells.asked, spells.formula
    with asked_of_duration():
        built = build_matrices(formula, spells.rows, spells.reasons)
    gone = [name for name in ("Intercept", *without, *(_still(built) if mended else ())) if name in built.terms]
    built.terms = built.terms.drop(columns=gone)
    _refuse(built, formula, mended)
    columns = np.hstack([built.terms.to_numpy(), _written_out(built)])
    places = built.terms.index.to_numpy()
    kept = spells.rows.iloc[places]
    stratum, strata = group_labels(kept, list(asked.strata))
    begins = entries(kept, asked.entry)
    labels = spells.labels[places]
    together = asked.together
    design = Design(
        formula=formula,
        matrices=built,
        counts=built.outcome,
        terms=built.terms.set_axis(labels, axis=0),
        columns=Columns(columns),
        kept=np.ones(columns.shape[1], dtype=bool),
        names=built.names,
        effects=(),
        exposure=None,
        clusters=() if together is None else (kept[together].set_axis(labels),),
        levels=built.levels,
        dropped=dropped_rows(spells.labels, spells.reasons),
        notes=tuple(spells.notes),
        source=spells.rows.set_axis(spells.labels, axis=0),
        places=places,
    )
    rows = at_risk(begins, numbers(kept[asked.time], asked.time), built.outcome == 1, stratum)
    return HazardDesign(design, rows, columns, strata)


def _still(built: Matrices) -> list[str]:
    return [str(name) for name in built.terms if np.ptp(built.terms[name].to_numpy()) == 0]


def _refuse(built: Matrices, formula: Formula, mended: bool) -> None:
    if not built.outcome.any():
        raise NotEstimable(
            "no row that can be used ends with the event",
            where=formula.text,
            spoiled="Every hazard ratio would be zero divided by zero.",
            todo="Use wf.rate, which gives an upper limit for none.",
        )
    if mended and not built.names:
        raise NotEstimable(
            "no term has a finite hazard ratio",
            where=formula.text,
            spoiled="No finite ratio fits best, and any that is printed would be where the steps were stopped.",
            todo="Report the events themselves, or bring rows in which the event is met under other conditions.",
        )
    still = [] if mended else [*built.empty_terms, *_still(built)]
    if still or not built.names:
        shown = ", ".join(still)
        raise NotEstimable(
            f"{shown} takes one value in all rows that can be used" if shown else "the model holds no term",
            where=formula.text,
            spoiled="There is nothing to compare it with.",
            todo="Leave the term out, or bring rows with another value.",
        )


def _written_out(built: Matrices) -> np.ndarray:
    """Return the columns of factors kept in codes."""
    many, rows = sum(len(coded.names) for coded in built.coded), len(built.outcome)
    if many * rows > _MOST_CELLS:
        raise NotEstimable(
            f"a factor of {many:,} levels and {rows:,} rows would fill the memory",
            where="duration(formula=)",
            spoiled="The computation would not end.",
            todo="Hold it fixed with strata=, or join levels.",
        )
    parts = [(coded.factor.codes[:, None] == np.arange(coded.factor.levels)).astype(float) for coded in built.coded]
    return np.hstack(parts) if parts else np.zeros((rows, 0))
