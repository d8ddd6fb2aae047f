"""Matching without a number: what comes back, in which order, and why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter
from welfare.link.likeness.comparing import compare
from welfare.link.likeness.ranking import COLUMNS, Scored, ranked
from welfare.link.likeness.records import Words, comparable
from welfare.link.likeness.scoring import posterior
from welfare.link.match import match

PLACES = ["name", "other_names", "street", "city", "region", "postcode", "country", "activities"]
ACME = {"name": "Acme Meat", "street": "100 Main St", "city": "Oakton", "region": "GA"}


def rows(*given: dict[str, object], source: str = "the.list@2") -> pd.DataFrame:
    frame = pd.DataFrame(list(given), columns=[*PLACES, "latitude_deg", "longitude_deg"])
    frame = frame.astype(dict.fromkeys(PLACES, "str") | {"latitude_deg": "float64", "longitude_deg": "float64"})
    return frame.assign(record_id=[f"{source}#{i}" for i in range(1, len(given) + 1)], source_id=source)


def found(left: list[dict[str, object]], right: list[dict[str, object]], **given: object) -> pd.DataFrame:
    options = {"one_to_one": False} | given
    return match(rows(*left, source="a.file@1"), rows(*right), **options)


def test_the_likeliest_place_stands_first_and_says_why():
    table = found([ACME], [ACME | {"street": "900 Main St"}, ACME])
    assert list(table) == COLUMNS
    first = table.iloc[0]
    assert (first["left_id"], first["right_id"], first["place_id"]) == ("a.file@1#1", "the.list@2#2", "the.list@2#2")
    assert first["reason"] == "name alike 1.00 in the.list@2; same house number and street; activities not known"
    assert first["score"] > 0.9
    assert table["score"].is_monotonic_decreasing


def test_no_reason_names_anybody():
    table = found([ACME | {"name": "Zanzibar"}], [ACME | {"name": "Zanzibar Poultry", "other_names": "Quokka"}])
    assert len(table) == 1
    assert not table["reason"].str.contains("zanzibar|quokka|oakton|main", case=False).any()


def test_equal_pairs_stand_in_the_order_of_their_ids_and_share_the_probability():
    table = found([ACME], [ACME, ACME])
    assert table["place_id"].tolist() == ["the.list@2#1", "the.list@2#2"]
    assert table["score"].iloc[0] == table["score"].iloc[1]
    assert table["score"].iloc[0] < 0.5


def test_records_of_one_place_do_not_compete():
    homes = {"the.list@2#1": "the.list@2#1", "the.list@2#2": "the.list@2#1"}
    table = found([ACME], [ACME | {"name": "Elm Deli"}, ACME], homes=homes)
    (pair,) = table.itertuples()
    assert (pair.place_id, pair.right_id) == ("the.list@2#1", "the.list@2#2")
    assert pair.score > 0.9


def test_a_pair_that_people_ruled_out_competes_with_no_other():
    table = found([ACME], [ACME, ACME], ruled_out={("a.file@1#1", "the.list@2#1")})
    assert table.set_index("place_id")["ruled_out"].to_dict() == {"the.list@2#1": True, "the.list@2#2": False}
    assert table.set_index("place_id").loc["the.list@2#2", "score"] > 0.9


def test_records_without_anything_are_no_error_and_no_pair():
    assert found([{}], [ACME, {}]).empty
    assert found([{"region": "GA"}], [{"region": "GA"}]).empty


def test_empty_tables_give_an_empty_table_of_the_same_kind():
    table = found([], [ACME])
    assert list(table) == COLUMNS
    assert table.dtypes.equals(found([ACME], [ACME]).dtypes)
    assert found([ACME], []).empty


def test_an_engine_that_does_not_exist_is_refused():
    with pytest.raises(BadParameter, match="no engine is called 'magic'"):
        found([ACME], [ACME], engine="magic")


def planted(odds: list[float], a: list[int], b: list[int], *, lefts: int = 2, **given: bool) -> pd.DataFrame:
    """Rank pairs whose odds are given."""
    words = Words()
    left, right = (
        comparable(rows(*[ACME] * many, source=source), words) for many, source in ((lefts, "a@1"), (3, "b@1"))
    )
    one, other = np.array(a), np.array(b)
    scored = Scored(one, other, np.array(odds), compare(left, right, one, other, words))
    options = {"one_to_one": False, "fit_share": False} | given
    return ranked(left, right, scored, {}, frozenset(), **options)


def test_pairs_are_shown_from_a_fiftieth_on():
    table = planted([np.log(0.3 / 0.7), np.log(0.03 / 0.97)], [0, 1], [0, 1])
    assert table["score"].tolist() == [0.3, 0.03]
    assert planted([np.log(0.019 / 0.981), -9.0], [0, 1], [0, 1]).empty


def test_of_a_record_that_is_somewhere_the_first_few_are_shown_though_each_is_unlikely():
    words = Words()
    left, right = comparable(rows(ACME, source="a@1"), words), comparable(rows(*[ACME] * 60, source="b@1"), words)
    one, other = np.zeros(60, dtype=int), np.arange(60)
    for each, shown in ((1.0, 3), (1 / 60 / 2, 0)):  # 60 rivals: somewhere by 60/61, or by a third
        scored = Scored(one, other, np.full(60, np.log(each)), compare(left, right, one, other, words))
        table = ranked(left, right, scored, {}, frozenset(), one_to_one=False, fit_share=False)
        assert table["total"].tolist() == pytest.approx([60 * each / (1 + 60 * each)] * shown, abs=1e-4)


def test_the_total_is_what_all_places_have_together():
    table = planted([np.log(2), np.log(1), np.log(3)], [0, 0, 1], [0, 1, 2])
    assert table["score"].tolist() == [0.5, 0.25, 0.75]
    assert table["total"].tolist() == [0.75, 0.75, 0.75]


def test_in_a_list_two_records_compete_for_one_place():
    assert planted([np.log(3)] * 2, [0, 1], [2, 2])["score"].tolist() == [0.75, 0.75]
    # Matchings: none 1, the one 3, the other 3.
    assert planted([np.log(3)] * 2, [0, 1], [2, 2], one_to_one=True)["score"].tolist() == pytest.approx(
        [3 / 7] * 2, abs=1e-4
    )


def test_records_without_a_pair_count_when_the_share_is_learned():
    each, odds = np.arange(60), np.full(60, np.log(90))
    expected = posterior(odds, each, each * 0, records=200, one_to_one=False)
    known = planted(odds.tolist(), each.tolist(), [0] * 60, lefts=200)["score"]
    learned = planted(odds.tolist(), each.tolist(), [0] * 60, lefts=200, fit_share=True)["score"]
    assert learned.tolist() == pytest.approx(expected.tolist(), abs=1e-4)
    assert learned.max() < known.min()


def test_the_more_records_have_no_counterpart_the_less_is_believed():
    towns = [f"{chr(97 + i // 26)}{chr(97 + i % 26)}ville" for i in range(60)]
    plants = [{"name": f"{town} Meat", "street": "100 Main St", "city": town, "region": "GA"} for town in towns]
    doubtful = [plant | {"street": "900 Main St"} for plant in plants]
    strangers = [{"name": f"Stranger {i}", "region": "AL"} for i in range(400)]
    few = found(doubtful, plants).set_index("left_id")["score"]
    many = found([*doubtful, *strangers], plants).set_index("left_id")["score"]
    assert len(few) == 60
    assert (many.reindex(few.index).fillna(0) < few).all()
