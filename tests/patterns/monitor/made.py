"""Series with a planted step, and a real-looking one, for the tests of charts."""

from __future__ import annotations

import numpy as np
import pandas as pd

DEATHS = [3, 5, 4, 2, 4, 6, 3, 4, 7, 9, 8, 10, 7, 9]


def planted(seed: int, *, facilities: int = 1, periods: int = 80, mean: float = 4.0, step: float = 1.0, at: int = 40):
    rng = np.random.default_rng(seed)
    expected = mean * (1 + 0.4 * np.sin(np.arange(periods)[:, None] / 8 + np.arange(facilities)))
    true = expected * np.where(np.arange(periods)[:, None] >= at, step, 1.0)
    names = [f"f{j}" for j in range(facilities)]
    return pd.DataFrame(rng.poisson(true), columns=names), pd.DataFrame(expected, columns=names)
