"""What one study does to a pooled effect, and how the pooled effect grew study by study."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.stats.pooling.estimating.fit import Rule, Studies, fit
from welfare.stats.pooling.numbers_told import with_ratios


def leave_one_out(studies: Studies, names: list[str], rule: Rule, *, ratio: bool) -> pd.DataFrame:
    """Pool again without each study in turn, all its effects at once.

    Parameters
    ----------
    studies : Studies
        Without moderators.
    names : list of str
        Of each group of `studies`, in order.
    rule : Rule
    ratio : bool
        Whether effects are logarithms of ratios.

    Returns
    -------
    DataFrame
        Columns left_out, estimate, std_error, low, high, tau2, i2, and ratio, ratio_low, ratio_high if asked.

    Raises
    ------
    NotEstimable
        With fewer than three studies.
    """
    if len(names) < 3:
        raise NotEstimable(
            "without one of two studies there is nothing to pool",
            where="Pooled.leave_one_out",
            spoiled="One study would be shown as if it were a summary.",
            todo="Read the two studies beside each other: Pooled.table.",
        )
    left = [_without(studies, studies.groups == group, rule) for group in range(len(names))]
    return with_ratios(pd.DataFrame(left).assign(left_out=names)[["left_out", *left[0]]], ratio)


def _without(studies: Studies, out: np.ndarray, rule: Rule) -> dict[str, float]:
    return _row(studies.without(out), rule)


def _row(studies: Studies, rule: Rule) -> dict[str, float]:
    found = fit(studies, rule)
    low, high = found.ends()
    return {
        "estimate": found.estimate,
        "std_error": float(found.std_errors[0]),
        "low": low,
        "high": high,
        "tau2": found.tau2,
        "i2": found.i2,
    }


def cumulative(studies: Studies, names: list[str], order: np.ndarray, rule: Rule, *, ratio: bool) -> pd.DataFrame:
    """Pool the first two studies, then the first three, and so on.

    Parameters
    ----------
    studies : Studies
        Without moderators.
    names : list of str
        Of each group of `studies`, in order.
    order : array of int
        Groups from the first to the last.
    rule : Rule
    ratio : bool
        Whether effects are logarithms of ratios.

    Returns
    -------
    DataFrame
        Columns added, studies, and those of :func:`leave_one_out` after left_out.
    """
    rows = [
        {"added": names[order[last]], "studies": last + 1}
        | _row(studies.without(~np.isin(studies.groups, order[: last + 1])), rule)
        for last in range(1, len(order))
    ]
    return with_ratios(pd.DataFrame(rows), ratio)


__all__ = ["cumulative", "leave_one_out"]
