"""What could mislead in a rate: few events, none, and rows too unlike for one common rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

# The words of the checks of models, without the models: a rate must load neither their formulas nor their solvers.
FINE, DOUBT = "in order", "look closer"
_FEW = 5
_RARE = 0.05  # the tail probability of chance below which rows count as too unlike


class Check(NamedTuple):
    """One row of the checks."""

    check: str
    at: str
    value: float
    verdict: str
    advice: str


def frame_of(checks: Sequence[Check]) -> pd.DataFrame:
    """Return checks as the frame that `.check()` gives: columns check, at, value, verdict, advice."""
    return pd.DataFrame(list(checks), columns=list(Check._fields))


def few_events(counts: np.ndarray, names: pd.Index, what: str = "events", *, better: str = "") -> Check:
    """Look for the row with the fewest events.

    Parameters
    ----------
    counts : array of float, shape (n,)
        Counts of events, or of whichever is rarer.
    names : Index of n str
        Names of the rows.
    what : str
        What is counted.
    better : str
        Method whose interval holds for fewer events than the one used; empty if there is none.
    """
    at = int(np.argmin(counts))
    fewest = float(counts[at])
    if fewest >= _FEW:
        return Check("few events", names[at], fewest, FINE, f"Each row has at least {fewest:g} {what}.")
    kind = (
        f"The interval is rough for so few: compare method='{better}'"
        if better
        else "The interval allows for that by being wide"
    )
    return Check(
        "few events",
        names[at],
        fewest,
        DOUBT,
        f"{names[at]} has {fewest:g} {what}. {kind}; one record more or less moves the figure much. Join rows or "
        "periods, or read its limits rather than the figure.",
    )


def zeros(counts: np.ndarray, names: pd.Index) -> Check:
    """Look for rows without an event.

    Parameters
    ----------
    counts : array of float, shape (n,)
        Counts of events.
    names : Index of n str
        Names of the rows.
    """
    none = np.flatnonzero(counts == 0)
    if not len(none):
        return Check("zeros", "", 0.0, FINE, "Each row has an event.")
    shown = ", ".join(names[none[:3]]) + (", ..." if len(none) > 3 else "")
    return Check(
        "zeros",
        names[none[0]],
        float(len(none)),
        DOUBT,
        f"{len(none):,} of {len(counts):,} rows have no event ({shown}): see that somebody looked there. Not recorded "
        "is not the same as not happened; their upper limits say what chance alone leaves open.",
    )


def heterogeneity(counts: np.ndarray, shares: np.ndarray) -> Check:
    """Compare the rows with their common rate by Pearson's chi-square.

    Parameters
    ----------
    counts : array of float, shape (n,)
        Counts of events.
    shares : array of float, shape (n,)
        What a common rate makes the counts proportional to: exposures, or expected counts.

    References
    ----------
    Armitage P, Berry G, Matthews JNS. Statistical methods in medical research. 4th edition, Blackwell, 2002,
    section 8.10 (heterogeneity of Poisson counts).
    """
    name = "heterogeneity"
    if len(counts) < 2 or counts.sum() == 0:
        return Check(name, "", np.nan, FINE, "There are no two rows with events to compare.")
    expected = counts.sum() * shares / shares.sum()
    return unlikeness(name, float(((counts - expected) ** 2 / expected).sum()), len(counts) - 1)


def unlikeness(name: str, chi_square: float, degrees: int, what: str = "rows") -> Check:
    """Judge a chi-square of rows, or strata, against what they have in common.

    Parameters
    ----------
    name : str
        Of the check.
    chi_square : float
        Pearson's statistic.
    degrees : int
        Its degrees of freedom.
    what : str
        What is compared, in the plural.
    """
    from scipy.special import chdtrc

    tail = float(chdtrc(degrees, chi_square))
    freedom = "1 degree" if degrees == 1 else f"{degrees:,} degrees"
    told = f"Pearson's chi-square is {chi_square:.4g} on {freedom} of freedom (tail probability {tail:.2g})"
    if tail >= _RARE:
        advice = f"{told}: the {what} differ about as much as chance allows, as far as these counts can tell."
        return Check(name, "", chi_square, FINE, advice)
    return Check(
        name,
        "",
        chi_square,
        DOUBT,
        f"{told}: the {what} differ more than chance allows, so the figure of all together is an average of unlike "
        f"{what}, and its interval is too narrow (by about {np.sqrt(chi_square / degrees):.2g} times, if the {what} "
        f"are a sample). Give the {what} beside it, or model them (wf.count_model).",
    )
