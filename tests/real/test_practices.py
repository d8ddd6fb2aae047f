"""British welfare audits and American injury reports: which practices and words the files can show, and which not."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from welfare.errors import RecordsLeftOut
from welfare.panel.categories import one_of
from welfare.patterns.practices.narratives.terms import narrative_terms
from welfare.patterns.practices.subsets import practices

GROUPS = {
    "suffering": ("Q21",),
    "procedures and people": ("Q22", "Q23", "Q24"),
    "lairage": ("Q25", "Q26", "Q27", "Q210"),
    "handling": ("Q28", "Q29", "Q211"),
    "restraint": ("Q212", "Q213"),
    "stunning": ("Q214", "Q215", "Q216", "Q217"),
    "bleeding": ("Q218",),
    "religious slaughter": ("Q219", "Q220", "Q221", "Q222"),
}
CONDITIONS = ["animals", "cuts", "country", "year", "religious", "group"]


@pytest.fixture(scope="module")
def items(shared: Path) -> pd.DataFrame:
    """One row per establishment and welfare item scored; what is expected of it is the item's own rate."""
    tables = wf.read(shared / "data/gb/fsa/meat_establishment_audits_2015-2017.csv")
    raw, scored = tables.raw, tables.assessments
    scored = scored[scored["score"].isin(["Compliant", "Minor", "Major", "Critical"])]
    red, poultry = raw["RSL"] == "Yes", raw["PSL"] == "Yes"
    places = pd.DataFrame(
        {
            "facility_id": tables.facilities["facility_id"].to_numpy(),
            "animals": np.select([red & poultry, red, poultry], ["both", "red meat", "poultry"], "neither"),
            "cuts": raw["Activity"].str.contains("CP"),
            "country": raw["Country"],
            "year": "20" + raw["AuditDate"].str[-2:],
        }
    )
    religious = scored.loc[scored["item"].isin(GROUPS["religious slaughter"]), "facility_id"].unique()
    places["religious"] = places["facility_id"].isin(religious)
    rows = scored[["facility_id", "item", "score"]].merge(places, on="facility_id")
    rows["group"] = rows["item"].map({item: group for group, held in GROUPS.items() for item in held})
    rows["faults"] = (rows["score"] != "Compliant").astype(int)
    return rows.assign(expected=rows.groupby("item")["faults"].transform("mean"))


@pytest.mark.real
def test_faults_at_british_slaughterhouses_gather_under_no_practice_beyond_how_the_houses_differ(items):
    found = practices(items, observed="faults", expected="expected", conditions=CONDITIONS, confirm=None, replicates=99)
    assert (len(items), items["facility_id"].nunique(), items["faults"].sum()) == (4950, 282, 450)
    assert found.table["p_value"][0] > 0.05
    assert found.table["conditions"][0] == "country is not Northern Ireland"
    assert "no combination was shown to matter" in found.text
    assert found.spread.between > 0.2


@pytest.mark.real
def test_its_numbers_are_those_of_pandas(items):
    found = practices(items, observed="faults", expected="expected", conditions=CONDITIONS, confirm=None, replicates=19)
    inside = items[items["country"] != "Northern Ireland"]
    row = found.table.iloc[0]
    assert (row["observed"], row["rows"], row["support"]) == (436, len(inside), 264)
    assert row["observed"] == inside["faults"].sum()
    # Items' own rates add up to as many faults as there were: nothing is to be scaled.
    assert row["expected"] == pytest.approx(inside["expected"].sum())


@pytest.mark.real
def test_taken_as_independent_the_same_faults_would_seem_to_name_a_practice(items):
    """What 18 houses in Northern Ireland do differently could be 18 houses: items of one house go together."""
    poisson, mixed = (
        practices(
            items,
            observed="faults",
            expected="expected",
            conditions=["country", "animals", "cuts"],
            direction="less",
            confirm=None,
            replicates=199,
            model=model,
        ).table.iloc[0]
        for model in ("poisson", "mixed")
    )
    assert poisson["conditions"] == mixed["conditions"] == "country is Northern Ireland"
    assert (poisson["observed"], poisson["support"]) == (14, 18)
    assert poisson["p_value"] < 0.05 < mixed["p_value"]


@pytest.fixture(scope="module")
def injuries(shared: Path) -> pd.DataFrame:
    """Severe injuries at plants that slaughter and process animals (NAICS 3116), 2015 to 2017."""
    raw = wf.read(shared / "data/us/osha/severe_injury_reports_2015-2017.csv").raw
    raw = raw[raw["Primary NAICS"].str.startswith("3116", na=False)]
    return pd.DataFrame(
        {
            "facility_id": raw["Employer"].str.upper() + ", " + raw["City"].str.upper(),
            "narrative": raw["Final Narrative"],
            "amputation": pd.to_numeric(raw["Amputation"]) > 0,
            "region": raw["State"],
            "rule_cited": raw["EventTitle"],
        }
    )


@pytest.mark.real
def test_words_of_machines_and_fingers_mark_amputations_at_slaughter_plants(injuries):
    found = narrative_terms(injuries, marked="amputation", within="region", replicates=199)
    assert (len(injuries), injuries["amputation"].sum()) == (483, 230)
    confirmed = set(found.table.loc[found.table["confirmed"].fillna(False), "term"])
    assert {"finger", "amputated", "fingertip", "machine"} <= confirmed
    # As pandas counts one of them, in both parts together.
    row = found.table.set_index("term").loc["amputated"]
    holds = injuries["narrative"].str.contains(r"(?i)(?<![\w-])amputated(?![\w-])")
    assert row["observed"] + row["held_out_observed"] == (holds & injuries["amputation"]).sum()


@pytest.mark.real
def test_no_employer_and_no_town_is_among_the_words(injuries):
    found = narrative_terms(
        injuries, marked="amputation", within="region", level=0.01, most=1000, replicates=199, min_findings=1
    )
    own = set(" ".join(injuries["facility_id"].str.lower()).replace(",", " ").split())
    shown = {word for term in found.table["term"] for word in term.split()}
    everyday = {
        "and",
        "of",
        "the",
        "in",
        "at",
        "on",
        "co",
        "first",
        "right",
        "hand",
        "index",
        "finger",
        "middle",
        "tip",
    }
    assert shown & own <= everyday | {"blade", "saw", "machine", "was", "a", "his", "left", "ring", "cut"}


@pytest.mark.real
def test_events_that_no_code_covers_have_no_words_that_stand_out(injuries):
    """Codes that say "not elsewhere classified" or "unspecified" stand for none."""
    vague = injuries["rule_cited"].str.contains(r"n\.e\.c\.|unspecified|Nonclassifiable", regex=True)
    codes = injuries.loc[vague, "rule_cited"].unique()
    found = narrative_terms(injuries, uncovered=codes, within="region", replicates=199)
    assert f"{vague.sum()} of them under no rule" in found.text
    assert "under no rule" in found.text
    assert found.table["observed"][0] > found.table["expected"][0]


@pytest.mark.slow
def test_the_regime_planted_in_the_simulated_industry_is_found_and_confirmed(tmp_path):
    def searched(folder: Path, *, planted: bool):
        wf.write_example(folder, seed=0, planted=planted)
        files = [path for path in sorted(folder.rglob("*.*")) if path.name != "MANIFEST.csv"]
        bundles = [wf.read(path) for path in files if path.suffix in (".csv", ".xlsx")]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RecordsLeftOut)
            years = wf.build_panel(wf.link_records(*bundles), *bundles, period="year")
        years = years[(years["line_speed_basis"] == "measured") & years["injuries_count"].notna()]
        by_volume = years.groupby("volume_category")[["injuries_count", "plant_years"]].transform("sum")
        years = years.assign(
            system=one_of(years["line_speed_regime"], ("npis", "traditional")),
            expected=years["plant_years"] * by_volume["injuries_count"] / by_volume["plant_years"],
        )
        return practices(
            years,
            observed="injuries_count",
            expected="expected",
            conditions=["system", "line_speed_animals_per_min", "size_class"],
            bands={"line_speed_animals_per_min": [120, 140, 160]},
            replicates=199,
        )

    found = searched(tmp_path / "planted", planted=True)
    assert found.text.startswith("SIMULATED. ")
    assert found.subsets[0]["system"] == ("npis",)
    assert found.table["confirmed"][0]
    assert found.table["p_value"][0] <= 0.05
    nothing = searched(tmp_path / "nothing", planted=False)
    assert nothing.table["p_value"][0] > 0.05
