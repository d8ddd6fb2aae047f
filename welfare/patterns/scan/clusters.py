"""Where harm gathers: the circle on the map that holds more cases than chance would put into any circle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.patterns.profiles.shrinkage import fit_spread
from welfare.patterns.scan.zones import TIE, Zone, dispersion, find_zones, on_a_globe, radius, random_maps
from welfare.schema.results import Result, count_reasons
from welfare.stats.inputs import common_labels, dropped_rows, not_negative, numbers, whole_counts

_FEWEST = 3
_NAMED = 0.05
_MODELS = ("poisson", "negative_binomial")


@dataclass(frozen=True, repr=False, kw_only=True)
class Scan(Result):
    """Circles in which cases gather; see :func:`scan`.

    Attributes
    ----------
    table : DataFrame
        One row per cluster, the most likely first: cluster (1, 2, ...), llr, observed, expected (cases),
        relative_risk (inside against outside), p_value, x, y (of the centre, as given), radius (in units
        of x and y, or km), members (list of the input's row labels, nearest the centre first), start, end
        (missing: no time was given).
    places : DataFrame
        One row per place used, under the input's row labels; columns x, y, observed, expected, cluster
        (its number in `table`; 0 outside all of them).
    geographic : bool
        Whether x and y are degrees, and radii km.
    model : str
        Of the random maps: "poisson" or "negative_binomial".
    replicates : int
        Random maps behind the p-values.
    dispersion : float
        Variance of counts between places over that of chance, once clusters with a p-value of 0.05 or less
        are allowed for. Above 1, the p-values of the Poisson model are too small.
    """

    places: pd.DataFrame
    geographic: bool
    model: str
    replicates: int
    dispersion: float

    def plot(self, ax: Any = None) -> Any:
        """Map the places in the United States, with those in clusters of a p-value of 0.05 or less set apart.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        BadParameter
            If the scan was not geographic: there is no map to draw on.
        """
        if not self.geographic:
            raise BadParameter(
                "x and y are not longitude and latitude",
                where="scan(geographic=False).plot()",
                spoiled="Places would be drawn where they are not.",
                todo="Scan with geographic=True, or draw `.places` on axes of your own.",
            )
        from welfare.figures.maps import points

        named = self.places["cluster"].isin(self.table.loc[self.table["p_value"] <= _NAMED, "cluster"])
        marked = self.places.assign(mark=np.where(named, "in a cluster", ""))
        return points(marked, latitude="y", longitude="x", mark="mark", ax=ax)


def scan(
    cases: Sequence[float] | pd.Series,
    population: Sequence[float] | pd.Series,
    x: Sequence[float] | pd.Series,
    y: Sequence[float] | pd.Series,
    *,
    time: Any = None,
    model: str = "poisson",
    shape: str = "circle",
    max_share: float = 0.5,
    geographic: bool = False,
    replicates: int = 999,
    seed: int = 0,
) -> Scan:
    """Look for the circles that hold more cases than their population would give, anywhere on the map.

    Parameters
    ----------
    cases : sequence or Series of n counts
        Events per place: whole numbers, 0 or more.
    population : sequence or Series of n numbers
        What cases are in proportion to if nothing gathers: animals, tasks, or expected counts from a model.
        Only the shares count: expected cases are scaled to as many as there were.
    x, y : sequences or Series of n numbers
        Coordinates in any one unit; with `geographic`, longitude and latitude in degrees.
    time : None
        Not built: scans in space alone.
    model : {"poisson", "negative_binomial"}
        What random maps look like. Poisson: each case falls in proportion to population, and any place
        with a rate of its own is a cluster. Negative binomial: places differ by as much as they do, with
        gamma-distributed ratios, but wherever they stand; only high ones that stand together, or one far
        beyond the others, are a cluster.
    shape : {"circle"}
        Shape of the window.
    max_share : float
        Largest share of the population a circle may hold, above 0 and below 1.
    geographic : bool
        Measure along the earth's surface, radii in km.
    replicates : int
        Random maps behind the p-values; the smallest p-value possible is 1 / (replicates + 1).
    seed : int
        Of those maps.

    Returns
    -------
    Scan
        The most likely cluster, and further ones that share no place with those before it, as long as
        their likelihood ratio is not below that of every random map.

    Raises
    ------
    BadParameter
        If lengths or labels differ, an option is not built, or a number is out of its range.
    BadValue
        If a count is negative or not whole, a population is negative, or a value is not a number or
        not a place on earth.
    NoDenominator
        If no row has a population above zero.
    NotEstimable
        If fewer than three places, or fewer than two cases, can be used.

    Notes
    -----
    Circles are centred on each place and grow place by place; of all circles with at least two cases the
    one with the highest Poisson likelihood ratio is the most likely cluster. Its p-value is the rank of
    that ratio among the highest ratios of maps on which the same number of cases fall at random, in
    proportion to population: it allows for having looked everywhere. Further clusters are compared with
    the same highest ratios, which is conservative.

    The Poisson model takes cases as independent. Where facilities differ, or one occasion gives many
    records, its random maps are too smooth and its p-values far too small: `dispersion` shows it, and
    the negative binomial allows for it (same circles, same ratios, other maps; the gamma is fitted to
    the counts, clusters included, which is conservative). A circle's edge is rough: places well inside
    the true area may be left out, and places beside it taken in.

    References
    ----------
    Kulldorff M. A spatial scan statistic. Communications in Statistics: Theory and Methods 1997; 26:
    1481-1496.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.scan.clusters import scan
    >>> cases = pd.Series([1, 1, 9, 8, 1, 1], index=list("abcdef"))
    >>> found = scan(cases, [10] * 6, x=[0, 1, 2, 2.5, 4, 5], y=[0] * 6, replicates=99)
    >>> found.table[["observed", "expected", "members"]].head(1).to_dict("records")
    [{'observed': 17.0, 'expected': 7.0, 'members': ['c', 'd']}]
    """
    _check_options(time, model, shape, max_share=max_share, replicates=replicates)
    rows, dropped = _usable(cases, population, x, y, geographic)
    points = on_a_globe(rows["x"].to_numpy(), rows["y"].to_numpy()) if geographic else rows[["x", "y"]].to_numpy()
    counts, share = rows["cases"].to_numpy(), (rows["population"] / rows["population"].sum()).to_numpy()
    total = int(counts.sum())
    spread = np.inf if model == "poisson" else fit_spread(counts, total * share).shape
    highest = random_maps(points, share, total, most=max_share, shape=spread, replicates=replicates, seed=seed)
    zones = find_zones(points, share, counts, most=max_share, least=float(highest.min()))
    cluster = np.zeros(len(rows), dtype=int)
    for number, zone in enumerate(zones, start=1):
        cluster[zone.members] = number
    places = rows[["x", "y"]].assign(observed=counts, expected=total * share, cluster=cluster)
    table = _table(zones, places, points, highest, geographic)
    between, by_chance = dispersion(places, table.loc[table["p_value"] <= _NAMED, "cluster"])
    uneven = _uneven(between, by_chance, model, spread)
    return Scan(
        table=table,
        text=_text(table, places, dropped, uneven, replicates, geographic),
        dropped=dropped,
        notes=_notes(table, rows, places, max_share, spread),
        places=places,
        geographic=geographic,
        model=model,
        replicates=replicates,
        dispersion=between,
    )


def _check_options(time: Any, model: str, shape: str, *, max_share: float, replicates: int) -> None:
    not_built = {"time": time is not None, "model": model not in _MODELS, "shape": shape != "circle"}
    for name, asked in not_built.items():
        if asked:
            given = {"time": "a scan in time", "model": f"the model {model!r}", "shape": f"the shape {shape!r}"}[name]
            raise BadParameter(
                f"{given} is not built",
                where=f"scan({name}=)",
                spoiled="Another scan than the one asked for would be run.",
                todo=f"Use time=None, model {' or '.join(map(repr, _MODELS))}, shape='circle'.",
            )
    if not 0 < max_share < 1:
        raise BadParameter(
            f"max_share is {max_share!r}, not between 0 and 1",
            where="scan(max_share=)",
            spoiled="A circle that holds everybody has nothing outside to compare it with.",
            todo="Give a share, at most 0.5 by custom.",
        )
    if not (isinstance(replicates, int | np.integer) and replicates >= 19):
        raise BadParameter(
            f"{replicates!r} random maps cannot give a p-value of 0.05",
            where="scan(replicates=)",
            spoiled="No cluster could ever be told from chance.",
            todo="Give a whole number, 19 or more; 999 by custom.",
        )


def _usable(cases: Any, population: Any, x: Any, y: Any, geographic: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows that can be scanned, columns cases, population, x, y, and what was left out."""
    given = {"cases": cases, "population": population, "x": x, "y": y}
    labels = common_labels(**given)
    rows = pd.DataFrame({name: numbers(values, name) for name, values in given.items()}, index=labels)
    whole_counts(rows["cases"].to_numpy(), "cases", labels)
    not_negative(rows["population"].to_numpy(), "population", labels)
    if geographic:
        _refuse_off_the_globe(rows)
    reasons = np.full(len(rows), None, dtype=object)
    reasons[rows[["x", "y"]].isna().any(axis=1).to_numpy()] = "missing coordinates"
    reasons[rows["cases"].isna().to_numpy()] = "missing cases"
    reasons[~(rows["population"] > 0).to_numpy()] = "no population"
    if not (rows["population"] > 0).any():
        raise NoDenominator(
            "no row has a population above zero",
            where="scan(population=)",
            spoiled="A map of bare counts shows where plants stand, not where harm is more than its share.",
            todo="Give the animals, tasks or expected counts that each place's cases are to be compared with.",
        )
    kept = rows[[reason is None for reason in reasons]]
    if len(kept) < _FEWEST or kept["cases"].sum() < 2:
        raise NotEstimable(
            f"{len(kept):,} places with {kept['cases'].sum():,.0f} cases can be used",
            where="scan",
            spoiled=f"A cluster is two cases or more, and stands out among at least {_FEWEST} places.",
            todo="Bring more places or cases; `rate` gives each place's rate with its interval.",
        )
    return kept, dropped_rows(labels, reasons)


def _refuse_off_the_globe(rows: pd.DataFrame) -> None:
    for name, word, limit in (("x", "longitude", 180), ("y", "latitude", 90)):
        wrong = rows[name].abs() > limit
        if wrong.any():
            raise BadValue(
                f"{name} is {rows.loc[wrong, name].iloc[0]:g} in row {wrong.idxmax()!r}, which is no {word}",
                where=f"scan({name}=, geographic=True)",
                spoiled="Distances would be measured between places that do not exist.",
                todo="Give x as longitude and y as latitude in degrees, or geographic=False for a plane.",
            )


def _table(
    zones: list[Zone], places: pd.DataFrame, points: np.ndarray, highest: np.ndarray, geographic: bool
) -> pd.DataFrame:
    total = float(places["observed"].sum())
    never = pd.Series(pd.NaT, index=range(len(zones)), dtype="datetime64[ns]")
    inside = [places.iloc[zone.members] for zone in zones]
    observed = np.array([part["observed"].sum() for part in inside], dtype=float)
    expected = np.array([part["expected"].sum() for part in inside], dtype=float)
    with np.errstate(divide="ignore"):
        relative_risk = (observed / expected) / ((total - observed) / (total - expected))
    llr = np.array([zone.llr for zone in zones], dtype=float)
    as_high = (highest[None] >= llr[:, None] * (1 - TIE)).sum(axis=1)
    return pd.DataFrame(
        {
            "cluster": np.arange(1, len(zones) + 1),
            "llr": llr,
            "observed": observed,
            "expected": expected,
            "relative_risk": relative_risk,
            "p_value": (1 + as_high) / (1 + len(highest)),
            "x": np.array([part["x"].iloc[0] for part in inside], dtype=float),
            "y": np.array([part["y"].iloc[0] for part in inside], dtype=float),
            "radius": np.array([radius(points[zone.members], geographic=geographic) for zone in zones], dtype=float),
            "members": pd.Series([list(part.index) for part in inside], dtype="object"),
            "start": never,
            "end": never,
        }
    )


def _uneven(between: float, by_chance: float, model: str, spread: float) -> str:
    """Say how unlike the places are, and what the p-values make of it."""
    if model == "negative_binomial" and np.isfinite(spread):
        return " The random maps let places differ by as much as these do, wherever they stand."
    if not between > by_chance:
        return ""
    return (
        f" Counts vary between places {between:.1f} times as much as independent cases would, beyond what the clusters "
        "explain: the p-values are too small, and a cluster may be no more than places that differ "
        "(model='negative_binomial' allows for that)."
    )


def _text(
    table: pd.DataFrame, places: pd.DataFrame, dropped: pd.DataFrame, uneven: str, replicates: int, geographic: bool
) -> str:
    left_out = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    return (
        f"{places['observed'].sum():,.0f} cases at {len(places):,} places were searched for circles that hold more "
        f"of them than their share of the population. {_finding(table, replicates, geographic)}{uneven}{left_out} A "
        "cluster shows where more was recorded than expected, not why: the places may differ in what they do, in who "
        "inspects them, or in what is not in the expected counts. Its edge is rough."
    )


def _finding(table: pd.DataFrame, replicates: int, geographic: bool) -> str:
    if table.empty:
        return "No circle holds two cases and more than expected."
    first = table.iloc[0]
    at = f"x {first['x']:.6g}, y {first['y']:.6g}"
    if geographic:
        at = f"latitude {first['y']:.3f}, longitude {first['x']:.3f}"
    reach = f"{first['radius']:,.4g}{' km' if geographic else ''}"
    places = len(first["members"])
    area = f"one place ({at})" if places == 1 else f"{places:,} places within {reach} of {at}"
    against = (
        f"{first['relative_risk']:.2f} times the rate elsewhere"
        if np.isfinite(first["relative_risk"])
        else "no case fell elsewhere"
    )
    more = int((table["p_value"].iloc[1:] <= _NAMED).sum())
    others = f" {more} further cluster{'s' * (more != 1)} had p of {_NAMED} or less." if more else ""
    verdict = "" if first["p_value"] <= _NAMED else " Chance alone often gives one as high: no cluster was shown."
    return (
        f"The most likely cluster is {area}: {first['observed']:,.0f} cases where {first['expected']:,.1f} were "
        f"expected, {against} (p = {first['p_value']:.3g} for the highest anywhere on the map, from {replicates:,} "
        f"random maps).{verdict}{others}"
    )


def _notes(
    table: pd.DataFrame, rows: pd.DataFrame, places: pd.DataFrame, max_share: float, spread: float
) -> tuple[str, ...]:
    notes = [
        f"Circles hold at most {max_share:.0%} of the population and at least two cases; clusters share no place. "
        "Expected counts are scaled to the number of cases.",
        "Later clusters are compared with the highest ratio of each random map, which is conservative.",
    ]
    scale = float(rows["cases"].sum() / rows["population"].sum())
    if np.isfinite(spread):
        notes.append(
            f"Random maps: true ratios of places are gamma-distributed with mean 1 and variance {1 / spread:.3g}."
        )
    if (places["expected"] > max_share * places["expected"].sum()).any():
        notes.append("A place with more than the largest share of the population lies in no circle.")
    notes.append(f"Cases per unit of population: {scale:.4g}.")
    for cluster, members in table.loc[table["p_value"] <= _NAMED, ["cluster", "members"]].itertuples(index=False):
        observed = places.loc[places["cluster"] == cluster, "observed"]
        if len(members) > 1 and observed.max() > observed.sum() / 2:
            notes.append(f"Cluster {cluster}: one place, {observed.idxmax()!r}, holds more than half of its cases.")
    return tuple(notes)
