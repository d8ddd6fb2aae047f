"""Download a source from its publisher's own address, and record beside it where, when and what was retrieved."""

from __future__ import annotations

import re
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pandas as pd

from welfare.errors import BadParameter, FetchFailed, NotData, RewrittenAtSource
from welfare.schema.codes import shipped
from welfare.sources.manifest import vintage_order
from welfare.sources.registry import source_row
from welfare.sources.web.download import Progress, Retrieval, download, refuse_answer
from welfare.sources.web.retrieval import is_held, keep
from welfare.sources.web.unpack import choose_member, is_archive, unpack

_ZIPPED_WORKBOOKS = {".xlsx", ".xlsm", ".xlsb", ".ods"}
_TEXTS = {".csv", ".txt", ".json", ".geojson"}


class Address(NamedTuple):
    """Where a vintage of a source is published."""

    url: str
    vintage: str = ""  # empty where the address always holds the newest file
    period: str = ""
    sha256: str = ""
    member: str = ""


def fetch(
    source: str,
    *,
    to: str | Path = "data/raw",
    vintage: str | None = None,
    url: str | None = None,
    sha256: str | None = None,
    max_bytes: int = 2_000_000_000,
    timeout: float = 30,
    progress: Progress | None = None,
) -> Path:
    """Download a source from its publisher, and record the retrieval in a MANIFEST.csv beside it.

    The raw file is kept as it came; of a zip, the table in it is unpacked beside it. Fetching the same bytes again
    changes nothing. If the publisher now serves other bytes for a vintage that is held, both are kept.

    Parameters
    ----------
    source : str
        A name in the registry, such as ``"us.osha.severe_injury"``.
    to : path, optional
        The folder the file goes to; it is made if needed.
    vintage : str, optional
        As of when the file is true. Without it, the newest whose address is known; where that address always holds the
        newest file, the day of retrieval (UTC).
    url : str, optional
        An address to use in place of those in ``data/downloads.csv``.
    sha256 : str, optional
        What the downloaded file must hash to, in 64 hexadecimal digits.
    max_bytes : int, optional
        The largest download, and the largest file unpacked from it, that is accepted.
    timeout : float, optional
        Seconds that the server may take to answer, and may then stay silent.
    progress : callable, optional
        Called as the download goes on with the bytes that have come and those to come in all, or None where the
        server does not say.

    Returns
    -------
    Path
        The data file, which :func:`welfare.read` reads: of a zip, the file unpacked from it.

    Raises
    ------
    BadParameter
        If no source has that name, no address is known for it or for that vintage, or an argument is not usable.
    FetchFailed
        If the address cannot be reached, answers with an error or too late, or the file cannot be stored.
    Truncated
        If the connection keeps ending before the file does.
    TooLarge, UnsafeArchive
        If the file, or what is in the zip, is too large or not safe to unpack.
    NotData
        If what comes is empty, a web page, or a zip without the table.
    FileAltered
        If the file does not hash to what it must.
    ContractBroken
        If the MANIFEST.csv in the folder cannot be added to.

    Warns
    -----
    RewrittenAtSource
        If other bytes are held for the same vintage: the path returned is that of the new file.

    Notes
    -----
    A connection that breaks, and an answer of 429 or 500 to 504, is tried three times more; what had come is resumed
    where the server can. A server that states no length and ends early cannot be told from one that has finished.

    Examples
    --------
    >>> import welfare as wf
    >>> path = wf.fetch("us.osha.severe_injury", to="data/raw")  # doctest: +SKIP
    >>> wf.read(path).injuries  # doctest: +SKIP
    """
    registered = source_row(source)
    _require_usable(vintage, sha256, max_bytes, timeout)
    address = Address(_web_address(url), vintage or "") if url else _known_address(registered, vintage, to)
    if sha256:
        address = address._replace(sha256=sha256.lower())
    folder = Path(to)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as staging:
            return _fetched(registered, address, folder, Path(staging), max_bytes, timeout, progress)
    except OSError as error:
        raise FetchFailed(
            f"the file from {address.url} cannot be stored ({error})",
            where=str(folder),
            todo="Name a folder that can be written to, with room for the file.",
        ) from None


def addresses() -> pd.DataFrame:
    """Return the addresses that :func:`fetch` knows, one row per vintage of a source.

    Returns
    -------
    DataFrame
        Columns source, vintage (empty: the address always holds the newest file), period (what time the file covers,
        where that is not its vintage), url, sha256 (empty where it is not pinned), member (which file of a zip; empty
        where the only table in it is meant), note.
    """
    return shipped("downloads.csv")


def _fetched(
    registered: pd.Series,
    address: Address,
    folder: Path,
    staging: Path,
    max_bytes: int,
    timeout: float,
    progress: Progress | None,
) -> Path:
    source = registered["source"]
    held = folder / f"{source}_{address.vintage}{_stated_suffix(address.url)}"
    if address.sha256 and address.vintage and is_held(held, address.sha256):
        raw, retrieval = held, Retrieval(address.url, address.url, datetime.now(UTC))
    else:
        raw = staging / ".body"  # hidden, so that no study takes a half-written file for data
        retrieval = download(
            address.url, raw, sha256=address.sha256, max_bytes=max_bytes, timeout=timeout, progress=progress
        )
    vintage = address.vintage or f"{retrieval.at:%Y-%m-%d}"
    stem = f"{source}_{vintage}"
    record = {
        "title": registered["title"],
        "publisher": registered["publisher"],
        "vintage": vintage,
        "period": address.period,
        "licence": registered["licence"],
        "obtained_from": address.url,
        "note": _note(retrieval, dated=not address.vintage),
    }
    if is_archive(raw):
        member = choose_member(raw, address.member)
        data = unpack(raw, member, staging / ".member", max_bytes=max_bytes)
        refuse_answer(data, f"{address.url}, {member}")
        titled = record | {"title": f"{registered['title']} (zip, as downloaded)"}
        archive = keep(raw, folder, f"{stem}.zip", titled, retrieval.at)
        record["note"] += f"; unpacked from {archive.path.name}, where it is {' '.join(member.split())[:200]}"
        suffix = PurePosixPath(member).suffix.lower()
    else:
        data, suffix = raw, _suffix(address.url, raw)
    kept = keep(data, folder, stem + suffix, record, retrieval.at)
    if kept.instead_of:
        message = (
            f"{address.url} now serves other bytes for vintage {vintage} than {kept.instead_of} holds: both are kept, "
            f"the new ones as {kept.path.name}. Compare the two before using either."
        )
        warnings.warn(RewrittenAtSource(message), stacklevel=3)
    return kept.path


def _note(retrieval: Retrieval, *, dated: bool) -> str:
    parts = [f"retrieved {retrieval.at:%Y-%m-%dT%H:%M:%SZ} from {retrieval.final_url}"]
    parts += [f"Last-Modified {retrieval.last_modified}"] if retrieval.last_modified else []
    parts += [f"ETag {retrieval.etag}"] if retrieval.etag else []
    parts += ["the vintage is the day of retrieval: the publisher states none here"] if dated else []
    return "; ".join(parts)


def _stated_suffix(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()


def _suffix(url: str, body: Path) -> str:
    """Return the suffix that a file's first bytes call for: an address may state another, or none."""
    stated = _stated_suffix(url)
    with body.open("rb") as stream:
        start = stream.read(4)
    if start == b"PK\x03\x04":
        return stated if stated in _ZIPPED_WORKBOOKS else ".xlsx"
    if start == b"\xd0\xcf\x11\xe0":
        return ".xls"
    if stated == ".zip":
        raise NotData(
            "what came is no zip, and was not kept",
            where=url,
            spoiled="Its records would be missing.",
            todo="Open the address in a browser to see what the site says.",
        )
    return stated if stated in _TEXTS else ".csv"


def _known_address(registered: pd.Series, vintage: str | None, to: str | Path) -> Address:
    source, page = registered["source"], registered["landing_page"]
    table = addresses()
    own = table[table["source"] == source]
    by_hand = (
        f"Download it by hand{f' from {page}' if page else ''} into {to}, and list it in a MANIFEST.csv there (how: "
        "docs/how-to/fetch); or name its address with url."
    )
    if own.empty:
        what = f"no address is known from which {source} can be downloaded without a person choosing"
        raise BadParameter(what, where=page, todo=by_hand)
    if vintage is not None:
        own = own[own["vintage"] == vintage]
    if own.empty:
        known = [
            words or "the newest, without naming a vintage" for words in table.loc[table["source"] == source, "vintage"]
        ]
        what = f"no address is known for vintage {vintage!r} of {source}; known are: {', '.join(known)}"
        raise BadParameter(what, where=page, todo=by_hand)
    # An address without a vintage always holds the newest file.
    newest = "" if (own["vintage"] == "").any() else max(own["vintage"], key=vintage_order)
    row = own[own["vintage"] == newest].iloc[0]
    return Address(row["url"], row["vintage"], row["period"], row["sha256"].lower(), row["member"])


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise BadParameter(f"{url!r} is no web address", todo="Write it with https:// in front, as a browser shows it.")
    if parts.username or parts.password:
        raise BadParameter(
            "the address holds a user name or password",
            where=parts.hostname or "",
            spoiled="It would be written into MANIFEST.csv, for everybody to read.",
            todo="Download the file by hand.",
        )
    return url


def _require_usable(vintage: str | None, sha256: str | None, max_bytes: int, timeout: float) -> None:
    if vintage is not None and not re.fullmatch(r"\w[\w.\-]*", vintage):
        raise BadParameter(
            f"the vintage {vintage!r} cannot stand in a file's name", todo='Write it like "2025-06" or "FY2024".'
        )
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise BadParameter(f"{sha256!r} is no SHA-256", todo="Give its 64 hexadecimal digits.")
    if not max_bytes > 0 or not timeout > 0:
        raise BadParameter("max_bytes and timeout must be above 0", todo="Leave them out for the usual limits.")
