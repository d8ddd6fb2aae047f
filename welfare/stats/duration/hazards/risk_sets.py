"""Sums over who is at risk at each event time: the partial likelihood, its slopes, and what residuals are made of.

Kept apart because numba takes half a second to import; only a model of hazards asks for it. Time runs downwards, so
that a row joins the sums at its exit and leaves them at its entry. A row is at risk in (entry, exit].
"""

from __future__ import annotations

import numpy as np

from welfare.stats.compiled import compiled


@compiled(error_model="numpy")
def _change(
    sign: float, row: int, x: np.ndarray, w: np.ndarray, s0: np.ndarray, s1: np.ndarray, s2: np.ndarray, second: bool
) -> None:
    """Add a row to the sums, or take it away."""
    weight = sign * w[row]
    s0[0] += weight
    for a in range(x.shape[1]):
        part = weight * x[row, a]
        s1[a] += part
        if second:
            for b in range(a + 1):
                s2[a, b] += part * x[row, b]


@compiled(error_model="numpy")
def _clear(s0: np.ndarray, s1: np.ndarray, s2: np.ndarray) -> None:
    """Begin anew where nobody is at risk, so that no rounding is carried on."""
    s0[:] = 0.0
    s1[:] = 0.0
    s2[:] = 0.0


@compiled(error_model="numpy")
def _leave(
    j: int,
    time: int,
    own: int,
    entry: np.ndarray,
    stratum: np.ndarray,
    by_entry: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    s0: np.ndarray,
    s1: np.ndarray,
    s2: np.ndarray,
    second: bool,
) -> int:
    """Take away the rows of a stratum that enter at a time or later; return the place of the next to leave."""
    while j < len(by_entry) and stratum[by_entry[j]] == own and entry[by_entry[j]] >= time:
        _change(-1.0, by_entry[j], x, w, s0, s1, s2, second)
        j += 1
    return j


@compiled(error_model="numpy")
def _end_of(i: int, exit_: np.ndarray, stratum: np.ndarray, by_exit: np.ndarray) -> int:
    """Return the place after the rows that end together with the one at `i`."""
    own, time = stratum[by_exit[i]], exit_[by_exit[i]]
    end = i
    while end < len(by_exit) and stratum[by_exit[end]] == own and exit_[by_exit[end]] == time:
        end += 1
    return end


@compiled(error_model="numpy")
def _at_events(
    tied: int,
    efron: bool,
    s0: np.ndarray,
    s1: np.ndarray,
    s2: np.ndarray,
    d0: np.ndarray,
    d1: np.ndarray,
    d2: np.ndarray,
    counted: float,
    slope: np.ndarray,
    information: np.ndarray,
) -> float:
    """Take the means at tied events from the slope, add their spread to the information, return their logarithms."""
    k, loglik = len(slope), 0.0
    mean = np.zeros(k)
    for step in range(tied):
        away = step / tied if efron else 0.0
        total = s0[0] - away * d0[0]
        loglik -= counted * np.log(total)
        for a in range(k):
            mean[a] = (s1[a] - away * d1[a]) / total
            slope[a] -= counted * mean[a]
            for b in range(a + 1):
                information[a, b] += counted * ((s2[a, b] - away * d2[a, b]) / total - mean[a] * mean[b])
    return loglik


@compiled(error_model="numpy")
def partial_likelihood(
    x: np.ndarray,
    eta: np.ndarray,
    w: np.ndarray,
    entry: np.ndarray,
    exit_: np.ndarray,
    event: np.ndarray,
    stratum: np.ndarray,
    by_exit: np.ndarray,
    by_entry: np.ndarray,
    at_event: np.ndarray,
    efron: bool,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the log partial likelihood, its slope and its information.

    Parameters
    ----------
    x : array, shape (n, k)
    eta, w : array, shape (n,)
        The linear predictor, and its exponential; both less the largest of the stratum.
    entry, exit_ : array of int, shape (n,)
        Ranks of times.
    event : array of bool, shape (n,)
    stratum : array of int, shape (n,)
    by_exit, by_entry : array of int, shape (n,)
        Places of the rows by stratum, and within it by time, the latest first.
    at_event : array, shape (n,)
        What an event at the row's exit counts: 1; or a function of time, in a test of proportionality.
    efron : bool
        Efron's treatment of ties; else Breslow's.
    """
    n, k = x.shape
    loglik, slope, information = 0.0, np.zeros(k), np.zeros((k, k))
    s0, s1, s2 = np.zeros(1), np.zeros(k), np.zeros((k, k))
    d0, d1, d2 = np.zeros(1), np.zeros(k), np.zeros((k, k))
    i, j, before = 0, 0, -1
    while i < n:
        own, time = stratum[by_exit[i]], exit_[by_exit[i]]
        if own != before:
            _clear(s0, s1, s2)
            j, before = i, own
        j = _leave(j, time, own, entry, stratum, by_entry, x, w, s0, s1, s2, True)
        if i == j:  # as many have left as came
            _clear(s0, s1, s2)
        _clear(d0, d1, d2)
        tied, end = 0, _end_of(i, exit_, stratum, by_exit)
        counted = at_event[by_exit[i]]
        for place in range(i, end):
            row = by_exit[place]
            _change(1.0, row, x, w, s0, s1, s2, True)
            if event[row]:
                tied += 1
                loglik += counted * eta[row]
                slope += counted * x[row]
                _change(1.0, row, x, w, d0, d1, d2, True)
        loglik += _at_events(tied, efron, s0, s1, s2, d0, d1, d2, counted, slope, information)
        i = end
    for a in range(k):
        for b in range(a):
            information[b, a] = information[a, b]
    return loglik, slope, information


@compiled(error_model="numpy")
def event_times(
    x: np.ndarray,
    w: np.ndarray,
    entry: np.ndarray,
    exit_: np.ndarray,
    event: np.ndarray,
    stratum: np.ndarray,
    by_exit: np.ndarray,
    by_entry: np.ndarray,
    efron: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return, for each event time of each stratum, what the baseline hazard and residuals are sums of.

    Parameters
    ----------
    x, w, entry, exit_, event, stratum, by_exit, by_entry, efron
        As :func:`partial_likelihood`.

    Returns
    -------
    row : array of int, shape (T,)
        A row with an event then, which tells stratum and time.
    jumps : array, shape (T, 3)
        Of the baseline hazard; of the same, for a row whose event it is; sum of squares as the variance has them.
    means : array, shape (T, 3, k)
        Mean condition of those at risk: times the jump; times the jump of an event's row; plain.
    counts : array of int, shape (T, 2)
        Events, and rows at risk.
    """
    n, k = x.shape
    most = int(event.sum())
    row_of, counts = np.zeros(most, dtype=np.int64), np.zeros((most, 2), dtype=np.int64)
    jumps, means = np.zeros((most, 3)), np.zeros((most, 3, k))
    s0, s1, s2 = np.zeros(1), np.zeros(k), np.zeros((k, k))
    d0, d1 = np.zeros(1), np.zeros(k)
    i, j, found, before = 0, 0, 0, -1
    while i < n:
        own, time = stratum[by_exit[i]], exit_[by_exit[i]]
        if own != before:
            _clear(s0, s1, s2)
            j, before = i, own
        j = _leave(j, time, own, entry, stratum, by_entry, x, w, s0, s1, s2, False)
        if i == j:
            _clear(s0, s1, s2)
        d0[:] = 0.0
        d1[:] = 0.0
        tied, end = 0, _end_of(i, exit_, stratum, by_exit)
        for place in range(i, end):
            row = by_exit[place]
            _change(1.0, row, x, w, s0, s1, s2, False)
            if event[row]:
                tied += 1
                row_of[found] = row
                _change(1.0, row, x, w, d0, d1, s2, False)
        for step in range(tied):
            away = step / tied if efron else 0.0
            jump = 1.0 / (s0[0] - away * d0[0])
            mean = (s1 - away * d1) * jump
            jumps[found, 0] += jump
            jumps[found, 1] += (1.0 - away) * jump
            jumps[found, 2] += jump * jump
            means[found, 0] += mean * jump
            means[found, 1] += (1.0 - away) * mean * jump
            means[found, 2] += mean / tied
        if tied:
            counts[found, 0], counts[found, 1] = tied, end - j
            found += 1
        i = end
    return row_of[:found], jumps[:found], means[:found], counts[:found]


@compiled(error_model="numpy")
def _put(change: float, at: int, tree: np.ndarray, plain: np.ndarray) -> None:
    """Add rows of a rank to a tree of sums, or take them away."""
    plain[at] += change
    at += 1
    while at < len(tree):
        tree[at] += change
        at += at & -at


@compiled(error_model="numpy")
def _below(at: int, tree: np.ndarray) -> float:
    """Return how many rows in the tree have a lower rank."""
    total = 0.0
    while at > 0:
        total += tree[at]
        at -= at & -at
    return total


@compiled(error_model="numpy")
def concordant_pairs(
    rank: np.ndarray,
    ranks: int,
    entry: np.ndarray,
    exit_: np.ndarray,
    event: np.ndarray,
    stratum: np.ndarray,
    by_exit: np.ndarray,
    by_entry: np.ndarray,
) -> tuple[float, float, float]:
    """Count the pairs of an event and a row still at risk after it, by which of the two was expected to come first.

    Parameters
    ----------
    rank : array of int, shape (n,)
        Of the linear predictor, from 0.
    ranks : int
        How many there are.
    entry, exit_, event, stratum, by_exit, by_entry
        As :func:`partial_likelihood`.

    Returns
    -------
    concordant, discordant, tied : float
    """
    n = len(rank)
    tree, plain = np.zeros(ranks + 1), np.zeros(ranks)
    concordant, discordant, tied = 0.0, 0.0, 0.0
    i, j, before, inside = 0, 0, -1, 0.0
    while i < n:
        own, time = stratum[by_exit[i]], exit_[by_exit[i]]
        if own != before:
            tree[:] = 0.0
            plain[:] = 0.0
            inside, j, before = 0.0, i, own
        while j < n and stratum[by_entry[j]] == own and entry[by_entry[j]] >= time:
            _put(-1.0, rank[by_entry[j]], tree, plain)
            inside -= 1.0
            j += 1
        end = _end_of(i, exit_, stratum, by_exit)
        # Rows censored at the time of an event are at risk after it; those that had one then are not compared.
        for place in range(i, end):
            if not event[by_exit[place]]:
                _put(1.0, rank[by_exit[place]], tree, plain)
                inside += 1.0
        for place in range(i, end):
            if event[by_exit[place]]:
                below, same = _below(rank[by_exit[place]], tree), plain[rank[by_exit[place]]]
                concordant += below
                tied += same
                discordant += inside - below - same
        for place in range(i, end):
            if event[by_exit[place]]:
                _put(1.0, rank[by_exit[place]], tree, plain)
                inside += 1.0
        i = end
    return concordant, discordant, tied
