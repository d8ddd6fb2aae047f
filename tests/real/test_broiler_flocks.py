"""French broilers: rain and wind, and how the birds were loaded, with the share dead on arrival."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import welfare as wf
from tests.real.frames import broiler_flocks
from tests.real.stored import agree, ratio

pytestmark = pytest.mark.real

LEVELS = {
    "load_type2": "load_type[T.2]",
    "product1": "product[T.1]",
    "evisceration1": "evisceration[T.1]",
    "rain_wind:load_type2": "rain_wind:load_type[T.2]",
}


@pytest.fixture(scope="module")
def flocks(shared: Path) -> pd.DataFrame:
    return broiler_flocks(shared)


def test_no_flock_is_left_out(flocks: pd.DataFrame) -> None:
    assert flocks.shape == (351, 7)
    assert not flocks.isna().any(axis=None)
    assert flocks["dead_on_arrival"].mean() == pytest.approx(0.168, abs=0.0005)
    assert (flocks["dead_on_arrival"] == 0).sum() == 17


@pytest.mark.parametrize(
    ("model", "terms"),
    [
        ("weather alone", "rain_wind"),
        ("loading alone", "load_type"),
        ("crates alone", "crate_density"),
        ("adjusted", "rain_wind + load_type + crate_density + lairage + product + evisceration"),
        ("interaction", "rain_wind * load_type"),
    ],
)
def test_each_model_agrees_with_r(flocks: pd.DataFrame, model: str, terms: str) -> None:
    agree(wf.count_model(f"dead_on_arrival ~ {terms}", flocks), "broilers", model, **LEVELS)


def test_rain_and_wind_and_the_second_way_of_loading_go_with_more_dead() -> None:
    weather, loading = (ratio("broilers", "adjusted", term) for term in ("rain_wind", "load_type2"))
    assert [round(value, 2) for value in weather] == [1.50, 1.16, 1.93]
    assert [round(value, 2) for value in loading] == [2.56, 1.92, 3.41]


def test_fuller_crates_and_longer_lairage_go_with_more_dead() -> None:
    assert [round(value, 3) for value in ratio("broilers", "adjusted", "crate_density")] == [1.029, 1.012, 1.046]
    assert [round(value, 3) for value in ratio("broilers", "adjusted", "lairage")] == [1.069, 1.013, 1.128]


def test_crates_are_emptier_where_the_risk_is_so_adjusting_raises_the_effects(flocks: pd.DataFrame) -> None:
    assert flocks.groupby("rain_wind")["crate_density"].mean().diff().iloc[1] == pytest.approx(-1.40, abs=0.005)
    assert flocks.groupby("load_type")["crate_density"].mean().diff().iloc[1] == pytest.approx(-2.06, abs=0.005)
    for term, alone in (("rain_wind", "weather alone"), ("load_type2", "loading alone")):
        assert ratio("broilers", "adjusted", term)[0] > ratio("broilers", alone, term)[0]


def test_whether_weather_and_loading_make_each_other_worse_the_file_cannot_tell(flocks: pd.DataFrame) -> None:
    assert ((flocks["rain_wind"] == 1) & (flocks["load_type"] == "2")).sum() == 6
    _, low, high = ratio("broilers", "interaction", "rain_wind:load_type2")
    assert low < 0.5 < 1.2 < high
