"""How far true ratios last from one period to the next: their likelihood, given the counts of every period."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from welfare.patterns.profiles.shrinkage import best_mean
from welfare.stats.compiled import compiled

_NEGLIGIBLE = 1e-13
_HELD = 6
_EDGE = 5.0  # standard deviations to which the grid reaches
_COARSEST, _FINEST = 0.2, 0.025
_RESOLVED = 0.75  # steps that the move from one period to the next must span: fewer, and it is no move at all
_ALIKE = 5e3  # a gamma shape this large is a spread of 1.4% between facilities: none
_NARROWEST = 0.05  # a gamma shape this small is one facility in thousands holding nearly all events


@compiled()
def _moved(chance: np.ndarray, move: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """Move each row of chances one period on and weigh it by the likelihood there, where that is not negligible."""
    out = np.zeros_like(chance)
    last = chance.shape[1] - 1
    for row in range(len(chance)):
        first, end = 0, last
        while first < end and likely[row, first] < _NEGLIGIBLE:
            first += 1
        while end > first and likely[row, end] < _NEGLIGIBLE:
            end -= 1
        for score in range(last + 1):
            if chance[row, score] > _NEGLIGIBLE:
                for to in range(first, end + 1):
                    out[row, to] += chance[row, score] * move[score, to]
        for to in range(first, end + 1):
            out[row, to] *= likely[row, to]
    return out


@dataclass(frozen=True)
class Chain:
    """Counts of facilities in successive periods.

    Attributes
    ----------
    observed, expected : arrays, shape (n, periods)
        Counts, and expected counts above zero; NaN in both where a facility has none.
    marginal : float
        Gamma shape that the counts of single periods show: it sets the mean ratio of each, and the grid.

    Notes
    -----
    Behind each facility's ratio stands a normal score, which moves from one period to the next with a given
    correlation; the ratio is the gamma quantile of the score. In any one period the counts are then negative binomial,
    as in `profile`. Scores are summed over on a grid, period by period, so that the likelihood is exact but for the
    grid's step. A period that a facility lacks is two moves in one.
    """

    observed: np.ndarray
    expected: np.ndarray
    marginal: float

    @cached_property
    def scores(self) -> np.ndarray:
        """Grid of scores: as fine as the largest counts need, within reason."""
        shape = min(self.marginal, _ALIKE)
        narrowest = np.sqrt(shape / (shape + np.nanmax(self.observed)))  # what is left of a score given its count
        step = float(np.clip(narrowest, _FINEST, _COARSEST))
        return np.linspace(-_EDGE, _EDGE, 2 * int(np.ceil(_EDGE / step)) + 1)

    @property
    def step(self) -> float:
        """Distance between scores."""
        return float(self.scores[1] - self.scores[0])

    @property
    def closest(self) -> float:
        """Highest correlation, below 1, that the grid can tell from 1."""
        return float(np.sqrt(1 - (_RESOLVED * self.step) ** 2))

    @cached_property
    def weights(self) -> np.ndarray:
        """Normal density of the scores, adding up to 1."""
        density = np.exp(-0.5 * self.scores**2)
        return density / density.sum()

    def ratios(self, shape: float) -> np.ndarray:
        """Return the true ratio at each score, of mean 1."""
        from scipy.special import gammainccinv, gammaincinv, ndtr

        z = self.scores
        return np.where(z < 0, gammaincinv(shape, ndtr(z)), gammainccinv(shape, ndtr(-z))) / shape

    @cached_property
    def means(self) -> np.ndarray:
        """Mean ratio of each period, 0 where nothing happened."""
        out = np.zeros(self.observed.shape[1])
        for period in range(len(out)):
            here = ~np.isnan(self.observed[:, period])
            o, e = self.observed[here, period], self.expected[here, period]
            if o.sum() > 0:
                together = float(o.sum() / e.sum())
                out[period] = together if self.marginal > _ALIKE else best_mean(o, e, self.marginal, together)
        return out

    def move(self, correlation: float) -> np.ndarray:
        """Return the chance of each score in the next period (columns), given that of this one (rows)."""
        if abs(correlation) > self.closest:
            same = np.eye(len(self.scores))
            return same if correlation > 0 else same[::-1]
        wide = np.sqrt(1 - correlation**2)
        chance = np.exp(-0.5 * ((self.scores - correlation * self.scores[:, None]) / wide) ** 2)
        return chance / chance.sum(axis=1, keepdims=True)

    def likelihoods(self, shape: float) -> list[tuple[np.ndarray, float]]:
        """Return, for each period, each count's probability at every score, over its highest, and the logs of these.

        Parameters
        ----------
        shape : float
            Of the gamma distribution of ratios.
        """
        ratios = self.ratios(shape)
        return [self._likely(period, mean, ratios) for period, mean in enumerate(self.means)]

    def filtered(
        self, correlation: float, shape: float, likelihoods: list[tuple[np.ndarray, float]] | None = None
    ) -> tuple[float, np.ndarray]:
        """Return the log-likelihood, but for a constant, and the chance of each score in the last period.

        Parameters
        ----------
        correlation : float
            Of the scores of successive periods.
        shape : float
            Of the gamma distribution of ratios.
        likelihoods : list, optional
            Of that shape, where they are at hand.

        Returns
        -------
        log_likelihood : float
        chance : array, shape (n, scores)
            Given the counts of all periods.
        """
        move = self.move(correlation)
        chance = np.empty((len(self.observed), 0))
        total = 0.0
        for period, (likely, constant) in enumerate(likelihoods or self.likelihoods(shape)):
            chance = _moved(chance, move, likely) if period else self.weights * likely
            sums = np.maximum(chance.sum(axis=1), 1e-300)
            total += float(np.log(sums).sum()) + constant
            chance /= sums[:, None]
        return total, chance

    def _likely(self, period: int, mean: float, ratios: np.ndarray) -> tuple[np.ndarray, float]:
        """Return each count's probability at each ratio, over its own highest, and the sum of logs divided out."""
        o, e = self.observed[:, period], self.expected[:, period]
        out = np.ones((len(o), len(ratios)))
        here = ~np.isnan(o)
        if mean == 0:
            return out, 0.0
        # Of so low a ratio no event comes; its logarithm is kept finite so that none times it is none.
        log = np.outer(o[here], np.log(np.maximum(ratios, 1e-300))) - np.outer(mean * e[here], ratios)
        # More events than the grid can tell apart are taken as fewer, of the same ratio: it is known well enough.
        log *= np.minimum(1.0, self.marginal / _FINEST**2 / np.maximum(o[here], 1.0))[:, None]
        highest = log.max(axis=1, keepdims=True)
        out[here] = np.exp(log - highest)
        return out, float(highest.sum())

    def of_ratios(self, correlation: float, shape: float) -> float:
        """Return the correlation of the ratios of successive periods, given that of their scores."""
        if abs(correlation) > self.closest and correlation > 0:
            return 1.0
        ratios = self.ratios(shape)
        mean = self.weights @ ratios
        spread = self.weights @ ratios**2 - mean**2
        return float(((self.weights * ratios) @ self.move(correlation) @ ratios - mean**2) / spread)


@dataclass(frozen=True)
class Lasting:
    """How far ratios last, as fitted.

    Attributes
    ----------
    score : float
        Correlation of the scores of successive periods; NaN if no spread between facilities was found.
    shape : float
        Gamma shape of the ratios.
    correlation, low, high : float
        Of the true ratios, with its interval by profile likelihood: -1 to 1 where nothing can be told.
    p_value : float
        Likelihood-ratio test that nothing lasts.
    """

    score: float
    shape: float
    correlation: float
    low: float
    high: float
    p_value: float

    @property
    def known(self) -> bool:
        """Whether there is any spread whose lasting could be asked about."""
        return not np.isnan(self.score)


def fit_lasting(chain: Chain, level: float) -> Lasting:
    """Fit the correlation and the spread by maximum likelihood.

    Parameters
    ----------
    chain : Chain
        Counts of two periods or more.
    level : float
        Coverage of the interval.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import chdtrc, chdtri

    if chain.marginal > _ALIKE:
        return Lasting(np.nan, np.inf, np.nan, -1.0, 1.0, np.nan)
    misfit, farthest = _Misfit(chain), float(np.arctanh(chain.closest))
    found = minimize_scalar(
        lambda at: misfit.of(np.tanh(at)), bounds=(-farthest, farthest), method="bounded", options={"xatol": 5e-3}
    )
    values = {at: misfit.of(at) for at in (float(np.tanh(found.x)), 1.0, 0.0)}
    score = min(values, key=lambda at: values[at])
    misfit.settle(score)
    far = float(np.sqrt(chdtri(1, 1 - level)))
    ends = [_crossing(misfit, score, values[score], far, side, farthest) for side in (-1.0, 1.0)]
    low, correlation, high = (chain.of_ratios(at, misfit.shape) for at in (ends[0], score, ends[1]))
    p_value = float(chdtrc(1, max(0.0, 2 * (values[0.0] - values[score]))))
    return Lasting(score, misfit.shape, correlation, -1.0 if ends[0] == -1 else low, high, p_value)


class _Misfit:
    """Minus the log-likelihood of a correlation, the shape being the best one beside it."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._start = float(np.log(np.clip(chain.marginal, _NARROWEST, _ALIKE)))
        self._held: dict[float, list[tuple[np.ndarray, float]]] = {}

    @property
    def shape(self) -> float:
        """Gamma shape from which the best one beside a correlation is sought."""
        return float(np.exp(self._start))

    def settle(self, correlation: float) -> None:
        """Seek from now on from the shape that is best beside this correlation."""
        self._start = self._best(correlation)[1]

    def of(self, correlation: float) -> float:
        """Return the misfit of a correlation."""
        return self._best(correlation)[0]

    def _best(self, correlation: float) -> tuple[float, float]:
        at, step = self._start, 0.15
        for _ in range(6):
            left, middle, right = (self._at(correlation, at + move) for move in (-step, 0.0, step))
            bend, slope = (left + right - 2 * middle) / 2, (right - left) / 2
            # The bottom of the parabola through the three; where it has none, a stride downhill.
            move = -slope / (2 * bend) if bend > 1e-12 else -4.0 * float(np.sign(slope))
            if abs(move) <= 1.2:
                return middle - slope**2 / (4 * bend) if bend > 1e-12 else middle, at + step * move
            at = float(np.clip(at + step * np.clip(move, -4, 4), np.log(_NARROWEST), np.log(_ALIKE)))
        return self._at(correlation, at), at

    def _at(self, correlation: float, log_shape: float) -> float:
        # Every search starts from the same three shapes, so that what depends on them alone is worked out once.
        if log_shape not in self._held:
            if len(self._held) >= _HELD:
                self._held.clear()
            self._held[log_shape] = self.chain.likelihoods(float(np.exp(log_shape)))
        return -self.chain.filtered(correlation, float(np.exp(log_shape)), self._held[log_shape])[0]


def _crossing(misfit: _Misfit, score: float, least: float, far: float, side: float, farthest: float) -> float:
    """Return where the root of the deviance, nearly straight in arctanh, is `far` on this side, or the end."""
    from scipy.optimize import brentq

    def beyond(at: float) -> float:
        return float(np.sqrt(max(0.0, 2 * (misfit.of(float(np.tanh(at))) - least)))) - far

    if score == side or 2 * (misfit.of(side) - least) <= far**2:
        return side
    start = float(np.clip(np.arctanh(np.clip(score, -1 + 1e-12, 1 - 1e-12)), -farthest, farthest))
    if beyond(start) >= 0:
        return float(np.tanh(start))
    if beyond(side * farthest) <= 0:
        return float(np.tanh(side * farthest))
    return float(np.tanh(brentq(beyond, start, side * farthest, xtol=5e-3)))


__all__ = ["Chain", "Lasting", "fit_lasting"]
