"""What became of last period's excess: how much was chance, how much went, how much was there again."""

from __future__ import annotations

from typing import Any

import numpy as np

from welfare.patterns.profiles.funnel import funnel, solve_spread, tail_probability
from welfare.patterns.profiles.laws.counts import Counts
from welfare.patterns.profiles.periods.chain import Chain, Lasting
from welfare.stats.robustness.adjusting import adjusted_p

_TENTH = 0.1
_RESAMPLES = 1000
_FEW_IN_GROUP = 5


def flags(observed: np.ndarray, expected: np.ndarray, fdr: float) -> np.ndarray:
    """Return which facilities `profile` would flag as above expectation.

    Parameters
    ----------
    observed, expected : arrays, shape (n,)
        Of one period.
    fdr : float
        False-discovery rate.
    """
    law = Counts(observed, expected)
    phi = funnel(law, winsorise=0.1, how="additive").phi
    _, amount = solve_spread(law, phi, winsorise=0.1)
    p_value = tail_probability(law, law.spread_at(amount, multiplied=False))
    return np.asarray((adjusted_p(p_value, "bh", len(p_value)) < fdr) & (observed > expected))


def flags_carried(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    """Count flags of two periods, those of both, and how many of both there would be if flags fell at random."""
    return {
        "flagged_before": int(before.sum()),
        "flagged_after": int(after.sum()),
        "flagged_both": int((before & after).sum()),
        "both_by_chance": float(before.sum() * after.sum() / len(before)),
    }


def highest_tenth(chain: Chain, lasting: Lasting, *, level: float, seed: int) -> dict[str, Any]:
    """Follow the facilities that had the highest ratios in the first of two periods into the second.

    Parameters
    ----------
    chain : Chain
        Of two periods, all facilities in both.
    lasting : Lasting
        As fitted to them.
    level : float
        Coverage of the interval of `kept`.
    seed : int
        Of the resampling behind that interval.

    Returns
    -------
    dict
        top (how many), top_before (their ratio in the first period, to the mean of all), top_true (what of that is
        likely to be true), top_after (their ratio in the second), kept, kept_low, kept_high (share of the excess that
        was there again; NaN where there was no excess, or a period had no events).
    """
    names = ("top", "top_before", "top_true", "top_after", "kept", "kept_low", "kept_high")
    if (chain.means == 0).any():
        return dict.fromkeys(names, np.nan) | {"top": 0}
    o, e = chain.observed / chain.means, chain.expected
    ratio = o[:, 0] / e[:, 0]
    many = max(1, round(_TENTH * len(ratio)))
    # Of equal ratios the one with more expected comes first: it is the less likely to be chance.
    top = np.lexsort((-e[:, 0], -ratio))[:many]
    true = _mean_given_first(chain, lasting)[top]
    before, after = (float(o[top, at].sum() / e[top, at].sum()) for at in (0, 1))
    out = dict(zip(names, (many, before, float(true @ e[top, 0] / e[top, 0].sum()), after), strict=False))
    return out | _kept(o[top], e[top], level=level, seed=seed)


def _kept(o: np.ndarray, e: np.ndarray, *, level: float, seed: int) -> dict[str, float]:
    def share(chosen: np.ndarray) -> np.ndarray:
        before, after = (o[chosen, at].sum(axis=-1) / e[chosen, at].sum(axis=-1) - 1 for at in (0, 1))
        return np.divide(after, before, out=np.full(np.shape(before), np.nan), where=before > 0)

    drawn = share(np.random.default_rng(seed).integers(0, len(o), (_RESAMPLES, len(o))))
    drawn = drawn[~np.isnan(drawn)]
    told = len(o) >= _FEW_IN_GROUP and len(drawn) > _RESAMPLES / 2
    ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2]) if told else (np.nan, np.nan)
    return {"kept": float(share(np.arange(len(o)))), "kept_low": float(ends[0]), "kept_high": float(ends[1])}


def _mean_given_first(chain: Chain, lasting: Lasting) -> np.ndarray:
    """Return each facility's likely ratio in the first period given its count there, to the mean of all."""
    if not lasting.known:
        return np.ones(len(chain.observed))
    alone = Chain(chain.observed[:, :1], chain.expected[:, :1], chain.marginal)
    _, chance = alone.filtered(0.0, lasting.shape)
    return np.asarray(chance @ alone.ratios(lasting.shape))


__all__ = ["flags", "flags_carried", "highest_tenth"]
