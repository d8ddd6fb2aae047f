"""Conditions as categories: numbers are cut into stated bands or refused, and what was not recorded says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue

NOT_RECORDED = "not recorded"
_MOST_VALUES = 30
Subset = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Conditions:
    """Categorical conditions of n rows.

    Attributes
    ----------
    codes : array of int, shape (n, k)
        Position of each row's value in `known`, by condition; -1 where it is missing and has no value of its own.
    known : dict of str to tuple of str
        Values of each condition, by its name: in the order of its categories or bands, else of the alphabet.
    missing : dict of str to int
        Rows without a value, by condition.
    """

    codes: np.ndarray
    known: dict[str, tuple[str, ...]]
    missing: dict[str, int]


def as_categories(
    panel: pd.DataFrame, names: Sequence[str], *, bands: Mapping[str, Sequence[float]], own_value: bool
) -> Conditions:
    """Return conditions as codes.

    Parameters
    ----------
    panel : DataFrame
        One row per facility and period, or whatever is counted.
    names : sequence of str
        Columns: text, categories, or yes and no; numbers only with bands.
    bands : mapping of str to sequence of float
        Where to cut a column of numbers, in its unit, ascending; each band holds its lower end.
    own_value : bool
        Whether a missing value becomes the value "not recorded".

    Returns
    -------
    Conditions

    Raises
    ------
    BadParameter
        If a column is not categorical, or has too many values.
    BadValue
        If a column holds "not recorded" as a word and has missing values as well.
    """
    codes, values, missing = np.empty((len(panel), len(names)), dtype=np.int64), {}, {}
    for position, name in enumerate(names):
        column = _cut(panel[name], name, bands[name]) if name in bands else _text(panel[name], name)
        empty = column.isna().to_numpy()
        known = [str(value) for value in column.cat.categories]
        coded = column.cat.codes.to_numpy().astype(np.int64)
        missing[name] = int(empty.sum())
        if own_value and empty.any():
            if NOT_RECORDED in known:
                raise BadValue(
                    f"{name} holds the words {NOT_RECORDED!r} and missing values as well",
                    where="practices",
                    spoiled="Two kinds of not knowing would be taken for one condition.",
                    todo="Give one of them another name.",
                )
            coded[empty] = len(known)
            known.append(NOT_RECORDED)
        _refuse_many(name, len(known))
        codes[:, position], values[name] = coded, tuple(known)
    return Conditions(codes, values, missing)


def _text(column: pd.Series, name: str) -> pd.Series:
    """Return a column of text, categories or yes and no as categories of text."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        used = column.cat.remove_unused_categories()
        return used.cat.rename_categories([str(value) for value in used.cat.categories])
    known = column.dropna()
    if known.map(lambda value: isinstance(value, bool | np.bool_)).all():
        words = column.map({True: "yes", False: "no"}, na_action="ignore")
    elif known.map(lambda value: isinstance(value, str)).all():
        words = column
    else:
        raise BadParameter(
            f"{name} is not categorical: it holds {known.iloc[0]!r}",
            where="practices(conditions=)",
            spoiled="Every number would be a condition of its own, and where to cut would be chosen after the fact.",
            todo=f"Say where to cut, bands={{{name!r}: [...]}} (or pd.cut); codes become text by .astype(str).",
        )
    return words.astype("str").astype("category")


def _cut(column: pd.Series, name: str, edges: Sequence[float]) -> pd.Series:
    """Return numbers as categories: below the first edge, from each edge to the next, and from the last on."""
    at = _as_numbers(edges)
    if not at or not np.isfinite(at).all() or any(low >= high for low, high in pairwise(at)):
        raise BadParameter(
            f"the edges of {name} are {edges!r}",
            where="practices(bands=)",
            spoiled="Bands would be empty or overlap.",
            todo="Give one or more numbers in ascending order.",
        )
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise BadParameter(
            f"{name} is no column of numbers",
            where="practices(bands=)",
            spoiled="It cannot be cut into bands.",
            todo=f"Leave {name!r} out of bands, or convert it to numbers.",
        )
    between = [f"{low:g} to below {high:g}" for low, high in pairwise(at)]
    labels = [f"below {at[0]:g}", *between, f"{at[-1]:g} or more"]
    values = pd.Series(column.to_numpy(dtype=float, na_value=np.nan), index=column.index)
    return pd.cut(values, [-np.inf, *at, np.inf], right=False, labels=labels).cat.remove_unused_categories()


def _refuse_many(name: str, many: int) -> None:
    if many > _MOST_VALUES:
        raise BadParameter(
            f"{name} has {many} values",
            where="practices(conditions=)",
            spoiled=f"With more than {_MOST_VALUES} a subset of them is a list of rows, not a practice.",
            todo="Put rare values together, or search a coarser condition.",
        )


def _as_numbers(edges: Any) -> list[float]:
    """Return edges as numbers, none where they are not."""
    try:
        return [float(edge) for edge in edges]
    except (TypeError, ValueError):
        return []


def in_words(subset: Subset, values: Mapping[str, tuple[str, ...]]) -> str:
    """Say a subset of conditions as a reader would.

    Parameters
    ----------
    subset : dict of str to tuple of str
        Values held, by condition; conditions that may be anything are not named.
    values : mapping of str to tuple of str
        All values of each condition.

    Returns
    -------
    str
        Such as "shift is night, and stunning is gas or electrical".
    """
    return ", and ".join(_one_in_words(name, held, values[name]) for name, held in subset.items())


def _one_in_words(name: str, held: tuple[str, ...], values: tuple[str, ...]) -> str:
    others = [value for value in values if value not in held]
    if len(held) <= max(len(others), 1):
        return f"{name} is {_listed(held, 'or')}"
    return f"{name} is not {_listed(others, 'or')}"


def _listed(words: Sequence[Any], joint: str) -> str:
    *before, last = words
    return f"{', '.join(before)} {joint} {last}" if before else str(last)


__all__ = ["NOT_RECORDED", "Conditions", "Subset", "as_categories", "in_words"]
