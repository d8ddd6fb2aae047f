"""The account in words: what is saved, what is lost, who bears it, where the answer flips, what is not counted."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping

import pandas as pd

from welfare.accounting.parameters import Book, Parameter
from welfare.accounting.scenarios import Scenario
from welfare.accounting.simulate import INTERVAL, NOT_QUANTIFIED, Entry


def two_figures(value: float) -> str:
    """Write a number with two significant figures and no exponent, e.g. 33,000 or 0.055.

    Parameters
    ----------
    value : float
        Any finite number.
    """
    if value == 0:
        return "0"
    digits = 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.{max(digits, 0)}f}"


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
    return "lost or saved" if middle > 0 else "saved or lost"


def narrate(
    first: Scenario, second: Scenario, table: pd.DataFrame, switching: pd.DataFrame, draws: int, seed: int
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
    draws, seed : int
        How the figures were drawn.
    """
    bounds = zip(table["low"], table["median"], table["high"], strict=True)
    rows = table.assign(side=[side(*key) for key in bounds], unit=table["unit"].str.replace(f" per {first.base}", ""))
    saved, lost = (rows[rows["side"].str.startswith(word)] for word in ("saved", "lost"))
    absent = rows.loc[rows["side"] == NOT_QUANTIFIED, "line"]
    sentences = [
        f"{_capital(first.title)} set against {second.title}; every figure in hours or money is per {first.base}.",
        f"Figures are the first less the second: the median and, in brackets, the interval that holds {INTERVAL:.0%} "
        f"of {draws:,} draws (seed {seed}); a range without a median is a published range, not drawn.",
        f"What is saved: {_items(saved)}.",
        f"What is lost: {_items(lost)}.",
        _rival(rows[rows["side"] != NOT_QUANTIFIED]),
        _borne(rows),
        f"Where the answer flips: {_flips(switching)}.",
        f"Not counted, because one side or both have no figure: {_join(absent, '; ')}." if len(absent) else "",
        *dict.fromkeys((first.scope, second.scope)),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _join(items: Iterable[str], comma: str = ", ") -> str:
    *most, last = items
    return f"{comma.join(most)} and {last}" if most else last


def _items(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "nothing that is quantified"
    return "; ".join(_item(row) for row in rows.to_dict("records"))


def _item(row: Mapping[Hashable, object]) -> str:
    """Write one line, e.g. ``Disabling pain, 33,000 h more (12,000 to 54,000)``."""
    low, high, median = float(str(row["low"])), float(str(row["high"])), _number(row["median"])
    share = row["unit"] == "relative change"
    unit = "" if share else f" {row['unit']}"
    word = "more" if str(row["side"]).startswith("lost") else "less"
    near, far = sorted((abs(low), abs(high)))
    span = f"{_amount(near, share)} to {_amount(far, share)}" if near != far else ""
    if " or " in str(row["side"]):
        span = f"{_amount(-low, share)} less to {_amount(high, share)} more, so it may go either way"
        return (
            f"{row['line']}, {span}" if median is None else _with_median(row, median, share, f"{unit} {word} ({span})")
        )
    if median is None:
        return f"{row['line']}, {span}{unit} {word}"
    return _with_median(row, median, share, f"{unit} {word}" + (f" ({span})" if span else ""))


def _with_median(row: Mapping[Hashable, object], median: float, share: bool, rest: str) -> str:
    return f"{row['line']}, {_amount(abs(median), share)}{rest}"


def _number(value: object) -> float | None:
    number = float("nan") if value is None else float(str(value))
    return None if math.isnan(number) else number


def _amount(value: float, share: bool) -> str:
    return f"{two_figures(100 * value)}%" if share else two_figures(value)


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
    open_rows = rows[rows["side"].isin(["lost or saved", "saved or lost"])]
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
    never = two_figures(100 * float(str(row["never"])))
    no_price = f"in {never}% of the draws no price does, since the cheaper side does not have more of it"
    if median is None:
        return f"{name}, none ({no_price})"
    if low is not None and high is not None:
        return f"{name}, {two_figures(median)} ({two_figures(low)} to {two_figures(high)})"
    return f"{name}, {two_figures(median)} ({two_figures(low or 0)} or more; {no_price})"


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
    clipped = {name: share for e in differences for name, share in e.clipped.items()}
    written = [
        _banner(used),
        "The levels of pain are those of the Welfare Footprint Institute. Harms overlap, so hours can exceed the "
        "clock. Levels are never added to each other, and pleasure is never set against pain.",
        "The two systems' hours are drawn independently, as the published intervals of their difference imply; "
        "a parameter that both use has the same draws in both.",
        _masses(used),
        *(
            f"{name}: {share:.2%} of {draws:,} draws fell outside what its unit can be and were set to the bound."
            for name, share in clipped.items()
        ),
        _single(used),
        f"Parameter book {book.name}{f' as of {book.on}' if book.on else ''}, sha256 {book.sha256}.",
    ]
    return tuple(note for note in written if note)


def _banner(used: list[Parameter]) -> str:
    weak = [f"{p.id} ({p.status}{'' if p.address else ', address still to be found'})" for p in used if not p.verified]
    return f"NOT VERIFIED: this account rests on {_join(weak)}. Check them before use." if weak else ""


def _masses(used: list[Parameter]) -> str:
    masses = sorted({p.interval_mass for p in used if p.interval_mass and p.distribution not in ("point", "none")})
    if not masses:
        return ""
    read = _join([f"{mass:.0%}" for mass in masses])
    return f"Input intervals that are drawn hold {read} of their mass; results are given at {INTERVAL:.0%}."


def _single(used: list[Parameter]) -> str:
    single = [p.id for p in used if p.distribution == "point"]
    if not single:
        return ""
    return f"Single figures, whose own doubt is not known and is not in any interval: {_join(single)}."


__all__ = ["narrate", "notes", "side", "two_figures"]
