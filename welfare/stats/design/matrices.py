"""The terms of a formula as numbers; a factor of many levels stays in codes, for its dummies would fill the memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.design.formula import Formula, unreadable
from welfare.stats.design.rows import unused
from welfare.stats.glm.columns import Factor

# A factor is kept in codes where it has more levels than this and its dummies would fill more cells.
_FEW_LEVELS, _DENSE_CELLS = 20, 2_000_000


@dataclass(frozen=True)
class CodedFactor:
    """A factor of the formula that is kept in codes.

    Attributes
    ----------
    column : str
        Of the frame.
    factor : Factor
    names : list of str
        Of its columns.
    """

    column: str
    factor: Factor
    names: list[str]


@dataclass
class Matrices:
    """Outcome and terms of the rows that can be used.

    Attributes
    ----------
    outcome : array of float, shape (n,)
    terms : DataFrame, n rows
        The columns of numbers, labelled by the row's place in the frame.
    coded : list of CodedFactor
    levels : dict of str to list
        For each factor of the formula its levels, the one compared with first.
    empty_terms : list of str
        Terms without a column, since they take one value only.
    spec : object
        With which formulaic makes the same columns of other rows.
    """

    outcome: np.ndarray
    terms: pd.DataFrame
    coded: list[CodedFactor]
    levels: dict[str, list[Any]]
    empty_terms: list[str]
    spec: Any

    @property
    def names(self) -> list[str]:
        """Names of all estimates: the columns of numbers, then those of the coded factors."""
        return [*map(str, self.terms.columns), *(name for factor in self.coded for name in factor.names)]


def build_matrices(formula: Formula, rows: pd.DataFrame, reasons: np.ndarray) -> Matrices:
    """Turn the rows still in into numbers; a row whose terms are not finite gets a reason, and the rest is built again.

    Parameters
    ----------
    formula : Formula
    rows : DataFrame
        Numbered from 0.
    reasons : array of n str or None
        Why rows are out; added to.

    Raises
    ------
    NotEstimable
        If no row is left.
    BadParameter
        If formulaic cannot read the terms from the columns.
    """
    while True:
        out = unused(reasons)
        kept = rows if not out.any() else rows[~out]
        if kept.empty:
            raise NotEstimable(
                "no row is left to fit",
                where=formula.text,
                spoiled="There is nothing to estimate from.",
                todo="See which column is missing everywhere.",
            )
        kept = pd.DataFrame({name: _plain(kept[name]) for name in formula.columns}, index=kept.index)
        parsed, coded, levels = _coded_apart(formula, kept)
        both = _by_formulaic(formula, parsed, kept)
        terms = pd.DataFrame(both.rhs).astype("float64")
        if formula.effects and "Intercept" in terms:
            terms = terms.drop(columns="Intercept")  # fixed effects take its place
        outcome = pd.Series(both.lhs.iloc[:, 0]).astype("float64")
        finite = np.isfinite(outcome.to_numpy())
        for name in terms:
            finite &= np.isfinite(terms[name].to_numpy())
        if finite.all():
            spec = both.rhs.model_spec
            levels |= {str(factor): _base_first(state) for factor, state in spec.factor_contrasts.items()}
            empty = [str(term) for term, places in spec.term_indices.items() if not places]
            return Matrices(outcome.to_numpy(), terms, coded, levels, empty, spec)
        names, cells = [outcome.name, *terms.columns], np.column_stack([outcome, terms])
        for at in np.flatnonzero(~finite).tolist():
            reasons[terms.index[at]] = f"not a finite number: {names[int(np.argmin(np.isfinite(cells[at])))]}"


def _by_formulaic(formula: Formula, parsed: Any, kept: pd.DataFrame) -> Any:
    from formulaic.errors import FormulaicError

    try:
        # log(0) and its like are caught afterwards, by row.
        with np.errstate(all="ignore"):
            both = parsed.get_model_matrix(kept, na_action="ignore", context={})
    except (FormulaicError, ValueError, TypeError, KeyError) as failure:
        raise unreadable(formula.text, failure) from None
    if both.lhs.shape[1] != 1:
        raise BadParameter(
            f"the outcome of {formula.text!r} is not a column of numbers", todo="Name a column of counts."
        )
    return both


def _plain(column: pd.Series) -> pd.Series:
    """Give a full column of nullable or Arrow-backed numbers the numpy type formulaic expects; leave the rest."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("float64")
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.astype("int64")
    if pd.api.types.is_float_dtype(column.dtype):
        return column.astype("float64")
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_unused_categories()
    return column


def _coded_apart(formula: Formula, kept: pd.DataFrame) -> tuple[Any, list[CodedFactor], dict[str, list[Any]]]:
    """Take large factors that stand alone in a term out of the formula, and code them."""
    from formulaic import Formula as Parser

    terms = list(formula.parsed.rhs)
    coded: list[CodedFactor] = []
    levels: dict[str, list[Any]] = {}
    if not any(str(term) == "1" for term in terms):
        return formula.parsed, coded, levels
    rest = []
    for term in terms:
        column = _alone(term, terms)
        values = kept.get(column)
        if values is None or not _large(str(term), values):
            rest.append(term)
            continue
        categories = pd.Categorical(values)
        found = list(categories.categories)
        levels[str(term)] = found
        names = [f"{term}[T.{level}]" for level in found[1:]]
        coded.append(CodedFactor(column, Factor(categories.codes.astype(np.int64) - 1, len(found) - 1), names))
    if not coded:
        return formula.parsed, coded, levels
    return Parser(lhs=formula.parsed.lhs, rhs=rest), coded, levels


def _alone(term: Any, terms: list[Any]) -> str:
    """Return the column of a term that is one factor and stands in no other term; else nothing."""
    if len(term.factors) != 1:
        return ""
    (factor,) = term.factors
    if any(factor in other.factors for other in terms if other is not term):
        return ""
    called = re.fullmatch(r"C\(\s*(\w+)\s*\)", factor.expr)
    return called[1] if called else factor.expr


def _large(term: str, values: pd.Series) -> bool:
    if not term.startswith("C(") and pd.api.types.is_numeric_dtype(values.dtype):
        return False
    levels = values.nunique()
    return levels > _FEW_LEVELS and levels * len(values) > _DENSE_CELLS


def _base_first(state: Any) -> list[Any]:
    levels = list(state.levels)
    base = getattr(state.contrasts, "base", None)
    return sorted(levels, key=lambda level: level != base)  # stable: as it was where no base was named
