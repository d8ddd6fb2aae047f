"""What goes to stdout: words, tables and JSON."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Hashable, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    import pandas as pd
    from rich.text import Text

AsJson = Annotated[bool, Parameter(name="--json")]
SIMULATED = "SIMULATED"  # stands on whatever tells of made-up plants
_WIDTH = 120  # of a page where there is no terminal to ask
_NARROWEST = 16, 24  # of a column of words: short ones; where a word is longer than the first


def say(*parts: str) -> None:
    """Print the parts that are not empty, an empty line between them."""
    sys.stdout.write("\n\n".join(part for part in parts if part) + "\n")


def say_json(content: object) -> None:
    """Print plain values as JSON; NaN is refused, since JSON has none."""
    sys.stdout.write(json.dumps(content, indent=1, allow_nan=False) + "\n")


def plain(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return a frame's rows as plain values for JSON, null where a cell is missing."""
    return frame.astype("object").where(frame.notna(), None).to_dict("records")


def wrapped(text: str) -> str:
    """Break a paragraph into lines as wide as the terminal, 120 letters at most."""
    width = min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDTH)
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def as_table(
    frame: pd.DataFrame, title: str = "", *, missing: str = "", number: Callable[[float], str] | None = None
) -> str:
    """Write a frame as a table for people, as wide as the terminal if no cell is then cut short.

    Parameters
    ----------
    frame : DataFrame
        Any; its index is not shown.
    title : str
        Stands above the table.
    missing : str
        Stands for a cell that holds nothing.
    number : callable, optional
        Writes a number; by default with the figures that mean something.

    Returns
    -------
    str
        The table's lines.
    """
    from rich.box import ASCII2, SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from welfare.accounting.narrative import written

    write = number or written
    box = SIMPLE if (sys.stdout.encoding or "").lower().startswith("utf") else ASCII2
    table = Table(title=Text(title, style="none"), title_justify="left", box=box, pad_edge=False)
    columns, width = [], 0
    for name, values in frame.astype("object").where(frame.notna(), None).items():
        given = [missing if value is None else value for value in values]
        cells = [Text(write(value) if isinstance(value, float) else str(value)) for value in given]
        # Half a number or an identifier reads as another, so a table is made wider than a terminal rather than cut one.
        right = any(isinstance(value, float) for value in values)
        whole = right or not any(" " in cell.plain for cell in cells)
        heading = Text(str(name).replace("_", " "))
        table.add_column(heading, no_wrap=whole, overflow="fold", justify="right" if right else "left")
        columns.append(cells)
        longest = max(cell.cell_len for cell in [heading, *cells])
        width += 3 + (longest if whole else _narrowest(cells))
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    page = StringIO()
    Console(file=page, width=max(width, shutil.get_terminal_size((_WIDTH, 24)).columns)).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")


def _narrowest(cells: Sequence[Text]) -> int:
    """Return the least width of a column of words, at which few of them are broken."""
    least, most = _NARROWEST
    return min(most, max([least, *(len(word) for cell in cells for word in cell.plain.split())]))
