"""Who is whose neighbour: the nearest so many, or all within a distance."""

from __future__ import annotations

import numpy as np


def nearest(points: np.ndarray, many: int) -> list[np.ndarray]:
    """Return the positions of the nearest others of each point.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Distance is the straight line between them.
    many : int
        Neighbours of each, below n. Of others equally far, the earlier rows are taken.

    Returns
    -------
    list of n arrays of int, shape (many,)
    """
    from scipy.spatial import KDTree

    tree = KDTree(points)
    # Where others are as far as the last neighbour, which of them it is must not hang on how the tree was cut.
    reach = tree.query(points, k=[many + 1])[0][:, 0]
    found = []
    for at, near in enumerate(tree.query_ball_point(points, reach * (1 + 1e-9))):
        others = np.array(sorted(set(near) - {at}))
        apart = np.round(np.sqrt(((points[others] - points[at]) ** 2).sum(axis=1)), 9)
        found.append(others[np.lexsort((others, apart))][:many])
    return found


def within(points: np.ndarray, distance: float) -> list[np.ndarray]:
    """Return the positions of all others at most so far from each point.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Distance is the straight line between them.
    distance : float
        In units of the points.

    Returns
    -------
    list of n arrays of int
        Empty for a point that stands alone.
    """
    from scipy.spatial import KDTree

    near = KDTree(points).query_ball_point(points, distance * (1 + 1e-9))
    return [np.array(sorted(set(found) - {at}), dtype=int) for at, found in enumerate(near)]
