"""How one column of a tidy table is filled from the header, or the headers, that a column map names for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from welfare.schema.columns import columns
from welfare.schema.units import conversion, convert
from welfare.sources.maps.days import days_later, first_day, last_day, week_begins, week_ends
from welfare.sources.maps.places import degrees, outlines
from welfare.sources.maps.transforms import amount, apply, number, recoded

Period = tuple[pd.Timestamp, pd.Timestamp]


class Filler:
    """Fills columns from records, and gathers per record the first reason why a cell could not be read.

    Parameters
    ----------
    records : DataFrame
        All text, one column per header; its index is the records' own.
    period : pair of Timestamp or None
        First and last day the file covers.
    reasons : Series of str
        Per record; added to.
    """

    def __init__(self, records: pd.DataFrame, period: Period | None, reasons: pd.Series) -> None:
        self.records, self.period, self.reasons = records, period, reasons

    def column(self, table: str, name: str, rules: pd.DataFrame) -> pd.Series:
        """Return one column of a table.

        Parameters
        ----------
        table, name : str
            Which.
        rules : DataFrame
            Rows of the column map that fill it: header, transform.
        """
        word, _, rest = str(rules["transform"].iloc[0]).partition(" ")
        headers = [header for header in rules["header"] if header]
        if word in _WHATEVER_THE_RECORD:
            return _WHATEVER_THE_RECORD[word](self, rest)
        if word in _OF_SEVERAL_CELLS:
            return _OF_SEVERAL_CELLS[word](self, headers, list(rules["transform"].str.partition(" ")[2]))
        if word == "measure":
            return self._measured(headers[0], conversion(rest, columns(table)[name].unit))
        return self.read(headers[0], f"{word} {rest}".strip())

    def read(self, header: str, transform: str) -> pd.Series:
        """Return the cells under a header as a transform of single cells reads them."""
        values, faults = apply(transform, self.records[header])
        self.note(faults, header)
        return values

    def note(self, faults: pd.Series, header: str = "") -> None:
        """Keep the first reason of each record."""
        new = (faults != "") & (self.reasons == "")
        if new.any():
            self.reasons[new] = f"{header}: " + faults[new] if header else faults[new]

    def _measured(self, header: str, how: Any) -> pd.Series:
        """Return numbers in the contract's unit; one that the conversion cannot take is a fault, not a null."""
        read = number if how.into == "degree" else amount  # no rate, weight or area is below 0
        values, faults = read(self.records[header])
        self.note(faults, header)
        found = convert(values, how)
        lost = found.isna() & values.notna()
        self.note(("'" + self.records[header] + f"' in {how.unit} is no {how.into}").where(lost, ""), header)
        return found

    def _const(self, rest: str) -> pd.Series:
        return pd.Series(rest, index=self.records.index, dtype="str")

    def _of_period(self, rest: str) -> pd.Series:
        day = pd.NaT if self.period is None else self.period[rest == "to"]
        return pd.Series(day, index=self.records.index, dtype="datetime64[s]")

    def _record_number(self, _rest: str) -> pd.Series:
        return pd.Series((self.records.index + 1).astype("str"), index=self.records.index, dtype="str")

    def _if(self, headers: list[str], rests: list[str]) -> pd.Series:
        wanted, _, value = rests[0].partition(" ")
        cells = self.records[headers[0]]
        self.note(("'" + cells + f"' in {headers[0]!r} is not {wanted!r}").where(cells != wanted, ""))
        return pd.Series(value, index=cells.index, dtype="str")

    def _present(self, headers: list[str], _rests: list[str]) -> pd.Series:
        return (self.records[headers] != "").any(axis=1).astype("Int64")

    def _join(self, headers: list[str], rests: list[str]) -> pd.Series:
        """Join the cells of several headers, those with codes of their own recoded first."""
        parts = {}
        for header, codes in zip(headers, rests, strict=True):
            parts[header], faults = recoded(self.records[header], codes) if codes else (self.records[header], None)
            if faults is not None:
                self.note(faults, header)
        joined = [", ".join(cell for cell in row if cell) for row in pd.DataFrame(parts).fillna("").to_numpy()]
        return pd.Series([words or None for words in joined], index=self.records.index, dtype="str")

    def _positive(self, headers: list[str], labels: list[str]) -> pd.Series:
        """Join the labels whose count is above zero; a record with none states nothing, which is said."""
        counts = pd.DataFrame({header: self.read(header, "count") for header in headers})
        order = np.argsort(labels)
        said = (counts > 0).fillna(False).to_numpy(dtype=bool)[:, order]
        words = np.array(labels, dtype=object)[order]
        joined = ["+".join(words[row]) or "not_stated" for row in said]
        return pd.Series(joined, index=counts.index, dtype="str")

    def _yes(self, headers: list[str], words: list[str]) -> pd.Series:
        """Join the words of the headers that say Yes."""
        cells = self.records[headers].apply(lambda column: column.str.casefold())
        for header in headers:
            known = cells[header].isin(["", "yes", "no"])
            self.note(("'" + self.records[header] + "' is not Yes, No or empty").where(~known, ""), header)
        said = [np.array(words, dtype=object)[row] for row in (cells == "yes").to_numpy()]
        return pd.Series(["; ".join(row) or None for row in said], index=cells.index, dtype="str")

    def _largest(self, headers: list[str], _rests: list[str]) -> pd.Series:
        return pd.DataFrame({header: self.read(header, "count") for header in headers}).max(axis=1)

    def _days(self, headers: list[str], rests: list[str], read: Callable[..., Any]) -> pd.Series:
        cells = self.records[headers[0]]
        for header in headers[1:]:
            cells = (cells + " " + self.records[header]).where((cells != "") & (self.records[header] != ""), "")
        days, faults = read(cells, rests[0])
        self.note(faults, " and ".join(headers))
        return days

    def _degrees(self, headers: list[str], rests: list[str], axis: str) -> pd.Series:
        values, faults = degrees(self.records[headers[0]], self.records[headers[1]], rests[0], axis)
        self.note(faults, " and ".join(headers))
        return values

    def _outline(self, headers: list[str], _rests: list[str]) -> pd.Series:
        values, faults = outlines(self.records[headers[0]], self.records[headers[1]])
        self.note(faults, headers[0])
        return values

    def _one_filled(self, headers: list[str]) -> np.ndarray:
        """Return per record the place, among headers, of the one cell that is filled; -1 where none is."""
        filled = (self.records[headers] != "").to_numpy()
        several = pd.Series(filled.sum(axis=1) > 1, index=self.records.index)
        self.note(pd.Series("several cells of a crosstab are filled", index=self.records.index).where(several, ""))
        return np.where(filled.any(axis=1), filled.argmax(axis=1), -1)

    def _filled(self, headers: list[str], rests: list[str]) -> pd.Series:
        """Return the one filled cell of a crosstab's row."""
        place = self._one_filled(headers)
        cells = self.records[headers].to_numpy(dtype=object)[np.arange(len(place)), place]
        return self._through(rests[0], pd.Series(np.where(place < 0, "", cells), self.records.index, dtype="str"))

    def _above(self, headers: list[str], rests: list[str]) -> pd.Series:
        """Return the header above the one filled cell of a crosstab's row, where it is one of these."""
        place = self._one_filled(headers)
        names = np.array([*headers, ""], dtype=object)[place]
        return self._through(rests[0], pd.Series(names, index=self.records.index, dtype="str"))

    def _label(self, headers: list[str], labels: list[str]) -> pd.Series:
        place = self._one_filled(headers)
        words = np.array([*labels, None], dtype=object)[place]
        return pd.Series(words, index=self.records.index, dtype="str")

    def _through(self, transform: str, cells: pd.Series) -> pd.Series:
        values, faults = apply(transform, cells)
        self.note(faults)
        return values


_WHATEVER_THE_RECORD: dict[str, Callable[[Filler, str], pd.Series]] = {
    "const": Filler._const,
    "period": Filler._of_period,
    "record_number": Filler._record_number,
}
_OF_SEVERAL_CELLS: dict[str, Callable[[Filler, list[str], list[str]], pd.Series]] = {
    "if": Filler._if,
    "present": Filler._present,
    "join": Filler._join,
    "positive": Filler._positive,
    "yes": Filler._yes,
    "largest": Filler._largest,
    "first_day": lambda filler, headers, rests: filler._days(headers, rests, first_day),
    "last_day": lambda filler, headers, rests: filler._days(headers, rests, last_day),
    "days_later": lambda filler, headers, rests: filler._days(headers, rests, days_later),
    "week_begins": lambda filler, headers, rests: filler._days(headers, rests, week_begins),
    "week_ends": lambda filler, headers, rests: filler._days(headers, rests, week_ends),
    "longitude": lambda filler, headers, rests: filler._degrees(headers, rests, "longitude"),
    "latitude": lambda filler, headers, rests: filler._degrees(headers, rests, "latitude"),
    "outline": Filler._outline,
    "filled": Filler._filled,
    "above": Filler._above,
    "label": Filler._label,
}
WORDS = (*_WHATEVER_THE_RECORD, *_OF_SEVERAL_CELLS, "measure")
