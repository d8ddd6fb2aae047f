"""The command line: each command makes one call into a room and prints what it gives; nothing is computed here."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from welfare.errors import BadParameter, RecordsLeftOut, WelfareError

if TYPE_CHECKING:
    import pandas as pd

DONE, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 0, 2, 130, 141
_SIMULATED = "SIMULATED"
_WIDTH, _NARROWEST = 120, 24  # of a page where there is no terminal to ask; of a column of words


def _version() -> str:
    import welfare

    return welfare.__version__


app = App(
    name="welfare",
    help="Agency files in; a linked panel, statistics with their doubt, a report out.",
    help_epilogue="Exit codes: 0 done, or met; 1 the answer is adverse; 3 cannot tell; 2 bad input.",
    help_format="plaintext",
    help_formatter="plain",  # a third faster than boxes, and the same in a pipe
    version=_version,
    default_parameter=Parameter(negative=""),
    suppress_keyboard_interrupt=False,
)
AsJson = Annotated[bool, Parameter(name="--json")]


@app.command
def sources(*, as_json: AsJson = False) -> None:
    """List the sources that can be read.

    Parameters
    ----------
    as_json
        Machine-readable: all columns of the registry, what the source covers and its known defects included.
    """
    from welfare.sources.registry import registry

    table = registry()
    if as_json:
        _say_json(table.to_dict("records"))
    else:
        _say(_table(table[["source", "title", "publisher", "kind", "format"]]))


@app.command
def read(
    file: Path,
    /,
    *,
    source: str | None = None,
    vintage: str | None = None,
    period: str | None = None,
    as_json: AsJson = False,
) -> None:
    """Recognise and check an agency's file, and say what it holds.

    Parameters
    ----------
    file
        A CSV file or a workbook.
    source
        Expect this source, such as us.osha.severe_injury.
    vintage
        As of when the file is true, such as 2025-06; by default what a MANIFEST.csv or the file says.
    period
        What time it covers, such as FY2024 or 2023-10-01..2024-09-30.
    as_json
        Machine-readable.
    """
    from welfare.sources.read import read as read_file

    tables = read_file(file, source=source, vintage=vintage, period=period)
    held = {
        "source_id": tables.source_id,
        "file": tables.path,
        "sha256": tables.sha256,
        "publisher": tables.publisher,
        "licence": tables.licence,
        "vintage": tables.vintage,
        "covers": [f"{day:%Y-%m-%d}" for day in tables.period] if tables.period else None,
        "simulated": tables.simulated,
        "records": len(tables.raw),
        "tables": {name: len(frame) for name, frame in tables},
        "rejects": {str(reason): int(count) for reason, count in tables.rejects["reason"].value_counts().items()},
        "withheld_columns": list(tables.withheld),
        "notes": list(tables.notes),
    }
    if as_json:
        _say_json(held)
    else:
        _say(_file_in_words(held))


@app.command
def study(
    name: str,
    /,
    *,
    data: Path | None = None,
    simulated: bool = False,
    out: Path = Path("out"),
    seed: int = 0,
    decisions: Path | None = None,
    as_json: AsJson = False,
) -> None:
    """Run a study, from agency files to a report.

    Parameters
    ----------
    name
        The study: us-slaughter.
    data
        Folder with the agencies' files, searched with all folders below it.
    simulated
        Instead of --data: run on a made-up industry; whatever comes of it says SIMULATED.
    out
        Folder for the report, the panel, the links and the figures.
    seed
        For everything random; 0 or more.
    decisions
        CSV file of what people decided about doubtful links.
    as_json
        Machine-readable: which files were written.
    """
    if (data is None) != simulated:
        raise BadParameter("a study needs either --data DIR or --simulated, and not both")
    with _steps(f"{_SIMULATED} " if simulated else "") as tell:
        from welfare.study import run_study

        done = run_study(
            name,
            data=data,
            simulated=simulated,
            out=out,
            seed=seed,
            decisions=decisions,
            progress=tell,
            command=_typed(name, data=data, out=out, seed=seed, decisions=decisions),
        )
    files = {key: str(path) for key, path in done.files.items()}
    if as_json:
        _say_json({"study": name, "simulated": done.simulated, "seed": seed, "text": done.text, "files": files})
    else:
        _say(_wrapped(done.text), f"{_SIMULATED} report: {done.report}" if done.simulated else f"report: {done.report}")


@app.command
def parameters(book: str, /, *, on: str | None = None, as_json: AsJson = False) -> None:
    """List the numbers an account may use, with their sources.

    Parameters
    ----------
    book
        Name of the book, such as us_broiler.
    on
        Day (YYYY-MM-DD): leave out what describes a later time.
    as_json
        Machine-readable: also what each number means, where to read it, and notes.
    """
    from welfare.accounting.parameters import parameters as open_book

    chosen = open_book(book, on=on)
    about = {"book": chosen.name, "on": None if chosen.on is None else str(chosen.on), "sha256": chosen.sha256}
    if as_json:
        rows = [parameter.model_dump(mode="json") for parameter in chosen.values()]
        _say_json({**about, "parameters": rows, "dropped": chosen.dropped.to_dict("records")})
        return
    shown = chosen.table[["id", "low", "central", "high", "mean", "unit", "status", "source"]]
    left_out = "" if chosen.dropped.empty else _table(chosen.dropped, f"Left out on {chosen.on}")
    title = f"Book {chosen.name}; its files' SHA-256 is {chosen.sha256}"
    _say(_table(shown, title, number=lambda value: f"{value:,.10g}"), left_out)


@app.command
def account(
    scenario: str,
    /,
    *,
    against: str,
    book: str | None = None,
    draws: int = 10_000,
    seed: int = 0,
    as_json: AsJson = False,
) -> None:
    """Account for a practice against an alternative.

    Parameters
    ----------
    scenario
        The practice, such as broiler_conventional.
    against
        The alternative, such as broiler_better_chicken_commitment.
    book
        Parameter book; by default the one the scenario names.
    draws
        Number of draws, at least 100.
    seed
        0 or more.
    as_json
        Machine-readable.
    """
    from welfare.accounting.ledger import account as account_for
    from welfare.accounting.parameters import parameters as open_book

    done = account_for(scenario, against=against, book=open_book(book) if book else None, draws=draws, seed=seed)
    if as_json:
        _say_json(done.record())
        return
    views = ["animal_weight_zero", "willingness_to_pay", "intrinsic"]
    _say(
        _wrapped(done.text),
        "\n".join(_wrapped(f"- {note}") for note in done.notes),
        _table(
            done.table[["line", "low", "median", "high", "unit", "status"]],
            f"In natural units, {done.scenario} less {done.against}: above 0 is lost, below 0 saved",
            missing="no figure",
        ),
        _table(
            done.money.drop(columns="reason").dropna(subset=views, how="all").reset_index(),
            "In money: three whole views side by side, never added; what is not here is not monetised",
            missing="not monetised",
        ),
        _table(done.bearers[["bearer", "line", "side"]], "Who bears it"),
        _table(
            done.switching()[["quantity", "unit", "low", "median", "high", "never"]],
            "Where the answer flips; never: the share of draws in which no price flips it",
            missing="no price",
        ),
        _table(done.dropped.rename(columns={"row": "line"}), "Not counted, and why"),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        What is typed after ``welfare``; by default what was.

    Returns
    -------
    int
        The exit code: those that ``welfare --help`` states, 130 if interrupted, 141 if the reader of a pipe closed it.
    """
    if isinstance(sys.stdout, TextIOWrapper):  # a letter that the terminal lacks is printed as its code
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            code = app(argv, print_error=False, exit_on_error=False, result_action="return_value")
            sys.stdout.flush()
    except (WelfareError, CycloptsError) as error:
        _tell(f"welfare: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:
        _tell("stopped")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # rich, which prints the help, turns the first into the second
        # Python flushes stdout once more as it exits: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        if error.filename is None:
            raise
        _tell(f"welfare: {error.filename}: {error.strerror}.")
        return BAD_INPUT
    return code or DONE


def _warn(message: Warning | str, category: type[Warning], *_where: Any, mark: str = "", **_more: Any) -> None:
    """Say a warning to a person: the line of code that gave it is of no use on the command line."""
    _tell(f"{mark}{'left out' if issubclass(category, RecordsLeftOut) else 'warning'}: {message}")


def _typed(name: str, *, data: Path | None, **options: object) -> str:
    """Return the command that does the same study again."""
    words = ["--simulated"] if data is None else ["--data", str(data)]
    for option, value in options.items():
        words += [] if value is None else [f"--{option}", str(value)]
    return shlex.join(["welfare", "study", name, *words])


@contextmanager
def _steps(mark: str) -> Iterator[Callable[[str], None]]:
    """Show steps on stderr, warnings among them: on a terminal with a clock each, else a line each."""
    warnings.showwarning = partial(_warn, mark=mark)  # until main() ends
    if not sys.stderr.isatty():
        yield lambda step: _tell(f"{mark}{step}")
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    words = TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold"))
    with Progress(TimeElapsedColumn(), words, console=Console(stderr=True)) as shown:

        def tell(step: str) -> None:
            finish()
            shown.add_task(f"{mark}{step}", total=None)

        def finish() -> None:
            for task in shown.task_ids[-1:]:
                shown.update(task, total=1, completed=1)

        yield tell
        finish()


def _file_in_words(held: Mapping[str, Any]) -> str:
    """Write what a file holds, a line each."""
    covers = " to ".join(held["covers"]) if held["covers"] else "unknown"
    lines = [
        *([f"{_SIMULATED}: the plants of this file are made up."] if held["simulated"] else []),
        f"{held['source_id']}: {held['file']}",
        f"publisher: {held['publisher'] or 'unknown'}; licence: {held['licence'] or 'unknown'}",
        f"SHA-256: {held['sha256']}",
        f"as of: {held['vintage'] or 'unknown'}; time covered: {covers}",
        f"records: {held['records']:,}",
        *(f"  {name}: {rows:,} rows" for name, rows in held["tables"].items()),
        *(f"left out: {count:,} records: {reason}" for reason, count in held["rejects"].items()),
        *(f"withheld, since it tells of a person: {column}" for column in held["withheld_columns"]),
        *(f"note: {note}" for note in held["notes"]),
    ]
    return "\n".join(lines)


def _table(
    frame: pd.DataFrame, title: str = "", *, missing: str = "", number: Callable[[float], str] | None = None
) -> str:
    """Write a frame as a table for people, as wide as the terminal if no cell is then cut short."""
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
        width += 3 + (max(cell.cell_len for cell in [heading, *cells]) if whole else _NARROWEST)
    for row in zip(*columns, strict=True):
        table.add_row(*row)
    page = StringIO()
    Console(file=page, width=max(width, shutil.get_terminal_size((_WIDTH, 24)).columns)).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")


def _wrapped(text: str) -> str:
    width = min(shutil.get_terminal_size((_WIDTH, 24)).columns, _WIDTH)
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def _say(*parts: str) -> None:
    sys.stdout.write("\n\n".join(part for part in parts if part) + "\n")


def _say_json(content: object) -> None:
    sys.stdout.write(json.dumps(content, indent=1, allow_nan=False) + "\n")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
