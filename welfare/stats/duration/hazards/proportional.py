"""Whether a hazard ratio stays the same over time: the score test of its moving with a function of time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from welfare.errors import BadParameter
from welfare.stats.duration.hazards.partial import PartialFit, slopes
from welfare.stats.duration.shares.product_limit import product_limit

TRANSFORMS = ("km", "identity", "log")


class Tested(NamedTuple):
    """A test of proportional hazards: chi-squared, its degrees of freedom, and p."""

    chi2: float
    degrees: int
    p_value: float


def time_scale(fit: PartialFit, transform: str) -> np.ndarray:
    """Return a function of each row's exit, centred on the events, shape (n,).

    Parameters
    ----------
    fit : PartialFit
    transform : {"km", "identity", "log"}
        One less the Kaplan-Meier curve of all rows just before the time; time itself; its logarithm.
    """
    rows = fit.rows
    if transform not in TRANSFORMS:
        raise BadParameter(
            f"no transform of time is called {transform!r}",
            where="proportionality(transform=)",
            spoiled="Another departure from proportionality than meant would be tested.",
            todo=f"Use one of {', '.join(TRANSFORMS)}.",
        )
    if transform == "km":
        curve = product_limit(rows.entry, rows.exit, rows.event)
        before = np.concatenate([[1.0], curve.survival])
        scale = 1 - before[np.searchsorted(curve.time, rows.exit, side="left")]
    else:
        scale = rows.exit if transform == "identity" else np.log(rows.exit)
    return np.asarray(scale - scale[rows.event].mean())


def proportional(fit: PartialFit, groups: list[list[int]], scale: np.ndarray) -> list[Tested]:
    """Test whether ratios move with a function of time, one test per group of columns.

    Parameters
    ----------
    fit : PartialFit
    groups : list of list of int
        Places of the columns that are tested together.
    scale : array, shape (n,)
        Of :func:`time_scale`.

    Returns
    -------
    list of Tested

    Notes
    -----
    The score test of adding condition x function of time to the model, as R's `cox.zph` has computed it since survival
    3.0: not the approximation of Grambsch and Therneau, whose test it is. It trusts the model's errors.

    References
    ----------
    Grambsch PM, Therneau TM. Biometrika 1994; 81: 515-526.
    """
    from scipy.special import chdtrc

    plain = slopes(fit.rows, fit.columns, fit.estimates, fit.efron)[2]
    _, slope, cross = slopes(fit.rows, fit.columns, fit.estimates, fit.efron, scale)
    squared = slopes(fit.rows, fit.columns, fit.estimates, fit.efron, scale**2)[2]
    # What the terms themselves explain of the interaction with time is taken out.
    residual = squared - cross @ np.linalg.solve(plain, cross)
    found = []
    for group in groups:
        own, pull = residual[np.ix_(group, group)], slope[group]
        chi2 = float(pull @ np.linalg.lstsq(own, pull, rcond=None)[0])
        found.append(Tested(chi2, len(group), float(chdtrc(len(group), max(chi2, 0.0)))))
    return found
