"""Link the records of several files: which are the same place, how sure, why, and which ones a person must decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from welfare.errors import BadParameter
from welfare.link.candidates import COLUMNS, numbered_pairs, reported_pairs
from welfare.link.decisions import Rulings, load_decisions
from welfare.link.match import Matcher, profiles, text_or_empty
from welfare.link.places import Places
from welfare.schema.results import Result
from welfare.schema.tables import Tables
from welfare.sources.manifest import vintage_order

COUNTED = ("linked", "confirmed")
_REJECTED = "people rejected every facility it could be"
_OUTSIDE = "outside:"
_NAMED = 5  # so many decisions that changed nothing are named in a note
_SIDE_BY_SIDE = ["name", "street", "city", "region", "postcode"]
_SIDE = ["record_id", "source_id", "key", *_SIDE_BY_SIDE]


@dataclass(frozen=True, repr=False, kw_only=True)
class Links(Result):
    """Which records are the same place; see :func:`link_records`.

    Attributes
    ----------
    table : DataFrame
        One row per pair: left_id, right_id, left_source, right_source, method (identifier, likeness), score
        (1 for an identifier, null for a pair only people made), reason, decision (linked, review, confirmed,
        rejected). The method of a pair only people made is decision.
    places : DataFrame
        facility_id, record_id, valid_from, valid_to: every record that is counted, with the one id of its place.
    summary : DataFrame
        Per source: records, linked, confirmed, review, rejected, unmatched, outside (not a kind of place to link).
    unmatched : DataFrame
        record_id, source_id, reason.
    spine : Tables
        The directory whose facilities are the places.
    simulated : bool
        Whether the plants are made up.
    """

    places: pd.DataFrame
    summary: pd.DataFrame
    unmatched: pd.DataFrame
    spine: Tables
    simulated: bool
    _sides: pd.DataFrame = field(repr=False)
    _ids: dict[str, str] = field(repr=False)

    def review(self, n: int | None = None) -> pd.DataFrame:
        """Return the doubtful pairs side by side, the likeliest records first.

        Parameters
        ----------
        n : int, optional
            So many pairs at most; all by default.

        Returns
        -------
        DataFrame
            source and record (as a decisions file names it), facility_id, score, reason, then name, street, city,
            region and postcode of both sides. A working paper: it is not for publication. With the columns decision,
            who, when and why filled in it is a file of decisions.
        """
        pairs = self.table[self.table["decision"] == "review"]
        # A record's candidates stay together, under the likeliest.
        best = pairs.groupby("left_id")["score"].transform("max")
        pairs = pairs.assign(best=best).sort_values(
            ["best", "left_id", "score", "right_id"], ascending=[False, True, False, True], kind="stable"
        )
        pairs = pairs if n is None else pairs.head(n)
        left, right = self._sides.loc[pairs["left_id"]], self._sides.loc[pairs["right_id"]]
        shown = pd.DataFrame(
            {
                "source": left["source"].to_numpy(),
                "record": left["key"].to_numpy(),
                "facility_id": pairs["right_id"].map(self._ids).to_numpy(),
                "score": pairs["score"].to_numpy(),
                "reason": pairs["reason"].to_numpy(),
            }
        )
        for name in _SIDE_BY_SIDE:
            shown[f"{name}_reported"], shown[f"{name}_directory"] = left[name].to_numpy(), right[name].to_numpy()
        return shown.assign(SIMULATED="SIMULATED") if self.simulated else shown


def link_records(*bundles: Tables, decisions: str | Path | pd.DataFrame | None = None) -> Links:
    """Say which records of several files are the same place.

    The newest directory with addresses gives the places. Records with numbers are linked by number; older directories
    too, but only where region and name or address agree, since numbers are handed on. Reports without a number are
    linked by name, address, distance and activity, each pair with a score and a reason; where no candidate is
    clearly ahead, the pair waits for a person. People's decisions win.

    Parameters
    ----------
    *bundles : Tables
        As `read` returns them.
    decisions : path or DataFrame, optional
        Decisions beside the shipped ones; see :func:`welfare.link.decisions.load_decisions`.

    Returns
    -------
    Links

    Raises
    ------
    BadParameter
        If no bundle lists facilities with addresses, two bundles have one source and vintage, or real and simulated
        files are mixed.
    BadValue
        If two facilities are confirmed for one record.
    """
    simulated = _one_world(bundles)
    _require_distinct(bundles)
    spine = _spine(bundles)
    others = [bundle for bundle in bundles if bundle is not spine]
    sides = _sides(bundles)
    rulings = Rulings(load_decisions(decisions), sides[sides["source_id"] != spine.source_id])

    places = Places(spine)
    newest = places.facilities, places.identifiers
    pairs: dict[str, pd.DataFrame] = {}
    # Newest first, so that a plant which several older directories list is one place.
    directories = sorted(
        (b for b in others if _has_addresses(b)), key=lambda b: (vintage_order(b.vintage), b.source_id)
    )
    for bundle in reversed(directories):
        found = numbered_pairs(bundle, places.facilities, places.identifiers, rulings.judged(places))
        counted = found[found["decision"].isin(COUNTED)]
        places.add(bundle, dict(zip(counted["left_id"], counted["right_id"], strict=True)))
        pairs[bundle.source_id] = found

    judged = rulings.judged(places)
    listed = {bundle.source_id for bundle in directories}
    reports = {bundle.source_id for bundle in others if len(bundle.injuries) and not len(bundle.identifiers)}
    matcher = Matcher(
        profile for bundle in (spine, *directories) for profile in profiles(bundle.facilities, places.homes)
    )
    for bundle in others:
        if bundle.source_id in reports - listed:
            pairs[bundle.source_id] = reported_pairs(bundle, matcher, judged)
        elif bundle.source_id not in listed:
            pairs[bundle.source_id] = numbered_pairs(bundle, *newest, judged)
    made = [pairs[bundle.source_id] for bundle in others if len(pairs[bundle.source_id])]
    table = pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=COLUMNS)
    table = table.astype({name: "float64" if name == "score" else "str" for name in COLUMNS})

    unmatched = _unmatched(others, table, matcher, reports)
    summary = _summary(others, table, unmatched)
    mark = {"SIMULATED": "SIMULATED"} if simulated else {}
    return Links(
        table=table.assign(**mark),
        text=_text(summary, spine, simulated),
        dropped=unmatched.rename(columns={"record_id": "row"})[["row", "reason"]],
        notes=_notes(table, spine, directories, places, rulings),
        places=_places(places, table).assign(**mark),
        summary=summary,
        unmatched=unmatched.assign(**mark),
        spine=spine,
        simulated=simulated,
        _sides=sides,
        _ids=places.ids,
    )


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


def _has_addresses(bundle: Tables) -> bool:
    return bool(bundle.facilities["street"].notna().any())


def _spine(bundles: Iterable[Tables]) -> Tables:
    directories = [bundle for bundle in bundles if _has_addresses(bundle)]
    if not directories:
        raise BadParameter(
            "no file lists facilities with their addresses",
            spoiled="There is nothing to link the other records to.",
            todo="Pass a directory, such as us.fsis.mpi_directory, among the bundles.",
        )
    return max(directories, key=lambda bundle: vintage_order(bundle.vintage))


def _sides(bundles: Iterable[Tables]) -> pd.DataFrame:
    """Return, by record_id, what tells a person which record it is: source, key in its file, name and address."""
    parts = []
    for bundle in bundles:
        for _, frame in bundle:
            named = frame.rename(columns={"employer_name": "name"})
            key = named["event_id"] if "event_id" in named else named.get("facility_id")
            key = named["record_id"] if key is None else key.fillna(named["record_id"])
            part = named.assign(key=key).reindex(columns=_SIDE).astype("str")
            # Of a record in several tables, the row that says most: its name and address, if any table has them.
            parts.append(part.assign(source=bundle.source, told=part.notna().sum(axis=1)))
    table = pd.concat(parts, ignore_index=True).sort_values("told", ascending=False, kind="stable")
    return table.drop_duplicates("record_id").set_index("record_id").drop(columns="told")


def _places(places: Places, table: pd.DataFrame) -> pd.DataFrame:
    """Return every record of a directory, and every counted record of another file, with the id of its place."""
    counted = table[table["decision"].isin(COUNTED)]
    homes = places.homes | {
        left: places.homes[right] for left, right in zip(counted["left_id"], counted["right_id"], strict=True)
    }
    never = pd.Series(pd.NaT, index=range(len(homes)), dtype="datetime64[s]")
    return pd.DataFrame(
        {
            "facility_id": pd.Series([places.ids[home] for home in homes.values()], dtype="str"),
            "record_id": pd.Series(list(homes), dtype="str"),
            "valid_from": never,
            "valid_to": never,
        }
    )


def _records_of(bundle: Tables) -> pd.Index:
    return pd.Index(dict.fromkeys(record for _, frame in bundle for record in frame["record_id"]))


def _unmatched(others: list[Tables], table: pd.DataFrame, matcher: Matcher, reports: set[str]) -> pd.DataFrame:
    """Return the records that no pair is counted or waiting for, each with the reason."""
    waiting = set(table.loc[table["decision"] != "rejected", "left_id"])
    rejected = set(table["left_id"]) - waiting
    parts = []
    for bundle in others:
        reason = pd.Series("it carries no number", index=_records_of(bundle), dtype="str")
        reason[reason.index.isin(bundle.identifiers["record_id"])] = "no facility of the directory carries its number"
        if bundle.source_id in reports:
            reason.update(_why_no_place(bundle.injuries, matcher))
        reason[reason.index.isin(rejected)] = _REJECTED
        left = reason[~reason.index.isin(waiting)]
        parts.append(pd.DataFrame({"record_id": left.index, "source_id": bundle.source_id, "reason": left.to_numpy()}))
    empty = pd.DataFrame(columns=["record_id", "source_id", "reason"], dtype="str")
    return pd.concat([empty, *parts], ignore_index=True)


def _why_no_place(injuries: pd.DataFrame, matcher: Matcher) -> pd.Series:
    """Return, by record_id, why a report has no candidate, for those that have none."""
    reason = pd.Series("no facility is alike in name and place", index=injuries["record_id"], dtype="str")
    reason[injuries["region"].isna().to_numpy()] = "it does not say in which region it happened"
    codes = injuries["industry_code"]
    reason[~codes.map(lambda code: matcher.can_place(text_or_empty(code))).to_numpy(dtype=bool)] = (
        f"{_OUTSIDE} another industry than the directory's"
    )
    reason[codes.isna().to_numpy()] = f"{_OUTSIDE} it states no industry"
    return reason


def _summary(others: list[Tables], table: pd.DataFrame, unmatched: pd.DataFrame) -> pd.DataFrame:
    """Count each file's records once: by what is decided, or as rejected, unmatched or outside."""
    decided = table[table["decision"] != "rejected"].drop_duplicates("left_id")
    rows = []
    for bundle in others:
        words = decided.loc[decided["left_source"] == bundle.source_id, "decision"].value_counts()
        left = unmatched.loc[unmatched["source_id"] == bundle.source_id, "reason"]
        rejected, outside = int((left == _REJECTED).sum()), int(left.str.startswith(_OUTSIDE).sum())
        rows.append(
            {
                "source_id": bundle.source_id,
                "records": len(_records_of(bundle)),
                **{word: int(words.get(word, 0)) for word in ("linked", "confirmed", "review")},
                "rejected": rejected,
                "unmatched": len(left) - rejected - outside,
                "outside": outside,
            }
        )
    columns = ["source_id", "records", "linked", "confirmed", "review", "rejected", "unmatched", "outside"]
    return pd.DataFrame(rows, columns=columns)


def _text(summary: pd.DataFrame, spine: Tables, simulated: bool) -> str:
    sentences = []
    row: Any
    for row in summary.itertuples(index=False):
        within = row.records - row.outside
        counted = row.linked + row.confirmed
        share = f"{counted / within:.1%}" if within else "none"
        kept = f" ({row.outside:,} more are of other industries)" if row.outside else ""
        waiting = f"; {row.review:,} wait for a person" if row.review else ""
        sentences.append(f"{row.source_id}: {counted:,} of {within:,} records linked, {share}{kept}{waiting}.")
    world = "SIMULATED. " if simulated else ""
    return (
        f"{world}The {len(spine.facilities):,} facilities of {spine.source_id} are the places. "
        + " ".join(sentences)
        + " A linked record enters totals; a plant is named beside an injury only if a person confirmed the link."
    )


def _notes(
    table: pd.DataFrame, spine: Tables, directories: list[Tables], places: Places, rulings: Rulings
) -> tuple[str, ...]:
    """Say what a user of the figures should know: which plants are places, and what the decisions did not change."""
    notes = [f"The places are those of {spine.source_id}; plants that closed before it are missing from it."]
    for bundle in directories:
        records = bundle.facilities["record_id"]
        if own := int(records.map(places.homes).isin(set(records)).sum()):
            notes.append(
                f"{own:,} records of {bundle.source_id} carry no number that is believed to be that of a plant of a "
                "newer directory; they stand as places of their own."
            )
    counted = table[table["decision"].isin(COUNTED)]
    listed = {bundle.source_id for bundle in (spine, *directories)}
    gone = counted[~counted["left_source"].isin(listed) & (counted["right_source"] != spine.source_id)]
    for source, many in gone.groupby("left_source", sort=False).size().items():
        notes.append(f"{many:,} linked records of {source} are of plants that {spine.source_id} does not list.")
    notes += _twice(counted, spine, places)
    if unheeded := rulings.unheeded(places, set(zip(table["left_id"], table["right_id"], strict=True))):
        more = f"; and {len(unheeded) - _NAMED:,} more" if len(unheeded) > _NAMED else ""
        notes.append(
            f"{len(unheeded):,} findings about decisions that changed nothing: {'; '.join(unheeded[:_NAMED])}{more}."
        )
    return tuple(notes)


def _twice(counted: pd.DataFrame, spine: Tables, places: Places) -> list[str]:
    """Say which files hold several records of one place, where they would be expected to hold one."""
    again = len(spine.facilities) - len(set(map(places.homes.__getitem__, spine.facilities["record_id"])))
    notes = (
        [f"{again:,} records of {spine.source_id} repeat a facility_id and are one place with its first."]
        if again
        else []
    )
    numbered = counted[counted["method"] != "likeness"]
    shared = numbered.groupby(["left_source", "right_id"], sort=False).size()
    for source, many in shared[shared > 1].groupby(level=0, sort=False).size().items():
        notes.append(f"{many:,} places carry more than one record of {source}; counts of such records are added.")
    return notes
