"""What comes at time 0 counts where nobody entered late: an animal dead on the day it was housed is dead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import welfare as wf


@pytest.fixture
def flocks() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    df = pd.DataFrame({"day": rng.integers(0, 12, 120), "dead": rng.integers(0, 2, 120), "size": rng.normal(size=120)})
    df["pen"] = rng.integers(0, 2, 120)
    df["kind"] = np.where(df["dead"] == 0, "", np.where(rng.random(120) < 0.5, "found", "culled"))
    return df


def test_deaths_on_day_0_are_in_the_curve():
    df = pd.DataFrame({"day": [0, 0, 0, 5, 9], "dead": 1})
    found = wf.survival(df, time="day", event="dead")
    assert found.dropped.empty
    assert found.table["time"].tolist() == [0, 5, 9]
    assert found.table["at_risk"].tolist() == [5, 2, 1]
    np.testing.assert_allclose(found.table["survival"], [0.4, 0.2, 0.0], atol=1e-12)


def test_only_the_order_of_times_matters(flocks):
    later = flocks.assign(day=flocks["day"] + 1)
    one, other = (wf.survival(df, time="day", event="dead", by="pen") for df in (flocks, later))
    np.testing.assert_allclose(one.table["survival"], other.table["survival"])
    assert one.chi2 == pytest.approx(other.chi2)
    one, other = (wf.duration("dead ~ size", df, time="day") for df in (flocks, later))
    np.testing.assert_allclose(one.table[["estimate", "std_error"]], other.table[["estimate", "std_error"]])
    assert one.n == other.n == 120
    one, other = (wf.cumulative_incidence(df, time="day", event="kind") for df in (flocks, later))
    np.testing.assert_allclose(one.table["incidence"], other.table["incidence"])


def test_whoever_enters_at_the_moment_of_the_event_was_not_at_risk(flocks):
    entered = flocks.assign(housed=0)
    found = wf.survival(entered, time="day", event="dead", entry="housed")
    assert len(found.dropped) == int((flocks["day"] == 0).sum()) > 0
    assert set(found.dropped["reason"]) == {"no time at risk"}
