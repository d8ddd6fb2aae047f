"""From parameters to figures: one entry per line and scenario, and the difference between two, draw by draw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from welfare.accounting.distributions import Draws, sample
from welfare.accounting.parameters import Book, Parameter, worst_status
from welfare.accounting.scenarios import Line, Scenario, ScenarioLine, lines
from welfare.errors import BadParameter

# Results are given as the median and the interval that holds 90% of the draws (ACCOUNTING, rule 9).
INTERVAL = 0.90
NOT_QUANTIFIED = "not quantified"
# Exact by definition of the hour.
_IN_HOURS = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0}


@dataclass(frozen=True)
class Sampled:
    """A figure with draws; without spread where every input is a single figure."""

    draws: Draws
    how: str

    @property
    def varies(self) -> bool:
        """Whether any two draws differ."""
        return bool(self.draws.min() != self.draws.max())


@dataclass(frozen=True)
class Bounds:
    """A figure known only as an interval without a shape: carried, never drawn."""

    low: float
    high: float
    median: float | None
    mean: float | None
    how: str

    def times(self, factor: float) -> Bounds:
        """Return the bounds multiplied by a number, in order whatever its sign."""
        low, high = sorted((self.low * factor, self.high * factor))
        scaled = [None if value is None else value * factor for value in (self.median, self.mean)]
        return Bounds(low, high, scaled[0], scaled[1], self.how)


@dataclass(frozen=True)
class Entry:
    """One line of one scenario, or of the difference between two.

    Attributes
    ----------
    line : Line
        What is counted.
    quantity : Sampled, Bounds or None
        In the line's shown unit; None where not quantified.
    parameters : tuple of Parameter
        Inputs; for a line not quantified, those looked at in vain.
    counted_from : str
        For an extra, the scenario it is counted from.
    reason : str
        Why the line is not quantified, or a caveat.
    clipped : dict of str to float
        Parameter id to the share of its draws set to a bound.
    """

    line: Line
    quantity: Sampled | Bounds | None
    parameters: tuple[Parameter, ...]
    counted_from: str = ""
    reason: str = ""
    clipped: dict[str, float] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """How well the least certain input is sourced."""
        if self.quantity is None:
            return NOT_QUANTIFIED
        return worst_status(list(self.parameters)) if self.parameters else "by definition"

    @property
    def price(self) -> tuple[str, int | None, str] | None:
        """Currency, price year and its basis of a line in money; None for other lines."""
        prices = {(p.currency, p.price_year, p.price_year_basis) for p in self.parameters if p.currency}
        if len(prices) > 1 and self.quantity is not None:
            raise BadParameter(
                f"line {self.line.line!r} mixes money of {sorted(map(str, prices))}",
                spoiled="Currencies and price years are never converted without a stated rate.",
                todo="Use inputs of one currency and year.",
            )
        return next(iter(prices), None)

    @property
    def unit(self) -> str:
        """The shown unit, with the price year where it is money."""
        if self.quantity is None or self.price is None:
            return self.line.shown_unit
        return f"{self.line.shown_unit} ({self.prices})"

    @property
    def prices(self) -> str:
        """The price year in words; empty for a line that is not in money."""
        if self.price is None:
            return ""
        _, year, basis = self.price
        return f"{year or 'undated'} prices" + (", year assumed" if basis == "assumed" else "")


def entries(scenario: Scenario, book: Book, draws: int, seed: int) -> dict[str, Entry]:
    """Return one entry per line of a scenario.

    Parameters
    ----------
    scenario : Scenario
        The system.
    book : Book
        Where its parameters are.
    draws, seed : int
        Number of draws, and the seed of the streams; a parameter has the same draws in every scenario.
    """
    return {row.line: _evaluate(row, lines()[row.line], book, draws, seed) for row in scenario.rows}


def _evaluate(row: ScenarioLine, line: Line, book: Book, draws: int, seed: int) -> Entry:
    if row.basis == "not_quantified":
        known = tuple(book[name] for name in row.ids if name in book)
        return Entry(line, None, known, reason=row.remark)
    late = [name for name in row.ids if name not in book and name in set(book.dropped["row"])]
    if late:
        return Entry(line, None, (), reason=f"the book as of {book.on} has no {' or '.join(late)}: its data are later")
    inputs = tuple(book[name] for name in row.ids)
    if not inputs:
        zero = Sampled(np.zeros(draws), "0 by definition: the system that the extra is counted from")
        return Entry(line, zero, (), row.counted_from, row.remark)
    factor = line.scaling * _factor(inputs, line)
    quantity, clipped = _product(inputs, factor, draws, seed)
    return Entry(line, quantity, inputs, row.counted_from, row.remark, clipped)


def _product(
    inputs: tuple[Parameter, ...], factor: float, draws: int, seed: int
) -> tuple[Sampled | Bounds, dict[str, float]]:
    """Multiply the inputs: draws with draws, one interval with single figures, nothing else."""
    shapeless = [p for p in inputs if p.distribution in ("none", "samples", "scenarios")]
    drawn = {p.id: sample(p, draws, seed) for p in inputs if p not in shapeless}
    values = np.full(draws, factor)
    for name in drawn:
        values = values * drawn[name].values
    clipped = {name: taken.clipped for name, taken in drawn.items() if taken.clipped > 0}
    product = Sampled(values, f"{INTERVAL:.0%} of draws")
    if not product.varies:
        product = Sampled(values, "single figure: no interval held")
    if not shapeless:
        return product, clipped
    if len(shapeless) > 1 or product.varies:
        raise BadParameter(
            f"{', '.join(p.id for p in inputs)}: an interval without a shape cannot be multiplied by what varies",
            spoiled="The product would have no stated probability.",
            todo="State a shape for it, or make it a line of its own.",
        )
    return _as_bounds(shapeless[0]).times(float(values[0])), clipped


def _as_bounds(parameter: Parameter) -> Bounds:
    """Carry a parameter without a shape as the interval its source gives."""
    if parameter.distribution == "scenarios" or parameter.low is None or parameter.high is None:
        raise BadParameter(
            "its values are alternatives, not bounds" if parameter.low is not None else "it has no bounds",
            where=f"parameter {parameter.id}",
            spoiled="An interval made of them would have no meaning.",
            todo="Make one scenario for each alternative.",
        )
    mass = parameter.interval_mass
    named = {
        None: "interval of unknown mass",
        0.5: "middle half of what was observed",
        1.0: "lowest to highest reported",
    }
    how = named.get(mass, f"{mass:.0%} interval as published" if mass else "") + ", not drawn"
    return Bounds(parameter.low, parameter.high, parameter.median, parameter.mean, how)


def _factor(inputs: tuple[Parameter, ...], line: Line) -> float:
    """Return the factor from the product of the inputs' units to the line's unit; raise if they do not agree."""
    units = [p.unit for p in inputs]
    if units == [line.unit]:
        return 1.0
    product: Counter[str] = Counter()
    for unit in units:
        _multiply(product, unit, 1)
    _multiply(product, line.unit, -1)
    left = {name: power for name, power in product.items() if power}
    over = [name for name, power in left.items() if power == 1]
    under = [name for name, power in left.items() if power == -1]
    if not left:
        return 1.0
    if len(left) == 2 and over and under and over[0] in _IN_HOURS and under[0] in _IN_HOURS:
        return _IN_HOURS[over[0]] / _IN_HOURS[under[0]]
    raise BadParameter(
        f"{' x '.join(units)} is not {line.unit}",
        where=f"line {line.line}, parameters {', '.join(p.id for p in inputs)}",
        spoiled="The line would be in the wrong unit.",
        todo="Correct the parameters of the line or its unit.",
    )


def _multiply(product: Counter[str], unit: str, power: int) -> None:
    """Multiply a product of units by one more, written as ``a/b/c``."""
    over, *under = unit.split("/")
    product[over] += power
    for name in under:
        product[name] -= power


def difference(first: Entry, second: Entry) -> Entry:
    """Return the first entry less the second, draw by draw; intervals without a shape by their bounds.

    Parameters
    ----------
    first, second : Entry
        The same line of two scenarios.

    Returns
    -------
    Entry
        Not quantified where either side is not, or where one is drawn and the other a mere interval.
    """
    inputs = tuple(dict.fromkeys(first.parameters + second.parameters))
    missing = list(dict.fromkeys(side.reason for side in (first, second) if side.quantity is None))
    if missing:
        return Entry(first.line, None, inputs, reason="; ".join(missing))
    if first.counted_from != second.counted_from:
        return Entry(first.line, None, inputs, reason="the two extras are counted from different systems")
    quantity, reason = _less(first, second)
    caveats = [text for text in dict.fromkeys((first.reason, second.reason, reason)) if text]
    return Entry(
        first.line, quantity, inputs, first.counted_from, "; ".join(caveats), {**first.clipped, **second.clipped}
    )  # fmt: skip


def _less(first: Entry, second: Entry) -> tuple[Sampled | Bounds | None, str]:
    one, two = first.quantity, second.quantity
    if first.parameters == second.parameters and one is not None:
        size = one.draws.size if isinstance(one, Sampled) else 1
        return Sampled(np.zeros(size), "same inputs on both sides"), ""
    if isinstance(one, Sampled) and isinstance(two, Sampled):
        values = one.draws - two.draws
        how = f"{INTERVAL:.0%} of draws" if values.min() != values.max() else "single figure: no interval held"
        return Sampled(values, how), ""
    if isinstance(one, Bounds) and isinstance(two, Sampled) and not two.varies:
        return _shift(one, -float(two.draws[0])), ""
    if isinstance(two, Bounds) and isinstance(one, Sampled) and not one.varies:
        return _shift(two.times(-1), float(one.draws[0])), ""
    return None, "an interval without a shape has no difference from figures that vary"


def _shift(bounds: Bounds, by: float) -> Bounds:
    moved = [None if value is None else value + by for value in (bounds.median, bounds.mean)]
    return Bounds(bounds.low + by, bounds.high + by, moved[0], moved[1], bounds.how)


def summary(quantity: Sampled | Bounds | None) -> dict[str, float | None]:
    """Return low, median, high and mean of a figure, None for what is not known.

    Parameters
    ----------
    quantity : Sampled, Bounds or None
        Draws give the median and the interval that holds 90% of them; bounds are returned as they are.
    """
    if quantity is None:
        return dict.fromkeys(("low", "median", "high", "mean"))
    if isinstance(quantity, Bounds):
        return {"low": quantity.low, "median": quantity.median, "high": quantity.high, "mean": quantity.mean}
    tail = (1 - INTERVAL) / 2
    low, median, high = np.quantile(quantity.draws, [tail, 0.5, 1 - tail])
    # The mean of equal numbers is that number: summing them would leave a trace of rounding.
    mean = quantity.draws.mean() if quantity.varies else median
    return {"low": float(low), "median": float(median), "high": float(high), "mean": float(mean)}


__all__ = ["INTERVAL", "NOT_QUANTIFIED", "Bounds", "Entry", "Sampled", "difference", "entries", "summary"]
