"""What is asked of a fit's robustness: its rows, columns to leave out, units; refused where they do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from welfare.errors import BadParameter
from welfare.stats.count_result import CountModel
from welfare.stats.design.build import Design
from welfare.stats.robustness.effect import Effect, design_of, is_linear

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
    if df is not None and not isinstance(df, pd.DataFrame):
        raise BadParameter(
            f"df is no DataFrame ({type(df).__name__})",
            where="robustness(df=)",
            spoiled="Nothing could be fitted anew.",
            todo="Give the frame that was fitted.",
        )
    design = design_of(fit)
    if design is not None:
        return _of_design(design, df)
    if is_linear(fit):
        return _of_linear(fit, df)
    return df


def _of_design(design: Design, df: pd.DataFrame | None) -> pd.DataFrame:
    source = design.source
    if df is None:
        return source
    rows = df if df.index.equals(source.index) else _picked(df, source.index)
    if rows is None or any(name not in rows or not _alike(rows[name], source[name]) for name in source):
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


def _alike(one: pd.Series, other: pd.Series) -> bool:
    """Say whether two columns hold the same; events that a model of hazards keeps as 0.0 and 1.0 are True and False."""
    if one.equals(other):
        return True
    return is_numeric_dtype(one) and is_numeric_dtype(other) and one.astype(float).equals(other.astype(float))


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
        clusters = _clusters(fit)
        return [name for name in dict.fromkeys((*_USUAL, *clusters)) if df is not None and _levels(df, name) > 1]
    wanted = list(asked) if isinstance(asked, Sequence) and not isinstance(asked, str) else [asked]
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


def _clusters(fit: Any) -> tuple[str, ...]:
    design = design_of(fit)
    return () if design is None else tuple(str(labels.name) for labels in design.clusters)


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
    alike = 1.0 if per is None else per
    given = per if isinstance(per, Mapping) else dict.fromkeys((effect.term for effect in effects), alike)
    units = {effect.term: _as_number(given.get(effect.term, 1.0)) for effect in effects}
    wrong = [name for name in given if name not in units]
    if wrong or not all(np.isfinite(number) and number > 0 for number in units.values()):
        raise BadParameter(
            f"there is no term {wrong[0]!r} among those asked about" if wrong else f"per={per!r} is no number above 0",
            where="robustness(per=)",
            spoiled="Ratios would be of a contrast that nobody meant.",
            todo=f"Give a number, or numbers by term: {', '.join(units)}.",
        )
    return units


def _as_number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def times_of(kd: Any) -> list[float]:
    """Return how many times as strong as observed terms a confounder is taken to be.

    Parameters
    ----------
    kd : number, or sequence of numbers

    Raises
    ------
    BadParameter
        If one is no number above 0.
    """
    found = [_as_number(times) for times in (kd if isinstance(kd, Sequence | np.ndarray) else [kd])]
    if not all(np.isfinite(times) and times > 0 for times in found):
        raise BadParameter(
            f"kd={kd!r} holds what is no number above 0",
            where="robustness(kd=)",
            spoiled="No confounder is so many times as strong as another.",
            todo="Give numbers above 0, such as [1, 2, 3].",
        )
    return found


def untried(fit: Any, linear: Any, asked: Mapping[str, Sequence[Any]]) -> dict[str, str]:
    """Return what could be tried of this fit and was not, and the option that asks for it.

    Parameters
    ----------
    fit : object
    linear : Linear or str
        Its regression, or why there is none.
    asked : mapping of str to sequence
        What was named, by option.
    """
    offers = {}
    if isinstance(fit, CountModel):
        offers = {
            "other denominators": "denominators",
            "outcomes that the conditions cannot cause": "negative_outcomes",
            "conditions that cannot cause the harm": "negative_exposures",
        }
        if fit.family == "fractional":
            del offers["other denominators"]
    if not isinstance(linear, str):
        offers["confounders as strong as an observed term"] = "benchmarks"
    return {what: option for what, option in offers.items() if not asked[option]}


def crossed(fit_terms: Sequence[str], terms: Sequence[str]) -> list[str]:
    """Return the terms that are crossed with others: each is the effect at one value of those.

    Parameters
    ----------
    fit_terms : sequence of str
        All that the fit has.
    terms : sequence of str
        Those asked about.
    """
    parts = {part for term in fit_terms if ":" in term for part in term.split(":")}
    return [term for term in terms if term in parts]


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

    Raises
    ------
    BadParameter
        If it is something else.
    """
    if rare is not None:
        if not isinstance(rare, bool | np.bool_):
            raise BadParameter(
                f"rare={rare!r} is neither True nor False",
                where="robustness(rare=)",
                spoiled="A common outcome taken to be rare makes an E-value too large.",
                todo="Give True or False, or leave it out.",
            )
        return bool(rare)
    if isinstance(fit, CountModel) and fit.family == "fractional":
        design = fit._found.design
        return float(np.average(design.counts, weights=design.exposure)) < _RARE
    # The ratio taken to be of a common outcome gives the smaller E-value.
    return not any(effect.kind in ("odds", "hazard") for effect in effects)


def outcome_of(fit: Any) -> str:
    """Return what the outcome is called.

    Parameters
    ----------
    fit : object
    """
    design = design_of(fit)
    if design is not None:
        return str(design.formula.outcome)
    if is_linear(fit):
        return str(fit.model.endog_names)
    return "the outcome"


__all__ = [
    "columns_to_leave_out",
    "crossed",
    "is_rare",
    "outcome_of",
    "rows_of",
    "times_of",
    "unit_not_chosen",
    "units_of",
    "untried",
]
