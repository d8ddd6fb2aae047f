"""Made-up facilities with planted true ratios."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import gammaincinv, ndtr


class Made(NamedTuple):
    """A panel, and the ratios planted in it: shape (facilities,), or (facilities, periods)."""

    panel: pd.DataFrame
    ratio: np.ndarray


def counted(
    seed: int, *, n: int = 300, shape: float = 3.0, bad: int = 0, times: float = 6.0, size: float = 6.0
) -> Made:
    """Return plants with gamma-distributed true ratios; the first `bad` expect 25 and have `times` as many."""
    rng = np.random.default_rng(seed)
    expected = rng.gamma(1.5, size / 1.5, n) + 0.2
    ratio = np.ones(n) if np.isinf(shape) else rng.gamma(shape, 1 / shape, n)
    expected[:bad], ratio[:bad] = 25, times
    panel = pd.DataFrame(
        {
            "facility_id": [f"us.fsis:{at:04d}" for at in range(n)],
            "findings_count": rng.poisson(expected * ratio),
            "expected_count": expected,
        }
    )
    return Made(panel, ratio)


def shared(seed: int, *, n: int = 200, share: float = 0.1, rho: float = 0.05, bad: int = 0) -> Made:
    """Return plants of whose trials some fail; the first `bad` have 60 trials and half of them fail."""
    rng = np.random.default_rng(seed)
    trials = rng.integers(3, 250, n)
    size = 1 / rho - 1 if rho else np.inf
    chance = rng.beta(share * size, (1 - share) * size, n) if rho else np.full(n, share)
    trials[:bad], chance[:bad] = 60, 0.5
    panel = pd.DataFrame({"facility_id": [f"s{at:04d}" for at in range(n)], "failed": rng.binomial(trials, chance)})
    return Made(panel.assign(checked=trials), chance / share)


def linked(
    seed: int, correlation: float, *, n: int = 200, periods: int = 2, shape: float = 2.0, size: float = 6.0
) -> Made:
    """Return plants in successive periods whose normal scores correlate, as gamma-distributed true ratios."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=n)
    scores = [score]
    for _ in range(periods - 1):
        score = correlation * score + np.sqrt(1 - correlation**2) * rng.normal(size=n)
        scores.append(score)
    ratio = gammaincinv(shape, ndtr(np.array(scores).T)) / shape
    expected = np.repeat(rng.gamma(1.5, size / 1.5, n) + 0.2, periods)
    panel = pd.DataFrame(
        {
            "facility_id": np.repeat([f"us.fsis:{at:04d}" for at in range(n)], periods),
            "period_start": np.tile(np.arange(2020, 2020 + periods), n),
            "findings_count": rng.poisson(expected * ratio.ravel()),
            "expected_count": expected,
        }
    )
    return Made(panel, ratio)
