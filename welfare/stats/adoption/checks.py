"""What could mislead in the effects of a change adopted at different dates, each finding with what to do about it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.stats.adoption.absorbing.cells import Explained
from welfare.stats.adoption.aggregate import Averages
from welfare.stats.adoption.arrays import Adoption, Effects
from welfare.stats.adoption.trends.pretrend import power
from welfare.stats.adoption.words import FEW_TREATED
from welfare.stats.diagnostics import DOUBT, FINE, Check
from welfare.stats.doubt.sandwich import MANY_CLUSTERS

_FEW_UNITS, _UNLIKELY, _SURE = 5, 0.05, 0.8


def few_clusters(data: Adoption) -> list[Check]:
    """Check that clusters are many enough, and those that adopt and those that do not.

    Parameters
    ----------
    data : Adoption
    """
    adopting = data.clusters_of(data.cohort < data.never)
    enough = data.clusters >= MANY_CLUSTERS
    found = [
        Check(
            "few clusters",
            "",
            float(data.clusters),
            FINE if enough else DOUBT,
            f"{data.clusters:,} clusters."
            if enough
            else f"With {data.clusters:,} clusters errors are too small, whatever t is used: see placebo_units().",
        ),
        Check(
            "few treated clusters",
            "",
            float(adopting),
            FINE if adopting >= FEW_TREATED else DOUBT,
            f"{adopting:,} clusters adopt."
            if adopting >= FEW_TREATED
            else f"{adopting:,} clusters adopt: errors rest on their likeness, and cannot see what they share. Compare "
            "with placebo_units().",
        ),
    ]
    cohorts, size = np.unique(data.cohort[data.cohort < data.never], return_counts=True)
    least = int(size.argmin())
    small = size[least] < _FEW_UNITS
    found.append(
        Check(
            "small cohorts",
            str(data.labels[cohorts[least]]),
            float(size[least]),
            DOUBT if small else FINE,
            f"The cohort of {data.labels[cohorts[least]]} has {size[least]:,} unit{'s' * int(size[least] > 1)}: its "
            "own effects say little; its errors are too small."
            if small
            else f"The smallest cohort has {size[least]:,} units.",
        )
    )
    return found


def holes(data: Adoption, effects: Effects) -> list[Check]:
    """Check that units have rows in all periods, and that effects could be estimated.

    Parameters
    ----------
    data : Adoption
    effects : Effects
    """
    cells = data.units * len(data.periods)
    absent = 1 - len(data.outcome) / cells
    lost = int(np.isnan(effects.estimate[effects.period >= effects.cohort]).sum())
    return [
        Check(
            "missing periods",
            "",
            float(absent),
            DOUBT if absent > 0.05 else FINE,
            f"{absent:.0%} of units' periods have no row: if units leave because of what is counted, effects are of "
            "those that stay."
            if absent > 0.05
            else f"{absent:.1%} of units' periods have no row.",
        ),
        Check(
            "effects not estimated",
            "",
            float(lost),
            DOUBT if lost else FINE,
            f"{lost:,} effects after adoption could not be estimated and are in no average: the column reason says why."
            if lost
            else "Each effect after adoption could be estimated.",
        ),
    ]


def alone(effects: Explained) -> list[Check]:
    """Check that no effect after adoption is of one cluster, or compared with one: its error cannot be seen.

    Parameters
    ----------
    effects : Explained
    """
    count = int((effects.alone & (effects.period >= effects.cohort)).sum())
    if not count:
        return []
    advice = (
        f"{count:,} effect{'s are' if count > 1 else ' is'} of one cluster, or compared with one: an error cannot be "
        "read from its spread. Join cohorts, or compare with placebo_units()."
    )
    return [Check("effects of one cluster", "", float(count), DOUBT, advice)]


def composition(averages: Averages) -> Check:
    """Check that steps since adoption are averages over the same cohorts.

    Parameters
    ----------
    averages : Averages
    """
    after = averages.cohorts[averages.step >= 0]
    same = len(np.unique(after)) <= 1
    advice = "Each step since adoption is seen in the same number of cohorts."
    if not same:
        advice = (
            f"Early steps are averages over up to {after.max()} cohorts, late ones over as few as {after.min()}: a "
            "change along the steps may be one of cohorts. Compare cohorts in the table."
        )
    return Check("composition", "", float(len(np.unique(after))), FINE if same else DOUBT, advice)


def before(pretrend_p: float, averages: Averages | None, average: float) -> list[Check]:
    """Check what was there before adoption, and how large a difference in trends that look could have missed.

    Parameters
    ----------
    pretrend_p : float
    averages : Averages or None
        Each a difference from the last period before adoption.
    average : float
        The average effect, for comparison.
    """
    if np.isnan(pretrend_p):
        advice = "No test shows whether units moved alike before adoption: parallel trends are taken on trust."
        return [Check("before adoption", "", np.nan, DOUBT, advice)]
    differs = pretrend_p < _UNLIKELY
    found = [
        Check(
            "before adoption",
            "",
            pretrend_p,
            DOUBT if differs else FINE,
            "Units that adopt had moved unlike the others before: see honest() for what is left if that goes on."
            if differs
            else "No difference before adoption was shown; see the next check for what that is worth.",
        )
    ]
    missed = _missed(averages)
    if np.isnan(missed):
        return found
    large = missed >= abs(average)
    advice = (
        f"A difference in trends that the look before adoption finds {_SURE:.0%} of the time would by itself put "
        f"{missed:.3g} on the average effect ({average:.3g})"
    )
    advice += ": as much as was found. See honest()." if large else ": less than was found."
    return [*found, Check("power before adoption", "", missed, DOUBT if large else FINE, advice)]


def _missed(averages: Averages | None) -> float:
    """Return what a linear difference in trends that is found 80% of the time adds to the average of later steps."""
    if averages is None:
        return np.nan
    known = np.isfinite(averages.estimate) & (np.diag(averages.covariance) > 0)
    try:
        found = power(averages.step[known], averages.covariance[np.ix_(known, known)], probability=_SURE, test="joint")
    except NotEstimable:
        return np.nan
    return float(np.mean(np.abs(found.bias))) if len(found.bias) else np.nan


def naive_weights(negative: float) -> Check:
    """Check how far the two-way estimate counts effects with the wrong sign.

    Parameters
    ----------
    negative : float
        Sum of its weights below zero; missing where there is no such estimate.
    """
    if np.isnan(negative):
        return Check("two-way weights", "", np.nan, FINE, "There is no two-way estimate to compare with.")
    wrong = negative < -0.005
    advice = (
        f"The two-way estimate weighs some effects below zero ({negative:.2g} in sum): it is no average of effects and "
        "can have the wrong sign. See naive_weights()."
        if wrong
        else "The two-way estimate weighs no effect below zero; still, it weighs them by when units adopt."
    )
    return Check("two-way weights", "", negative, DOUBT if wrong else FINE, advice)


def as_frame(found: list[Check]) -> pd.DataFrame:
    """Return checks as a frame: check, at, value, verdict, advice."""
    return pd.DataFrame(found, columns=list(Check._fields))
