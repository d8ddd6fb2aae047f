"""Standardised rates, against R on the data of Fay and Feuer's example, and what cannot be standardised."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.stats.rates.standard import standardise

REFEREE = Path(__file__).parents[1] / "referee" / "r"
DOWNS = {"by": ["age"], "events": "cases", "exposure": "births", "of": "order"}


@pytest.fixture(scope="module")
def downs() -> pd.DataFrame:
    """Births with Down's syndrome by birth order and mother's age (Fleiss 1981, page 249)."""
    return pd.read_csv(REFEREE / "rates_downs_cells.csv")


def barns() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "system": ["cage", "cage", "free", "free"],
            "age": ["young", "old", "young", "old"],
            "deaths": [10, 60, 30, 25],
            "hens": [1000, 2000, 3000, 500],
        },
        index=list("wxyz"),
    )


BARNS = {"by": ["age"], "events": "deaths", "exposure": "hens", "of": "system"}


@pytest.mark.parametrize("interval", ["gamma", "tiwari"])
def test_direct_rates_agree_with_r(downs: pd.DataFrame, interval: str) -> None:
    """ageadjust.direct of epitools; the modified upper limit by its formula."""
    by_r = pd.read_csv(REFEREE / "rates_direct.csv")
    for level, rows in by_r.groupby("level"):
        found = standardise(downs, **DOWNS, interval=interval, level=level).table
        columns = {"crude_rate": "crude", "rate": "rate", "low": "low"}
        columns["high"] = "high" if interval == "gamma" else "tiwari_high"
        for ours, theirs in columns.items():
            assert found[ours].to_numpy() == pytest.approx(rows[theirs].to_numpy(), rel=1e-8)


def test_indirect_ratios_agree_with_r(downs: pd.DataFrame) -> None:
    """ageadjust.indirect of epitools for the ratio, poisson.test for the limits, chisq.test for unlike strata."""
    rows = pd.read_csv(REFEREE / "rates_indirect.csv")
    found = standardise(downs, **DOWNS, method="indirect")
    for name in ("observed", "expected", "ratio", "low", "high"):
        assert found.table[name].to_numpy() == pytest.approx(rows[name].to_numpy(), rel=1e-8)
    check = found.check().set_index("check").loc["unlike strata"]
    at = rows["chi_square"].argmax()
    assert (check["at"], check["value"]) == (str(rows["order"][at]), pytest.approx(rows["chi_square"][at], rel=1e-8))
    whole = downs.groupby("age", as_index=False)[["cases", "births"]].sum()
    whole = whole.rename(columns={"cases": "events", "births": "exposure"})
    again = standardise(downs, **DOWNS, method="indirect", standard=whole)
    pd.testing.assert_frame_equal(found.table, again.table)
    rates = whole.assign(rate=whole["events"] / whole["exposure"])[["age", "rate"]]
    pd.testing.assert_frame_equal(found.table, standardise(downs, **DOWNS, method="indirect", standard=rates).table)


# METHODS.md, section Rates: observed, expected, ratio, exact and Byar's limits.
@pytest.mark.parametrize(
    ("observed", "expected", "ratio", "exact", "byar"),
    [
        (0, 3, 0, (0, 1.229626485), (0, 1.222670611)),
        (4, 3.3, 1.212121, (0.3302622344, 3.10351172), (0.3261061842, 3.103258406)),
        (10, 8, 1.25, (0.599423587, 2.298794505), (0.5984312391, 2.298932326)),
        (100, 80, 1.25, (1.017049891, 1.520334922), (1.017026319, 1.52034922)),
    ],
)
def test_ratios_of_observed_to_expected_have_the_reference_figures(observed, expected, ratio, exact, byar) -> None:
    df = pd.DataFrame({"age": ["young", "old"], "deaths": [0, observed], "hens": [100 * expected, 100 * expected]})
    standard = pd.DataFrame({"age": ["old", "young"], "rate": [0.006, 0.004]})
    for interval, limits in (("exact", exact), ("byar", byar)):
        row = standardise(
            df,
            by=["age"],
            events="deaths",
            exposure="hens",
            method="indirect",
            standard=standard,
            interval=interval,
        ).table.iloc[0]
        assert row["expected"] == pytest.approx(expected, rel=1e-12)
        assert row["ratio"] == pytest.approx(ratio, rel=1e-6)
        assert (row["low"], row["high"]) == pytest.approx(limits, rel=1e-8)


def test_one_stratum_gives_garwoods_limits_and_no_event_an_upper_one() -> None:
    """With one stratum the gamma interval is the exact one; without events its upper limit is that of one weight."""
    df = pd.DataFrame({"age": "old", "deaths": [4, 0], "hens": [3300, 200], "system": ["a", "b"]})
    table = standardise(df, **BARNS, per=1000).table.set_index("system")
    assert table.loc["a", ["rate", "low", "high"]].tolist() == pytest.approx(
        [1.212121, 0.3302622344, 3.10351172], rel=1e-6
    )
    assert table.loc["b", ["rate", "low"]].tolist() == [0, 0]
    assert table.loc["b", "high"] == pytest.approx(-math.log(0.025) / 200 * 1000)


@settings(max_examples=30, deadline=None)
@given(
    deaths=st.lists(st.integers(0, 60), min_size=6, max_size=6),
    hens=st.lists(st.integers(1, 5000), min_size=6, max_size=6),
    weights=st.lists(st.integers(1, 900), min_size=3, max_size=3),
    level=st.sampled_from([0.8, 0.95]),
)
def test_direct_rates_lie_among_their_strata_and_scale_with_units(deaths, hens, weights, level) -> None:
    df = pd.DataFrame({"system": list("aaabbb"), "age": list("xyz") * 2, "deaths": deaths, "hens": hens})
    standard = pd.DataFrame({"age": list("zxy"), "exposure": weights})
    found = standardise(df, **BARNS, standard=standard, level=level).table
    rates = (df["deaths"] / df["hens"]).to_numpy().reshape(2, 3)
    by_hand = rates @ np.roll(weights, -1) / sum(weights)
    assert found["rate"].to_numpy() == pytest.approx(by_hand, rel=1e-10)
    assert (found["rate"] <= rates.max(axis=1) + 1e-12).all()
    assert ((found["low"] <= found["rate"]) & (found["rate"] <= found["high"])).all()
    scaled = standardise(
        df.assign(hens=df["hens"] * 10),
        **BARNS,
        standard=standard.assign(exposure=standard["exposure"] * 7),
        level=level,
        per=10,
    ).table
    for name in ("rate", "low", "high", "crude_rate"):
        assert scaled[name].to_numpy() == pytest.approx(found[name].to_numpy(), rel=1e-9)
    wider = standardise(df, **BARNS, standard=standard, level=0.99).table
    assert ((wider["low"] <= found["low"]) & (found["high"] <= wider["high"])).all()
    shorter = standardise(df, **BARNS, standard=standard, level=level, interval="tiwari").table
    assert (shorter["low"] == found["low"]).all()
    assert (shorter["high"] <= found["high"] * (1 + 1e-12)).all()


def test_planted_rates_lie_in_their_gamma_intervals() -> None:
    """Of a thousand 95% intervals 950 hold the truth; the gamma interval is conservative: fewer than 940 is 1 in 12."""
    rng = np.random.default_rng(20)
    hens, chances, shares = np.array([40, 300, 1500]), np.array([0.05, 0.01, 0.002]), np.array([0.2, 0.3, 0.5])
    df = pd.DataFrame({"system": np.repeat(np.arange(1000), 3), "age": np.tile(list("xyz"), 1000)})
    df["hens"] = np.tile(hens, 1000)
    df["deaths"] = rng.poisson(np.tile(hens * chances, 1000))
    standard = pd.DataFrame({"age": list("xyz"), "exposure": shares})
    found = standardise(df, **BARNS, standard=standard).table
    assert ((found["low"] <= shares @ chances) & (shares @ chances <= found["high"])).sum() >= 940


def test_a_group_without_exposure_in_a_stratum_of_the_standard_is_refused_by_name() -> None:
    df = barns().drop("z")
    found = standardise(df, **BARNS)
    assert found.table["system"].tolist() == ["cage"]
    assert found.dropped.to_numpy().tolist() == [["free", "group free: no exposure in age old (33.3% of the standard)"]]
    assert "group free: no exposure in age old" in found.text
    indirect = standardise(df, **BARNS, method="indirect")
    assert indirect.table["system"].tolist() == ["cage", "free"]
    assert indirect.dropped.empty
    wider = pd.DataFrame({"age": ["young", "old", "moulting"], "exposure": [5, 3, 2]})
    with pytest.raises(NotEstimable, match=r"cage: no exposure in age moulting \(20% of the standard\)"):
        standardise(barns(), **BARNS, standard=wider)


@pytest.mark.parametrize("method", ["direct", "indirect"])
def test_rows_of_strata_outside_the_standard_are_listed_and_their_share_is_stated(method: str) -> None:
    standard = pd.DataFrame({"age": ["young"], "events": [20], "exposure": [2000]})
    found = standardise(barns(), **BARNS, method=method, standard=standard)
    assert dict(found.dropped.to_numpy()) == dict.fromkeys("xz", "age old is not in the standard")
    assert found.table["coverage"].tolist() == pytest.approx([1 / 3, 6 / 7])
    assert found.table["events" if method == "direct" else "observed"].tolist() == [10, 30]
    assert "Of the exposure of cage, the least covered, 33.3% is in strata of the standard" in found.text
    check = found.check().set_index("check").loc["coverage"]
    assert check[["at", "verdict"]].tolist() == ["cage", "look closer"]
    assert check["value"] == pytest.approx(1 / 3)


def test_a_group_of_which_nothing_is_expected_is_refused_by_name() -> None:
    standard = pd.DataFrame({"age": ["young", "old"], "rate": [0.01, 0.0]})
    found = standardise(barns().drop("w"), **BARNS, method="indirect", standard=standard)
    assert found.dropped.to_numpy().tolist() == [["cage", "group cage: no event was expected"]]
    outside = standardise(barns().drop("w"), **BARNS, method="indirect", standard=standard.iloc[:1])
    assert outside.dropped["reason"].tolist()[-1] == "group cage: no exposure in any stratum of the standard"


def test_rows_with_a_missing_value_are_listed_with_the_reason() -> None:
    df = pd.concat([barns(), barns().set_index(pd.Index(list("abcd")))]).astype({"deaths": "Int64", "hens": "Float64"})
    df.loc["a", "deaths"] = pd.NA
    df.loc["b", "age"] = None
    df.loc["c", "system"] = None
    df.loc["d", "hens"] = 0
    found = standardise(df, **BARNS)
    assert dict(found.dropped.to_numpy()) == {
        "a": "missing deaths",
        "b": "missing age",
        "c": "missing system",
        "d": "no exposure",
    }
    pd.testing.assert_frame_equal(found.table, standardise(barns(), **BARNS).table)


def test_rows_of_one_stratum_add_up_whatever_their_order_and_type() -> None:
    df = barns().assign(age=barns()["age"].astype("category"), year=2020)
    halves = pd.concat([df.assign(deaths=[4, 30, 1, 25]), df.assign(deaths=[6, 30, 29, 0])]).sample(
        frac=1, random_state=2
    )
    halves["hens"] = halves["hens"] / 2
    two = {**BARNS, "by": ["year", "age"]}
    expected = standardise(barns(), **BARNS).table
    pd.testing.assert_frame_equal(standardise(halves, **two).table, expected)
    standard = pd.DataFrame({"year": [2020.0, 2020.0], "age": ["old", "young"], "exposure": [2500, 4000]})
    pd.testing.assert_frame_equal(standardise(halves, **two, standard=standard).table, expected)


def test_the_whole_frame_is_one_group_beside_a_standard() -> None:
    options = {key: value for key, value in BARNS.items() if key != "of"}
    standard = pd.DataFrame({"age": ["young", "old"], "exposure": [1, 1]})
    found = standardise(barns(), **options, standard=standard, per=1000)
    assert found.table["group"].tolist() == ["all"]
    assert found.table["rate"].item() == pytest.approx(500 * (40 / 4000 + 85 / 2500))
    with pytest.raises(BadParameter, match="nothing to be standardised to"):
        standardise(barns(), **options)


STANDARD = {"age": ["young", "old"], "exposure": [1.0, 2.0]}


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        ({}, {"by": "age"}, BadParameter, "not a list of columns"),
        ({}, {"by": ["shoe"]}, BadParameter, "no column 'shoe'"),
        ({}, {"by": ["age", "age"]}, BadParameter, "named twice"),
        ({}, {"method": "middling"}, BadParameter, "middling"),
        ({}, {"interval": "exact"}, BadParameter, "exact"),
        ({}, {"method": "indirect", "interval": "gamma"}, BadParameter, "gamma"),
        ({}, {"method": "indirect", "per": 1000}, BadParameter, "no units"),
        ({}, {"level": 0}, BadParameter, "not between"),
        ({}, {"standard": pd.DataFrame({"age": ["young"]})}, BadParameter, "no column 'exposure'"),
        ({}, {"standard": pd.DataFrame(STANDARD), "method": "indirect"}, BadParameter, "no column 'events'"),
        ({}, {"standard": pd.DataFrame({**STANDARD, "exposure": [1, None]})}, BadValue, "missing values"),
        ({}, {"standard": pd.DataFrame({**STANDARD, "exposure": [1, -1]})}, BadValue, "below zero"),
        ({}, {"standard": pd.DataFrame({**STANDARD, "age": [1, 2]})}, NotEstimable, "no stratum of the frame"),
        ({}, {"standard": pd.DataFrame({**STANDARD, "exposure": [0, 0]})}, NotEstimable, "the standard is empty"),
        (
            {},
            {"standard": pd.DataFrame({"age": ["old", "old"], "rate": [1, 2]}), "method": "indirect"},
            BadParameter,
            "more than one rate",
        ),
        ({"deaths": -1}, {}, BadValue, "deaths is -1"),
        ({"deaths": 0.5}, {}, BadValue, "not a count"),
        ({"hens": 0}, {}, NoDenominator, "no row has an exposure"),
        ({"deaths": None}, {}, NotEstimable, "count of events"),
        ({"age": None}, {}, NotEstimable, "a value in each of system, age"),
        ({"deaths": 0}, {"method": "indirect"}, NotEstimable, "no event was expected"),
    ],
)
def test_what_cannot_be_standardised_is_refused(change, options, error, words) -> None:
    with pytest.raises(error, match=words):
        standardise(barns().assign(**change), **{**BARNS, **options})


def test_a_group_column_that_would_hide_a_number_is_refused() -> None:
    with pytest.raises(BadParameter, match="has a column 'rate' of its own"):
        standardise(barns().rename(columns={"system": "rate"}), **{**BARNS, "of": "rate"})


def test_the_text_says_what_was_held_equal_and_what_cannot_be_ruled_out() -> None:
    found = standardise(barns().assign(SIMULATED=True), **BARNS, per=1000)
    assert found.text.startswith(
        "SIMULATED. Rates per 1,000 units of exposure, standardised directly by age to all rows together (95% gamma "
        "(Fay and Feuer) intervals): cage 17.7 ("
    )
    assert "Held equal is the make-up by age alone: this cannot rule out that whatever else differs" in found.text
    indirect = standardise(barns(), **BARNS, method="indirect")
    assert "Events observed for each one expected, by age, at the rates of all rows together" in indirect.text
    assert any("not with one another" in note for note in indirect.notes)
    assert any("part of its own standard" in note for note in indirect.notes)


def test_checks_see_few_events_and_the_stratum_a_rate_hangs_on() -> None:
    df = barns().assign(deaths=[1, 0, 30, 5], hens=[10, 2000, 3000, 3000])
    checks = standardise(df, **BARNS).check().set_index("check")
    assert checks.loc["few events", ["at", "value", "verdict"]].tolist() == ["cage", 1, "look closer"]
    assert checks.loc["one stratum", ["at", "value", "verdict"]].tolist() == ["cage", 1, "look closer"]
    assert "age young" in checks.loc["one stratum", "advice"]
    assert checks.loc["coverage", "verdict"] == "in order"


def test_checks_see_the_stratum_where_one_more_event_would_move_a_rate_most(downs: pd.DataFrame) -> None:
    """Of fifth births only 327 were to mothers under 20: one case more would add 41.9 to 75.5 per 100,000."""
    check = standardise(downs, **DOWNS).check().set_index("check").loc["thin stratum"]
    births = downs.groupby("age")["births"].sum()
    rate = pd.read_csv(REFEREE / "rates_direct.csv").query("order == 5")["rate"].iloc[0]
    assert check["value"] == pytest.approx(births[1] / births.sum() / 327 / rate, rel=1e-8)
    assert check[["at", "verdict"]].tolist() == ["5", "look closer"]
    assert "age 1" in check["advice"]


@pytest.mark.parametrize("method", ["direct", "indirect"])
def test_standardised_rates_are_drawn_beside_all_together(method: str) -> None:
    from matplotlib import pyplot

    found = standardise(barns(), **BARNS, method=method)
    ax = found.plot()
    assert {"cage", "free"} <= {text.get_text() for text in ax.texts}
    assert f"the line at {found.together:.3g}" in ax.get_xlabel()
    pyplot.close(ax.figure)
