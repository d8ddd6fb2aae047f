"""What a series would have been without the change, if its trend and season had gone on, and the difference."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.stats.series.fitting import Doubt, Fitted
from welfare.stats.series.rows import Series
from welfare.stats.series.terms import LEVEL, SLOPE

Array = np.ndarray

_ENDS = (0.025, 0.975)


def without_change(
    found: Fitted, certainty: Doubt, series: Series, *, ratio: bool, draws: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the series with and without the change, and the events added over all periods after it.

    Parameters
    ----------
    found : Fitted
    certainty : Doubt
    series : Series
    ratio : bool
        Whether the model has a log link.
    draws : int
        Of all estimates together, from their normal distribution (or Student's t), for the intervals.
    seed : int
        Of the draws.

    Returns
    -------
    by_period : DataFrame
        One row per period with a row: time, observed, expected, without_change, low, high (95%, of the latter), and
        exposure where there is one; summed over units.
    added : DataFrame
        Rows observed, without_change, added and share (added over without_change), with estimate, low, high.
    """
    changed = np.array([name in (LEVEL, SLOPE) for name in found.names])
    bare = np.where(changed, 0.0, found.columns)
    offset = np.zeros(len(bare)) if series.exposure is None else np.log(series.exposure)

    def mean(columns: Array, estimates: Array) -> Array:
        linear = columns @ estimates
        return np.asarray(np.exp(linear.T + offset).T if ratio else linear)

    places, at = np.unique(series.place, return_inverse=True)

    def by_period(values: Array) -> Array:
        sums = np.zeros((len(places), *values.shape[1:]))
        np.add.at(sums, at, values)
        return sums

    drawn = _draws(found.estimates, certainty, draws, seed)
    after = places >= series.change
    bare_drawn = by_period(mean(bare, drawn))
    added_drawn = (by_period(mean(found.columns, drawn)) - bare_drawn)[after].sum(axis=0)
    without = by_period(mean(bare, found.estimates))
    expected = by_period(found.expected)
    low, high = np.quantile(bare_drawn, _ENDS, axis=1)
    frame = pd.DataFrame(
        {
            "time": series.times.take(places),
            "observed": by_period(series.outcome),
            "expected": expected,
            "without_change": without,
            "low": low,
            "high": high,
        }
    )
    if series.exposure is not None:
        frame["exposure"] = by_period(series.exposure)
    total, added = float(without[after].sum()), float((expected - without)[after].sum())
    totals_drawn = bare_drawn[after].sum(axis=0)
    rows = [
        ("observed", float(by_period(series.outcome)[after].sum()), np.nan, np.nan),
        ("without_change", total, *np.quantile(totals_drawn, _ENDS)),
        ("added", added, *np.quantile(added_drawn, _ENDS)),
        ("share", added / total if total else np.nan, *np.quantile(added_drawn / totals_drawn, _ENDS)),
    ]
    return frame, pd.DataFrame(rows, columns=["quantity", "estimate", "low", "high"])


def _draws(estimates: Array, certainty: Doubt, draws: int, seed: int) -> Array:
    """Return draws of the estimates, shape (k, draws)."""
    generator = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(certainty.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = root @ generator.standard_normal((len(estimates), draws))
    if np.isfinite(certainty.degrees):
        normal *= np.sqrt(certainty.degrees / generator.chisquare(certainty.degrees, draws))
    return np.asarray(estimates[:, None] + normal)
