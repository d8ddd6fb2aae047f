"""The parameter book: each number an account may use, with its interval, its source and how well that is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cache
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self, get_args
from zlib import crc32

import pandas as pd
from pydantic import Field, model_validator

from welfare.accounting.records import Record, hash_files, parameter_file, read_records, refuse_duplicates
from welfare.errors import BadParameter

Status = Literal["primary", "secondary", "abstract", "unverified", "judgement", "not_found"]
STATUSES: tuple[Status, ...] = get_args(Status)
Shape = Literal[
    "point", "uniform", "normal", "lognormal", "beta", "gamma", "loguniform", "weibull", "scenarios", "samples", "none"
]
_FILES = ("parameters.csv", "additions.csv")
_CURRENCIES = ("USD", "GBP", "EUR")


class _Unit(Record):
    unit: str
    meaning: str
    lowest: float | None = None
    highest: float | None = None


class _Member(Record):
    book: str
    id: str


@cache
def _units() -> dict[str, _Unit]:
    path = parameter_file("units.csv")
    rows = read_records(path, _Unit)
    refuse_duplicates([row.unit for row in rows], str(path))
    return {row.unit: row for row in rows}


class Parameter(Record):
    """One number with its doubt and its source.

    Attributes
    ----------
    id : str
        Name, vintage included where vintages differ.
    unit : str
        Unit of `low`, `central`, `high`, `mean`, `sd` and `median`; one of ``data/parameters/units.csv``.
    low, central, high, mean, sd, median : float or None
        What the source gives; shares and relative changes are fractions.
    interval_mass : float or None
        Probability between `low` and `high`: 0.90, 0.95, 1.0 (reported lowest and highest); None where unknown.
    distribution : str
        Shape. ``none``: an interval without a shape; ``scenarios``: alternatives, not bounds.
    price_year, currency : int, str or None
        Only for money. `price_year_basis` says whether the source states the year or it was assumed.
    status : str
        How the source was read: primary, secondary, abstract, unverified, judgement, not_found.
    address : str
        Where to read it; several are separated by a semicolon between spaces; empty: still to be found.
    """

    id: str
    description: str
    unit: str
    distribution: Shape
    source: str
    status: Status = Field(alias="status_of_source")
    species: str = ""
    system: str = ""
    low: float | None = None
    central: float | None = None
    high: float | None = None
    mean: float | None = None
    sd: float | None = Field(default=None, gt=0)
    median: float | None = None
    interval_mass: float | None = Field(default=None, gt=0, le=1)
    data_period: str = Field(default="", pattern=r"^([12]\d{3}(-(0[1-9]|1[0-2])|/[12]\d{3})?)?$")
    price_year: int | None = None
    price_year_basis: Literal["", "stated", "assumed"] = ""
    currency: Literal["", "USD", "GBP", "EUR"] = ""
    jurisdiction: str = ""
    address: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        self._check_order()
        self._check_unit()
        if (self.price_year is None) != (self.price_year_basis == ""):
            raise ValueError("a price year needs its basis (stated or assumed), and a basis its year")
        if self.distribution == "point" and self.central is None:
            raise ValueError("a point needs a central value")
        return self

    def _check_order(self) -> None:
        ordered = [value for value in (self.low, self.central, self.high) if value is not None]
        if ordered != sorted(ordered):
            raise ValueError(f"low, central, high are out of order: {self.low}, {self.central}, {self.high}")

    def _check_unit(self) -> None:
        if self.unit not in _units():
            raise ValueError(f"unit {self.unit!r} is not in data/parameters/units.csv")
        lowest, highest = self.bounds
        for name in ("low", "central", "high", "mean", "median"):
            value = getattr(self, name)
            if value is None:
                continue
            if (lowest is not None and value < lowest) or (highest is not None and value > highest):
                raise ValueError(f"{name} {value:g} is outside what {self.unit!r} can be ({lowest} to {highest})")
        money = [code for code in _CURRENCIES if code in re.split(r"[/ ]", self.unit)]
        if money != ([self.currency] if self.currency else []):
            raise ValueError(f"unit {self.unit!r} and currency {self.currency!r} do not agree")

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Lowest and highest value the unit can take (None: no bound)."""
        unit = _units()[self.unit]
        return unit.lowest, unit.highest

    @property
    def verified(self) -> bool:
        """Whether the source was read and can be found: status primary or secondary, and an address."""
        return self.status in ("primary", "secondary") and bool(self.address)


def worst_status(parameters: list[Parameter]) -> Status:
    """Return the least certain status among parameters.

    Parameters
    ----------
    parameters : list of Parameter
        At least one.
    """
    return max((p.status for p in parameters), key=STATUSES.index)


@dataclass(frozen=True, repr=False)
class Book(Mapping[str, Parameter]):
    """A set of parameters to account with, as of a day.

    ``book[id]`` is one :class:`Parameter`; a book is a mapping, so ``id in book``, ``len(book)`` and iteration work.

    Attributes
    ----------
    name : str
        Name of the book.
    parameters : mapping of str to Parameter
        The records, by id.
    sha256 : str
        SHA-256 of the bytes of the files the book was read from, one after another: parameters.csv,
        additions.csv, units.csv, books.csv.
    on : date or None
        The day asked for.
    dropped : DataFrame
        Columns row (the id) and reason: what the day left out.
    """

    name: str
    parameters: Mapping[str, Parameter]
    sha256: str
    on: date | None = None
    dropped: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"row": [], "reason": []}, dtype="str"))

    def __post_init__(self) -> None:
        """Freeze the mapping and refuse two ids that would share one stream of draws."""
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        streams: dict[int, str] = {}
        for name in self.parameters:
            twin = streams.setdefault(crc32(name.encode()), name)
            if twin != name:
                raise BadParameter(
                    f"{name!r} and {twin!r} have the same CRC-32, so their draws would be the same",
                    where=f"book {self.name}",
                    spoiled="Two independent parameters would move together.",
                    todo="Rename one of them.",
                )

    def __getitem__(self, name: str) -> Parameter:
        """Return the record of an id, or say which ids are near it."""
        if name in self.parameters:
            return self.parameters[name]
        near = get_close_matches(name, self.parameters, n=3)
        if name in set(self.dropped["row"]):
            reason = self.dropped.loc[self.dropped["row"] == name, "reason"].iloc[0]
            raise BadParameter(
                f"the book has no {name!r}: {reason}", where=f"book {self.name}", todo="Choose a later day."
            )
        raise BadParameter(
            f"no parameter is called {name!r}",
            where=f"book {self.name}",
            todo=f"Near it: {', '.join(near)}." if near else "book.table lists the ids.",
        )

    def __contains__(self, name: object) -> bool:
        return name in self.parameters

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    def __repr__(self) -> str:
        day = f" as of {self.on}" if self.on else ""
        return f"Book {self.name!r}{day}: {len(self)} parameters, sha256 {self.sha256[:12]}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.table.to_html(max_rows=20)}"

    @property
    def table(self) -> pd.DataFrame:
        """One row per parameter; columns as in ``data/parameters/parameters.csv``, `status_of_source` named status."""
        return pd.DataFrame([p.model_dump() for p in self.parameters.values()], columns=list(Parameter.model_fields))


def read_parameters(*paths: str | Path) -> dict[str, Parameter]:
    """Read parameter files strictly.

    Parameters
    ----------
    *paths : path
        CSV files with the columns of ``data/parameters/parameters.csv``.

    Returns
    -------
    dict of str to Parameter
        By id, in the files' order.

    Raises
    ------
    BadParameter
        On an unknown, missing or doubled column, a duplicate id (within a file or between files), a number that is
        NaN or infinite, values out of order or outside their unit, a currency that the unit does not carry.
    """
    found: dict[str, Parameter] = {}
    for path in paths:
        rows = read_records(path, Parameter)
        refuse_duplicates([row.id for row in rows], str(path))
        for number, row in enumerate(rows, start=1):
            if row.id in found:
                raise BadParameter(
                    f"duplicate {row.id!r}: another file of the book has it already",
                    where=f"{path}, row {number}",
                    spoiled="A number must live in one place.",
                    todo="Keep one of them; a new vintage gets its own id.",
                )
            found[row.id] = row
    return found


def parameters(book: str, *, on: str | date | None = None) -> Book:
    """Return a shipped parameter book.

    Parameters
    ----------
    book : str
        Name of the book, e.g. ``"us_broiler"``; ``data/parameters/books.csv`` says which ids make it.
    on : str or date, optional
        Day as ``YYYY-MM-DD``. Parameters whose data period begins after that day are left out and listed in
        ``.dropped``.

    Returns
    -------
    Book
        A mapping of id to :class:`Parameter`.

    Raises
    ------
    BadParameter
        If there is no such book, the day is not a date, no parameter is left on it, or a shipped file is faulty.

    Notes
    -----
    `on` misleads if taken for more than it is. A data period is the time that the figures describe, not the day on
    which they were published, so a book on a past day may hold figures that nobody could have read that day. Vintages
    of one quantity have ids of their own and are never chosen by date. Parameters without a data period are kept.
    """
    members = read_records(parameter_file("books.csv"), _Member)
    wanted = [row.id for row in members if row.book == book]
    if not wanted:
        known = ", ".join(sorted({row.book for row in members}))
        raise BadParameter(f"no parameter book is called {book!r}", todo=f"Known books: {known}.")
    where = f"{parameter_file('books.csv')}, book {book}"
    refuse_duplicates(wanted, where)
    every = read_parameters(*(parameter_file(name) for name in _FILES))
    unknown = [name for name in wanted if name not in every]
    if unknown:
        raise BadParameter(f"no parameter is called {', '.join(map(repr, unknown))}", where=where)
    chosen = {name: every[name] for name in wanted}
    return _as_of(book, chosen, None if on is None else _day(on))


def _as_of(book: str, chosen: dict[str, Parameter], day: date | None) -> Book:
    """Leave out what begins after the day, and say so."""
    late = {name: p for name, p in chosen.items() if day and p.data_period and _begins(p.data_period) > day}
    dropped = pd.DataFrame(
        [(name, f"its data period, {p.data_period}, begins after {day}") for name, p in late.items()],
        columns=["row", "reason"],
        dtype="str",
    )
    kept = {name: p for name, p in chosen.items() if name not in late}
    if all(p.data_period == "" for p in kept.values()):
        raise BadParameter(f"no dated parameter of book {book!r} begins by {day}", todo="Choose a later day.")
    return Book(book, kept, hash_files(*_FILES, "units.csv", "books.csv"), day, dropped)


def _begins(period: str) -> date:
    """Return the first day of a data period: ``2021``, ``2023-03`` or ``2009/2014``."""
    start = period.split("/")[0]
    return date.fromisoformat(f"{start}-01" if "-" in start else f"{start}-01-01")


def _day(on: str | date) -> date:
    try:
        return date.fromisoformat(str(on)[:10] if isinstance(on, date) else on)
    except (TypeError, ValueError) as error:
        raise BadParameter(f"on={on!r} is not a day", todo="Write it as YYYY-MM-DD.") from error


__all__ = ["STATUSES", "Book", "Parameter", "Status", "parameters", "read_parameters", "worst_status"]
