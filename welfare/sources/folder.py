"""A folder of agency files: recognise each by its headers, take the newest of each source, list what is not used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from welfare.errors import FileMissing, NoVintage, SourceMissing, UnknownSource
from welfare.schema.tables import Tables
from welfare.sources.headers import recognise
from welfare.sources.manifest import NAME as MANIFEST
from welfare.sources.manifest import list_manifest, vintage_order
from welfare.sources.raw.files import STRUCTURED, WORKBOOKS, RawFile, read_rows
from welfare.sources.read import read
from welfare.sources.registry import registry

_READABLE = {".csv", *WORKBOOKS, *STRUCTURED}


class Folder(NamedTuple):
    """What a folder holds.

    Attributes
    ----------
    used : list of Tables
        The files a study uses.
    files : DataFrame
        One row per file: path (below the folder), source, vintage, used, role, reason.
    """

    used: list[Tables]
    files: pd.DataFrame


def read_folder(
    folder: str | Path,
    needed: Iterable[str],
    *,
    wanted: Iterable[str] = (),
    progress: Callable[[str], object] | None = None,
) -> Folder:
    """Read the files of a folder that a study needs.

    Of a source that publishes snapshots the newest vintage is used; of one whose files each cover a time, all, save
    that of files over the same time the newest is. Of an older directory with addresses one is kept for linking
    alone: the one nearest in time to the injuries, since plants change hands.

    Parameters
    ----------
    folder : path
        Searched with all folders below it.
    needed : iterable of str
        Sources without which there is no study.
    wanted : iterable of str
        Sources to read where they are there.
    progress : callable, optional
        Told the name of each file before it is read.

    Returns
    -------
    Folder

    Raises
    ------
    FileMissing
        If there is no such folder, or a manifest in it lists a file that would be used and is not there.
    SourceMissing
        If a needed source is not among the files.
    NoVintage
        If a file to use does not say as of when it is true.
    WelfareError
        If a file cannot be read as a table, or its headers have changed: see :func:`welfare.sources.read.read`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileMissing("there is no such folder", where=str(folder), todo="Check the path.")
    needed = list(needed)
    sources = [*needed, *wanted]
    rows: list[dict[str, object]] = []
    bundles: list[Tables] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
        row: dict[str, object] = {"path": path.relative_to(folder).as_posix(), "used": False, "role": "not used"}
        raw, source, reason = _recognised(path)
        if raw and source in sources:
            if progress:
                progress(str(row["path"]))
            bundles.append(read(raw, source))
            row |= {"source": source, "vintage": bundles[-1].vintage}
        elif path.name != MANIFEST:
            row |= {"source": source, "reason": reason or f"{source} is no part of this study"}
        else:
            row |= {"role": "manifest", "reason": "says of the other files as of when they are"}
        rows.append(row)
    _require(needed, bundles, folder)
    _require_listed(folder, sources, bundles)
    roles = _roles(bundles)
    by_path = {str(Path(b.path).relative_to(folder).as_posix()): roles[b.path] for b in bundles}
    for row in rows:
        if found := by_path.get(str(row["path"])):
            row |= {"used": found[0] == "used", "role": found[0], "reason": found[1]}
    columns = ["path", "source", "vintage", "used", "role", "reason"]
    files = pd.DataFrame(rows, columns=columns)
    return Folder([b for b in bundles if roles[b.path][0] != "not used"], files)


def _recognised(path: Path) -> tuple[RawFile | None, str | None, str]:
    """Return a file's rows and its source, or why it has none."""
    if path.name == MANIFEST:
        return None, None, ""
    if path.suffix.lower() not in _READABLE:
        return None, None, f"no reader for {path.suffix or 'files without suffix'}"
    raw = read_rows(path)
    try:
        layout, _, _ = recognise(raw)
    except UnknownSource:
        return None, None, "its headers are of no source this version knows"
    return raw, layout.source, ""


def _require(needed: list[str], bundles: list[Tables], folder: Path) -> None:
    titles = registry().set_index("source")["title"]
    missing = [source for source in needed if source not in {bundle.source for bundle in bundles}]
    if missing:
        names = ", ".join(f"{source} ({titles[source]})" for source in missing)
        raise SourceMissing(
            f"no file has the headers of {names}",
            where=str(folder),
            spoiled="The study would report on what it did not see.",
            todo="Add the file; `welfare sources` lists where each is published.",
        )
    for bundle in bundles:
        if bundle.vintage is None:
            raise NoVintage(
                "the file does not say as of when it is true",
                where=bundle.path,
                spoiled="Which of two files is the newer could not be told.",
                todo=f"List it, with its vintage, in a {MANIFEST} beside it.",
            )


def _require_listed(folder: Path, sources: list[str], bundles: list[Tables]) -> None:
    """Refuse a folder whose manifest lists a file of the study's sources that is not there and would be used."""
    book = registry()
    for manifest in sorted(folder.rglob(MANIFEST)):
        listed = list_manifest(manifest)
        for path, title, vintage in listed.itertuples(index=False):
            own = book.loc[_is_of(title, book["title"]) & book["source"].isin(sources), ["source", "kind"]]
            if own.empty or (manifest.parent / path).is_file():
                continue
            source, kind = own.iloc[0]
            newest = max((vintage_order(b.vintage) for b in bundles if b.source == source), default=vintage_order(None))
            if kind == "snapshot" and vintage_order(vintage) <= newest:
                continue
            raise FileMissing(
                f"the file is not there, and {manifest} lists it",
                where=str(manifest.parent / path),
                spoiled=f"The study would count without it as if {source} had never said more.",
                todo="Put the file back, or take its row out of the manifest.",
            )


def _is_of(listed: str, titles: pd.Series[str]) -> pd.Series[bool]:
    """Whether a manifest's title is a source's: the same, or the same and, behind a comma, what the file holds."""
    return titles.map(lambda title: listed == title or listed.startswith(f"{title}, "))


def _roles(bundles: list[Tables]) -> dict[str, tuple[str, str]]:
    """Return by path what a file is used for, and why."""
    kinds = registry().set_index("source")["kind"]
    roles: dict[str, tuple[str, str]] = {}
    for source in dict.fromkeys(bundle.source for bundle in bundles):
        own = sorted((b for b in bundles if b.source == source), key=_newness, reverse=True)
        taken: list[Tables] = []
        for bundle in own:
            rival = next((t for t in taken if kinds[source] == "snapshot" or _overlap(t, bundle)), None)
            if rival is None:
                taken.append(bundle)
                roles[bundle.path] = ("used", "")
            else:
                roles[bundle.path] = ("not used", f"older than {rival.source_id}")
    for bundle in _nearest_directory(bundles, roles):
        why = f"{roles[bundle.path][1]}; nearest to the injuries' days, so it helps to link them and names the operator"
        roles[bundle.path] = ("linking only", why)
    return roles


def _newness(bundle: Tables) -> tuple[tuple[pd.Timestamp, str], str]:
    return vintage_order(bundle.vintage), bundle.path


def _overlap(one: Tables, other: Tables) -> bool:
    if one.period is None or other.period is None:
        return one.source_id == other.source_id
    return one.period[0] <= other.period[1] and other.period[0] <= one.period[1]


def _nearest_directory(bundles: list[Tables], roles: dict[str, tuple[str, str]]) -> list[Tables]:
    """Return the older directory that is nearer to the injuries than the newest is, if there is one."""
    events = [b for b in bundles if len(b.injuries) and b.period and roles[b.path][0] == "used"]
    directories = [b for b in bundles if b.facilities["street"].notna().any() and b.period]
    if not events or not directories:
        return []
    first, last = min(b.period[0] for b in events if b.period), max(b.period[1] for b in events if b.period)

    def days_away(bundle: Tables) -> int:
        assert bundle.period is not None  # noqa: S101 (they were chosen for having one)
        return max((first - bundle.period[1]).days, (bundle.period[0] - last).days, 0)

    nearest = min(directories, key=lambda b: (days_away(b), -directories.index(b)))
    return [nearest] if roles[nearest.path][0] == "not used" else []
