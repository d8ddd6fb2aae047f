"""How help is laid out: plain lines, each entry wrapped under its name."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from cyclopts.help import PlainFormatter

if TYPE_CHECKING:
    from rich.console import Console


class HangingFormatter(PlainFormatter):
    """cyclopts' plain help, but a description keeps its indent: docstrings' line ends would stand among the wrapped."""

    def _print_plain(self, console: Console, text: str) -> None:
        if text.startswith(self.indent):
            text = textwrap.fill(
                " ".join(text.split()),
                console.width - 1,
                initial_indent=self.indent,
                subsequent_indent=self.indent * 3,
                break_long_words=False,
                break_on_hyphens=False,
            )
        super()._print_plain(console, text)
