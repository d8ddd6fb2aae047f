"""Whether repeat visits look as an occupancy model says they should: how often, and in what order, they record."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.errors import NotEstimable
from welfare.patterns.detection.repeat_visits.histories import Histories
from welfare.patterns.detection.repeat_visits.presence import Presence, fit_presence

_FEWEST = 10


class Clumping(NamedTuple):
    """Whether records of one facility come in runs.

    Attributes
    ----------
    facilities : int
        That had two visits with a record or more, and one without.
    seen, expected : float
        Neighbouring pairs of visits that both recorded it; expected where order does not matter.
    p_value : float
        One-sided; NaN with fewer than ten such facilities.
    """

    facilities: int
    seen: float
    expected: float
    p_value: float


def clumping(rows: Histories) -> Clumping:
    """Test whether visits that record the problem follow one another more often than chance orders them.

    Given how many of a facility's visits recorded it, every order is equally likely if the problem is there throughout
    and each visit records it with the same chance. Mean and variance of the neighbouring pairs are exact; their sum
    over facilities is taken for normal.

    Parameters
    ----------
    rows : Histories
        In order of date.
    """
    from scipy.special import ndtr

    seen = (rows.counts > 0).astype(float)
    pairs = rows.by_site(np.append((rows.site[1:] == rows.site[:-1]) * seen[1:] * seen[:-1], 0.0))
    many, times = rows.by_site(seen), rows.times.astype(float)
    tells = (many >= 2) & (many < times)
    d, k = many[tells], times[tells]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = d * (d - 1) / k
        three = np.where(k > 2, d * (d - 1) * (d - 2) / (k * (k - 1) * (k - 2)), 0.0)
        four = np.where(k > 3, d * (d - 1) * (d - 2) * (d - 3) / (k * (k - 1) * (k - 2) * (k - 3)), 0.0)
    square = mean + 2 * (k - 2) * three + ((k - 1) ** 2 - (k - 1) - 2 * (k - 2)) * four
    variance = float(np.sum(square - mean**2))
    total, expected = float(pairs[tells].sum()), float(mean.sum())
    if tells.sum() < _FEWEST or variance <= 0:
        return Clumping(int(tells.sum()), total, expected, np.nan)
    return Clumping(int(tells.sum()), total, expected, float(ndtr(-(total - expected) / np.sqrt(variance))))


class Misfit(NamedTuple):
    """Whether facilities are cited as often as the model says; p-value and c-hat NaN where they could not be had."""

    statistic: float
    p_value: float
    c_hat: float
    replicates: int


def misfit(rows: Histories, fit: Presence, replicates: int, seed: int) -> Misfit:
    """Compare how many visits recorded the problem, facility by facility, with what the model expects.

    Pearson's chi-squared over the number of records in cohorts of equally many visits, cells expecting under one
    joined; its distribution by simulating from the fit and fitting again (MacKenzie & Bailey 2004).

    Parameters
    ----------
    rows : Histories
    fit : Presence
    replicates : int
        0 for no test.
    seed : int
    """
    statistic = _pearson(rows, fit)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(replicates):
        there = rng.random(len(fit.there)) < fit.there
        counts = (there[rows.site] & (rng.random(len(rows.site)) < fit.recorded)).astype(float)
        drawn = Histories(rows.facilities, rows.site, counts, rows.sites, rows.visits, rows.dropped, rows.dated)
        try:
            found.append(_pearson(drawn, fit_presence(drawn, "misfit")))
        except NotEstimable:
            continue
    if len(found) < max(19, 0.9 * replicates):
        return Misfit(statistic, np.nan, np.nan, len(found))
    p_value = (1 + sum(value >= statistic for value in found)) / (1 + len(found))
    return Misfit(statistic, p_value, statistic / float(np.mean(found)), len(found))


def _pearson(rows: Histories, fit: Presence) -> float:
    many, times = rows.by_site(rows.counts > 0), rows.times
    starts = np.concatenate([[0], np.cumsum(times)[:-1]])
    total = 0.0
    for k in np.unique(times):
        cohort = np.flatnonzero(times == k)
        chances = fit.recorded[starts[cohort, None] + np.arange(k)]
        spread = np.zeros((len(cohort), k + 1))
        spread[:, 0] = 1.0
        for visit in range(k):
            hit = chances[:, [visit]]
            spread[:, 1:] = spread[:, 1:] * (1 - hit) + spread[:, :-1] * hit
            spread[:, 0] *= 1 - hit[:, 0]
        spread *= fit.there[cohort, None]
        spread[:, 0] += 1 - fit.there[cohort]
        observed = np.bincount(many[cohort].astype(int), minlength=k + 1).astype(float)
        total += _joined_chi_squared(observed, spread.sum(axis=0))
    return total


def _joined_chi_squared(observed: np.ndarray, expected: np.ndarray) -> float:
    """Return Pearson's chi-squared with cells joined, from the top down, until each expects at least one."""
    seen, due, total = 0.0, 0.0, 0.0
    for o, e in zip(observed[::-1], expected[::-1], strict=True):
        seen, due = seen + o, due + e
        if due >= 1:
            total += (seen - due) ** 2 / due
            seen, due = 0.0, 0.0
    return total + ((seen - due) ** 2 / due if due > 0 else 0.0)


__all__ = ["Clumping", "Misfit", "clumping", "misfit"]
