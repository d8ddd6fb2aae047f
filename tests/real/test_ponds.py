"""Indian ponds: fish gulping air and water out of range against stocking density, on visits that trouble prompts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import welfare as wf
from tests.real.frames import pond_visits
from tests.real.stored import agree, ratio, stored

pytestmark = pytest.mark.real

HARMS = ("gulps", "out_of_range", "low_oxygen")


@pytest.fixture(scope="module")
def visits(shared: Path) -> pd.DataFrame:
    return pond_visits(shared)


@pytest.fixture(scope="module")
def days(visits: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pond and day, with how many days later the pond was visited again."""
    days = visits.groupby(["pond", "date"], as_index=False)[["out_of_range", "follow_up"]].max()
    of_pond = days.groupby("pond")
    return days.assign(before=of_pond["out_of_range"].shift(1), next=(of_pond["date"].shift(-1) - days["date"]).dt.days)


def test_a_row_is_a_visit_with_a_density(visits: pd.DataFrame) -> None:
    assert (len(visits), visits["pond"].nunique(), visits["follow_up"].sum()) == (8776, 289, 1008)
    assert [int(visits[harm].sum()) for harm in HARMS] == [69, 1258, 610]
    assert [int(visits[harm].notna().sum()) for harm in HARMS] == [7357, 8776, 5079]


@pytest.mark.parametrize("harm", HARMS)
def test_raw_figures_agree_with_r(visits: pd.DataFrame, harm: str) -> None:
    agree(wf.count_model(f"{harm} ~ doublings", visits, cluster="pond"), "ponds", f"{harm} raw")
    routine = visits[visits["follow_up"] == 0]
    agree(wf.count_model(f"{harm} ~ doublings", routine, cluster="pond"), "ponds", f"{harm} routine")


@pytest.mark.parametrize("harm", HARMS)
def test_figures_within_months_agree_with_r(visits: pd.DataFrame, harm: str) -> None:
    for terms, model in (("doublings", "month"), ("doublings + weight", "month and weight")):
        fit = wf.count_model(f"{harm} ~ {terms} + C(month)", visits, cluster="pond")
        row, r = fit.table.set_index("term").loc["doublings"], stored("ponds", f"{harm} {model}", "doublings")
        # Months nest no pond, so every dummy counts in k both ways.
        assert row["estimate"] == pytest.approx(r["estimate"], rel=1e-7)  # 50 columns, 69 events: condition number
        assert row["std_error"] == pytest.approx(r["std_error"], rel=1e-6)
        assert fit.n == r["n"]


def test_raw_figures_show_nothing() -> None:
    figures = {harm: [round(value, 2) for value in ratio("ponds", f"{harm} raw", "doublings")] for harm in HARMS}
    assert figures == {
        "gulps": [1.06, 0.85, 1.31],
        "out_of_range": [0.94, 0.88, 1.01],
        "low_oxygen": [0.98, 0.89, 1.07],
    }


def test_dense_ponds_hold_small_fish_and_at_the_same_weight_density_goes_with_all_three_harms(
    visits: pd.DataFrame,
) -> None:
    assert visits[["doublings", "weight"]].corr("spearman").iloc[0, 1] == pytest.approx(-0.57, abs=0.005)
    figures = {
        harm: [round(value, 2) for value in ratio("ponds", f"{harm} month and weight", "doublings")] for harm in HARMS
    }
    assert figures == {
        "gulps": [1.40, 1.03, 1.91],
        "out_of_range": [1.24, 1.11, 1.38],
        "low_oxygen": [1.24, 1.10, 1.38],
    }
    for harm in HARMS:  # the same visits without the weight, so it is not the choice of visits
        without = ratio("ponds", f"{harm} weight, same visits without it", "doublings")[0]
        assert 1 < without < 1.1 < ratio("ponds", f"{harm} month and weight", "doublings")[0]


def test_within_a_pond_and_month_low_oxygen_rises_with_density_and_gulping_is_too_rare_to_say() -> None:
    assert [round(v, 2) for v in ratio("ponds", "low_oxygen pond and month", "doublings")] == [1.19, 1.05, 1.36]
    _, low, high = ratio("ponds", "gulps pond and month", "doublings")
    assert low < 0.64 < 1.19 < high


def test_trouble_brings_the_next_visit_sooner(days: pd.DataFrame) -> None:
    """The outcome chooses what is looked at: a follow-up comes after trouble, and days instead of weeks later."""
    assert days.groupby("out_of_range")["next"].median().tolist() == [29, 4]
    assert days.groupby("follow_up")["before"].mean().tolist() == pytest.approx([0.081, 0.941], abs=0.0005)


def test_visits_overstate_how_much_of_the_time_water_is_out_of_range(days: pd.DataFrame) -> None:
    """Each day stands for the days until the next visit, at most 60: the share of time, not of visits."""
    until = days["next"].clip(upper=60)
    share = (days["out_of_range"] * until).sum() / until.sum()
    assert days["out_of_range"].mean() == pytest.approx(0.185, abs=0.0005)
    assert share == pytest.approx(0.089, abs=0.0005)


def test_without_follow_ups_the_ratios_rise_a_little() -> None:
    for harm in HARMS:
        every, routine = (ratio("ponds", f"{harm} {model}", "doublings")[0] for model in ("month", "routine, month"))
        assert 0.01 < routine - every < 0.06


def test_follow_ups_pull_the_ratio_toward_one(days: pd.DataFrame) -> None:
    """Exact: a day of trouble prompts a follow-up with chance f, which finds trouble again with chance q, and so on.

    Where the true shares of two ponds are p and 1.24 p, the shares of visits are p / (1 - f q + p f), and the ratio of
    those is nearer to one, whatever p.
    """
    prompted = days.groupby("pond")["follow_up"].shift(-1)[days["out_of_range"] == 1].mean()
    again = days.loc[days["follow_up"] == 1, "out_of_range"].mean()
    assert (prompted, again) == pytest.approx((0.633, 0.230), abs=0.0005)

    def seen(share: float) -> float:
        return share / (1 - prompted * again + share * prompted)

    assert seen(0.1) > 0.1
    assert seen(0.124) / seen(0.1) == pytest.approx(1.22, abs=0.005)


def test_visits_prompted_by_density_as_well_could_reverse_the_ratio() -> None:
    """Exact: visited once a month, on a quarter of days of trouble, and once a month more where the pond is dense."""

    def seen(share: float, without: float) -> float:
        found, clear = share * (without + 1 / 4), (1 - share) * without
        return found / (found + clear)

    assert seen(0.124, 2 / 30) / seen(0.1, 1 / 30) == pytest.approx(0.83, abs=0.005)


def test_denser_ponds_are_visited_less_often(days: pd.DataFrame, visits: pd.DataFrame) -> None:
    ponds = days.groupby("pond")["date"].agg(["size", "min", "max"])
    ponds = ponds.assign(doublings=visits.groupby("pond")["doublings"].median())[ponds["size"] >= 3]
    months = ((ponds["max"] - ponds["min"]).dt.days / 30.4375).clip(lower=1)
    often = (ponds["size"] / months).corr(ponds["doublings"], "spearman")
    assert (len(ponds), often) == (276, pytest.approx(-0.17, abs=0.005))
