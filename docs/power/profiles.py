"""How often an excess is found: flags of profiles, flags of changes, and persistence, by size of the effect.

    python docs/power/profiles.py

Writes docs/power/profiles.csv: columns test, effect, effect_unit, power, low, high (Wilson, 95%), simulations. The
first row of each test is the null effect, whose power is the false-alarm rate. Some minutes on one core.
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

SIMULATIONS = 200
_FACILITIES = 300
_SHAPE = 6.0  # true ratios of ordinary facilities vary by 41%


def flagged_above(seed: int, ratio: float, expected: float) -> bool:
    """Whether one facility with this true ratio, among 299 ordinary ones, is flagged as above expectation."""
    rng = np.random.default_rng(seed)
    size = rng.gamma(1.5, 4, _FACILITIES) + 0.2
    truth = rng.gamma(_SHAPE, 1 / _SHAPE, _FACILITIES)
    size[0], truth[0] = expected, ratio
    panel = pd.DataFrame({"facility_id": np.arange(_FACILITIES), "findings_count": rng.poisson(size * truth)})
    table = profile(panel.assign(expected_count=size), draws=100).table.set_index("facility_id")
    return bool(table.loc["0", "flagged"] == "above")


def flagged_share(seed: int, ratio: float) -> bool:
    """Whether one facility of 100 trials whose share is this many times the mean one of 10% is flagged."""
    rng = np.random.default_rng(seed)
    trials = rng.integers(10, 200, 200)
    chance = rng.beta(3, 27, 200)
    trials[0], chance[0] = 100, 0.1 * ratio
    panel = pd.DataFrame({"facility_id": np.arange(200), "failed": rng.binomial(trials, chance), "checked": trials})
    table = profile(panel, observed="failed", trials="checked", draws=100).table.set_index("facility_id")
    return bool(table.loc["0", "flagged"] == "above")


def flagged_change(seed: int, times: float) -> bool:
    """Whether one facility that expects 30 a year and changes so many times is flagged as risen."""
    rng = np.random.default_rng(seed)
    size = rng.gamma(1.5, 6, 200) + 0.5
    size[0] = 30
    truth = rng.gamma(_SHAPE, 1 / _SHAPE, 200)
    truth[0] = 1
    after = truth * np.concatenate([[times], np.ones(199)])
    panel = pd.DataFrame(
        {
            "facility_id": np.tile(np.arange(200), 2),
            "period_start": np.repeat([2022, 2023], 200),
            "findings_count": np.concatenate([rng.poisson(size * truth), rng.poisson(size * after)]),
            "expected_count": np.tile(size, 2),
        }
    )
    table = profile_change(panel).table.set_index("facility_id")
    return bool(table.loc["0", "flagged"] == "rose") if "0" in table.index else False


def lasts(seed: int, correlation: float) -> bool:
    """Whether 200 facilities that expect 6 a year on average are said to carry anything over (5% level)."""
    rng = np.random.default_rng(seed)
    first, own = rng.normal(size=(2, 200))
    scores = np.column_stack([first, correlation * first + np.sqrt(1 - correlation**2) * own])
    size = (rng.gamma(1.5, 4, 200) + 0.2)[:, None] * np.ones(2)
    counts = rng.poisson(size * gammaincinv(2.0, ndtr(scores)) / 2).astype(float)
    chain = Chain(counts, size, fit_spread(counts.ravel(), size.ravel()).shape)
    return bool(fit_lasting(chain, 0.95).p_value < 0.05)


CURVES: list[tuple[str, str, list[float], Callable[[int, float], bool], int]] = [
    *(
        (
            f"profile: flagged above, {expected:g} expected",
            "true ratio of one of 300",
            [1.0, 1.5, 2.0, 3.0, 4.0, 6.0],
            lambda seed, ratio, expected=expected: flagged_above(seed, ratio, expected),
            SIMULATIONS,
        )
        for expected in (5.0, 20.0, 80.0)
    ),
    (
        "profile: flagged above, share of 100 trials",
        "times the mean share of 10%",
        [1.0, 2.0, 3.0, 4.0, 5.0],
        flagged_share,
        100,
    ),
    ("profile_change: flagged as risen, 30 expected", "times as many", [1.0, 1.5, 2.0, 3.0, 4.0], flagged_change, 100),
    ("persistence", "correlation of scores", [0.0, 0.1, 0.2, 0.3, 0.5, 0.8], lasts, SIMULATIONS),
]


def main() -> None:
    """Simulate every curve and write the file."""
    rows = []
    for test, unit, effects, found, simulations in CURVES:
        for effect in effects:
            hits = sum(found(seed, effect) for seed in range(simulations))
            interval = proportion(hits, simulations, method="wilson").table.iloc[0]
            rows.append(
                {
                    "test": test,
                    "effect": effect,
                    "effect_unit": unit,
                    "power": hits / simulations,
                    "low": round(float(interval["low"]), 4),
                    "high": round(float(interval["high"]), 4),
                    "simulations": simulations,
                }
            )
    pd.DataFrame(rows).to_csv(Path(__file__).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
