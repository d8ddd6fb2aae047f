"""Intervals for a share between 0 and 1 that holds at each time of a curve, and the times at which it crosses one."""

from __future__ import annotations

import numpy as np

from welfare.errors import BadParameter
from welfare.stats.doubt import reach

KINDS = ("log-log", "log", "plain")
NORMAL = 1.959963984540054
_SAME = 1.5e-8
_ROUNDING = 1e-12  # a share so near to 0 or 1 is 0 or 1


def check_kind(conf: str, where: str) -> None:
    """Refuse an interval that is not known.

    Parameters
    ----------
    conf : str
    where : str
        The function's name.

    Raises
    ------
    BadParameter
    """
    if conf not in KINDS:
        raise BadParameter(
            f"no interval is called {conf!r}",
            where=f"{where}(conf=)",
            spoiled="Limits of another kind would be printed under that name.",
            todo=f"Use one of {', '.join(KINDS)}.",
        )


def limits(share: np.ndarray, std_error: np.ndarray, conf: str, reach: float = NORMAL) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper limit of each share.

    Parameters
    ----------
    share : array, shape (T,)
        Of those without the event.
    std_error : array, shape (T,)
        Of the share.
    conf : {"log-log", "log", "plain"}
        The scale on which the interval is symmetric; log and plain are cut at 0 and 1.
    reach : float
        Of the interval, in standard errors.

    Returns
    -------
    low, high : array, shape (T,)
        NaN where the share is 0 or 1: nothing was seen from which to say how sure that is.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        relative = std_error / share
        if conf == "plain":
            low, high = share - reach * std_error, share + reach * std_error
        elif conf == "log":
            low, high = share * np.exp(-reach * relative), share * np.exp(reach * relative)
        else:
            away = reach * relative / np.log(share)
            low, high = share ** np.exp(-away), share ** np.exp(away)
    known = (share > _ROUNDING) & (share < 1 - _ROUNDING)
    return np.where(known, np.clip(low, 0, None), np.nan), np.where(known, np.clip(high, None, 1), np.nan)


def reach_of(clusters: int) -> float:
    """Return how many standard errors an interval of 95% reaches, by how many clusters the errors come from.

    Parameters
    ----------
    clusters : int
    """
    return reach.reach_of(reach.degrees_of(clusters)) if clusters > 1 else np.nan


def crossing(time: np.ndarray, share: np.ndarray, level: float) -> float:
    """Return when a falling curve first lies at or below a level; between two times where it rests on the level.

    Parameters
    ----------
    time, share : array, shape (T,)
        Missing shares count as not known from there on.
    level : float

    Returns
    -------
    float
        NaN where the curve does not get there.
    """
    known = ~np.isnan(share)
    time, share = time[known], share[known]
    below = np.flatnonzero(share < level + _SAME)
    if not len(below):
        return np.nan
    first = below[0]
    if abs(share[first] - level) < _SAME:
        lower = np.flatnonzero(share < level - _SAME)
        last = time[lower[0]] if len(lower) else time[-1]
        return float((time[first] + last) / 2)
    return float(time[first])
