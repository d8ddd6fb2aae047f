"""What was tried on a finding, and what became of it: a row of the table of robustness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from welfare.stats.robustness.effect import Effect

HOLDS, CHANGES, CANNOT_TELL = "holds", "changes", "cannot tell"
JUDGE, NOTHING, NOT_COMPUTED = "to be judged", "nothing to undo", "not computed"
FOUND, NONE_FOUND = "association found", "none found"
# What asks for a closer look.
DOUBTFUL = (CHANGES, CANNOT_TELL, FOUND)


class Tried(NamedTuple):
    """One check of one finding.

    Attributes
    ----------
    check : str
        What was tried.
    at : str
        With what: a column, a strength, a level.
    term : str
        The finding.
    value, low, high : float
        What came of it, in `unit`; missing where there is none.
    unit : str
        "ratio", "difference", "E-value" or "share of variance".
    verdict : str
        One of those above.
    reading : str
        The same in words.
    """

    check: str
    at: str
    term: str
    value: float
    low: float
    high: float
    unit: str
    verdict: str
    reading: str


def tried_table(rows: Sequence[Tried]) -> pd.DataFrame:
    """Return the rows as a table.

    Parameters
    ----------
    rows : sequence of Tried
    """
    return pd.DataFrame(list(rows), columns=list(Tried._fields))


def scale(effect: Effect) -> str:
    """Return the unit of an effect as shown."""
    return "ratio" if effect.is_ratio else "difference"


def refused(check: str, at: str, effect: Effect, why: str) -> Tried:
    """Return the row of a check that could not be made, with the reason.

    Parameters
    ----------
    check, at : str
        As :class:`Tried`.
    effect : Effect
        The finding.
    why : str
        A clause.
    """
    return Tried(check, at, effect.term, np.nan, np.nan, np.nan, "", NOT_COMPUTED, f"Not computed: {why}.")


def after(check: str, at: str, effect: Effect, other: Effect, reading: str) -> Tried:
    """Return the row of a finding made again in another way.

    Parameters
    ----------
    check, at, reading : str
        As :class:`Tried`; what changes is added to the reading.
    effect, other : Effect
        As fitted, and made again.
    """
    verdict, words = compared(effect, other)
    return seen(check, at, replace(other, term=effect.term, kind=effect.kind), verdict, f"{reading} {words}")


def seen(check: str, at: str, effect: Effect, verdict: str, reading: str) -> Tried:
    """Return the row of an effect, on the scale that readers see.

    Parameters
    ----------
    check, at, verdict, reading : str
        As :class:`Tried`.
    effect : Effect
        What came of the check.
    """
    value, low, high = (float(effect.shown(number)) for number in (effect.estimate, effect.low, effect.high))
    return Tried(check, at, effect.term, value, low, high, scale(effect), verdict, reading)


def compared(effect: Effect, other: Effect) -> tuple[str, str]:
    """Return whether a finding made again is on the same side, and that in words.

    Parameters
    ----------
    effect, other : Effect
        As fitted, and made again.
    """
    nothing = effect.no_difference
    if not np.isfinite([other.estimate, other.low, other.high]).all():
        return CANNOT_TELL, "It has no interval to judge by."
    if effect.side == other.side:
        still = f"still excludes {nothing} on the same side" if effect.side else f"still includes {nothing}"
        return HOLDS, f"Its interval {still}."
    if effect.side and other.side:
        return CHANGES, "The finding turns to the other side."
    if effect.side:
        turned = ", and the estimate turns to the other side" if other.estimate * effect.estimate < 0 else ""
        return CHANGES, f"Its interval then includes {nothing}{turned}."
    return CHANGES, f"Its interval then excludes {nothing}."


def reason_of(failure: Any) -> str:
    """Return what an error of this library says, as a clause.

    Parameters
    ----------
    failure : WelfareError
    """
    return str(failure.what).rstrip(".")


__all__ = [
    "CANNOT_TELL",
    "CHANGES",
    "DOUBTFUL",
    "FOUND",
    "HOLDS",
    "JUDGE",
    "NONE_FOUND",
    "NOTHING",
    "NOT_COMPUTED",
    "Tried",
    "after",
    "compared",
    "reason_of",
    "refused",
    "scale",
    "seen",
    "tried_table",
]
