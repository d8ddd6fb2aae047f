"""What could be wrong with a fitted model of hazards, each finding with what to do about it."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from welfare.stats.diagnostics import DOUBT, FINE, Check
from welfare.stats.doubt.sandwich import MANY_CLUSTERS
from welfare.stats.duration.cox.hazard_fit import HazardEstimates
from welfare.stats.duration.hazards.proportional import Tested, proportional, time_scale
from welfare.stats.duration.hazards.residuals import times_with_events

_UNLIKELY = 0.05
_PER_TERM, _BEHIND = 10, 5


class Leaning(NamedTuple):
    """The cluster or row that the estimates lean on most.

    Attributes
    ----------
    name : str
        Its column and label.
    within : array of bool
        Its rows in `Design.source`.
    term : str
        Which estimate it would move most.
    in_errors : float
        By how many standard errors, about: robust ones made without it, which would else hide what it does.
    """

    name: str
    within: np.ndarray
    term: str
    in_errors: float


def leaning(found: HazardEstimates) -> Leaning:
    """Find the cluster, or row, whose absence would move an estimate most, by one step from the fit.

    Parameters
    ----------
    found : HazardEstimates
    """
    squared = np.square(found.table["std_error"].to_numpy())
    if found.covariance.kind != "model":
        squared = np.clip(squared - found.moves**2, 1e-12 * squared, None)
    in_errors = np.abs(found.moves) / np.sqrt(squared)
    at, term = np.unravel_index(int(np.argmax(in_errors)), in_errors.shape)
    design = found.model.design
    own = np.flatnonzero(found.groups == at)[0] if found.groups is not None else at
    place, column = design.places[own], found.asked.together
    if found.groups is None or column is None:
        name, within = f"row {design.source.index[place]}", np.arange(len(design.source)) == place
    else:
        codes = pd.factorize(design.source[column])[0]
        name, within = f"{column} {design.source[column].iloc[place]}", codes == codes[place]
    return Leaning(name, within, design.names[int(term)], float(in_errors[at, term]))


def term_groups(found: HazardEstimates) -> dict[str, list[int]]:
    """Return the columns of each term of the formula, by place: a factor's levels are tested together.

    Parameters
    ----------
    found : HazardEstimates
    """
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(found.model.design.names):
        groups.setdefault(re.sub(r"\[[^\]]*\]", "", str(name)), []).append(place)
    return groups


def proportionality(found: HazardEstimates, transform: str) -> pd.DataFrame:
    """Test each term, and all together, for a hazard ratio that moves with time.

    Parameters
    ----------
    found : HazardEstimates
    transform : {"km", "identity", "log"}

    Returns
    -------
    DataFrame
        Columns term, chi2, degrees, p_value; the last row is of all terms.
    """
    groups = term_groups(found)
    places = [*groups.values(), list(range(len(found.fit.estimates)))]
    tests = proportional(found.fit, places, time_scale(found.fit, transform))
    table = pd.DataFrame(tests, columns=list(Tested._fields))
    table.insert(0, "term", [*groups, "all terms"])
    return table


def check_hazards(found: HazardEstimates) -> pd.DataFrame:
    """Run every check.

    Parameters
    ----------
    found : HazardEstimates

    Returns
    -------
    DataFrame
        Columns check, at, value, verdict, advice.
    """
    checks = [
        _proportional(found),
        _events_per_term(found),
        _behind_levels(found),
        _infinite(found),
        _influence(found),
        _ties(found),
        _alone(found),
    ]
    if found.groups is not None:
        checks.append(_clusters(found.clusters or 0))
    return pd.DataFrame(checks, columns=list(Check._fields))


def _proportional(found: HazardEstimates) -> Check:
    table = proportionality(found, "km").iloc[:-1]
    worst = table.iloc[int(table["p_value"].to_numpy().argmin())]
    p_value = min(1.0, float(worst["p_value"]) * len(table))
    if p_value >= _UNLIKELY:
        return Check("proportional hazards", str(worst["term"]), p_value, FINE, "No ratio is shown to move with time.")
    clustered = " The test trusts the model's errors: with clustered rows it finds too often." if found.clusters else ""
    return Check(
        "proportional hazards",
        str(worst["term"]),
        p_value,
        DOUBT,
        f"The hazard ratio of {worst['term']} moves with time (p = {p_value:.2g}, times {len(table)} terms): one ratio "
        f"averages over it, by when events came. Stratify by it, split time, or compare shares at a time.{clustered}",
    )


def _events_per_term(found: HazardEstimates) -> Check:
    events, terms = int(found.model.design.counts.sum()), len(found.fit.estimates)
    value = events / terms
    if value >= _PER_TERM:
        return Check("events per term", "", value, FINE, f"{events:,} events for {terms} estimates.")
    return Check(
        "events per term",
        "",
        value,
        DOUBT,
        f"{events:,} events are few for {terms} estimates: ratios are pushed away from 1 and intervals too narrow. Use "
        "fewer terms.",
    )


def _behind_levels(found: HazardEstimates) -> Check:
    columns, counts, names = found.model.columns, found.model.design.counts, found.model.design.names
    low, high = columns.min(axis=0), columns.max(axis=0)
    two = np.flatnonzero(((columns == low) | (columns == high)).all(axis=0))
    if not len(two):
        return Check("sparse levels", "", np.nan, FINE, "No term compares groups of rows.")
    fewest = [min(counts[columns[:, at] == low[at]].sum(), counts[columns[:, at] == high[at]].sum()) for at in two]
    at = int(np.argmin(fewest))
    name, value = names[two[at]], float(fewest[at])
    if value >= _BEHIND:
        return Check(
            "sparse levels", name, value, FINE, f"Each comparison has {value:g} events or more on either side."
        )
    return Check(
        "sparse levels",
        name,
        value,
        DOUBT,
        f"{name} has only {value:g} events on one side of its comparison; its interval is rough. Join levels.",
    )


def _infinite(found: HazardEstimates) -> Check:
    if not found.infinite:
        return Check("infinite ratios", "", 0.0, FINE, "Every hazard ratio is finite.")
    out = int((found.model.design.dropped["reason"] == "separated").sum())
    shown = ", ".join(found.infinite)
    return Check(
        "infinite ratios",
        shown,
        float(len(found.infinite)),
        DOUBT,
        f"No finite ratio exists for {shown}; {out:,} rows are left out as separated. Report that they had no event, "
        "with the upper limit of wf.rate.",
    )


def _influence(found: HazardEstimates) -> Check:
    most = leaning(found)
    doubtful = most.in_errors > 1
    advice = f"Leaving out {most.name} would move {most.term} by about {most.in_errors:.2g} standard errors."
    if doubtful:
        advice += " Fit again without it and report both (without_most_influential())."
    return Check("influence", most.name, most.in_errors, DOUBT if doubtful else FINE, advice)


def _ties(found: HazardEstimates) -> Check:
    fit = found.fit
    times = times_with_events(fit.rows, fit.columns, fit.estimates, fit.efron)
    tied = float(times.counts[times.counts[:, 0] > 1, 0].sum() / times.counts[:, 0].sum())
    heavy = float((times.counts[:, 0] / times.counts[:, 1])[times.counts[:, 0] > 1].mean()) if tied else 0.0
    if tied < 0.05 or (fit.efron and heavy < 0.1):
        return Check("ties", "", tied, FINE, f"{100 * tied:.0f}% of events share their time with another.")
    if not fit.efron:
        return Check(
            "ties",
            "",
            tied,
            DOUBT,
            f"{100 * tied:.0f}% of events share their time with another: Breslow's treatment pulls ratios towards 1. "
            "Use ties='efron'.",
        )
    return Check(
        "ties",
        "",
        tied,
        DOUBT,
        f"Where events are tied, {100 * heavy:.0f}% of those at risk have one at once: time is coarse, and Efron's "
        "treatment only approximates. Take time by finer units, or model it as discrete.",
    )


def _alone(found: HazardEstimates) -> Check:
    fit = found.fit
    times = times_with_events(fit.rows, fit.columns, fit.estimates, fit.efron)
    none = times.counts[:, 1] == times.counts[:, 0]
    value = float(times.counts[none, 0].sum() / times.counts[:, 0].sum())
    if value < 0.05:
        return Check("events compared with none", "", value, FINE, "Nearly every event has rows to compare it with.")
    return Check(
        "events compared with none",
        "",
        value,
        DOUBT,
        f"{100 * value:.0f}% of events come when nobody else of the stratum stays at risk: they say nothing of the "
        "ratios. Use coarser strata.",
    )


def _clusters(many: int) -> Check:
    if many >= MANY_CLUSTERS:
        return Check("clusters", "", many, FINE, "Enough clusters for cluster-robust errors.")
    return Check(
        "clusters",
        "",
        many,
        DOUBT,
        f"Cluster-robust errors lean on the number of clusters, and {many} is few: intervals are likely too narrow, "
        "despite Student's t.",
    )
