"""What a scan found, in words: what was searched, how sure it is, and what it cannot show."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.patterns.scan.arrays import Window
from welfare.patterns.scan.asking.layout import Layout
from welfare.patterns.scan.asking.options import Options
from welfare.patterns.scan.monte_carlo import Maxima
from welfare.schema.results import count_reasons

NAMED = 0.05
_WHAT = {"exponential": "events", "normal": "the values' sum"}
_SHARE = {
    "bernoulli": "their share of cases and controls",
    "exponential": "their share of the time at risk",
    "permutation": "the place and the period would give, were the two unrelated",
    "expectation": "was expected of them",
    "normal": "their number would give",
}
_RANDOM = {
    "poisson": "the same number of cases fall anew, each in proportion to population.",
    "bernoulli": "the same number of cases are picked anew among all cases and controls.",
    "exponential": "the rows' events and times at risk change places.",
    "normal": "the rows' values and weights change places.",
    "permutation": "the periods of the cases are shuffled: each place and each period keeps its number.",
    "expectation": "counts are independent Poisson numbers with the expected counts for mean; their total varies.",
}


def paragraph(
    table: pd.DataFrame, layout: Layout, options: Options, maxima: Maxima, windows: list[Window], uneven: str
) -> str:
    """Say what was searched, what was found, how sure it is, what was left out and what it cannot show."""
    return (
        f"{_searched(layout, options)} {_finding(table, layout, options, maxima, windows)}{uneven}{_left_out(layout)} "
        "A cluster is more recorded than expected: worse handling, or stricter inspection. It shows where"
        f"{' and when' if options.in_time else ''}, not why: the places may differ in what they do, in who inspects "
        "them, or in what is not in the expected counts. Its edge is rough."
    )


def uneven_words(between: float, by_chance: float, options: Options, spread: float) -> str:
    """Say how unlike the places are, and what the p-values make of it."""
    if options.model == "negative_binomial" and np.isfinite(spread):
        return " The random maps let places differ by as much as these do, wherever they stand."
    if not between > by_chance:
        return ""
    other = " (model='negative_binomial' allows for that)" if options.model == "poisson" else ""
    return (
        f" Counts vary between places {between:.1f} times as much as independent cases would, beyond what the clusters "
        f"explain: the p-values are too small, and a cluster may be no more than places that differ{other}."
    )


def notes(
    table: pd.DataFrame, layout: Layout, options: Options, maxima: Maxima, windows: list[Window], spread: float
) -> tuple[str, ...]:
    """Return what a user of the figures should know."""
    said = [
        _windows(options),
        _maps(options, maxima, spread),
        "Later clusters are compared with the highest ratio of each random map, which is conservative.",
        *_space_notes(layout, options),
        *_time_notes(layout, options),
    ]
    if options.model not in ("normal", "permutation", "expectation"):
        said.append(f"{_WHAT.get(options.model, 'cases').capitalize()} per unit of population: {layout.rate:.4g}.")
    if options.model != "normal" and options.in_space:
        said.extend(_held_by_one(table, layout, windows))
    return tuple(said)


def _searched(layout: Layout, options: Options) -> str:
    total = layout.cells.cases.sum()
    what = "Values" if options.model == "normal" else f"{total:,.0f} {_WHAT.get(options.model, 'cases')}"
    where = f" at {len(layout.cells.points):,} places" if options.in_space else ""
    when = ""
    if layout.calendar is not None:
        steps = len(layout.calendar.labels)
        when = f" in {steps:,} {layout.calendar.word}s, {layout.calendar.span(0, steps - 1)},"
    share = _SHARE.get(options.model, "their share of the population")
    held = "hold higher ones than elsewhere" if options.model == "normal" else f"hold more of them than {share}"
    return f"{what}{where}{when} were searched for {_kind(options, many=True)} that {held}."


def _kind(options: Options, *, many: bool) -> str:
    if not options.in_space:
        return "runs of periods" if many else "run of periods"
    shape = {"circle": "circle", "ellipse": "ellipse"}[options.shape] + ("s" if many else "")
    if options.in_time:
        shape += " and runs of periods" if many else " and run of periods"
    return shape


def _finding(table: pd.DataFrame, layout: Layout, options: Options, maxima: Maxima, windows: list[Window]) -> str:
    if table.empty:
        if options.model == "normal":
            return f"No {_kind(options, many=False)} holds higher values than elsewhere."
        few = "two" if options.min_cases == 2 else f"{options.min_cases:g}"
        return f"No {_kind(options, many=False)} holds {few} cases and more than expected."
    first = table.iloc[0]
    more = int((table["p_value"].iloc[1:] <= NAMED).sum())
    others = f" {more} further cluster{'s' * (more != 1)} had p of {NAMED} or less." if more else ""
    verdict = "" if first["p_value"] <= NAMED else " Chance alone often gives one as high: no cluster was shown."
    anywhere = "anywhere on the map" if options.in_space else "at any time"
    return (
        f"The most likely cluster is {_area(first, windows[0], layout, options)}: {_excess(first, options)} (p = "
        f"{first['p_value']:.3g} for the highest {anywhere}, from {len(maxima.scores):,} random maps)."
        f"{verdict}{others}"
    )


def _area(first: pd.Series, window: Window, layout: Layout, options: Options) -> str:
    when = ""
    if layout.calendar is not None:
        when = layout.calendar.span(window.first, window.last)
    if not options.in_space:
        return when
    at = f"x {first['x']:.6g}, y {first['y']:.6g}"
    if options.geographic:
        at = f"latitude {first['y']:.3f}, longitude {first['x']:.3f}"
    reach = f"{first['radius']:,.4g}{' km' if options.geographic else ''}"
    places = len(window.members)
    area = f"one place ({at})" if places == 1 else f"{places:,} places within {reach} of {at}"
    return f"{area}, {when}" if when else area


def _excess(first: pd.Series, options: Options) -> str:
    if options.model == "normal":
        return f"mean {first['mean_inside']:.4g}, against {first['mean_outside']:.4g} elsewhere"
    what = _WHAT.get(options.model, "cases")
    counts = f"{first['observed']:,.0f} {what} where {first['expected']:,.1f} were expected"
    if options.model in ("permutation", "expectation"):
        return f"{counts}, {first['relative_risk']:.2f} times as many"
    if np.isfinite(first["relative_risk"]):
        return f"{counts}, {first['relative_risk']:.2f} times the rate elsewhere"
    return f"{counts}, no case fell elsewhere"


def _left_out(layout: Layout) -> str:
    if layout.dropped.empty:
        return ""
    held = f", with {layout.lost:,.0f} cases" if layout.lost > 0 else ""
    return f" Left out: {count_reasons(layout.dropped)}{held}."


def _windows(options: Options) -> str:
    parts = []
    if options.in_space:
        what = {"normal": "weights", "exponential": "time at risk", "permutation": "cases"}
        parts.append(f"at most {options.max_share:.0%} of the {what.get(options.model, 'population')}")
    few = "two" if options.min_cases == 2 else f"{options.min_cases:g}"
    parts.append(f"at least {few} {'places' if options.model == 'normal' else 'cases'}")
    held = " and ".join(parts)
    kind = _kind(options, many=True)
    scaled = "" if options.model == "expectation" else " Expected counts are scaled to the number of cases."
    apart = "; clusters share no place" if options.in_space else "; clusters share no period"
    return f"{kind[0].upper()}{kind[1:]} hold {held}{apart}.{'' if options.model == 'normal' else scaled}"


def _maps(options: Options, maxima: Maxima, spread: float) -> str:
    if options.model == "negative_binomial" and np.isfinite(spread):
        drawn = f"true ratios of places are gamma-distributed with mean 1 and variance {1 / spread:.3g}."
    else:
        drawn = _RANDOM.get(options.model, _RANDOM["poisson"])
    many = len(maxima.scores)
    how = f" p_value is the rank of the data among {many:,} such maps; it cannot be below {1 / (1 + many):.2g}."
    if maxima.stopped:
        how = (
            f" Drawing stopped after {many:,} maps, of which {options.stop_after} were as high as the data (Besag and "
            "Clifford): p_value of the first cluster is their share."
        )
    if options.gumbel:
        how += " p_gumbel comes from a Gumbel distribution with the mean and variance of the maps' highest ratios."
    return f"Random maps: {drawn}{how}"


def _space_notes(layout: Layout, options: Options) -> list[str]:
    if not options.in_space:
        return []
    said = []
    base = layout.cells.base.sum(axis=1)
    if (base > options.max_share * base.sum()).any():
        said.append("A place with more than the largest share of the population lies in no circle.")
    if options.geographic and options.shape == "circle":
        said.append(
            "Places are ordered by straight lines through the WGS 84 ellipsoid, which is the order along its surface "
            "to a part in 100,000; radii are geodesics in km."
        )
    if options.shape == "ellipse":
        where = " on a plane true to distance (WGS 84) from the middle of the places" if options.geographic else ""
        said.append(
            f"Ellipses lie{where}; radius is half the longer axis, shape the ratio of the axes, angle that of the "
            f"longer axis from the x axis in degrees. Windows are ranked with a penalty of power {options.penalty:g} "
            "on long shapes; llr is without it."
        )
    many = len(layout.rows) - len(layout.rows.drop_duplicates(["place", "step"]))
    if many:
        said.append(f"{many:,} rows are of the same place{' and period' if options.in_time else ''} as one before.")
    return said


def _time_notes(layout: Layout, options: Options) -> list[str]:
    if layout.calendar is None:
        return []
    said = []
    empty = np.flatnonzero(layout.cells.base.sum(axis=0) <= 0)
    if len(empty):
        some = ", ".join(layout.calendar.span(int(at), int(at)) for at in empty[:3])
        more = f" and {len(empty) - 3:,} more" if len(empty) > 3 else ""
        none = "case" if options.model == "permutation" else "exposure"
        said.append(
            f"No place has any {none} in {some}{more}: such a {layout.calendar.word} can begin or end no cluster, and "
            "lengthens those that span it."
        )
    cells = layout.cells.cases.size
    known = len(layout.rows.drop_duplicates(["place", "step"]))
    if known < cells and options.in_space:
        taken = "no case" if options.model == "permutation" else "no exposure"
        said.append(f"{cells - known:,} of {cells:,} places and periods have no row, and count as {taken}.")
    if options.analysis == "prospective":
        said.append(
            "Only windows that reach the last period count. p-values allow for one look: looking again every period, "
            "chance will give a cluster sooner or later."
        )
    return said


def _held_by_one(table: pd.DataFrame, layout: Layout, windows: list[Window]) -> list[str]:
    """Name the place that holds more than half of a cluster's cases, by its first row."""
    said = []
    labels = layout.rows.index.tolist()
    for number, window in enumerate(windows):
        held = layout.cells.cases[window.members, window.first : window.last + 1].sum(axis=1)
        if table["p_value"].iloc[number] <= NAMED and len(held) > 1 and held.max() > held.sum() / 2:
            first = labels[int(np.argmax(layout.rows["place"].to_numpy() == window.members[held.argmax()]))]
            said.append(f"Cluster {number + 1}: one place, {first!r}, holds more than half of its cases.")
    return said
