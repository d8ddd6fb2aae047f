"""Which places lie nearest to a place, by any shape of window, and which windows they make."""

from __future__ import annotations

import numpy as np

from welfare.stats.compiled import compiled

APART = 1 + 1e-9  # squared distances closer than this are one distance: a window takes in all places on its edge
ROUNDING = 1 + 1e-12  # three shares of 0.1 add up to a little more than 0.3
_FEWEST_BITS, _MOST_BITS = 7, 11  # sorted by at a time: about as many digits as places
_PATIENCE = 16  # moves per place after which the last touch of sorting is left to a sort for any input


@compiled(error_model="numpy")
def squares_from(points: np.ndarray, centre: int, shape: tuple[float, float], squares: np.ndarray) -> None:
    """Fill in the squared longer half-axis of the window around `centre` on whose edge each place lies.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Places; on a plane if the shape is an ellipse.
    centre : int
        Which of them.
    shape : tuple of float
        Ratio of the longer to the shorter axis, and the longer one's angle in degrees from the x axis.
    squares : array of float, shape (n,)
        To be filled.
    """
    n, d = points.shape
    longer, angle = shape
    if longer == 1:
        for i in range(n):
            total = 0.0
            for j in range(d):
                gap = points[i, j] - points[centre, j]
                total += gap * gap
            squares[i] = total
        return
    east, north = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    for i in range(n):
        x, y = points[i, 0] - points[centre, 0], points[i, 1] - points[centre, 1]
        along, across = x * east + y * north, longer * (y * east - x * north)
        squares[i] = along * along + across * across


@compiled(error_model="numpy")
def sort_by(squares: np.ndarray, order: np.ndarray, near: np.ndarray, work: np.ndarray) -> None:
    """Fill in the places' positions in order of their squares, ties in the order given.

    Sorts by two digits of the squares in single precision, in time proportional to their number, then sets right what
    so few digits could not tell apart.

    Parameters
    ----------
    squares : array of float, shape (n,)
        Not negative.
    order : array of uint32, shape (n,)
        To be filled.
    near : array of float, shape (n,)
        To be filled: the squares in that order.
    work : array of int, shape (2, n)
        To work in.
    """
    n, most = len(squares), 0.0
    for i in range(n):
        most = max(most, squares[i])
    scale = 1 / most if most > 0 else 1.0
    single = np.empty(n, np.float32)
    for i in range(n):
        single[i] = squares[i] * scale
    bits = min(max(int(np.log2(n)), _FEWEST_BITS), _MOST_BITS)
    digits = 1 << bits
    # Numbers up to 1 in single precision have no bit set above the thirtieth: the first of the 30 are looked at.
    whole = single.view(np.int32)
    tallies = np.zeros((2, digits), np.int32)
    low, high = work[0], work[1]
    for i in range(n):
        key = np.int64(whole[i]) >> (30 - 2 * bits)
        low[i] = (key << 32) | i
        tallies[0, key & (digits - 1)] += 1
        tallies[1, key >> bits] += 1
    for turn in range(2):
        start = 0
        for digit in range(digits):
            held = tallies[turn, digit]
            tallies[turn, digit] = start
            start += held
    for i in range(n):
        digit = (low[i] >> 32) & (digits - 1)
        high[tallies[0, digit]] = low[i]
        tallies[0, digit] += 1
    for i in range(n):
        digit = high[i] >> (32 + bits)
        place = high[i] & 0xFFFFFFFF
        order[tallies[1, digit]] = place
        near[tallies[1, digit]] = squares[place]
        tallies[1, digit] += 1
    _set_right(squares, order, near)


@compiled(error_model="numpy")
def _set_right(squares: np.ndarray, order: np.ndarray, near: np.ndarray) -> None:
    """Put an order that is almost right quite right."""
    n, moves = len(order), 0
    for i in range(1, n):
        here = near[i]
        if near[i - 1] <= here:
            continue
        place, k = order[i], i
        while k > 0 and near[k - 1] > here:
            near[k], order[k] = near[k - 1], order[k - 1]
            k -= 1
        near[k], order[k] = here, place
        moves += i - k
        if moves > _PATIENCE * n:
            order[:] = np.argsort(squares, kind="mergesort").astype(np.uint32)
            near[:] = squares[order]
            return


@compiled(error_model="numpy")
def windows_around(
    order: np.ndarray,
    near: np.ndarray,
    base: np.ndarray,
    cap: float,
    widest: float,
    taken: np.ndarray,
    inside: np.ndarray,
) -> int:
    """Fill in how much base each window holds, and return how many places the largest one has.

    Parameters
    ----------
    order : array of uint32, shape (n,)
        Places, the nearest first.
    near : array of float, shape (n,)
        Their squares.
    base : array of float, shape (n,)
        Of each place.
    cap : float
        Most base a window may hold.
    widest : float
        Largest longer half-axis, squared.
    taken : array of bool, shape (n,)
        Places that no window may touch: they stop its growth.
    inside : array of float, shape (n,)
        To be filled: entry k is the base of the k + 1 nearest places if they are a window, -1 if the next one lies on
        their edge. Entries past the largest window mean nothing.

    Returns
    -------
    int
        0 if there is no window.
    """
    n, size, total = len(order), 0, 0.0
    for k in range(n):
        total += base[order[k]]
        if total > cap * ROUNDING or near[k] > widest * APART or taken[order[k]]:
            break
        if k + 1 == n or near[k + 1] > near[k] * APART:
            inside[k] = total
            size = k + 1
        else:
            inside[k] = -1
    return size
