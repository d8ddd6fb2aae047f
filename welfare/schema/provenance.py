"""Where a number came from: file hashes, Parquet metadata, and writing so that nothing is left half-written."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd


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


def write_parquet(frame: pd.DataFrame, path: str | Path, provenance: dict[str, Any]) -> Path:
    """Write a frame with its provenance in the file's own metadata, key ``welfare``.

    Parameters
    ----------
    frame : DataFrame
        Any frame pyarrow can hold.
    path : path
        Where the file goes.
    provenance : dict
        JSON-ready; read back with :func:`read_provenance`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(table.schema.metadata or {}), b"welfare": json.dumps(provenance, sort_keys=True).encode()}
    return write_whole(path, lambda part: pq.write_table(table.replace_schema_metadata(metadata), part))


def read_provenance(path: str | Path) -> dict[str, Any]:
    """Return the provenance that :func:`write_parquet` stored in a file; empty if there is none."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata or {}
    return dict(json.loads(metadata.get(b"welfare", b"{}")))
