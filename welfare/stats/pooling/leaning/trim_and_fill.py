"""Studies that would have to be added for the funnel to be symmetric (Duval & Tweedie 2000, their L0)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.stats.pooling.estimating.fit import Fit, Rule, Studies, fit

_STEPS = 100


class Filled(NamedTuple):
    """The effects with their mirror images, pooled again."""

    side: str
    added: int
    fit: Fit


def trim_and_fill(studies: Studies, rule: Rule) -> Filled:
    """Take off the far studies of the heavy side until the rest is even, and put back each with its mirror image.

    Parameters
    ----------
    studies : Studies
        At least three, not all of one standard error.
    rule : Rule
    """
    from scipy.stats import rankdata

    errors = np.sqrt(studies.v)
    leaning = fit(
        Studies(studies.y, studies.v, np.column_stack([np.ones_like(errors), errors]), studies.groups), rule
    ).beta[1]
    # Where small studies lie high, studies are missing on the left: the algorithm is written for that side.
    sign = -1.0 if leaning < 0 else 1.0
    order = np.argsort(sign * studies.y, kind="stable")
    y, v = (sign * studies.y)[order], studies.v[order]
    count, added = len(y), -1
    centre = 0.0
    for _ in range(_STEPS):
        kept = count - max(added, 0)
        centre = fit(_alone(y[:kept], v[:kept]), rule).estimate
        off = y - centre
        ranks = rankdata(np.abs(off), method="ordinal") * np.sign(off)
        before = added
        added = max(0, round((4 * float(ranks[ranks > 0].sum()) - count * (count + 1)) / (2 * count - 1)))
        added = min(added, count - 2)
        if added == before:
            break
    mirrored = 2 * centre - y[count - added :]
    filled = fit(_alone(sign * np.append(y, mirrored), np.append(v, v[count - added :])), rule)
    return Filled("left" if sign > 0 else "right", added, filled)


def _alone(y: np.ndarray, v: np.ndarray) -> Studies:
    return Studies(y, v, np.ones((len(y), 1)), np.arange(len(y)))


__all__ = ["Filled", "trim_and_fill"]
