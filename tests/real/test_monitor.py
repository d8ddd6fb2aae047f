"""Indian ponds watched month by month for water out of range, and Chilean deaths that nothing can be set against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from tests.real.frames import pond_visits
from welfare.errors import NoDenominator
from welfare.patterns.monitor.charts import monitor

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def months(shared: Path) -> pd.DataFrame:
    """Return one row per pond and month: visits of the routine kind, those out of range, and how many to expect.

    Expected: the pond's visits times the share out of range of all ponds in that month of the year.
    """
    visits = pond_visits(shared)
    visits = visits[visits["follow_up"] == 0]
    visits = visits.assign(of_year=visits["date"].dt.month, period=visits["date"].dt.strftime("%Y-%m"))
    share = visits.groupby("of_year")["out_of_range"].mean()
    rows = visits.groupby(["pond", "period"], as_index=False).agg(
        visits=("out_of_range", "size"), bad=("out_of_range", "sum"), of_year=("of_year", "first")
    )
    return rows.assign(expected=rows["visits"] * rows["of_year"].map(share).to_numpy())


def test_ponds_are_watched_as_a_plain_sum_of_evidence_says(months: pd.DataFrame) -> None:
    ask = {"facility": "pond", "time": "period", "observed": "bad", "trials": "visits", "method": "bernoulli_cusum"}
    found = monitor(months, "expected", **ask)
    table = found.table.set_index("facility_id")
    assert len(table) == months["pond"].nunique()
    for pond in table.index[::12]:
        rows = months[months["pond"] == pond].sort_values("period")
        height, highest, signal = 0.0, 0.0, None
        for row in rows.itertuples():
            share = row.expected / row.visits
            height = max(0.0, height + row.bad * np.log(2) - row.visits * np.log(1 + share))
            highest = max(highest, height)
            if len(rows) >= 3 and signal is None and height >= table.loc[pond, "limit"]:
                signal = row.period
        assert table.loc[pond, "periods"] == len(rows)
        if len(rows) >= 3:
            assert table.loc[pond, "highest"] == pytest.approx(highest, abs=1e-9)
            assert (signal or "") == (table.loc[pond, "signal"] if pd.notna(table.loc[pond, "signal"]) else "")
        else:
            assert table.loc[pond, "status"].startswith("cannot tell")
    watched = table["status"] == "watched"
    figures = (int(watched.sum()), int(table["signal"].notna().sum()), int((table["flagged"] != "").sum()))
    assert figures == PONDS


PONDS = (268, 29, 29)  # watched, signalled, named


def test_deaths_without_the_number_of_fish_are_not_watched(shared: Path) -> None:
    tables = wf.read(shared / "data/cl/sernapesca/salmon_deaths_by_cause_2024-2025.csv")
    assert tables.mortality.empty  # the file counts deaths by week and region, and no fish
    first = tables.area_measures["value"].head(50).to_numpy()
    with pytest.raises(NoDenominator, match="no expected counts"):
        monitor(first)
