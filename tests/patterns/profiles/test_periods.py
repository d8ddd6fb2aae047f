"""Persistence and change between periods: planted correlations found again, intervals that hold, and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from tests.patterns.nulls import SIMULATIONS, at_level
from tests.patterns.profiles.made import linked
from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.patterns.profiles.periods.carried import flags
from welfare.patterns.profiles.periods.chain import Chain, fit_lasting
from welfare.patterns.profiles.periods.change import profile_change
from welfare.patterns.profiles.periods.persistence import persistence
from welfare.patterns.profiles.profile import profile
from welfare.patterns.profiles.shrinkage import fit_spread


def chain_of(panel: pd.DataFrame) -> Chain:
    wide = panel.pivot_table(index="facility_id", columns="period_start", values=["findings_count", "expected_count"])
    o, e = wide["findings_count"].to_numpy(dtype=float), wide["expected_count"].to_numpy(dtype=float)
    known = ~np.isnan(o)
    return Chain(o, e, fit_spread(o[known], e[known]).shape)


@pytest.mark.parametrize(("planted", "periods"), [(0.0, 2), (0.5, 2), (1.0, 2), (-0.5, 2), (0.6, 4)])
def test_a_planted_correlation_is_found_again(planted: float, periods: int) -> None:
    made = linked(1, planted, n=800 if periods == 2 else 500, periods=periods)
    found = persistence(made.panel)
    true = np.corrcoef(made.ratio[:, 0], made.ratio[:, 1])[0, 1]
    assert found.low <= true + 0.02
    assert found.high >= true - 0.02
    assert found.correlation == pytest.approx(true, abs=0.09)
    assert found.shape == pytest.approx(2.0, rel=0.15)
    assert len(found.table) == periods - 1
    assert found.table["facilities"].eq(len(made.ratio)).all()
    # Chance does not repeat itself: ratios as counted always say less.
    if planted > 0:
        assert found.table["observed_correlation"].iloc[0] < found.correlation


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_where_nothing_lasts_it_is_said_to_last_at_the_level(simulations: int) -> None:
    def says_so(seed: int) -> bool:
        return fit_lasting(chain_of(linked(seed, 0.0, n=80).panel), 0.95).p_value < 0.05

    at_level(says_so, simulations)


@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize("planted", [0.5, 1.0])
def test_intervals_hold_the_planted_correlation_as_often_as_they_say(planted: float, simulations: int) -> None:
    def misses(seed: int) -> bool:
        chain = chain_of(linked(seed, planted, n=60).panel)
        found = fit_lasting(chain, 0.95)
        true = chain.of_ratios(planted, 2.0)
        return not found.low - 1e-9 <= true <= found.high + 1e-9

    at_level(misses, simulations, may_be_rarer=planted == 1.0)


def test_the_ratio_of_the_next_period_lies_in_its_predicted_interval() -> None:
    held = []
    for seed in range(3):
        made = linked(seed, 0.6, n=300, periods=4)
        seen = made.panel[made.panel["period_start"] < 2023]
        found = persistence(seen).predicted.set_index("facility_id")
        truth = made.ratio[:, 3]
        held.append((found["predicted_low"] <= truth) & (truth <= found["predicted_high"]))
    share = np.mean(held)
    assert 0.925 < share < 0.975
    assert found["periods"].eq(3).all()


def test_a_prediction_after_one_period_is_the_shrunken_ratio_drawn_in_by_the_correlation() -> None:
    """Where everything lasts it is the shrunken ratio; where nothing does, the mean of all."""
    for planted, slope in ((1.0, 1.0), (0.0, 0.0)):
        found = persistence(linked(2, planted, n=800).panel)
        both = found.predicted
        shape, mean = found.shape, found.predicted["predicted_ratio"].mean()
        shrunken = (both["observed"] + shape) / (both["expected"] + shape / mean)
        assert np.polyfit(shrunken, both["predicted_ratio"], 1)[0] == pytest.approx(slope, abs=0.15)


def test_what_became_of_the_highest_tenth_is_counted_from_their_rows() -> None:
    made = linked(3, 0.5, n=200)
    row = persistence(made.panel).table.iloc[0]
    wide = made.panel.pivot_table(index="facility_id", columns="period_start")
    o, e = wide["findings_count"], wide["expected_count"]
    means = chain_of(made.panel).means
    top = (o[2020] / e[2020]).nlargest(20).index
    before, after = (
        o.loc[top, at].sum() / e.loc[top, at].sum() / mean for at, mean in zip((2020, 2021), means, strict=True)
    )
    assert row["top"] == 20
    assert row["top_before"] == pytest.approx(before)
    assert row["top_after"] == pytest.approx(after)
    assert row["kept"] == pytest.approx((after - 1) / (before - 1))
    assert row["kept_low"] < row["kept"] < row["kept_high"]
    # Part of the excess was chance: what is likely to be true of it lies between none and all.
    assert 1 < row["top_true"] < row["top_before"]


def test_what_is_likely_true_of_the_highest_is_about_what_was_planted() -> None:
    said, planted = [], []
    for seed in range(5):
        made = linked(seed, 0.3, n=300)
        row = persistence(made.panel).table.iloc[0]
        wide = made.panel.pivot_table(index="facility_id", columns="period_start")
        top = (wide["findings_count"][2020] / wide["expected_count"][2020]).nlargest(30).index
        at = wide.index.get_indexer(top)
        weight = wide["expected_count"][2020].to_numpy()[at]
        said.append(row["top_true"])
        planted.append(np.average(made.ratio[at, 0], weights=weight))
    assert np.mean(said) == pytest.approx(np.mean(planted), rel=0.05)


def test_flags_of_each_period_are_those_of_its_profile() -> None:
    made = linked(4, 1.0, n=200, shape=1.5, size=20.0)
    panel = made.panel.copy()
    worst = panel["facility_id"].isin(["us.fsis:0000", "us.fsis:0001"])
    panel.loc[worst, ["findings_count", "expected_count"]] = [400, 25.0]
    row = persistence(panel).table.iloc[0]
    for name, year in (("flagged_before", 2020), ("flagged_after", 2021)):
        year_alone = panel[panel["period_start"] == year]
        flagged = profile(year_alone, draws=100).table
        assert row[name] == (flagged["flagged"] == "above").sum() == 2
        mine = flags(flagged["observed"].to_numpy(), flagged["expected"].to_numpy(), 0.05)
        assert (mine == (flagged["flagged"] == "above")).all()
    assert (row["flagged_both"], row["both_by_chance"]) == (2, pytest.approx(2 * 2 / 200))
    assert "Of 2 flagged as above in 2020, 2 were flagged again" in persistence(panel).text


def test_a_facility_that_lacks_a_period_tells_less_but_is_kept() -> None:
    made = linked(5, 0.7, n=200, periods=3)
    missing = made.panel.drop(index=made.panel.index[1])  # the first facility's middle period
    found = persistence(missing)
    assert found.table["facilities"].tolist() == [199, 199]
    assert found.predicted["periods"].tolist()[:2] == [2, 3]
    assert any("1 of 200 facilities lack a period" in note for note in found.notes)
    # Its two periods are two moves apart: as if the correlation between them were squared.
    alone = chain_of(made.panel)
    o, e = alone.observed[:1].copy(), alone.expected[:1].copy()
    o[0, 1] = e[0, 1] = np.nan
    gap, near = (Chain(o[:, at], e[:, at], 2.0) for at in ([0, 1, 2], [0, 2]))
    for chain in (gap, near):
        vars(chain).update(means=np.ones(chain.observed.shape[1]), scores=np.linspace(-7, 7, 281))
    assert gap.filtered(0.7, 2.0)[0] == pytest.approx(near.filtered(0.49, 2.0)[0], abs=1e-6)


def test_where_facilities_do_not_differ_it_says_cannot_tell() -> None:
    panel = linked(6, 0.5).panel.assign(findings_count=6, expected_count=6.0)
    found = persistence(panel)
    assert "cannot tell" in found.text
    assert np.isnan(found.correlation)
    assert (found.low, found.high) == (-1.0, 1.0)
    assert found.predicted["predicted_ratio"].isna().all()


@pytest.mark.parametrize("silent", [[2020], [2020, 2021]])
def test_a_period_without_any_event_cannot_tell(silent: list[int]) -> None:
    panel = linked(7, 0.5).panel
    panel.loc[panel["period_start"].isin(silent), "findings_count"] = 0
    found = persistence(panel)
    assert "cannot tell" in found.text
    assert found.table["correlation"].isna().all()


def test_wide_intervals_about_none_cannot_tell_either() -> None:
    found = persistence(linked(8, 0.0, n=60).panel)
    assert found.low < 0 < found.high
    assert "these counts cannot tell: the true ratios" in found.text


def test_dates_and_periods_of_any_order_are_sorted_and_rows_added_up() -> None:
    made = linked(9, 0.8)
    dated = made.panel.assign(period_start=pd.to_datetime(made.panel["period_start"].astype(str) + "-01-01"))
    halves = pd.concat([made.panel, made.panel.assign(findings_count=0)]).sample(frac=1, random_state=0)
    halves = halves.assign(expected_count=halves["expected_count"] / 2)
    plain = persistence(made.panel)
    for other in (dated, halves):
        found = persistence(other)
        assert (found.correlation, found.low, found.high) == pytest.approx((plain.correlation, plain.low, plain.high))


def test_a_planted_change_is_flagged_and_the_rest_is_not() -> None:
    panel = linked(10, 1.0, n=200, shape=20.0, size=20.0).panel
    late = panel["period_start"] == 2021
    for name, times in (("us.fsis:0000", 6), ("us.fsis:0001", 0)):
        here = panel["facility_id"] == name
        panel.loc[here, "expected_count"] = 40.0
        panel.loc[here & ~late, "findings_count"] = 40
        panel.loc[here & late, "findings_count"] = 40 * times
    found = profile_change(panel)
    flagged = found.table[found.table["flagged"] != ""].set_index("facility_id")["flagged"]
    assert flagged.to_dict() == {"us.fsis:0000": "rose", "us.fsis:0001": "fell"}
    assert "1 rose beyond that and 1 fell short of it" in found.text
    sums = panel.groupby("period_start")[["findings_count", "expected_count"]].sum()
    ratio = sums["findings_count"] / sums["expected_count"]
    assert found.overall == pytest.approx(ratio[2021] / ratio[2020], rel=0.02)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_where_nothing_changes_hardly_any_facility_is_said_to(simulations: int) -> None:
    """Any flag at all is a false one, so the false-discovery rate is how often there is one: at most 5%."""

    def says_so(seed: int) -> bool:
        panel = linked(seed, 1.0, n=130).panel
        return (profile_change(panel).table["flagged"] != "").any()

    at_level(says_so, simulations, may_be_rarer=True)


def test_p_values_of_no_change_are_at_most_at_their_level() -> None:
    values = np.concatenate([profile_change(linked(seed, 1.0, size=20.0).panel).table["p_value"] for seed in range(5)])
    for level in (0.01, 0.05, 0.2):
        assert (values <= level).sum() <= binom.ppf(0.999, len(values), level)


def test_facilities_without_an_event_cannot_tell_a_change_and_are_counted() -> None:
    panel = linked(11, 1.0, n=50).panel
    panel.loc[panel["facility_id"] == "us.fsis:0003", "findings_count"] = 0
    before = int((panel.groupby("facility_id")["findings_count"].sum() == 0).sum())
    found = profile_change(panel)
    assert len(found.table) == 50 - before
    assert f"{before} facilities had no event in either period: they cannot tell a change." in found.text


def test_changes_can_be_asked_between_any_two_periods() -> None:
    panel = linked(12, 0.5, periods=4).panel
    found = profile_change(panel, before=2020, after=2022)
    rows = panel[panel["period_start"] == 2022].set_index("facility_id")["findings_count"]
    assert found.table.set_index("facility_id")["observed_after"].eq(rows.loc[found.table["facility_id"]]).all()
    for wrong in ({"before": 2019}, {"before": 2022, "after": 2021}, {"before": 2023}):
        with pytest.raises(BadParameter):
            profile_change(panel, **wrong)


@pytest.mark.parametrize("function", [persistence, profile_change])
@pytest.mark.parametrize(
    ("change", "options", "error"),
    [
        ({}, {"time": "year"}, BadParameter),
        ({}, {"observed": "deaths"}, BadParameter),
        ({}, {"level": 95}, BadParameter),
        ({}, {"fdr": 1}, BadParameter),
        ({"findings_count": -1}, {}, BadValue),
        ({"findings_count": 0.5}, {}, BadValue),
        ({"expected_count": np.inf}, {}, BadValue),
        ({"expected_count": "many"}, {}, BadValue),
        ({"expected_count": 0.0}, {}, NotEstimable),
        ({"period_start": 2020}, {}, NotEstimable),
        ({"facility_id": "one"}, {}, NotEstimable),
        ({"period_start": [2020, "spring"] * 200}, {}, BadParameter),
    ],
)
def test_periods_that_cannot_be_compared_are_refused(function, change: dict, options: dict, error: type) -> None:
    with pytest.raises(error):
        function(linked(0, 0.5).panel.assign(**change), **options)


def test_no_event_before_leaves_no_change_to_compare_with() -> None:
    panel = linked(0, 0.5).panel
    panel.loc[panel["period_start"] == 2020, "findings_count"] = 0
    with pytest.raises(NotEstimable, match="all together changed"):
        profile_change(panel)


def test_rows_without_a_period_are_dropped_with_the_reason() -> None:
    panel = linked(0, 0.5).panel.astype({"period_start": "Int64"})
    panel.loc[3, "period_start"] = pd.NA
    panel.loc[4, "expected_count"] = np.nan
    for function in (persistence, profile_change):
        found = function(panel)
        assert found.dropped.to_numpy().tolist() == [[3, "missing period_start"], [4, "missing expected_count"]]
        assert "Left out: 1 missing period_start, 1 missing expected_count" in found.text


def test_simulated_panels_say_so() -> None:
    panel = linked(0, 0.5).panel.assign(SIMULATED="SIMULATED")
    assert persistence(panel).text.startswith("SIMULATED. ")
    assert profile_change(panel).text.startswith("SIMULATED. ")
