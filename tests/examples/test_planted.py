"""What is planted can be recovered from the files and the truth by plain counting; what is not planted cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from welfare.examples import write_example
from welfare.schema.codes import shipped
from welfare.sources.read import read

YEARS = range(2017, 2025)


def injury_reports(folder) -> pd.DataFrame:
    files = [folder / f"us/osha/severe_injury_reports_{year}.csv" for year in YEARS]
    return pd.concat([read(path).injuries for path in files], ignore_index=True)


def by_grant(plants: pd.DataFrame) -> pd.Series:
    """Facility id by each grant number, by the plants' own numbers."""
    grants = plants.set_index("facility_id")["establishment_number"].str.split("+").explode()
    return pd.Series(grants.index, index=grants)


def chicken_years(folder, truth) -> pd.DataFrame:
    """One row per young-chicken plant and year under federal OSHA: speed from the file, injuries by the true links."""
    plants = truth.plants.set_index("facility_id")
    events = injury_reports(folder).merge(truth.links, on="event_id", suffixes=("_file", ""), validate="one_to_one")
    counts = events.groupby(["facility_id", events["date"].dt.year]).size()
    rows = []
    for year in YEARS:
        speeds = read(folder / f"user/line_speeds_measured_{year}.csv").line_speeds
        grant = speeds["facility_id"].str.removeprefix("us.fsis.grant:")
        rows.append(
            pd.DataFrame(
                {
                    "facility_id": grant.map(by_grant(truth.plants)),
                    "year": year,
                    "speed": speeds["speed_animals_per_min"],
                }
            )
        )
    table = pd.concat(rows, ignore_index=True)
    assert table["facility_id"].notna().all()
    table["injuries"] = [
        counts.get((facility, year), 0) for facility, year in zip(table["facility_id"], table["year"], strict=True)
    ]
    table = table.join(plants[["state", "regime", "volume_category"]], on="facility_id")
    own_plan = shipped("codes/us_states.csv").set_index("code")["osha_plan"]
    return table[table["state"].map(own_plan) != "state"]


def fit_injuries(table: pd.DataFrame) -> pd.DataFrame:
    design = pd.get_dummies(table["volume_category"], prefix="volume", dtype=float)
    design["regime"] = (table["regime"] == "npis").astype(float)
    design["speed"] = table["speed"].astype(float) / 10
    fit = sm.GLM(table["injuries"].astype(float), design, family=sm.families.Poisson()).fit()
    return pd.DataFrame({"estimate": fit.params, "se": fit.bse})


def handling(folder, truth) -> pd.DataFrame:
    """One row per livestock plant: tasks and records over all years from the files, and what its kind would expect."""
    years = [read(folder / f"us/fsis/humane_handling_fy{year}.csv").inspections for year in YEARS]
    rows = pd.concat(years, ignore_index=True)
    rows["facility_id"] = rows["facility_id"].str.removeprefix("us.fsis.grant:").map(by_grant(truth.plants))
    counts = rows.groupby("facility_id")[["tasks_count", "findings_count"]].sum().astype(float)
    table = counts.join(truth.plants.set_index("facility_id")[["records_per_task", "district"]])
    table["expected"] = table["tasks_count"] * table["records_per_task"]
    table["bad"] = table.index.isin(truth.bad_plants).astype(float)
    table["cluster"] = table.index.isin(truth.cluster_members).astype(float)
    table["weak"] = (table["district"] == truth.weak_district).astype(float)
    return table


def fit_handling(table: pd.DataFrame) -> pd.DataFrame:
    # Negative binomial of the stated variance between plants: 0.15 squared.
    family = sm.families.NegativeBinomial(alpha=0.15**2)
    design = sm.add_constant(table[["bad", "cluster", "weak"]])
    fit = sm.GLM(table["findings_count"], design, family=family, offset=np.log(table["expected"])).fit()
    return pd.DataFrame({"estimate": fit.params, "se": fit.bse})


def covers(fit: pd.DataFrame, term: str, ratio: float) -> bool:
    return abs(fit.loc[term, "estimate"] - np.log(ratio)) < 1.96 * fit.loc[term, "se"]


def excludes_no_effect(fit: pd.DataFrame, term: str) -> bool:
    return not covers(fit, term, 1.0)


def test_the_regime_and_speed_ratios_are_recovered(planted):
    fit = fit_injuries(chicken_years(planted.folder, planted.truth))
    assert (planted.truth.regime_ratio, planted.truth.speed_ratio_per_10) == (1.6, 1.08)
    assert covers(fit, "regime", 1.6) and excludes_no_effect(fit, "regime")
    assert covers(fit, "speed", 1.08) and excludes_no_effect(fit, "speed")


def test_no_regime_or_speed_effect_is_found_where_none_is_planted(unplanted):
    fit = fit_injuries(chicken_years(unplanted.folder, unplanted.truth))
    assert covers(fit, "regime", 1.0) and covers(fit, "speed", 1.0)
    assert fit.loc["regime", "se"] < 0.1  # and not for want of events


def test_injuries_are_log_linear_in_volume_category(planted):
    fit = fit_injuries(chicken_years(planted.folder, planted.truth))
    for volume in (3, 4, 5):
        step = fit.loc[f"volume_{volume}", "estimate"] - fit.loc["volume_2", "estimate"]
        assert step / (volume - 2) == pytest.approx(0.5, abs=0.15)


def test_there_are_enough_events_at_poultry_plants(planted):
    kinds = planted.truth.plants.set_index("facility_id")["kind"]
    assert (planted.truth.links["facility_id"].map(kinds) == "poultry").sum() > 1000


def test_npis_and_traditional_overlap_in_every_volume_category_and_in_speed(planted):
    table = chicken_years(planted.folder, planted.truth)
    plants = table.drop_duplicates("facility_id")
    both = pd.crosstab(plants["volume_category"], plants["regime"])[["npis", "traditional"]]
    assert list(both.index) == [1, 2, 3, 4, 5] and (both >= 2).all(axis=None)
    npis, traditional = (table.loc[table["regime"] == regime, "speed"] for regime in ("npis", "traditional"))
    assert npis.quantile(0.25) < traditional.quantile(0.75) < npis.quantile(0.75)


def test_no_bad_plant_is_in_the_cluster_or_the_weak_district(planted):
    truth = planted.truth
    plants = truth.plants.set_index("facility_id")
    assert len(truth.bad_plants) == 8
    assert 20 <= len(truth.cluster_members) <= 30
    special = [*truth.bad_plants, *truth.cluster_members]
    assert len(set(special)) == len(special)
    assert not (plants.loc[special, "district"] == truth.weak_district).any()
    assert set(plants.loc[special, "kind"]) == {"livestock"}


def test_the_cluster_is_every_livestock_plant_within_its_radius(planted):
    truth = planted.truth
    rows = truth.plants[truth.plants["kind"] == "livestock"]
    lat, lon, lat_0, lon_0 = map(np.radians, (rows["latitude_deg"], rows["longitude_deg"], *truth.cluster_centre))
    # The spherical law of cosines: another formula than the one that planted it.
    apart = 6371 * np.arccos(np.sin(lat) * np.sin(lat_0) + np.cos(lat) * np.cos(lat_0) * np.cos(lon - lon_0))
    assert set(rows.loc[apart <= truth.cluster_radius_km, "facility_id"]) == set(truth.cluster_members)


def test_the_ratios_of_noncompliance_records_are_recovered(planted):
    fit = fit_handling(handling(planted.folder, planted.truth))
    for term, ratio in (("const", 1.0), ("bad", 8.0), ("cluster", 2.5), ("weak", 0.35)):
        assert covers(fit, term, ratio), term
    assert all(excludes_no_effect(fit, term) for term in ("bad", "cluster", "weak"))


def test_nothing_is_found_in_records_where_nothing_is_planted(unplanted):
    table = handling(unplanted.folder, unplanted.truth)
    fit = fit_handling(table)
    assert all(covers(fit, term, 1.0) for term in ("const", "bad", "cluster", "weak"))
    assert 1000 * table["findings_count"].sum() / table["tasks_count"].sum() == pytest.approx(4.0, abs=0.2)


def test_each_bad_plant_stands_out_alone(planted):
    table = handling(planted.folder, planted.truth)
    bad = table[table["bad"] == 1]
    assert (bad["tasks_count"] > 1000).all()
    assert (bad["findings_count"] / bad["expected"] > 4).all()


def test_meat_industry_events_come_from_federal_plan_states_only(planted):
    events = injury_reports(planted.folder)
    plan = events["region"].map(shipped("codes/us_states.csv").set_index("code")["osha_plan"])
    meat = events["industry_code"].str.startswith("3116")
    assert not (plan[meat] == "state").any()
    assert (plan[~meat] == "state").any()  # the mail, as in the real file
    linked = events["event_id"].isin(planted.truth.links["event_id"])
    assert events["event_id"].is_unique and linked.sum() == len(planted.truth.links)
    assert meat[linked].mean() == pytest.approx(0.97, abs=0.015)
    assert 0 < (meat & ~linked).mean() < 0.02


def test_events_are_filed_with_mess_yet_under_the_plants_name_and_place(planted):
    events = injury_reports(planted.folder).merge(planted.truth.links, on="event_id", suffixes=("_file", ""))
    events = events.merge(planted.truth.plants, on="facility_id", suffixes=("", "_true"))
    same_name = events["employer_name"] == events["name"]
    assert 0.3 < same_name.mean() < 0.7
    number = events["employer_name"].str.extract(r"(\d{4})")[0]
    assert (number == events["facility_id"].str[-4:]).mean() > 0.97
    assert ((events["latitude_deg"] - events["latitude_deg_true"]).abs() < 0.02).mean() > 0.9
    assert (events["postcode"] == events["postcode_true"]).all()


@pytest.mark.slow
def test_over_twelve_seeds_the_estimates_scatter_round_what_is_planted_as_their_errors_say(tmp_path):
    z = []
    for seed in range(12):
        truth = write_example(tmp_path, seed=seed)
        injuries, records = fit_injuries(chicken_years(tmp_path, truth)), fit_handling(handling(tmp_path, truth))
        fit = pd.concat([injuries.loc[["regime", "speed"]], records.loc[["bad", "cluster", "weak"]]])
        z.append((fit["estimate"] - np.log([1.6, 1.08, 8.0, 2.5, 0.35])) / fit["se"])
    scores = pd.DataFrame(z)
    assert (scores.mean().abs() * np.sqrt(12) < 3.0).all()  # each unbiased, at three standard errors
    # The sum of 60 squared standard normals is within these bounds in 99.8% of cases (chi-squared, 60 df).
    assert 31.7 < (scores**2).sum(axis=None) < 99.6
