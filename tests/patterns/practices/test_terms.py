"""Words of narratives: planted ones are found, shuffles are exact, and no name comes out."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.stats import hypergeom

from tests.patterns.practices.narratives_made_up import findings
from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.patterns.practices.narratives.permuted import compare, share_out
from welfare.patterns.practices.narratives.terms import narrative_terms
from welfare.patterns.practices.narratives.tokens import in_tokens, name_like, spelling, terms_of

FIXED = ["term", "support", "observed", "expected", "ratio", "p_value", "confirmed"]


def words(text: str) -> list[str]:
    return [token.word for token in in_tokens(text).tokens]


def test_words_of_several_languages_are_taken_apart():
    assert words("El bastón eléctrico se usó en 3 reses; ¡sin señal!") == [
        "el", "bastón", "eléctrico", "se", "usó", "en", "3", "reses", "sin", "señal",
    ]  # fmt: skip
    assert words("Dyrlægen så øresår på grisen.") == ["dyrlægen", "så", "øresår", "på", "grisen"]
    assert words("GROSSE Straße, non-ambulatory cow's pen") == ["grosse", "strasse", "non-ambulatory", "cow's", "pen"]
    assert words("e\u0301lectrique") == ["électrique"]
    assert spelling("Pen  Gate") == "pen gate"


def test_terms_count_once_hold_no_digit_and_phrases_cross_no_stop():
    said = in_tokens("Pen gate open. Pen gate, latch M34 broken pen")
    assert terms_of(said, phrases=False) == {"pen", "gate", "open", "latch", "broken"}
    assert terms_of(said, phrases=True) - terms_of(said, phrases=False) == {"pen gate", "gate open", "broken pen"}


def test_names_are_told_from_words_by_capitals_and_titles():
    texts = [
        "On arrival Smith saw the pen. Plant manager Maria Lopez was told.",
        "The Pen was wet, said Dr. wilson to the men.",
        "Jones saw the pen; dr wilson left the pen.",
        "We were told that the men left.",
        "Told the men. Yesterday it rained.",
    ]
    named = name_like([in_tokens(text) for text in texts], phrases=True)
    assert {"smith", "maria", "lopez", "wilson", "jones", "yesterday", "maria lopez", "dr wilson"} <= named
    assert not {"pen", "men", "the pen", "told", "the men"} & named


def test_texts_in_capitals_tell_nothing_of_names():
    assert not in_tokens("PIG FELL ON RAMP").cased
    assert not in_tokens("pig fell on ramp").cased
    assert in_tokens("Pig fell on ramp").cased
    assert name_like([in_tokens("PIG FELL"), in_tokens("a pig")], phrases=False) == {"pig", "fell", "a"}


def test_names_never_come_out_and_are_not_listed_as_dropped_either():
    df = findings(1, marking=3.0)
    hurt = df["narrative"].str.contains("trampled")
    df["narrative"] = df["narrative"].str.replace(".", "") + np.where(
        hurt, " as Inspector Petrosyan and Mr. Oduya 4411 saw.", " as we saw."
    )
    found = narrative_terms(df, replicates=99)
    everything = found.text + found.table.to_string() + " ".join(found.notes) + found.dropped.to_string()
    assert "trampled" in set(found.table["term"])
    assert not any(name in everything.lower() for name in ("petrosyan", "oduya", "4411"))
    vouched = narrative_terms(df, replicates=99, keep=["Petrosyan"])
    assert "petrosyan" in set(vouched.table["term"])


def test_case_that_tells_nothing_is_refused_unless_names_are_gone():
    df = findings(1, marking=3.0)
    for spoiled in (df["narrative"].str.upper(), df["narrative"].str.lower()):
        with pytest.raises(BadParameter, match="names_removed"):
            narrative_terms(df.assign(narrative=spoiled), replicates=19)
        found = narrative_terms(df.assign(narrative=spoiled), replicates=99, names_removed=True)
        assert "trampled" in set(found.table["term"])
        assert any("caller's word" in note for note in found.notes)


def test_a_planted_word_is_found_confirmed_and_no_other():
    found = narrative_terms(findings(2, marking=2.0, facilities=100), replicates=199)
    assert list(found.table.columns[:7]) == FIXED
    assert set(found.table.loc[found.table["confirmed"].fillna(False), "term"]) <= {
        "trampled", "trampled at", "animal trampled",
    }  # fmt: skip
    row = found.table.set_index("term").loc["trampled"]
    assert row["p_value"] == 1 / 200
    assert row["confirmed"]
    assert "findings that say 'trampled'" in found.sentences[0] or "trampled" in found.sentences[0]
    assert "under no rule" in found.text


def test_the_numbers_are_those_of_pandas():
    df = findings(3, marking=1.5)
    found = narrative_terms(df, replicates=99, confirm=None, phrases=False)
    row = found.table.set_index("term").loc["trampled"]
    holds, marked = df["narrative"].str.contains("trampled"), df["rule_cited"].isna()
    rate = marked.groupby(df["facility_id"]).transform("mean")
    assert (row["observed"], row["findings"]) == ((holds & marked).sum(), holds.sum())
    assert row["expected"] == pytest.approx(rate[holds].sum())
    assert row["support"] == df.loc[holds & marked, "facility_id"].nunique()
    assert row["ratio"] == pytest.approx(row["observed"] / row["expected"])
    assert pd.isna(row["confirmed"])
    assert found.tested == 32  # 30 words of places, and trampled or waiting


def test_facilities_that_write_their_own_way_and_cite_less_are_not_a_pattern():
    """A word of half of the facilities, which cite rules less often: within a facility it marks nothing."""
    rng = np.random.default_rng(4)
    df = findings(4, facilities=80)
    own = (df["facility_id"].str[-1].astype(int) % 2).astype(bool)
    df["rule_cited"] = np.where(rng.random(len(df)) < np.where(own, 0.7, 0.2), None, "313.1")
    df["narrative"] = df["narrative"] + np.where(own & (rng.random(len(df)) < 0.7), " It was noted.", "")
    within = narrative_terms(df, replicates=99, confirm=None, keep=["noted"])
    assert "noted" not in set(within.table.loc[within.table["p_value"] <= 0.05, "term"])
    across = narrative_terms(df, replicates=99, confirm=None, within=None, keep=["noted"])
    assert "noted" in set(across.table.loc[across.table["p_value"] <= 0.05, "term"])
    assert any("as though independent" in note for note in across.notes)


def all_shuffles(beyond: np.ndarray, stratum: np.ndarray) -> list[np.ndarray]:
    parts = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    shuffled = [beyond.copy()]
    for part in parts:
        shuffled = [
            np.concatenate([one[: part[0]], one[list(order)], one[part[-1] + 1 :]])
            for one in shuffled
            for order in permutations(part)
        ]
    return shuffled


def test_z_and_step_down_p_are_those_of_every_shuffle():
    stratum = np.array([0, 0, 0, 0, 1, 1, 1])
    observed = np.array([1.0, 1, 0, 0, 3, 0, 1])
    expected = np.array([1.0, 2, 1, 1, 1, 1, 2])
    holds = np.array([[1, 1, 0], [1, 0, 1], [0, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 0], [0, 1, 1]], dtype=float)
    beyond = observed - share_out(observed, expected, stratum)
    drawn = np.array(all_shuffles(beyond, stratum)) @ holds
    assert len(drawn) == 24 * 6
    assert drawn.mean(axis=0) == pytest.approx(0, abs=1e-12)
    z = beyond @ holds / drawn.std(axis=0)
    order = np.argsort(-z)
    highest = np.maximum.accumulate((drawn / drawn.std(axis=0))[:, order][:, ::-1], axis=1)[:, ::-1]
    exact = np.empty(3)
    exact[order] = np.maximum.accumulate((highest >= z[order] - 1e-9).mean(axis=0))
    found = compare(csr_array(holds), observed, expected, stratum, replicates=20_000, seed=0)
    assert found.z == pytest.approx(z)
    assert found.variance == pytest.approx(drawn.var(axis=0))
    assert found.p_value == pytest.approx(exact, abs=0.015)
    assert found.observed == pytest.approx(observed @ holds)


def test_one_term_of_marks_in_one_stratum_has_the_hypergeometric_tail():
    observed = np.repeat([1.0, 0.0], [8, 12])
    holds = np.zeros((20, 1))
    holds[[0, 1, 2, 3, 4, 8]] = 1
    found = compare(csr_array(holds), observed, np.ones(20), np.zeros(20, dtype=int), replicates=20_000, seed=1)
    assert found.p_value[0] == pytest.approx(hypergeom.sf(4, 20, 8, 6), abs=0.006)
    assert found.expected[0] == pytest.approx(6 * 8 / 20)


def test_the_order_of_findings_changes_no_count():
    df = findings(5, marking=2.0)
    straight = narrative_terms(df, replicates=99, confirm=None).table.set_index("term")
    turned = narrative_terms(df.sample(frac=1, random_state=0), replicates=99, confirm=None).table.set_index("term")
    assert turned.loc["trampled", "z"] == pytest.approx(straight.loc["trampled", "z"])


def test_the_order_of_findings_changes_no_p_value_and_nothing_held_out():
    rows = findings(2, marking=1.5)
    again = narrative_terms(rows.sample(frac=1, random_state=3), replicates=99)
    asked = narrative_terms(rows, replicates=99)
    assert again.table.equals(asked.table)
    assert again.text == asked.text


def test_codes_that_stand_for_no_rule_are_marked_too():
    df = findings(6, marking=2.0)
    other = df.assign(rule_cited=df["rule_cited"].fillna("other"))
    told = narrative_terms(other, uncovered=["other"], replicates=99)
    pd.testing.assert_frame_equal(told.table, narrative_terms(df, replicates=99).table)
    blank = df.assign(rule_cited=df["rule_cited"].fillna(" "))
    pd.testing.assert_frame_equal(narrative_terms(blank, replicates=99).table, told.table)


def test_marks_and_counts_can_be_given_instead():
    df = findings(7, marking=2.0)
    df["severe"] = df["rule_cited"].isna()
    marked = narrative_terms(df, marked="severe", replicates=99)
    assert marked.table["term"].isin(["trampled", "trampled at", "animal trampled"]).any()
    assert "marked severe" in marked.text
    rng = np.random.default_rng(0)
    df["at_risk"] = rng.uniform(5, 20, len(df))
    df["died"] = rng.poisson(df["at_risk"] * np.where(df["narrative"].str.contains("trampled"), 0.6, 0.2))
    counted = narrative_terms(df, observed="died", expected="at_risk", replicates=99, phrases=False)
    assert counted.table["term"][0] == "trampled"
    assert "events (died)" in counted.text
    row = counted.table.iloc[0]
    # Other findings of a place hold trampled animals as well: the ratio is to all of them.
    assert 1.3 < row["held_out_ratio"] < 2.5
    assert row["held_out_low"] < row["held_out_ratio"] < row["held_out_high"]


def test_nothing_planted_is_told_as_nothing_shown():
    nothing = narrative_terms(findings(8), replicates=99)
    assert len(nothing.table) == 1
    assert "no word was shown to mark them" in nothing.text


def test_a_word_of_few_facilities_is_never_shown():
    df = findings(9, facilities=60)
    few = df["facility_id"].isin(df["facility_id"].unique()[:4])
    df.loc[few & df["rule_cited"].isna(), "narrative"] += " It was gruesome."
    shown = narrative_terms(df, replicates=99, confirm=None, keep=["gruesome"], min_findings=2)
    assert "gruesome" not in set(shown.table["term"])
    # Said without a mark at many, and with one at four: the four are not shown either.
    df.loc[~few & df["rule_cited"].notna() & (df.index % 8 == 0), "narrative"] += " It was gruesome."
    shown = narrative_terms(df, replicates=99, confirm=None, keep=["gruesome"], min_findings=2)
    assert "gruesome" not in set(shown.table["term"])
    assert (shown.table["support"] >= 5).all()


def test_the_same_words_again_at_one_facility_count_once():
    df = findings(10, marking=2.0)
    twice = pd.concat([df, df.head(40)], ignore_index=True)
    told = narrative_terms(twice, replicates=99)
    assert told.dropped["row"].tolist() == list(range(480, 520))
    assert set(told.dropped["reason"]) == {"the same words as an earlier finding of its facility_id"}
    pd.testing.assert_frame_equal(told.table, narrative_terms(df, replicates=99).table)


def test_findings_without_words_facility_or_count_are_left_out_with_a_reason():
    df = findings(11, marking=2.0).assign(died=1.0, region="here")
    df.loc[0, "narrative"] = None
    df.loc[1, "narrative"] = " ... "
    df.loc[2, "facility_id"] = None
    df.loc[3, "died"] = np.nan
    df.loc[4, "region"] = None
    df.loc[5:, "died"] = np.arange(len(df) - 5) % 3
    left = narrative_terms(df, observed="died", within=["region", "unit"], replicates=19).dropped
    assert left.to_numpy().tolist() == [
        [0, "no words in narrative"],
        [1, "no words in narrative"],
        [2, "missing facility_id"],
        [3, "missing died"],
        [4, "missing region"],
    ]


def test_phrases_that_a_word_stands_for_are_left_out():
    df = findings(12, marking=2.0)
    df["narrative"] = df["narrative"].str.replace("trampled", "trampled underfoot")
    terms = set(narrative_terms(df, replicates=99, confirm=None, most=100).table["term"])
    assert "trampled" in terms
    assert "trampled underfoot" not in terms
    df.loc[::2, "narrative"] += " Then the pen gate broke."
    assert narrative_terms(df, replicates=19).tested > narrative_terms(df, replicates=19, phrases=False).tested


def test_alone_in_their_facility_findings_tell_nothing_and_that_is_said():
    df = findings(13, facilities=60)
    alone = pd.concat([df, findings(14, facilities=30, each=1).assign(facility_id=[f"x{n}" for n in range(30)])])
    told = narrative_terms(alone.reset_index(drop=True), replicates=19)
    assert any("findings can tell anything" in note for note in told.notes)
    with pytest.raises(NotEstimable, match="no term can be compared"):
        narrative_terms(findings(14, facilities=200, each=1), replicates=19)


def test_too_few_facilities_are_searched_whole():
    told = narrative_terms(findings(15, facilities=12, each=30, marking=2.0), replicates=99)
    assert pd.isna(told.table["confirmed"][0])
    assert any("too few facilities" in note for note in told.notes)
    assert "not tried on others" in told.text or "no word was shown" in told.text


def test_simulated_findings_are_marked_and_a_figure_is_drawn():
    told = narrative_terms(findings(2, marking=2.0).assign(SIMULATED=True), replicates=99, caution="One year only.")
    assert told.text.startswith("SIMULATED. ")
    assert told.text.endswith("One year only.")
    assert told.plot().get_xscale() == "log"


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"text": "nothing"}, BadParameter, "no column 'nothing'"),
        ({"rule": "nothing"}, BadParameter, "no column 'nothing'"),
        ({"unit": "nothing"}, BadParameter, "no column 'nothing'"),
        ({"within": "nothing"}, BadParameter, "no column 'nothing'"),
        ({"marked": "severe", "observed": "died"}, BadParameter, "columns of counts"),
        ({"expected": "died"}, BadParameter, "columns of counts"),
        ({"min_units": 1}, BadParameter, "min_units is 1"),
        ({"min_findings": 0}, BadParameter, "min_findings is 0"),
        ({"replicates": 10}, BadParameter, "replicates is 10"),
        ({"confirm": 0}, BadParameter, "confirm is 0"),
        ({"level": 1}, BadParameter, "level is 1"),
        ({"marked": "narrative"}, BadValue, "not yes or no"),
        ({"observed": "half"}, BadValue, "not a count"),
        ({"text": "half"}, BadValue, "other than text"),
        ({"min_units": 61}, NotEstimable, "no term occurs"),
        ({"marked": "never"}, NotEstimable, "0 events"),
        ({"observed": "died", "expected": "zero"}, NotEstimable, "0 findings"),
    ],
)
def test_what_cannot_be_used_is_refused(options, error, match):
    df = findings(1).assign(severe=True, died=1, half=0.5, never=False, zero=0.0)
    with pytest.raises(error, match=match):
        narrative_terms(df, **{"replicates": 19, **options})


def test_an_empty_frame_is_not_estimable():
    with pytest.raises(NotEstimable):
        narrative_terms(findings(1).iloc[:0], replicates=19)
