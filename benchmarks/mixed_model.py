"""A Poisson model with a random intercept per plant on simulated rows with a planted truth, beside lme4::glmer.

    python benchmarks/mixed_model.py [--rows 60000] [--plants 500 6000] [--nodes 1 9]

Both fit the same model to the same file: five covariates, an exposure, one intercept per plant. Time is that of the
fit alone, reading the file excluded; ours after one small fit, which compiles. Goal: well under lme4's time by
Laplace's approximation, and its estimates to 1e-5. Needs Rscript and lme4 for the comparison.
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

from welfare.stats.mixed.model import MixedFit, fit_random_intercept

SLOPES, INTERCEPT, SD, SEED = np.array([0.3, -0.2, 0.1, 0.0, 0.5]), -3.0, 0.6, 7

IN_R = """
suppressMessages(library(lme4))
asked <- commandArgs(TRUE)
df <- read.csv(asked[1])
seconds <- system.time(fit <- suppressWarnings(glmer(
  y ~ x1 + x2 + x3 + x4 + x5 + offset(log_exposure) + (1 | plant), df, poisson, nAGQ = as.integer(asked[2])
)))[["elapsed"]]
errors <- sqrt(diag(as.matrix(vcov(fit))))
cat(sprintf('{"seconds": %.3f, "estimates": [%s], "errors": [%s], "sd": %.10f, "loglik": %.8f, "version": "%s"}',
  seconds,
  paste(sprintf("%.10f", fixef(fit)), collapse = ","), paste(sprintf("%.10f", errors), collapse = ","),
  getME(fit, "theta"), logLik(fit), packageVersion("lme4")))
"""


def simulated(rows: int, plants: int) -> pd.DataFrame:
    """Return rows whose log rate is INTERCEPT, SLOPES, and an intercept per plant with standard deviation SD."""
    rng = np.random.default_rng(SEED)
    plant = rng.integers(0, plants, rows)
    plant[:plants] = np.arange(plants)  # none without a row
    x = rng.normal(size=(rows, len(SLOPES))).round(4)
    log_exposure = np.log(rng.uniform(5, 60, rows)).round(4)
    eta = INTERCEPT + x @ SLOPES + SD * rng.normal(size=plants)[plant] + log_exposure
    df = pd.DataFrame(x, columns=[f"x{j + 1}" for j in range(len(SLOPES))])
    return df.assign(y=rng.poisson(np.exp(eta)), log_exposure=log_exposure, plant=plant)


def ours(df: pd.DataFrame, nodes: int) -> tuple[float, MixedFit]:
    """Return the seconds a fit takes, and the fit."""
    design = np.column_stack([np.ones(len(df)), df.filter(like="x").drop(columns="log_exposure")])
    counts, log_exposure, plant = df["y"].to_numpy(dtype=float), df["log_exposure"].to_numpy(), df["plant"].to_numpy()
    begun = time.perf_counter()
    fit = fit_random_intercept(counts, design, log_exposure, plant, nodes=nodes)
    return time.perf_counter() - begun, fit


def by_lme4(df: pd.DataFrame, nodes: int) -> dict[str, object]:
    """Return what lme4 gives for the same rows, or why it gives nothing."""
    program = shutil.which("Rscript")
    if program is None:
        return {"missing": "Rscript is not installed: nothing to compare with"}
    with tempfile.TemporaryDirectory() as folder:
        data, script = Path(folder) / "rows.csv", Path(folder) / "fit.R"
        df.to_csv(data, index=False)
        script.write_text(IN_R, encoding="utf-8")
        done = subprocess.run(  # noqa: S603
            [program, "--vanilla", str(script), str(data), str(nodes)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        return {"missing": f"Rscript failed: {done.stderr.strip().splitlines()[-1]}"}
    return dict(json.loads(done.stdout))


def compare(rows: int, plants: int, nodes: int) -> None:
    """Fit both ways and print one line."""
    df = simulated(rows, plants)
    seconds, fit = ours(df, nodes)
    off = np.abs(fit.estimates - [INTERCEPT, *SLOPES]) / np.sqrt(np.diag(fit.covariance))
    print(  # noqa: T201
        f"{rows:,} rows, {plants:,} plants, {nodes} nodes: ours {seconds:.2f} s, sd {fit.sd:.4f} (planted {SD}), "
        f"estimates at most {off.max():.1f} standard errors from the planted ones"
    )
    other = by_lme4(df, nodes)
    if "missing" in other:
        print(f"  {other['missing']}")  # noqa: T201
        return
    gap = np.append(fit.estimates - np.array(other["estimates"]), fit.sd - float(str(other["sd"])))
    higher = (
        f", log likelihood {fit.loglik - float(str(other['loglik'])):+.1e}" if nodes == 1 else ""
    )  # else of another scale
    error = np.sqrt(np.diag(fit.covariance)) / np.array(other["errors"]) - 1
    print(  # noqa: T201
        f"  lme4 {other['version']} {other['seconds']:.2f} s, {float(str(other['seconds'])) / seconds:.0f} times ours; "
        f"largest difference in estimates and sd {np.abs(gap).max():.1e}, in standard errors {np.abs(error).max():.1e}"
        f"{higher}"
    )


def main() -> None:
    """Print the comparison for each number of plants and of nodes."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=60_000)
    asked.add_argument("--plants", type=int, nargs="+", default=[500, 6_000])
    asked.add_argument("--nodes", type=int, nargs="+", default=[1])
    given = asked.parse_args()
    begun = time.perf_counter()
    ours(simulated(200, 20), 1)
    print(f"a first small fit, compiling or reading what was compiled: {time.perf_counter() - begun:.1f} s")  # noqa: T201
    for plants in given.plants:
        for nodes in given.nodes:
            compare(given.rows, plants, nodes)


if __name__ == "__main__":
    main()
