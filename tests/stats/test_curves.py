"""Exposure-response curves: against R, against exact arithmetic and planted truth, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

import welfare as wf
from welfare.errors import BadParameter, BadValue, NotEstimable

FOLDER = Path(__file__).parents[1] / "referee" / "r"
KNOTS = [1.5, 2.3, 3.0, 3.7]
ASKED = {"outcome": "deaths", "condition": "speed", "exposure": "animals", "reference": 2.5}


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "counts_panel.csv")


@pytest.fixture(scope="module")
def by_r() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "curves_estimates.csv").set_index("study")


@pytest.mark.parametrize(
    ("study", "options", "near"),
    [
        ("plain", {"knots": KNOTS, "adjust": ["dense"], "cluster": "district"}, 1e-7),
        # mgcv stops at a gradient: what is left of it moves the smoothing parameter in the seventh digit.
        ("penalised poisson", {"basis": "penalised", "adjust": ["dense"]}, 1e-5),
        ("penalised quasipoisson", {"basis": "penalised", "adjust": ["dense"], "family": "quasipoisson"}, 1e-5),
    ],
)
def test_ratios_and_bands_are_those_of_r(study, options, near, panel, by_r):
    expected = by_r.loc[study]
    found = wf.curve(panel, **ASKED, **options)
    table = found.at(expected["at"].to_numpy())
    assert np.log(table["ratio"]).to_numpy() == pytest.approx(expected["log_ratio"].to_numpy(), rel=near, abs=near / 10)
    degrees = 11 if "cluster" in options else np.inf
    error = np.log(table["high"] / table["ratio"]) / t.ppf(0.975, degrees)
    assert error.to_numpy() == pytest.approx(expected["std_error"].to_numpy(), rel=max(near, 1e-6))
    if options.get("basis") == "penalised":
        assert found.edf == pytest.approx(expected["extra"].iloc[0], rel=1e-4)
    else:
        assert found.nonlinearity_p == pytest.approx(by_r.loc["nonlinearity", "extra"], rel=1e-6)


def test_with_effects_absorbed_the_curve_is_that_of_dummies(panel, by_r):
    expected = by_r.loc["effects"]
    found = wf.curve(panel, **ASKED, knots=KNOTS, absorb=["plant", "year"], cluster="district")
    table = found.at(expected["at"].to_numpy())
    assert np.log(table["ratio"]).to_numpy() == pytest.approx(expected["log_ratio"].to_numpy(), rel=1e-7)
    # R's figure is without a correction; ours has G/(G-1) (n-1)/(n-k), k the curve, the years and one.
    n, k = found.model.n, 3 + 6
    factor = np.sqrt(12 / 11 * (n - 1) / (n - k))
    error = np.log(table["high"] / table["ratio"]) / t.ppf(0.975, 11)
    assert error.to_numpy() == pytest.approx(expected["std_error"].to_numpy() * factor, rel=1e-6)


def test_the_table_is_one_at_the_reference_and_bands_hold_each_other(panel):
    found = wf.curve(panel, **ASKED, cluster="district")
    at = found.at(2.5).iloc[0]
    assert at[["ratio", "low", "high", "low_simultaneous", "high_simultaneous"]].tolist() == [1.0] * 5
    table = found.table
    assert list(table) == ["at", "ratio", "low", "high", "low_simultaneous", "high_simultaneous"]
    assert (table["low_simultaneous"] <= table["low"]).all()
    assert (table["low"] <= table["ratio"]).all()
    assert (table["ratio"] <= table["high"]).all()
    assert (table["high"] <= table["high_simultaneous"]).all()
    assert table["at"].iloc[[0, -1]].tolist() == [panel["speed"].min(), panel["speed"].max()]


def test_another_reference_moves_the_curve_and_nothing_else(panel):
    one, other = (wf.curve(panel, **(ASKED | {"reference": at}), knots=KNOTS) for at in (2.0, 3.0))
    shift = other.at(2.0)["ratio"].iloc[0]
    assert other.table["ratio"].to_numpy() == pytest.approx((one.table["ratio"] * shift).to_numpy())
    assert one.nonlinearity_p == pytest.approx(other.nonlinearity_p)
    default = wf.curve(panel, outcome="deaths", condition="speed", exposure="animals")
    assert default.reference == panel["speed"].median()
    assert any("median" in note for note in default.notes)


def test_beyond_the_rows_it_refuses_unless_asked_and_then_marks(panel):
    found = wf.curve(panel, **ASKED)
    top = panel["speed"].max()
    with pytest.raises(BadValue, match="beyond the rows used"):
        found.at(top + 0.1)
    with pytest.raises(BadValue, match="beyond the rows used"):
        found.at(panel["speed"].min() - 0.1)
    with pytest.raises(BadValue):
        found.at([2.0, np.nan], extrapolate=True)
    table = found.at([top - 0.1, top + 0.1, top + 0.2, top + 0.3], extrapolate=True)
    assert table["extrapolated"].tolist() == [False, True, True, True]
    steps = np.diff(np.log(table["ratio"].to_numpy()[1:]))
    assert steps[0] == pytest.approx(steps[1])  # a straight line there
    with pytest.raises(BadParameter, match="beyond the rows used"):
        wf.curve(panel, **(ASKED | {"reference": top + 1}))


def planted(rng: np.random.Generator, rate, many: int = 4000) -> pd.DataFrame:
    density = rng.uniform(5, 25, many)
    return pd.DataFrame({"density": density, "fish": 1000.0, "dead": rng.poisson(20 * rate(density))})


def test_a_planted_threshold_is_found_with_its_slopes():
    rng = np.random.default_rng(3)
    pens = planted(rng, lambda density: np.exp(0.1 * np.maximum(density - 15, 0)))
    found = wf.curve(pens, outcome="dead", condition="density", exposure="fish", reference=10).threshold()
    assert found.low < 15 < found.high
    assert found.high - found.low < 2
    assert found.p_value < 1e-6
    assert found.slope_below == pytest.approx(1, abs=0.01)
    assert found.slope_above == pytest.approx(np.exp(0.1), abs=0.01)
    noisy = pens.assign(dead=rng.poisson(pens["dead"] * rng.gamma(1, 1, len(pens))))
    wider = wf.curve(noisy, outcome="dead", condition="density", exposure="fish", reference=10).threshold()
    assert float(wider.notes[0].split("divided by ")[1].rstrip(".")) > 5  # counts vary more: the deviance says less
    straight = planted(rng, lambda density: np.exp(0.05 * density))
    assert wf.curve(straight, outcome="dead", condition="density", exposure="fish").threshold().p_value > 0.05


@pytest.mark.parametrize("basis", ["rcs", "penalised"])
def test_a_planted_curve_lies_within_the_simultaneous_bands(basis):
    rng = np.random.default_rng(5)

    def rate(density):
        return np.exp(0.5 * np.sin(density / 8))

    pens = planted(rng, rate, 1500)
    knots = 6 if basis == "rcs" else 15
    found = wf.curve(pens, outcome="dead", condition="density", exposure="fish", reference=10, basis=basis, knots=knots)
    truth = rate(found.table["at"]) / rate(10)
    inside = (found.table["low_simultaneous"] <= truth) & (truth <= found.table["high_simultaneous"])
    assert inside.mean() > 0.95
    assert found.association_p < 1e-9


def test_planted_lags_are_told_apart():
    rng = np.random.default_rng(8)
    effects = np.array([0.0, 0.05, 0.1, 0.0])
    rows = []
    for farm in range(150):
        heat = rng.uniform(10, 20, 40)
        past = np.convolve(heat, effects)[: len(heat)]
        rows.append(
            pd.DataFrame({"farm": farm, "week": np.arange(40), "heat": heat, "dead": rng.poisson(np.exp(past))})
        )
    df = pd.concat(rows, ignore_index=True).query("not (week == 20 and farm % 3 == 0)")
    asked = {"outcome": "dead", "condition": "heat", "basis": "linear", "reference": 15, "absorb": ["farm"]}
    found = wf.curve(df, **asked, lags=3, unit="farm", time="week", cluster="farm")
    top = found.by_lag.query("at == at.max()")
    slopes = np.log(top["ratio"]) / (top["at"] - 15)
    assert slopes.to_numpy() == pytest.approx(effects, abs=0.01)
    overall = np.log(found.at(16)["ratio"].iloc[0])
    assert overall == pytest.approx(effects.sum(), abs=0.01)
    # Each farm loses its first three weeks, and a third of them the gap and the three weeks after it.
    lost = found.dropped["reason"].value_counts().to_dict()
    assert lost == {"missing heat_history": 150 * 3 + 50 * 3}
    lagged = found.model.covariance.filter(like="heat_curve").loc[lambda df: df.index.str.contains("heat_curve")]
    error = np.log(found.at(16)["high"] / found.at(16)["ratio"]).iloc[0] / 1.959964
    assert error == pytest.approx(np.sqrt(lagged.to_numpy().sum()), rel=1e-6)  # of a sum over lags
    # Forward: the three last weeks of a farm, and those before a gap, have no later ones to count.
    forward = found.attributable(reference=15)
    assert set(forward.dropped["reason"]) == {"later periods are not recorded"}
    assert len(forward.by_row) + len(forward.dropped) == found.model.n
    assert "Left out" in forward.text
    # Without the lags one would say that heat does nothing at once.
    assert wf.curve(df, **asked, cluster="farm").at(16)["ratio"].iloc[0] == pytest.approx(1, abs=0.02)


def test_attributable_events_of_a_line_are_exact_arithmetic(panel):
    line = wf.curve(panel, **ASKED, basis="linear", absorb=["plant"])
    found = line.attributable(reference=2.0)
    slope = np.log(line.at(3.5)["ratio"].iloc[0])  # one unit from the reference
    rows = panel.loc[line.model.fitted.index]
    number = (rows["deaths"] * (1 - np.exp(-slope * (rows["speed"] - 2.0)))).sum()
    assert found.table["estimate"].tolist() == pytest.approx([number, number / rows["deaths"].sum()])
    assert "cannot show" in found.text


def test_what_cannot_be_asked_is_refused(panel):
    for change in (
        {"basis": "loess"},
        {"outcome": "dead"},
        {"condition": "shoe_size"},
        {"adjust": [3]},
        {"lags": 2},
        {"lags": 2, "unit": "plant", "time": "speed"},
        {"basis": "penalised", "knots": [1.0, 2.0, 3.0]},
        {"basis": "penalised", "family": "fractional"},
        {"knots": 9},
        {"absorb": ["nowhere"]},
    ):
        with pytest.raises(BadParameter):
            wf.curve(panel, **(ASKED | change))
    with pytest.raises(NotEstimable, match="one value"):
        wf.curve(panel.assign(speed=2.5), **ASKED)
    with pytest.raises(BadParameter, match="odds"):
        shares = wf.curve(panel, outcome="share", condition="speed", family="fractional", reference=2.5)
        shares.attributable()


def test_its_words_state_what_is_held_fixed_and_what_it_is_not(panel):
    found = wf.curve(panel, **ASKED, adjust=["dense"], absorb=["plant"], cluster="district")
    assert "with dense, each plant held fixed" in found.text
    assert "association" in found.text
    assert "2.5" in found.text
    assert "significant" not in found.text
    checks = found.check()
    assert {"overdispersion", "clusters", "influence", "rows at the ends"} <= set(checks["check"])
    assert "smoothness" in set(wf.curve(panel, **ASKED, basis="penalised").check()["check"])


def test_it_is_drawn(panel, tmp_path):
    found = wf.curve(panel, **ASKED, knots=4)
    ax = found.plot()
    assert ax.get_ylabel() == "ratio of rates"
    assert ax.get_yscale() == "log"
    found.threshold().plot().figure.savefig(tmp_path / "threshold.png")
    ax.figure.savefig(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 5_000
