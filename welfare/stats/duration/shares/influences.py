"""How clusters of rows move a curve, time by time: compiled, so that many clusters and many times cost little.

Kept apart because numba takes half a second to import; only errors between clusters ask for it.
"""

from __future__ import annotations

import numpy as np

from welfare.stats.compiled import compiled


@compiled(error_model="numpy")
def spread_of_moves(
    at_risk: np.ndarray,
    events: np.ndarray,
    of_cause: np.ndarray,
    survival: np.ndarray,
    steps: np.ndarray,
    codes: np.ndarray,
    clusters: int,
    event: np.ndarray,
    cause: np.ndarray,
    by_entry: np.ndarray,
    entered: np.ndarray,
    by_exit: np.ndarray,
    ended: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum over clusters the squares of their moves of a curve and an incidence; and their moves of the area below it.

    Parameters
    ----------
    at_risk, events, of_cause, survival : array, shape (T,)
        The curve, and the events of one cause.
    steps : array, shape (T,)
        How long the time before each of the curve's times counts in the area.
    codes : array of int, shape (n,)
        Cluster of each row.
    clusters : int
    event, cause : array of bool, shape (n,)
        Whether a row ends with an event, and with that cause.
    by_entry, by_exit : array of int, shape (n,)
        Rows in the order in which they enter, and end.
    entered, ended : array of int, shape (T,)
        How many have entered before each time, and ended by it.

    Returns
    -------
    of_survival, of_incidence : array, shape (T,)
    area : array, shape (G,)
        Moves of the area up to the last time.
    """
    times = len(at_risk)
    of_survival, of_incidence = np.zeros(times), np.zeros(times)
    there, logs = np.zeros(clusters), np.zeros(clusters)
    share, area = np.zeros(clusters), np.zeros(clusters)
    before, came, gone = 1.0, 0, 0
    for t in range(times):
        area += before * steps[t] * logs
        while came < entered[t]:
            there[codes[by_entry[came]]] += 1.0
            came += 1
        hazard, left = of_cause[t] / at_risk[t], at_risk[t] - events[t]
        # Whoever is there lowers the hazard; whoever has moved the curve so far moves what it is a share of.
        share += before * hazard * (logs - there / at_risk[t])
        if left > 0:
            logs += there * (events[t] / (at_risk[t] * left))
        while gone < ended[t]:
            row = by_exit[gone]
            own = codes[row]
            if cause[row]:
                share[own] += before / at_risk[t]
            if event[row] and left > 0:
                logs[own] -= 1.0 / left
            there[own] -= 1.0
            gone += 1
        before = survival[t]
        of_survival[t] = before * before * np.sum(logs * logs)
        of_incidence[t] = np.sum(share * share)
    return of_survival, of_incidence, area
