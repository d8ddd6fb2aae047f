"""How soon charts of counts find a rise: the share of facilities named within so many periods, by how large it is.

    python docs/power/monitor.py

Writes docs/power/monitor.csv: test, effect, effect_unit, power, low, high, simulations. Each facility has four events
expected a month, with a season; its rate rises for good after 60 months. Power is the share whose chart first signals
within 12 months of the rise; a chart that had signalled before it counts as having missed it. In the first row of each
test nothing rises. Changepoints and outbreaks look at whole series: power is the share named at 5%.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from welfare.patterns.monitor.charts import monitor
from welfare.patterns.monitor.outbreaks.baseline import Baseline

FACILITIES, BEFORE, WITHIN = 400, 60, 12
RATIOS = (1.0, 1.25, 1.5, 2.0, 3.0)
MONTHS = Baseline(season=12, half_window=1, seasons=1, skip=3)


def rising(ratio: float, seed: int, *, facilities: int = FACILITIES) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return counts and expected counts, months by facilities."""
    months = np.arange(BEFORE + WITHIN)[:, None]
    expected = 4 * (1 + 0.4 * np.sin(2 * np.pi * months / 12)) * np.ones(facilities)
    true = expected * np.where(months >= BEFORE, ratio, 1.0)
    return pd.DataFrame(np.random.default_rng(seed).poisson(true)), pd.DataFrame(expected)


def named(test: str, ratio: float, seed: int) -> np.ndarray:
    """Return which facilities a test names."""
    if test == "changepoints":
        counts, expected = rising(ratio, seed, facilities=FACILITIES // 2)
        found = monitor(counts, expected, method=test, replicates=99, dispersion=0)
        return (found.table["p_value"] <= 0.05).to_numpy()
    counts, expected = rising(ratio, seed)
    if test == "farrington":
        found = monitor(counts, method=test, baseline=MONTHS)
        return (found.table["p_value"] <= 0.05).to_numpy()
    found = monitor(counts, expected, method=test, dispersion=0, arl=500)
    return (found.table["signal"] >= BEFORE).fillna(value=False).to_numpy(dtype=bool)


def main() -> None:
    """Simulate, and write the table beside this file."""
    rows = []
    for test in ("cusum", "ewma", "shewhart", "changepoints", "farrington"):
        for seed, ratio in enumerate(RATIOS):
            hit = named(test, ratio, seed)
            low, high = proportion_confint(int(hit.sum()), len(hit), method="wilson")
            rows.append((test, ratio, "ratio", hit.mean(), low, high, len(hit)))
    columns = ["test", "effect", "effect_unit", "power", "low", "high", "simulations"]
    pd.DataFrame(rows, columns=columns).round(4).to_csv(Path(__file__).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
