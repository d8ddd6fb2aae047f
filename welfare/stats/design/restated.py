"""The columns of a model for other rows than those it was fitted to, or for the same rows under another condition."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.design.build import Design
from welfare.stats.design.formula import unreadable

_MOST_CELLS = 50_000_000


def terms_of(design: Design, df: pd.DataFrame) -> np.ndarray:
    """Return the columns of the reported estimates for the rows of a frame.

    Parameters
    ----------
    design : Design
        Of the fit: splines keep their knots, factors the level they compare with.
    df : DataFrame, n rows
        With the columns that the terms name, complete; see :func:`unknown_levels`.

    Returns
    -------
    array, shape (n, q)

    Raises
    ------
    BadParameter
        If a column is missing, or cannot be read.
    """
    from formulaic.errors import FormulaicError

    absent = [name for name in needed_columns(design) if name not in df]
    if absent:
        raise BadParameter(
            f"the frame has no column {', '.join(map(repr, absent))}",
            where=design.formula.text,
            spoiled="What is expected would be that of other conditions.",
            todo="Bring every column that the terms name.",
        )
    built = design.matrices
    if sum(len(coded.names) for coded in built.coded) * len(df) > _MOST_CELLS:
        raise NotEstimable(
            "a factor of many levels and this many rows would fill the memory",
            where=design.formula.text,
            spoiled="The computation would not end.",
            todo="Give fewer rows at a time.",
        )
    try:
        with np.errstate(all="ignore"):
            dense = built.spec.get_model_matrix(df, na_action="ignore", context={})
    except (FormulaicError, ValueError, TypeError, KeyError) as failure:
        raise unreadable(design.formula.text, failure) from None
    parts = [pd.DataFrame(dense)[list(design.terms.columns)].to_numpy(dtype=float)]
    for coded in built.coded:
        levels = design.levels[_term(design, coded.column)]
        codes = pd.Categorical(df[coded.column], categories=levels).codes.astype(int)
        parts.append((codes[:, None] == np.arange(1, len(levels))).astype(float))
    return np.hstack(parts)


def needed_columns(design: Design) -> list[str]:
    """Return the columns of the frame that the terms on the right side name."""
    right = design.formula.parsed.rhs
    named = {str(name) for name in right.required_variables}
    # As where the formula is read: formulaic does not see columns inside calls with keywords.
    words = set(re.findall(r"[^\W\d]\w*", " ".join(factor.expr for term in right for factor in term.factors)))
    return [name for name in design.formula.columns if name in named or name in words]


def unknown_levels(design: Design, df: pd.DataFrame) -> np.ndarray:
    """Return, by row, which factor has a level that the fit does not know; None where all are known."""
    reasons = np.full(len(df), None, dtype=object)
    for term, levels in design.levels.items():
        column = re.sub(r"^C\(\s*(\w+).*\)$", r"\1", term)
        if column in df:
            reasons[~df[column].isin(levels).to_numpy()] = f"{column}: not in the fit"
    for effect in design.effects:
        names = effect.name.split("^")
        if all(name in df for name in names):
            reasons[level_codes(effect.levels, df, names) < 0] = f"{effect.name}: not in the fit"
    return reasons


def level_codes(levels: pd.Index, df: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return the place of each row's level among those of a fixed effect; -1 where it is not among them."""
    values: Any = pd.MultiIndex.from_frame(df[names]) if len(names) > 1 else pd.Index(df[names[0]])
    if len(names) > 1:
        levels = pd.MultiIndex.from_tuples(list(levels))
    return np.asarray(levels.get_indexer(values))


def _term(design: Design, column: str) -> str:
    return column if column in design.levels else f"C({column})"
