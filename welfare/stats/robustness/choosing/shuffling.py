"""A condition handed out anew at random: over rows, or over units whose rows share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter


@dataclass(frozen=True)
class Shuffle:
    """How a condition is shuffled.

    Attributes
    ----------
    column : str
        Of the condition.
    unit : array of int, shape (n,)
        Unit of each row.
    first : array of int, shape (units,)
        One row of each unit, which has its condition.
    stratum : array of int, shape (units,)
        Level within which each unit is shuffled.
    """

    column: str
    unit: np.ndarray
    first: np.ndarray
    stratum: np.ndarray

    @classmethod
    def of(cls, df: pd.DataFrame, column: str, *, by: str | None, within: str | None) -> Shuffle:
        """Read how to shuffle, and refuse units that have more than one condition or level.

        Parameters
        ----------
        df : DataFrame
        column : str
            Of the condition.
        by, within : str or None
            Columns of units, and of levels within which they are shuffled.

        Raises
        ------
        BadParameter
            If a column is not there, or does not hold one value per unit.
        """
        absent = [name for name in (column, by, within) if name is not None and name not in df]
        if absent:
            raise _refusal(f"the frame has no column {absent[0]!r}", "Name columns it has; one condition, unquoted.")
        rows = np.arange(len(df))
        unit = rows if by is None else pd.factorize(df[by], use_na_sentinel=False)[0]
        first = np.unique(unit, return_index=True)[1]
        stratum = np.zeros(len(df), dtype=int)
        if within is not None:
            stratum = pd.factorize(df[within], use_na_sentinel=False)[0]
        for name, codes in ((column, pd.factorize(df[column], use_na_sentinel=False)[0]), (within, stratum)):
            if (codes != codes[first][unit]).any():
                raise _refusal(
                    f"a level of {by} has more than one {name}",
                    "Shuffle by rows within that column, or by units of one condition each.",
                )
        return cls(column, unit, first, stratum[first])


def shuffled(df: pd.DataFrame, shuffle: Shuffle, rng: np.random.Generator) -> pd.DataFrame:
    """Return the frame with its condition shuffled.

    Parameters
    ----------
    df : DataFrame
    shuffle : Shuffle
    rng : numpy Generator
    """
    # Sorted by level and a random key, the units of each level stand in a random order.
    order = np.lexsort((rng.random(len(shuffle.stratum)), shuffle.stratum))
    source = np.empty(len(order), dtype=int)
    source[np.argsort(shuffle.stratum, kind="stable")] = order
    values = df[shuffle.column].iloc[shuffle.first[source][shuffle.unit]]
    return df.assign(**{shuffle.column: values.to_numpy()})


def _refusal(what: str, todo: str) -> BadParameter:
    return BadParameter(
        what,
        where="specification_curve(shuffle_by=, within=)",
        spoiled="The condition would be handed out as it never could be.",
        todo=todo,
    )


__all__ = ["Shuffle", "shuffled"]
