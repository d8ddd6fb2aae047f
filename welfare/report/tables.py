"""A frame as an HTML table for people: numbers that line up, and words where nothing was collected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from welfare.errors import BadParameter
from welfare.report.templating import environment

if TYPE_CHECKING:
    import pandas as pd

Format = str | Callable[[Any], str]

# Text up to so many characters is kept on one line; identifiers, which break badly, up to more.
_ONE_LINE, _ONE_WORD = 20, 32


_BRIEF = 14  # rows: so short a table stays on one printed page
_HASH = re.compile(r"[0-9a-f]{40,}")


class Cell(NamedTuple):
    """One cell as the template sees it."""

    text: str
    missing: bool
    kind: str
    span: int = 1  # columns: one word says for all of them that they are missing


class Head(NamedTuple):
    """One column as the template sees it."""

    label: str
    unit: str
    kind: str  # n: number, to the right; short: text kept on one line; long: text that may wrap; code: a hash


def html_table(
    frame: pd.DataFrame,
    *,
    caption: str,
    source: str = "",
    labels: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    formats: Mapping[str, Format] | None = None,
    missing: str | Mapping[str, str] = "not collected",
    rows: int | None = None,
    simulated: bool = False,
    number: int = 0,
    anchor: str = "",
) -> str:
    """Return a frame as an accessible HTML table; every text in it is escaped.

    Parameters
    ----------
    frame : DataFrame
        One row per row of the table, in order; its index is not shown. The first column heads its row.
    caption : str
        What the table shows.
    source : str
        Where the numbers come from: a line below the table.
    labels : mapping of str to str, optional
        Heading by column; by default the column's name with spaces for underscores.
    units : mapping of str to str, optional
        Unit by column, below its heading.
    formats : mapping of str to (str or callable), optional
        By column, a format specification (``",.1f"``) or a function from value to text. By default counts have
        thousands separators, and the other numbers of a column one number of decimals: as many as show three
        significant figures of a middling one, or two of one below 1. A number that is not zero is never printed as
        one: where so many decimals would round it to 0.00, it is ``<0.01``.
    missing : str or mapping of str to str
        What to print for a missing value, for all columns or by column; never a zero. Neighbours missing under
        one word share one cell.
    rows : int, optional
        Show so many rows at most, and say of how many.
    simulated : bool
        Begin each row with a cell that says SIMULATED.
    number : int
        Number of the table in its document; 0 for none.
    anchor : str
        Its id in the page; by default ``table-`` and its number.

    Returns
    -------
    str
        One ``<figure>`` element.

    Raises
    ------
    BadParameter
        If `labels`, `units`, `formats` or `missing` name a column that is not there.
    """
    names = [str(name) for name in frame.columns]
    for what, given in (("labels", labels), ("units", units), ("formats", formats), ("missing", missing)):
        absent = sorted(set(given) - set(names)) if isinstance(given, Mapping) else []
        if absent:
            raise BadParameter(f"{what} names columns the table does not have: {', '.join(absent)}")
    labels, units, formats = labels or {}, units or {}, formats or {}
    shown = frame if rows is None else frame.head(rows)
    columns, heads = [], []
    for position, name in enumerate(names):
        column = frame.iloc[:, position]
        word = missing if isinstance(missing, str) else missing.get(name, "not collected")
        write = _writer(name, column, formats.get(name))
        texts = [None if _is_missing(value) else write(value) for value in shown.iloc[:, position]]
        kind = "n" if _is_number(column) else _kind([word if text is None else text for text in texts], word)
        columns.append([Cell(word, True, kind) if text is None else Cell(text, False, kind) for text in texts])
        heads.append(Head(labels.get(name, name.replace("_", " ")), units.get(name, ""), kind))
    rendered = (
        environment()
        .get_template("table.html")
        .render(
            heads=heads,
            body=[_merged(row) for row in zip(*columns, strict=True)],
            caption=caption,
            source=source,
            shown=len(shown),
            total=len(frame),
            brief=len(shown) <= _BRIEF,
            simulated=simulated,
            number=number,
            anchor=anchor or f"table-{number}",
        )
    )
    return Markup(rendered)  # noqa: S704 (the template has escaped every text)


def _is_number(column: pd.Series) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(column) and not is_bool_dtype(column)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    # A list or a dictionary in a cell is a value; only a scalar can be missing.
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _kind(texts: Sequence[str], word: str) -> str:
    """Say how a column of text is set; the word for missing has spaces but makes no sentence of an identifier."""
    known = [text for text in texts if text != word]
    if known and all(_HASH.fullmatch(text) for text in known):
        return "code"
    widest = max(map(len, texts), default=0)
    return "short" if widest <= (_ONE_LINE if any(" " in text for text in known) else _ONE_WORD) else "long"


def _merged(row: Sequence[Cell]) -> list[Cell]:
    """Let neighbours that are missing under one word share one cell; the first cell, its row's head, stands alone."""
    merged = list(row[:1])
    for (missing, _), group in groupby(row[1:], key=lambda cell: (cell.missing, cell.text)):
        cells = list(group)
        if missing and len(cells) > 1:
            kinds = {cell.kind for cell in cells}
            merged.append(Cell(cells[0].text, True, kinds.pop() if len(kinds) == 1 else "short", len(cells)))
        else:
            merged += cells
    return merged


def _writer(name: str, column: pd.Series, given: Format | None) -> Callable[[Any], str]:
    """Return the function that turns this column's values into text."""
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_integer_dtype

    if callable(given):
        return given
    if given is not None:
        return lambda value: _printed(value, given)
    if is_bool_dtype(column):
        return lambda value: "yes" if value else "no"
    if is_datetime64_any_dtype(column):
        dated = bool((column.dropna() == column.dropna().dt.normalize()).all())
        return lambda value: value.strftime("%Y-%m-%d" if dated else "%Y-%m-%d %H:%M")
    if not _is_number(column):
        return str
    if name == "year" or name.endswith("_year"):
        return lambda value: format(int(value), "d")
    places = 0 if is_integer_dtype(column) else _decimals(column)
    return lambda value: _printed(value, f",.{places}f")


def _decimals(column: pd.Series) -> int:
    """Return how many decimals show the column's middling value to three figures, or to two where it is below 1."""
    import numpy as np

    values = np.abs(column.dropna().to_numpy(dtype=float))
    values = values[np.isfinite(values)]
    if (values == values.round()).all():
        return 0
    size = np.floor(np.log10(np.median(values[values > 0])))
    return int(np.clip((2 if size >= 0 else 1) - size, 0, 6))


def _printed(value: Any, spec: str) -> str:
    """Return a number as text; one that is not zero but would round to it is printed as below the last digit."""
    text = format(value, spec)
    if isinstance(value, Real) and value and set(re.findall(r"\d", text)) == {"0"}:
        nearest = re.sub(r"0(?=\D*$)", "1", text)
        return f">{_minus(nearest)}" if value < 0 else f"<{nearest}"
    return _minus(text)


def _minus(text: str) -> str:
    return text.replace("inf", "∞").replace("-", "−", 1) if text.startswith("-") else text.replace("inf", "∞")
