"""A Cox model of recurrent findings on simulated spells with a planted truth, beside survival::coxph in R.

    python benchmarks/durations.py [--spells 240000] [--plants 20000] [--covariates 5]

Both fit the same model to the same file: spells with entry and exit in whole days (so with ties), conditions that
differ by spell, errors clustered by plant, ties as Efron treats them. Time is that of the fit alone, reading the file
excluded; ours after one small fit, which compiles, and once with formula, checks of rows, concordance and words, once
of the arithmetic only. Goal: a few seconds, and the digits of coxph. Needs Rscript with survival for the comparison.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from welfare.stats.duration.cox.hazard_result import DurationModel
from welfare.stats.duration.hazards.at_risk import at_risk
from welfare.stats.duration.hazards.partial import fit_hazards
from welfare.stats.duration.hazards.residuals import changes_without
from welfare.stats.duration.kaplan_meier import survival
from welfare.stats.duration.model import duration

SEED = 11

IN_R = """
suppressMessages(library(survival))
asked <- commandArgs(TRUE)
df <- read.csv(asked[1])
terms <- paste0("x", seq_len(as.integer(asked[2])), collapse = " + ")
formula <- as.formula(paste("Surv(entry, exit, event) ~", terms))
seconds <- system.time(fit <- coxph(formula, df, cluster = plant, control = coxph.control(eps = 1e-10)))[["elapsed"]]
curve <- system.time(km <- survfit(Surv(entry, exit, event) ~ 1, df))[["elapsed"]]
shape <- '{"seconds": %.3f, "curve": %.3f, "estimates": [%s], "errors": [%s], "concordance": %.12f, "version": "%s"}'
cat(sprintf(shape, seconds, curve, paste(sprintf("%.12f", coef(fit)), collapse = ","),
  paste(sprintf("%.12f", sqrt(diag(vcov(fit)))), collapse = ","), fit$concordance[["concordance"]],
  packageVersion("survival")))
"""


def simulated(rows: int, plants: int, covariates: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return spells of plants under conditions, and the logarithms of the planted hazard ratios."""
    rng = np.random.default_rng(SEED)
    truth = np.linspace(-0.4, 0.5, covariates)
    plant = np.sort(rng.integers(0, plants, rows))
    x = rng.normal(size=(rows, covariates)).round(3)
    begun = np.concatenate([[True], plant[1:] != plant[:-1]])
    waiting = rng.exponential(90 * np.exp(-x @ truth))
    looked = rng.uniform(20, 200, rows)
    length = np.ceil(np.minimum(waiting, looked))
    ends = np.cumsum(length)
    start = (ends - length)[np.flatnonzero(begun)]
    exit_ = ends - np.repeat(start, np.diff(np.append(np.flatnonzero(begun), rows)))
    df = pd.DataFrame(x, columns=[f"x{j + 1}" for j in range(covariates)])
    return df.assign(plant=plant, entry=exit_ - length, exit=exit_, event=(waiting <= looked).astype(int)), truth


def ours(df: pd.DataFrame, covariates: int) -> tuple[float, DurationModel]:
    """Return the seconds that the public function takes, and its fit."""
    terms = " + ".join(f"x{j + 1}" for j in range(covariates))
    begun = time.perf_counter()
    fit = duration(f"event ~ {terms}", df, time="exit", entry="entry", unit="plant")
    return time.perf_counter() - begun, fit


def arithmetic(df: pd.DataFrame, covariates: int) -> float:
    """Return the seconds of sorting, fitting and robust errors alone."""
    x = df[[f"x{j + 1}" for j in range(covariates)]].to_numpy()
    begun = time.perf_counter()
    rows = at_risk(df["entry"].to_numpy(), df["exit"].to_numpy(), df["event"].to_numpy() == 1)
    changes_without(fit_hazards(rows, x, efron=True), df["plant"].to_numpy())
    return time.perf_counter() - begun


def by_r(df: pd.DataFrame, covariates: int) -> dict[str, object]:
    """Return what coxph gives for the same rows, or why it gives nothing."""
    program = shutil.which("Rscript")
    if program is None:
        return {"missing": "Rscript is not installed: nothing to compare with"}
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "rows.csv", Path(folder) / "fit.R"
        df.to_csv(data, index=False)
        script.write_text(IN_R, encoding="utf-8")
        done = subprocess.run(  # noqa: S603
            [program, "--vanilla", str(script), str(data), str(covariates)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        return {"missing": f"Rscript failed: {done.stderr.strip().splitlines()[-1]}"}
    return dict(json.loads(done.stdout))


def main() -> None:
    """Fit both ways and print the comparison."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--spells", type=int, default=240_000)
    asked.add_argument("--plants", type=int, default=20_000)
    asked.add_argument("--covariates", type=int, default=5)
    given = asked.parse_args()
    begun = time.perf_counter()
    ours(simulated(400, 50, given.covariates)[0], given.covariates)
    print(f"a first small fit, compiling or reading what was compiled: {time.perf_counter() - begun:.1f} s")  # noqa: T201
    df, truth = simulated(given.spells, given.plants, given.covariates)
    seconds, fit = ours(df, given.covariates)
    alone = arithmetic(df, given.covariates)
    begun = time.perf_counter()
    survival(df, time="exit", entry="entry", event="event")
    curve = time.perf_counter() - begun
    off = np.abs(fit.table["estimate"] - truth) / fit.table["std_error"]
    print(  # noqa: T201
        f"{len(df):,} spells, {fit.events:,} events, {fit.clusters:,} plants, {given.covariates} covariates: ours "
        f"{seconds:.2f} s (arithmetic {alone:.2f} s), Kaplan-Meier {curve:.2f} s; estimates at most {off.max():.1f} "
        "standard errors from the planted ones"
    )
    other = by_r(df, given.covariates)
    if "missing" in other:
        print(f"  {other['missing']}")  # noqa: T201
        return
    gaps = [
        float(np.abs(fit.table[column].to_numpy() / np.array(other[name]) - 1).max())
        for column, name in (("estimate", "estimates"), ("std_error", "errors"))
    ]
    theirs = float(str(other["seconds"]))
    print(  # noqa: T201
        f"  survival {other['version']}: coxph {theirs:.2f} s ({theirs / seconds:.1f} times ours), survfit "
        f"{float(str(other['curve'])):.2f} s; largest relative difference in estimates {gaps[0]:.1e}, in errors "
        f"{gaps[1]:.1e}, in concordance {abs(fit.concordance - float(str(other['concordance']))):.1e}"
    )


if __name__ == "__main__":
    main()
