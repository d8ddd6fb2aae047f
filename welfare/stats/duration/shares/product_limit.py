"""The product-limit estimate in plain arrays, with delayed entry, and how each row moves it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ProductLimit:
    """A Kaplan-Meier curve, at every time at which a row ends.

    Attributes
    ----------
    time : array of float, shape (T,)
        The earliest first.
    at_risk, events, censored : array of float, shape (T,)
        Rows under observation just before; of these, with the event then; and without, but observed no longer.
    survival : array, shape (T,)
    hazard, greenwood : array, shape (T,)
        Sum of events / at risk; and of events / (at risk x (at risk - events)), infinite once nobody is left.
    """

    time: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    survival: np.ndarray
    hazard: np.ndarray
    greenwood: np.ndarray


def product_limit(entry: np.ndarray, exit_: np.ndarray, event: np.ndarray) -> ProductLimit:
    """Estimate the share still without the event, rows entering and leaving as they do.

    Parameters
    ----------
    entry, exit_ : array of float, shape (n,)
        A row is at risk in (entry, exit].
    event : array of bool, shape (n,)

    References
    ----------
    Kaplan EL, Meier P. Journal of the American Statistical Association 1958; 53: 457-481.
    """
    time, place = np.unique(exit_, return_inverse=True)
    events = np.bincount(place, event, len(time))
    ended = np.bincount(place, minlength=len(time)).astype(float)
    came = np.searchsorted(np.sort(entry), time, side="left")  # entered before that time
    gone = np.concatenate([[0.0], np.cumsum(ended)[:-1]])
    at_risk = came - gone
    with np.errstate(divide="ignore"):
        greenwood = np.cumsum(np.where(events > 0, events / (at_risk * (at_risk - events)), 0.0))
    return ProductLimit(
        time,
        at_risk,
        events,
        ended - events,
        np.cumprod(1 - events / at_risk),
        np.cumsum(events / at_risk),
        greenwood,
    )
