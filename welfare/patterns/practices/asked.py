"""What a caller asked of a search for practices, checked, and the rows that can be searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.practices.conditions import Conditions
from welfare.patterns.practices.halves import held_out
from welfare.patterns.practices.searching.part import Part
from welfare.stats.inputs import dropped_rows, not_negative, numbers, whole_counts

FEWEST_EVENTS = 2
_FEWEST_UNITS = 4


def check_words(**options: tuple[str, tuple[str, ...]]) -> None:
    """Refuse options that are not among the words known; each is given with those words."""
    for name, (given, known) in options.items():
        if given not in known:
            raise BadParameter(
                f"{name} is {given!r}",
                where=f"practices({name}=)",
                spoiled="Another search than the one asked for would be run.",
                todo=f"Use {' or '.join(map(repr, known))}.",
            )


def check_numbers(
    confirm: float | None, level: float, *, whole: dict[str, int], least: tuple[int, int], seed: int
) -> None:
    """Refuse numbers that no search can be run with; `least` holds the fewest units and the random sets of counts."""
    limits = {**{name: (given, 1) for name, given in whole.items()}, "min_units": (least[0], 2)}
    limits["seed"] = (seed, 0)
    for name, (given, fewest) in {**limits, "replicates": (least[1], 19)}.items():
        if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < fewest:
            raise BadParameter(
                f"{name} is {given!r}",
                where=f"practices({name}=)",
                spoiled={
                    "min_units": "What one facility does is no practice, and would single it out.",
                    "seed": "Nobody could repeat the search.",
                    "replicates": "With fewer than 19 random sets no p-value is as low as 0.05.",
                }.get(name, "Nothing could be named."),
                todo=f"Give a whole number, {fewest} or more.",
            )
    if not (_is_number(level) and 0 < level < 1):
        raise BadParameter(f"level is {level!r}, not between 0 and 1", where="practices(level=)", todo="Give a share.")
    if confirm is not None and not (_is_number(confirm) and 0.1 <= confirm <= 0.9):
        raise BadParameter(
            f"confirm is {confirm!r}",
            where="practices(confirm=)",
            spoiled="One of the two parts would hold nearly nothing.",
            todo="Give a share from 0.1 to 0.9, or None to hold out nothing.",
        )


def _is_number(given: object) -> bool:
    return isinstance(given, int | float | np.integer | np.floating) and not isinstance(given, bool)


def check_expected(min_expected: float) -> None:
    """Refuse a smallest expected count that is none."""
    if not (_is_number(min_expected) and np.isfinite(min_expected) and min_expected > 0):
        raise BadParameter(
            f"min_expected is {min_expected!r}",
            where="practices(min_expected=)",
            spoiled="A combination without expected events has no ratio.",
            todo="Give a number above 0; 5 by custom.",
        )


def check_columns(
    panel: pd.DataFrame,
    conditions: Sequence[str],
    observed: str,
    expected: str,
    unit: str | None,
    bands: Mapping[str, Sequence[float]],
) -> list[str]:
    """Return the names of the conditions, having seen that every column is there and has one part to play."""
    names = [conditions] if isinstance(conditions, str) else conditions
    if not isinstance(panel, pd.DataFrame) or not isinstance(names, list | tuple | pd.Index):
        raise BadParameter(
            f"the panel is a {type(panel).__name__}, and the conditions are {conditions!r}",
            where="practices",
            todo="Give a DataFrame, and a list of the names of its columns.",
        )
    names = list(names)
    if not all(isinstance(name, str) for name in names):
        raise BadParameter(f"the conditions are {names!r}", where="practices(conditions=)", todo="Give names, as text.")
    absent = [name for name in (*names, observed, expected, *([unit] if unit else [])) if name not in panel]
    if absent:
        raise BadParameter(
            f"the panel has no column {', '.join(map(repr, absent))}",
            where="practices",
            spoiled="What harm goes with cannot be searched without it.",
            todo=f"Columns it has: {', '.join(map(str, panel.columns))}.",
        )
    strange = sorted(set(bands) - set(names))
    twice = len(set(names)) < len(names) or bool({observed, expected, unit} & set(names))
    if not names or strange or twice or not panel.columns.is_unique:
        raise BadParameter(
            f"the conditions are {names!r}, with bands for {sorted(bands)!r}",
            where="practices(conditions=)",
            spoiled="Nothing would be searched, or a column would be searched against itself.",
            todo="Name one condition or more, each once and none of them counted, and bands only for those.",
        )
    return names


def usable(
    panel: pd.DataFrame, coded: Conditions, observed: str, expected: str, unit: str | None
) -> tuple[Part, pd.DataFrame]:
    """Return the rows that can be searched, and what was left out."""
    counts, means = numbers(panel[observed], observed), numbers(panel[expected], expected)
    whole_counts(counts, observed, panel.index)
    not_negative(means, expected, panel.index)
    reasons = np.full(len(panel), None, dtype=object)
    for k, name in reversed(list(enumerate(coded.known))):
        reasons[coded.codes[:, k] < 0] = f"missing {name}"
    reasons[means == 0] = "nothing expected"
    reasons[np.isnan(means)] = f"missing {expected}"
    reasons[np.isnan(counts)] = f"missing {observed}"
    if unit:
        reasons[panel[unit].isna().to_numpy()] = f"missing {unit}"
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    number = np.arange(kept.sum())
    if unit:
        number = np.unique(panel.loc[kept, unit].astype("str").to_numpy(dtype=object), return_inverse=True)[1]
    # In an order of their own, so that nothing random hangs on the order in which they came.
    order = np.lexsort((counts[kept], means[kept], *coded.codes[kept].T[::-1], number if unit else 0 * number))
    rows = np.flatnonzero(kept)[order]
    part = Part(counts[rows], means[rows], number[order] if unit else number, coded.codes[rows])
    if len(np.unique(number)) < _FEWEST_UNITS or part.observed.sum() < FEWEST_EVENTS:
        raise too_little(f"{part.observed.sum():,.0f} events at {len(np.unique(number)):,} {unit or 'row'}s")
    if (part.codes == part.codes[0]).all():
        raise too_little(f"only one value of {', '.join(coded.known)}")
    return part, dropped_rows(panel.index, reasons)


def too_little(what: str) -> NotEstimable:
    """Return the error that says what there is too little of."""
    return NotEstimable(
        f"there is {what}" if what.startswith(("no ", "only ")) else f"there are {what} that can be used",
        where="practices",
        spoiled="What would be named would be a few facilities or a few events, not a practice.",
        todo="Bring more rows, put rare values of a condition together, or search all of them with confirm=None.",
    )


def hold_out(part: Part, confirm: float | None, min_units: int, seed: int) -> np.ndarray:
    """Return which rows to hold out: none where either part would hold too few units to name anything."""
    units = int(part.unit.max()) + 1
    if confirm is None or units * min(confirm, 1 - confirm) < 2 * min_units:
        return np.zeros(len(part.observed), dtype=bool)
    return held_out(confirm, part.codes, part.expected, part.unit, seed)


__all__ = [
    "FEWEST_EVENTS",
    "check_columns",
    "check_expected",
    "check_numbers",
    "check_words",
    "hold_out",
    "too_little",
    "usable",
]
