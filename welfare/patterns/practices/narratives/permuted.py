"""Whether findings that hold a term have more than their share, against findings of the same place shuffled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

_DRAWN = 4_000_000  # shuffled numbers held in memory


@dataclass(frozen=True)
class Compared:
    """Terms against the findings of the same stratum.

    Attributes
    ----------
    observed, expected : arrays, shape (t,)
        Events of findings that hold the term, and what they would have at the rate of their strata.
    z : array, shape (t,)
        Observed less expected over its standard deviation under shuffling; missing where shuffling moves nothing.
    p_value : array, shape (t,)
        One-sided, adjusted for all terms (step-down, of the highest z).
    variance : array, shape (t,)
        Of observed less expected, under shuffling.
    """

    observed: np.ndarray
    expected: np.ndarray
    z: np.ndarray
    p_value: np.ndarray
    variance: np.ndarray


def share_out(observed: np.ndarray, expected: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Return expected events that sum, in each stratum, to those observed.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Events by finding, and what was expected of it, above zero.
    stratum : array of int, shape (n,)
        Number of each finding's stratum, from 0.
    """
    return np.asarray(expected * (np.bincount(stratum, observed) / np.bincount(stratum, expected))[stratum])


def compare(
    holds: csr_array, observed: np.ndarray, expected: np.ndarray, stratum: np.ndarray, *, replicates: int, seed: int
) -> Compared:
    """Test every term at once.

    Parameters
    ----------
    holds : sparse array, shape (n, t)
        1 where a finding holds a term.
    observed, expected : arrays, shape (n,)
        Events by finding, and those expected of it.
    stratum : array of int, shape (n,)
        Findings are shuffled within strata.
    replicates, seed : int
        Shuffles, and their seed.

    Returns
    -------
    Compared

    Notes
    -----
    What is shuffled is the excess of a finding: observed less expected, which sum to the same in each stratum. The mean
    of a term's excess under shuffling is then 0 and its variance exact: by stratum m (n - m) / (n (n - 1)) times
    the sum of squared excesses, m of n findings holding the term.
    """
    hoped = share_out(observed, expected, stratum)
    beyond = observed - hoped
    of = np.bincount(stratum)
    strata = csr_array((np.ones(len(stratum)), (stratum, np.arange(len(stratum)))), shape=(len(of), len(stratum)))
    held = (strata @ holds).toarray()
    squares = np.bincount(stratum, beyond**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = np.where(of > 1, squares / (of * (of - 1.0)), 0.0)
    variance = ((held * (of[:, None] - held)) * each[:, None]).sum(axis=0)
    can = variance > 1e-12
    z = np.full(holds.shape[1], np.nan)
    z[can] = (holds.T @ beyond)[can] / np.sqrt(variance[can])
    p_value = np.full(holds.shape[1], np.nan)
    if can.any():
        tested = csr_array(holds.T)[np.flatnonzero(can)]
        p_value[can] = _step_down(tested, beyond, stratum, np.sqrt(variance[can]), z[can], replicates, seed)
    return Compared(holds.T @ observed, holds.T @ hoped, z, p_value, variance)


def _step_down(
    holds: csr_array,
    beyond: np.ndarray,
    stratum: np.ndarray,
    deviation: np.ndarray,
    z: np.ndarray,
    replicates: int,
    seed: int,
) -> np.ndarray:
    """Return Westfall and Young's step-down p-values of the highest z."""
    rng = np.random.default_rng(seed)
    falling = np.argsort(-z, kind="stable")
    by_stratum = np.argsort(stratum, kind="stable")
    columns = holds[:, by_stratum]
    sorted_stratum, excess = stratum[by_stratum], beyond[by_stratum]
    reached = np.zeros(len(z), dtype=np.int64)
    at_once = max(1, _DRAWN // max(holds.shape))
    for done in range(0, replicates, at_once):
        many = min(at_once, replicates - done)
        shuffled = excess[np.argsort(sorted_stratum + rng.random((many, len(excess))), axis=1)]
        drawn = (columns @ shuffled.T)[falling] / deviation[falling, None]
        # Each term is compared with the highest among those no more unusual than itself.
        highest = np.maximum.accumulate(drawn[::-1], axis=0)[::-1]
        reached += (highest >= z[falling, None] - 1e-9).sum(axis=1)
    p_value = np.empty(len(z))
    p_value[falling] = np.maximum.accumulate((1 + reached) / (1 + replicates))
    return p_value


__all__ = ["Compared", "compare", "share_out"]
