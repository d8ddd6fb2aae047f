"""Danish herds: how long from one welfare focus area to the next, against R, and what the calendar does to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.real.durations import focus_area_days, focus_area_spells
from welfare.stats.duration.competing import cumulative_incidence
from welfare.stats.duration.kaplan_meier import survival
from welfare.stats.duration.model import duration

pytestmark = pytest.mark.real

_FILE = Path(__file__).resolve().parents[1] / "referee" / "r" / "duration_real.csv"


@pytest.fixture(scope="module")
def by_r() -> pd.DataFrame:
    return pd.read_csv(_FILE, dtype={"term": str}).set_index(["study", "model"]).loc["focus areas"].sort_index()


@pytest.fixture(scope="module")
def spells(shared: Path) -> pd.DataFrame:
    return focus_area_spells(shared).table


@pytest.fixture(scope="module")
def herds(shared: Path) -> pd.DataFrame:
    return focus_area_spells(shared, clock="unit").table


def test_a_row_is_a_herd_and_day(shared: Path, spells: pd.DataFrame) -> None:
    days = focus_area_days(shared)
    assert (len(days), days["herd"].nunique(), days["areas"].sum()) == (27200, 6966, 29726)
    made = focus_area_spells(shared)
    # Each day but a herd's first is an event, and each opens a spell but the one on the last day of the file.
    assert (len(spells), spells["event"].sum(), made.units) == (len(days) - 1, len(days) - 6966, 6966)
    assert made.dropped.empty
    assert "are not seen" in made.text


SUBSETS = {
    "all": lambda df: df,
    "cattle": lambda df: df[df["species"] == "cattle"],
    "pig": lambda df: df[df["species"] == "pig"],
    "tail biting": lambda df: df[df["theme"] == "tail biting"],
    "shoulder sores": lambda df: df[df["theme"] == "shoulder sores"],
    "mortality": lambda df: df[df["theme"] == "mortality"],
}


@pytest.mark.parametrize("model", SUBSETS)
def test_curves_and_medians_are_those_of_r(model: str, spells: pd.DataFrame, by_r: pd.DataFrame) -> None:
    fit = survival(SUBSETS[model](spells), time="exit", event="event", cluster="holding")
    r = by_r.loc[model].set_index("term")
    found = fit.at([int(term) for term in r.index])
    assert found["survival"].to_numpy() == pytest.approx(r["estimate"].to_numpy(), rel=1e-10)
    assert found["std_error"].to_numpy() == pytest.approx(r["std_error"].to_numpy(), rel=1e-8)
    assert fit.n == r["n"].iloc[0]
    median = by_r.loc[f"{model} median"].set_index("term")["estimate"]
    assert fit.medians.iloc[0][["median", "low", "high"]].tolist() == median.loc[["at", "low", "high"]].tolist()


def test_species_differ_and_the_test_is_that_of_r(spells: pd.DataFrame, by_r: pd.DataFrame) -> None:
    fit = survival(spells, time="exit", event="event", by="species", cluster="holding")
    assert fit.chi2 == pytest.approx(by_r.loc["log-rank robust", "estimate"].item(), rel=1e-9)
    # Half of the pig herds have the next within 208 days, half of the cattle herds within 422.
    assert fit.medians.set_index("group")["median"].to_dict() == {"cattle": 422, "pig": 208}


MODELS = {
    "andersen-gill": ("herds", {"time": "exit", "entry": "entry", "cluster": "holding"}),
    "pwp total": ("herds", {"time": "exit", "entry": "entry", "cluster": "holding", "strata": "number"}),
    "pwp gap": ("spells", {"time": "exit", "cluster": "holding", "strata": "number"}),
}


@pytest.mark.parametrize("model", MODELS)
def test_hazard_ratios_are_those_of_r(
    model: str, spells: pd.DataFrame, herds: pd.DataFrame, by_r: pd.DataFrame
) -> None:
    which, options = MODELS[model]
    rows = {"herds": herds, "spells": spells}[which]
    ordered = pd.Categorical(rows["theme"], ["other", *sorted(set(rows["theme"]) - {"other"})])
    fit = duration("event ~ species + theme", rows.assign(theme=ordered), **options)
    table = fit.table.set_index("term")
    for term, row in by_r.loc[model].set_index("term").iterrows():
        if term == "concordance":
            assert fit.concordance == pytest.approx(row["estimate"], rel=1e-10)
            continue
        name = (
            term.replace("species", "species[T.", 1)
            if term.startswith("species")
            else term.replace("theme", "theme[T.", 1)
        )
        ours = table.loc[f"{name}]"]
        assert ours["estimate"] == pytest.approx(row["estimate"], rel=1e-7, abs=1e-9)
        assert ours["std_error"] == pytest.approx(row["std_error"], rel=1e-7)
    assert fit.n == by_r.loc[model, "n"].iloc[0]


def test_shoulder_sores_and_hernia_are_followed_sooner_and_pigs_twice_as_soon(by_r: pd.DataFrame) -> None:
    ratios = np.exp(by_r.loc["andersen-gill"].set_index("term")["estimate"]).round(2)
    assert ratios[["speciespig", "themeshoulder sores", "themehernia", "themetail biting"]].tolist() == [
        1.95,
        1.39,
        1.28,
        1.26,
    ]
    # Given how many focus areas a herd has had, the ratios shrink: part of them was that some herds have many.
    given = np.exp(by_r.loc["pwp total"].set_index("term")["estimate"]).round(2)
    assert given[["speciespig", "themeshoulder sores"]].tolist() == [1.58, 1.21]


def test_the_same_again_is_likelier_than_another(spells: pd.DataFrame, by_r: pd.DataFrame) -> None:
    fit = cumulative_incidence(spells, time="exit", event="cause")
    found = fit.at([182, 365, 730]).set_index("cause")["incidence"]
    for kind in ("again", "new"):
        assert found[kind].tolist() == pytest.approx(by_r.loc[f"share {kind}", "estimate"].tolist(), rel=1e-10)
    assert found["again"].round(2).tolist() == [0.19, 0.37, 0.44]
    # Taking the other kind for censoring would have it that nearly all come to the same again.
    against = fit.one_minus_survival.set_index("cause").loc["again"]
    assert against["one_minus_survival"] > 1.3 * against["incidence"]


def test_more_than_half_of_the_next_come_half_a_year_later_by_the_calendar_of_visits(spells: pd.DataFrame) -> None:
    """Focus areas are agreed at visits, and visits are due twice a year: the time to the next is theirs."""
    ended = spells.loc[spells["event"] == 1, "exit"]
    assert ended.between(150, 220).mean() == pytest.approx(0.53, abs=0.005)
    assert ended.value_counts().index[:3].tolist() == [182, 175, 168]  # 26, 25 and 24 weeks


def test_the_ratio_of_species_is_no_one_number(herds: pd.DataFrame) -> None:
    fit = duration("event ~ species + theme", herds, time="exit", entry="entry", cluster="holding")
    checks = fit.check().set_index("check")
    assert checks.loc["proportional hazards", "verdict"] == "look closer"
    assert checks.loc["proportional hazards", "at"] == "species"
