"""Facilities never cited: Chao's lower bound and counts without zeros."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad

from tests.patterns.detection.frames import COVERED, holds, r_figure, r_rows, repeat_visits, value
from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.never_cited.capture_recapture import capture_recapture
from welfare.patterns.detection.never_cited.chao import chao_bound
from welfare.patterns.detection.never_cited.truncated import _Binomial, _NegativeBinomial, _Poisson

BOUND, MODEL = (
    "facilities never cited that have the problem, at least",
    "facilities never cited that have the problem (",
)


def cited(*times: int) -> pd.DataFrame:
    """Visits that cited a facility, so often each; no other visits."""
    places = [place for place, many in enumerate(times) for _ in range(many)]
    return pd.DataFrame({"facility_id": places, "findings_count": 1})


def visited(*histories: tuple[int, int]) -> pd.DataFrame:
    """Facilities cited so often on so many visits."""
    rows = [(place, int(at < many)) for place, (many, of) in enumerate(histories) for at in range(of)]
    return pd.DataFrame(rows, columns=["facility_id", "findings_count"])


def test_the_bound_and_its_error_are_those_of_vegan():
    rows = r_rows("cited")
    times = rows["citations"]
    bound = chao_bound(len(times), int((times == 1).sum()), int((times == 2).sum()), level=0.95)
    r = r_figure("chao corrected", "total")
    assert (bound.total, bound.std_error) == (pytest.approx(r["estimate"]), pytest.approx(r["std_error"], rel=2e-5))
    fit = capture_recapture(rows, found="citations", count="findings", families=())
    assert value(fit.table, BOUND) == pytest.approx(r["estimate"] - len(times))
    assert fit.table["status"].tolist() == ["lower bound"]


def test_the_error_of_the_corrected_bound_is_the_published_one():
    """3 x 2 / (2 x 2) never counted; variance 1.5 + 3 x 25 / 16 + 9 x 4 / 64 (vegan's differs in the fifth digit)."""
    bound = chao_bound(10, 3, 1, level=0.95)
    assert bound.total == 11.5
    assert bound.std_error**2 == pytest.approx(1.5 + 75 / 16 + 36 / 64)
    # Nobody twice: 3 never counted; 3 + 3 x 25 / 4 - 81 / (4 x 13)
    assert chao_bound(10, 3, 0, level=0.95).std_error ** 2 == pytest.approx(3 + 75 / 4 - 81 / 52)


def test_with_so_many_visits_each_bound_and_error_are_those_of_vegan():
    fit = capture_recapture(r_rows("marks"), corrected=False, families=())
    r = r_figure("chao visits", "total")
    assert value(fit.table, BOUND) == pytest.approx(r["estimate"] - fit.cited)
    bound = chao_bound(fit.cited, fit.once, fit.twice, level=0.95, corrected=False, factor=0.8)
    assert bound.std_error == pytest.approx(r["std_error"], rel=1e-10)


def test_the_interval_is_lognormal_for_what_was_not_counted():
    bound = chao_bound(100, 40, 20, level=0.95, corrected=False)
    assert bound.total == 140
    spread = np.exp(1.959963984540054 * np.sqrt(np.log1p((bound.std_error / 40) ** 2)))
    assert (bound.low - 100, bound.high - 100) == (pytest.approx(40 / spread), pytest.approx(40 * spread))
    # Chao 1987: f2 (r^4 / 4 + r^3 + r^2 / 2) with r = 2
    assert bound.std_error**2 == pytest.approx(20 * (4 + 8 + 2))


def test_a_facility_visited_often_bounds_less_than_one_visited_twice():
    """Cited twice of three visits counts 3/2, of two visits 2: 30 once, and 1.5 x 8 + 2 x 4 for twice."""
    rows = visited(*[(1, 3)] * 30, *[(2, 3)] * 8, *[(2, 2)] * 4, *[(0, 3)] * 40, (1, 1), (0, 1))
    fit = capture_recapture(rows, corrected=False, families=())
    assert (fit.once, fit.twice, fit.cited, fit.never_cited) == (30, 12, 43, 41)
    assert value(fit.table, BOUND) == pytest.approx(30**2 / (2 * (1.5 * 8 + 2 * 4)))


def test_it_is_a_lower_bound_where_facilities_differ():
    rng = np.random.default_rng(0)
    below = 0
    for _ in range(6):
        rate = np.exp(rng.normal(-0.5, 1.0, 600))
        times = rng.poisson(rate)
        fit = capture_recapture(cited(*times), families=("poisson",))
        below += value(fit.table, BOUND, "low") < (times == 0).sum()
        assert value(fit.table, MODEL) < value(fit.table, BOUND) < (times == 0).sum() * 1.1
    assert below == 6


@pytest.mark.parametrize("simulations", COVERED)
@pytest.mark.parametrize("model", ["chao", "poisson", "binomial"])
def test_where_facilities_are_alike_all_find_how_many_were_missed(simulations, model):
    def held(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        if model == "binomial":
            times = rng.binomial(4, 0.3, 400)
            table = capture_recapture(visited(*[(many, 4) for many in times]), level=0.8).table
        else:
            times = rng.poisson(0.9, 500)
            table = capture_recapture(cited(*times), families=("poisson",), level=0.8).table
        row = table.iloc[0 if model == "chao" else 1]
        return row["low"] <= (times == 0).sum() <= row["high"]

    holds(held, simulations, 0.8)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_counts_without_zeros_are_fitted_as_by_vgam(family):
    fit = capture_recapture(r_rows("cited"), found="citations", count="findings", by=["large"], families=(family,))
    ours = fit.coefficients.set_index("term")
    model = f"zero-truncated {family}"
    for term in ours.index:
        r = r_figure(model, term)
        assert ours.loc[term, "estimate"] == pytest.approx(r["estimate"], abs=2e-5)
        if np.isfinite(r["std_error"]):
            assert ours.loc[term, "std_error"] == pytest.approx(r["std_error"], rel=1e-4)
    total = r_figure(model, "total")
    assert fit.fits["loglik"][0] == pytest.approx(r_figure(model, "loglik")["estimate"], abs=1e-6)
    assert fit.fits["total"][0] == pytest.approx(total["estimate"], rel=1e-4)
    if family == "poisson":
        assert fit.fits["std_error"][0] == pytest.approx(total["std_error"], rel=1e-4)
    assert value(fit.table, MODEL) == pytest.approx(total["estimate"] - fit.cited, rel=1e-3)


def test_visits_without_a_finding_make_it_binomial_as_by_vgam():
    fit = capture_recapture(r_rows("marks"))
    assert fit.fits["family"].tolist() == ["binomial"]
    total = r_figure("zero-truncated binomial", "total")
    assert fit.fits["total"][0] == pytest.approx(total["estimate"], rel=1e-6)
    assert fit.fits["std_error"][0] == pytest.approx(total["std_error"], rel=1e-5)
    assert fit.coefficients["estimate"][0] == pytest.approx(r_figure("zero-truncated binomial", "constant")["estimate"])


@pytest.mark.parametrize("likelihood", [_Poisson, _Binomial, _NegativeBinomial])
def test_slopes_are_those_of_differences(likelihood):
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 5, 40).astype(float)
    model = likelihood(counts, np.column_stack([np.ones(40), rng.normal(size=40)]), counts + rng.integers(0, 4, 40))
    at = np.array([-0.6, 0.3, 0.4])[: 3 if likelihood is _NegativeBinomial else 2]
    assert check_grad(lambda p: model(p)[0], lambda p: model(p)[1], at) < 1e-4


def test_the_negative_binomial_on_its_bounds_is_refused_not_reported():
    few = capture_recapture(cited(*[1] * 20, *[2] * 25, *[3] * 20), families=("negative_binomial",))
    assert few.table["status"].tolist() == ["lower bound", "cannot tell"]
    assert few.table["reason"][1] == "the counts vary no more than the Poisson model allows"
    series = [1] * 400 + [2] * 110 + [3] * 60 + [4] * 45 + [8] * 40 + [20] * 30
    many = capture_recapture(cited(*series), families=("negative_binomial",))
    assert "theta runs to 0" in many.table["reason"][1]
    assert "Cannot tell by other models" in many.text


def test_more_missed_than_were_never_cited_is_told():
    rows = visited(*[(1, 4)] * 200, *[(2, 4)] * 10, *[(0, 4)] * 3)
    fit = capture_recapture(rows, families=())
    assert "more than the 3 visited and never cited" in fit.table["reason"][0]
    assert "the assumption fails" in fit.text


def test_visits_are_counted_unless_findings_are_asked_for():
    rows = cited(1, 1, 2, 3).assign(findings_count=[1, 3, 1, 1, 2, 2, 1])
    assert (capture_recapture(rows, families=()).once, capture_recapture(rows, families=()).twice) == (2, 1)
    assert capture_recapture(rows, count="findings", families=()).once == 1


def test_bad_input_is_refused_or_explained():
    rows = repeat_visits(0, facilities=60).assign(size=1)
    rows.loc[0, "size"] = 2
    with pytest.raises(BadParameter, match="size changes between visits"):
        capture_recapture(rows, by=["size"])
    with pytest.raises(BadParameter, match="families are"):
        capture_recapture(rows, families=("normal",))
    with pytest.raises(BadParameter, match="cannot be counted"):
        capture_recapture(rows, count="inspectors")
    with pytest.raises(NotEstimable, match="no facility was ever cited"):
        capture_recapture(rows.assign(findings_count=0))
    once = capture_recapture(cited(1, 1, 1), corrected=False, families=("poisson", "binomial"))
    assert once.table["status"].tolist() == ["cannot tell"] * 3
    assert once.table["reason"].tolist()[:2] == ["none was cited twice", "every cited facility was cited once"]
    assert once.table["reason"][2] == "how many visits each facility had is not known"
    many = capture_recapture(cited(3, 4, 5), families=())
    assert many.table[["estimate", "low", "high"]].iloc[0].tolist() == [0, 0, 0]
    assert any("not proof of none" in note for note in many.notes)
