"""Count models at size, beside pyfixest and statsmodels on the same rows.

    python benchmarks/count_models.py [--facilities 6000] [--peer PYTHON] [--statsmodels]

A made-up panel of facilities and 120 months, with planted effects: a Poisson model with fixed effects of facility and
month, errors clustered by facility (beside pyfixest, twice in one process, since its first call compiles), and one with
120 month dummies in sight (beside statsmodels with --statsmodels: 1.5 minutes and 8 GB at 6,000 facilities). Each runs
in a process of its own, so that its memory is its own. pyfixest is in the extra `fe`; --peer names another Python that
has it. Goals: no slower than pyfixest and no more memory; 50 times as fast as statsmodels.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

MONTHS, SEED = 120, 11
SLOPES = [0.1, -0.05, 0.0]
TERMS = "x0 + x1 + x2"


def panel(facilities: int) -> pd.DataFrame:
    """Return deaths of facilities and months that vary more than Poisson, with the planted slopes."""
    rng = np.random.default_rng(SEED)
    rows = facilities * MONTHS
    facility, month = np.repeat(np.arange(facilities), MONTHS), np.tile(np.arange(MONTHS), facilities)
    terms = rng.normal(size=(rows, len(SLOPES)))
    birds = rng.integers(500, 5_000, rows)
    level = rng.normal(0, 0.5, facilities)[facility] + 0.3 * np.sin(2 * np.pi * month / 12) - 7
    mean = birds * np.exp(level + terms @ SLOPES)
    deaths = rng.poisson(mean * rng.gamma(2, 0.5, rows))
    columns = {f"x{at}": terms[:, at] for at in range(len(SLOPES))}
    return pd.DataFrame({"deaths": deaths, **columns, "birds": birds, "facility": facility, "month": month})


def ours(df: pd.DataFrame, what: str) -> tuple[list[float], list[float]]:
    """Fit with this package; everything a user gets is made: checks, text, the rows left out."""
    import welfare as wf

    right = f"{TERMS} | facility + month" if what == "effects" else f"{TERMS} + C(month)"
    options = {"cluster": "facility"} if what == "effects" else {"errors": "model"}
    table = wf.count_model(f"deaths ~ {right}", df, exposure="birds", **options).table.set_index("term")
    return table.loc[["x0", "x1", "x2"], "estimate"].tolist(), table.loc[["x0", "x1", "x2"], "std_error"].tolist()


def by_pyfixest(df: pd.DataFrame, _: str) -> tuple[list[float], list[float]]:
    """Fit with pyfixest."""
    import pyfixest

    df = df.assign(log_birds=np.log(df["birds"]))
    fit = pyfixest.fepois(f"deaths ~ {TERMS} | facility + month", df, offset="log_birds", vcov={"CRV1": "facility"})
    return fit.coef().tolist(), fit.se().tolist()


def by_statsmodels(df: pd.DataFrame, _: str) -> tuple[list[float], list[float]]:
    """Fit with statsmodels' GLM and a formula."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    formula = f"deaths ~ {TERMS} + C(month)"
    fit = smf.glm(formula, df, family=sm.families.Poisson(), offset=np.log(df["birds"])).fit()
    return fit.params[["x0", "x1", "x2"]].tolist(), fit.bse[["x0", "x1", "x2"]].tolist()


ENGINES = {"welfare": ours, "pyfixest": by_pyfixest, "statsmodels": by_statsmodels}


def worker(engine: str, what: str, path: Path, again: bool) -> None:
    """Fit, and print seconds, gigabytes and estimates as JSON; `again` times a second call."""
    df = pd.read_parquet(path)
    fit = ENGINES[engine]
    if again:
        fit(df, what)
    begin = time.perf_counter()
    estimates, errors = fit(df, what)
    seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    sys.stdout.write(json.dumps({"seconds": seconds, "GB": memory, "estimates": estimates, "errors": errors}) + "\n")


def run(python: str, engine: str, what: str, path: Path, *, again: bool) -> dict[str, object]:
    """Run one engine in a process of its own."""
    call = [python, str(Path(__file__).resolve()), "--worker", engine, "--what", what, "--data", str(path)]
    call += ["--again"] if again else []
    done = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.stdout.write(f"{engine} did not run: {(done.stderr.strip().splitlines() or ['?'])[-1]}\n")
        return {"seconds": float("nan"), "GB": float("nan"), "estimates": None}
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Time every engine and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facilities", type=int, default=6_000)
    parser.add_argument("--peer", default=sys.executable, help="a Python that has pyfixest")
    parser.add_argument("--statsmodels", action="store_true", help="run statsmodels too")
    parser.add_argument("--worker")
    parser.add_argument("--what", default="effects")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    if given.worker:
        worker(given.worker, given.what, given.data, given.again)
        return
    plan = [("welfare", "effects"), ("pyfixest", "effects"), ("welfare", "dummies")]
    plan += [("statsmodels", "dummies")] if given.statsmodels else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.parquet"
        panel(given.facilities).to_parquet(path)
        rows = []
        for engine, what in plan:
            python = given.peer if engine == "pyfixest" else sys.executable
            found = run(python, engine, what, path, again=what == "effects")
            rows.append({"model": what, "engine": engine, **found})
    table = pd.DataFrame(rows)
    sys.stdout.write(f"{given.facilities * MONTHS:,} rows\n{table.to_string(index=False)}\n")
    for what, group in table.groupby("model"):
        if len(group) == 2 and group["estimates"].notna().all():
            mine, other = group.iloc[0], group.iloc[1]
            far = max((abs(a - b) for a, b in zip(mine["estimates"], other["estimates"], strict=True)), default=0.0)
            sys.stdout.write(
                f"{what}: {mine['seconds'] / other['seconds']:.2f} of {other['engine']}'s time, "
                f"{mine['GB'] / other['GB']:.2f} of its memory; estimates differ by {far:.1e} at most\n"
            )


if __name__ == "__main__":
    main()
