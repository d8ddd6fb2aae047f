"""What a caller hands in to be pooled, made into rows: what is missing is named, what cannot be is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.inputs import common_labels, dropped_rows, numbers
from welfare.stats.pooling.estimating.fit import Studies
from welfare.stats.pooling.moderators import columns_of, named

_LARGEST = 1e50
_APART = 1e12  # of variances: beyond, what the wider studies say is lost in rounding


@dataclass(frozen=True)
class Asked:
    """Rows that can be pooled.

    Attributes
    ----------
    rows : DataFrame
        Columns label, effect, variance, study (missing where each row is its own), one per row kept, under its label.
    dropped : DataFrame
        Columns row, reason.
    terms : list of str
        Names of the columns after the ones.
    studies : Studies
        The same as arrays.
    """

    rows: pd.DataFrame
    dropped: pd.DataFrame
    terms: list[str]
    studies: Studies

    @property
    def groups(self) -> int:
        """How many studies there are."""
        return len(np.unique(self.studies.groups))


def read(effects: Any, variances: Any, labels: Any, moderators: Any, study: Any) -> Asked:
    """Put what was handed in side by side.

    Parameters
    ----------
    effects, variances : sequence or Series of n numbers
    labels, study : sequence or Series of n values, or None
        What each row is called, and which study it comes from.
    moderators : DataFrame, Series, mapping or sequence of n rows, or None

    Raises
    ------
    BadParameter
        If lengths or labels differ, or moderators cannot be told apart.
    BadValue
        If a number is none, infinite, or a variance not above 0.
    NotEstimable
        If fewer than two studies, or too few for the moderators, are left.
    """
    _refuse_tables(effects=effects, variances=variances)
    others = {"labels": labels, "study": study}
    asked = named(moderators)
    given = {name: column for name, column in others.items() if column is not None}
    index = common_labels(
        effects=effects, variances=variances, **given, **{f"moderator {name}": column for name, column in asked.items()}
    )
    rows = pd.DataFrame(
        {
            "label": _labels(labels, effects, len(index)),
            "effect": _within_reach(numbers(effects, "effects"), "effects"),
            "variance": _variances(variances, index),
            "study": pd.Series([None] * len(index) if study is None else list(study), dtype="object").to_numpy(),
        },
        index=index,
    )
    reasons = _reasons(rows, asked, study is not None)
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    _refuse_too_few(int(kept.sum()), len(rows))
    found = rows[kept]
    terms, columns = columns_of({name: column[kept] for name, column in asked.items()}, len(found))
    groups = np.arange(len(found)) if study is None else pd.factorize(found["study"])[0]
    if groups.max() == 0:
        raise NotEstimable(
            "all effects come from one study",
            where="pool(study=)",
            spoiled="How much studies differ cannot be seen in one.",
            todo="Report that study alone.",
        )
    studies = Studies(found["effect"].to_numpy(), found["variance"].to_numpy(), columns, groups)
    return Asked(found, dropped_rows(index, reasons), terms, studies)


def _refuse_tables(**columns: Any) -> None:
    for name, column in columns.items():
        if np.ndim(column) > 1:
            raise BadParameter(
                f"{name} is a table of {np.ndim(column)} dimensions, not one value per study",
                where=f"pool({name}=)",
                spoiled="Which of its columns is meant would be a guess.",
                todo="Give one column of it.",
            )


def _labels(labels: Any, effects: Any, rows: int) -> list[str]:
    if labels is None and isinstance(effects, pd.Series) and not pd.api.types.is_numeric_dtype(effects.index):
        labels = effects.index
    known: Sequence[Any] = [None] * rows if labels is None else list(labels)
    return [f"study {row + 1}" if pd.isna(label) else str(label) for row, label in enumerate(known)]


def _within_reach(values: np.ndarray, name: str) -> np.ndarray:
    if (np.abs(values) > _LARGEST).any():
        raise BadValue(
            f"{name} holds {values[np.abs(values) > _LARGEST][0]:g}",
            where=f"pool({name}=)",
            spoiled="Its square cannot be written as a computer's number.",
            todo="Give the effects in another unit.",
        )
    return values


def _variances(variances: Any, index: pd.Index) -> np.ndarray:
    values = _within_reach(numbers(variances, "variances"), "variances")
    wrong = values < 1 / _LARGEST
    if wrong.any():
        first = int(np.argmax(wrong))
        raise BadValue(
            f"variances is {values[first]:g} in row {index[first]!r}, not above 0 ({int(wrong.sum()):,} such rows)",
            where="pool(variances=)",
            spoiled="A study without doubt would outweigh all others.",
            todo="Give squared standard errors; what a paper prints as 0.00 was rounded: leave it missing, or ask.",
        )
    known = values[~np.isnan(values)]
    if len(known) and known.max() > _APART * known.min():
        raise BadValue(
            f"variances run from {known.min():g} to {known.max():g}",
            where="pool(variances=)",
            spoiled="What the less exact studies say would be lost in rounding.",
            todo="Look for one in another unit, or for what was rounded to nearly 0.",
        )
    return values


def _reasons(rows: pd.DataFrame, moderators: dict[str, np.ndarray], clustered: bool) -> np.ndarray:
    reasons = np.full(len(rows), None, dtype=object)
    for name, column in moderators.items():
        reasons[np.asarray(pd.isna(column))] = f"missing moderator {name}"
    if clustered:
        reasons[rows["study"].isna()] = "missing study"
    reasons[rows["variance"].isna()] = "missing variance"
    reasons[rows["effect"].isna()] = "missing effect"
    return reasons


def _refuse_too_few(kept: int, rows: int) -> None:
    if kept >= 2:
        return
    raise NotEstimable(
        f"{kept} of {rows:,} rows can be pooled",
        where="pool",
        spoiled="How much studies differ cannot be seen in fewer than two; one study is its own summary.",
        todo="Report the one study as it is, or complete the effects and variances that are missing.",
    )


__all__ = ["Asked", "read"]
