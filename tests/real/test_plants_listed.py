"""American plants listed in 2018 and no longer later: closure between two dates, and what two lists cannot tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from tests.real.durations import plants_listed

pytestmark = pytest.mark.real

_FILE = Path(__file__).resolve().parents[1] / "referee" / "r" / "duration_real.csv"


@pytest.fixture(scope="module")
def plants(shared: Path) -> pd.DataFrame:
    return plants_listed(shared)


def test_the_first_directory_is_newer_than_its_name(shared: Path) -> None:
    """Filed under 2017, it lists grants up to 2018-06-21: time runs from then, at the earliest."""
    raw = wf.read(shared / "data/us/fsis/mpi_directory_2017.csv").raw
    assert pd.to_datetime(raw["grant_date"]).max() == pd.Timestamp("2018-06-21")


def test_a_fifth_was_gone_after_six_years(plants: pd.DataFrame) -> None:
    gone = int((plants["listed_2024"] == 0).sum())
    assert (len(plants), gone) == (6287, 1283)
    share = wf.proportion(gone, len(plants)).table.iloc[0]
    assert (share[["proportion", "low", "high"]] * 100).round(1).tolist() == [20.4, 19.4, 21.4]
    # When within the six years nobody can say: a rate by year supposes that it was the same throughout.
    years = (pd.Timestamp("2024-09-15") - pd.Timestamp("2018-06-21")).days / 365.25
    yearly = -np.log(1 - share[["proportion", "low", "high"]].to_numpy(dtype=float)) / years
    assert (100 * yearly).round(1).tolist() == [3.7, 3.5, 3.9]


def test_some_come_back_so_not_listed_is_not_closed(plants: pd.DataFrame) -> None:
    back = plants[(plants["listed_2024"] == 0) & (plants["listed_2025"] == 1)]
    assert len(back) == 14


def test_slaughter_plants_go_less_often_and_the_ratio_is_that_of_rs_complementary_log_log_model(
    plants: pd.DataFrame,
) -> None:
    """With one condition of two values the estimate of grouped time is exact: the ratio of the logs of what is left."""
    left = plants.groupby("slaughters")["listed_2024"].agg(["sum", "size"])
    share = left["sum"] / left["size"]
    ratio = np.log(share[1]) / np.log(share[0])
    # Its error by the delta method: the variance of log(-log s) is (1 - s) / (n s log(s)^2).
    error = np.sqrt(((1 - share) / (left["size"] * share * np.log(share) ** 2)).sum())
    r = pd.read_csv(_FILE).set_index(["model", "term"]).loc[("cloglog first interval", "slaughters")]
    assert np.log(ratio) == pytest.approx(r["estimate"], rel=1e-9)
    assert error == pytest.approx(r["std_error"], rel=1e-7)
    ends = np.exp(np.log(ratio) + 1.959963984540054 * error * np.array([0, -1, 1]))
    assert ends.round(2).tolist() == [0.66, 0.56, 0.78]
