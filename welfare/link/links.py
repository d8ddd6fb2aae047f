"""Link the records of several files: which are the same place, how sure, why, and which ones a person must decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from welfare.errors import BadParameter
from welfare.link.candidates import COLUMNS, numbered_pairs, reported_pairs
from welfare.link.decisions import judgements, load_decisions
from welfare.link.match import Matcher, profiles
from welfare.schema.results import Result
from welfare.schema.tables import Tables

COUNTED = ("linked", "confirmed")
_SIDE_BY_SIDE = ["name", "street", "city", "region", "postcode"]
_SIDE = ["record_id", "key", *_SIDE_BY_SIDE]


@dataclass(frozen=True, repr=False, kw_only=True)
class Links(Result):
    """Which records are the same place; see :func:`link_records`.

    Attributes
    ----------
    table : DataFrame
        One row per pair: left_id, right_id, left_source, right_source, method (identifier, likeness), score
        (1 for an identifier), reason, decision (linked, review, confirmed, rejected).
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

    def review(self, n: int | None = None) -> pd.DataFrame:
        """Return the doubtful pairs side by side, the likeliest first.

        Parameters
        ----------
        n : int, optional
            So many pairs at most; all by default.

        Returns
        -------
        DataFrame
            source and record (as a decisions file names it), facility_id, score, reason, then name, street, city,
            region and postcode of both sides. A working paper: it is not for publication.
        """
        pairs = self.table[self.table["decision"] == "review"].sort_values(
            ["score", "left_id"], ascending=[False, True], kind="stable"
        )
        pairs = pairs if n is None else pairs.head(n)
        left, right = self._sides.loc[pairs["left_id"]], self._sides.loc[pairs["right_id"]]
        shown = pd.DataFrame(
            {
                "source": left["source"].to_numpy(),
                "record": left["key"].to_numpy(),
                "facility_id": right["key"].to_numpy(),
                "score": pairs["score"].to_numpy(),
                "reason": pairs["reason"].to_numpy(),
            }
        )
        for name in _SIDE_BY_SIDE:
            shown[f"{name}_reported"], shown[f"{name}_directory"] = left[name].to_numpy(), right[name].to_numpy()
        return shown


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
        If no bundle lists facilities with addresses, or real and simulated files are mixed.
    """
    judged = judgements(load_decisions(decisions))
    simulated = _one_world(bundles)
    spine = _spine(bundles)
    others = [bundle for bundle in bundles if bundle is not spine]
    directories = [bundle for bundle in others if _has_addresses(bundle)]
    sides = _sides(bundles)
    numbered = [numbered_pairs(bundle, spine, sides, judged) for bundle in others if len(bundle.identifiers)]
    table = pd.concat([pd.DataFrame(columns=COLUMNS), *numbered], ignore_index=True)

    homes = _homes(spine, directories, table)
    known = [profile for bundle in (spine, *directories) for profile in profiles(bundle.facilities, homes)]
    matcher = Matcher(known)
    reports = [bundle for bundle in others if len(bundle.injuries) and not len(bundle.identifiers)]
    matched = [reported_pairs(bundle, matcher, sides, judged) for bundle in reports]
    table = pd.concat([table, *matched], ignore_index=True)

    unmatched = _unmatched(others, table, matcher, reports)
    summary = _summary(others, table, unmatched)
    return Links(
        table=table,
        text=_text(summary, spine, simulated),
        dropped=unmatched.rename(columns={"record_id": "row"})[["row", "reason"]],
        notes=_notes(table, spine),
        places=_places(homes, table, sides),
        summary=summary,
        unmatched=unmatched,
        spine=spine,
        simulated=simulated,
        _sides=sides,
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
    return max(directories, key=lambda bundle: bundle.vintage or "")


def _sides(bundles: Iterable[Tables]) -> pd.DataFrame:
    """Return, by record_id, what tells a person which record it is: source, key in its file, name and address."""
    parts = []
    for bundle in bundles:
        for frame, names in (
            (bundle.facilities, {"facility_id": "key"}),
            (bundle.injuries, {"event_id": "key", "employer_name": "name"}),
            (bundle.identifiers, {"facility_id": "key"}),
        ):
            parts.append(frame.rename(columns=names).reindex(columns=_SIDE).assign(source=bundle.source))
    return pd.concat(parts).drop_duplicates("record_id").set_index("record_id")


def _homes(spine: Tables, directories: list[Tables], table: pd.DataFrame) -> pd.Series:
    """Return, by record_id of a directory, the record that stands for its place.

    A plant of an older directory that the newest lacks is a place of its own: its reports must not be given to a
    neighbour that still exists. One whose number is doubtful stands for itself until a person decides.
    """
    own = spine.facilities["record_id"]
    homes = pd.Series(own.to_numpy(), index=own.to_numpy())
    counted = table[table["decision"].isin(COUNTED)].drop_duplicates("left_id").set_index("left_id")["right_id"]
    for bundle in directories:
        records = bundle.facilities["record_id"]
        found = pd.Series(records.map(counted).fillna(records).to_numpy(), index=records.to_numpy())
        homes = pd.concat([homes, found])
    return homes


def _places(homes: pd.Series, table: pd.DataFrame, sides: pd.DataFrame) -> pd.DataFrame:
    counted = table[table["decision"].isin(COUNTED)]
    linked = pd.Series(counted["right_id"].to_numpy(), index=counted["left_id"].to_numpy())
    linked = linked.map(homes).fillna(linked)
    all_homes = pd.concat([homes, linked[~linked.index.isin(homes.index)]])
    return pd.DataFrame(
        {
            "facility_id": sides.loc[all_homes, "key"].to_numpy(),
            "record_id": all_homes.index,
            "valid_from": pd.Series(pd.NaT, index=range(len(all_homes)), dtype="datetime64[s]"),
            "valid_to": pd.Series(pd.NaT, index=range(len(all_homes)), dtype="datetime64[s]"),
        }
    )


def _records_of(bundle: Tables) -> pd.Index:
    return pd.Index(dict.fromkeys(record for _, frame in bundle for record in frame["record_id"]))


def _unmatched(others: list[Tables], table: pd.DataFrame, matcher: Matcher, reports: list[Tables]) -> pd.DataFrame:
    paired = set(table.loc[table["decision"] != "rejected", "left_id"])
    parts = []
    for bundle in others:
        reason = pd.Series("no facility of the directory carries its number", index=_records_of(bundle))
        if bundle in reports:
            codes = bundle.injuries.set_index("record_id")["industry_code"]
            placeable = codes.map(matcher.can_place, na_action="ignore").fillna(False).astype(bool)
            reason = pd.Series("no facility is alike in name and place", index=codes.index)
            reason[~placeable] = "outside: another industry than the directory's"
        left = reason[~reason.index.isin(paired)]
        parts.append(pd.DataFrame({"record_id": left.index, "source_id": bundle.source_id, "reason": left.to_numpy()}))
    return pd.concat([pd.DataFrame(columns=["record_id", "source_id", "reason"]), *parts], ignore_index=True)


def _summary(others: list[Tables], table: pd.DataFrame, unmatched: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for bundle in others:
        pairs = table[table["left_source"] == bundle.source_id]
        best = pairs.drop_duplicates("left_id")["decision"].value_counts()
        left = unmatched[unmatched["source_id"] == bundle.source_id]
        outside = int(left["reason"].str.startswith("outside").sum())
        rows.append(
            {
                "source_id": bundle.source_id,
                "records": len(_records_of(bundle)),
                **{word: int(best.get(word, 0)) for word in ("linked", "confirmed", "review", "rejected")},
                "unmatched": len(left) - outside,
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


def _notes(table: pd.DataFrame, spine: Tables) -> tuple[str, ...]:
    notes = [f"The places are those of {spine.source_id}: plants that closed before it are not among them."]
    counted = table[table["decision"].isin(COUNTED) & (table["method"] == "identifier")]
    shared = counted.groupby(["left_source", "right_id"]).size()
    for source, many in shared[shared > 1].groupby(level=0).size().items():
        notes.append(f"{many:,} places carry more than one record of {source}; their counts are added.")
    return tuple(notes)
