"""Scottish salmon cages: density goes with more deaths in the raw figures and with fewer in the adjusted ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import welfare as wf
from tests.real.frames import salmon_cages
from tests.real.stored import agree, ratio, stored

pytestmark = pytest.mark.real

FARMS = {f"farmFarm {letter}": f"C(farm)[T.Farm {letter}]" for letter in "BCDEFGH"}
ADJUSTED = "age + temperature + C(farm)"


@pytest.fixture(scope="module")
def cages(shared: Path) -> pd.DataFrame:
    return salmon_cages(shared)


@pytest.fixture(scope="module")
def later(cages: pd.DataFrame) -> pd.DataFrame:
    return cages.dropna(subset=["density_earlier"])


def test_a_row_is_a_cage_and_week_with_its_mortality_and_density(cages: pd.DataFrame) -> None:
    assert (len(cages), cages["cage"].nunique(), cages["farm"].nunique()) == (4155, 87, 8)
    assert not cages.duplicated(["cage", "week"]).any()
    assert (cages["mortality"] > 0).all()


@pytest.mark.parametrize(
    ("model", "formula"),
    [
        ("raw", "mortality ~ density"),
        ("age", "mortality ~ density + age"),
        ("adjusted", f"mortality ~ density + {ADJUSTED}"),
    ],
)
def test_raw_and_adjusted_agree_with_r(cages: pd.DataFrame, model: str, formula: str) -> None:
    agree(wf.count_model(formula, cages, cluster="cage"), "salmon", model, **FARMS)


def test_the_signs_are_opposite_and_the_age_of_the_fish_alone_turns_it() -> None:
    raw, age, adjusted = (ratio("salmon", model, "density") for model in ("raw", "age", "adjusted"))
    assert [round(value, 2) for value in raw] == [1.06, 0.98, 1.14]
    assert [round(value, 2) for value in age] == [0.71, 0.64, 0.79]
    assert [round(value, 2) for value in adjusted] == [0.70, 0.62, 0.79]
    # The mean is ruled by a few weeks of mass death; the usual week, on the logarithm, says the same beyond chance.
    assert ratio("salmon", "log raw", "density")[1] > 1.18
    assert ratio("salmon", "log adjusted", "density")[2] < 0.87


def test_age_goes_with_both_density_and_mortality(cages: pd.DataFrame) -> None:
    ranks = cages[["age", "density", "mortality"]].corr("spearman")
    assert ranks.loc["age", "density"] == pytest.approx(0.77, abs=0.005)
    assert ranks.loc["age", "mortality"] == pytest.approx(0.44, abs=0.005)
    assert ranks.loc["density", "mortality"] == pytest.approx(0.23, abs=0.005)


def test_at_each_age_denser_cages_have_the_lower_mortality() -> None:
    for first in (0, 3, 6, 9, 12):
        assert ratio("salmon", f"age {first} to {first + 3}", "density")[2] < 0.96


def test_the_density_of_eight_weeks_before_goes_with_more_deaths_adjusted_too(later: pd.DataFrame) -> None:
    """Deaths and thinning lower this week's density: the density before they happened has the other sign."""
    for formula, model in (
        ("mortality ~ density_earlier", "raw, 8 weeks before"),
        (f"mortality ~ density_earlier + {ADJUSTED}", "adjusted, 8 weeks before"),
        (f"mortality ~ density + {ADJUSTED}", "adjusted, weeks with an earlier density"),
    ):
        agree(wf.count_model(formula, later, cluster="cage"), "salmon", model, **FARMS)
    before = ratio("salmon", "adjusted, 8 weeks before", "density_earlier")
    now = ratio("salmon", "adjusted, weeks with an earlier density", "density")
    assert [round(value, 2) for value in before] == [1.52, 1.34, 1.73]
    assert [round(value, 2) for value in now] == [0.80, 0.71, 0.90]


def test_density_falls_after_a_week_of_many_deaths(cages: pd.DataFrame) -> None:
    cages = cages.sort_values(["cage", "week"])
    change = cages.groupby("cage")["density"].shift(-1) - cages["density"]
    many = cages["mortality"] > 0.01
    assert change[cages["mortality"] < 0.001].mean() == pytest.approx(0.069, abs=0.0005)
    assert change[many].mean() == pytest.approx(-0.151, abs=0.0005)


def test_within_cage_and_month_the_adjusted_sign_stays(cages: pd.DataFrame) -> None:
    fit = wf.count_model("mortality ~ density + C(cage) + C(month)", cages, cluster="cage")
    row = fit.table.set_index("term").loc["density"]
    r = stored("salmon", "cage and month all dummies", "density")
    assert row["estimate"] == pytest.approx(r["estimate"], rel=1e-8)
    assert row["std_error"] == pytest.approx(r["std_error"], rel=1e-6)
    assert ratio("salmon", "cage and month", "density")[2] < 0.88
