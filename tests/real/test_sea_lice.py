"""British Columbia: the lice that an industry reports in months when the agency audits the farm.

Godwin et al. 2021 (Ecological Applications 31: e02226) fit a Bayesian population-dynamics model to the counts of 2011
to 2016 and report 1.18 (1.06-1.31) for L. salmonis and 1.95 (1.57-2.42) for Caligus clemensi.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import welfare as wf
from tests.real.frames import lice_counts, lice_months
from tests.real.stored import ratio, stored

pytestmark = pytest.mark.real

DUMMIES = "audited + C(farm) + C(month)"


@pytest.fixture(scope="module")
def months(shared: Path) -> pd.DataFrame:
    return lice_months(shared)


@pytest.fixture(scope="module")
def counts(shared: Path) -> pd.DataFrame:
    return lice_counts(shared)


def same_as_r(formula: str, df: pd.DataFrame, model: str) -> None:
    row = wf.count_model(formula, df, cluster="farm").table.set_index("term").loc["audited"]
    r = stored("lice", f"{model} all dummies", "audited")
    assert row["estimate"] == pytest.approx(r["estimate"], rel=1e-8)
    assert row["std_error"] == pytest.approx(r["std_error"], rel=1e-6)


def test_a_row_is_a_farm_and_month_of_counts(months: pd.DataFrame, counts: pd.DataFrame) -> None:
    assert (len(counts), len(months), months["farm"].nunique(), months["month"].nunique()) == (14_258, 3110, 91, 72)
    assert (months["audited"].sum(), months.loc[months["audited"] == 1, "farm"].nunique()) == (233, 71)
    assert not months.duplicated(["farm", "month"]).any()


def test_the_figures_of_farm_months_to_the_printed_digits() -> None:
    """PPML with effects of farm and month, CR1 by farm as fixest counts, and normal quantiles."""
    figures = [ratio("lice", f"{lice} months 2011-2016", "audited") for lice in ("motiles", "caligus")]
    printed = [tuple(f"{value:.3f}" for value in figure) for figure in figures]
    assert printed == [("1.094", "0.919", "1.303"), ("1.698", "1.147", "2.513")]
    assert "G = 91, k = 73" in stored("lice", "motiles months 2011-2016", "audited")["note"]


@pytest.mark.parametrize("lice", ["motiles", "caligus"])
def test_farm_months_agree_with_r(months: pd.DataFrame, lice: str) -> None:
    same_as_r(f"{lice} ~ {DUMMIES}", months, f"{lice} months 2011-2016")


@pytest.mark.slow
@pytest.mark.parametrize("lice", ["motiles", "caligus"])
@pytest.mark.parametrize("last", [2016, 2020])
def test_unaveraged_rows_agree_with_r(counts: pd.DataFrame, lice: str, last: int) -> None:
    same_as_r(f"{lice} ~ {DUMMIES}", counts[counts["year"] <= last], f"{lice} rows 2011-{last}")


def test_unaveraged_rows_give_the_published_figure_of_one_louse_alone_and_over_other_years() -> None:
    """1.18 comes of rows to 2020; of the published years they give 1.08, and of the other louse 1.19, not 1.95."""
    rows = {
        (lice, last): round(ratio("lice", f"{lice} rows 2011-{last}", "audited")[0], 2)
        for lice in ("motiles", "caligus")
        for last in (2016, 2020)
    }
    assert rows == {("motiles", 2016): 1.08, ("motiles", 2020): 1.18, ("caligus", 2016): 1.62, ("caligus", 2020): 1.19}


def test_rows_weigh_a_month_by_its_counts_of_which_audited_and_later_months_have_more(
    months: pd.DataFrame, counts: pd.DataFrame
) -> None:
    often = months.groupby("audited")["counts"].mean()
    assert often.tolist() == pytest.approx([1.551, 2.0], abs=0.0005)
    by_year = counts.groupby("year").size() / counts.drop_duplicates(["farm", "month"]).groupby("year").size()
    assert by_year[[2011, 2016, 2019]].tolist() == pytest.approx([1.48, 1.86, 2.67], abs=0.005)


def test_given_the_month_before_the_figure_of_motiles_rises_and_that_of_caligus_does_not() -> None:
    """The published model follows a population from month to month; lagging the counts goes some of that way."""
    given = [ratio("lice", f"{lice} months, given the month before", "audited")[0] for lice in ("motiles", "caligus")]
    same_rows = [ratio("lice", f"{lice} months with one before", "audited")[0] for lice in ("motiles", "caligus")]
    assert [round(value, 2) for value in given] == [1.23, 1.58]
    assert [round(value, 2) for value in same_rows] == [1.12, 1.73]


def test_random_instead_of_fixed_effects_change_little() -> None:
    for lice in ("motiles", "caligus"):
        mixed, fixed = (stored("lice", f"{lice} months 2011-2016{kind}", "audited") for kind in (", mixed", ""))
        assert mixed["estimate"] == pytest.approx(fixed["estimate"], abs=0.01)
