"""Poisson event studies with an exposure on simulated plants with planted ratios, beside pyfixest's fepois.

    python benchmarks/event_study_poisson.py [--rows 240000] [--units 20000 2000] [--peer PYTHON] [--peer-rows 24000]

Ours: the saturated model (unit and period effects and a dummy for every cohort and period) and imputation, clustered by
plant, every cell with its error and the covariance of all. The fewer the units, the more periods and cohorts. Each is
measured in a process of its own: seconds of the call alone, and the most memory that the process held. PYTHON is one
that has pyfixest (the extra `fe`): it is given the same saturated model with the dummies written out, on fewer rows,
for at 240,000 they fill several GB. Goal: under 10 s and 1 GB at 240,000 rows, fepois's estimates to 1e-6.
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

SEED, METHODS = 5, ("saturated", "imputed")

PEER = """
import json, resource, sys, time, warnings
import numpy as np, pandas as pd, pyfixest as pf
warnings.simplefilter("ignore")
df = pd.read_parquet(sys.argv[1])
cell = np.where((df["adopts"] > 0) & (df["period"] != df["adopts"] - 1), df["adopts"] * 10_000 + df["period"], 0)
dummies = pd.get_dummies(pd.Series(cell), prefix="c", dtype=float).drop(columns="c_0")
wide = pd.concat([df, dummies], axis=1).assign(log_animals=np.log(df["animals"]))
begun = time.perf_counter()
fit = pf.fepois("deaths ~ " + " + ".join(dummies) + " | plant + period", wide, vcov={"CRV1": "plant"},
                offset="log_animals")
seconds = time.perf_counter() - begun
print(json.dumps({
    "seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "estimates": fit.coef().to_dict(), "errors": fit.se().to_dict(), "version": pf.__version__}))
"""


def simulated(rows: int, units: int) -> pd.DataFrame:
    """Return plants of which a quarter never adopt; deaths per animal grow by :func:`planted` where they do."""
    rng = np.random.default_rng(SEED)
    periods = rows // units
    starts = np.unique(np.linspace(2, periods - 2, max(3, periods // 3)).astype(int))
    adopts = np.where(rng.random(units) < 0.25, 0, rng.choice(starts, units))
    plant, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    animals = rng.uniform(1, 20, len(plant)).round(3)
    level, trend = rng.normal(0, 0.5, units), np.cumsum(rng.normal(0, 0.05, periods))
    linear = -0.5 + level[plant] + trend[period] + planted(adopts[plant], period)
    deaths = rng.poisson(animals * np.exp(linear))
    return pd.DataFrame(
        {"plant": plant, "period": period, "adopts": adopts[plant], "animals": animals, "deaths": deaths}
    )


def planted(adopts: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Return the logarithm of the planted ratio: it grows for five periods."""
    since = period - adopts
    return np.where((adopts > 0) & (since >= 0), 0.2 + 0.06 * np.minimum(since, 5), 0.0)


def measured(path: Path, method: str) -> dict[str, object]:
    """Fit, and return seconds, the memory held at most, and the cells."""
    from welfare.stats.adoption.arrays import Adoption
    from welfare.stats.adoption.imputing.poisson_imputation import impute_poisson
    from welfare.stats.adoption.saturating.saturated_poisson import saturate_poisson

    df = pd.read_parquet(path)
    periods = int(df["period"].max()) + 1
    adopts = df.groupby("plant")["adopts"].first().to_numpy()
    adoption = Adoption(
        outcome=df["deaths"].to_numpy(dtype=float),
        exposure=df["animals"].to_numpy(),
        unit=df["plant"].to_numpy(),
        period=df["period"].to_numpy(),
        periods=np.arange(periods),
        cohort=np.where(adopts > 0, adopts, periods),
        cluster=np.arange(len(adopts)),
        covariates=np.zeros((len(df), 0)),
        labels=pd.RangeIndex(periods),
    )
    begun = time.perf_counter()
    found = (saturate_poisson if method == "saturated" else impute_poisson)(adoption)
    seconds = time.perf_counter() - begun
    errors = np.sqrt(np.diag(found.covariance))
    return {
        "seconds": seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cohorts": found.cohort.tolist(),
        "periods": found.period.tolist(),
        "estimates": found.estimate.tolist(),
        "errors": errors.tolist(),
    }


def in_a_process(command: list[str]) -> dict[str, object]:
    """Run a program that prints JSON, or say why it gave nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        return {"missing": (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def compare(rows: int, units: int, peer: str | None) -> None:
    """Measure each method, and the peer where it is asked for, and print a line for each."""
    df = simulated(rows, units)
    title = f"{len(df):,} rows, {units:,} plants, {rows // units} periods"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        df.to_parquet(path)
        results = {}
        for method in METHODS:
            found = in_a_process([sys.executable, __file__, "--measure", str(path), "--method", method])
            results[method] = found
            if "missing" in found:
                print(f"{title}, {method}: {found['missing']}")  # noqa: T201
                continue
            cohort, period = np.array(found["cohorts"]), np.array(found["periods"])
            estimates, errors = (np.array(found[name], dtype=float) for name in ("estimates", "errors"))
            away = (estimates - planted(cohort, period)) / errors
            print(  # noqa: T201
                f"{title}, {method}: {found['seconds']:.2f} s, {found['megabytes']:.0f} MB; {len(away):,} cells, "
                f"{np.nanmax(np.abs(away)):.1f} errors from the planted ratios at most, root mean square "
                f"{np.sqrt(np.nanmean(away**2)):.2f}"
            )
        if peer:
            against(results["saturated"], in_a_process([peer, "-c", PEER, str(path)]))


def against(mine: dict[str, object], other: dict[str, object]) -> None:
    """Print how the peer did beside our saturated model."""
    if "missing" in other or "missing" in mine:
        print(f"  nothing to compare with: {other.get('missing', mine.get('missing'))}")  # noqa: T201
        return
    names = [f"c_{c * 10_000 + t}" for c, t in zip(mine["cohorts"], mine["periods"], strict=True)]
    gaps = [
        np.nanmax(np.abs(np.array(mine[what], dtype=float) - [other[what].get(name, np.nan) for name in names]))
        for what in ("estimates", "errors")
    ]
    print(  # noqa: T201
        f"  pyfixest {other['version']}: {other['seconds']:.2f} s, {other['megabytes']:.0f} MB, "
        f"{other['seconds'] / mine['seconds']:.0f} times ours; largest difference in estimates {gaps[0]:.1e}, "
        f"in errors {gaps[1]:.1e}"
    )


def main() -> None:
    """Print the comparison for each number of units."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=240_000)
    asked.add_argument("--units", type=int, nargs="+", default=[20_000, 2_000])
    asked.add_argument("--peer", help="a Python that has pyfixest")
    asked.add_argument("--peer-rows", type=int, default=24_000)
    asked.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure, given.method)))  # noqa: T201
        return
    for units in given.units:
        compare(given.rows, units, None)
    if given.peer:
        compare(given.peer_rows, given.peer_rows // 12, given.peer)


if __name__ == "__main__":
    main()
