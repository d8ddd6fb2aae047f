"""Which place, and which row, of one vintage is which of another: by what both files state, and never by a pick."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from welfare.schema.codes import shipped
from welfare.schema.tables import Tables

# A word that more names bear than this share of them, and than this many, tells no operator from another.
_COMMON_SHARE, _COMMON_NAMES = 0.01, 5


class Places(NamedTuple):
    """Which facility ids of two files are one place.

    Attributes
    ----------
    old, new : Series
        By facility_id of the old, of the new file: the name under which rows are compared. An id that is not in it
        stands for itself.
    unsure : frozenset of str
        Those names that several ids of one file share: which of them is which cannot be told.
    shared_number : DataFrame
        Columns old, new: ids taken for one place because both hold a number of the same scheme.
    renumbered : DataFrame
        Columns old, new: ids taken for one place because name and address are the same.
    """

    old: pd.Series
    new: pd.Series
    unsure: frozenset[str]
    shared_number: pd.DataFrame
    renumbered: pd.DataFrame


class Pairs(NamedTuple):
    """Positions of rows in two frames: the `n`-th of `old` is the same thing as the `n`-th of `new`; the rest is alone.

    `unsure_old` and `unsure_new` are the rows that stand under one key with several of the other file.
    """

    old: np.ndarray
    new: np.ndarray
    vanished: np.ndarray
    appeared: np.ndarray
    unsure_old: np.ndarray
    unsure_new: np.ndarray


def folded(text: pd.Series) -> pd.Series:
    """Return text without case, white space and punctuation; empty where there is none."""
    return text.fillna("").str.casefold().str.replace(r"[\W_]+", "", regex=True)


def same_but_for_form(old: pd.Series, new: pd.Series) -> pd.Series:
    """Tell, pair by pair, whether two names have the same words, legal forms and short forms aside."""
    book = shipped("codes/name_words.csv").set_index("word")["standard"]

    def telling(name: str) -> list[str]:
        return sorted({book.get(word, word) for word in _words(name)} - {""})

    pairs = zip(old.fillna("").map(telling), new.fillna("").map(telling), strict=True)
    return pd.Series([bool(a) and a == b for a, b in pairs], index=old.index, dtype=bool)


def match_places(old: Tables, new: Tables) -> Places:
    """Find the ids that are one place though the files number it differently.

    An id that stands in both files is one place. Of the others, two are one place where they hold a number of the
    same scheme, their own ids being of different schemes (one layout states the agency's id, the other does not),
    unless name and place both differ: then the number was handed on. Next, where name, street, town and region are
    the same. What more than one id could answer to is unsure.

    Parameters
    ----------
    old, new : Tables
        Two vintages of one source.

    Returns
    -------
    Places
        The ids that have another name in the comparison.
    """
    ours, theirs = _ids(old), _ids(new)
    gone, come = ours.difference(theirs), theirs.difference(ours)
    homes, new_homes = _homes(old), _homes(new)
    edges = _sharing(old.identifiers, new.identifiers, gone, come)
    several = edges["old"].duplicated(keep=False) | edges["new"].duplicated(keep=False) | edges["held_twice"]
    lone, tangled = edges[~several], edges[several]
    shared = lone[_can_be_one(lone, homes, new_homes)]
    used_old, used_new = [*shared["old"], *tangled["old"]], [*shared["new"], *tangled["new"]]
    renumbered, alike = _same_address(homes, new_homes, gone.difference(used_old), come.difference(used_new))
    groups = _grouped(pd.concat([tangled[["old", "new"]], alike], ignore_index=True))
    one = pd.concat([shared, renumbered])
    named_old = {**dict(zip(one["old"], one["new"], strict=True)), **groups["old"]}
    return Places(
        pd.Series(named_old, dtype="str"),
        pd.Series(groups["new"], dtype="str"),
        frozenset(groups["old"].values()),
        shared[["old", "new"]].reset_index(drop=True),
        renumbered.reset_index(drop=True),
    )


def _ids(tables: Tables) -> pd.Index:
    ids = [frame["facility_id"].dropna() for _, frame in tables if "facility_id" in frame]
    return pd.Index(pd.concat(ids).unique() if ids else [], dtype="str")


def _homes(tables: Tables) -> pd.DataFrame:
    """Return names and addresses by facility_id: as the file states them, and folded in columns with `_key`."""
    rows = tables.facilities.dropna(subset="facility_id").sort_values("source_row", kind="stable")
    homes: pd.DataFrame = rows.drop_duplicates("facility_id").set_index("facility_id")
    homes = homes[["name", "street", "city", "region", "postcode"]]
    keys = {f"{name}_key": folded(homes[name]) for name in ("name", "street", "city", "region")}
    area = homes["postcode"].fillna("").str.replace(r"-.*", "", regex=True).str.strip()  # 35045-1234 lies in 35045
    return homes.assign(**keys, area_key=area)


def _sharing(old: pd.DataFrame, new: pd.DataFrame, gone: pd.Index, come: pd.Index) -> pd.DataFrame:
    """Return the pairs of ids of different schemes that hold one number: columns old, new, held_twice."""
    columns = ["facility_id", "scheme", "identifier"]
    ours, theirs = (part[columns].dropna().drop_duplicates() for part in (old, new))
    for part in (ours, theirs):
        part["several"] = part.duplicated(["scheme", "identifier"], keep=False)
    both = ours[ours["facility_id"].isin(gone)].merge(
        theirs[theirs["facility_id"].isin(come)], on=["scheme", "identifier"], suffixes=("", "_new")
    )
    edges = pd.DataFrame(
        {
            "old": both["facility_id"],
            "new": both["facility_id_new"],
            "held_twice": both["several"] | both["several_new"],
        }
    )
    schemes = [edges[side].str.replace(r":.*", "", regex=True) for side in ("old", "new")]
    edges = edges[schemes[0] != schemes[1]]
    return edges.groupby(["old", "new"])["held_twice"].any().reset_index()


def _can_be_one(edges: pd.DataFrame, homes: pd.DataFrame, new_homes: pd.DataFrame) -> np.ndarray:
    """Tell, pair by pair, whether name or place is alike; a file that states neither contradicts nothing."""
    ours, theirs = (
        frame.reindex(edges[side]).reset_index(drop=True)
        for frame, side in ((homes, "old"), (new_homes, "new"))
    )  # fmt: skip
    unknown = ours["name_key"].isna() | theirs["name_key"].isna()
    region = (ours["region_key"] == theirs["region_key"]) | (ours["region_key"] == "") | (theirs["region_key"] == "")
    town = pd.Series(False, index=ours.index)
    for column in ("city_key", "area_key", "street_key"):
        town |= (ours[column] == theirs[column]) & (ours[column].fillna("") != "")
    one = (unknown | (region & town) | (ours["name_key"] == theirs["name_key"])).to_numpy(dtype=bool, copy=True)
    doubtful = np.flatnonzero(~one)
    if doubtful.size:
        common = _common_words(homes["name"]) | _common_words(new_homes["name"])
        names = zip(ours["name"].iloc[doubtful], theirs["name"].iloc[doubtful], strict=True)
        one[doubtful] = [_alike(str(a), str(b), common) for a, b in names]
    return one


def _common_words(names: pd.Series) -> frozenset[str]:
    """Return the words that tell no operator from another: legal forms, and what many names bear."""
    book = shipped("codes/name_words.csv")
    words = names.dropna().map(lambda name: sorted(_words(name))).explode().value_counts()
    many = words[words > max(_COMMON_NAMES, _COMMON_SHARE * len(names))]
    return frozenset(book.loc[book["standard"] == "", "word"]) | frozenset(many.index)


def _words(name: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", name.casefold().replace("'", "").replace(".", "")))


def _alike(a: str, b: str, common: frozenset[str]) -> bool:
    """Return whether two names share at least half of the telling words of the one that has fewer."""
    ours, theirs = _words(a) - common, _words(b) - common
    fewer = min(len(ours), len(theirs))
    return fewer > 0 and 2 * len(ours & theirs) >= fewer


def _same_address(
    homes: pd.DataFrame, new_homes: pd.DataFrame, gone: pd.Index, come: pd.Index
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ids with one name and address, one to one; and those of which several have the same."""
    by = ["name_key", "street_key", "city_key", "region_key"]
    parts = []
    for frame, ids in ((homes, gone), (new_homes, come)):
        part = frame.loc[frame.index.isin(ids), by]
        stated = (part["name_key"] != "") & (part["street_key"] != "") & (part["city_key"] != "")
        parts.append(part[stated].rename_axis("id").reset_index())
    pairs = parts[0].merge(parts[1], on=by, suffixes=("_old", "_new"))
    pairs = pairs[["id_old", "id_new"]].set_axis(["old", "new"], axis=1)
    several = pairs["old"].duplicated(keep=False) | pairs["new"].duplicated(keep=False)
    return pairs[~several], pairs[several]


def _grouped(edges: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Give ids that hang together by pairs one name, apart from every id: `old` and `new`, id to name."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if edges.empty:
        return {"old": {}, "new": {}}
    old, old_ids = pd.factorize(edges["old"])
    new, new_ids = pd.factorize(edges["new"])
    size = len(old_ids) + len(new_ids)
    graph = coo_array((np.ones(len(edges)), (old, new + len(old_ids))), shape=(size, size))
    label = connected_components(graph, directed=False)[1]
    names = [f"?{number}" for number in label]
    return {
        "old": dict(zip(old_ids, names[: len(old_ids)], strict=True)),
        "new": dict(zip(new_ids, names[len(old_ids) :], strict=True)),
    }


def pair_rows(
    keys: tuple[pd.DataFrame, pd.DataFrame],
    contents: tuple[pd.DataFrame, pd.DataFrame],
    careful: tuple[np.ndarray, np.ndarray],
    hopeless: tuple[np.ndarray, np.ndarray],
) -> Pairs:
    """Pair the rows of two frames by their keys; where a key stands on several rows, by equal content alone.

    Parameters
    ----------
    keys : pair of DataFrame
        What each row is about, old and new; the same columns.
    contents : pair of DataFrame
        What each row says, old and new; the same columns.
    careful : pair of bool arrays
        Rows to pair by equal content even if their key stands once.
    hopeless : pair of bool arrays
        Rows not to pair at all.

    Returns
    -------
    Pairs
        Every row stands in it once.
    """
    count = len(keys[0])
    group = _group_numbers(pd.concat(keys, ignore_index=True))
    wary = np.zeros(group.max(initial=-1) + 1, dtype=bool)
    wary[group[np.concatenate(careful)]] = True
    never = np.zeros_like(wary)
    never[group[np.concatenate(hopeless)]] = True
    ours, theirs = group[:count], group[count:]
    n_ours, n_theirs = (np.bincount(side, minlength=len(wary)) for side in (ours, theirs))
    crowded = (n_ours > 0) & (n_theirs > 0) & ((n_ours > 1) | (n_theirs > 1) | wary) & ~never
    plain = (n_ours == 1) & (n_theirs == 1) & ~crowded & ~never
    old, new = _joined(ours, theirs, plain)
    if crowded.any():
        same = _group_numbers(pd.concat(contents, ignore_index=True).assign(_group=group))
        same_old, same_new = _equal(same, np.flatnonzero(crowded[ours]), count + np.flatnonzero(crowded[theirs]))
        old, new = np.concatenate([old, same_old]), np.concatenate([new, same_new - count])
    alone_old, alone_new = np.ones(count, dtype=bool), np.ones(len(theirs), dtype=bool)
    alone_old[old], alone_new[new] = False, False
    left_old = np.bincount(ours[alone_old], minlength=len(wary)) > 0
    left_new = np.bincount(theirs[alone_new], minlength=len(wary)) > 0
    both = left_old & left_new
    return Pairs(
        old,
        new,
        np.flatnonzero(alone_old & ~both[ours]),
        np.flatnonzero(alone_new & ~both[theirs]),
        np.flatnonzero(alone_old & both[ours]),
        np.flatnonzero(alone_new & both[theirs]),
    )


def _group_numbers(rows: pd.DataFrame) -> np.ndarray:
    if not len(rows.columns):
        return np.zeros(len(rows), dtype=np.intp)
    return rows.groupby(list(rows), dropna=False, sort=False).ngroup().to_numpy()


def _joined(ours: np.ndarray, theirs: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the groups that are wanted, each of which stands once on either side."""
    at_old, at_new = np.zeros(len(wanted), dtype=np.intp), np.zeros(len(wanted), dtype=np.intp)
    at_old[ours], at_new[theirs] = np.arange(len(ours)), np.arange(len(theirs))
    return at_old[wanted], at_new[wanted]


def _equal(same: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair positions with equal content: the first with the first, the second with the second."""
    sides = []
    for at in (ours, theirs):
        side = pd.DataFrame({"at": at, "same": same[at]})
        sides.append(side.assign(nth=side.groupby("same").cumcount()))
    both = sides[0].merge(sides[1], on=["same", "nth"], suffixes=("_old", "_new"))
    return both["at_old"].to_numpy(), both["at_new"].to_numpy()
