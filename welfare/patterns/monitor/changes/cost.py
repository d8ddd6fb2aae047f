"""What a stretch of one level costs: minus twice the Poisson log likelihood of counts against expected ones.

The only place that imports ruptures, which has no such cost of its own.
"""

from __future__ import annotations

import numpy as np

from welfare.errors import MissingExtra


def pelt(counts: np.ndarray, mean: np.ndarray, penalty: float) -> list[int]:
    """Cut a series into stretches of one level each: the cheapest way, each cut costing the penalty.

    Parameters
    ----------
    counts, mean : array of float, shape (t,)
        Counts, and expected counts above 0 (their proportions matter).
    penalty : float
        Per cut, above 0.

    Returns
    -------
    list of int
        First period of each new level, in order; empty for one level.

    Raises
    ------
    MissingExtra
        If ruptures is not installed.

    Notes
    -----
    ruptures looks at every fifth period and at stretches of two or more unless told otherwise, and with stretches of
    a minimum length its pruning can lose the best cut. With every period and stretches from one on it is exact.
    """
    try:
        import ruptures  # type: ignore[import-untyped]
    except ImportError as missing:
        raise MissingExtra(
            "changepoints need the extra `spatial`, which brings ruptures",
            spoiled="The series would stay uncut.",
            todo="pip install 'welfare[spatial]', or method=\"cusum\".",
        ) from missing

    class Level(ruptures.base.BaseCost):
        """Minus twice the log likelihood of a stretch of one level, without what no cut changes."""

        model = "poisson_level"
        min_size = 1

        def fit(self, signal: np.ndarray) -> Level:
            self.signal = signal
            self.sums = np.vstack([np.zeros(2), signal.cumsum(axis=0)])
            return self

        def error(self, start: int, end: int) -> float:
            observed, expected = self.sums[end] - self.sums[start]
            return float(-2 * observed * np.log(observed / expected)) if observed > 0 else 0.0

    signal = np.column_stack([counts, mean])
    cuts = ruptures.Pelt(custom_cost=Level(), min_size=1, jump=1).fit(signal).predict(pen=penalty)
    return [int(cut) for cut in cuts[:-1]]


__all__ = ["pelt"]
