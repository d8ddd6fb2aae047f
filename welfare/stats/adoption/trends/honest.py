"""How far parallel trends may fail before a finding falls: honest intervals (Rambachan and Roth 2023)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.stats.adoption.trends.honest_magnitudes import interval_magnitudes, set_magnitudes
from welfare.stats.adoption.trends.honest_smooth import interval_smooth, set_smooth

Array = np.ndarray

KINDS = ("relative magnitudes", "smoothness")
_DOUBLINGS, _HALVINGS = 60, 60


@dataclass(frozen=True)
class Target:
    """Estimates around a treatment and the average of effects that is asked for.

    Attributes
    ----------
    before : array of float, shape (q,)
        Estimates from the earliest period to the one before the reference, by steps of one.
    after : array of float, shape (p,)
        Estimates from the first treated period on, by steps of one.
    covariance : array, shape (q + p, q + p)
        Of `before` and `after`.
    weights : array, shape (p,)
        Of the effects after treatment in the average.
    """

    before: Array
    after: Array
    covariance: Array
    weights: Array


@dataclass(frozen=True)
class Honest:
    """What is left of a finding when parallel trends may fail by so much.

    Attributes
    ----------
    table : DataFrame
        One row per bound: kind ("relative magnitudes", "smoothness"), m, set_low, set_high (values that the estimates
        allow, were they without error; missing where no trend so smooth passes through them), low, high (95%).
    breakdown : dict of str to float
        By kind, the m at which the interval begins to include 0: 0 where it does under parallel trends (relative
        magnitudes) or a straight difference in trends (smoothness) already; infinite where it never does.
    estimate, std_error : float
        The average under parallel trends.
    horizons : tuple of int
        Steps since treatment that were used, the reference left out.
    words : tuple of str
        How the intervals were made, by kind.
    notes : tuple of str
        What was left out.
    """

    table: pd.DataFrame
    breakdown: dict[str, float]
    estimate: float
    std_error: float
    horizons: tuple[int, ...]
    words: tuple[str, ...]
    notes: tuple[str, ...]


def honest(
    horizon: Array,
    estimate: Array,
    covariance: Array,
    *,
    weights: Array | None = None,
    magnitudes: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
    smoothness: Sequence[float] | None = None,
) -> Honest:
    """Bound an average of effects when the difference in trends need not be nothing.

    Parameters
    ----------
    horizon : array of int, shape (m,)
        Steps since treatment, ascending; the reference, -1, is left out (or has no variance and is passed over).
    estimate : array, shape (m,)
        Each a difference from the period before treatment.
    covariance : array, shape (m, m)
    weights : array, shape (p,), optional
        Of the effects at the horizons from 0 on; their plain average by default.
    magnitudes : sequence of float
        Mbar: between consecutive periods after treatment the difference in trends changes by no more than so many times
        its largest change before treatment.
    smoothness : sequence of float, optional
        M: the slope of the difference in trends changes by no more than this from one period to the next; by default
        0, a quarter, half, one and two standard errors of the estimate.

    Returns
    -------
    Honest

    Raises
    ------
    BadParameter
        If lengths differ, a bound is negative, or weights are not those of the horizons from 0 on.
    NotEstimable
        If no estimate is next to the reference on either side, or one that is needed has no error.

    Notes
    -----
    Smoothness: the fixed-length interval of the affine estimator with the shortest one (Rambachan and Roth 2023,
    section 4.1), its critical value from the folded normal. Relative magnitudes: for each period before treatment that
    may hold the largest change, and each sign of it, two inequalities are left once all else is eliminated by hand;
    each pair is tested by the hybrid test of Andrews, Roth and Pakes (2023) with Bonferroni's bound in its first stage,
    and the interval is the hull of what some pair does not reject. It covers at least 95% for normal estimates. It
    does not use that the other changes must then be smaller, as the authors' own program does: intervals differ a
    little from its.

    References
    ----------
    Rambachan A, Roth J. A more credible approach to parallel trends. Review of Economic Studies 2023; 90: 2555-2591.
    """
    target, horizons, notes = _target(np.asarray(horizon), estimate, covariance, weights)
    contrast = np.concatenate([np.zeros(len(target.before)), target.weights])
    centre = float(target.weights @ target.after)
    error = float(np.sqrt(contrast @ target.covariance @ contrast))
    if not error > 0:
        raise NotEstimable(
            "the average of effects has no error",
            where="honest",
            spoiled="Its interval would have no width.",
            todo="Give a covariance from clusters, and more than a few of them.",
        )
    smooth = [0.0, *(share * error for share in (0.25, 0.5, 1.0, 2.0))] if smoothness is None else list(smoothness)
    grids = dict(zip(KINDS, (list(magnitudes), smooth), strict=True))
    if any(not np.isfinite(m) or m < 0 for grid in grids.values() for m in grid):
        raise BadParameter(
            "a bound on the difference in trends is negative or not a number",
            where="honest",
            todo="Give bounds from 0 on.",
        )
    makers: dict[str, tuple[_Bounds, _Bounds]] = {
        KINDS[0]: (partial(set_magnitudes, *_parts(target)), partial(interval_magnitudes, *_parts(target))),
        KINDS[1]: (partial(set_smooth, *_parts(target)), partial(interval_smooth, *_parts(target))),
    }
    rows, breakdown = [], {}
    for kind, (allowed, interval) in makers.items():
        rows += [(kind, m, *allowed(m), *interval(m)) for m in grids[kind]]
        breakdown[kind] = _breakdown(interval, error)
    table = pd.DataFrame(rows, columns=["kind", "m", "set_low", "set_high", "low", "high"])
    return Honest(table, breakdown, centre, error, horizons, _WORDS, notes)


_Bounds = Callable[[float], tuple[float, float]]
_WORDS = (
    "Relative magnitudes: the hull of hybrid tests (Andrews, Roth and Pakes) of two inequalities, for each change "
    "before treatment and sign; it covers at least 95% for normal estimates.",
    "Smoothness: the fixed-length interval around the affine estimator that makes it shortest.",
)


def _parts(target: Target) -> tuple[Array, Array, Array, Array]:
    return target.before, target.after, target.covariance, target.weights


def _target(
    horizon: Array, estimate: Array, covariance: Array, weights: Array | None
) -> tuple[Target, tuple[int, ...], tuple[str, ...]]:
    """Keep the run of consecutive horizons around the reference, and check what is needed."""
    if not len(horizon) == len(estimate) == len(covariance) or len(set(horizon.tolist())) < len(horizon):
        raise BadParameter(
            "horizons, estimates and covariance do not belong together",
            where="honest",
            spoiled="An estimate of one period would be taken for another's.",
            todo="Give one estimate, and one row and column, for each horizon.",
        )
    sound = np.isfinite(estimate) & np.isfinite(np.diag(covariance)) & (np.diag(covariance) > 0)
    known = set(horizon[sound & (horizon != -1)].tolist())
    before = _run(known, -2, -1)[::-1]
    after = _run(known, 0, 1)
    late = horizon[(horizon >= 0)]
    if not before or not after:
        side = "before" if not before else "after"
        raise NotEstimable(
            f"no estimate stands next to the reference period on the side {side} treatment",
            where="honest",
            spoiled="Nothing would tell how far trends may differ." if not before else "There is no effect to bound.",
            todo="Bring at least two periods before treatment and one after, without a gap between them.",
        )
    asked = np.full(len(late), 1 / len(after)) if weights is None else np.asarray(weights, dtype=float)
    asked = np.where(np.isin(late, after), asked, 0.0) if weights is None and len(asked) == len(late) else asked
    if len(asked) != len(late) or (np.abs(asked[~np.isin(late, after)]) > 0).any():
        raise BadParameter(
            "the weights are not those of the horizons from 0 on that follow one another",
            where="honest(weights=)",
            spoiled="Another average than the one meant would be bounded.",
            todo=f"Give {len(late)} weights, 0 for horizons that cannot be estimated or stand after a gap.",
        )
    used = [*before, *after]
    places = np.array([int(np.flatnonzero(horizon == each)[0]) for each in used])
    left_out = sorted(known - set(used))
    notes = (f"Horizons {', '.join(map(str, left_out))} stand beyond a gap and are not used.",) if left_out else ()
    inner = np.array([asked[int(np.flatnonzero(late == each)[0])] for each in after])
    target = Target(
        np.asarray(estimate)[places[: len(before)]],
        np.asarray(estimate)[places[len(before) :]],
        np.asarray(covariance)[np.ix_(places, places)],
        inner,
    )
    return target, tuple(int(each) for each in used), notes


def _run(known: set[int], start: int, step: int) -> list[int]:
    found = []
    while start in known:
        found.append(start)
        start += step
    return found


def _breakdown(interval: _Bounds, error: float) -> float:
    """Return the smallest bound whose interval includes 0; the interval widens as the bound grows."""

    def includes(m: float) -> bool:
        low, high = interval(m)
        return low <= 0 <= high

    if includes(0.0):
        return 0.0
    below, above = 0.0, max(error, 1e-300)
    for _ in range(_DOUBLINGS):
        if includes(above):
            break
        below, above = above, 2 * above
    else:
        return float("inf")
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        below, above = (below, middle) if includes(middle) else (middle, above)
        if above - below <= 1e-7 * above:
            break
    return above
