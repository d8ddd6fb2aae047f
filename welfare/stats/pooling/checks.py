"""What could mislead in a pooled effect, each finding with what to do about it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.stats.pooling.estimating.fit import Fit, Rule, Studies, critical
from welfare.stats.pooling.leaning.asymmetry import FEW, egger
from welfare.stats.rates.checks import DOUBT, FINE, Check, frame_of

_VERY_FEW, _FEW_DEGREES, _ODD, _HALF, _MUCH, _UNLIKELY = 5, 4, 10.0, 0.5, 50.0, 0.1


def check_pool(
    studies: Studies,
    labels: pd.Series,
    found: Fit,
    rule: Rule,
    left: pd.DataFrame | None,
) -> pd.DataFrame:
    """Run every check that applies.

    Parameters
    ----------
    studies : Studies
        Without moderators.
    labels : Series of str
        Name of each effect.
    found : Fit
        The pool.
    rule : Rule
    left : DataFrame or None
        Leave-one-out; None with two studies.

    Returns
    -------
    DataFrame
        Columns check, at, value, verdict, advice.
    """
    groups = len(np.unique(studies.groups))
    checks = [
        _how_many(groups),
        _heterogeneity(found),
        _influence(found, left),
        _heaviest(found, studies, labels),
        _odd_errors(studies, labels),
        _asymmetry(studies, groups),
    ]
    if rule.ci in ("hksj", "hksj_adhoc"):
        checks.append(_factor(found, rule))
    checks.append(_degrees(found) if rule.ci == "robust" else _repeated(labels))
    return frame_of(checks)


def _how_many(groups: int) -> Check:
    if groups >= _VERY_FEW:
        return Check("studies", "", groups, FINE, f"{groups:,} studies.")
    return Check(
        "studies",
        "",
        groups,
        DOUBT,
        f"{groups} studies hardly show how far studies differ: the variance between them is a guess, 0 included. Read "
        "the interval as given and each study beside it; an interval by ci='normal' would be too narrow.",
    )


def _heterogeneity(found: Fit) -> Check:
    if found.i2 < _MUCH and found.q_p >= _UNLIKELY:
        advice = "The effects differ about as much as chance allows, as far as so many studies can tell."
        return Check("heterogeneity", "", found.i2, FINE, advice)
    return Check(
        "heterogeneity",
        "",
        found.i2,
        DOUBT,
        f"{found.i2:.0f}% of the variation is between studies (Cochran's Q {found.q:.4g}, p = {found.q_p:.2g}): the "
        "pooled effect is an average of unlike effects. Read the prediction interval, and ask what the studies differ "
        "in (moderators=).",
    )


def _influence(found: Fit, left: pd.DataFrame | None) -> Check:
    if left is None:
        return Check("influence", "", np.nan, DOUBT, "Each of two studies decides: read them beside each other.")
    moved = ((left["estimate"] - found.estimate) / found.std_errors[0]).abs()
    worst = left.loc[moved.idxmax()]
    low, high = found.ends()
    side = np.sign(low) + np.sign(high)
    turned = left[np.sign(left["low"]) + np.sign(left["high"]) != side]
    value, name = float(moved.max()), str(worst["left_out"])
    moves = f"Leaving out {name} moves the pooled effect most, by {value:.2g} standard errors"
    if turned.empty and value < 1:
        return Check("influence", name, value, FINE, f"{moves}; no study decides on which side of none it lies.")
    decides = (
        f"; without {', '.join(turned['left_out'].astype(str)[:3])} the interval lies otherwise about no effect"
        if len(turned)
        else ""
    )
    return Check(
        "influence", name, value, DOUBT, f"{moves}{decides}. Report both (leave_one_out()), and look at that study."
    )


def _heaviest(found: Fit, studies: Studies, labels: pd.Series) -> Check:
    shares = pd.Series(found.weights).groupby(studies.groups).sum()
    first = int(np.argmax(studies.groups == shares.idxmax()))
    name, share = str(labels.iloc[first]), float(shares.max())
    if share <= _HALF or len(shares) == 2:
        return Check("weight", name, share, FINE, f"{name} carries most weight, {share:.0%}.")
    return Check("weight", name, share, DOUBT, f"{name} carries {share:.0%} of the weight: the pool is mostly it.")


def _odd_errors(studies: Studies, labels: pd.Series) -> Check:
    """Look for a standard error far from the others: often a deviation printed as an error, or the reverse."""
    apart = np.sqrt(studies.v / np.median(studies.v))
    worst = int(np.argmax(np.abs(np.log(apart))))
    name, times = str(labels.iloc[worst]), float(apart[worst])
    if 1 / _ODD < times < _ODD:
        return Check("standard errors", name, times, FINE, "No standard error stands far from the others.")
    return Check(
        "standard errors",
        name,
        times,
        DOUBT,
        f"The standard error of {name} is {times:.2g} times the median. Look whether its paper printed a standard "
        "deviation for a standard error, or the reverse, or another unit.",
    )


def _asymmetry(studies: Studies, groups: int) -> Check:
    try:
        found = egger(studies, Rule("fixed", "hksj", 0.95), ratio=False)
    except NotEstimable as failure:
        return Check("asymmetry", "", np.nan, DOUBT, f"It cannot be judged: {failure.what}.")
    if groups < FEW:
        advice = f"With {groups} studies, fewer than ten, it cannot be judged whether small ones lean to one side."
        return Check("asymmetry", "", found.p_value, DOUBT, advice)
    if found.p_value >= _UNLIKELY:
        advice = "Small studies are not shown to give other effects than large ones; that does not show they do not."
        return Check("asymmetry", "", found.p_value, FINE, advice)
    return Check(
        "asymmetry",
        "",
        found.p_value,
        DOUBT,
        f"Small studies give other effects than large ones (Egger's p = {found.p_value:.2g}), as where unwelcome "
        "results stay unpublished. Draw funnel(), see egger().table.limit, and look for what was not published.",
    )


def _factor(found: Fit, rule: Rule) -> Check:
    name = "Hartung-Knapp factor"
    if found.alike:
        return Check(name, "", 0.0, DOUBT, "All effects are equal: the factor would be 0 and is not used.")
    usual = float(critical(rule.level, np.array(np.inf))) * float(found.std_errors[0]) / np.sqrt(found.factor)
    if float(found.half[0]) >= usual:
        return Check(name, "", found.factor, FINE, "The interval is no narrower than the normal one.")
    return Check(
        name,
        "",
        found.factor,
        DOUBT,
        f"The variance of the pooled effect was multiplied by {found.factor:.2g}, and the interval is narrower than "
        "the normal one: the effects agree better than their own errors let expect. Give ci='hksj_adhoc' beside it.",
    )


def _repeated(labels: pd.Series) -> Check:
    again = labels[labels.duplicated()]
    if again.empty:
        return Check("repeated labels", "", 0.0, FINE, "Each effect has a name of its own.")
    name = str(again.iloc[0])
    return Check(
        "repeated labels",
        name,
        float(labels.isin(again).sum()),
        DOUBT,
        f"{name} stands in more than one row: effects of one study share animals or staff and are not independent, so "
        "the interval is likely too narrow. Give study=, or one effect per study.",
    )


def _degrees(found: Fit) -> Check:
    value = float(found.degrees[0])
    if value >= _FEW_DEGREES:
        return Check("degrees of freedom", "", value, FINE, f"{value:.3g} degrees of freedom.")
    return Check(
        "degrees of freedom",
        "",
        value,
        DOUBT,
        f"{value:.2g} degrees of freedom are too few for cluster-robust errors (below 4; Tipton 2015): few studies, or "
        "one that carries most weight. Use one effect per study.",
    )


__all__ = ["check_pool"]
