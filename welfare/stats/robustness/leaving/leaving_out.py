"""What leaving out one facility, or source, at a time does to a finding: the range, and which one moves it most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from welfare.stats.robustness.effect import Effect
from welfare.stats.robustness.tried import CANNOT_TELL, CHANGES, HOLDS, Tried, refused, scale

CHECK = "leave one out"


def left_out_row(effect: Effect, column: str, refits: pd.DataFrame) -> Tried:
    """Return the row of a finding without each level of a column in turn.

    Parameters
    ----------
    effect : Effect
        As fitted.
    column : str
        Of the levels.
    refits : DataFrame
        As :func:`welfare.stats.robustness.leaving.refits.leave_one_out`, of this effect.
    """
    known = refits[refits["estimate"].notna()]
    if known.empty:
        return refused(CHECK, column, effect, refits["reason"].iloc[0])
    most = known.iloc[int((known["estimate"] - effect.estimate).abs().argmax())]
    least, greatest = (float(effect.shown(known["estimate"].agg(end))) for end in ("min", "max"))
    between = " to ".join(effect.told(known["estimate"].agg(end)) for end in ("min", "max"))
    turned = int((known["estimate"] * effect.estimate < 0).sum())
    moved = known[_sides(effect, known) != effect.side]
    lost = refits[refits["estimate"].isna()]
    verdict = CHANGES if turned or len(moved) else CANNOT_TELL if len(lost) else HOLDS
    reading = (
        f"Without each of {len(refits):,} levels of {column} in turn: {between}, furthest without "
        f"{most['left_out']} ({int(most['rows']):,} row{'' if most['rows'] == 1 else 's'}). "
        f"{_what_changes(effect, turned, moved)}{_lost(lost)}{_approximate(known)}"
    )
    value = float(effect.shown(most["estimate"]))
    return Tried(CHECK, column, effect.term, value, least, greatest, scale(effect), verdict, reading)


def _sides(effect: Effect, known: pd.DataFrame) -> np.ndarray:
    """Return on which side each interval lies; where only the estimate was found, its interval is moved with it."""
    shift = known["estimate"] - effect.estimate
    low = known["low"].fillna(effect.low + shift).to_numpy()
    high = known["high"].fillna(effect.high + shift).to_numpy()
    return (low > 0).astype(int) - (high < 0).astype(int)


def _what_changes(effect: Effect, turned: int, moved: pd.DataFrame) -> str:
    if not turned and moved.empty:
        return f"No one of them changes its sign, or whether its interval excludes {effect.no_difference}."
    names = [str(name) for name in moved["left_out"]]
    listed = f"{', '.join(names[:3])}{' and more' * (len(names) > 3)}"
    if effect.side:
        change = f"Its interval includes {effect.no_difference} without {listed}."
    else:
        change = f"Its interval excludes {effect.no_difference} without {listed}."
    sign = f"Its sign turns without {turned} of them." if turned else "No one of them changes its sign."
    return f"{change} {sign}" if names else sign


def _lost(lost: pd.DataFrame) -> str:
    if lost.empty:
        return ""
    first = lost.iloc[0]
    return f" Without {len(lost)} of them there is no such estimate ({first['left_out']}: {first['reason']})."


def _approximate(known: pd.DataFrame) -> str:
    exact = int(known["exact"].sum())
    if exact == len(known):
        return ""
    return f" Fitted anew: the {exact} that could move it most; the others are one Newton step from the whole."


def per_units(refits: pd.DataFrame, effects: Sequence[Effect], units: dict[str, float]) -> pd.DataFrame:
    """Return refits per so many units of each term, with what readers see of them.

    Parameters
    ----------
    refits : DataFrame
        Per one unit.
    effects : sequence of Effect
        Findings, per so many units.
    units : dict of str to float
        By term.
    """
    by = refits["term"].map(units).astype(float)
    numbers = {name: refits[name].astype(float) * by for name in ("estimate", "std_error", "low", "high")}
    ratios = {effect.term: effect.is_ratio for effect in effects}
    is_ratio = refits["term"].map(ratios).astype(bool).to_numpy()
    scaled = refits.assign(**numbers)
    value = np.where(is_ratio, np.exp(scaled["estimate"]), scaled["estimate"])
    return scaled.assign(value=value)


__all__ = ["CHECK", "left_out_row", "per_units"]
