"""Windows as rows of a table, rows of the input with the cluster they are in, and a cluster's places over time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.patterns.scan.arrays import Window
from welfare.patterns.scan.asking.globe import reach_km
from welfare.patterns.scan.asking.layout import Layout
from welfare.patterns.scan.asking.options import Options
from welfare.patterns.scan.monte_carlo import Maxima


def expected_cells(layout: Layout, options: Options) -> np.ndarray:
    """Return the cases expected in each place and step, shape (n, t).

    Under the expectation model what the caller gave; else scaled so that as many are expected as there were.
    """
    base = layout.cells.base
    return base if options.model == "expectation" else base * (layout.cells.cases.sum() / base.sum())


def row_frame(layout: Layout, options: Options, windows: list[Window]) -> pd.DataFrame:
    """Return one row per row of the input that was used, with its cluster (0 outside all).

    Columns x, y (where given), observed, expected, cluster, and period where time was given.
    """
    rows = layout.rows
    expected = expected_cells(layout, options)[rows["place"].to_numpy(), rows["step"].to_numpy()]
    whole = layout.cells.base[rows["place"].to_numpy(), rows["step"].to_numpy()]
    if options.model == "permutation":
        # What is expected of a place and period is no one row's more than another's.
        part = 1 / rows.groupby(["place", "step"])["base"].transform("size").to_numpy()
    else:
        part = rows["base"].to_numpy() / whole
    cluster = np.zeros(len(rows), dtype=int)
    for number, window in enumerate(windows, start=1):
        cluster[layout.holds(window)] = number
    out = rows[["x", "y"]].copy() if options.in_space else pd.DataFrame(index=rows.index)
    out = out.assign(observed=rows["value"], expected=expected * part, cluster=cluster)
    return out.assign(period=rows["period"]) if options.in_time else out


def cluster_table(layout: Layout, options: Options, windows: list[Window], maxima: Maxima) -> pd.DataFrame:
    """Return one row per window, the columns of :class:`welfare.patterns.scan.clusters.Scan`."""
    expected = expected_cells(layout, options)
    cases = layout.cells.cases
    inside = [(window.members, slice(window.first, window.last + 1)) for window in windows]
    within = {
        "observed": np.array([cases[members, steps].sum() for members, steps in inside], dtype=float),
        "expected": np.array([expected[members, steps].sum() for members, steps in inside], dtype=float),
    }
    score = np.array([window.score for window in windows], dtype=float)
    where = [_place(layout, options, window) for window in windows]
    table = pd.DataFrame(
        {
            "cluster": np.arange(1, len(windows) + 1),
            "llr": np.array([window.llr for window in windows], dtype=float),
            **within,
            "relative_risk": _relative_risk(**within, total=float(cases.sum()), options=options),
            "p_value": maxima.p_values(score),
            "x": np.array([place[0] for place in where], dtype=float),
            "y": np.array([place[1] for place in where], dtype=float),
            "radius": np.array([place[2] for place in where], dtype=float),
            "members": pd.Series([list(layout.rows.index[layout.holds(w)]) for w in windows], dtype="object"),
            "start": _labels(layout, [window.first for window in windows]),
            "end": _labels(layout, [window.last for window in windows]),
        }
    )
    return table.assign(**_further(layout, options, windows, maxima, score))


def over_time(layout: Layout, options: Options, windows: list[Window]) -> pd.DataFrame | None:
    """Return each cluster's places over the whole study period: cluster, period, observed, expected, inside."""
    if layout.calendar is None:
        return None
    expected, parts = expected_cells(layout, options), []
    for number, window in enumerate(windows, start=1):
        steps = np.arange(layout.cells.cases.shape[1])
        parts.append(
            pd.DataFrame(
                {
                    "cluster": number,
                    "period": layout.calendar.labels.to_numpy(),
                    "observed": layout.cells.cases[window.members].sum(axis=0),
                    "expected": expected[window.members].sum(axis=0),
                    "inside": (steps >= window.first) & (steps <= window.last),
                }
            )
        )
    columns = ["cluster", "period", "observed", "expected", "inside"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _relative_risk(observed: np.ndarray, expected: np.ndarray, total: float, options: Options) -> np.ndarray:
    """Return the rate inside against outside; against what was expected where nothing outside plays a part."""
    if options.model == "normal":
        return np.full(len(observed), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = observed / expected
        if options.model in ("expectation", "permutation"):
            return np.asarray(ratio)
        return np.asarray(ratio / ((total - observed) / (total - expected)))


def _place(layout: Layout, options: Options, window: Window) -> tuple[float, float, float]:
    """Return x and y of the centre, as given, and the radius."""
    if not options.in_space:
        return np.nan, np.nan, np.nan
    points = layout.cells.points[window.members]
    places = layout.rows.drop_duplicates("place").set_index("place").loc[window.members]
    x, y = places["x"].to_numpy(dtype=float), places["y"].to_numpy(dtype=float)
    if options.shape == "ellipse":
        return x[0], y[0], _longer_half_axis(points, *window.shape)
    if options.geographic:
        return x[0], y[0], reach_km(x, y)
    return x[0], y[0], float(np.sqrt(((points - points[0]) ** 2).sum(axis=1)).max())


def _longer_half_axis(points: np.ndarray, ratio: float, angle: float) -> float:
    turn = np.radians(angle)
    along = (points - points[0]) @ np.array([np.cos(turn), np.sin(turn)])
    across = (points - points[0]) @ np.array([-np.sin(turn), np.cos(turn)])
    return float(np.hypot(along, ratio * across).max())


def _labels(layout: Layout, steps: list[int]) -> pd.Series:
    if layout.calendar is None:
        return pd.Series(pd.NaT, index=range(len(steps)), dtype="datetime64[ns]")
    return layout.calendar.labels.iloc[steps].reset_index(drop=True)


def _further(
    layout: Layout, options: Options, windows: list[Window], maxima: Maxima, score: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns that only some scans have, after those that all have."""
    more: dict[str, np.ndarray] = {}
    if options.shape == "ellipse":
        more["shape"] = np.array([window.shape[0] for window in windows], dtype=float)
        more["angle"] = np.array([window.shape[1] for window in windows], dtype=float)
    if options.model == "normal":
        more["mean_inside"], more["mean_outside"] = _means(layout, windows)
    if options.gumbel:
        more["p_gumbel"] = maxima.gumbel(score)
    return more


def _means(layout: Layout, windows: list[Window]) -> tuple[np.ndarray, np.ndarray]:
    cases, base = layout.cells.cases, layout.cells.base
    inside = [(window.members, slice(window.first, window.last + 1)) for window in windows]
    values = np.array([cases[members, steps].sum() for members, steps in inside], dtype=float)
    weights = np.array([base[members, steps].sum() for members, steps in inside], dtype=float)
    return values / weights, (cases.sum() - values) / (base.sum() - weights)
