"""How much more counts vary between places than chance would have them: whether the p-values can be believed."""

from __future__ import annotations

import numpy as np
import pandas as pd

# Models whose counts vary by a known amount if chance alone is at work.
COUNTED = ("poisson", "negative_binomial", "bernoulli", "expectation")


def dispersion(places: pd.DataFrame, named: pd.Series, trials: np.ndarray | None = None) -> tuple[float, float]:
    """Return how much more counts vary between places than chance would have them, clusters allowed for.

    Parameters
    ----------
    places : DataFrame
        One row per place, or place and period; columns observed, expected (cases), cluster (0 outside all).
    named : Series of int
        Clusters whose own rates are allowed for.
    trials : array of float, optional
        Cases and controls together, where a count cannot exceed them.

    Returns
    -------
    ratio : float
        Pearson's statistic over its degrees of freedom; 1 by chance. Missing if there are none.
    by_chance : float
        What chance hardly exceeds: three standard deviations above 1.
    """
    zone = places["cluster"].where(places["cluster"].isin(named), 0)
    within = places.groupby(zone)[["observed", "expected"]].transform("sum")
    expected = (places["expected"] * within["observed"] / within["expected"]).to_numpy()
    varies = expected if trials is None else expected * (1 - np.minimum(expected / trials, 1))
    counted = varies > 0
    freedom = int(counted.sum()) - zone[counted].nunique()
    if freedom < 1:
        return float("nan"), float("inf")
    squares = (places["observed"].to_numpy()[counted] - expected[counted]) ** 2 / varies[counted]
    # Pearson's statistic of a Poisson count has variance 2 + 1 / expected.
    wide = 3 * np.sqrt((2 + (1 / varies[counted]).mean()) / freedom)
    return float(squares.sum() / freedom), float(1 + wide)
