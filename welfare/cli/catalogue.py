"""Commands about the sources: which can be read, and getting one from its publisher."""

from __future__ import annotations

from pathlib import Path

from welfare.cli.page import AsJson, as_table, say, say_json, wrapped
from welfare.cli.progress import arrival


def sources(*, as_json: AsJson = False) -> None:
    """List the sources that can be read.

    Parameters
    ----------
    as_json
        Machine-readable: all columns of the registry, what the source covers and its known defects included.
    """
    from welfare.sources.registry import registry

    table = registry()
    if as_json:
        say_json(table.to_dict("records"))
    else:
        say(
            as_table(table[["source", "title", "publisher"]], f"{len(table)} sources, each recognised by its headers"),
            wrapped(
                "What each covers, its licence and its known defects: --json, or docs/reference/sources.md. "
                "A file of another layout: welfare map FILE."
            ),
        )


def fetch(
    source: str,
    /,
    *,
    to: Path = Path("data/raw"),
    vintage: str | None = None,
    url: str | None = None,
    sha256: str | None = None,
    as_json: AsJson = False,
) -> None:
    """Download a source from its publisher, and record the retrieval in a MANIFEST.csv beside it.

    Parameters
    ----------
    source
        The source, such as us.osha.severe_injury.
    to
        Folder the file goes to.
    vintage
        As of when the file is true; by default the newest whose address is known.
    url
        An address to use in place of the known ones, such as that of a release newer than this program.
    sha256
        What the download must hash to; anything else is refused.
    as_json
        Machine-readable.
    """
    from welfare.sources.manifest import find_entry
    from welfare.sources.web.fetch import fetch as fetch_file

    with arrival(source) as count:
        path = fetch_file(source, to=to, vintage=vintage, url=url, sha256=sha256, progress=count)
    entry = find_entry(path)
    record = {
        "path": str(path),
        "publisher": entry.publisher,
        "licence": entry.licence,
        "vintage": entry.vintage,
        "period": entry.period,
        "obtained_from": entry.obtained_from,
        "bytes": entry.size_bytes,
        "sha256": entry.sha256,
        "note": entry.note,
    }
    if as_json:
        say_json(record)
        return
    lines = [
        str(path),
        f"publisher: {entry.publisher}; licence: {entry.licence or 'unknown'}",
        f"as of: {entry.vintage}; time covered: {entry.period or 'unknown'}",
        f"obtained from: {entry.obtained_from}",
        f"bytes: {entry.size_bytes:,}; SHA-256: {entry.sha256}",
        f"note: {entry.note}",
    ]
    say("\n".join(lines))
