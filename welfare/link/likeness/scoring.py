"""From what two records have in common to the probability that they are one place."""

from __future__ import annotations

from functools import cache

import numpy as np

from welfare.link.likeness.comparing import DOOR, PLACES, Comparison, Floats
from welfare.link.likeness.records import Ints
from welfare.schema.codes import shipped

# The share of records with a counterpart is learned from the files if they have at least so many records.
_ENOUGH = 50
_LEAST_SHARE, _MOST_SHARE = 0.001, 0.999
_ROUNDS, _SWEEPS = 200, 100


def features(pairs: Comparison) -> dict[str, Floats]:
    """Return what the weights of `data/parameters/link_weights.csv` stand for, pair by pair."""
    own = pairs.same_source
    door = (pairs.place == DOOR).astype(float)
    return {
        "intercept": np.ones(len(pairs.name)),
        "name": pairs.name,
        "name above 0.5": np.clip(pairs.name - 0.5, 0, None),
        "name above 0.8": np.clip(pairs.name - 0.8, 0, None),
        "same name": (pairs.name >= 0.999).astype(float),
        "name at the same door": pairs.name * door,
        "same name at the same door": (pairs.name >= 0.999) * door,
        "weight of the shared words": np.clip(pairs.shared_weight, 0, 20) / 10,
        "an activity in common": (own & (pairs.activity > 0)).astype(float),
        "the same activities": (own & (pairs.activity > 1)).astype(float),
        "no activity in common": (own & (pairs.activity < 0)).astype(float),
        "an activity in common, other source": (~own & (pairs.activity > 0)).astype(float),
        "no activity in common, other source": (~own & (pairs.activity < 0)).astype(float),
        "the same unit": (pairs.unit > 0).astype(float),
        "another unit": (pairs.unit < 0).astype(float),
        **{place: (pairs.place == level).astype(float) for level, place in enumerate(PLACES)},
    }


@cache
def _weights() -> dict[str, float]:
    book = shipped("parameters/link_weights.csv")
    return dict(zip(book["feature"], book["log_odds"].astype(float), strict=True))


def log_odds(pairs: Comparison) -> Floats:
    """Return the log odds that each pair is one place against that the left record has no counterpart.

    A conditional logit with an outside option, fitted on facilities whose number tells the truth; see
    `data/parameters/make_link_weights.py`.
    """
    weights, values = _weights(), features(pairs)
    return sum((weights[name] * value for name, value in values.items()), start=np.zeros(len(pairs.name)))


def posterior(odds: Floats, a: Ints, b: Ints, *, records: int, one_to_one: bool, fit_share: bool = True) -> Floats:
    """Return the probability of each pair, given its rivals.

    Parameters
    ----------
    odds : ndarray of float
        Log odds.
    a, b : ndarray of int
        Left and right record of each pair.
    records : int
        Records on the left, those without a pair included.
    fit_share : bool
        Whether to learn from the odds how many records have a counterpart, if there are enough of them.
    one_to_one : bool
        Whether the left file lists a place once: then the left records compete for the right one as well.

    Returns
    -------
    ndarray of float
        Of the pairs of one left record the sum is below 1; what is missing is the probability of none.

    Notes
    -----
    The share of left records with a counterpart differs from job to job. It is estimated by maximum likelihood from
    the odds themselves (expectation-maximisation of a mixture's one unknown weight).
    """
    if not len(odds):
        return odds
    strength = np.exp(np.clip(odds, -30, 30))
    if fit_share and records >= _ENOUGH:
        strength *= _prior_shift(np.bincount(a, strength).astype(float), records)
    return _marginals(strength, a, b) if one_to_one else strength / (1 + np.bincount(a, strength)[a])


def _marginals(strength: Floats, a: Ints, b: Ints) -> Floats:
    """Return the probability of each pair if each record has one partner or none.

    Belief propagation for random matchings: exact where the pairs form trees, and near it elsewhere.
    """
    ours, theirs = np.ones(len(strength)), np.ones(len(strength))  # that the one end, the other, is free for the pair
    for _ in range(_SWEEPS):
        weight = strength * theirs
        ours = 1 / (1 + np.bincount(a, weight)[a] - weight)
        weight = strength * ours
        new = 1 / (1 + np.bincount(b, weight)[b] - weight)
        new = np.sqrt(theirs * new)  # damped, so that it settles
        if np.abs(new - theirs).max() < 1e-6:
            break
        theirs = new
    together = strength * ours * theirs
    return together / (1 + together)


def _prior_shift(strengths: Floats, records: int) -> float:
    """Return by how much the odds of having a counterpart at all differ from those the weights were fitted on."""
    shift, fitted = 1.0, np.exp(_weights()["share with a counterpart"])
    for _ in range(_ROUNDS):
        share = float((shift * strengths / (1 + shift * strengths)).sum()) / records
        share = min(max(share, _LEAST_SHARE), _MOST_SHARE)
        new = share / (1 - share) / fitted
        if abs(new - shift) < 1e-9 * shift:
            break
        shift = new
    return shift
