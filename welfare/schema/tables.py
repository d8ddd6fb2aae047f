"""Contracts of the tidy tables, and the bundle that a loader returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from welfare.errors import ContractBroken
from welfare.schema.columns import columns, conform, table_names

# What a cell may hold beyond its type. A bound here is a fact of the quantity, not of one agency.
_BOUNDS: dict[str, tuple[float, float]] = {
    "latitude_deg": (-90, 90),
    "longitude_deg": (-180, 180),
    "speed_animals_per_min": (0, 1000),
    # Beyond any animal kept: a figure above it is in another unit. A million day-old shrimp fit a hectare, not a metre.
    "density_animals_per_m2": (0, 10_000),
    "density_kg_per_m2": (0, 500),
    "density_kg_per_m3": (0, 500),
    "area_m2": (0, 10_000_000),
    "volume_m3": (0, 10_000_000),
}
_BASES = ("measured", "published_rate", "model")
_MEASURERS = ("operator", "inspector", "researcher")
_CLOSED: dict[tuple[str, str], tuple[str, ...]] = {
    ("line_speeds", "basis"): ("limit", "waiver", "order", "measured"),
    ("injuries", "subject"): ("worker", "animal"),
    ("mortality", "control_status"): ("active", "released"),
    ("measures", "basis"): _BASES,
    ("area_measures", "basis"): _BASES,
    ("measures", "measured_by"): _MEASURERS,
    ("area_measures", "measured_by"): _MEASURERS,
    ("exposures", "kind"): ("worker_hours", "employees", "animals_inventoried"),
}


def no_conversions() -> pd.DataFrame:
    """Return the `conversions` of a file whose numbers are all in the contract's units."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in ("table", "column", "header", "unit", "into", "how")})


@dataclass(frozen=True, eq=False)
class Tables:
    """The tidy tables one file yields, each reached by its name, with what was refused and the file as it is.

    Attributes
    ----------
    source_id : str
        Source and vintage, e.g. ``us.fsis.mpi_directory@2025-06``.
    frames : dict of str to DataFrame
        Tidy tables by name, one row per record (or per part of a record that holds several).
    rejects : DataFrame
        Columns row, reason: records left out, and why.
    raw : DataFrame
        The file as it is, all text, one row per record.
    source, vintage : str
        The two apart; vintage is None where nothing says it.
    notes : tuple of str
        What the reader noticed and a user of the figures should know.
    path, sha256, publisher, obtained_from, licence : str
        Which file, its hash, and whose it is.
    period : pair of Timestamp or None
        First and last day the file covers.
    withheld : tuple of str
        Columns of `raw` that tell of a person: in no output.
    simulated : bool
        Whether its plants are made up.
    conversions : DataFrame
        Columns table, column, header, unit, into, how: which numbers were brought to the contract's unit, and how.
    """

    source_id: str
    source: str
    vintage: str | None
    frames: dict[str, pd.DataFrame]
    rejects: pd.DataFrame
    raw: pd.DataFrame
    notes: tuple[str, ...] = ()
    path: str = ""
    sha256: str = ""
    publisher: str = ""
    obtained_from: str = ""
    licence: str = ""
    period: tuple[pd.Timestamp, pd.Timestamp] | None = None
    withheld: tuple[str, ...] = ()
    simulated: bool = False
    conversions: pd.DataFrame = field(default_factory=no_conversions)

    def __getattr__(self, name: str) -> pd.DataFrame:
        frames: dict[str, pd.DataFrame] = self.__dict__.get("frames", {})
        if name in frames:
            return frames[name]
        if name in table_names():
            return conform(pd.DataFrame(), name)
        raise AttributeError(f"{type(self).__name__} has no table {name!r}; it holds {', '.join(frames) or 'none'}")

    def __iter__(self) -> Iterator[tuple[str, pd.DataFrame]]:
        return iter(self.frames.items())

    def save(self, folder: str | Path) -> Path:
        """Write the tables as Parquet with their source record; see :func:`welfare.schema.storage.write_tables`."""
        from welfare.schema.storage import write_tables

        return write_tables(self, folder)

    @staticmethod
    def load(folder: str | Path) -> Tables:
        """Read what :meth:`save` wrote; see :func:`welfare.schema.storage.read_tables`."""
        from welfare.schema.storage import read_tables

        return read_tables(folder)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(frame):,}" for name, frame in self.frames.items())
        mark = "SIMULATED " if self.simulated else ""
        return f"<Tables {mark}{self.source_id}: {sizes}; {len(self.rejects):,} rejected>"


@cache
def _contract(table: str) -> Any:
    import pandera.pandas as pa

    checks: dict[str, Any] = {}
    for name, column in columns(table).items():
        rules = []
        if name in _BOUNDS:
            rules.append(pa.Check.in_range(*_BOUNDS[name]))
        if column.type == "count":
            rules.append(pa.Check.ge(0))
        if (table, name) in _CLOSED:
            rules.append(pa.Check.isin(_CLOSED[table, name]))
        # Types are set by conform(); pandera checks what a type cannot say.
        checks[name] = pa.Column(None, rules, nullable=not column.required)
    return pa.DataFrameSchema(checks)


def _said(case: pd.Series) -> str:
    if case["check"] == "not_nullable":
        return "is empty, and must not be"
    return f"has '{case['failure_case']}' ({case['check']})"


def validate(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Check a frame against the contract of its table.

    Parameters
    ----------
    frame : DataFrame
        Rows of one tidy table.
    table : str
        Name of the table.

    Returns
    -------
    DataFrame
        The frame, with the table's columns, order and types.

    Raises
    ------
    ContractBroken
        With the first offending record, column and value, and how many there are.
    """
    import pandera.errors

    frame = conform(frame, table)
    rows = frame.reset_index(drop=True)  # so that a case's index is one row's place
    try:
        _contract(table).validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as failure:
        cases = failure.failure_cases.sort_values("index", kind="stable")
        first = cases.iloc[0]
        at = rows.loc[first["index"]]
        where = f"{table}, row {first['index'] + 1}"
        if table != "panel":
            where = f"{at['source_id']} record {at['source_row']}"
        raise ContractBroken(
            f"column {first['column']!r} of {table} {_said(first)}; {len(cases)} such cells in all",
            where=where,
            spoiled="Every figure counted from that column would be wrong.",
            todo="Look at the record in the file; if the file is right, correct the column map.",
        ) from None
    return frame
