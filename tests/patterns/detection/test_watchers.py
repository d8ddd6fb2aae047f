"""Inspectors, districts, audits and directed visits: what inspection changes in the record."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.patterns.detection.frames import COVERED, holds, r_figure, r_rows, value, watched
from tests.patterns.nulls import SIMULATIONS, at_level
from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.patterns.detection.design import terms_of
from welfare.patterns.detection.estimates import FEWER, MORE
from welfare.patterns.detection.records.excess import excess_share
from welfare.patterns.detection.records.zero_inflated import Counts
from welfare.patterns.detection.watchers.alike import alike_p
from welfare.patterns.detection.watchers.contrast import visit_contrast
from welfare.patterns.detection.watchers.inspectors import _cells, inspector_effects
from welfare.patterns.detection.watchers.spread import _spread, spread_between

NEVER, MEDIAN = "inspectors who never cite", "median ratio between two"


def test_the_spread_and_its_profile_interval_are_those_of_lme4():
    rows = r_rows("groups")
    found = _spread(
        rows["found"].to_numpy(float), np.log(rows["over"].to_numpy()), rows["who"].to_numpy() - 1, "poisson", 0.95
    )
    assert found.sd == pytest.approx(r_figure("groups", "sd")["estimate"], abs=1e-5)
    assert found.low == pytest.approx(r_figure("groups", "low")["estimate"], abs=2e-4)
    assert found.high == pytest.approx(r_figure("groups", "high")["estimate"], abs=2e-4)


def test_the_median_ratio_is_what_two_drawn_at_random_differ_by():
    fit = inspector_effects(watched(1, sd=0.6, rate=1.0))
    rng = np.random.default_rng(0)
    apart = np.abs(np.subtract(*rng.normal(0, fit.spread.sd, (2, 400_000))))
    assert value(fit.table, MEDIAN) == pytest.approx(np.exp(np.median(apart)), rel=0.01)
    ends = [np.exp(0.9538725524 * end) for end in (fit.spread.low, fit.spread.high)]
    assert [value(fit.table, MEDIAN, end) for end in ("low", "high")] == pytest.approx(ends)
    assert value(fit.table, "p-value: do inspectors") == fit.p_value == 1 / 200


@pytest.mark.parametrize("simulations", COVERED)
def test_a_planted_spread_lies_in_its_interval(simulations):
    def held(seed: int) -> bool:
        rows = watched(seed, who=20, sd=0.6, rate=2.0, visits=4)
        found, who = rows["findings_count"].to_numpy(float), rows["inspector"].str[-3:].astype(int).to_numpy()
        spread = spread_between(found, np.zeros(len(found)), who, 0.8)
        return spread.low < 0.6 < spread.high

    holds(held, simulations, 0.8)


@pytest.mark.parametrize("simulations", COVERED)
def test_the_share_who_never_cite_lies_in_its_interval(simulations):
    one = terms_of(pd.DataFrame(index=range(60)), [], "test")

    def held(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        totals = rng.negative_binomial(4, 4 / 16, 60) * (rng.random(60) >= 0.2)
        never = excess_share(Counts(totals.astype(float), np.zeros(60), one, one), level=0.8, where="test")
        return never.low <= 0.2 <= never.high

    holds(held, simulations, 0.8)


def test_the_share_who_never_cite_is_found():
    fits = [inspector_effects(watched(seed, who=80, sd=0.4, never=0.2, rate=0.6), replicates=0) for seed in range(2)]
    assert np.mean([fit.never.share for fit in fits]) == pytest.approx(0.2, abs=0.07)
    assert "by chance alone, all recording alike" in value(fits[0].table, "inspectors who recorded", "reason")


def test_who_looked_at_little_and_recorded_nothing_is_no_sign():
    """Half of them looked at a hundredth: peers as seldom found anything over so little."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(60), 10)
    hours = np.where(who < 30, 0.05, 5.0)
    rows = pd.DataFrame({"inspector": who, "hours": hours, "findings_count": rng.poisson(0.6 * hours)})
    with_hours, without = inspector_effects(rows, effort="hours"), inspector_effects(rows)
    assert with_hours.never.p_value > 0.05
    assert without.never.p_value < 0.05
    assert with_hours.p_value > 0.05
    assert without.p_value < 0.05
    assert inspector_effects(rows.assign(e=0.3 * hours), expected="e").never.share == pytest.approx(
        with_hours.never.share, abs=1e-3
    )


@pytest.mark.parametrize("simulations", SIMULATIONS)
@pytest.mark.parametrize("kind", ["poisson", "negative binomial", "large and small facilities"])
def test_inspectors_alike_are_called_unlike_at_the_level(simulations, kind):
    groups = np.repeat(np.arange(25), 6)

    def alarm(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        over = np.exp(rng.normal(size=25))[groups] if kind.startswith("large") else np.ones(150)
        own = np.ones(150) if kind == "poisson" else rng.gamma(2, 0.5, 150)
        return alike_p(rng.poisson(2 * over * own).astype(float), over, groups, 39, seed) <= 0.05

    at_level(alarm, simulations)


def test_counts_all_equal_are_as_near_as_can_be_and_one_who_records_six_times_as_much_is_far():
    groups = np.repeat(np.arange(6), 10)
    assert alike_p(np.ones(60), np.ones(60), groups, 99, 0) == 1
    strict = np.where(groups == 0, 6.0, 1.0)
    assert alike_p(strict, np.ones(60), groups, 99, 0) == 1 / 100
    # Of whom what was visited explains it, nothing is left.
    assert alike_p(strict, strict, groups, 99, 0) == 1
    assert np.isnan(alike_p(strict, np.ones(60), groups, 0, 0))


def test_the_p_value_is_that_of_every_table_of_poisson_counts():
    """Two groups of one and three visits, one finding expected of each visit: all counts up to seven, one by one."""
    from itertools import product

    from scipy.stats import poisson

    def apart(counts: tuple[int, ...]) -> float:
        total = sum(counts)
        if not total:
            return 0.0
        spread = max(sum((count - total / 4) ** 2 - count for count in counts) / (4 * (total / 4) ** 2), 0)
        each = total / 4 + spread * (total / 4) ** 2
        return (counts[0] - total / 4) ** 2 * (1 / each + 1 / (3 * each))

    seen = apart((2, 1, 1, 0))
    far = [counts for counts in product(range(8), repeat=4) if apart(counts) >= seen - 1e-9]
    exact = float(np.prod(poisson.pmf(far, 1), axis=1).sum())
    got = alike_p(np.array([2.0, 1, 1, 0]), np.ones(4), np.array([0, 1, 1, 1]), 4_999, 0)
    assert got == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_inspectors_who_cite_seldom_are_called_blind_at_most_at_the_level(simulations):
    def alarm(seed: int) -> bool:
        totals = watched(seed, who=40, visits=3, rate=0.4, sd=0.5).groupby("inspector")["findings_count"].sum()
        one = terms_of(pd.DataFrame(index=range(40)), [], "test")
        data = Counts(totals.to_numpy(float), np.zeros(40), one, one)
        return excess_share(data, level=None, where="test").p_value < 0.05

    at_level(alarm, simulations, may_be_rarer=True)


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_facilities_that_differ_are_not_taken_for_inspectors_who_do(simulations):
    """Each inspector has five facilities of its own, which differ; visits to one are added up."""

    def alarm(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        place = np.repeat(np.arange(100), 8)
        rate = np.exp(rng.normal(0, 0.8, 100))
        cells = _cells(pd.DataFrame({"who": place // 5, "facility": place, "found": rng.poisson(rate[place])}))
        assert len(cells) == 100
        found, over = cells["found"].to_numpy(), cells["over"].to_numpy()
        return alike_p(found, over, cells["who"].to_numpy(), 39, seed) <= 0.05

    at_level(alarm, simulations)


def test_nobody_is_named_or_ranked():
    rows = watched(0, never=0.2, sd=0.5)
    rows.loc[3, "inspector"] = None
    fit = inspector_effects(rows, facility="facility_id")
    shown = "".join([repr(fit), fit._repr_html_(), fit.text, *fit.notes, fit.dropped.to_string()])
    assert "Agent-" not in shown
    assert not [name for name in vars(fit) if "rank" in name]
    assert all("Agent-" not in str(held) for held in vars(fit).values())
    assert "Nobody is named or ranked here." in fit.notes
    assert any("hold no inspector identity" in note for note in fit.notes)


def test_few_inspectors_are_not_spoken_of():
    rows = watched(0, who=4)
    with pytest.raises(NotEstimable, match="fewer than 5 inspectors") as refused:
        inspector_effects(rows)
    assert "Agent-" not in str(refused.value)
    with pytest.raises(NotEstimable, match="nothing was found"):
        inspector_effects(watched(0).assign(findings_count=0))
    with pytest.raises(BadValue) as bad:
        inspector_effects(watched(0).assign(findings_count=-1))
    assert "Agent-" not in str(bad.value)


def occasions(seed: int, ratio: float = 1.0, facilities: int = 60) -> pd.DataFrame:
    """Twelve months of facilities that differ, of which audits are made where more is found."""
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(0.5, 0.8, facilities))
    place, month = np.repeat(np.arange(facilities), 12), np.tile(np.arange(12), facilities)
    audited = (rng.random(len(place)) < np.clip(0.1 * level[place], 0.02, 0.5)).astype(int)
    mean = level[place] * (1 + 0.3 * np.sin(month)) * ratio**audited
    return pd.DataFrame({"facility_id": place, "month": month, "audited": audited, "findings_count": rng.poisson(mean)})


def test_a_planted_ratio_is_found_where_a_comparison_of_facilities_misleads():
    held, naive = 0, []
    for seed in range(12):
        rows = occasions(seed, 1.5)
        row = visit_contrast(rows, by="audited", period="month").table.iloc[0]
        held += row["low"] <= 1.5 <= row["high"]
        by = rows.groupby("audited")["findings_count"].mean()
        naive.append(by[1] / by[0])
        if row["low"] > 1:
            assert row["reason"] == MORE
    assert held >= 9
    assert min(naive) > 2


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_audits_that_change_nothing_are_flagged_at_the_level(simulations):
    at_level(
        lambda seed: visit_contrast(occasions(seed), by="audited", period="month").table["reason"].iloc[0] != "",
        simulations,
    )


def test_of_two_occasions_each_the_ratio_is_that_of_the_sums():
    """Conditional on a facility's total, the ratio is of what all recorded on one kind against the other."""
    rows = pd.DataFrame(
        {"plant": list("aabbccdd"), "kind": ["routine", "directed"] * 4, "found": [2, 5, 1, 2, 4, 9, 3, 2]}
    )
    fit = visit_contrast(rows, by="kind", facility="plant", found="found")
    assert (fit.reference, fit.both) == ("routine", 4)
    assert fit.table["estimate"].tolist() == pytest.approx([18 / 10])
    assert "directed against routine" in fit.table["quantity"][0]
    turned = visit_contrast(rows, by="kind", facility="plant", found="found", reference="directed")
    assert turned.table["estimate"].tolist() == pytest.approx([10 / 18])
    hours = visit_contrast(rows.assign(hours=[1, 2] * 4), by="kind", facility="plant", found="found", effort="hours")
    assert hours.table["estimate"].tolist() == pytest.approx([18 / 10 / 2])


def test_kinds_may_be_numbers_truths_or_words_and_several():
    rows = occasions(0, 1.6)
    ways = [rows, rows.assign(audited=rows["audited"] == 1), rows.assign(audited=rows["audited"].astype(float))]
    ways.append(rows.assign(audited=rows["audited"].map({0: "no", 1: "yes"})))
    ratios = [visit_contrast(way, by="audited").table["estimate"].iloc[0] for way in ways]
    assert ratios == pytest.approx([ratios[0]] * 4)
    rng = np.random.default_rng(0)
    three = rows.assign(kind=rng.choice(["routine", "directed", "complaint"], len(rows)))
    assert len(visit_contrast(three, by="kind", part="directed").table) == 2


def test_fewer_recorded_reads_so():
    row = visit_contrast(occasions(1, 0.4), by="audited").table.iloc[0]
    assert row["high"] < 1
    assert row["reason"] == FEWER


def test_what_cannot_be_compared_is_said():
    rows = occasions(0)
    with pytest.raises(NotEstimable, match="every occasion is '0'"):
        visit_contrast(rows.assign(audited=0), by="audited")
    with pytest.raises(NotEstimable, match="facilities were seen both ways"):
        visit_contrast(rows.assign(audited=(rows["facility_id"] % 2)), by="audited")
    with pytest.raises(BadParameter, match="no occasion is of the kind"):
        visit_contrast(rows, by="audited", reference="often")
    dropped = rows.assign(hours=1.0)
    dropped.loc[5, "hours"] = 0.0
    fit = visit_contrast(dropped, by="audited", effort="hours")
    assert fit.dropped.loc[fit.dropped["row"] == 5, "reason"].tolist() == ["hours is 0: nothing was looked at"]
