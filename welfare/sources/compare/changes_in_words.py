"""What two vintages say differently, counted and in a paragraph that claims no more than the files show."""

from __future__ import annotations

import pandas as pd

from welfare.schema.columns import table_names
from welfare.schema.tables import Tables
from welfare.sources.compare.pairing import folded, same_but_for_form

WORDS = {
    "vanished": "vanished",
    "appeared": "appeared",
    "unreadable": "unreadable (the other file has a record of it that could not be read)",
    "renumbered": "renumbered (another id with the same name and address)",
    "renamed": "renamed",
    "handed_on": "now held by another id",
    "rewritten": "with a value rewritten",
    "ambiguous": "ambiguous (which row of the other file is meant cannot be told)",
}
_SHOWN = 6  # columns named as those that differ most
_ADDRESS = ["street", "city", "region", "postcode"]
_UNTOLD = (
    "The files do not say why: what vanished may have closed, been left out or been given another number, and a value "
    "may have been corrected or the thing itself have changed. What changed and changed back between the two is in "
    "neither."
)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Count the rows of the changes table: columns table, change, rows_count, values_count."""
    place = {name: at for at, name in enumerate(table_names())}
    things = table.drop_duplicates(["table", "change", "key", "old_row", "new_row"])
    by = ["table", "change"]
    counts = pd.DataFrame(
        {"rows_count": things.groupby(by).size(), "values_count": table.groupby(by).size()}
    ).reset_index()
    order = counts["table"].map(place) * len(WORDS) + counts["change"].map(list(WORDS).index)
    return counts.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def in_words(table: pd.DataFrame, rewrites: pd.DataFrame, headers: pd.DataFrame, old: Tables, new: Tables) -> str:
    """Write the paragraph.

    Parameters
    ----------
    table, rewrites, headers : DataFrame
        As in :class:`welfare.sources.compare.changes.Changes`.
    old, new : Tables
        The files compared.

    Returns
    -------
    str
        What changed, by table, and what the files do not tell.
    """
    names = f"{_named(old, new)} and {_named(new, old)}"
    mark = "SIMULATED. " if old.simulated else ""
    if table.empty:
        same = "are the same file, byte for byte" if old.sha256 and old.sha256 == new.sha256 else "hold the same"
        found = f"No change: {names} {same}{' in every table compared' if same == 'hold the same' else ''}."
        return f"{mark}{found}{_headers_in_words(headers)}"
    facilities = table[table["table"] == "facilities"]
    sentences = [
        _table_in_words(name, rows, rewrites[rewrites["table"] == name], facilities)
        for name, rows in table.groupby("table", sort=False)
    ]
    return f"{mark}Between {names}, by table. {' '.join(sentences)}{_headers_in_words(headers)} {_UNTOLD}"


def _named(tables: Tables, other: Tables) -> str:
    """Return the file's source and vintage, and the file where those are the same for both."""
    return tables.source_id if tables.source_id != other.source_id else f"{tables.source_id} ({tables.path})"


def _table_in_words(name: object, rows: pd.DataFrame, rewrites: pd.DataFrame, facilities: pd.DataFrame) -> str:
    counts = summary(rows).set_index("change")["rows_count"]
    said = []
    for change, words in WORDS.items():
        if change in counts:
            aside = _aside(name, change, rows[rows["change"] == change], facilities)
            said.append(f"{counts[change]:,} {words}{f' ({aside})' if aside else ''}")
    sentence = f"{name}: {', '.join(said)}"
    if len(rewrites):
        sentence += f"; values that differ, by column: {_columns_in_words(rewrites)}"
    if name == "facilities":
        sentence += _addresses_in_words(rows)
    return f"{sentence}."


def _aside(name: object, change: str, rows: pd.DataFrame, facilities: pd.DataFrame) -> str:
    """Return what keeps a count from saying more than it does."""
    if change == "renamed":
        same = int(same_but_for_form(rows["old"], rows["new"]).sum())
        return f"of which by a legal or short form alone, such as Inc. or Meats for Meat: {same:,}" if same else ""
    if change in ("vanished", "appeared") and name != "facilities":
        about = facilities.loc[facilities["change"] == change, "key"]
        same = int(rows["key"].str.partition(" | ")[0].isin(about).sum())
        return f"of which with their facility: {same:,}" if same else ""
    return ""


def _columns_in_words(rewrites: pd.DataFrame) -> str:
    most = rewrites.sort_values("differ_count", ascending=False, kind="stable")
    parts = []
    for row in most.head(_SHOWN).to_dict("records"):
        asides = [f"in spelling alone: {row['spelling_count']:,}"] if row["spelling_count"] else []
        if row["wholesale"]:
            asides.append("most of the column, so perhaps another way of counting")
        aside = f" ({'; '.join(asides)})" if asides else ""
        parts.append(f"{row['column']} {row['differ_count']:,}{aside}")
    more = len(most) - _SHOWN
    return ", ".join(parts) + (f" and {more:,} more (see .rewrites)" if more > 0 else "")


def _addresses_in_words(rows: pd.DataFrame) -> str:
    """Say how many facilities have another address: an address is one thing, though it stands in four columns."""
    parts = rows[(rows["change"] == "rewritten") & rows["column"].isin(_ADDRESS)]
    if parts.empty:
        return ""
    own = ["key", "old_row", "new_row"]
    spelling = parts["old"].notna() & parts["new"].notna() & (folded(parts["old"]) == folded(parts["new"]))
    every, other = len(parts.drop_duplicates(own)), len(parts[~spelling].drop_duplicates(own))
    return (
        f"; addresses (street, city, region or postcode) that differ: {every:,}, of which in more than case, white "
        f"space and punctuation: {other:,}"
    )


def _headers_in_words(headers: pd.DataFrame) -> str:
    if headers.empty:
        return ""
    counts = headers["change"].value_counts()
    words = {"renamed": "likely renamed", "vanished": "vanished", "appeared": "appeared"}
    return (
        " Of the headers, " + ", ".join(f"{counts[key]:,} {word}" for key, word in words.items() if key in counts) + "."
    )
