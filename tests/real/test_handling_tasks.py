"""American humane-handling tasks: noncompliance records per task, plant by plant."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import welfare as wf
from tests.real.frames import handling_tasks
from tests.real.stored import agree, ratio, stored

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def plants(shared: Path) -> pd.DataFrame:
    return handling_tasks(shared)


def test_the_counts_are_those_of_the_file(plants: pd.DataFrame) -> None:
    assert (len(plants), plants["tasks"].sum(), plants["findings"].sum()) == (1042, 193_594, 788)
    assert (plants["findings"] == 0).sum() == 682
    assert plants["volume"].isna().sum() == 51


def test_the_rate_and_its_exact_interval(plants: pd.DataFrame) -> None:
    found = wf.rate(plants["findings"].sum(), plants["tasks"].sum(), per=1000).table.iloc[0]
    # 788 / 193.594, and Garwood's limits by R's qchisq: qchisq(.025, 1576) / 2, qchisq(.975, 1578) / 2.
    assert found[["rate", "low", "high"]].tolist() == pytest.approx(
        [4.070374081841379, 3.791100860199182, 4.364777092086204], rel=1e-9
    )


def test_poisson_rates_agree_with_r_and_leave_four_times_the_variance(plants: pd.DataFrame) -> None:
    trusting = wf.count_model("findings ~ 1", plants, exposure="tasks", errors="model")
    r = stored("handling", "rate", "(Intercept)")
    assert trusting.table["estimate"].item() == pytest.approx(r["estimate"], rel=1e-8)
    assert trusting.table["std_error"].item() == pytest.approx(r["std_error"], rel=1e-6)
    assert trusting.dispersion == pytest.approx(stored("handling", "rate", "dispersion")["estimate"], rel=1e-8)
    assert trusting.dispersion == pytest.approx(3.92, abs=0.005)
    agree(wf.count_model("findings ~ 1", plants, exposure="tasks"), "handling", "rate, robust")


def test_the_negative_binomial_agrees_with_r(plants: pd.DataFrame) -> None:
    fit = wf.count_model("findings ~ 1", plants, exposure="tasks", family="negative_binomial", errors="model")
    r = stored("handling", "rate, negative binomial", "(Intercept)")
    # glm.nb alternates between theta and the mean and stops at 1e-8 of the deviance.
    assert fit.theta == pytest.approx(stored("handling", "rate, negative binomial", "theta")["estimate"], rel=1e-5)
    assert fit.table["estimate"].item() == pytest.approx(r["estimate"], rel=1e-6)
    assert fit.table["std_error"].item() == pytest.approx(r["std_error"], rel=1e-5)


def test_plants_that_slaughter_most_have_fewer_records_per_task(plants: pd.DataFrame) -> None:
    known = plants.dropna(subset=["volume"])
    names = {f"volume{level}": f"volume[T.{level}]" for level in (2, 3, 4)}
    agree(wf.count_model("findings ~ volume", known, exposure="tasks"), "handling", "volume", **names)
    assert [round(value, 2) for value in ratio("handling", "volume", "volume4")] == [0.36, 0.23, 0.56]


def test_records_rise_with_about_the_root_of_the_tasks_so_a_rate_per_task_is_no_rate_of_harm(
    plants: pd.DataFrame,
) -> None:
    fit = wf.count_model("findings ~ np.log(tasks)", plants)
    agree(fit, "handling", "tasks", **{"log(tasks)": "np.log(tasks)"})
    power = stored("handling", "tasks", "log(tasks)")
    assert power["estimate"] == pytest.approx(0.507, abs=0.0005)
    assert power["estimate"] + 3 * power["std_error"] < 1
