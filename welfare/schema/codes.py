"""Where the shipped tables live, and how one is read: as text, with its column names checked by whoever asks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from welfare.errors import FileMissing


@cache
def data_folder() -> Path:
    """Return the folder of shipped tables: inside the wheel, or `data/` of the checkout.

    Raises
    ------
    FileMissing
        If neither is there, which means a broken install.
    """
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "_data", package.parent / "data"):
        if (candidate / "columns.csv").is_file():
            return candidate
    raise FileMissing(
        "the tables shipped with welfare are not found",
        where=str(package),
        spoiled="No file can be recognised without them.",
        todo="Reinstall the package (pip install --force-reinstall welfare).",
    )


@cache
def _read_shipped(name: str) -> pd.DataFrame:
    path = data_folder() / name
    if not path.is_file():
        raise FileMissing(f"shipped table {name!r} is not there", where=str(path.parent))
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")


def shipped(name: str) -> pd.DataFrame:
    """Read one shipped CSV table as text; empty cells are empty strings.

    Parameters
    ----------
    name : str
        Path below `data/`, e.g. ``"codes/us_states.csv"``.

    Returns
    -------
    DataFrame
        A fresh copy: changing it changes nothing else.

    Raises
    ------
    FileMissing
        If there is no such table.
    """
    return _read_shipped(name).copy()


@cache
def code_map(name: str, key: str, value: str) -> dict[str, str]:
    """Return two columns of a shipped code list as a dictionary.

    Parameters
    ----------
    name : str
        Code list below `data/codes/`, without ``.csv``.
    key, value : str
        Columns that become keys and values.
    """
    table = _read_shipped(f"codes/{name}.csv")
    return dict(zip(table[key], table[value], strict=True))
