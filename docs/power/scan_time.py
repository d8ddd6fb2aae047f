"""How often the scan in space and time finds a cluster that is there: writes scan_time.csv beside itself.

    python docs/power/scan_time.py

60 places by 16 steps, 480 cases; the rate is raised in 6 neighbouring places for 3 steps. Found means p of 0.05 or less
from 99 maps.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from welfare.patterns.scan.arrays import Cells, Reach
from welfare.patterns.scan.ratios import POISSON
from welfare.patterns.scan.time.permuting import draw, margins
from welfare.patterns.scan.time.search import highest

PLACES, STEPS, CASES, MAPS, SIMULATIONS = 60, 16, 480, 99, 100
REACH = Reach(max_steps=8)
RATES = (1.0, 2.0, 3.0, 4.0, 6.0)


def found(cells: Cells, sets: np.ndarray) -> bool:
    """Say whether p is 0.05 or less."""
    best = highest(cells, POISSON, REACH, np.concatenate([cells.cases[None], sets]))
    return bool(1 + (best[1:] >= best[0] * (1 - 1e-9)).sum() <= 0.05 * (1 + MAPS))


def once(rate: float, seed: int) -> tuple[bool, bool]:
    """Return whether the Poisson scan, and the permutation scan, find a cluster of this rate."""
    rng = np.random.default_rng(seed)
    points, base = rng.random((PLACES, 2)), np.repeat(rng.gamma(3, size=(PLACES, 1)), STEPS, axis=1)
    true = base.copy()
    true[np.argsort(np.linalg.norm(points - 0.5, axis=1))[:6], 6:9] *= rate
    counts = rng.multinomial(CASES, (true / true.sum()).ravel()).reshape(base.shape)
    sets = rng.multinomial(CASES, (base / base.sum()).ravel(), MAPS).reshape(MAPS, *base.shape)
    permuted = margins(points, counts)
    return found(Cells(points, counts, base), sets), found(permuted, draw(permuted, rng, MAPS))


def wilson(share: float, many: int) -> tuple[float, float]:
    """Return the 95% interval of a share."""
    z = norm.ppf(0.975)
    middle, half = share + z**2 / (2 * many), z * np.sqrt(share * (1 - share) / many + z**2 / (4 * many**2))
    return (middle - half) / (1 + z**2 / many), (middle + half) / (1 + z**2 / many)


def main() -> None:
    """Write the table."""
    rows = []
    for rate in RATES:
        power = np.mean([once(rate, seed) for seed in range(SIMULATIONS)], axis=0)
        for test, share in zip(("scan_space_time_poisson", "scan_space_time_permutation"), power, strict=True):
            low, high = wilson(share, SIMULATIONS)
            rows.append((test, rate, "rate in the cluster over the rate elsewhere", share, low, high, SIMULATIONS))
    columns = ["test", "effect", "effect_unit", "power", "low", "high", "simulations"]
    table = pd.DataFrame(rows, columns=columns).sort_values(["test", "effect"])
    table.round(4).to_csv(Path(__file__).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
