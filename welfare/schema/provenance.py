"""Where a number came from: file hashes, Parquet metadata, and writing so that nothing is left half-written."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from welfare.schema.columns import columns, table_names

WITHHELD = "withheld"  # what stands in the place of a cell that tells of a person


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: str | Path, write: Callable[[Path], object]) -> Path:
    """Write a file under a temporary name beside its place, then rename: readers see all of it or none.

    Parameters
    ----------
    path : path
        Where the file goes; its folder is made if needed.
    write : callable
        Takes the temporary path and writes the whole file there.

    Returns
    -------
    Path
        The final path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o644)  # mkstemp makes it private; a report is for reading
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def write_text(path: str | Path, text: str) -> Path:
    """Write text as UTF-8, whole or not at all."""
    return write_whole(path, lambda part: part.write_text(text, encoding="utf-8", newline="\n"))


def write_json(path: str | Path, content: Any) -> Path:
    """Write JSON with sorted keys, whole or not at all; NaN is refused, since JSON has none."""
    return write_text(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def write_parquet(frame: pd.DataFrame, path: str | Path, provenance: dict[str, Any], *, mask: bool = True) -> Path:
    """Write a frame with its provenance in the file's own metadata, key ``welfare``.

    Parameters
    ----------
    frame : DataFrame
        Any frame pyarrow can hold; a GeoDataFrame keeps its coordinate system.
    path : path
        Where the file goes.
    provenance : dict
        JSON-ready; read back with :func:`read_provenance`. For a tidy table:
        :func:`welfare.schema.storage.source_record` of the bundle it is from.
    mask : bool
        Whether filled cells of columns that the dictionary flags as personal are written as the word withheld. False
        writes them as they are: never for publication.
    """
    shown = masked(frame, personal_columns()) if mask else frame
    return write_whole(path, lambda part: _write_table(shown, part, provenance))


def personal_columns() -> frozenset[str]:
    """Return the names of the columns that the dictionary flags as free text about people, in whatever table."""
    return frozenset(name for table in table_names() for name, column in columns(table).items() if column.personal)


def masked(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return a frame with the word withheld in place of each filled cell of the columns named, which become text."""
    told = {name: frame[name].astype("str") for name in names if name in frame}
    filled = {name: cells.notna() & (cells.str.strip() != "") for name, cells in told.items()}
    return frame.assign(**{name: cells.mask(filled[name], WITHHELD) for name, cells in told.items()})


def _write_table(frame: pd.DataFrame, path: Path, provenance: dict[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if hasattr(frame, "to_wkb"):  # geopandas writes outlines and their coordinate system by the GeoParquet standard
        frame.to_parquet(path, index=False)
        table = pq.read_table(path)
    else:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), b"welfare": json.dumps(provenance, sort_keys=True).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Return the provenance that :func:`write_parquet` stored in a file; empty if there is none."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    return dict(json.loads(metadata.get(b"welfare", b"{}")))
