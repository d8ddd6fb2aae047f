"""Link the records of several files: which are the same place, how sure, why, and which ones a person must decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from welfare.errors import BadParameter
from welfare.link.alike import alike_pairs
from welfare.link.decisions import Rulings, load_decisions, with_people
from welfare.link.exact import numbered_pairs
from welfare.link.match import Engine
from welfare.link.places import Places
from welfare.link.result import COLUMNS, COUNTED, Links
from welfare.link.summary import multiples, notes, places_of, sides_of, summarise, text_of, unmatched_records
from welfare.schema.tables import Tables
from welfare.sources.manifest import vintage_order
from welfare.sources.registry import registry

__all__ = ["COUNTED", "Links", "link_records"]


def link_records(
    *bundles: Tables, decisions: str | Path | pd.DataFrame | None = None, engine: Engine = "auto"
) -> Links:
    """Say which records of several files are the same place.

    The newest directory with addresses gives the places. Records with numbers are linked by number; older directories
    too, but only where region and name or address agree, since numbers are handed on. What no number leads anywhere
    is linked by name, address, distance and activity: each pair has a score, the probability that it is one place, and
    a reason; where no place is likely enough, the pair waits for a person. People's decisions win.

    Parameters
    ----------
    *bundles : Tables
        As `read` returns them.
    decisions : path or DataFrame, optional
        Decisions beside the shipped ones; see :func:`welfare.link.decisions.load_decisions`.
    engine : {"auto", "rapidfuzz", "splink"}
        What compares records without a number. Splink (in the extra `link`) is used from a million records on.

    Returns
    -------
    Links

    Raises
    ------
    BadParameter
        If no bundle lists facilities, two bundles have one source and vintage, real and simulated files are mixed, or
        there is no such engine.
    BadValue
        If two facilities are confirmed for one record.
    MissingExtra
        If Splink is asked for, or needed, and not installed.
    """
    simulated = _one_world(bundles)
    _require_distinct(bundles)
    spine = _spine(bundles)
    others = [bundle for bundle in bundles if bundle is not spine]
    sides = sides_of(bundles)
    rulings = Rulings(load_decisions(decisions), sides[sides["source_id"] != spine.source_id])

    places = Places(spine)
    pairs: dict[str, pd.DataFrame] = {}
    # Newest first, so that a plant which several older directories list is one place.
    directories = sorted((b for b in others if _lists_places(b)), key=_newest_last)
    for bundle in reversed(directories):
        found = _pairs(bundle, places, rulings, engine=engine, directory=True)
        counted = found[found["decision"].isin(COUNTED)]
        places.add(bundle, dict(zip(counted["left_id"], counted["right_id"], strict=True)))
        pairs[bundle.source_id] = found
    for bundle in others:
        if bundle.source_id not in pairs:
            pairs[bundle.source_id] = _pairs(bundle, places, rulings, engine=engine, directory=False)
    table = _stacked([pairs[bundle.source_id] for bundle in others], bundles)

    unmatched = unmatched_records(others, table)
    summary = summarise(others, table, unmatched)
    mark = {"SIMULATED": "SIMULATED"} if simulated else {}
    several = multiples(table, {bundle.source_id for bundle in others if len(bundle.facilities)})
    return Links(
        table=table.assign(**mark),
        text=text_of(summary, spine, several, simulated=simulated),
        dropped=unmatched.rename(columns={"record_id": "row"})[["row", "reason"]],
        notes=notes(table, spine, directories, places, rulings),
        places=places_of(places, table, bundles).assign(**mark),
        numbers=places.numbers().assign(**mark),
        multiples=several.assign(**mark),
        summary=summary,
        unmatched=unmatched.assign(**mark),
        spine=spine,
        simulated=simulated,
        _sides=sides,
        _ids=places.ids,
    )


def _pairs(bundle: Tables, places: Places, rulings: Rulings, *, engine: Engine, directory: bool) -> pd.DataFrame:
    """Pair the records of one file with the places known so far: by number, then by likeness."""
    judged = rulings.judged(places)
    numbered = numbered_pairs(bundle, places, judged, newest_only=not directory)
    alike = alike_pairs(bundle, places, judged, numbered, engine=engine)
    return with_people(pd.concat([numbered, alike], ignore_index=True), bundle, judged)


def _stacked(parts: list[pd.DataFrame], bundles: Iterable[Tables]) -> pd.DataFrame:
    """Return the pairs of all files as one table, with the rank of each among its record's and the record's time."""
    made = [part for part in parts if len(part)]
    table = pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=COLUMNS)
    by_score = table["score"].astype("float64").fillna(1.0)
    standing = (~table["decision"].isin(("rejected", "split"))).astype(int)
    order = table.assign(s=-by_score, out=-standing).sort_values(["left_id", "out", "s", "right_id"], kind="stable")
    rank = order.groupby("left_id").cumcount().reindex(table.index) + 1
    times = {bundle.source_id: bundle.period or (pd.NaT, pd.NaT) for bundle in bundles}
    since = table["left_source"].map({source: time[0] for source, time in times.items()})
    until = table["left_source"].map({source: time[1] for source, time in times.items()})
    kinds = {"score": "float64", "rank": "int64", "valid_from": "datetime64[s]", "valid_to": "datetime64[s]"}
    table = table.assign(rank=rank, valid_from=since, valid_to=until)
    return table.astype({name: kinds.get(name, "str") for name in COLUMNS})


def _one_world(bundles: Iterable[Tables]) -> bool:
    worlds = {bundle.simulated: bundle for bundle in bundles}
    if len(worlds) == 2:
        raise BadParameter(
            f"{worlds[True].source_id} is simulated and {worlds[False].source_id} is real",
            spoiled="Made-up plants would be counted among real ones.",
            todo="Link the files of one world at a time.",
        )
    return True in worlds


def _require_distinct(bundles: Iterable[Tables]) -> None:
    seen = Counter(bundle.source_id for bundle in bundles)
    if twice := [source for source, times in seen.items() if times > 1]:
        raise BadParameter(
            f"two files are {twice[0]}",
            spoiled="Their records would be taken for one another.",
            todo="Pass each file once, and read files of one source with vintage=, each with its own.",
        )


def _lists_places(bundle: Tables) -> bool:
    """Return whether a file says where its facilities are: then each of them is a place, linked or not."""
    rows = bundle.facilities
    return bool(rows["street"].notna().any() or rows["latitude_deg"].notna().any())


def _newest_last(bundle: Tables) -> tuple[object, str]:
    return vintage_order(bundle.vintage), bundle.source_id


def _spine(bundles: Iterable[Tables]) -> Tables:
    """Return the newest directory: a list of facilities as of a day with addresses, or what comes nearest to one."""
    kinds = dict(zip(registry()["source"], registry()["kind"], strict=True))

    def standing(bundle: Tables) -> tuple[bool, bool, bool]:
        addresses = bool(bundle.facilities["street"].notna().any())
        snapshot = kinds.get(bundle.source, "snapshot") == "snapshot"
        return addresses and snapshot, addresses, _lists_places(bundle)

    listing = [bundle for bundle in bundles if len(bundle.facilities)]
    if not listing:
        raise BadParameter(
            "no file lists facilities with their addresses",
            spoiled="There is nothing to link the other records to.",
            todo="Pass a directory, such as us.fsis.mpi_directory, among the bundles.",
        )
    return max(listing, key=lambda bundle: (standing(bundle), _newest_last(bundle)))
