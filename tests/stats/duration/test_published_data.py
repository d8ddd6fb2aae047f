"""Cox models of the data sets inside R's survival: fitted where R is installed, compared with results on file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.stats.duration.competing import cumulative_incidence
from welfare.stats.duration.kaplan_meier import survival
from welfare.stats.duration.model import duration

pytestmark = pytest.mark.slow

STORED = Path(__file__).parents[2] / "referee" / "r" / "duration_published.csv"
OUT_OF_R = """
suppressMessages(library(survival))
for (name in c("lung", "heart", "cgd", "bladder2", "kidney", "mgus2"))
  write.csv(get(name), file.path(commandArgs(TRUE)[1], paste0(name, ".csv")), row.names = FALSE)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("Rscript is not installed: the data sets are inside R's survival")
    folder = tmp_path_factory.mktemp("survival")
    done = subprocess.run(
        [program, "--vanilla", "-e", OUT_OF_R, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("R's survival is not installed")
    return {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}


@pytest.fixture(scope="module")
def by_r() -> pd.Series:
    return (
        pd.read_csv(STORED, dtype={"at": str}, keep_default_na=False)
        .set_index(["study", "what", "at"])["value"]
        .sort_index()
    )


START_STOP = {"time": "tstop", "entry": "tstart"}
MODELS = {
    "lung": ("lung", "event ~ age + sex + ecog", {"time": "time"}),
    "lung institutions": ("lung", "event ~ age + sex", {"time": "time", "cluster": "inst"}),
    "heart": ("heart", "event ~ age + surgery + transplant", {"time": "stop", "entry": "start"}),
    "heart clustered": ("heart", "event ~ age + transplant", {"time": "stop", "entry": "start", "unit": "id"}),
    "cgd": ("cgd", "event ~ treat + inherit + steroids", {**START_STOP, "unit": "id"}),
    "cgd pwp": ("cgd", "event ~ treat", {**START_STOP, "unit": "id", "strata": "enum"}),
    "bladder ag": ("bladder2", "event ~ rx + size + number", {"time": "stop", "entry": "start", "unit": "id"}),
    "bladder pwp gap": (
        "bladder2",
        "event ~ rx + size + number",
        {"time": "length", "cluster": "id", "strata": "enum"},
    ),
    "kidney": ("kidney", "event ~ age + sex", {"time": "time", "cluster": "id"}),
}
TERMS = {
    "transplant1": "transplant",
    "treatrIFN-g": "treat[T.rIFN-g]",
    "inheritautosomal": "inherit[T.autosomal]",
    "ph.ecog": "ecog",
}


def rows_of(study: str, data: dict[str, pd.DataFrame]) -> pd.DataFrame:
    df = data[MODELS[study][0]]
    if study.startswith("lung"):
        return df.assign(event=(df["status"] == 2).astype(int), ecog=df["ph.ecog"])
    if study.startswith("cgd"):
        df = df.assign(event=df["status"])
        return df[df["enum"] <= 3] if study == "cgd pwp" else df
    if study == "kidney":
        return df.assign(event=df["status"])
    return df.assign(length=df["stop"] - df["start"])


@pytest.mark.parametrize("study", MODELS)
def test_cox_models_of_published_data(study, data, by_r):
    _, formula, options = MODELS[study]
    fit = duration(formula, rows_of(study, data), **options)
    table = fit.table.set_index("term")
    for what in ("estimate", "std_error"):
        expected = by_r.loc[(study, what)]
        found = [table.loc[TERMS.get(term, term), what] for term in expected.index]
        assert found == pytest.approx(expected.tolist(), rel=1e-8), study
    assert fit.loglik == pytest.approx(by_r[study, "loglik", ""], rel=1e-12)
    assert fit.concordance == pytest.approx(by_r[study, "concordance", ""], rel=1e-12)


@pytest.mark.parametrize("study", ["lung", "heart"])
@pytest.mark.parametrize("transform", ["km", "identity", "log"])
def test_proportionality_of_published_data(study, transform, data, by_r):
    _, formula, options = MODELS[study]
    fit = duration(formula, rows_of(study, data), **options)
    found = fit.proportionality(transform).set_index("term")["chi2"]
    for term, value in by_r.loc[(study, f"zph {transform}")].items():
        name = {"GLOBAL": "all terms"}.get(term, TERMS.get(term, term))
        assert found[name] == pytest.approx(value, rel=1e-7)


def test_log_rank_of_lung_cancer(data, by_r):
    lung = data["lung"].assign(event=(data["lung"]["status"] == 2).astype(int))
    assert survival(lung, time="time", event="event", by="sex").chi2 == pytest.approx(
        by_r["lung log-rank", "chi2", ""], rel=1e-10
    )


def test_shares_of_monoclonal_gammopathy(data, by_r):
    df = data["mgus2"]
    kind = np.where(df["pstat"] == 1, "pcm", np.where(df["death"] == 1, "death", ""))
    df = df.assign(time=np.where(df["pstat"] == 0, df["futime"], df["ptime"]), kind=kind)
    found = cumulative_incidence(df, time="time", event="kind", errors="jackknife").at([60, 120, 240])
    for column, what in (("incidence", "incidence"), ("std_error", "jackknife")):
        for cause in ("pcm", "death"):
            ours = found[found["cause"] == cause][column].tolist()
            expected = by_r.loc[("mgus2", f"{what} {cause}")].loc[["60", "120", "240"]]
            assert ours == pytest.approx(expected.tolist(), rel=1e-9)
