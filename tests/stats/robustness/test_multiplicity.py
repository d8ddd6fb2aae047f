"""Adjusted p-values against R's p.adjust (tests/referee/r/robustness.R) and published ones; families of fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from welfare.errors import BadParameter, BadValue
from welfare.stats.robustness.multiplicity import adjust_p_values, multiplicity

BY_R = pd.read_csv(Path(__file__).parents[2] / "referee" / "r" / "robustness_p.csv")


@pytest.mark.parametrize("case", sorted(set(BY_R[["family", "method", "count_missing"]].itertuples(index=False))))
def test_adjusted_p_values_are_those_of_r(case):
    family, method, counted = case
    mine = BY_R[(BY_R["family"] == family) & (BY_R["method"] == method) & (BY_R["count_missing"] == counted)]
    found = adjust_p_values(mine["p"], method=method, count_missing=counted)
    assert found.to_numpy() == pytest.approx(mine["adjusted"].to_numpy(), rel=1e-14, nan_ok=True)
    assert found.index.equals(mine.index)


def test_the_example_of_benjamini_and_hochberg():
    p = BY_R[(BY_R["family"] == "bh1995") & (BY_R["method"] == "bh") & ~BY_R["count_missing"]]["p"]
    found = adjust_p_values(list(p), method="bh")
    assert isinstance(found, np.ndarray)
    assert found[:6] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06385714], abs=5e-9)
    assert (found < 0.05).sum() == 4
    # Of the same fifteen, Holm and Bonferroni find three, as the paper says of the latter.
    assert (adjust_p_values(p, method="bonferroni") < 0.05).sum() == 3


@pytest.mark.parametrize("p", [[0.1, 1.2], [-0.1], [0.5, np.inf], ["small"]])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(BadValue):
        adjust_p_values(p)


@pytest.mark.parametrize("p", [[], [np.nan, None]])
def test_an_empty_family_is_refused(p):
    with pytest.raises(BadValue, match="no p-value"):
        adjust_p_values(p)


def test_unknown_methods_are_refused():
    with pytest.raises(BadParameter, match="no adjustment"):
        adjust_p_values([0.1], method="fdr")


@pytest.fixture(scope="module")
def fits() -> dict:
    rng = np.random.default_rng(3)
    df = pd.DataFrame({"speed": rng.normal(size=200), "size": rng.normal(size=200), "birds": 1_000})
    counts = {name: rng.poisson(np.exp(1 + slope * df["speed"])) for name, slope in (("cuts", 0.3), ("falls", 0.0))}
    df = df.assign(**counts)
    return {name: wf.count_model(f"{name} ~ speed + size", df, exposure="birds") for name in counts}


def test_a_family_of_fits_holds_every_term_once(fits):
    found = multiplicity(fits, method="holm")
    assert found.table[["fit", "term"]].to_numpy().tolist() == [
        ["cuts", "speed"],
        ["cuts", "size"],
        ["falls", "speed"],
        ["falls", "size"],
    ]
    p = [fit.table.set_index("term").loc[term, "p_value"] for fit in fits.values() for term in ("speed", "size")]
    assert found.table["p_adjusted"].to_numpy() == pytest.approx(adjust_p_values(p, method="holm"), rel=1e-14)
    assert "family of 4 findings from 2 fits" in found.text
    assert "cuts: speed" in found.text
    of_speed = multiplicity(list(fits.values()), terms="speed")
    assert of_speed.table["fit"].tolist() == ["1", "2"]
    assert of_speed.table["ratio"].to_numpy() == pytest.approx(np.exp(of_speed.table["estimate"].to_numpy()))


def test_results_without_p_values_get_the_normals_and_missing_ones_stay_missing():
    known = pd.Series({"estimate": 0.5, "std_error": 0.2, "low": 0.1, "high": 0.9})
    unknown = pd.Series({"estimate": 0.5, "low": 0.1, "high": 0.9})
    found = multiplicity({"a": known, "b": unknown, "c": known}, method="bonferroni")
    one = 0.012419330651552265  # 2 x (1 - Phi(2.5))
    assert found.table["p_adjusted"].to_numpy() == pytest.approx([2 * one, np.nan, 2 * one], nan_ok=True, rel=1e-12)
    counted = multiplicity({"a": known, "b": unknown, "c": known}, method="bonferroni", count_missing=True)
    assert counted.table["p_adjusted"].iloc[0] == pytest.approx(3 * one, rel=1e-12)
    assert found.dropped["reason"].tolist() == ["no p-value"]
    assert "Not counted: 1 without a p-value." in found.text


def test_families_that_are_none_are_refused(fits):
    with pytest.raises(BadParameter, match="there is no fit"):
        multiplicity([])
    with pytest.raises(BadParameter, match="no fit has a term height"):
        multiplicity(fits, terms=["speed", "height"])
    with pytest.raises(BadParameter, match="no fit whose estimates can be read"):
        multiplicity([3.0])


def test_a_fit_that_adds_nothing_to_the_family_is_named(fits):
    only = pd.Series({"estimate": 0.1, "std_error": 0.2, "low": -0.3, "high": 0.5}, name="breed")
    found = multiplicity({**fits, "other": only}, terms="breed")
    assert found.notes[-1] == f"With none of the terms asked for, and so not in the family: {', '.join(fits)}."
    assert found.text.startswith("A family of 1 finding from 1 fit. With a p-value below 0.05: 0 taken alone, 0 after")


def test_tests_that_failed_can_count_in_the_family():
    # Holm by hand: the smaller of two, of a family of three, times three, not two.
    one, other = (pd.Series({"estimate": value, "std_error": 1.0, "low": 0, "high": 6}) for value in (3.0, 2.5))
    lost = pd.Series({"estimate": 1.0})
    fits = {"one": one, "other": other, "lost": lost}
    for count_missing, times in ((False, 2), (True, 3)):
        table = multiplicity(fits, method="holm", count_missing=count_missing).table.set_index("fit")
        assert table.loc["one", "p_adjusted"] == pytest.approx(times * table.loc["one", "p_value"], rel=1e-12)
        assert np.isnan(table.loc["lost", "p_adjusted"])
    assert (
        "A family of 3 findings from 3 fits. Of these 1 without a p-value."
        in multiplicity(fits, count_missing=True).text
    )


def test_one_fit_alone_is_a_family(fits):
    name, fit = next(iter(fits.items()))
    assert multiplicity(fit).table["p_adjusted"].equals(multiplicity({name: fit}).table["p_adjusted"])
    with pytest.raises(BadParameter, match="terms names none"):
        multiplicity(fit, terms=[])
