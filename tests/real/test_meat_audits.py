"""British meat establishments: one audit each, so no time to the next; and what can be said of audits that are due."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import welfare as wf
from tests.real.durations import audits
from welfare.errors import NotEstimable
from welfare.stats.duration.model import duration
from welfare.stats.duration.spells import spells

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def last(shared: Path) -> pd.DataFrame:
    return audits(shared)


def test_the_file_holds_one_audit_of_each_establishment(last: pd.DataFrame) -> None:
    """It lists the last full audit: the one before and the one after are in other editions."""
    assert (len(last), last["establishment"].nunique()) == (968, 968)


def test_so_the_time_to_the_next_audit_cannot_be_estimated_and_the_library_says_so(last: pd.DataFrame) -> None:
    made = spells(last, unit="establishment", date="date", until="2017-09-14", keep=["slaughters"])
    assert made.events == 0
    with pytest.raises(NotEstimable, match="no row that can be used ends with the event"):
        duration("event ~ slaughters", made.table, time="exit", entry="entry")


def test_nor_the_time_to_the_next_bad_outcome_since_the_outcome_sets_the_date(last: pd.DataFrame) -> None:
    """The worse the audit, the sooner the next: months until it are a table of the outcome, not a finding."""
    months = last.groupby("outcome")["frequency"].agg(lambda column: sorted(set(column))).to_dict()
    assert months == {
        "Good": [12, 18, 24, 36],
        "Generally Satisfactory": [12],
        "Improvement Necessary": [3],
        "Urgent Improvement Necessary": [2],
    }
    # Whoever was judged badly is seen again within months, and then leaves the file for the new audit: bad outcomes
    # stand in it for a short while only, and 25 of 968 are not the share of audits that end so.
    assert last["outcome"].isin(["Improvement Necessary", "Urgent Improvement Necessary"]).sum() == 25


def test_few_are_overdue_among_those_listed(last: pd.DataFrame) -> None:
    """An audit is due within a month; the file was made on or after 2017-09-14, the day of its last audit."""
    made = last["date"].max()
    assert made == pd.Timestamp("2017-09-14")
    overdue = last[last["due"] + pd.offsets.MonthEnd(0) < made]
    assert len(overdue) == 6
    share = wf.proportion(len(overdue), len(last)).table.iloc[0]
    assert (share[["proportion", "low", "high"]] * 100).round(1).tolist() == [0.6, 0.3, 1.3]
