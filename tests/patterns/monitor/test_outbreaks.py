"""Periods against the same season of past years: surveillance's digits, bursts found, ordinary years left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom, poisson, t

from tests.patterns.nulls import SIMULATIONS, band
from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.monitor.charting.chain import start, survival
from welfare.patterns.monitor.charting.limits import one_facility
from welfare.patterns.monitor.charting.moves import BINOMIAL, Law, cusum_moves
from welfare.patterns.monitor.charting.run_length import run_length
from welfare.patterns.monitor.charts import monitor
from welfare.patterns.monitor.outbreaks.baseline import Baseline
from welfare.patterns.monitor.outbreaks.fit import predictions
from welfare.patterns.monitor.outbreaks.tail import rarity, upper

R = Path(__file__).resolve().parents[2] / "referee" / "r"
SETTINGS = {
    "plain": (Baseline(seasons=1, skip=3, trend_p=0.05, reweight=np.inf, threshold="power"), False),
    "seasons": (Baseline(threshold="nb_plugin"), False),
    "exposure": (Baseline(seasons=4, skip=10, threshold="nb_plugin"), True),
    "three_years": (Baseline(years=3, reweight=np.inf, threshold="power"), True),
    "level": (Baseline(trend=False, threshold="nb_plugin"), False),
    "reweighted_error": (Baseline(seasons=1, skip=3, threshold="power"), False),
}


def of_r(name: str) -> pd.DataFrame:
    return pd.read_csv(R / f"monitor_{name}.csv")


def ours(setting: str, facility: int) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Return counts and predictions of the weeks that R predicted, and R's."""
    past, with_exposure = SETTINGS[setting]
    series = of_r("series").query("facility == @facility")
    counts = series["count"].to_numpy(float)
    exposure = series["population"].to_numpy(float) if with_exposure else np.ones(len(counts))
    spare = np.maximum(np.arange(past.reach + 2), 1)
    least = t.isf(past.trend_p / 2, spare) if past.trend_p < 1 else np.full(len(spare), -1.0)
    live = np.ones(len(counts), dtype=bool)
    found = predictions(counts, exposure, live, past.groups(), past.trend, past.reweight, least)
    theirs = of_r("farrington").query("setting == @setting and facility == @facility")
    at = theirs["week"].to_numpy() - 1
    return counts[at], found[at], theirs


@pytest.mark.parametrize("facility", [1, 2, 3])
@pytest.mark.parametrize("setting", SETTINGS)
def test_predictions_are_those_of_surveillance(setting, facility):
    _, found, theirs = ours(setting, facility)
    assert found[:, 0] == pytest.approx(theirs["expected"].to_numpy(), rel=1e-6)
    # R's dispersion takes weights from the round before its last: its fit stops at a relative change of 1e-8.
    assert found[:, 2] == pytest.approx(theirs["phi"].to_numpy(), rel=1e-4)
    trend = theirs["trend"].to_numpy()
    assert (np.isnan(found[:, 3]) == np.isnan(trend)).all()
    kept = ~np.isnan(trend)
    assert found[kept, 3] == pytest.approx(trend[kept], abs=1e-8)


@pytest.mark.parametrize("facility", [1, 2, 3])
@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "reweighted_error"])
def test_tails_and_thresholds_are_those_of_surveillance(setting, facility):
    counts, found, theirs = ours(setting, facility)
    expected, error, phi, _ = found.T
    form = SETTINGS[setting][0].threshold
    assert rarity(counts, expected, error, phi, form) == pytest.approx(theirs["p"].to_numpy(), abs=1e-5)
    assert upper(expected, error, phi, 0.01, form) == pytest.approx(theirs["upper"].to_numpy(), rel=1e-4)


def test_run_lengths_are_those_of_surveillance():
    for row in of_r("runs").itertuples():
        assert run_length(row.mean, reference=row.k, limit=row.h) == pytest.approx(row.arl, rel=1e-9)


@pytest.mark.parametrize(("name", "dispersion"), [("poisson", 0), ("nb", 0.15)])
@pytest.mark.parametrize("facility", [1, 2, 3])
def test_heights_are_those_of_surveillance(name, dispersion, facility):
    series = of_r("series").query("facility == @facility").iloc[:60]
    heights = of_r("heights").query("facility == @facility")[name].to_numpy()
    found = monitor(series["count"].to_numpy(), series["expected"].to_numpy(), dispersion=dispersion, limit=5)
    assert found.paths.iloc[:, 0].to_numpy() == pytest.approx(heights, abs=1e-10)


def test_binomial_heights_and_chances_are_those_of_surveillance():
    rows = of_r("binomial")
    found = monitor(rows["affected"], 25 * rows["share"], trials=25, method="bernoulli_cusum", limit=3.0)
    assert found.paths.iloc[:, 0].to_numpy() == pytest.approx(rows["height"].to_numpy(), abs=1e-10)
    mean = (25 * rows["share"]).to_numpy()[:, None]
    looked, live = np.full(mean.shape, 25.0), np.ones(mean.shape, dtype=bool)
    moves = cusum_moves(mean, looked, Law(BINOMIAL), 2.0)
    lived = survival(BINOMIAL, 1.0, *one_facility(moves, mean, looked, live, 0), 0.0, 3.0, start(0.0, 3.0, 150))
    assert 1 - lived == pytest.approx(rows["signalled"].to_numpy(), abs=0.004)  # R on a grid of 40 steps


def weekly(seed: int, facilities: int = 12, burst: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    weeks = np.arange(330)[:, None]
    mean = 5 * (1 + 0.4 * np.sin(2 * np.pi * weeks / 52)) * np.ones(facilities)
    mean[300:303] *= burst
    rate = rng.gamma(10, 0.1, mean.shape)
    return pd.DataFrame(rng.poisson(mean * rate))


@pytest.mark.parametrize("simulations", SIMULATIONS)
def test_ordinary_weeks_raise_alarms_at_the_level(simulations):
    seen = tried = 0
    for seed in range(simulations // 10):
        paths = monitor(weekly(seed, 24), method="farrington", arl=20).paths.to_numpy()[263:]
        seen, tried = seen + int((paths >= np.log10(20)).sum()), tried + paths.size
    low, high = band(0.05, tried // 4)  # counts are whole: the level is reached, not met; weeks share their past
    assert 0.6 * low * 4 <= seen <= high * 4


def test_a_burst_is_found_in_its_week_and_is_not_in_its_own_baseline():
    found = monitor(weekly(1, burst=5.0), method="farrington")
    assert (found.table["signal"] == 300).mean() > 0.6 and (found.table["flagged"] == "above").all()
    row = found.table.iloc[0]
    assert row["observed"] == weekly(1, burst=5.0).iloc[300, 0]
    assert row["expected"] == pytest.approx(found.expected.iloc[300, 0])
    quiet = monitor(weekly(1), method="farrington")
    assert found.expected.iloc[304].to_numpy() == pytest.approx(quiet.expected.iloc[304].to_numpy())
    assert (found.upper.iloc[300] < weekly(1, burst=5.0).iloc[300]).mean() > 0.8
    assert found.table["periods"].tolist() == [330 - 263] * 12


def test_a_past_burst_is_weighed_down():
    counts = weekly(2, facilities=1)
    counts.iloc[300 - 52] = 80
    expected = [
        monitor(counts, method="farrington", baseline=Baseline(reweight=reweight)).expected.iloc[300, 0]
        for reweight in (2.58, np.inf)
    ]
    assert expected[0] < 0.85 * expected[1]


def test_too_few_events_lately_raise_no_alarm():
    counts = pd.DataFrame(np.zeros((330, 1)))
    counts.iloc[::20] = 1
    counts.iloc[310] = 4
    silent = monitor(counts, method="farrington")
    loud = monitor(counts, method="farrington", baseline=Baseline(few=(4, 4)))
    assert pd.isna(silent.table["signal"].iloc[0]) and loud.table["signal"].iloc[0] == 310


def test_more_animals_are_not_an_outbreak():
    animals = pd.DataFrame(np.full((330, 12), 100.0))
    animals.iloc[300:] = 400.0
    counts = pd.DataFrame(np.random.default_rng(3).poisson(0.05 * animals))
    with_exposure = monitor(counts, animals, method="farrington", arl=2000).table["flagged"]
    assert (with_exposure != "").sum() <= 1
    bare = monitor(counts, method="farrington", arl=2000)
    assert (bare.table["flagged"] != "").all() and any("no more than more animals" in note for note in bare.notes)


def test_a_missing_week_is_neither_compared_nor_compared_with():
    counts = weekly(4, facilities=1).astype(float)
    counts.iloc[[200, 310]] = np.nan
    found = monitor(counts, method="farrington")
    assert found.expected.iloc[[310], 0].isna().all() and found.expected.iloc[311:, 0].notna().all()
    assert found.dropped["reason"].tolist() == ["missing count"] * 2


def test_the_parts_of_the_year_are_as_long_as_they_can_be_alike():
    groups = Baseline(years=2, skip=26).groups()
    assert (groups[:27] == -1).all() and (groups[49:56] == 0).all() and (groups[101:] == 0).all()
    between = groups[56:101]
    assert np.bincount(between)[1:].tolist() == [5] * 9 and between[0] == 9 and between[-1] == 1
    assert (Baseline(seasons=1).groups() >= 0).sum() == 5 * 7


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: monitor(weekly(0).iloc[:200], method="farrington"), NotEstimable, "263 are needed"),
        (lambda: monitor(weekly(0), method="farrington", direction="down"), BadParameter, "above expectation only"),
        (lambda: monitor(weekly(0), method="farrington", baseline=5), BadParameter, "baseline is 5"),
        (lambda: monitor(weekly(0), method="farrington", baseline=Baseline(years=0)), BadParameter, "years"),
        (
            lambda: monitor(weekly(0), method="farrington", baseline=Baseline(season=12)),
            BadParameter,
            "hold the window",
        ),
        (lambda: monitor(weekly(0), method="farrington", baseline=Baseline(skip=400)), BadParameter, "skip"),
        (lambda: monitor(weekly(0), method="farrington", baseline=Baseline(threshold="z")), BadParameter, "threshold"),
        (lambda: monitor(weekly(0), method="farrington", baseline=Baseline(trend_p=0)), BadParameter, "trend_p"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("alpha", [0.2, 0.002, 1e-12])
def test_thresholds_are_the_quantiles_of_scipy_for_few_events_and_for_many(alpha):
    mean = np.array([1e-6, 0.02, 0.9, 7.3, 130.0, 4e4, 3.0, 0.5])
    total = np.array([1.0, 1.7, 1.0, 1.2, 9.0, 1.3, 400.0, 1.0 + 1e-12])
    wide = total > 1 + 1e-9
    exact = poisson.isf(alpha, mean)
    exact[wide] = nbinom.isf(alpha, mean[wide] / (total[wide] - 1), 1 / total[wide])
    assert upper(mean, np.zeros(8), total, alpha, "nb_plugin").tolist() == exact.tolist()


@pytest.mark.parametrize(("per_week", "kept"), [(0.01, False), (-0.01, True)])
def test_a_trend_that_leads_to_more_than_was_ever_seen_is_left_out(per_week, kept):
    weeks = np.arange(220)
    counts, ones = np.floor(60 * np.exp(per_week * weeks)), np.ones(220)
    past = Baseline(years=3, seasons=1, reweight=np.inf)
    never_weak = np.full(past.reach + 2, -1.0)
    found = predictions(counts, ones, ones > 0, past.groups(), True, np.inf, never_weak)[-1]
    if kept:
        assert found[3] == pytest.approx(per_week, rel=0.1)
        assert found[0] == pytest.approx(counts[-1], rel=0.1)
    else:
        used = counts[len(counts) - 1 - np.flatnonzero(past.groups() >= 0)]
        assert np.isnan(found[3])
        assert found[0] == pytest.approx(used.mean())
