"""Leaving out each facility, or each source, in turn: how far one of them carries a finding."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable, WelfareError
from welfare.stats.count_result import CountModel
from welfare.stats.design.build import Design
from welfare.stats.estimates import estimate
from welfare.stats.glm.columns import Factor, by_level
from welfare.stats.influence import changes_without_each
from welfare.stats.robustness.effect import Effect, design_of, effects_in, effects_of, is_linear
from welfare.stats.robustness.leaving.without_rows import Left, linear_without_each

# So many levels are all fitted anew. Of more, one Newton step looks at all, and fitted anew are, by term, the levels
# that would move it most up and down and those that it draws most on.
ALL_EXACT, EACH_WAY, MOST_DRAWN, AT_MOST = 25, 5, 3, 60
_ANY_FIT = 500
_COLUMNS = ["column", "left_out", "rows", *Left._fields[1:]]


def leave_one_out(
    fit: Any, labels: pd.Series, effects: Sequence[Effect], refit: Callable[[np.ndarray], Any] | None
) -> pd.DataFrame:
    """Find each effect without each level of a column.

    Parameters
    ----------
    fit : CountModel, linear result of statsmodels, or any other fit
    labels : Series
        Level of each row that `fit` was handed, used or not; rows without a level are never left out.
    effects : sequence of Effect
        What to look at.
    refit : callable or None
        Takes an array of bool, the rows to keep, and returns the fit of those; for fits of other kinds.

    Returns
    -------
    DataFrame
        One row per level and effect: column, left_out, rows (of the level, among those used), then as
        :class:`welfare.stats.robustness.leaving.without_rows.Left`.

    Raises
    ------
    NotEstimable
        If there are fewer than two levels, more than 500 to fit anew one by one, or no way to fit anew.
    """
    codes, levels = pd.factorize(labels, sort=False)
    used = np.bincount(codes[_used(fit, len(codes)) & (codes >= 0)], minlength=len(levels))
    present, name = np.flatnonzero(used), str(labels.name)
    if len(present) < 2:
        raise NotEstimable(
            f"{name} has {len(present)} level{'s' * (len(present) != 1)} among the rows used",
            where="robustness(leave_out=)",
            spoiled="Without it nothing would be left to compare.",
            todo="Name a column of at least two.",
        )
    if isinstance(fit, CountModel):
        found = _count_model(fit, codes, levels, present, effects)
    elif is_linear(fit):
        found = linear_without_each(fit, codes, levels, effects)
    else:
        found = _any_fit(fit, codes, levels, present, effects, refit or _own_way(fit), name)
    rows = dict(zip(levels, used, strict=True))
    table = pd.DataFrame(found, columns=list(Left._fields))
    return table.assign(column=name, rows=[int(rows[level]) for level in table["left_out"]])[_COLUMNS]


def own_refits(fit: Any, term: str) -> pd.DataFrame | None:
    """Return what a pooled result says of itself without each study, as :func:`leave_one_out`; None if it does not.

    Parameters
    ----------
    fit : object
        A result whose method `leave_one_out` gives a frame with left_out, estimate, std_error, low and high.
    term : str
        What its estimate is called.

    Raises
    ------
    NotEstimable
        If it cannot leave one out.
    """
    own = getattr(fit, "leave_one_out", None)
    if not callable(own):
        return None
    found = own()
    table = found[["left_out", "estimate", "std_error", "low", "high"]]
    return table.assign(column="study", rows=1, term=term, exact=True, reason="")[_COLUMNS]


def not_comparable(effects: Sequence[Effect]) -> dict[str, str]:
    """Return why some terms do not mean the same without some of the rows, by term.

    Parameters
    ----------
    effects : sequence of Effect
    """
    return {
        effect.term: "its columns are learned from the rows, and would stand for something else without some of them"
        for effect in effects
        if effect.is_learned
    }


def nothing_left_out() -> pd.DataFrame:
    """Return the frame of :func:`leave_one_out` without a row."""
    return pd.DataFrame(columns=_COLUMNS)


def _used(fit: Any, many: int) -> np.ndarray:
    """Return which of the rows handed in were used."""
    design = design_of(fit)
    if design is None:
        return np.ones(many, dtype=bool)
    out = np.zeros(many, dtype=bool)
    out[design.places] = True
    return out


def _own_way(fit: Any) -> Callable[[np.ndarray], Any] | None:
    """Return how a model of hazards is fitted to some of its rows; None for what keeps no rows."""
    from welfare.stats.duration.cox.hazard_fit import estimate_hazards
    from welfare.stats.duration.cox.hazard_result import DurationModel

    if not isinstance(fit, DurationModel):
        return None
    design, asked = fit._found.model.design, fit._found.asked
    # Strata after the bar of the formula are read from it again.
    asked = replace(asked, strata=()) if design.formula.effects else asked
    return lambda keep: estimate_hazards(asked, design.source[keep])


def _any_fit(
    fit: Any,
    codes: np.ndarray,
    levels: pd.Index,
    present: np.ndarray,
    effects: Sequence[Effect],
    refit: Callable[[np.ndarray], Any] | None,
    name: str,
) -> list[Left]:
    if refit is None or len(present) > _ANY_FIT:
        raise NotEstimable(
            "nothing says how to fit this again without some rows: give df= and refit="
            if refit is None
            else f"{name} has {len(present):,} levels, each of which would take a whole fit",
            where="robustness(leave_out=)",
            spoiled="How far the finding hangs on one of them stays unknown.",
            todo="Give df= and refit=, a function of such a frame that returns the fit."
            if refit is None
            else f"Name a column of at most {_ANY_FIT} levels, such as the source or the district.",
        )
    found = []
    for at in present:
        try:
            again = refit(codes != at)
            before, after = design_of(fit), design_of(again)
            restated = _restated(before, after) if before and after else {}
            found += _after(levels[int(at)], effects_of(again), effects, restated)
        except WelfareError as failure:
            found += [Left(levels[int(at)], effect.term, reason=failure.what) for effect in effects]
    return found


def _count_model(
    fit: CountModel, codes: np.ndarray, levels: pd.Index, present: np.ndarray, effects: Sequence[Effect]
) -> list[Left]:
    """Fit anew without the levels that could matter; of the others tell one step."""
    stepped, exact = pd.DataFrame(), {int(at) for at in present}
    if len(present) > ALL_EXACT:
        stepped, drawn = _one_step(fit, codes, len(levels), effects)
        exact = _could_matter(stepped.loc[present], drawn.loc[present], effects)
    found: list[Left] = []
    for at in map(int, present):
        if at in exact:
            found += _anew(fit, codes != at, levels[at], effects)
            continue
        for effect in effects:
            # A term of a factor in codes takes no step: without a fit there is no estimate.
            moved = float(stepped[effect.term].loc[at]) if effect.term in stepped else np.nan
            if np.isfinite(moved):
                found.append(Left(levels[at], effect.term, effect.estimate + moved, exact=False))
            else:
                found.append(Left(levels[at], effect.term, exact=False, reason="not fitted anew"))
    return found


def _one_step(
    fit: CountModel, codes: np.ndarray, many: int, effects: Sequence[Effect]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return by level how far each effect would move, and what share of what it rests on the level holds."""
    inner, design = fit._found.fit, fit._found.design
    mine = codes[design.places]
    # Rows without a level make up a last one, which is not left out.
    groups = Factor(np.where(mine < 0, many, mine).astype(np.int64), many + 1)
    inside, names = inner.design.shape[1], list(design.names)
    places = [at for at in (names.index(effect.term) for effect in effects) if at < inside]
    terms = [names[at] for at in places]
    moves = changes_without_each(inner, groups)[:many, places]
    pulls = inner.design @ inner.inverse[:inside, places]
    drawn = [by_level(groups, inner.weights * pull**2)[:many] for pull in pulls.T]
    return pd.DataFrame(moves, columns=terms), pd.DataFrame(dict(zip(terms, drawn, strict=True)))


def _could_matter(moves: pd.DataFrame, drawn: pd.DataFrame, effects: Sequence[Effect]) -> set[int]:
    """Return the levels to fit anew: by effect those that move it most either way, and those it draws most on."""
    errors = {effect.term: effect.std_error for effect in effects}
    sizes: dict[int, float] = {}
    for term in moves:
        move = moves[term].where(np.isfinite(moves[term]))
        picked = {*move.nsmallest(EACH_WAY).index, *move.nlargest(EACH_WAY).index}
        picked |= {*drawn[term].nlargest(MOST_DRAWN).index, *move.index[move.isna()]}
        size = (move / errors[str(term)]).abs().fillna(np.inf)
        for at in picked:
            sizes[int(at)] = max(sizes.get(int(at), 0.0), float(size[at]))
    return set(sorted(sizes, key=lambda at: -sizes[at])[:AT_MOST])


def _anew(fit: CountModel, keep: np.ndarray, level: Hashable, effects: Sequence[Effect]) -> list[Left]:
    """Fit the same model to some of its rows."""
    try:
        found = estimate(fit._question, fit._source[keep])
    except WelfareError as failure:
        return [Left(level, effect.term, reason=failure.what) for effect in effects]
    return _after(level, effects_in(found.table), effects, _restated(fit._found.design, found.design))


def _restated(before: Design, after: Design) -> dict[str, str]:
    """Return why terms compare with another level than before, by the beginning of their names."""
    return {
        f"{factor}[": f"{factor} is then compared with {after.levels[factor][0]}, and not with {levels[0]}"
        for factor, levels in before.levels.items()
        if after.levels.get(factor, levels[:1])[0] != levels[0]
    }


def _after(level: Hashable, found: Sequence[Effect], effects: Sequence[Effect], restated: dict[str, str]) -> list[Left]:
    by_term = {each.term: each for each in found}
    out = []
    for effect in effects:
        after = by_term.get(effect.term)
        other = [why for start, why in restated.items() if re.search(rf"(?<!\w){re.escape(start)}", effect.term)]
        if other:
            out.append(Left(level, effect.term, reason=other[0]))
        elif after is None or not np.isfinite(after.estimate):
            out.append(Left(level, effect.term, reason=f"{effect.term} cannot be estimated without it"))
        else:
            out.append(Left(level, effect.term, after.estimate, after.std_error, after.low, after.high))
    return out


__all__ = ["ALL_EXACT", "leave_one_out", "not_comparable", "nothing_left_out", "own_refits"]
