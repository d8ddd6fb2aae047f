"""The account in words: saved, lost, either way, who bears it, where the answer flips, what is not counted."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from welfare.accounting.parameters import Book, Parameter
from welfare.accounting.scenarios import Scenario
from welfare.accounting.simulate import INTERVAL, NOT_QUANTIFIED, Entry

# The sides of a difference whose interval holds zero, the likelier word first.
EITHER_WAY = ("lost or saved", "saved or lost")
_READ_AS = {
    "secondary": "address still to be found",
    "abstract": "read in an abstract only",
    "unverified": "source not read",
    "judgement": "a judgement",
}


def rounded(value: float) -> float:
    """Round a number to three significant figures, or two below 1, halves away from zero.

    Parameters
    ----------
    value : float
        Any finite number.

    Notes
    -----
    Halves are those of the number as printed: 0.355 is a half at two figures, though its binary neighbour is not.
    """
    if value == 0:
        return 0.0
    size = math.floor(math.log10(abs(value)))
    place = Decimal(1).scaleb(size - 2 if size >= 0 else size - 1)
    return float(Decimal(repr(float(value))).quantize(place, ROUND_HALF_UP))


def written(value: float) -> str:
    """Write a number :func:`rounded`, without an exponent, e.g. 33,000, 37.5, 18 or 0.010.

    Parameters
    ----------
    value : float
        Any finite number.
    """
    number = rounded(value)
    text = f"{Decimal(repr(number)):,f}"
    if abs(number) >= 1 or number == 0:
        return text.rstrip("0").rstrip(".") if "." in text else text
    # Below 1 both figures are written: 0.010 is known better than 0.01.
    return f"{number:.{1 - math.floor(math.log10(abs(number)))}f}"


def side(low: float | None, median: float | None, high: float | None) -> str:
    """Say which way a difference goes, given that every line counts something one would rather have less of.

    Parameters
    ----------
    low, median, high : float or None
        Of the first scenario less the second.

    Returns
    -------
    str
        ``lost``, ``saved``, ``lost or saved`` (more likely lost), ``saved or lost``, ``the same``, or
        ``not quantified``.
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return NOT_QUANTIFIED
    if low == 0 == high:
        return "the same"
    if low >= 0:
        return "lost"
    if high <= 0:
        return "saved"
    middle = (low + high) / 2 if median is None or math.isnan(median) else median
    return EITHER_WAY[0] if middle > 0 else EITHER_WAY[1]


def narrate(
    first: Scenario,
    second: Scenario,
    table: pd.DataFrame,
    switching: pd.DataFrame,
    used: Sequence[Parameter],
    draws: int,
    seed: int,
) -> str:
    """Write the paragraph of an account.

    Parameters
    ----------
    first, second : Scenario
        The practice and what it is set against.
    table : DataFrame
        The differences, as in ``Account.table``.
    switching : DataFrame
        As ``Account.switching()`` returns.
    used : sequence of Parameter
        What the figures rest on: those not verified are marked where they matter.
    draws, seed : int
        How the figures were drawn.
    """
    bounds = zip(table["low"], table["median"], table["high"], strict=True)
    rows = table.assign(
        side=[side(*key) for key in bounds],
        unit=table["unit"].str.replace(f" per {first.base}", ""),
        weak=[not verified(ids, used) for ids in table["sources"]],
    )
    saved, lost = (rows[rows["side"] == word] for word in ("saved", "lost"))
    open_rows = rows[rows["side"].isin(EITHER_WAY)]
    absent = rows.loc[rows["side"] == NOT_QUANTIFIED, "line"]
    sentences = [
        f"Keeping {first.title} instead of {second.title}: saved is what there is less of with the first, lost what "
        f"there is more of; every figure in hours or money is per {first.base}.",
        *dict.fromkeys((first.about, second.about)),
        f"Figures are the first less the second: the median and, in brackets, the interval that holds {INTERVAL:.0%} "
        f"of {draws:,} draws (seed {seed}); a range without a median is a published range, not drawn.",
        f"What is saved: {_items(saved)}.",
        f"What is lost: {_items(lost)}.",
        f"What may go either way: {_items(open_rows)}." if len(open_rows) else "",
        _rival(rows[rows["side"] != NOT_QUANTIFIED]),
        _borne(rows),
        f"Where the answer flips: {_flips(switching)}.",
        _rests_on(switching, used),
        f"Not counted, because one side or both have no figure: {_join(absent, '; ')}." if len(absent) else "",
        *dict.fromkeys((first.scope, second.scope)),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def verified(ids: str, used: Sequence[Parameter]) -> bool:
    """Say whether every parameter that a figure rests on is verified.

    Parameters
    ----------
    ids : str
        Parameter ids, separated by a semicolon between spaces, as in the column sources.
    used : sequence of Parameter
        The parameters, these among them.
    """
    return all(p.verified for p in _among(ids, used))


def _among(ids: str, used: Sequence[Parameter]) -> list[Parameter]:
    names = ids.split(" ; ")
    return [p for p in used if p.id in names]


def _join(items: Iterable[str], comma: str = ", ") -> str:
    *most, last = items
    return f"{comma.join(most)} and {last}" if most else last


def _items(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "nothing that is quantified"
    return "; ".join(_item(row) for row in rows.to_dict("records"))


def _item(row: Mapping[Hashable, object]) -> str:
    """Write one line, e.g. ``Disabling pain, 33,000 h more (12,500 to 53,500)``."""
    low, high, median = float(str(row["low"])), float(str(row["high"])), _number(row["median"])
    unit, open_side = str(row["unit"]), str(row["side"]) in EITHER_WAY
    word = "more" if str(row["side"]).startswith("lost") else "less"
    near, far = sorted((written(abs(low)), written(abs(high))), key=lambda text: float(text.replace(",", "")))
    span = f"{near} to {far}" if near != far else ""
    if open_side:
        span = f"{written(-low)} less to {written(high)} more"
    size = span or far if median is None else written(abs(median))
    # A share is always one of a named whole: 37.5% more one way is 27.3% less the other.
    said = f"{word} by {size}{unit}" if unit.startswith("%") else f"{size} {unit} {word}"
    if open_side and median is None:
        said = f"{span}, in {unit}"
    brackets = f" ({span})" if span and median is not None else ""
    return f"{row['line']}, {said}{brackets}{', not verified' if row['weak'] else ''}"


def _number(value: object) -> float | None:
    number = float("nan") if value is None else float(str(value))
    return None if math.isnan(number) else number


def _rival(rows: pd.DataFrame) -> str:
    """Warn where several sources estimate the one difference in what the operator pays."""
    if ((rows["bearer"] == "operator") & (rows["side"] != "the same")).sum() < 2:
        return ""
    return "The figures for production cost are rival estimates of one thing, each by the party named: not to be added."


def _borne(rows: pd.DataFrame) -> str:
    """Say on whom what is lost falls and to whom what is saved goes; leave open what may go either way."""
    named = {
        word: _bearers(rows[rows["side"] == word]) or "nobody, as far as is quantified" for word in ("lost", "saved")
    }
    open_rows = rows[rows["side"].isin(EITHER_WAY)]
    doubtful = f"; {_join(open_rows['line'])} may go either way for {_bearers(open_rows)}" if len(open_rows) else ""
    return f"Who bears it: what is lost falls on {named['lost']}; what is saved goes to {named['saved']}{doubtful}."


def _bearers(rows: pd.DataFrame) -> str:
    names = rows["bearer"].drop_duplicates().replace("operator", "the operator")
    return _join(names) if len(names) else ""


def _flips(switching: pd.DataFrame) -> str:
    """Say at which price of an hour the saving is no longer worth it, level by level."""
    if switching.empty:
        return "not known, since no saving in money and no hours of pain stand against each other"
    said = [_flip(row) for row in switching.to_dict("records")]
    units = _join(switching["unit"].drop_duplicates())
    return (
        "with every other line left aside, the cheaper side is no longer the better one once an hour of one level of "
        f"pain counts for more than this, in {units}, each level by itself: {'; '.join(said)}"
    )


def _flip(row: Mapping[Hashable, object]) -> str:
    name = str(row["quantity"]).removeprefix("price of an hour of ")
    low, median, high = (_number(row[key]) for key in ("low", "median", "high"))
    never = written(100 * float(str(row["never"])))
    no_price = f"in {never}% of the draws no price does, since the cheaper side does not have more of it"
    if median is None:
        return f"{name}, none ({no_price})"
    if low is not None and high is not None:
        return f"{name}, {written(median)} ({written(low)} to {written(high)})"
    return f"{name}, {written(median)} ({written(low or 0)} or more; {no_price})"


def _rests_on(switching: pd.DataFrame, used: Sequence[Parameter]) -> str:
    """Say beside the prices which of the figures behind them nobody has verified."""
    weak = [p for p in used if not p.verified and any(p in _among(ids, used) for ids in switching["sources"])]
    if not weak:
        return ""
    one = len(weak) == 1
    said = _join([f"{p.description} ({p.source}: {_READ_AS.get(p.status, p.status)})" for p in weak])
    doubt = " and whose own doubt is in no interval" if all(p.distribution == "point" for p in weak) else ""
    how = "one figure that has" if one else "figures that have"
    return f"These prices rest on {how} not been verified{doubt}: {said}."


def notes(differences: list[Entry], book: Book, draws: int) -> tuple[str, ...]:
    """Write what a user of the figures should know, the banner first.

    Parameters
    ----------
    differences : list of Entry
        The lines of the account.
    book : Book
        Where the parameters came from.
    draws : int
        Number of draws.
    """
    used = list(dict.fromkeys(p for e in differences if e.quantity is not None for p in e.parameters))
    known = {p.id: p for e in differences for p in e.parameters}
    clipped = {name: share for e in differences for name, share in e.clipped.items()}
    said = [
        _banner(used),
        "The levels of pain are those of the Welfare Footprint Institute. Harms overlap, so hours can exceed the "
        "clock. Levels are never added to each other, and pleasure is never set against pain.",
        "The two systems' hours are drawn independently, as the published intervals of their difference imply; "
        "a parameter that both use has the same draws in both.",
        _masses(used),
        *(
            f"{_named(known[name])}: {written(100 * share)}% of {draws:,} draws fell outside what its unit can be and "
            "were set to the bound."
            for name, share in clipped.items()
        ),
        _single(used),
        f"Parameter book {book.name}{f' as of {book.on}' if book.on else ''}, sha256 {book.sha256}.",
    ]
    return tuple(note for note in said if note)


def _named(parameter: Parameter) -> str:
    system = f", {parameter.system}" if parameter.system else ""
    return f"{parameter.description}{system} [{parameter.id}]"


def _banner(used: list[Parameter]) -> str:
    weak = [f"{_named(p)}: {_READ_AS.get(p.status, p.status)}" for p in used if not p.verified]
    return f"NOT VERIFIED: this account rests on {_join(weak, '; ')}. Check them before use." if weak else ""


def _masses(used: list[Parameter]) -> str:
    masses = sorted({p.interval_mass for p in used if p.interval_mass and p.distribution not in ("point", "none")})
    if not masses:
        return ""
    read = _join([f"{mass:.0%}" for mass in masses])
    return f"Input intervals that are drawn hold {read} of their mass; results are given at {INTERVAL:.0%}."


def _single(used: list[Parameter]) -> str:
    single = [_named(p) for p in used if p.distribution == "point"]
    if not single:
        return ""
    return f"Single figures, whose own doubt is not known and is not in any interval: {_join(single, '; ')}."


__all__ = ["EITHER_WAY", "narrate", "notes", "rounded", "side", "verified", "written"]
