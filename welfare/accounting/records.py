"""One strict reader for the plain-data files of this room: nothing unknown, doubled or misspelt gets past it."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from welfare.errors import BadParameter, FileMissing
from welfare.schema.codes import data_folder

_HOW = "Compare the file with the columns and words that the shipped data/parameters files use."


class Record(BaseModel):
    """One row of a plain-data file: frozen, with no unknown field, no NaN and no infinity.

    Notes
    -----
    An empty cell is an absent field: a field without a default then raises, one with a default keeps it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, cells: Any) -> Any:
        return {name: cell for name, cell in cells.items() if cell != ""} if isinstance(cells, dict) else cells


R = TypeVar("R", bound=Record)


def parameter_file(name: str) -> Path:
    """Return the path of a shipped file below `data/parameters/`.

    Parameters
    ----------
    name : str
        File name, e.g. ``"books.csv"``.
    """
    return data_folder() / "parameters" / name


def hash_files(*names: str) -> str:
    """Return the SHA-256 of shipped files below `data/parameters/`, their bytes taken one after another.

    Parameters
    ----------
    *names : str
        File names, in the order hashed.
    """
    digest = hashlib.sha256()
    for name in names:
        digest.update(parameter_file(name).read_bytes())
    return digest.hexdigest()


def read_records(path: str | Path, kind: type[R]) -> list[R]:
    """Read a UTF-8 CSV file into records, refusing whatever its kind does not define.

    Parameters
    ----------
    path : path
        File with one header row holding exactly the fields of `kind`, in any order.
    kind : type of Record
        What a row is.

    Returns
    -------
    list of Record
        One per row, in the file's order.

    Raises
    ------
    FileMissing
        If there is no such file.
    BadParameter
        If a column is unknown, missing or doubled, a row has too few or too many cells, or a cell is not
        what its column holds; the message names the file, the line and the column.
    """
    path = Path(path)
    if not path.is_file():
        raise FileMissing("the file is not there", where=str(path), todo="Check the path.")
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        return [_parse(cells, where, kind) for cells, where in _rows(reader, path, kind)]


def _rows(reader: Any, path: Path, kind: type[Record]) -> Iterator[tuple[dict[str, str], str]]:
    """Yield each row as a dictionary, with the words that say where it stands."""
    try:
        header: list[str] = next(reader, [])
        _check_header(header, path, kind)
        for number, row in enumerate(reader, start=1):
            where = f"{path}, row {number} (line {reader.line_num})"
            if len(row) != len(header):
                raise BadParameter(f"the row has {len(row)} cells, the header {len(header)}", where=where, todo=_HOW)
            yield dict(zip(header, row, strict=True)), where
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadParameter(f"the file cannot be read as UTF-8 CSV: {error}", where=str(path), todo=_HOW) from error


def _check_header(header: list[str], path: Path, kind: type[Record]) -> None:
    """Raise unless the header is exactly the fields of the kind, each once."""
    wanted = {field.alias or name for name, field in kind.model_fields.items()}
    doubled = sorted({name for name in header if header.count(name) > 1})
    unknown, missing = sorted(set(header) - wanted), sorted(wanted - set(header))
    faults = [
        f"{label} {', '.join(map(repr, names))}"
        for label, names in (("doubled column", doubled), ("unknown column", unknown), ("missing column", missing))
        if names
    ]
    if faults:
        raise BadParameter(
            "; ".join(faults),
            where=f"{path}, header",
            spoiled="A misspelt column would otherwise be ignored without a word.",
            todo=_HOW,
        )


def _parse(cells: dict[str, str], where: str, kind: type[R]) -> R:
    """Turn one row into a record, or say which cell is at fault."""
    try:
        return kind.model_validate(cells)
    except ValidationError as error:
        faults = "; ".join(_fault(dict(fault), cells) for fault in error.errors())
        raise BadParameter(
            faults,
            where=where,
            spoiled="Every account that uses the row would be wrong.",
            todo="Correct the cell, or remove the row with a note of why.",
        ) from error


def _fault(fault: dict[str, Any], cells: dict[str, str]) -> str:
    """Say in words which cell is at fault, or that the cells do not fit each other."""
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    column = str(fault["loc"][0])
    return f"column {column!r} holds {cells.get(column, '')!r}: {message}"


def refuse_duplicates(keys: list[str], where: str) -> None:
    """Raise BadParameter if a key occurs twice, naming the rows.

    Parameters
    ----------
    keys : list of str
        The keys in the file's order; row 1 is the first below the header.
    where : str
        The file.
    """
    seen: dict[str, int] = {}
    for number, key in enumerate(keys, start=1):
        if key in seen:
            raise BadParameter(
                f"duplicate {key!r}: rows {seen[key]} and {number}",
                where=f"{where}, row {number}",
                spoiled="Which of the two counts would depend on their order.",
                todo="Keep one of them; a new vintage gets its own id.",
            )
        seen[key] = number


__all__ = ["Record", "hash_files", "parameter_file", "read_records", "refuse_duplicates"]
