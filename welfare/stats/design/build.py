"""A formula and a frame made into what a model is fitted to: numbers, with every row left out named and explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadValue, NotEstimable
from welfare.stats.design.formula import Formula, known_columns, read_formula
from welfare.stats.design.matrices import Matrices, build_matrices
from welfare.stats.design.rows import first_reasons, settled_alone
from welfare.stats.design.separation import null_directions, separated_rows
from welfare.stats.glm.columns import Columns, Factor
from welfare.stats.glm.solving import independent
from welfare.stats.inputs import dropped_rows, not_negative, numbers


@dataclass(frozen=True)
class Effects:
    """One fixed effect of the formula.

    Attributes
    ----------
    name : str
        As the formula has it.
    levels : Index
        Its levels among the rows used.
    codes : array of int, shape (n,)
        Which of them each row has.
    """

    name: str
    levels: pd.Index
    codes: np.ndarray


@dataclass(frozen=True)
class Design:
    """Rows and columns ready to fit.

    Attributes
    ----------
    formula : Formula
        As read.
    matrices : Matrices
        With what makes the same columns of other rows.
    counts : array of float, shape (n,)
        The outcome.
    terms : DataFrame, n rows by k columns
        The terms that are columns of numbers, under the row labels of the input.
    columns : Columns
        Terms, factors in codes and fixed effects, as the fit takes them.
    kept : array of bool
        Which columns of the small system are estimated.
    names : list of q str
        Of the estimates: those of `terms`, then those of factors in codes.
    effects : tuple of Effects
        Fixed effects after the bar.
    exposure : array of float, shape (n,), or None
        What each outcome was made over; None where no exposure was asked for.
    clusters : tuple of Series of n labels
        Which rows belong together, one series per way of clustering; empty if rows stand alone.
    levels : dict of str to list
        For each factor of the formula, its levels among the rows used; the first is the one compared with.
    dropped : DataFrame
        Columns row, reason.
    notes : tuple of str
        What was changed on the way.
    source : DataFrame
        The columns of the input that the model uses, all its rows: what a refit needs.
    places : array of int, shape (n,)
        Where in `source` each row used stands.
    """

    formula: Formula
    matrices: Matrices
    counts: np.ndarray
    terms: pd.DataFrame
    columns: Columns
    kept: np.ndarray
    names: list[str]
    effects: tuple[Effects, ...]
    exposure: np.ndarray | None
    clusters: tuple[pd.Series, ...]
    levels: dict[str, list[Any]]
    dropped: pd.DataFrame
    notes: tuple[str, ...]
    source: pd.DataFrame
    places: np.ndarray

    @property
    def log_exposure(self) -> np.ndarray:
        """Logarithm of the exposure; zeros where none was asked for."""
        return np.zeros(len(self.counts)) if self.exposure is None else np.log(self.exposure)


def build_design(
    text: str,
    df: pd.DataFrame,
    *,
    exposure: str | None,
    clusters: Sequence[str] = (),
    also: Sequence[str] = (),
    upper: float | None = None,
) -> Design:
    """Turn a formula and a frame into a design that has a finite estimate for every column.

    Parameters
    ----------
    text : str
        ``"counts ~ terms"`` or ``"counts ~ terms | fixed effects"``.
    df : DataFrame
        One row per observation.
    exposure : str or None
        Column of exposures, in any one unit.
    clusters : sequence of str
        Columns that say which rows belong together.
    also : sequence of str
        Other columns without which a row cannot be used.
    upper : float or None
        The highest value an outcome can have; None for counts.

    Returns
    -------
    Design

    Raises
    ------
    BadParameter
        If the formula cannot be read, or names a column the frame lacks.
    BadValue
        If a count is negative or not a number, or above `upper`.
    NoDenominator
        If an exposure was named and no row has one above zero.
    NotEstimable
        If no row is left, no event was counted, a term does not vary, or columns repeat one another.
    """
    formula = read_formula(text, df)
    asked = known_columns(df, exposure=exposure, cluster=clusters, random=also)
    wanted = {*formula.columns, *asked}
    used = [name for name in df.columns if name in wanted]
    rows = df[used].reset_index(drop=True)
    reasons = first_reasons(rows, exposure)
    built, columns, kept, notes = usable(formula, rows, reasons, upper)
    places = built.terms.index.to_numpy()
    many = int(kept.sum()) + (0 if columns.swept is None else columns.swept.levels)
    if len(places) <= many:
        raise NotEstimable(
            f"{len(places):,} rows cannot carry {many:,} estimates",
            where=text,
            spoiled="The model would repeat the data and leave nothing to judge its doubt by.",
            todo="Use fewer terms, or more rows.",
        )
    labels = df.index[places]
    return Design(
        formula=formula,
        matrices=built,
        counts=built.outcome,
        terms=built.terms.set_axis(labels, axis=0),
        columns=columns.orthogonal(),
        kept=kept,
        names=built.names,
        effects=tuple(_effect(rows, effect, places) for effect in formula.effects),
        exposure=numbers(rows[exposure], exposure)[places] if exposure else None,
        clusters=tuple(rows[name].iloc[places].set_axis(labels) for name in clusters),
        levels=built.levels,
        dropped=dropped_rows(df.index, reasons),
        notes=(*_exposure_notes(rows, reasons, formula.outcome, exposure), *notes),
        source=df[used].copy(),
        places=places,
    )


def usable(
    formula: Formula, rows: pd.DataFrame, reasons: np.ndarray, upper: float | None
) -> tuple[Matrices, Columns, np.ndarray, list[str]]:
    """Leave out what no finite estimate exists for, in turn, until all that is left has one.

    Parameters
    ----------
    formula : Formula
    rows : DataFrame
        Numbered from 0.
    reasons : array of n str or None
        Why rows are out; added to.
    upper : float or None
        The highest value an outcome can have.

    Returns
    -------
    Matrices, Columns, kept : array of bool, notes : list of str
    """
    built = build_matrices(formula, rows, reasons)
    _refuse_outcomes(built, formula, upper)
    whole, lost, first = built, 0, True
    while True:
        built = _without_settled(formula, rows, reasons, built, upper)
        columns = _columns(formula, rows, built)
        kept = _estimated(columns)
        if first:
            _refuse_terms(built, columns, kept, formula)
        separated = separated_rows(built.outcome, columns, upper)
        if not separated.any():
            break
        first, lost = False, lost + int(separated.sum())
        reasons[built.terms.index[separated]] = "separated"
        built = build_matrices(formula, rows, reasons)
    notes = _separation_notes(whole, built, int((reasons == "separated").sum()))
    if not kept[len(kept) - built.terms.shape[1] :].all():
        mine = kept[len(kept) - built.terms.shape[1] :]
        gone = [str(name) for name in built.terms.columns[~mine]]
        notes.append(f"No finite estimate exists for {', '.join(gone)}; left out of the model.")
        built.terms = built.terms.loc[:, mine]
        columns = _columns(formula, rows, built)
        kept = _estimated(columns)
    return built, columns, kept, notes


def _without_settled(
    formula: Formula, rows: pd.DataFrame, reasons: np.ndarray, built: Matrices, upper: float | None
) -> Matrices:
    """Leave out the rows that fixed effects fit alone."""
    if not formula.effects:
        return built
    places = built.terms.index.to_numpy()
    codes = [_effect(rows, effect, places).codes for effect in formula.effects]
    alone, separated = settled_alone(codes, built.outcome, upper)
    if not (alone | separated).any():
        return built
    reasons[places[alone]], reasons[places[separated]] = "singleton", "separated"
    return build_matrices(formula, rows, reasons)


def _columns(formula: Formula, rows: pd.DataFrame, built: Matrices) -> Columns:
    places = built.terms.index.to_numpy()
    effects = [_effect(rows, effect, places) for effect in formula.effects]
    absorbed = tuple(Factor(effect.codes, len(effect.levels)) for effect in effects)
    dense = built.terms.to_numpy()
    if absorbed:
        dense = dense - dense.mean(axis=0)
    return Columns(dense, tuple(coded.factor for coded in built.coded), absorbed)


def _estimated(columns: Columns) -> np.ndarray:
    """Return which columns add something to those before them."""
    if columns.small or columns.swept is not None:
        return independent(columns, np.ones(columns.rows))
    kept = np.ones(columns.width, dtype=bool)
    if null_directions(columns.dense).shape[1]:
        for at in range(columns.width):
            kept[at] = not null_directions(columns.dense[:, [*np.flatnonzero(kept[:at]), at]]).shape[1]
    return kept


def _effect(rows: pd.DataFrame, names: tuple[str, ...], places: np.ndarray) -> Effects:
    used = rows.iloc[places]
    values = used[names[0]] if len(names) == 1 else pd.MultiIndex.from_frame(used[list(names)])
    codes, levels = pd.factorize(values, sort=True)
    return Effects("^".join(names), pd.Index(levels), codes.astype(np.int64))


def _refuse_outcomes(built: Matrices, formula: Formula, upper: float | None) -> None:
    not_negative(built.outcome, formula.outcome, built.terms.index)
    if upper is not None and (built.outcome > upper).any():
        first = int(np.argmax(built.outcome > upper))
        raise BadValue(
            f"{formula.outcome} is {built.outcome[first]:g} in row {built.terms.index[first]!r}, above {upper:g}",
            where=formula.outcome,
            spoiled="A share above all there is would bend every estimate.",
            todo="Give shares between 0 and 1: divide percentages by 100.",
        )
    if not built.outcome.any():
        raise NotEstimable(
            "no event was counted in the rows that can be used",
            where=formula.text,
            spoiled="Every ratio would be zero divided by zero.",
            todo="Use wf.rate, which gives an upper limit for none.",
        )


def _refuse_terms(built: Matrices, columns: Columns, kept: np.ndarray, formula: Formula) -> None:
    if not built.names:
        raise NotEstimable(
            "the model holds fixed effects alone, and no term",
            where=formula.text,
            spoiled="There would be no estimate to report.",
            todo="Write the condition before '|'.",
        )
    if built.empty_terms:
        raise NotEstimable(
            f"{', '.join(built.empty_terms)} takes one value in all rows that can be used",
            where=formula.text,
            spoiled="There is nothing to compare it with.",
            todo="Leave the term out, or bring rows with another value.",
        )
    hidden = columns.starts[len(columns.small) - len(columns.shown)]
    if kept[hidden:].all():
        return
    dense = kept[columns.starts[-1] :]
    repeated = [str(name) for name in built.terms.columns[~dense]]
    coded = [name for factor in built.coded for name in factor.names]
    repeated += [name for name, used in zip(coded, kept[hidden : columns.starts[-1]], strict=True) if not used]
    if formula.effects:
        within = " and ".join("^".join(effect) for effect in formula.effects)
        what = f"{', '.join(repeated)} does not vary within {within}, or repeats other columns there"
    else:
        names = ", ".join(_together(built, repeated))
        what = f"the columns {names} repeat one another (one is a sum of the others, or does not vary)"
    raise NotEstimable(
        what,
        where=formula.text,
        spoiled="Infinitely many sets of estimates fit equally well, and any one of them would be arbitrary.",
        todo="Leave one of them out of the formula." + (" Or leave out that fixed effect." if formula.effects else ""),
    )


def _together(built: Matrices, repeated: list[str]) -> list[str]:
    """Name all columns that take part in the repetition, not only the last of them."""
    together = null_directions(built.terms.to_numpy())
    share = np.abs(together * np.linalg.norm(built.terms, axis=0)[:, None]).max(axis=1, initial=0)
    names = [str(name) for name in built.terms.columns[(share > 1e-8) | (built.terms == 0).all()]]
    return names or repeated


def _separation_notes(whole: Matrices, after: Matrices, many: int) -> list[str]:
    if not many:
        return []
    notes = [
        f"Rows left out as separated: {many:,}. The model could fit their zeros only with an estimate that runs to "
        "infinity, so what sets them apart has no finite ratio. They remain rows in which nothing was recorded."
    ]
    for factor, levels in whole.levels.items():
        left = after.levels.get(factor, [])
        gone = [str(level) for level in levels if level not in left]
        if gone:
            notes.append(f"{factor}: no event in {', '.join(gone)}; not estimated.")
        if left and left[0] != levels[0]:
            notes.append(f"{factor} is compared with {left[0]}, since {levels[0]} had no event.")
    return notes


def _exposure_notes(rows: pd.DataFrame, reasons: np.ndarray, outcome: str, exposure: str | None) -> list[str]:
    if exposure is None or outcome not in rows:
        return []
    without = pd.Series(reasons).isin(["no exposure", "negative exposure"]).to_numpy()
    lost = numbers(rows[outcome], outcome)[without]
    events = np.nansum(lost)
    return [f"{events:,.0f} events were recorded in rows without {exposure}; they are left out."] if events else []
