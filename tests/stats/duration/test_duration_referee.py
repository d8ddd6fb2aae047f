"""Survival curves, competing risks and Cox models against R: survival, etm and cmprsk (tests/referee/r/duration.R)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.stats.duration.competing import CumulativeIncidence, cumulative_incidence
from welfare.stats.duration.cox.hazard_result import DurationModel
from welfare.stats.duration.kaplan_meier import survival
from welfare.stats.duration.model import duration
from welfare.stats.duration.shares.curve_result import SurvivalCurve

FOLDER = Path(__file__).parents[2] / "referee" / "r"
CURVES = {
    "right censored": {"time": "length"},
    "delayed entry": {"time": "exit", "entry": "entry"},
    "clustered": {"time": "length", "cluster": "herd"},
    "delayed and clustered": {"time": "exit", "entry": "entry", "cluster": "herd"},
}
STRATA = {"strata": "region"}
DELAYED = {"time": "exit", "entry": "entry"}
MODELS = {
    "plain": DELAYED,
    "strata": DELAYED | STRATA,
    "andersen-gill": DELAYED | {"unit": "herd"},
    "company": DELAYED | STRATA | {"cluster": "company"},
    "pwp": DELAYED | {"strata": "number", "unit": "herd"},
    "rows": DELAYED | {"errors": "CR0"},
    "no entry": {"time": "length"},
}
TERMS = {"systemcage": "system[T.cage]", "systemfree": "system[T.free]"}


@pytest.fixture(scope="module")
def spells() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "duration_spells.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def by_r() -> pd.Series:
    table = pd.read_csv(
        FOLDER / "duration.csv", dtype={"at": str}, keep_default_na=False, na_values={"value": ["NA", "NaN"]}
    )
    return table.set_index(["study", "what", "at"])["value"].sort_index()


def of(by_r: pd.Series, study: str, what: str) -> pd.Series:
    return by_r.loc[(study, what)]


def near(expected: pd.Series, rel: float = 1e-9) -> object:
    return pytest.approx(expected.to_numpy(), rel=rel, abs=1e-12, nan_ok=True)


def curve(study: str, spells: pd.DataFrame, conf: str = "log-log") -> SurvivalCurve:
    return survival(spells, event="event", conf=conf, **CURVES[study])


@pytest.mark.parametrize("study", CURVES)
def test_curves_and_their_errors_are_those_of_survfit(study, spells, by_r):
    table = curve(study, spells).table.set_index("time")
    expected = of(by_r, study, "survival")
    found = table.loc[expected.index.astype(float)]
    assert found["survival"].to_numpy() == near(expected)
    for column in ("at_risk", "events"):
        assert found[column].tolist() == of(by_r, study, column).loc[expected.index].tolist()
    errors = of(by_r, study, "std_error").loc[expected.index]
    left = found["survival"].to_numpy() > 0
    assert found["std_error"].to_numpy()[left] == near(errors[left])
    assert found["std_error"][~left].isna().all()


@pytest.mark.parametrize("study", CURVES)
@pytest.mark.parametrize("conf", ["log-log", "log", "plain"])
def test_intervals_and_quantiles_are_those_of_survfit(study, conf, spells, by_r):
    found = curve(study, spells, conf)
    table = found.table.set_index("time")
    for end in ("low", "high"):
        expected = of(by_r, study, f"{conf} {end}")
        ours = table.loc[expected.index.astype(float)]
        # Where the share is 1 we give no interval; R gives 1 to 1 on two of the scales.
        inside = ((ours["survival"] > 0) & (ours["survival"] < 1)).to_numpy()
        assert inside.sum() >= 9
        assert ours[end].to_numpy()[inside] == near(expected[inside])
        assert ours[end][~inside].isna().all()
    quantiles = found.quantiles([0.1, 0.25, 0.5, 0.75])
    shares = ["10", "25", "50", "75"]
    for r, column in (("quantile", "time"), ("lower", "low"), ("upper", "high")):
        expected = of(by_r, study, f"{conf} {r}")
        assert quantiles[column].tolist() == pytest.approx(expected.loc[shares].tolist(), nan_ok=True)


def test_restricted_means_are_those_of_survfit(spells, by_r):
    found = curve("right censored", spells)
    for until in (60, 120, 200):
        row = found.restricted_mean(until).iloc[0]
        assert row["mean"] == pytest.approx(by_r["right censored", "mean", str(until)], rel=1e-12)
        assert row["std_error"] == pytest.approx(by_r["right censored", "mean error", str(until)], rel=1e-9)


def test_the_error_of_a_mean_between_clusters_sums_the_influences_of_survfit(spells, by_r):
    found = curve("clustered", spells)
    for until in (60, 120, 200):
        expected = by_r["clustered", "mean error", str(until)]
        assert found.restricted_mean(until)["std_error"].item() == pytest.approx(expected, rel=1e-9)


def test_a_median_on_which_the_curve_rests_is_the_middle_of_the_rest():
    found = survival(pd.DataFrame({"days": [1, 2, 3, 7], "event": 1}), time="days", event="event")
    assert found.medians["median"].item() == 2.5
    assert found.quantiles([0.75])["time"].item() == 5.0


@pytest.mark.parametrize(("study", "strata"), [("log-rank", None), ("log-rank stratified", "region")])
def test_log_rank_is_that_of_survdiff(study, strata, spells, by_r):
    found = survival(spells, time="length", event="event", by="system", strata=strata)
    assert found.chi2 == pytest.approx(by_r[study, "chi2", ""], rel=1e-10)
    table = found.log_rank.set_index("group")
    for what in ("observed", "expected"):
        expected = of(by_r, study, what)
        assert table.loc[expected.index, what].to_numpy() == near(expected)


def test_log_rank_with_clusters_is_the_robust_score_test_of_coxph(spells, by_r):
    found = survival(spells, time="length", event="event", by="system", strata="region", cluster="herd")
    assert found.chi2 == pytest.approx(by_r["log-rank robust", "chi2", ""], rel=1e-10)
    assert found.degrees == 2


def test_log_rank_with_delayed_entry_is_the_score_test_of_coxph(spells, by_r):
    found = survival(spells, time="exit_fine", entry="entry", event="event", by="system")
    assert found.chi2 == pytest.approx(by_r["log-rank delayed", "chi2", ""], rel=1e-10)


def model(study: str, spells: pd.DataFrame) -> DurationModel:
    ties, what = study.split(" ", 1)
    return duration("event ~ density + system", spells, ties=ties, **MODELS[what])


STUDIES = [f"{ties} {what}" for ties in ("efron", "breslow") for what in MODELS]


@pytest.mark.parametrize("study", STUDIES)
def test_cox_models_are_those_of_coxph(study, spells, by_r):
    fit = model(study, spells)
    table = fit.table.set_index("term")
    for what in ("estimate", "std_error"):
        expected = of(by_r, study, what)
        assert table.loc[[TERMS.get(term, term) for term in expected.index], what].to_numpy() == near(expected, 1e-8)
    assert fit.loglik == pytest.approx(by_r[study, "loglik", ""], rel=1e-12)
    assert fit.loglik_null == pytest.approx(by_r[study, "loglik_null", ""], rel=1e-12)
    assert fit.concordance == pytest.approx(by_r[study, "concordance", ""], rel=1e-12)


@pytest.mark.parametrize("study", [s for s in STUDIES if s.split(" ", 1)[1] in ("plain", "strata", "no entry")])
@pytest.mark.parametrize("transform", ["km", "identity", "log"])
def test_proportionality_is_that_of_cox_zph(study, transform, spells, by_r):
    found = model(study, spells).proportionality(transform).set_index("term")["chi2"]
    expected = of(by_r, study, f"zph {transform}").rename({"GLOBAL": "all terms"})
    assert set(found.index) == set(expected.index)
    assert found.loc[expected.index].to_numpy() == near(expected, 1e-7)  # R's fit ends at 1e-12 of the likelihood


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("strata", [None, "region"])
def test_expected_curves_are_those_of_survfit(ties, strata, spells, by_r):
    study = f"baseline {'strata ' if strata else ''}{ties}"
    fit = duration("event ~ density + system", spells, ties=ties, strata=strata, **DELAYED)
    where = {"density": 18, "system": "cage"}
    found = fit.baseline(where, stratum="south" if strata else None, conf="log").set_index("time")
    for what, column in (("survival", "survival"), ("std_error", "std_error"), ("low", "low"), ("high", "high")):
        expected = of(by_r, study, what)
        assert found.loc[expected.index.astype(float), column].to_numpy() == near(expected, 1e-8)


CAUSES = {
    "causes": {"time": "length"},
    "causes delayed": {"time": "exit", "entry": "entry"},
    "causes clustered": {"time": "length", "cluster": "herd"},
}


def shares(study: str, spells: pd.DataFrame, errors: str) -> CumulativeIncidence:
    return cumulative_incidence(spells, event="cause", errors=errors, **CAUSES[study])


@pytest.mark.parametrize(
    ("study", "what", "errors", "column"),
    [
        *[(study, "incidence", "jackknife", "incidence") for study in CAUSES],
        *[(study, "jackknife", "jackknife", "std_error") for study in CAUSES],
        *[(study, "etm", "greenwood", "incidence") for study in ("causes", "causes delayed")],
        *[(study, "greenwood", "greenwood", "std_error") for study in ("causes", "causes delayed")],
        ("causes", "cmprsk", "greenwood", "incidence"),
    ],
)
def test_shares_by_cause_are_those_of_survfit_etm_and_cmprsk(study, what, errors, column, spells, by_r):
    found = shares(study, spells, errors).at([30, 70, 140]).set_index(["cause", "time"])[column]
    for cause in ("dead", "fined", "lame"):
        expected = of(by_r, study, f"{what} {cause}")
        times = expected.index.astype(int)
        assert found.loc[cause].loc[times].to_numpy() == near(expected)


# Weeks in remission of children with acute leukaemia: Freireich et al., Blood 1963; 21: 699-716, as in Gehan EA,
# Biometrika 1965; 52: 203-223. A plus there is a 0 in `relapse` here.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


@pytest.fixture(scope="module")
def leukaemia() -> pd.DataFrame:
    return pd.DataFrame(
        {"weeks": [*TREATED, *PLACEBO], "relapse": [*RELAPSE, *[1] * 21], "placebo": [0] * 21 + [1] * 21}
    )


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_remissions(ties, leukaemia, by_r):
    fit = duration("relapse ~ placebo", leukaemia, time="weeks", ties=ties)
    row = fit.table.iloc[0]
    study = f"freireich {ties}"
    assert row["estimate"] == pytest.approx(by_r[study, "estimate", "placebo"], rel=1e-9)
    assert row["std_error"] == pytest.approx(by_r[study, "std_error", "placebo"], rel=1e-9)
    assert fit.loglik == pytest.approx(by_r[study, "loglik", ""], rel=1e-12)
    assert fit.concordance == pytest.approx(by_r[study, "concordance", ""], rel=1e-12)


def test_remissions_as_printed(leukaemia):
    # Cox 1972 prints 1.65 for the logarithm of the ratio (ties by his own discrete model); Kalbfleisch and Prentice,
    # The statistical analysis of failure time data, table 1.4: the log-rank test has chi-squared 16.79.
    fit = duration("relapse ~ placebo", leukaemia, time="weeks", ties="efron")
    assert fit.table["estimate"].item() == pytest.approx(1.65, abs=0.1)
    groups = survival(leukaemia, time="weeks", event="relapse", by="placebo")
    assert groups.chi2 == pytest.approx(16.79, abs=0.005)
    assert groups.log_rank["expected"].round(2).tolist() == [19.25, 10.75]
    # Kaplan-Meier of the treated, as in every textbook since: 18/21, times 16/17, and so on.
    treated = groups.table[(groups.table["group"] == "0") & (groups.table["events"] > 0)]
    steps = np.cumprod([18 / 21, 16 / 17, 14 / 15, 11 / 12, 10 / 11, 6 / 7, 5 / 6])
    assert treated["time"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert treated["survival"].to_numpy() == pytest.approx(steps, rel=1e-12)
    assert groups.medians["median"].tolist() == [23, 8]


def test_remissions_by_hand(leukaemia):
    # At one time only, all the arithmetic on paper: Greenwood's error of 18/21 is 18/21 x sqrt(3 / (21 x 18)).
    row = survival(leukaemia[leukaemia["placebo"] == 0], time="weeks", event="relapse").at([6]).iloc[0]
    assert row["at_risk"] == 21
    assert row["std_error"] == pytest.approx(18 / 21 * np.sqrt(3 / (21 * 18)), rel=1e-12)
