"""A frame as an HTML table for people: numbers that line up, and words where nothing was collected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from welfare.errors import BadParameter
from welfare.report.templating import environment

if TYPE_CHECKING:
    import pandas as pd

Format = str | Callable[[Any], str]

# Text up to so many characters is kept on one line; identifiers, which break badly, up to more.
_ONE_LINE, _ONE_WORD = 20, 32


class Cell(NamedTuple):
    """One cell as the template sees it."""

    text: str
    missing: bool


class Head(NamedTuple):
    """One column as the template sees it."""

    label: str
    unit: str
    kind: str  # n: number, to the right; short: text kept on one line; long: text that may wrap


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
        significant figures of a middling one, or two of one below 1.
    missing : str or mapping of str to str
        What to print for a missing value, for all columns or by column; never a zero.
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
        cells = [_cell(value, write, word) for value in shown.iloc[:, position]]
        widest = max((len(cell.text) for cell in cells), default=0)
        spaced = any(" " in cell.text and not cell.missing for cell in cells)
        kind = "n" if _is_number(column) else "short" if widest <= (_ONE_LINE if spaced else _ONE_WORD) else "long"
        columns.append(cells)
        heads.append(Head(labels.get(name, name.replace("_", " ")), units.get(name, ""), kind))
    rendered = (
        environment()
        .get_template("table.html")
        .render(
            heads=heads,
            body=list(zip(*columns, strict=True)),
            caption=caption,
            source=source,
            shown=len(shown),
            total=len(frame),
            simulated=simulated,
            number=number,
            anchor=anchor or f"table-{number}",
        )
    )
    return Markup(rendered)  # noqa: S704 (the template has escaped every text)


def _is_number(column: pd.Series) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(column) and not is_bool_dtype(column)


def _cell(value: Any, write: Callable[[Any], str], word: str) -> Cell:
    import pandas as pd

    # A list or a dictionary in a cell is a value; only a scalar can be missing.
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return Cell(word, True)
    return Cell(write(value), False)


def _writer(name: str, column: pd.Series, given: Format | None) -> Callable[[Any], str]:
    """Return the function that turns this column's values into text."""
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_integer_dtype

    if callable(given):
        return given
    if given is not None:
        return lambda value: _minus(format(value, given))
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
    return lambda value: _minus(format(value, f",.{places}f"))


def _decimals(column: pd.Series) -> int:
    """Return how many decimals show the column's middling value to three figures, or to two where it is below 1."""
    import numpy as np

    values = np.abs(column.dropna().to_numpy(dtype=float))
    values = values[np.isfinite(values)]
    if (values == values.round()).all():
        return 0
    size = np.floor(np.log10(np.median(values[values > 0])))
    return int(np.clip((2 if size >= 0 else 1) - size, 0, 6))


def _minus(text: str) -> str:
    return text.replace("inf", "∞").replace("-", "−", 1) if text.startswith("-") else text.replace("inf", "∞")
