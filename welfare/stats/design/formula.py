"""A model's formula: read, checked to hold terms and no code, and split from the fixed effects after its bar."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from welfare.errors import BadParameter

# What a term may call: formulaic's transforms that keep a row to itself or remember what they learned, and numpy's.
_CALLS = {"C", "I", "bs", "cr", "cs", "cc", "poly", "center", "scale", "log", "log10", "log2", "exp", "sqrt", "abs"}
_NUMPY = {"log", "log1p", "log10", "log2", "exp", "expm1", "sqrt", "abs", "sin", "cos", "floor", "minimum", "maximum"}
_NODES = (
    ast.Expression, ast.Name, ast.Load, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.keyword,
    ast.operator, ast.unaryop, ast.cmpop, ast.List, ast.Tuple,
)  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """A formula as read.

    Attributes
    ----------
    text : str
        As given.
    parsed : object
        Outcome and terms, as formulaic has them.
    outcome : str
        The left side.
    effects : tuple of tuple of str
        Fixed effects: each is one column, or several of which every combination is a level.
    columns : tuple of str
        Columns of the frame that the formula names, in the frame's order.
    """

    text: str
    parsed: Any
    outcome: str
    effects: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...]


def read_formula(text: str, df: pd.DataFrame) -> Formula:
    """Read ``"counts ~ terms"`` or ``"counts ~ terms | effect + effect"`` against a frame.

    Parameters
    ----------
    text : str
        Terms as formulaic reads them; after the bar, columns joined by ``+``, ``one^other`` for their combinations.
    df : DataFrame
        Whose columns it may name.

    Raises
    ------
    BadParameter
        If it cannot be read, names a column the frame lacks, or holds code beyond arithmetic and the known functions.
    """
    if not isinstance(text, str) or text.count("~") != 1 or not text.split("~")[0].strip():
        raise BadParameter(
            f"the formula {text!r} has no outcome",
            where="count_model(formula=)",
            spoiled="Nothing says which column is to be explained.",
            todo="Write it as 'counts ~ term + term'.",
        )
    main, bar, after = text.partition("|")
    if "|" in after:
        raise _unreadable(text, "it has more than one '|'")
    effects = _effects(text, after, df) if bar else ()
    parsed = _parsed(text, main, beside_effects=bool(bar))
    for factor in _factors(parsed):
        _refuse_code(text, factor)
    named = _named(text, main, parsed, df) | {name for effect in effects for name in effect}
    columns = tuple(name for name in df.columns if name in named)
    return Formula(text, parsed, str(parsed.lhs), effects, columns)


def _parsed(text: str, main: str, *, beside_effects: bool) -> Any:
    from formulaic import Formula as Parser
    from formulaic.errors import FormulaicError

    try:
        # Beside fixed effects too factors are compared with a level: the constant's column is taken away afterwards.
        parsed = Parser(f"{main} + 1" if beside_effects else main)
    except (FormulaicError, AttributeError, TypeError, SyntaxError) as failure:
        raise unreadable(text, failure) from None
    if not hasattr(parsed, "lhs") or len(parsed.lhs) != 1:
        raise BadParameter(f"the formula {text!r} does not have one outcome", todo="Name one column of counts.")
    return parsed


def _effects(text: str, after: str, df: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    found = tuple(tuple(part.strip() for part in effect.split("^")) for effect in after.split("+"))
    for name in (name for effect in found for name in effect):
        if not name or name not in df:
            raise BadParameter(
                f"the frame has no column {name!r}" if name else "a fixed effect is empty",
                where=f"count_model(formula={text!r})",
                spoiled="A fixed effect meant to be held fixed would not be.",
                todo=f"After '|' stand columns joined by '+'. Columns it has: {', '.join(map(str, df.columns))}.",
            )
    return found


def _factors(parsed: Any) -> list[Any]:
    return [factor for side in (parsed.lhs, parsed.rhs) for term in side for factor in term.factors]


def _refuse_code(text: str, factor: Any) -> None:
    """Let through arithmetic, comparisons and known functions: a formula may come from a file and must run nothing."""
    if factor.eval_method.value != "python":
        return
    try:
        tree = ast.parse(factor.expr.replace("`", ""), mode="eval")
    except SyntaxError as failure:
        raise unreadable(text, failure) from None
    numpy_calls = {
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and ((node.value.id, node.attr) == ("contr", node.attr) or (node.value.id == "np" and node.attr in _NUMPY))
    }
    for node in ast.walk(tree):
        known = isinstance(node, _NODES) or node in numpy_calls
        if isinstance(node, ast.Call):
            known = node.func in numpy_calls or (isinstance(node.func, ast.Name) and node.func.id in _CALLS)
        if not known:
            raise BadParameter(
                f"the formula holds code that is not a term: {ast.unparse(node)}",
                where=f"count_model(formula={text!r})",
                spoiled="It would be run, whatever it does.",
                todo=f"Make a column of it first. Functions known: {', '.join(sorted(_CALLS))}, np.log and its like.",
            )


def _named(text: str, main: str, parsed: Any, df: pd.DataFrame) -> set[str]:
    unknown = sorted(map(str, set(parsed.required_variables) - set(df.columns)))
    if unknown:
        raise BadParameter(
            f"the frame has no column {', '.join(map(repr, unknown))}",
            where=f"count_model(formula={text!r})",
            spoiled="A term meant to be in the model would be missing from it.",
            todo=f"Columns it has: {', '.join(map(str, df.columns))}. Functions: formulaic's, and numpy's as np.log.",
        )
    # formulaic does not see the columns inside calls with keywords, such as bs(x, df=4): names are looked for too.
    words = {word for word in re.findall(r"[^\W\d]\w*(?!\w)(?!\s*=[^=])", main) if word in df}
    return words | {name for name in parsed.required_variables if name in df}


def unreadable(text: str, failure: Exception) -> BadParameter:
    """Return the error for a formula that another library could not read."""
    return _unreadable(text, re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(failure)).strip().split("\n")[0])


def _unreadable(text: str, reason: str) -> BadParameter:
    return BadParameter(
        f"the formula cannot be used ({reason})",
        where=f"count_model(formula={text!r})",
        spoiled="A model of other terms than those meant would be fitted.",
        todo="Write it as 'counts ~ term + term'; functions known are those of formulaic and numpy (np.log).",
    )


def known_columns(df: pd.DataFrame, **asked: str | Iterable[str] | None) -> list[str]:
    """Return the columns named beside the formula, by role; refuse those the frame lacks."""
    names = []
    for role, given in asked.items():
        for name in (given,) if isinstance(given, str) or given is None else tuple(given):
            if name is None:
                continue
            if not isinstance(name, str) or name not in df:
                raise BadParameter(
                    f"the frame has no column {name!r}",
                    where=f"count_model({role}=)",
                    spoiled="Rates would lack a denominator." if role == "exposure" else "Doubt would be understated.",
                    todo=f"Columns it has: {', '.join(map(str, df.columns))}.",
                )
            names.append(name)
    return names
