"""Options of profiles that cannot be used, refused before anything is worked out."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import pandas as pd

from welfare.errors import BadParameter
from welfare.patterns.profiles.funnel import HOW

_ONCE = {"winsorised": ("additive", 0.1), "plain": ("additive", 0)}  # names of an earlier release, and what they did


def check_columns(panel: Any, wanted: list[Any], where: str) -> None:
    """Refuse what is no table, and one without a column that was asked for, or with two of that name."""
    if not isinstance(panel, pd.DataFrame):
        raise BadParameter(
            f"the panel is a {type(panel).__name__}, not a table",
            where=where,
            spoiled="Its columns cannot be looked up.",
            todo="Give a pandas DataFrame, one row per facility or per facility and period.",
        )
    absent = [name for name in wanted if not isinstance(name, str) or name not in panel]
    if absent:
        raise BadParameter(
            f"the panel has no column {', '.join(map(repr, absent))}",
            where=where,
            spoiled="Facilities cannot be compared without it.",
            todo=f"Columns it has: {', '.join(map(str, panel.columns))}.",
        )
    twice = [name for name in wanted if list(panel.columns).count(name) > 1]
    if twice:
        raise BadParameter(
            f"the panel has more than one column {', '.join(map(repr, twice))}",
            where=where,
            spoiled="Which of them was meant would be a guess.",
            todo="Rename one.",
        )


def check_numbers(where: str, *, level: Any, fdr: Any, draws: Any = 1000, seed: Any = 0) -> None:
    """Refuse a coverage, a false-discovery rate, a number of draws or a seed that cannot be used."""
    for name, share in (("level", level), ("fdr", fdr)):
        if not is_number(share) or not 0 < share < 1:
            raise BadParameter(f"{name} is {share!r}, not between 0 and 1", where=where, todo="Give a share.")
    if not _is_whole(draws) or draws < 100:
        raise BadParameter(
            f"draws is {draws!r}, not a whole number of 100 or more",
            where=f"{where}(draws=)",
            spoiled="Ranges of ranks would be ragged.",
            todo="Use 1,000 or more.",
        )
    if not _is_whole(seed) or seed < 0:
        raise BadParameter(
            f"seed is {seed!r}",
            where=f"{where}(seed=)",
            spoiled="The same call would not give the same figures again.",
            todo="Give a whole number, 0 or more.",
        )


def check_caution(caution: Any, where: str) -> None:
    """Refuse a caution that is not text."""
    if not isinstance(caution, str):
        raise BadParameter(f"caution is {caution!r}", where=f"{where}(caution=)", todo='Give a sentence, or "".')


def check_spread(overdispersion: Any, winsorise: Any, where: str) -> None:
    """Refuse a way of allowing for spread that there is not."""
    if not isinstance(overdispersion, str) or overdispersion not in HOW:
        raise BadParameter(
            f"no way of allowing for spread is called {overdispersion!r}",
            where=f"{where}(overdispersion=)",
            spoiled="Limits of another kind would be drawn under that name.",
            todo=_instead(overdispersion),
        )
    if not is_number(winsorise) or not 0 <= winsorise < 0.5:
        raise BadParameter(
            f"winsorise is {winsorise!r}, not a share from 0 to below one half",
            where=f"{where}(winsorise=)",
            spoiled="There would be nothing between the ends to measure spread by.",
            todo="Use 0.1, or 0 to pull nothing in.",
        )


def is_number(value: Any) -> bool:
    """Whether a value is a number, and not yes or no."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _instead(name: Any) -> str:
    if isinstance(name, str) and name in _ONCE:
        how, share = _ONCE[name]
        return f'Write overdispersion="{how}", winsorise={share:g}: what {name!r} stood for.'
    return f"Use one of {', '.join(HOW)}."


__all__ = ["check_caution", "check_columns", "check_numbers", "check_spread", "is_number"]
