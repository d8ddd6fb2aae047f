"""What every scan works on and gives: places by steps of time, how far a window may reach, and the windows found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cells:
    """Places by steps of time, one step where time plays no part.

    Attributes
    ----------
    points : array of float, shape (n, d)
        Where each place is: x and y, or a point :func:`welfare.patterns.scan.asking.globe.on_an_ellipsoid`. No columns
        (d = 0) where space plays no part, and then there is one place.
    cases : array of float, shape (n, t)
        Cases in each place and step; for the normal model, sums of weighted values.
    base : array of float, shape (n, t)
        What cases are set against: population, cases and controls together, expected counts, time at risk, or weights.
    """

    points: np.ndarray
    cases: np.ndarray
    base: np.ndarray


@dataclass(frozen=True)
class Reach:
    """How far a window may reach.

    Attributes
    ----------
    max_share : float
        Largest share of the base (over all time) that a window's places may hold.
    max_radius : float
        Largest distance of a member from the centre, in units of the points (chord, on a globe); for an ellipse, along
        its longer axis. Infinite for none.
    min_cases : float
        Fewest cases in a window.
    shapes : tuple of (float, float)
        Windows' shapes: ratio of the longer to the shorter axis (1 for a circle), and angle of the longer axis from the
        x axis, in degrees counter-clockwise.
    penalty : float
        Power of the penalty 4 s / (s + 1)^2 on the ratio of an ellipse of shape s; 0 for none.
    max_steps : int
        Longest window in steps.
    last_only : bool
        Whether only windows that reach the last step count (a prospective scan).
    """

    max_share: float = 0.5
    max_radius: float = np.inf
    min_cases: float = 2.0
    shapes: tuple[tuple[float, float], ...] = ((1.0, 0.0),)
    penalty: float = 0.0
    max_steps: int = 1
    last_only: bool = False


@dataclass(frozen=True)
class Window:
    """A window that stands out.

    Attributes
    ----------
    score : float
        What windows are ranked by: the log likelihood ratio, penalised where the shape is.
    llr : float
        Log likelihood ratio.
    members : array of int
        Positions of the places in it, the centre first and the farthest last.
    first, last : int
        Its first and last step, both within.
    shape : tuple of (float, float)
        As in :class:`Reach`.
    """

    score: float
    llr: float
    members: np.ndarray
    first: int = 0
    last: int = 0
    shape: tuple[float, float] = (1.0, 0.0)
