"""Words of a column map that make rows: several from one record, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from welfare.sources.fill import Filler
from welfare.sources.transforms import number

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
        parts.append(base[cells == "yes"].assign(**{rule.column: rule.transform.partition(" ")[2]}))
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
    return pd.concat(parts)


def readings(base: pd.DataFrame, rules: pd.DataFrame, filler: Filler) -> pd.DataFrame:
    """Give one row per filled cell: its number, the unit, and what was measured, of whom where the rule says so."""
    parts = []
    rule: Any
    for rule in rules.itertuples():
        unit, quantity, subject = parse_reading(rule.transform)
        values = filler.read(rule.header, "number")
        part = base[values.notna()].assign(
            value=values, unit=unit, **{"kind" if rule.table == "exposures" else "quantity": quantity}
        )
        parts.append(part.assign(subject=subject) if subject else part)
    return pd.concat(parts).sort_index(kind="stable")


def parse_reading(transform: str) -> tuple[str, str, str]:
    """Return unit, quantity and subject of ``reading UNIT QUANTITY: SUBJECT``; the subject may be left out."""
    unit, _, rest = transform.partition(" ")[2].partition(" ")
    quantity, _, subject = rest.partition(": ")
    return unit, quantity.strip(), subject.strip()


def items(base: pd.DataFrame, rules: pd.DataFrame, filler: Filler) -> pd.DataFrame:
    """Give one row per scored item of an audit: its code, and the score in the agency's word."""
    parts = []
    rule: Any
    for rule in rules.itertuples():
        cells = filler.records[rule.header]
        parts.append(base[cells != ""].assign(item=rule.transform.partition(" ")[2], score=cells))
    return pd.concat(parts).sort_index(kind="stable")


def incidences(base: pd.DataFrame, rules: pd.DataFrame, filler: Filler) -> pd.DataFrame:
    """Give one row per rate of cases over hours worked, per 100 full-time workers (29 CFR 1904; BLS).

    A record with a part missing, or without hours, has no rate: the row is not there, and nothing is filled in.
    """
    parts = []
    names = rules["transform"].str.split(" ").str[1]
    roles = rules["transform"].str.split(" ").str[2]
    for name, own in rules.groupby(names, sort=False):
        values = {header: number(filler.records[header])[0] for header in own["header"]}
        cases = sum(values[header] for header in own.loc[roles == "cases", "header"])
        hours = values[own.loc[roles == "hours", "header"].iloc[0]]
        rate = cases * _HOURS_OF_100_WORKERS / hours.where(hours > 0, np.nan)
        parts.append(base[rate.notna()].assign(quantity=name, value=rate, unit="cases/200000 h"))
    return pd.concat(parts).sort_index(kind="stable")


Maker = Callable[[pd.DataFrame, pd.DataFrame, Filler], pd.DataFrame]
MAKERS: dict[str, Maker] = {
    "flag": flags,
    "ids": identifiers,
    "reading": readings,
    "item": items,
    "incidence": incidences,
}
