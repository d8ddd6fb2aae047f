"""Scenarios as plain data: which lines a system of keeping animals has, and which parameters make each line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from welfare.accounting.records import Record, parameter_file, read_records, refuse_duplicates
from welfare.errors import BadParameter

Bearer = Literal[
    "operator", "competitors", "consumers", "workers", "neighbours", "the public", "taxpayers and insurers",
    "other producers", "animals now", "future generations",
]  # fmt: skip


class Line(Record):
    """What a line of the account counts. Every line counts something harmful or costly: more is worse.

    Attributes
    ----------
    line, name : str
        Key, and the words shown.
    account : str
        Capital: animals, produced, natural, human, social.
    bearer : str
        Who bears it.
    party : str
        ``operator`` for what the practice saves its operator, else ``external``.
    kind : str
        What sort of thing it is, which decides how it can be valued (``data/parameters/valuations.csv``).
    unit : str
        Unit of one scenario's figure before scaling, e.g. ``h/animal``.
    scaling : float
        Factor from that unit to the one shown, e.g. 1,000 for a figure per 1,000 birds.
    shown_unit : str
        Unit after scaling, in words; a share names what it is a share of.
    meaning : str
        What the words stand for, where they do not say it themselves.
    """

    line: str
    name: str
    account: Literal["animals", "produced", "natural", "human", "social"]
    bearer: Bearer
    party: Literal["operator", "external"]
    kind: str
    unit: str
    scaling: float = Field(gt=0)
    shown_unit: str
    meaning: str = ""


class ScenarioLine(Record):
    """How one scenario gets its figure for one line.

    Attributes
    ----------
    basis : str
        ``level``: the parameters give the figure itself; ``extra``: they give what comes on top of the scenario named
        in `counted_from` (nothing, for that scenario itself); ``not_quantified``: no figure, `remark` says why.
    parameters : str
        Ids whose product is the figure, separated by a semicolon between spaces; for a line not quantified, those
        looked at in vain.
    """

    scenario: str
    line: str
    basis: Literal["level", "extra", "not_quantified"]
    parameters: str = ""
    counted_from: str = ""
    remark: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The parameter ids."""
        return tuple(name.strip() for name in self.parameters.split(";") if name.strip())

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.basis == "level" and not self.ids:
            raise ValueError("a level needs parameters")
        if self.basis == "not_quantified" and not self.remark:
            raise ValueError("a line that is not quantified needs a remark that says why")
        if (self.basis == "extra") != bool(self.counted_from):
            raise ValueError("an extra, and only an extra, says from which scenario it is counted")
        if self.basis == "extra" and bool(self.ids) == (self.counted_from == self.scenario):
            raise ValueError("an extra has parameters, except in the scenario from which it is counted")
        return self


class _Header(Record):
    scenario: str
    title: str
    species: str
    book: str
    base: str
    scope: str
    about: str = ""


@dataclass(frozen=True)
class Scenario:
    """A system of keeping animals, as lines of an account.

    Attributes
    ----------
    name, title : str
        Key, and the words shown.
    species, book, base : str
        Species, the parameter book to use by default, and what the figures are per.
    scope : str
        What the figures cover and what they leave out.
    rows : tuple of ScenarioLine
        One per line.
    about : str
        What the system is, where its title does not say it.
    """

    name: str
    title: str
    species: str
    book: str
    base: str
    scope: str
    rows: tuple[ScenarioLine, ...]
    about: str = ""


@cache
def lines() -> dict[str, Line]:
    """Return the lines an account can have, by key, in the order shown."""
    path = parameter_file("lines.csv")
    found = read_records(path, Line)
    refuse_duplicates([line.line for line in found], str(path))
    return {line.line: line for line in found}


@cache
def _read_scenarios() -> dict[str, Scenario]:
    path = parameter_file("scenario_lines.csv")
    rows = read_records(path, ScenarioLine)
    refuse_duplicates([f"{row.scenario}: {row.line}" for row in rows], str(path))
    headers = read_records(parameter_file("scenarios.csv"), _Header)
    refuse_duplicates([header.scenario for header in headers], str(parameter_file("scenarios.csv")))
    names = {header.scenario for header in headers}
    for number, row in enumerate(rows, start=1):
        known = {row.scenario, row.counted_from} - {""} <= names and row.line in lines()
        if not known:
            raise BadParameter(
                f"scenario {row.scenario!r}, counted_from {row.counted_from!r} or line {row.line!r} is not defined",
                where=f"{path}, row {number}",
                todo="Define it in scenarios.csv or lines.csv, or correct the spelling.",
            )
    return {h.scenario: _assemble(h, tuple(row for row in rows if row.scenario == h.scenario)) for h in headers}


def _assemble(header: _Header, rows: tuple[ScenarioLine, ...]) -> Scenario:
    order = list(lines())
    ordered = tuple(sorted(rows, key=lambda row: order.index(row.line)))
    return Scenario(
        header.scenario, header.title, header.species, header.book, header.base, header.scope, ordered, header.about
    )  # fmt: skip


def scenario(name: str) -> Scenario:
    """Return a shipped scenario.

    Parameters
    ----------
    name : str
        E.g. ``"broiler_conventional"``; :func:`scenarios` lists them.

    Raises
    ------
    BadParameter
        If there is no such scenario, or a shipped file is faulty.
    """
    known = _read_scenarios()
    if name not in known:
        raise BadParameter(f"no scenario is called {name!r}", todo=f"Known scenarios: {', '.join(known)}.")
    return known[name]


def scenarios() -> pd.DataFrame:
    """Return the shipped scenarios, one row each: scenario, title, species, book, base, scope."""
    columns = ["scenario", "title", "species", "book", "base", "scope"]
    rows = [(s.name, s.title, s.species, s.book, s.base, s.scope) for s in _read_scenarios().values()]
    return pd.DataFrame(rows, columns=columns)


__all__ = ["Line", "Scenario", "ScenarioLine", "lines", "scenario", "scenarios"]
