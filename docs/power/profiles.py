"""How often an excess is found: flags of profiles, flags of changes, and persistence, by size of the effect.

    python docs/power/profiles.py

Writes docs/power/profiles.csv: columns test, effect, effect_unit, power, low, high (Wilson, 95%), simulations. The
first row of each test is the null effect, whose power is the false-alarm rate. All effects of a test are planted in the
same simulated industry, one facility each, among 300 ordinary ones (200 for shares and changes). Some two minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import gammaincinv, ndtr

from welfare.patterns.profiles.periods.chain import Chain, fit_lasting
from welfare.patterns.profiles.periods.change import profile_change
from welfare.patterns.profiles.profile import profile
from welfare.patterns.profiles.shrinkage import fit_spread
from welfare.stats.rates.proportion import proportion

SIMULATIONS = 100
RATIOS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
SIZES = (5.0, 20.0, 80.0)
SHARES = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
CHANGES = (1.0, 1.5, 2.0, 3.0, 4.0)
CORRELATIONS = (0.0, 0.2, 0.4, 0.6, 0.8)
_SHAPE = 6.0  # true ratios of ordinary facilities vary by 41%


def flagged_above(seed: int) -> np.ndarray:
    """Whether facilities of each size and true ratio are flagged as above expectation, shape (sizes, ratios)."""
    rng = np.random.default_rng(seed)
    planted = len(SIZES) * len(RATIOS)
    size = np.concatenate([np.repeat(SIZES, len(RATIOS)), rng.gamma(1.5, 4, 300) + 0.2])
    truth = np.concatenate([np.tile(RATIOS, len(SIZES)), rng.gamma(_SHAPE, 1 / _SHAPE, 300)])
    names = [f"{at:04d}" for at in range(len(size))]
    panel = pd.DataFrame({"facility_id": names, "findings_count": rng.poisson(size * truth), "expected_count": size})
    table = profile(panel, draws=100).table
    return (table["flagged"] == "above").to_numpy()[:planted].reshape(len(SIZES), len(RATIOS))


def flagged_share(seed: int) -> np.ndarray:
    """Whether facilities of 100 trials with each multiple of the mean share of 10% are flagged as above."""
    rng = np.random.default_rng(seed)
    trials = np.concatenate([np.full(len(SHARES), 100), rng.integers(10, 200, 200)])
    chance = np.concatenate([0.1 * np.array(SHARES), rng.beta(5, 45, 200)])
    names = [f"{at:04d}" for at in range(len(trials))]
    panel = pd.DataFrame({"facility_id": names, "failed": rng.binomial(trials, chance), "checked": trials})
    table = profile(panel, observed="failed", trials="checked", draws=100).table
    return (table["flagged"] == "above").to_numpy()[: len(SHARES)]


def flagged_change(seed: int) -> np.ndarray:
    """Whether facilities that expect 30 a year, and have each multiple of that in the second, are flagged as risen."""
    rng = np.random.default_rng(seed)
    size = np.concatenate([np.full(len(CHANGES), 30.0), rng.gamma(1.5, 6, 200) + 0.5])
    truth = np.concatenate([np.ones(len(CHANGES)), rng.gamma(_SHAPE, 1 / _SHAPE, 200)])
    times = np.concatenate([CHANGES, np.ones(200)])
    names = [f"{at:04d}" for at in range(len(size))]
    panel = pd.DataFrame(
        {
            "facility_id": names * 2,
            "period_start": np.repeat([2022, 2023], len(size)),
            "findings_count": np.concatenate([rng.poisson(size * truth), rng.poisson(size * truth * times)]),
            "expected_count": np.tile(size, 2),
        }
    )
    table = profile_change(panel).table.set_index("facility_id")
    return (table["flagged"] == "rose").reindex(names[: len(CHANGES)], fill_value=False).to_numpy()


def lasts(seed: int) -> np.ndarray:
    """Whether 100 facilities that expect 6 a year on average are said to carry anything over (5% level)."""
    rng = np.random.default_rng(seed)
    first, own = rng.normal(size=(2, 100))
    size = (rng.gamma(1.5, 4, 100) + 0.2)[:, None] * np.ones(2)
    out = []
    for correlation in CORRELATIONS:
        scores = np.column_stack([first, correlation * first + np.sqrt(1 - correlation**2) * own])
        counts = rng.poisson(size * gammaincinv(2.0, ndtr(scores)) / 2).astype(float)
        chain = Chain(counts, size, fit_spread(counts.ravel(), size.ravel()).shape)
        out.append(fit_lasting(chain, 0.95).p_value < 0.05)
    return np.array(out)


def simulated(found: Callable[[int], np.ndarray]) -> np.ndarray:
    """Return in how many simulations each effect was found."""
    return np.sum([found(seed) for seed in range(SIMULATIONS)], axis=0)


def rows(test: str, unit: str, effects: tuple[float, ...], hits: np.ndarray) -> pd.DataFrame:
    """Return the rows of one test."""
    intervals = proportion(hits, np.full(len(hits), SIMULATIONS), method="wilson").table
    return pd.DataFrame(
        {
            "test": test,
            "effect": effects,
            "effect_unit": unit,
            "power": hits / SIMULATIONS,
            "low": intervals["low"].round(4).to_numpy(),
            "high": intervals["high"].round(4).to_numpy(),
            "simulations": SIMULATIONS,
        }
    )


def main() -> None:
    """Simulate every curve and write the file."""
    above = simulated(flagged_above)
    curves = [
        rows(f"profile: flagged above, {size:g} expected", "true ratio", RATIOS, above[at])
        for at, size in enumerate(SIZES)
    ]
    share = simulated(flagged_share)
    curves.append(rows("profile: flagged above, 100 trials", "times the mean share of 10%", SHARES, share))
    risen = simulated(flagged_change)
    curves.append(rows("profile_change: flagged as risen, 30 expected", "times as many", CHANGES, risen))
    curves.append(rows("persistence, 100 facilities", "correlation of scores", CORRELATIONS, simulated(lasts)))
    pd.concat(curves, ignore_index=True).to_csv(Path(__file__).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
