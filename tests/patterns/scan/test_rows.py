"""What the rows of a scan may be: in any order, under any labels, of any dtype, however large their numbers."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from welfare.errors import BadParameter, BadValue
from welfare.patterns.scan.clusters import Scan, scan

PLACES, YEARS = 12, np.arange(2015, 2021)


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    at = pd.DataFrame(rng.uniform(0, 9, (PLACES, 2)), columns=["x", "y"])
    df = at.loc[np.repeat(np.arange(PLACES), len(YEARS))].reset_index(drop=True)
    return df.assign(time=np.tile(YEARS, PLACES), people=rng.integers(50, 200, len(df)), cases=rng.poisson(5, len(df)))


def searched(df: pd.DataFrame, *, time: Any = None, **how: Any) -> Scan:
    return scan(df["cases"], df["people"], df["x"], df["y"], time=time, replicates=39, **how)


def found(answer: Scan) -> list[tuple[Any, ...]]:
    """Return what was found but for the centre: of those with the same circle the first row's is named."""
    table = answer.table
    return [(round(row["llr"], 9), row["observed"], row["p_value"], set(row["members"])) for _, row in table.iterrows()]


@pytest.mark.parametrize(
    "how", [{}, {"model": "negative_binomial"}, {"model": "normal"}, {"model": "exponential"}, {"shape": "ellipse"}]
)
def test_the_order_of_rows_changes_nothing(how: dict[str, Any]) -> None:
    df = rows().iloc[:: len(YEARS)]
    mixed = df.sample(frac=1, random_state=1)
    assert found(searched(df, **how)) == found(searched(mixed, **how))


@pytest.mark.parametrize("model", ["poisson", "permutation", "expectation"])
def test_the_order_of_rows_changes_nothing_in_time_either(model: str) -> None:
    df = rows()
    mixed = df.sample(frac=1, random_state=1)
    one, other = (searched(rows, time=rows["time"], model=model) for rows in (df, mixed))
    assert found(one) == found(other)


@pytest.mark.parametrize(
    "as_given",
    [
        lambda years: years.tolist(),
        lambda years: [str(year) for year in years],
        lambda years: [datetime.date(year, 1, 1) for year in years],
        lambda years: pd.PeriodIndex([str(year) for year in years], freq="Y"),
        lambda years: pd.to_datetime([f"{year}-01-01" for year in years]).tz_localize("US/Eastern"),
        lambda years: pd.Series(years).astype("category"),
        lambda years: pd.Series(pd.to_datetime([f"{year}-01-01" for year in years])).astype("timestamp[ns][pyarrow]"),
    ],
)
def test_years_are_years_however_they_are_written(as_given: Any) -> None:
    df = rows()
    plain, given = searched(df, time=df["time"]).table, searched(df, time=as_given(df["time"].to_numpy())).table
    assert given["llr"].to_numpy() == pytest.approx(plain["llr"].to_numpy())
    for side in ("start", "end"):
        assert pd.Series(given[side]).map(lambda label: getattr(label, "year", label)).tolist() == plain[side].tolist()


@pytest.mark.parametrize(
    "labels",
    [["a"] * PLACES, pd.date_range("2020", periods=PLACES), pd.MultiIndex.from_product([[1, 2, 3], list("pqrs")])],
)
def test_any_labels_do_and_members_are_named_by_them(labels: Any) -> None:
    df = rows().iloc[:: len(YEARS)].reset_index(drop=True)
    plain, labelled = searched(df).table, searched(df.set_axis(pd.Index(labels))).table
    named = pd.Index(labels)
    assert labelled["members"].tolist() == [[named[at] for at in members] for members in plain["members"]]
    assert labelled["p_value"].tolist() == plain["p_value"].tolist()


def test_what_no_distance_can_be_computed_from_is_refused() -> None:
    df = rows()
    with pytest.raises(BadValue, match="x or y is beyond"):
        searched(df.assign(x=df["x"] * 1e200))


def test_more_cases_than_can_be_shuffled_are_refused() -> None:
    df = rows()
    with pytest.raises(BadParameter, match="too many to shuffle"):
        searched(df.assign(cases=df["cases"] * 10**7), time=df["time"], model="permutation")


@pytest.mark.slow
def test_a_thousand_million_cases_a_row_are_counted_right() -> None:
    df = rows()
    many = searched(df.assign(cases=df["cases"] * 10**9, people=df["people"] * 10**10), time=df["time"])
    few = searched(df, time=df["time"]).table.iloc[0]
    first = many.table.iloc[0]
    # The ratio of so many times the cases in the same window is so many times as high.
    assert first["llr"] == pytest.approx(few["llr"] * 1e9, rel=1e-6)
    assert first["members"] == few["members"]
    assert first["p_value"] == 1 / 40


def test_on_the_globe_the_largest_radius_and_the_radius_are_lengths_along_the_surface() -> None:
    """On the equator a degree is 111.3195 km; a straight line under 17.9 of them is 8 km shorter."""
    lon = [0.0, 17.9, -18.1, 60, 90, 120, 150]
    many = scan([9, 9, 9, 1, 1, 1, 1], [10] * 7, lon, [0.0] * 7, geographic=True, max_radius=2000, replicates=19)
    first = many.table.iloc[0]
    assert first["members"] == [0, 1]
    assert first["radius"] == pytest.approx(17.9 * 111.3195, rel=1e-5)


def test_a_period_without_exposure_begins_no_cluster() -> None:
    cases, people = [1, 1, 0, 9, 1, 1, 1, 1] + [1, 1, 0, 1, 1, 1, 1, 1] * 2, [10, 10, 0, 10, 10, 10, 10, 10] * 3
    when, at = list(range(2001, 2009)) * 3, np.repeat([0.0, 1, 2], 8)
    first = scan(cases, people, at, at, time=when, replicates=19).table.iloc[0]
    assert (first["start"], first["end"]) == (2004, 2004)
