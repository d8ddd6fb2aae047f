"""Commands that run a study, from agency files to a report."""

from __future__ import annotations

import shlex
from pathlib import Path

from welfare.cli.page import SIMULATED, AsJson, say, say_json, wrapped
from welfare.cli.progress import steps
from welfare.errors import BadParameter


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
    with steps(f"{SIMULATED} " if simulated else "") as tell:
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
        say_json({"study": name, "simulated": done.simulated, "seed": seed, "text": done.text, "files": files})
    else:
        say(wrapped(done.text), f"{SIMULATED} report: {done.report}" if done.simulated else f"report: {done.report}")


def _typed(name: str, *, data: Path | None, **options: object) -> str:
    """Return the command that does the same study again."""
    words = ["--simulated"] if data is None else ["--data", str(data)]
    for option, value in options.items():
        words += [] if value is None else [f"--{option}", str(value)]
    return shlex.join(["welfare", "study", name, *words])
