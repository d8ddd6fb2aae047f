"""Beta-binomial counts: tails and quantiles summed term by term, and the fit by maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.stats.compiled import compiled

_SUMMED_TO = 20_000.0  # an expected count up to which terms are summed
_NEGLIGIBLE = 1e-17
_ALIKE = 1e-6  # a correlation this small between trials of one facility is none


@compiled()
def _ratio(at: float, n: float, a: float, b: float, step: int) -> float:
    """Return the term beside `at`, on the side of `step`, over the term at it."""
    if step > 0:
        return (n - at) / (at + 1) * (at + a) / (n - at - 1 + b)
    return at / (n - at + 1) * (n - at + b) / (at - 1 + a)


@compiled()
def _sum_from(k: float, n: float, a: float, b: float, step: int) -> tuple[float, float]:
    """Sum the terms from k towards 0 or n, the term at k counting 1; return the sum and the last count it took."""
    total, term, at = 1.0, 1.0, k
    # Where its parameter is below one the terms may rise again at that end: then none is left out.
    to_the_end = (a if step < 0 else b) < 1
    while (at > 0) if step < 0 else (at < n):
        term *= _ratio(at, n, a, b, step)
        at += step
        total += term
        if term < _NEGLIGIBLE * total and not to_the_end:
            break
    return total, at


@compiled()
def _both_tails(k: np.ndarray, n: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    out = np.empty((2, len(k)))
    for at in range(len(k)):
        below, _ = _sum_from(k[at], n[at], a[at], b[at], -1)
        above, _ = _sum_from(k[at], n[at], a[at], b[at], 1)
        whole = below + above - 1.0
        out[0, at], out[1, at] = below / whole, above / whole
    return out


@compiled()
def _quantile(n: np.ndarray, a: np.ndarray, b: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return quantiles between whole counts: the count's distribution function, joined by straight lines from -1."""
    out = np.empty((len(n), len(shares)))
    for row in range(len(n)):
        start = float(min(n[row], np.floor(n[row] * a[row] / (a[row] + b[row]))))
        below, least = _sum_from(start, n[row], a[row], b[row], -1)
        above, most = _sum_from(start, n[row], a[row], b[row], 1)
        total = below + above - 1.0
        terms = np.empty(int(most - least) + 1)
        middle = int(start - least)
        terms[middle] = 1.0
        for at in range(middle, len(terms) - 1):
            terms[at + 1] = terms[at] * _ratio(least + at, n[row], a[row], b[row], 1)
        for at in range(middle, 0, -1):
            terms[at - 1] = terms[at] * _ratio(least + at, n[row], a[row], b[row], -1)
        at, sum_to = 0, 0.0
        for which in range(len(shares)):
            wanted = shares[which] * total
            while at < len(terms) - 1 and sum_to + terms[at] < wanted:
                sum_to += terms[at]
                at += 1
            out[row, which] = least + at - 1 + min(1.0, (wanted - sum_to) / terms[at])
    return out


def _shapes(chance: np.ndarray, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = 1 / rho - 1
    return chance * size, (1 - chance) * size


def _smooth(trials: np.ndarray, chance: np.ndarray, rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the beta distribution of the share with the mean and variance of the share of such a count."""
    return _shapes(chance, (1 + (trials - 1) * rho) / trials)


def tails(
    observed: np.ndarray, trials: np.ndarray, chance: np.ndarray, rho: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often a count is as small, and as large, as the one seen.

    Parameters
    ----------
    observed, trials : arrays, shape (n,)
        Counts, and how many trials each is of.
    chance : array, shape (n,)
        Mean share, above 0 and below 1.
    rho : array, shape (n,)
        Correlation between trials of one facility: 0 is binomial.

    Returns
    -------
    below, above : arrays, shape (n,)
        Both with the count itself. Beyond 20,000 expected of either kind a beta distribution
        stands for the share: tails are then right to some hundredths of themselves.
    """
    from scipy.special import betainc
    from scipy.stats import binom

    chance, rho = (np.broadcast_to(np.asarray(part, dtype=float), observed.shape) for part in (chance, rho))
    below, above = binom.cdf(observed, trials, chance), binom.sf(observed - 1, trials, chance)
    many = np.minimum(trials * chance, trials * (1 - chance)) > _SUMMED_TO
    some = (rho > 0) & ~many
    if some.any():
        a, b = _shapes(chance[some], rho[some])
        below[some], above[some] = _both_tails(observed[some].astype(float), trials[some].astype(float), a, b)
    some = (rho > 0) & many
    if some.any():
        a, b = _smooth(trials[some], chance[some], rho[some])
        at = observed[some]
        below[some] = betainc(a, b, np.minimum(1.0, (at + 0.5) / trials[some]))
        above[some] = 1 - betainc(a, b, np.maximum(0.0, (at - 0.5) / trials[some]))
    return below, above


def quantiles(trials: np.ndarray, chance: np.ndarray, rho: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return counts below which given shares of the distribution lie, between whole counts.

    Parameters
    ----------
    trials, chance, rho : arrays, shape (n,)
        As in `tails`.
    shares : array, shape (m,)
        Rising, above 0 and below 1.

    Returns
    -------
    array, shape (n, m)
        The distribution function is joined by straight lines from 0 at -1; rounded up, it gives whole quantiles.
    """
    from scipy.special import betaincinv

    trials = np.asarray(trials, dtype=float)
    chance, rho = (np.broadcast_to(np.asarray(part, dtype=float), trials.shape) for part in (chance, rho))
    rho = np.maximum(rho, 1e-12)  # the same sums serve the binomial: at this correlation no digit differs
    out = np.empty((len(trials), len(shares)))
    many = np.minimum(trials * chance, trials * (1 - chance)) > _SUMMED_TO
    few = ~many
    if few.any():
        out[few] = _quantile(trials[few], *_shapes(chance[few], rho[few]), np.asarray(shares, dtype=float))
    if many.any():
        a, b = _smooth(trials[many], chance[many], rho[many])
        out[many] = betaincinv(a[:, None], b[:, None], np.asarray(shares)) * trials[many][:, None] - 0.5
    return out


@dataclass(frozen=True)
class ShareSpread:
    """How true shares are spread over facilities: beta distributions, fitted to their counts.

    Attributes
    ----------
    odds_ratio : float
        Of the mean share to the expected one, the same for every facility.
    rho : float
        Correlation between trials of one facility, 1 / (1 + a + b); 0 if no spread was found.
    """

    odds_ratio: float
    rho: float

    def mean(self, chance: np.ndarray) -> np.ndarray:
        """Return the mean share of facilities with these expected shares."""
        odds = self.odds_ratio * chance / (1 - chance)
        return odds / (1 + odds)


def log_likelihood(observed: np.ndarray, trials: np.ndarray, chance: np.ndarray, spread: ShareSpread) -> float:
    """Return the log-likelihood of counts, but for a constant.

    Parameters
    ----------
    observed, trials, chance : arrays, shape (n,)
        As in `fit_shares`.
    spread : ShareSpread
        Of true shares, with rho above 0.
    """
    from scipy.special import betaln

    a, b = _shapes(spread.mean(chance), np.asarray(spread.rho))
    return float(np.sum(betaln(observed + a, trials - observed + b) - betaln(a, b)))


def fit_shares(observed: np.ndarray, trials: np.ndarray, chance: np.ndarray) -> ShareSpread:
    """Fit the beta distributions of shares by maximum likelihood of the counts (beta-binomial).

    Parameters
    ----------
    observed, trials : arrays, shape (n,)
        Counts, and how many trials each is of.
    chance : array, shape (n,)
        Expected share, above 0 and below 1.

    Returns
    -------
    ShareSpread
        With rho 0 where counts vary no more than chance alone would have them.

    References
    ----------
    Griffiths DA. Maximum likelihood estimation for the beta-binomial distribution. Biometrics 1973; 29: 637-648.
    """
    from scipy.optimize import minimize, minimize_scalar
    from scipy.special import expit, logit, xlogy

    if observed.sum() == 0 or (observed == trials).all():
        return ShareSpread(0.0 if observed.sum() == 0 else np.inf, 0.0)
    base = logit(chance)

    def binomial(shift: float) -> float:
        mean = expit(base + shift)
        return -float(np.sum(xlogy(observed, mean) + xlogy(trials - observed, 1 - mean)))

    def misfit(at: np.ndarray) -> float:
        # A step this far out is no step anybody would fit: held there, no term is infinite.
        shift, log_odds = np.clip(at, -30, 30)
        spread = ShareSpread(float(np.exp(shift)), float(expit(log_odds)))
        return -log_likelihood(observed, trials, chance, spread)

    alike = minimize_scalar(binomial, bracket=(-0.1, 0.1), options={"xtol": 1e-12})
    starts = [minimize(misfit, [alike.x, start], method="Nelder-Mead", options={"xatol": 1e-5}) for start in (-5, -1)]
    best = min(starts, key=lambda end: end.fun)
    best = minimize(misfit, best.x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11})
    rho = float(expit(best.x[1]))
    if rho < _ALIKE or best.fun >= alike.fun - 1e-9:
        return ShareSpread(float(np.exp(alike.x)), 0.0)
    return ShareSpread(float(np.exp(best.x[0])), rho)


__all__ = ["ShareSpread", "fit_shares", "log_likelihood", "quantiles", "tails"]
