"""The account of a practice against a stated alternative: nothing saved is shown without what it costs others."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pandas as pd

from welfare.accounting.money import COLUMNS as MONEY_COLUMNS
from welfare.accounting.money import money, switching
from welfare.accounting.narrative import narrate, notes, rounded, side
from welfare.accounting.parameters import Book, Parameter, parameters
from welfare.accounting.records import hash_files
from welfare.accounting.scenarios import Scenario, scenario
from welfare.accounting.simulate import Entry, difference, entries, summary
from welfare.errors import BadParameter, NoBareNumber
from welfare.schema.results import Result

COLUMNS = ("line", "account", "bearer", "unit", "low", "median", "high", "mean", "status")
_INPUTS = (
    "id", "description", "system", "unit", "low", "central", "high", "interval_mass", "data_period", "jurisdiction",
    "source", "address", "status", "verified", "note",
)  # fmt: skip
_EXTRA = ("interval", "sources", "reason")
_LEAST_DRAWS = 100
_FILES = ("lines.csv", "scenarios.csv", "scenario_lines.csv", "valuations.csv")


@dataclass(frozen=True, repr=False)
class Account(Result):
    """What a practice saves and what it costs others, set against an alternative.

    Attributes
    ----------
    table : DataFrame
        One row per line: line, account (animals, produced, natural, human, social), bearer, unit, low, median, high,
        mean, status (least certain input: primary, secondary, abstract, unverified, judgement; or not quantified),
        interval (what low and high are), sources (parameter ids), reason. Values are the scenario less the
        alternative, taken draw by draw; every line counts something one would rather have less of, so a positive
        value is lost by the practice and a negative one saved.
    levels : DataFrame
        The same columns after scenario, for each of the two by itself.
    money : DataFrame
        Index line and at (low, median, high); columns animal_weight_zero, willingness_to_pay, intrinsic (missing
        where not monetised; each a whole view, never summed), currency, price_year, reason.
    scenario, against : str
        Names of the two scenarios.
    draws, seed : int
        How the figures were drawn.
    book, book_sha256 : str
        Name of the parameter book, and the hash of its files.
    scenarios_sha256 : str
        Hash of the shipped lines, scenarios and valuations (lines.csv, scenarios.csv, scenario_lines.csv,
        valuations.csv); a scenario handed in as an object is not among them.
    inputs : DataFrame
        One row per parameter behind a figure of `levels`, as its source gives it: id, description, system, unit, low,
        central, high, interval_mass, data_period, jurisdiction, source, address, status, verified, note.

    Raises
    ------
    BadParameter
        If it is built without what the practice costs others: at least one quantified line that the animals bear,
        and a money panel with its three columns.

    Notes
    -----
    Percentiles of different lines must not be added, nor levels of pain, nor the columns of the money panel.
    Lines not quantified are in the table, without numbers; a sum over the table is not a total of anything.
    """

    levels: pd.DataFrame
    money: pd.DataFrame
    scenario: str
    against: str
    draws: int
    seed: int
    book: str
    book_sha256: str
    scenarios_sha256: str
    inputs: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_INPUTS)))
    _switching: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        """Refuse an account without its external side."""
        if list(self.table.columns[: len(COLUMNS)]) != list(COLUMNS):
            raise BadParameter(f"an account's table has the columns {', '.join(COLUMNS)}")
        if not self.scenario or not self.against:
            raise BadParameter("an account needs a scenario and what it is set against")
        for name, rows in (("table", self.table), ("levels", self.levels)):
            _require_external(rows, name)
        if list(self.money.columns[:3]) != list(MONEY_COLUMNS):
            raise BadParameter(f"an account's money panel has the columns {', '.join(MONEY_COLUMNS)}")

    def __float__(self) -> NoReturn:
        raise NoBareNumber(
            "an account is not one number",
            spoiled="Hours of pain, deaths, money and emissions have no common unit, and a saving means nothing alone.",
            todo="Read account.text, account.table or account.switching().",
        )

    __int__ = __complex__ = __float__

    @property
    def bearers(self) -> pd.DataFrame:
        """Who bears what: bearer, line, side, unit, low, median, high, status, reason; one row per line.

        `side` is lost (the practice causes more of it), saved, either way with the likelier word first, or not
        quantified.
        """
        bounds = zip(self.table["low"], self.table["median"], self.table["high"], strict=True)
        rows = self.table.assign(side=[side(*key) for key in bounds])
        wanted = ["bearer", "line", "side", "unit", "low", "median", "high", "status", "reason"]
        return rows[wanted].sort_values("bearer", kind="stable", ignore_index=True)

    def switching(self) -> pd.DataFrame:
        """Return where the answer flips: the price of an hour of pain at which the saving is no longer worth it.

        Returns
        -------
        DataFrame
            One row per line in money and level of pain: quantity, unit, low, median, high (missing: no finite price),
            never (share of draws in which no price flips it), status, sources, reason.

        Notes
        -----
        Each row leaves every other line aside, deaths included. The rows are alternatives, not to be added.
        """
        return self._switching.copy()

    def plot(self, ax: Any = None) -> Any:
        """Draw the differences in hours of pain, with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if None.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.money import hours

        shown = self.table[self.table["unit"].str.startswith("h per") & self.table["low"].notna()]
        bounds = shown[["low", "median", "high"]].map(rounded, na_action="ignore")
        return hours(bounds.assign(line=shown["line"], unit=shown["unit"]), ax=ax)

    def record(self) -> dict[str, Any]:
        """Return the account as plain values for JSON: no NaN (None instead), every frame as a list of rows."""
        frames = {"table": self.table, "levels": self.levels, "money": self.money.reset_index()}
        frames |= {"bearers": self.bearers, "switching": self.switching(), "dropped": self.dropped}
        frames |= {"inputs": self.inputs}
        rows = {name: _plain(frame) for name, frame in frames.items()}
        about = {"scenario": self.scenario, "against": self.against, "draws": self.draws, "seed": self.seed}
        about |= {"book": self.book, "book_sha256": self.book_sha256}
        about |= {"scenarios_sha256": self.scenarios_sha256}
        return {**about, "text": self.text, "notes": list(self.notes), **rows}

    def _repr_html_(self) -> str:
        each = "".join(
            f"<h4>{title}</h4>{frame.to_html(max_rows=80)}"
            for title, frame in (("Each by itself", self.levels), ("Where the answer flips", self.switching()))
        )
        return super()._repr_html_() + each


def _require_external(rows: pd.DataFrame, name: str) -> None:
    """Raise unless the rows hold a number that the animals bear, and reasons for what has none."""
    external = rows[(rows["bearer"] != "operator") & (rows["account"] == "animals") & rows["low"].notna()]
    if external.empty:
        raise BadParameter(
            "an account holds no quantified line that the animals bear",
            where=f"Account.{name}",
            spoiled="What the operator saves would stand without what it costs others.",
            todo="Give the whole of both scenarios: an account is not cut down to the saving.",
        )


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()} for row in frame.to_dict("records")
    ]


def account(
    scenario: str | Scenario, *, against: str | Scenario, book: Book | None = None, draws: int = 10_000, seed: int = 0
) -> Account:
    """Account for a practice against a stated alternative, in natural units first.

    Parameters
    ----------
    scenario : str or Scenario
        The practice, e.g. ``"broiler_conventional"``; figures are per its `base`, e.g. 1,000 birds.
    against : str or Scenario
        The alternative, e.g. ``"broiler_better_chicken_commitment"``, of the same species and base.
    book : Book, optional
        Parameters to use; by default the book that the scenario names, whole.
    draws : int
        Number of draws, at least 100.
    seed : int
        0 or more. Each parameter has a stream of its own, from its name and this seed.

    Returns
    -------
    Account
        Differences, levels, money panel, who bears it, where the answer flips, and all of it in words.

    Raises
    ------
    BadParameter
        If a scenario, a parameter, the seed or the number of draws is not usable, or the two scenarios are not of one
        species and base.

    Notes
    -----
    Hours of pain are estimates of an average animal by experts, not measurements of a facility. Deaths do not show in
    hours. The costs of the alternative are estimates by parties with an interest, each named in its line.

    References
    ----------
    Schuck-Paim & Alonso (2022), Welfare Footprint Project, broilers, https://pain-track.org/broilers; the parameters'
    own sources are in ``Book.table``.

    Examples
    --------
    >>> acct = account("broiler_conventional", against="broiler_better_chicken_commitment")
    >>> list(acct.table.columns[:9])
    ['line', 'account', 'bearer', 'unit', 'low', 'median', 'high', 'mean', 'status']
    """
    first, second = _resolve(scenario), _resolve(against)
    if (first.species, first.base) != (second.species, second.base):
        raise BadParameter(
            f"{first.name} is of {first.species} per {first.base}, {second.name} of {second.species} per {second.base}",
            spoiled="Their difference would mean nothing.",
            todo="Choose an alternative of the same species and base.",
        )
    draws = _check_draws(draws)
    book = parameters(first.book) if book is None else book
    one, two = entries(first, book, draws, seed), entries(second, book, draws, seed)
    differences = [difference(one[name], two[name]) for name in one if name in two]
    unmatched = _unmatched(one, two) | _unmatched(two, one)
    table, flips = _frame(differences), switching(differences)
    used = _used([*one.values(), *two.values()])
    return Account(
        table=table,
        text=narrate(first, second, table, flips, used, draws, seed),
        dropped=_dropped(differences, unmatched),
        notes=notes(differences, book, draws),
        levels=pd.concat([_levels(first, one), _levels(second, two)], ignore_index=True),
        money=money(differences),
        scenario=first.name,
        against=second.name,
        draws=draws,
        seed=operator.index(seed),
        book=book.name,
        book_sha256=book.sha256,
        scenarios_sha256=hash_files(*_FILES),
        inputs=_inputs(used),
        _switching=flips,
    )


def _resolve(name: str | Scenario) -> Scenario:
    if isinstance(name, Scenario):
        return name
    if not isinstance(name, str):
        raise BadParameter(
            f"{name!r} is not a scenario",
            spoiled="A practice is only ever accounted for against a stated alternative.",
            todo="Give the name of a scenario, or a Scenario.",
        )
    return scenario(name)


def _check_draws(draws: int) -> int:
    try:
        number = operator.index(draws)
    except TypeError:
        number = 0
    if number < _LEAST_DRAWS:
        raise BadParameter(
            f"draws={draws!r} is not a whole number of at least {_LEAST_DRAWS}",
            spoiled="The ends of the interval would rest on fewer than five draws.",
            todo="Leave draws at its default of 10,000.",
        )
    return number


def _frame(rows: list[Entry]) -> pd.DataFrame:
    """Return entries as a table; numbers are floats, missing where not known."""
    records = [
        {"line": e.line.name, "account": e.line.account, "bearer": e.line.bearer, "unit": e.unit}
        | summary(e.quantity)
        | {"status": e.status, "interval": e.quantity.how if e.quantity else ""}
        | {"sources": " ; ".join(p.id for p in e.parameters), "reason": e.reason}
        for e in rows
    ]
    frame = pd.DataFrame(records, columns=[*COLUMNS, *_EXTRA])
    return frame.astype(dict.fromkeys(("low", "median", "high", "mean"), "float64"))


def _used(rows: list[Entry]) -> list[Parameter]:
    """Return each parameter behind a figure, once."""
    return list(dict.fromkeys(p for e in rows if e.quantity is not None for p in e.parameters))


def _inputs(used: list[Parameter]) -> pd.DataFrame:
    records = [p.model_dump() | {"verified": p.verified} for p in used]
    frame = pd.DataFrame(records, columns=list(_INPUTS))
    return frame.astype(dict.fromkeys(("low", "central", "high", "interval_mass"), "float64"))


def _levels(of: Scenario, rows: dict[str, Entry]) -> pd.DataFrame:
    frame = _frame(list(rows.values()))
    frame.insert(0, "scenario", of.name)
    return frame


def _unmatched(one: dict[str, Entry], two: dict[str, Entry]) -> dict[str, str]:
    return {
        entry.line.name: "only one of the two scenarios has this line" for key, entry in one.items() if key not in two
    }


def _dropped(differences: list[Entry], unmatched: dict[str, str]) -> pd.DataFrame:
    absent = {e.line.name: e.reason for e in differences if e.quantity is None} | unmatched
    return pd.DataFrame({"row": list(absent), "reason": list(absent.values())}, dtype="str")


__all__ = ["COLUMNS", "Account", "account"]
