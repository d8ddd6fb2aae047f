"""Words of a column map that make rows: several from one record, or none."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from welfare.schema.columns import columns
from welfare.sources.maps.fill import Filler

# 29 CFR 1904 rates are per 100 full-time workers: 200,000 hours, 100 x 40 hours x 50 weeks.
_HOURS_OF_100_WORKERS = 200_000


def flags(base: pd.DataFrame, rules: pd.DataFrame, filler: Filler) -> pd.DataFrame:
    """Give one row per flag a record sets; the columns of flags not set in that row stay null."""
    parts = []
    rule: Any
    for rule in rules.itertuples():
        cells = filler.records[rule.header].str.casefold()
        known = cells.isin(["", "yes", "no"])
        said = "'" + filler.records[rule.header] + "' is not Yes, No or empty"
        filler.note(said.where(~known, ""), rule.header)
        set_ = cells.reindex(base.index) == "yes"
        parts.append(base[set_].assign(**{rule.column: rule.transform.partition(" ")[2]}))
    return pd.concat(parts).sort_index(kind="stable")


def identifiers(base: pd.DataFrame, rules: pd.DataFrame, filler: Filler) -> pd.DataFrame:
    """Give one row per identifier in a cell: compound grants stand in one cell, joined."""
    parts = []
    rule: Any
    for rule in rules.itertuples():
        _, scheme, *separator = rule.transform.split(" ")
        cells = filler.records[rule.header]
        each = (cells.str.split(separator[0], regex=False).explode() if separator else cells).str.strip()
        each = each[each.notna() & (each != "")]
        found = pd.DataFrame({"record": each.index, "scheme": scheme, "identifier": each.astype("str").to_numpy()})
        parts.append(base.join(found.drop_duplicates().set_index("record"), how="inner"))
    each = pd.concat(parts).rename_axis("record").reset_index()
    return each.drop_duplicates().set_index("record")  # two headers may give one number


class Reading(NamedTuple):
    """What a map says of the numbers under one header: ``reading UNIT QUANTITY: SUBJECT | COLUMN=VALUE``."""

    unit: str
    quantity: str
    subject: str
    also: dict[str, str]


def _stated(values: pd.Series, base: pd.DataFrame) -> pd.Series:
    """Return the values that are not null, of the records that have a row in this table."""
    return values.reindex(base.index).dropna()


def parse_reading(transform: str) -> Reading:
    """Take the text of a ``reading`` apart; the subject, and what follows a bar, may be left out."""
    said, *rest = transform.split(" | ")
    unit, _, words = said.partition(" ")[2].partition(" ")
    quantity, _, subject = words.partition(": ")
    pairs = (pair.partition("=") for pair in rest)
    return Reading(unit, quantity.strip(), subject.strip(), {name.strip(): value.strip() for name, _, value in pairs})


def readings(base: pd.DataFrame, rules: pd.DataFrame, filler: Filler, read: str = "number") -> pd.DataFrame:
    """Give one row per filled cell: its number, the unit, and what was measured, of whom where the rule says so.

    What a rule says after a bar holds for its own rows: two headers of one record may be of different measurers.
    """
    parts = []
    rule: Any
    for rule in rules.itertuples():
        reading = parse_reading(rule.transform)
        values = _stated(filler.read(rule.header, read), base)
        part = base.loc[values.index].assign(value=values, unit=reading.unit)
        part["kind" if rule.table == "exposures" else "quantity"] = reading.quantity
        if reading.subject:
            part["subject"] = reading.subject
        for name, said in reading.also.items():
            part[name] = int(said) if columns(rule.table)[name].type == "count" else said
        parts.append(part)
    return pd.concat(parts).sort_index(kind="stable")


def items(base: pd.DataFrame, rules: pd.DataFrame, filler: Filler) -> pd.DataFrame:
    """Give one row per scored item of an audit: its code, and the score in the agency's word."""
    parts = []
    rule: Any
    for rule in rules.itertuples():
        scores = _stated(filler.read(rule.header, "text"), base)
        parts.append(base.loc[scores.index].assign(item=rule.transform.partition(" ")[2], score=scores))
    return pd.concat(parts).sort_index(kind="stable")


def incidences(base: pd.DataFrame, rules: pd.DataFrame, filler: Filler) -> pd.DataFrame:
    """Give one row per rate of cases over hours worked, per 100 full-time workers (29 CFR 1904; BLS).

    A record with a part missing, or without hours, has no rate: the row is not there, and nothing is filled in.
    """
    parts = []
    names = rules["transform"].str.split(" ").str[1]
    roles = rules["transform"].str.split(" ").str[2]
    for name, own in rules.groupby(names, sort=False):
        values = {header: filler.read(header, "amount") for header in own["header"]}
        cases = sum(values[header] for header in own.loc[roles == "cases", "header"])
        hours = values[own.loc[roles == "hours", "header"].iloc[0]]
        rate = _stated(cases * _HOURS_OF_100_WORKERS / hours.where(hours > 0, np.nan), base)
        parts.append(base.loc[rate.index].assign(quantity=name, value=rate, unit="cases/200000 h"))
    return pd.concat(parts).sort_index(kind="stable")


Maker = Callable[[pd.DataFrame, pd.DataFrame, Filler], pd.DataFrame]
MAKERS: dict[str, Maker] = {
    "flag": flags,
    "ids": identifiers,
    "reading": readings,
    "total": partial(readings, read="amount"),
    "item": items,
    "incidence": incidences,
}
