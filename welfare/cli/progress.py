"""What goes to stderr while a command runs: steps, warnings and errors."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from welfare.errors import RecordsLeftOut


def tell(line: str) -> None:
    """Print a line to a person who waits."""
    sys.stderr.write(f"{line}\n")


def warn(message: Warning | str, category: type[Warning], *_where: Any, mark: str = "", **_more: Any) -> None:
    """Say a warning to a person: the line of code that gave it is of no use on the command line."""
    tell(f"{mark}{'left out' if issubclass(category, RecordsLeftOut) else 'warning'}: {message}")


@contextmanager
def steps(mark: str) -> Iterator[Callable[[str], None]]:
    """Show steps on stderr, warnings among them: on a terminal with a clock each, else a line each.

    Parameters
    ----------
    mark : str
        Stands before each step and each warning.

    Yields
    ------
    callable
        Takes the words of the step that now begins.
    """
    warnings.showwarning = partial(warn, mark=mark)  # until main() ends
    if not sys.stderr.isatty():
        yield lambda step: tell(f"{mark}{step}")
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    words = TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold"))
    with Progress(TimeElapsedColumn(), words, console=Console(stderr=True)) as shown:

        def begin(step: str) -> None:
            finish()
            shown.add_task(f"{mark}{step}", total=None)

        def finish() -> None:
            for task in shown.task_ids[-1:]:
                shown.update(task, total=1, completed=1)

        yield begin
        finish()


@contextmanager
def arrival(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show on stderr how much of a download is here: on a terminal as a bar, else a line as it begins and as it ends.

    Parameters
    ----------
    name : str
        What is downloaded.

    Yields
    ------
    callable
        Takes the bytes that have come and those to come in all, None where nobody knows.
    """
    if not sys.stderr.isatty():
        come = 0

        def note(done: int, _total: int | None) -> None:
            nonlocal come
            come = done

        tell(f"fetch {name}")
        yield note
        tell(f"fetched {name}: {come:,} bytes" if come else f"{name} is here already: nothing was downloaded")
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    words = TextColumn("{task.description}", markup=False)
    with Progress(words, BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as shown:
        task = shown.add_task(name, total=None)

        def move(done: int, total: int | None) -> None:
            shown.update(task, completed=done, total=total)

        yield move
