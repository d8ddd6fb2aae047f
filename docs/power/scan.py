"""How often the scan and Moran's I find a cluster of plants, by how much worse the plants in it are.

    python docs/power/scan.py

Writes docs/power/scan.csv: test, effect, effect_unit, power, low, high, simulations. Maps of 100 plants scattered over
a square, with 10 tasks and 4 expected cases each; those within a quarter of its side of a point (about 15) have so many
times the rate. For the negative binomial plants differ besides (gamma, variance 0.25), wherever they stand; for the
normal model values have a standard deviation of 1 and lie so many of them higher; for ellipses the cluster is a band.
Power is the share of simulations in which the most likely cluster, or Moran's I of the whole map, has p at most 0.05.
First rows plant nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from welfare.patterns.autocorrelation.moran import autocorrelation
from welfare.patterns.scan.clusters import scan

SIMULATIONS, REPLICATES, PLANTS = 100, 99, 100
RATIOS, HIGHER = (1.0, 1.25, 1.5, 1.75, 2.0), (0.0, 0.4, 0.8, 1.2)


def plants(seed: int, *, band: bool = False) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """Return points in a square and which of them are in the planted cluster."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(size=(2, PLANTS))
    middle = rng.uniform(0.25, 0.75, size=(2, 1))
    apart = (at - middle) * (np.array([[0.35], [3.0]]) if band else 1.0)
    return rng, at, np.hypot(*apart) < 0.25


def _first(found: object) -> bool:
    table = found.table  # type: ignore[attr-defined]
    return bool(len(table) and table["p_value"].iloc[0] <= 0.05)


def poisson(seed: int, ratio: float, *, shape: str = "circle") -> bool:
    """Scan counts for circles, or a band for ellipses."""
    rng, at, inside = plants(seed, band=shape == "ellipse")
    cases = rng.poisson(4.0 * np.where(inside, ratio, 1.0))
    return _first(scan(cases, np.full(PLANTS, 10), *at, shape=shape, replicates=REPLICATES, seed=seed))


def ellipse(seed: int, ratio: float) -> bool:
    """Scan counts for ellipses where the cluster is a band."""
    return poisson(seed, ratio, shape="ellipse")


def negative_binomial(seed: int, ratio: float) -> bool:
    """Scan counts of plants that differ."""
    rng, at, inside = plants(seed)
    cases = rng.poisson(4.0 * rng.gamma(4, 0.25, PLANTS) * np.where(inside, ratio, 1.0))
    how = {"model": "negative_binomial", "replicates": REPLICATES, "seed": seed}
    return _first(scan(cases, np.full(PLANTS, 10), *at, **how))


def bernoulli(seed: int, ratio: float) -> bool:
    """Scan shares of tasks with a finding."""
    rng, at, inside = plants(seed)
    cases = rng.binomial(10, 0.4 * np.where(inside, ratio, 1.0))
    return _first(scan(cases, np.full(PLANTS, 10), *at, model="bernoulli", replicates=REPLICATES, seed=seed))


def normal(seed: int, higher: float) -> bool:
    """Scan values."""
    rng, at, inside = plants(seed)
    values = rng.normal(size=PLANTS) + higher * inside
    return _first(scan(values, np.ones(PLANTS), *at, model="normal", replicates=REPLICATES, seed=seed))


def moran(seed: int, ratio: float) -> bool:
    """Ask whether neighbouring plants have like rates."""
    rng, at, inside = plants(seed)
    cases = rng.poisson(4.0 * np.where(inside, ratio, 1.0))
    found = autocorrelation(cases, *at, population=np.full(PLANTS, 10), permutations=199, seed=seed)
    return found.p_permutation <= 0.05


TESTS: dict[str, tuple[Callable[[int, float], bool], tuple[float, ...], str]] = {
    "Scan, Poisson": (poisson, RATIOS, "times the rate"),
    "Scan, negative binomial: plants differ": (negative_binomial, (*RATIOS, 3.0), "times the rate"),
    "Scan, Bernoulli": (bernoulli, RATIOS, "times the share"),
    "Scan, normal": (normal, HIGHER, "standard deviations"),
    "Scan, ellipses: the cluster is a band": (ellipse, RATIOS, "times the rate"),
    "Moran's I of rates": (moran, (*RATIOS, 3.0), "times the rate"),
}


def main() -> None:
    """Write the figures beside this file."""
    rows = []
    for name, (alarm, effects, unit) in TESTS.items():
        for effect in effects:
            alarms = sum(alarm(seed, effect) for seed in range(SIMULATIONS))
            low, high = proportion_confint(alarms, SIMULATIONS, method="wilson")
            rows.append((name, effect, unit, alarms / SIMULATIONS, low, high, SIMULATIONS))
    columns = ["test", "effect", "effect_unit", "power", "low", "high", "simulations"]
    pd.DataFrame(rows, columns=columns).round(4).to_csv(Path(__file__).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
