"""The choices that specifications are made of: stated, combined in a fixed order, and capped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd

from welfare.errors import BadParameter

# In this order specifications differ: the last of them fastest.
CHOICES = ("outcome", "condition", "controls", "effects", "formula", "exposure", "family", "rows", "cluster", "errors")
_FORMULA = ("outcome", "condition", "controls", "effects")
_DEFAULTS: dict[str, Any] = {
    "controls": "",
    "effects": "",
    "exposure": None,
    "family": "poisson",
    "rows": "all",
    "cluster": None,
    "errors": "CR1",
}
NONE = "none"


def read_choices(choices: Mapping[str, Any] | Sequence[str], df: pd.DataFrame, most: int) -> list[dict[str, Any]]:
    """Return every combination of stated choices.

    Parameters
    ----------
    choices : mapping of str to options, or sequence of formulas
        As :func:`welfare.stats.robustness.choosing.specifications.specification_curve`.
    df : DataFrame
        To which they must fit.
    most : int
        How many combinations there may be.

    Returns
    -------
    list of dict
        One per specification, with a key for each of `CHOICES` that matters; in a fixed order.

    Raises
    ------
    BadParameter
        If a choice is unknown, has no option, needs another, or there are too many combinations.
    """
    given = dict(choices) if isinstance(choices, Mapping) else {"formula": list(choices)}
    unknown = [name for name in given if name not in CHOICES]
    if unknown:
        raise _bad(f"there is no choice called {unknown[0]!r}", f"Choices: {', '.join(CHOICES)}.")
    by_formula = "formula" in given
    if by_formula and any(name in given for name in _FORMULA):
        raise _bad("formulas were given, and parts of formulas too", "Give formula alone, or outcome and condition.")
    if not by_formula and not {"outcome", "condition"} <= set(given):
        raise _bad("nothing says what is explained by what", "Give outcome and condition, or formula.")
    absent = _FORMULA if by_formula else ("formula",)
    wanted = [name for name in CHOICES if name not in absent]
    options = {name: _options(name, given.get(name, _DEFAULTS.get(name))) for name in wanted}
    _refuse_filters(options["rows"], df)
    many = 1
    for each in options.values():
        many *= len(each)
    if many > most:
        counted = " x ".join(f"{len(each)} {name}" for name, each in options.items() if len(each) > 1)
        raise _bad(
            f"there are {many:,} specifications ({counted}), and {most:,} were allowed", "Raise most=, or choose."
        )
    return [dict(zip(options, combination, strict=True)) for combination in product(*options.values())]


def formula_of(choice: Mapping[str, Any]) -> str:
    """Return the formula of one specification.

    Parameters
    ----------
    choice : mapping
        As :func:`read_choices` gives it.
    """
    if "formula" in choice:
        return str(choice["formula"])
    controls = f" + {choice['controls']}" if choice["controls"] else ""
    effects = f" | {choice['effects']}" if choice["effects"] else ""
    return f"{choice['outcome']} ~ {choice['condition']}{controls}{effects}"


def shown(option: Any) -> str:
    """Return an option as the table and the figure name it.

    Parameters
    ----------
    option : object
    """
    if option is None or option == "":
        return NONE
    return option if isinstance(option, str) else " and ".join(map(str, option))


def _options(name: str, given: Any) -> list[Any]:
    """Return the options of a choice; one that is not in a list stands alone."""
    found = list(given) if isinstance(given, list) else [given]
    if not found:
        raise _bad(f"{name} has no option", "Give at least one, or leave it out.")
    names = [shown(option) for option in found]
    if len(set(names)) < len(names):
        raise _bad(f"{name} names an option twice", "Name each once: specifications count alike.")
    return found


def _refuse_filters(filters: Sequence[Any], df: pd.DataFrame) -> None:
    for name in filters:
        if name == "all":
            continue
        if name not in df or not pd.api.types.is_bool_dtype(df[name]):
            raise _bad(f"rows={name!r} is no column of True and False", "Make one first; 'all' stands for every row.")


def _bad(what: str, todo: str) -> BadParameter:
    return BadParameter(
        what,
        where="specification_curve(choices=)",
        spoiled="The curve would show other specifications than those meant.",
        todo=todo,
    )


__all__ = ["CHOICES", "NONE", "formula_of", "read_choices", "shown"]
