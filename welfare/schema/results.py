"""What every result has in common: a table, a paragraph, what was dropped, notes, and how a notebook shows it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import pandas as pd


def no_rows_dropped() -> pd.DataFrame:
    """Return the `dropped` frame of a result that left nothing out: columns row, reason."""
    return pd.DataFrame({"row": pd.Series(dtype="object"), "reason": pd.Series(dtype="str")})


@dataclass(frozen=True, repr=False)
class Result:
    """A finding that can stand alone: its numbers, its words and its doubt.

    Attributes
    ----------
    table : DataFrame
        The numbers; subclasses state columns and units.
    text : str
        A paragraph a court could read: what was found, and what it cannot show.
    dropped : DataFrame
        Columns row (index label of the input) and reason, one row per row left out.
    notes : tuple of str
        What a user of the figures should know.
    """

    table: pd.DataFrame
    text: str
    dropped: pd.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self.text}\n\n{self.table.to_string(max_rows=20)}"

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return f"<p>{escape(self.text)}</p>{self.table.to_html(max_rows=20)}<ul>{notes}</ul>"


def simulated_words(frame: pd.DataFrame) -> str:
    """Return what a text begins with where its numbers come from a panel of made-up plants; else nothing."""
    return "SIMULATED. " if "SIMULATED" in frame else ""


def count_reasons(dropped: pd.DataFrame) -> str:
    """Say in words how many rows were left out, and why.

    Parameters
    ----------
    dropped : DataFrame
        Columns row, reason.
    """
    if dropped.empty:
        return "no row was left out"
    counts = dropped["reason"].value_counts()
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())


__all__ = ["Result", "count_reasons", "no_rows_dropped", "simulated_words"]
