"""Linking without a number: by name, address, distance and activity, on one of two engines with one result."""

from __future__ import annotations

import gc
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, MissingExtra
from welfare.link.likeness.blocking import candidates
from welfare.link.likeness.comparing import compare
from welfare.link.likeness.ranking import COLUMNS, KINDS, Scored, ranked
from welfare.link.likeness.records import Records, Vocabulary, Words, comparable
from welfare.link.likeness.scoring import log_odds

Engine = Literal["auto", "rapidfuzz", "splink"]
ENGINES = ("auto", "rapidfuzz", "splink")
# From this many records on either side on, "auto" takes Splink: its tables need not fit in memory.
_LARGE = 1_000_000
# Splink's own odds below this, in bits, are not looked at; its random draws start from here.
_FAINT_BITS, _SEED = -8, 1
_DRAWN_PAIRS = 1e6
# In Splink's first guess so many true pairs have the same name at the same door.
_FOUND_BY_NAME_AND_DOOR = 0.6


def match(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    homes: Mapping[str, str] | None = None,
    one_to_one: bool,
    engine: Engine = "auto",
    ruled_out: Collection[tuple[str, str]] = frozenset(),
) -> pd.DataFrame:
    """Say which records of two tables may be the same place, and with what probability.

    Parameters
    ----------
    left, right : DataFrame
        record_id, source_id, name, street, city, region, postcode, latitude_deg, longitude_deg, and other_names,
        country and activities where known.
    homes : mapping of str to str, optional
        By record_id of `right`, the record that stands for its place: records of one place do not compete.
    one_to_one : bool
        Whether the left file lists a place once.
    engine : {"auto", "rapidfuzz", "splink"}
        "auto" is rapidfuzz below a million records on either side.
    ruled_out : set of pair of str
        Pairs of left_id and place_id that people rejected: they compete with no other.

    Returns
    -------
    DataFrame
        One row per pair of a record and a place that is not ruled out, in the order of left_id and falling score:
        left_id, right_id (the most alike record of the place), place_id, score, total (the probability that the record
        is of any place at all), name (0 to 1), place (in words), reason and ruled_out. Of one left record the scores of
        those not ruled out add up to the total, at most 1, but for pairs too unlikely to be returned.

    Raises
    ------
    BadParameter
        If there is no such engine.
    MissingExtra
        If Splink is asked for, or needed, and not installed.
    """
    if engine not in ENGINES:
        raise BadParameter(f"no engine is called {engine!r}", todo=f"Engines: {', '.join(ENGINES)}.")
    if left.empty or right.empty:
        return pd.DataFrame(columns=COLUMNS).astype(KINDS)
    words = Words()
    with _no_collection():
        ours, theirs = comparable(left, words), comparable(right, words)
    large = max(len(ours), len(theirs)) >= _LARGE
    on_splink = engine == "splink" or (engine == "auto" and large)
    score = _by_splink if on_splink else _by_rapidfuzz
    scored = score(ours, theirs, words)
    return ranked(ours, theirs, scored, homes or {}, ruled_out, one_to_one=one_to_one, fit_share=not on_splink)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from searching a million small tuples for cycles that they cannot form."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _by_rapidfuzz(left: Records, right: Records, words: Words) -> Scored:
    a, b = candidates(left, right, words)
    found = compare(left, right, a, b, words)
    return Scored(a, b, log_odds(found), found)


def _by_splink(left: Records, right: Records, words: Words) -> Scored:
    """Score pairs by a Fellegi-Sunter model that Splink fits to the two tables themselves, without labels.

    Where too few records agree to fit it, Splink's default weights stand.

    References
    ----------
    Linacre R, Lindsay S, Manassis T, Slade Z, Hepworth T. Splink: free software for probabilistic record linkage at
    scale. International Journal of Population Data Science 2022; 7(3).
    """
    try:
        import splink.comparison_library as level
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
        from splink.internals.exceptions import EMTrainingException
    except ImportError as missing:
        raise MissingExtra(
            "linking with Splink needs the extra `link`",
            spoiled="Records without a number would stay unlinked.",
            todo="pip install 'welfare[link]', or engine=\"rapidfuzz\".",
        ) from missing

    tables = _for_splink(left, words), _for_splink(right, words)
    alike = tables[0].merge(tables[1], on=["region", "name", "house_number"]).dropna(subset=["name"])
    settings = SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=max(len(alike) / _FOUND_BY_NAME_AND_DOOR, 1)
        / (len(left) * len(right) + 1),
        comparisons=[
            level.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.75]).configure(term_frequency_adjustments=True),
            level.JaroWinklerAtThresholds("street", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            level.ExactMatch("house_number"),
            level.JaroWinklerAtThresholds("city", [0.9]).configure(term_frequency_adjustments=True),
            level.LevenshteinAtThresholds("postcode", [1]),
            level.DistanceInKMAtThresholds("latitude", "longitude", [1, 3, 10]),
            level.ExactMatch("activities"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("region", "city", "substr(name, 1, 3)"),
            block_on("postcode", "house_number"),
            block_on("postcode", "substr(name, 1, 3)"),
            block_on("region", "house_number", "street"),
            block_on("region", "name"),
        ],
    )
    door = block_on("region", "house_number", "street")
    database = DuckDBAPI()
    sides = [
        database.register(table, dataset_display_name=name)
        for table, name in zip(tables, ("records_left", "records_right"), strict=True)
    ]
    linker = Linker(sides, settings, log_level=logging.ERROR)
    train = linker.training
    train.estimate_u_using_random_sampling(max_pairs=_DRAWN_PAIRS, seed=_SEED)
    for rule in (door, block_on("region", "name")):
        try:
            train.estimate_parameters_using_expectation_maximisation(rule)
        except EMTrainingException:  # no pair agrees on the rule: there is nothing to fit on
            continue
    found = linker.inference.predict(threshold_match_weight=_FAINT_BITS).as_pandas_dataframe()
    a, b = found["unique_id_l"].to_numpy(dtype=np.int64), found["unique_id_r"].to_numpy(dtype=np.int64)
    order = np.lexsort((b, a))
    a, b, bits = a[order], b[order], found["match_weight"].to_numpy(dtype=float)[order]
    return Scored(a, b, bits * np.log(2), compare(left, right, a, b, words))


def _for_splink(side: Records, words: Words) -> pd.DataFrame:
    """Return records as the table Splink takes: their position as unique_id, then text; null where not known."""

    def text(vocabulary: Vocabulary, numbers: Any) -> Any:
        return np.array([*vocabulary.texts, None], dtype=object)[numbers]

    table = pd.DataFrame(
        {
            "unique_id": np.arange(len(side)),
            "name": np.array([*words.name_texts, None], dtype=object)[side.names.firsts],
            "house_number": text(words.house_numbers, side.house_number),
            "street": text(words.streets, side.street),
            "city": text(words.cities, side.city),
            "postcode": text(words.postcodes, side.postcode),
            "region": text(words.regions, side.region),
            "activities": text(words.activities, side.activities),
            "latitude": side.latitude_deg,
            "longitude": side.longitude_deg,
        }
    )
    return table.astype(dict.fromkeys(table.columns[1:8], "str"))
