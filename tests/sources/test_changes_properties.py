"""What holds for any two vintages: order is nothing, the way back is the way there, no row is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.two_vintages import EMPTY, bundle
from welfare.schema.tables import Tables
from welfare.sources.compare.changes import changes

some = st.sampled_from(["a", "b", "c"])
plants = st.lists(st.tuples(st.sampled_from("1234"), some, some, st.sampled_from(["x", None])), max_size=6)
events = st.lists(st.tuples(st.sampled_from(["1", "2", None]), some), max_size=6)


@st.composite
def files(draw: st.DrawFn, scheme: str) -> Tables:
    """Draw a file with facilities, of which several may bear one id, their numbers, and events."""
    rows = draw(plants)
    facilities = pd.DataFrame(
        [(f"{scheme}:{i}", name, "1 Road", town, size) for i, name, town, size in rows],
        columns=["facility_id", "name", "street", "city", "size_class"],
    )
    held = draw(st.lists(st.tuples(st.sampled_from("1234"), st.sampled_from(["M1", "M2", "M3"])), max_size=5))
    numbers = [(f"{scheme}:{i}", "grant", number) for i, number in held]
    injuries = pd.DataFrame(draw(events), columns=["event_id", "employer_name"]).assign(subject="worker")
    return bundle(
        facilities=facilities,
        identifiers=pd.DataFrame(numbers, columns=["facility_id", "scheme", "identifier"]).assign(
            source_row=[int(i) for i, _ in held]  # one record may hold several
        ),
        injuries=injuries,
        raw={scheme: []},
    )


def shuffled(tables: Tables, seed: int) -> Tables:
    order = np.random.default_rng(seed)
    frames = {name: frame.iloc[order.permutation(len(frame))] for name, frame in tables}
    return Tables(**{**tables.__dict__, "frames": frames})


pairs = st.tuples(st.sampled_from(["est", "grant"]), st.sampled_from(["est", "grant"])).flatmap(
    lambda schemes: st.tuples(files(schemes[0]), files(schemes[1]))
)
thorough = settings(max_examples=20, deadline=None)


@thorough
@given(pairs, st.integers(0, 9))
def test_the_order_of_rows_changes_nothing(drawn, seed):
    old, new = drawn
    there = changes(old, new)
    again = changes(shuffled(old, seed), shuffled(new, seed + 1))
    pd.testing.assert_frame_equal(there.table, again.table)
    assert there.text == again.text
    assert there.notes == again.notes


@thorough
@given(files("est"), st.integers(0, 9))
def test_a_file_against_itself_has_no_change_in_whatever_order(tables, seed):
    assert changes(tables, tables).table.empty
    assert changes(tables, shuffled(tables, seed)).table.empty


@thorough
@given(pairs)
def test_the_way_back_is_the_way_there_turned_round(drawn):
    old, new = drawn
    there, back = changes(old, new).table, changes(new, old).table
    turned = back.rename(columns={"old": "new", "new": "old", "old_row": "new_row", "new_row": "old_row"})
    turned["change"] = turned["change"].replace({"appeared": "vanished", "vanished": "appeared"})
    # The key is given as the new file reads, so it differs where the files number a facility differently.
    wanted = ["table", "change", "column", "old", "new", "old_row", "new_row"]
    sides = [
        sorted(frame[wanted].astype("str").fillna(EMPTY).itertuples(index=False, name=None))
        for frame in (there, turned)
    ]
    assert sides[0] == sides[1]


@thorough
@given(pairs)
def test_every_facility_is_in_both_files_or_vanished_or_appeared_or_ambiguous(drawn):
    old, new = drawn
    rows = changes(old, new).table
    facilities = rows[(rows["table"] == "facilities")]
    for tables, column, word in ((old, "old_row", "vanished"), (new, "new_row", "appeared")):
        alone = facilities[facilities["change"].isin([word, "ambiguous"])][column].dropna()
        assert alone.is_unique
        assert set(alone) <= set(tables.facilities["source_row"])
    left = [
        len(tables.facilities) - facilities[facilities["change"].isin([word, "ambiguous"])][column].notna().sum()
        for tables, column, word in ((old, "old_row", "vanished"), (new, "new_row", "appeared"))
    ]
    assert left[0] == left[1]  # the rest is paired, one to one
