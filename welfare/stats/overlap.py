"""Can two conditions be compared at all? Only where some stratum holds facilities of both."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import Result, simulated_words


@dataclass(frozen=True, repr=False, kw_only=True)
class Overlap(Result):
    """How far two conditions share strata; see :func:`overlap`.

    Attributes
    ----------
    table : DataFrame
        One row per stratum: the stratum, and the rows of each of the two conditions in it.
    shared : int
        Strata that hold at least `least` rows of both.
    comparable : bool
        Whether there is one.
    """

    shared: int
    comparable: bool


def overlap(df: pd.DataFrame, *, condition: str, levels: tuple[str, str], within: str, least: int = 5) -> Overlap:
    """Count two conditions within strata, and say whether they can be compared.

    Parameters
    ----------
    df : DataFrame
        One row per facility.
    condition : str
        Column with the condition; rows of other levels than the two are dropped.
    levels : tuple of two str
        The two conditions.
    within : str
        Column with the strata; what differs between strata is to be held fixed.
    least : int
        Rows of each condition a stratum needs.

    Returns
    -------
    Overlap

    Raises
    ------
    BadParameter
        If a column is missing.

    Notes
    -----
    This is the assumption of positivity: without it a model compares by extrapolation, and its interval does not
    show that. Hernan MA, Robins JM. Causal Inference: What If. Chapman & Hall/CRC, 2020, chapter 3.
    """
    absent = [name for name in (condition, within) if name not in df]
    if absent:
        raise BadParameter(f"the frame has no column {', '.join(map(repr, absent))}")
    usable = df[condition].isin(levels) & df[within].notna()
    rows = df[usable]
    table = pd.crosstab(rows[within], rows[condition]).reindex(columns=list(levels), fill_value=0).reset_index()
    table.columns.name = None
    shared = int((table[list(levels)].min(axis=1) >= least).sum())
    reasons = pd.Series(f"neither {levels[0]} nor {levels[1]}", index=df.index, dtype="str")
    reasons[df[condition].isin(levels)] = f"no {within}"
    dropped = pd.DataFrame({"row": df.index[~usable], "reason": reasons[~usable].to_numpy()})
    return Overlap(
        table=table,
        text=simulated_words(df) + _text(table, levels, within, shared, least),
        dropped=dropped,
        notes=(),
        shared=shared,
        comparable=shared > 0,
    )


def _text(table: pd.DataFrame, levels: tuple[str, str], within: str, shared: int, least: int) -> str:
    one, two = levels
    where = within.replace("_", " ")
    counts = "; ".join(
        f"{where} {row[within]}: {row[one]:,} {one}, {row[two]:,} {two}" for row in table.to_dict("records")
    )
    if shared:
        return f"{shared} of {len(table)} strata hold at least {least} of both {one} and {two} ({counts})."
    return (
        f"No stratum holds at least {least} of both {one} and {two} ({counts}): a difference between them cannot be "
        f"told from a difference in {where}."
    )
