"""British welfare audits on the map, and American avian influenza in space and time: what gathers, and what that shows.

Expected counts, windows and members are compared with plain pandas; what was found is checked for what it can be.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyproj import Geod

from tests.real.clusters import influenza_flocks, welfare_items
from welfare.patterns.autocorrelation.moran import autocorrelation
from welfare.patterns.scan.clusters import Scan, scan

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def items(shared: Path) -> pd.DataFrame:
    return welfare_items(shared)


@pytest.fixture(scope="module")
def flocks(shared: Path) -> pd.DataFrame:
    return influenza_flocks(shared)


def km_from(row: pd.Series, df: pd.DataFrame) -> np.ndarray:
    far = Geod(ellps="WGS84").inv([row["x"]] * len(df), [row["y"]] * len(df), df["x"].to_numpy(), df["y"].to_numpy())[2]
    return np.asarray(far) / 1000


def audits(items: pd.DataFrame, model: str) -> Scan:
    return scan(items["found_count"], items["item_count"], items["x"], items["y"], geographic=True, model=model)


def test_half_of_the_british_plants_with_welfare_items_cannot_be_placed(items: pd.DataFrame) -> None:
    """The list of approved establishments gives no coordinates for them: which half is told, not guessed."""
    found = audits(items, "poisson")
    assert len(found.dropped) == items["x"].isna().sum()
    assert len(items) == len(found.dropped) + len(found.places)
    assert set(found.dropped["reason"]) == {"missing coordinates"}
    assert f"with {items.loc[items['x'].isna(), 'found_count'].sum():,} cases" in found.text
    assert 0.4 < items["x"].isna().mean() < 0.6


def test_what_gathers_among_them_is_what_pandas_adds_up(items: pd.DataFrame) -> None:
    found = audits(items, "poisson")
    row, known = found.table.iloc[0], items.dropna(subset=["x"])
    apart = pd.Series(km_from(row, known), index=known.index)
    inside = known.loc[row["members"]]
    assert apart[row["members"]].max() == pytest.approx(row["radius"])
    assert set(apart.index[apart <= row["radius"] * (1 + 1e-9)]) == set(row["members"])
    assert row["observed"] == inside["found_count"].sum()
    rate = known["found_count"].sum() / known["item_count"].sum()
    assert row["expected"] == pytest.approx(rate * inside["item_count"].sum())


def test_plants_that_differ_explain_what_independent_items_do_not(items: pd.DataFrame) -> None:
    """Items of one audit have one auditor and one day. Allowing for plants that differ, no cluster was shown."""
    as_independent, as_they_differ = audits(items, "poisson"), audits(items, "negative_binomial")
    assert as_independent.table["p_value"][0] < 0.05
    assert as_they_differ.table["p_value"][0] > 0.1
    assert as_independent.table["members"][0] == as_they_differ.table["members"][0]
    assert "no cluster was shown" in as_they_differ.text
    each = (items["found_count"] / items["item_count"])[items["x"].notna()]
    assert as_they_differ.dispersion > 1.2
    assert each.gt(0).mean() > 0.4  # they are spread over most plants, not heaped on a few


def test_no_single_british_plant_stands_out_among_its_neighbours(items: pd.DataFrame) -> None:
    found = autocorrelation(
        items["found_count"], items["x"], items["y"], population=items["item_count"], geographic=True
    )
    assert not found.table["flagged"].any()
    assert found.statistic < 0.25
    assert len(found.table) == items["x"].notna().sum()


def test_every_confirmed_flock_is_counted_once(flocks: pd.DataFrame, shared: Path) -> None:
    file = pd.read_csv(shared / "data/us/aphis/hpai_confirmed_flocks_2022-2026.expected.csv")
    assert flocks["flock_count"].sum() == len(file)
    assert flocks["x"].isna().mean() < 0.01


@pytest.fixture(scope="module")
def outbreaks(flocks: pd.DataFrame) -> Scan:
    return scan(
        flocks["flock_count"],
        None,
        flocks["x"],
        flocks["y"],
        time=flocks["month"],
        geographic=True,
        model="permutation",
        max_duration=6,
        max_radius=300,
        replicates=99,
    )


def test_influenza_gathers_in_places_and_months_together(outbreaks: Scan, flocks: pd.DataFrame) -> None:
    """That winters are worse everywhere, and some counties always, is allowed for: still it comes in local waves."""
    table = outbreaks.table
    assert table["p_value"][0] == 0.01
    assert (table["p_value"] <= 0.05).sum() > 5
    assert (table["radius"] <= 300.1).all()
    lasts = (table["end"].dt.to_period("M") - table["start"].dt.to_period("M")).map(lambda months: months.n + 1)
    assert lasts.between(1, 6).all()


def test_expected_flocks_are_those_of_county_and_month(outbreaks: Scan, flocks: pd.DataFrame) -> None:
    known = flocks.dropna(subset=["x"])
    total = known["flock_count"].sum()
    by_county, by_month = known.groupby(["x", "y"])["flock_count"].sum(), known.groupby("month")["flock_count"].sum()
    for _, row in outbreaks.table.head(5).iterrows():
        county = by_county.index.to_frame(index=False)
        near = km_from(row, county) <= row["radius"] + 1e-6
        during = by_month[(by_month.index >= row["start"]) & (by_month.index <= row["end"])].sum()
        assert row["expected"] == pytest.approx(by_county.to_numpy()[near].sum() * during / total, rel=1e-6)
        inside = known.loc[row["members"]]
        assert row["observed"] == inside["flock_count"].sum()
        assert inside["month"].between(row["start"], row["end"]).all()


def test_with_months_shuffled_among_flocks_no_wave_is_left(flocks: pd.DataFrame) -> None:
    known = flocks.dropna(subset=["x"])
    each = known.loc[known.index.repeat(known["flock_count"])]
    month = each["month"].sample(frac=1, random_state=1).to_numpy()
    found = scan(
        [1] * len(each),
        None,
        each["x"].to_numpy(),
        each["y"].to_numpy(),
        time=month,
        geographic=True,
        model="permutation",
        max_duration=6,
        max_radius=300,
        replicates=19,
    )
    assert found.table["p_value"][0] > 0.05
