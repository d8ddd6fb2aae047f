"""Which files a panel can be made from: dated, linked, each once, and none counting the same days as another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from welfare.errors import BadParameter, NoVintage
from welfare.link.links import Links
from welfare.schema.tables import Tables
from welfare.sources.manifest import parse_period, vintage_order
from welfare.sources.registry import registry


def newest(bundles: Sequence[Tables]) -> list[Tables]:
    """Return the bundles a panel uses: of each source that publishes snapshots the newest, of the others all."""
    kinds = registry().set_index("source")["kind"]
    latest: dict[str, str | None] = {}
    for bundle in bundles:
        latest[bundle.source] = max(latest.get(bundle.source), bundle.vintage, key=vintage_order)
    return [b for b in bundles if kinds.get(b.source) != "snapshot" or b.vintage == latest[b.source]]


def require_usable(links: Links, bundles: Sequence[Tables]) -> None:
    """Refuse bundles from which a panel would be wrong.

    Raises
    ------
    NoVintage
        If a bundle does not say as of when it is true.
    BadParameter
        If a file is given twice, files of one source count the same days, a file's records are not of the time it is
        said to cover, or a file was not linked.
    """
    for bundle in bundles:
        _require_vintage(bundle)
    _require_each_once(bundles)
    _require_linked(links, bundles)
    counting = [bundle for bundle in newest(bundles) if {"inspections", "injuries"} & set(bundle.frames)]
    for bundle in counting:
        _require_period(bundle)
    _require_apart(counting)


def _require_vintage(bundle: Tables) -> None:
    todo = 'Pass read(path, vintage="2025-06"), or list the file in a MANIFEST.csv beside it.'
    if bundle.vintage is None:
        raise NoVintage(
            "the file does not say as of when it is true",
            where=bundle.path,
            spoiled="Old records would stand beside new ones as if they were of one day.",
            todo=todo,
        )
    if parse_period(bundle.vintage) is None:
        raise BadParameter(
            f"the vintage {bundle.vintage!r} is no date",
            where=bundle.path,
            spoiled="Which file is the newest could not be told.",
            todo=todo,
        )


def _require_each_once(bundles: Sequence[Tables]) -> None:
    seen: dict[str, str] = {}
    for bundle in bundles:
        if bundle.source_id in seen:
            raise BadParameter(
                f"two files are called {bundle.source_id}: {seen[bundle.source_id]} and {bundle.path}",
                spoiled="Counts would be doubled, and a record could not be traced to its file.",
                todo="Pass each file once; give different files different vintages.",
            )
        seen[bundle.source_id] = bundle.path


def _require_linked(links: Links, bundles: Sequence[Tables]) -> None:
    linked = {links.spine.source_id, *links.summary["source_id"]}
    given = {bundle.source_id for bundle in bundles}
    for bundle in bundles:
        if bundle.source_id not in linked:
            raise BadParameter(
                f"{bundle.source_id} is not among the files that were linked",
                where=bundle.path,
                spoiled="Its records have no place, and places would stand at 0 for want of a link.",
                todo="Call link_records on the same bundles.",
            )
    if links.spine.source_id not in given:
        raise BadParameter(
            f"{links.spine.source_id}, whose facilities are the places, is not among the bundles",
            spoiled="The panel would have no rows.",
            todo="Pass the bundles that were given to link_records.",
        )


def _require_period(bundle: Tables) -> None:
    """Refuse a file of counts whose time is not known, or not the one said: most of its records would be elsewhere."""
    if bundle.period is None:
        raise BadParameter(
            "the file does not say what time it covers",
            where=bundle.path,
            spoiled="Where it holds nothing, none and not collected could not be told apart.",
            todo='Pass read(path, period="2015-01-01..2017-02-28"), or state it in a MANIFEST.csv beside the file.',
        )
    days = pd.concat([bundle.inspections["date_from"], bundle.inspections["date_to"], bundle.injuries["date"]]).dropna()
    first, last = bundle.period
    outside = ~days.between(first, last)
    if outside.sum() > len(days) / 2:
        raise BadParameter(
            f"the file is said to cover {first:%Y-%m-%d} to {last:%Y-%m-%d}, but most of its records lie outside it "
            f"({days.min():%Y-%m-%d} to {days.max():%Y-%m-%d})",
            where=bundle.path,
            spoiled="Rates would be over the wrong time.",
            todo='Pass the time it covers: read(path, period="2015-01-01..2017-02-28").',
        )


def _require_apart(counting: Sequence[Tables]) -> None:
    for source in dict.fromkeys(bundle.source for bundle in counting):
        # Sorted by first day, two files overlap only if two neighbours do.
        own = sorted((b for b in counting if b.source == source), key=_first_day)
        for one, next_ in pairwise(own):
            if one.period and next_.period and next_.period[0] <= one.period[1]:
                raise BadParameter(
                    f"two files of {source} cover the same days ({next_.period[0]:%Y-%m-%d} to "
                    f"{min(one.period[1], next_.period[1]):%Y-%m-%d}): {one.path} and {next_.path}",
                    spoiled="What both hold would be counted twice.",
                    todo="Pass the one that covers more, or give each the period that is its own.",
                )


def _first_day(bundle: Tables) -> pd.Timestamp:
    return bundle.period[0] if bundle.period else pd.Timestamp.min
