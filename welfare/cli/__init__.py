"""The command line: each command makes one call into a room and prints what it gives; nothing is computed here.

The commands lie in a module per family; none imports a room before it needs it, so that help is quick.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from io import TextIOWrapper

from cyclopts import App, CycloptsError, Parameter

from welfare.cli.accounts import account, parameters
from welfare.cli.catalogue import fetch, sources
from welfare.cli.files import changes, draft, read
from welfare.cli.help import HangingFormatter
from welfare.cli.progress import tell, warn
from welfare.cli.studies import study
from welfare.errors import WelfareError

DONE, BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 0, 2, 130, 141


def _version() -> str:
    import welfare

    return welfare.__version__


app = App(
    name="welfare",
    help="Agency files in; a linked panel, statistics with their doubt, a report out.",
    help_epilogue="Exit codes: 0 done, or met; 1 the answer is adverse; 3 cannot tell; 2 bad input.",
    help_format="plaintext",
    help_formatter=HangingFormatter(),  # a third faster than boxes, and the same in a pipe
    version=_version,
    default_parameter=Parameter(negative=""),
    suppress_keyboard_interrupt=False,
)
for _command in (sources, fetch, read, changes, study, parameters, account):
    app.command(_command)
app.command(draft, name="map")  # Python has a map of its own


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
            warnings.showwarning = warn
            code = app(argv, print_error=False, exit_on_error=False, result_action="return_value")
            sys.stdout.flush()
    except (WelfareError, CycloptsError) as error:
        tell(f"welfare: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:
        tell("stopped")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # rich, which prints the help, turns the first into the second
        # Python flushes stdout once more as it exits: let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        if error.filename is None:
            raise
        tell(f"welfare: {error.filename}: {error.strerror}.")
        return BAD_INPUT
    return code or DONE
