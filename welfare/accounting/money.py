"""The money panel: three ways to value animals side by side, never summed, and the price at which the answer flips."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from welfare.accounting.distributions import Draws
from welfare.accounting.narrative import written
from welfare.accounting.parameters import worst_status
from welfare.accounting.records import Record, parameter_file, read_records, refuse_duplicates
from welfare.accounting.simulate import INTERVAL, Entry, Sampled, summary

COLUMNS = ("animal_weight_zero", "willingness_to_pay", "intrinsic")
_AT = ("low", "median", "high")
_SWITCHING = ["quantity", "unit", "low", "median", "high", "never", "status", "sources", "reason"]


class _Valuation(Record):
    """Whether a kind of line counts in a column of the money panel: it does if no reason is given why not."""

    kind: str
    column: Literal["animal_weight_zero", "willingness_to_pay", "intrinsic"]
    reason: str = ""


@cache
def _valuations() -> dict[tuple[str, str], str]:
    path = parameter_file("valuations.csv")
    rows = read_records(path, _Valuation)
    refuse_duplicates([f"{row.kind}: {row.column}" for row in rows], str(path))
    return {(row.kind, row.column): row.reason for row in rows}


def money(differences: list[Entry]) -> pd.DataFrame:
    """Put the differences in money where that can be done, under three views of what animals are worth.

    Parameters
    ----------
    differences : list of Entry
        The lines of an account.

    Returns
    -------
    DataFrame
        Index line and at (low, median, high). Columns animal_weight_zero, willingness_to_pay, intrinsic (missing
        where not monetised, never 0), currency, price_year, reason (why a column is missing).

    Notes
    -----
    Each column is a whole view of its own: a cost in money reads the same in all three, since it does not depend on
    what animals are worth. Adding columns would count it three times.
    """
    records: list[Mapping[str, object]] = []
    for entry in differences:
        missing = {column: _why_not(entry, column) for column in COLUMNS}
        values = summary(entry.quantity)
        currency, year, _ = entry.price if entry.quantity is not None and entry.price else ("", None, "")
        for at in _AT:
            cells = {column: None if missing[column] else values[at] for column in COLUMNS}
            records.append(
                {"line": entry.line.name, "at": at, **cells, "currency": currency, "price_year": year}
                | {"reason": _words(missing)}
            )
    frame = pd.DataFrame(records).set_index(["line", "at"])
    types: dict[str, str] = {**dict.fromkeys(COLUMNS, "Float64"), "price_year": "Int64", "currency": "str"}
    return frame.astype(types)


def _why_not(entry: Entry, column: str) -> str:
    """Return why a line has no value in a column; empty if it has."""
    if entry.quantity is None:
        return f"not quantified: {entry.reason}"
    return _valuations().get((entry.line.kind, column), "no way to value this kind of line is held")


def _words(missing: dict[str, str]) -> str:
    reasons = {reason for reason in missing.values()}
    if len(reasons) == 1:
        return reasons.pop()
    return "; ".join(f"{column}: {reason}" for column, reason in missing.items() if reason)


def switching(differences: list[Entry]) -> pd.DataFrame:
    """Find the price of an hour of pain at which each saving in money is no longer worth it, all else left aside.

    Parameters
    ----------
    differences : list of Entry
        The lines of an account.

    Returns
    -------
    DataFrame
        One row per line in money and line of pain: quantity, unit, low, median, high (missing where no finite price
        flips the answer), never (share of draws in which no price of that hour flips it), status, sources, reason.

    Notes
    -----
    The price is the ratio of money to hours in each draw. Where the cheaper side does not also have more pain, no
    price flips the answer, and the draw counts as an infinite price: so the quantiles are those of the ratio, and its
    mean, which does not exist, is never taken. Prices for different levels of pain are alternatives, not to be added.
    Nothing says that an hour has such a price: the reader supplies the weight.
    """
    priced = [(e, e.quantity) for e in differences if e.line.kind == "cost_money" and isinstance(e.quantity, Sampled)]
    pain = [(e, e.quantity) for e in differences if e.line.kind == "pain" and isinstance(e.quantity, Sampled)]
    rows = [
        _flip(cost, saved.draws, hours, caused.draws)
        for cost, saved in priced
        for hours, caused in pain
        if np.any(saved.draws) and np.any(caused.draws)
    ]
    return pd.DataFrame(rows, columns=_SWITCHING)


def _flip(cost: Entry, cost_draws: Draws, hours: Entry, hours_draws: Draws) -> dict[str, object]:
    money_saved, pain_caused = np.broadcast_arrays(-cost_draws, hours_draws)
    opposed = money_saved * pain_caused > 0
    price = np.full(money_saved.shape, np.inf)
    np.divide(money_saved, pain_caused, out=price, where=opposed)
    tail = (1 - INTERVAL) / 2
    # Order statistics: halfway between a finite and an infinite price there is no price.
    bounds = np.quantile(price, [tail, 0.5, 1 - tail], method="inverted_cdf")
    low, median, high = (float(value) if np.isfinite(value) else None for value in bounds)
    never = float(1 - opposed.mean())
    currency = cost.price[0] if cost.price else ""
    inputs = list(dict.fromkeys(cost.parameters + hours.parameters))
    return {
        "quantity": f"price of an hour of {hours.line.name}",
        "unit": f"{currency} per hour ({cost.prices})",
        "low": low,
        "median": median,
        "high": high,
        "never": never,
        "status": worst_status(inputs),
        "sources": " ; ".join(p.id for p in inputs),
        "reason": _no_price(never, hours),
    }


def _no_price(never: float, hours: Entry) -> str:
    if never == 0:
        return ""
    share = written(100 * never)
    return f"in {share}% of the draws the cheaper side does not have more {hours.line.name}, so no price flips it"


__all__ = ["COLUMNS", "money", "switching"]
