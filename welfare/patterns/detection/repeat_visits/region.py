"""Intervals from the likelihood itself where a model has two chances only: they hold at bounds, where errors do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from welfare.patterns.detection.repeat_visits.histories import Histories

Quantity = Callable[[np.ndarray, np.ndarray], np.ndarray]
_FURTHEST = 16.0  # on the logit scale: a chance within a ten-millionth of 0 or 1
_POINTS, _HALVINGS = 201, 40


def region_limits(
    rows: Histories, best: tuple[float, float], quantities: Mapping[str, Quantity], level: float
) -> dict[str, tuple[float, float]]:
    """Return profile-likelihood intervals of functions of the two chances that do not fall with the first.

    Parameters
    ----------
    rows : Histories
    best : tuple of float
        Chance of being recorded where the log likelihood is highest, and that log likelihood.
    quantities : mapping of str to callable
        Each takes arrays of the two chances (of being there, of being recorded) and returns an array.
    level : float
        Coverage.

    Returns
    -------
    dict of str to (low, high)
        The least and greatest value over all pairs whose log likelihood lies within half the chi-squared quantile (one
        degree of freedom) of the maximum: for a function of the parameters that is its profile interval.

    Notes
    -----
    For a given chance of being recorded the log likelihood is concave in that of being there, so that what lies within
    reach is an interval, whose ends are found by halving.
    """
    from scipy.special import expit, logit
    from scipy.stats import chi2

    sums = _sums(rows)
    enough = best[1] - float(chi2.ppf(level, 1)) / 2
    middle = float(np.clip(logit(best[0]), -_FURTHEST, _FURTHEST))

    def within(logits: np.ndarray) -> np.ndarray:
        recorded = expit(logits)
        return sums.loglik(sums.likeliest(recorded), recorded) >= enough

    least, most = (float(_halved(within, np.array([middle]), np.array([end]))[0]) for end in (-_FURTHEST, _FURTHEST))
    recorded = expit(np.unique(np.append(np.linspace(least, most, _POINTS), middle)))
    likeliest = sums.likeliest(recorded)

    def reachable(there: np.ndarray) -> np.ndarray:
        return sums.loglik(there, recorded) >= enough

    low, high = (_halved(reachable, likeliest, np.full(len(recorded), end)) for end in (1e-12, 1.0))
    return {
        name: (float(np.min(quantity(low, recorded))), float(np.max(quantity(high, recorded))))
        for name, quantity in quantities.items()
    }


def _halved(holds: Callable[[np.ndarray], np.ndarray], inside: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the last points between `inside` and `end` at which something holds; the end where it holds there."""
    outside = end.astype(float)
    inside = np.where(holds(outside), outside, inside)
    for _ in range(_HALVINGS):
        between = (inside + outside) / 2
        here = holds(between)
        inside, outside = np.where(here, between, inside), np.where(here, outside, between)
    return inside


@dataclass(frozen=True)
class _Sums:
    """What the likelihood depends on: cited facilities, their visits with a record and without, and the others."""

    cited: int
    recorded: float
    missed: float
    visits: np.ndarray
    often: np.ndarray

    def _seen(self, recorded: np.ndarray) -> np.ndarray:
        """Return the chance that so many visits record it at least once, shape (chances, numbers of visits)."""
        return np.asarray(-np.expm1(np.log1p(-recorded)[:, None] * self.visits))

    def loglik(self, there: np.ndarray, recorded: np.ndarray) -> np.ndarray:
        from scipy.special import xlog1py, xlogy

        value = self.cited * np.log(there) + xlogy(self.recorded, recorded) + xlog1py(self.missed, -recorded)
        with np.errstate(divide="ignore"):  # there for sure, recorded for sure, and never recorded: minus infinity
            return np.asarray(value + np.log1p(-there[:, None] * self._seen(recorded)) @ self.often)

    def likeliest(self, recorded: np.ndarray) -> np.ndarray:
        """Return the likeliest chance of being there for each chance of being recorded."""
        seen = self._seen(recorded)

        def rises(there: np.ndarray) -> np.ndarray:
            return self.cited / there - (seen / (1 - there[:, None] * seen)) @ self.often >= 0

        return _halved(rises, np.full(len(recorded), 1e-12), np.full(len(recorded), 1 - 1e-12))


def _sums(rows: Histories) -> _Sums:
    seen, times = rows.by_site(rows.counts > 0), rows.times
    cited = seen > 0
    visits, often = np.unique(times[~cited], return_counts=True)
    return _Sums(
        cited=int(cited.sum()),
        recorded=float(seen.sum()),
        missed=float(times[cited].sum() - seen.sum()),
        visits=visits.astype(float),
        often=often.astype(float),
    )


__all__ = ["region_limits"]
