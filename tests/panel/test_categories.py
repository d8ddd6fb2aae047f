"""Categories: rare ones merged by their number, words found in joined text."""

from __future__ import annotations

import pandas as pd

from welfare.panel.categories import merge_rare, one_of


def test_categories_with_fewer_rows_than_asked_get_the_name_and_null_stays_null():
    values = pd.Series(["cattle"] * 3 + ["swine"] * 2 + ["bison", None], dtype="str")
    merged = merge_rare(values, least=2, name="other")
    assert merged.iloc[:6].tolist() == ["cattle"] * 3 + ["swine"] * 2 + ["other"]
    assert merged.isna().tolist() == [False] * 6 + [True]


def test_a_word_is_found_whole_and_only_if_no_other_of_the_words_is_beside_it():
    values = pd.Series(
        ["npis", "npis+npis_waiver", "npis_waiver", "sis+traditional", "npis+traditional", None], dtype="str"
    )
    found = one_of(values, ("npis", "traditional"))
    assert found.iloc[[0, 1, 3]].tolist() == ["npis", "npis", "traditional"]
    assert found.isna().tolist() == [False, False, True, False, True, True]
