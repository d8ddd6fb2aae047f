"""What is asked of a fit's robustness: its rows, columns to leave out, units; refused where they do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.stats.count_result import CountModel
from welfare.stats.robustness.effect import Effect, is_linear

_USUAL = ("facility_id", "source_id")
_FEW_VALUES = 5
_RARE = 0.15


def rows_of(fit: Any, df: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return the rows that a fit was handed, in its order; those it keeps itself where no frame is given.

    Parameters
    ----------
    fit : object
        As :func:`welfare.stats.robustness.robustness.robustness`.
    df : DataFrame or None
        Which must hold them.

    Raises
    ------
    BadParameter
        If it does not.
    """
    if isinstance(fit, CountModel):
        return _of_count_model(fit._source, df)
    if is_linear(fit):
        return _of_linear(fit, df)
    return df


def _of_count_model(source: pd.DataFrame, df: pd.DataFrame | None) -> pd.DataFrame:
    if df is None:
        return source
    rows = df if df.index.equals(source.index) else _picked(df, source.index)
    if rows is None or any(name not in rows or not rows[name].equals(source[name]) for name in source):
        raise _other_rows()
    return rows


def _of_linear(fit: Any, df: pd.DataFrame | None) -> pd.DataFrame | None:
    data = fit.model.data
    frame = getattr(data, "frame", None) if df is None else df
    if frame is None:
        return None
    labels = pd.Index(data.row_labels) if data.row_labels is not None else pd.RangeIndex(len(data.endog))
    rows = frame if frame.index.equals(labels) else _picked(frame, labels)
    name = fit.model.endog_names
    same = rows is not None and (name not in rows or np.array_equal(rows[name].astype(float), np.asarray(data.endog)))
    if not same:
        raise _other_rows()
    return rows


def _picked(df: pd.DataFrame, labels: pd.Index) -> pd.DataFrame | None:
    """Return the rows with these labels, or None where that is no one set of rows."""
    if not df.index.is_unique or not labels.isin(df.index).all():
        return None
    return df.loc[labels]


def _other_rows() -> BadParameter:
    return BadParameter(
        "the frame does not hold the rows that were fitted",
        where="robustness(df=)",
        spoiled="The finding would be compared with one from other rows.",
        todo="Give the frame that was fitted, further columns added.",
    )


def columns_to_leave_out(fit: Any, df: pd.DataFrame | None, asked: str | Sequence[str] | None) -> list[str]:
    """Return the columns whose levels are left out in turn: those asked for, else facilities, sources and clusters.

    Parameters
    ----------
    fit : object
    df : DataFrame or None
        Its rows.
    asked : str, sequence of str or None

    Raises
    ------
    BadParameter
        If one asked for is not there.
    """
    if asked is None:
        clusters = fit._question.cluster if isinstance(fit, CountModel) else ()
        return [name for name in dict.fromkeys((*_USUAL, *clusters)) if df is not None and _levels(df, name) > 1]
    wanted = [asked] if isinstance(asked, str) else list(asked)
    absent = [name for name in wanted if df is None or name not in df]
    if absent:
        holds = "nothing" if df is None else ", ".join(map(str, df.columns))
        raise BadParameter(
            f"there is no column {', '.join(map(repr, absent))} to leave levels of out",
            where="robustness(leave_out=)",
            spoiled="How far the finding hangs on one of them would stay unknown.",
            todo=f"Give df=, the frame that was fitted, with it. At hand: {holds}.",
        )
    return wanted


def _levels(df: pd.DataFrame, name: str) -> int:
    return int(df[name].nunique()) if name in df else 0


def units_of(effects: Sequence[Effect], per: float | Mapping[str, float] | None) -> dict[str, float]:
    """Return by term how many units of it a finding is told for.

    Parameters
    ----------
    effects : sequence of Effect
    per : number, mapping of str to number, or None

    Raises
    ------
    BadParameter
        If a number is not above 0, or a term is not among those asked about.
    """
    given = per if isinstance(per, Mapping) else dict.fromkeys((effect.term for effect in effects), per or 1.0)
    units = {effect.term: float(given.get(effect.term, 1.0)) for effect in effects}
    wrong = [name for name in given if name not in units]
    if wrong or per == 0 or not all(np.isfinite(number) and number > 0 for number in units.values()):
        raise BadParameter(
            f"there is no term {wrong[0]!r} among those asked about" if wrong else f"per={per!r} is no number above 0",
            where="robustness(per=)",
            spoiled="Ratios would be of a contrast that nobody meant.",
            todo=f"Give a number, or numbers by term: {', '.join(units)}.",
        )
    return units


def unit_not_chosen(fit: Any, effects: Sequence[Effect], units: dict[str, float], per: object) -> list[str]:
    """Return the terms that are numbers of many values, told per one unit because nobody said otherwise.

    Parameters
    ----------
    fit : object
    effects : sequence of Effect
    units : dict of str to float
    per : object
        As given.
    """
    if per is not None and not isinstance(per, Mapping):
        return []
    named = per or {}
    if isinstance(fit, CountModel):
        terms = fit._found.design.terms
    elif is_linear(fit):
        terms = pd.DataFrame(np.asarray(fit.model.exog), columns=fit.model.exog_names)
    else:
        return []
    mine = [effect.term for effect in effects if effect.term in terms and effect.term not in named]
    return [term for term in mine if units[term] == 1 and terms[term].nunique() > _FEW_VALUES]


def is_rare(fit: Any, effects: Sequence[Effect], rare: bool | None) -> bool:
    """Return whether few have the outcome: as said, as the shares of a model say, or not where nobody knows.

    Parameters
    ----------
    fit : object
    effects : sequence of Effect
    rare : bool or None
    """
    if rare is not None:
        return bool(rare)
    if isinstance(fit, CountModel) and fit.family == "fractional":
        design = fit._found.design
        share = float(np.average(design.counts, weights=design.exposure))
        return min(share, 1 - share) < _RARE and share < _RARE
    # The ratio taken to be of a common outcome gives the smaller E-value.
    return not any(effect.kind in ("odds", "hazard") for effect in effects)


def outcome_of(fit: Any) -> str:
    """Return what the outcome is called.

    Parameters
    ----------
    fit : object
    """
    if isinstance(fit, CountModel):
        return str(fit._found.design.formula.outcome)
    return str(fit.model.endog_names) if is_linear(fit) else "the outcome"


__all__ = ["columns_to_leave_out", "is_rare", "outcome_of", "rows_of", "unit_not_chosen", "units_of"]
