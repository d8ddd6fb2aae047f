"""Rows laid out as places by steps, and back: which rows a window holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.scan.arrays import Cells, Window
from welfare.patterns.scan.asking.calendar import Calendar, calendar_of
from welfare.patterns.scan.asking.columns import Columns
from welfare.patterns.scan.asking.globe import chord, on_a_plane, on_an_ellipsoid
from welfare.patterns.scan.asking.options import Options
from welfare.patterns.scan.time.permuting import margins

_FEWEST = 3
_MOST_CELLS = 50_000_000
_ROUNDING = 1 + 1e-12


@dataclass(frozen=True)
class Layout:
    """Rows as places by steps.

    Attributes
    ----------
    rows : DataFrame
        As in :class:`Columns`, with base (what cases are compared with, covariates allowed for), place and step
        (positions in `cells`).
    cells : Cells
        Places by steps.
    calendar : Calendar or None
        What the steps are; None where time plays no part.
    dropped : DataFrame
        Columns row, reason.
    lost : float
        Cases in the rows left out.
    rate : float
        Cases per unit of what the caller compared them with.
    """

    rows: pd.DataFrame
    cells: Cells
    calendar: Calendar | None
    dropped: pd.DataFrame
    lost: float
    rate: float

    def holds(self, window: Window) -> np.ndarray:
        """Return the positions of the rows in a window: nearest the centre first, then in order of time."""
        rank = np.full(len(self.cells.points), -1)
        rank[window.members] = np.arange(len(window.members))
        order, step = rank[self.rows["place"].to_numpy()], self.rows["step"].to_numpy()
        inside = np.flatnonzero((order >= 0) & (step >= window.first) & (step <= window.last))
        return inside[np.lexsort((inside, step[inside], order[inside]))]


def lay_out(columns: Columns, options: Options) -> Layout:
    """Lay rows out as places by steps.

    Parameters
    ----------
    columns : Columns
        Rows that can be used.
    options : Options
        What is asked.

    Raises
    ------
    BadParameter
        If there are more cells than can be searched, or ellipses would be distorted.
    NotEstimable
        If too few places or cases can be used.
    """
    rows, dropped = _standardised(columns)
    calendar = None
    if rows.empty:
        _refuse_too_few(rows.assign(place=0), options)
    if options.in_time and columns.steps is not None:
        whole = rows["step"].to_numpy().astype(np.int64)
        calendar = calendar_of(whole, columns.steps, rows["time"])
        rows["step"] = whole - whole.min()
        rows["period"] = calendar.labels.to_numpy()[rows["step"].to_numpy()]
    else:
        rows["step"] = 0
    rows["place"] = _places(rows, options)
    _refuse_too_few(rows, options)
    n, t = int(rows["place"].max()) + 1, 1 if calendar is None else len(calendar.labels)
    if n * t > _MOST_CELLS:
        raise BadParameter(
            f"{n:,} places by {t:,} periods are more than {_MOST_CELLS:,} cells",
            where="scan(time=)",
            spoiled="The search would not end.",
            todo="Give longer periods, or fewer places.",
        )
    first = rows.drop_duplicates("place").sort_values("place")
    # Sums of weighted values are to the normal model what cases are to the others.
    rows["value"] = rows["cases"] * rows["base"] if options.model == "normal" else rows["cases"]
    cases, base = np.zeros((n, t)), np.zeros((n, t))
    at = rows["place"].to_numpy(), rows["step"].to_numpy()
    np.add.at(cases, at, rows["value"].to_numpy())
    np.add.at(base, at, rows["base"].to_numpy())
    points = _points(first, options)
    cells = margins(points, cases) if options.model == "permutation" else Cells(points, cases, base)
    _refuse_a_cap_that_admits_nothing(cells, options)
    return Layout(
        rows.drop(columns=["time", "category"], errors="ignore"),
        cells,
        calendar,
        dropped,
        columns.lost,
        float(columns.rows["cases"].sum() / columns.rows["base"].sum()),
    )


def _standardised(columns: Columns) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows with what is expected of their category for a base (indirect standardisation)."""
    if "category" not in columns.rows:
        return columns.rows.copy(), columns.dropped
    totals = columns.rows.groupby("category")[["cases", "base"]].transform("sum")
    rows = columns.rows.assign(base=columns.rows["base"] * totals["cases"] / totals["base"])
    none = rows["base"] == 0
    unexpected = pd.DataFrame({"row": rows.index[none], "reason": "no case in its category, so none expected"})
    return rows[~none].copy(), pd.concat([columns.dropped, unexpected], ignore_index=True)


def largest_distance(options: Options) -> float:
    """Return the largest distance of a member from the centre in units of the points."""
    if options.max_radius is None:
        return np.inf
    on_a_globe = options.geographic and options.shape == "circle"
    return chord(options.max_radius) if on_a_globe else float(options.max_radius)


def _places(rows: pd.DataFrame, options: Options) -> np.ndarray:
    """Return which place each row is about: in time, or by category, rows of one point are one place."""
    if not options.in_space:
        return np.zeros(len(rows), dtype=np.int64)
    if options.in_time or "category" in rows:
        return rows.groupby(["x", "y"], sort=False).ngroup().to_numpy(dtype=np.int64)
    return np.arange(len(rows))


def _points(first: pd.DataFrame, options: Options) -> np.ndarray:
    if not options.in_space:
        return np.zeros((1, 0))
    x, y = first["x"].to_numpy(dtype=float), first["y"].to_numpy(dtype=float)
    if not options.geographic:
        return np.column_stack([x, y])
    return on_a_plane(x, y) if options.shape == "ellipse" else on_an_ellipsoid(x, y)


def _refuse_too_few(rows: pd.DataFrame, options: Options) -> None:
    places = rows["place"].nunique() if options.in_space or rows.empty else _FEWEST
    cases = rows["cases"].sum()
    if options.model == "normal":
        different = len(np.unique(rows["cases"]))
        if places >= _FEWEST and different > 1:
            return
        raise NotEstimable(
            f"{places:,} places with {different:,} different values can be used",
            where="scan",
            spoiled=f"A cluster of high values stands out among at least {_FEWEST} places that differ.",
            todo="Bring more places.",
        )
    if places < _FEWEST or cases < 2:
        raise NotEstimable(
            f"{places:,} places with {cases:,.0f} cases can be used",
            where="scan",
            spoiled=f"A cluster is two cases or more, and stands out among at least {_FEWEST} places.",
            todo="Bring more places or cases; `rate` gives each place's rate with its interval.",
        )
    if options.model == "bernoulli" and cases == rows["base"].sum():
        raise NotEstimable(
            f"all {cases:,.0f} trials are cases",
            where="scan(model='bernoulli')",
            spoiled="Without a control no place has a higher share of cases than another.",
            todo="Give population as cases and controls together.",
        )


def _refuse_a_cap_that_admits_nothing(cells: Cells, options: Options) -> None:
    share = cells.base.sum(axis=1) / cells.base.sum()
    if options.in_space and (share > options.max_share * _ROUNDING).all():
        raise NotEstimable(
            f"every place holds more than {options.max_share:.3g} of all, the smallest {share.min():.3g}",
            where="scan(max_share=)",
            spoiled="No window can be formed, so none can be told from chance.",
            todo="Raise max_share, or divide the places.",
        )
