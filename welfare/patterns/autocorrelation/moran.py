"""Whether neighbours are alike: Moran's I of the whole map, and the places that are alike, or unlike, beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NoDenominator, NotEstimable
from welfare.patterns.autocorrelation.engine import Local, Whole, local, standardised_rates, whole
from welfare.patterns.autocorrelation.neighbours import nearest, within
from welfare.patterns.scan.asking.globe import chord, on_an_ellipsoid
from welfare.schema.results import Result, count_reasons
from welfare.stats.inputs import common_labels, dropped_rows, not_negative, numbers, whole_counts
from welfare.stats.robustness.adjusting import adjusted_p

_FEWEST = 10
_QUADRANTS = {1: "high among high", 2: "low among high", 3: "low among low", 4: "high among low"}
_LIMITS = (("x", "longitude", 180), ("y", "latitude", 90))


@dataclass(frozen=True, repr=False, kw_only=True)
class Autocorrelation(Result):
    """How alike neighbours are; see :func:`autocorrelation`.

    Attributes
    ----------
    table : DataFrame
        One row per place used, under the input's row labels: x, y, value (as given, or cases over population), z
        (standard deviations from the mean; of rates as standardised), neighbours_z (their mean z), neighbours
        (how many), i (local Moran's I), p_value (two-sided, by shuffling), q_value (Benjamini and Hochberg's),
        quadrant ("high among high", "low among low", "high among low", "low among high"), flagged (whether q_value is
        at most `fdr`).
    statistic, expected, variance, z : float
        Moran's I of the whole map; its mean and variance if values stood anywhere; standard deviations from that mean.
    p_value, p_permutation : float
        Of the whole map, two-sided: by the normal distribution, and by shuffling.
    fdr : float
        False-discovery rate of the flags.
    """

    statistic: float
    expected: float
    variance: float
    z: float
    p_value: float
    p_permutation: float
    fdr: float

    def plot(self, ax: Any = None) -> Any:
        """Draw each place's z against the mean z of its neighbours; the slope is Moran's I.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.clusters import neighbours_alike

        return neighbours_alike(self.table, slope=self.statistic, ax=ax)


def autocorrelation(
    values: Sequence[float] | pd.Series,
    x: Sequence[float] | pd.Series,
    y: Sequence[float] | pd.Series,
    *,
    population: Sequence[float] | pd.Series | None = None,
    neighbours: int = 8,
    within_distance: float | None = None,
    geographic: bool = False,
    permutations: int = 9999,
    fdr: float = 0.05,
    seed: int = 0,
) -> Autocorrelation:
    """Ask whether places near each other are alike (Moran's I), and which are so beyond chance (local Moran's I).

    Parameters
    ----------
    values : sequence or Series of n numbers
        One value per place; with `population`, cases: whole numbers, 0 or more.
    x, y : sequences or Series of n numbers
        Coordinates in any one unit; with `geographic`, longitude and latitude in degrees.
    population : sequence or Series of n numbers, optional
        What the cases are to be divided by. Rates are then standardised as Assuncao and Reis do: those of small places
        vary more by chance, and are pulled in by as much.
    neighbours : int
        How many of the nearest places count as neighbours.
    within_distance : float, optional
        Instead, all places within so many units of x and y, or km, are neighbours.
    geographic : bool
        Measure along the earth's surface.
    permutations : int
        Shuffled maps behind the p-values.
    fdr : float
        Share of false flags accepted among the flags, between 0 and 1.
    seed : int
        Of the shuffling.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    BadParameter
        If lengths or labels differ, or an option is out of its range.
    BadValue
        If a value is not a number, a count or a place on earth.
    NoDenominator
        If no population is above zero.
    NotEstimable
        If fewer than ten places can be used, or all are alike.
    MissingExtra
        If esda is not installed.

    Notes
    -----
    Each place's neighbours weigh 1 together. Rows without a value or coordinates, and places without any neighbour
    within the distance, are left out before anything is computed: one missing value would make every place significant.

    The local p-value comes from shuffling all values but the place's own over the map, counted from the nearer end and
    doubled. With many places few can be told from chance: q-values hold the expected share of false flags at `fdr`.
    Shuffling takes values as exchangeable. Rates of small and large places are not quite, standardised or not.

    That places are alike says nothing of why: they may share an inspector, a kind of animal, or a boundary. Where
    places are regions, other boundaries give another answer.

    References
    ----------
    Moran PAP. Notes on continuous stochastic phenomena. Biometrika 1950; 37: 17-23. Anselin L. Local indicators of
    spatial association. Geographical Analysis 1995; 27: 93-115. Assuncao RM, Reis EA. A new proposal to adjust Moran's
    I for population density. Statistics in Medicine 1999; 18: 2147-2162.

    Examples
    --------
    >>> import numpy as np
    >>> from welfare.patterns.autocorrelation.moran import autocorrelation
    >>> x, y = (side.ravel() for side in np.meshgrid(np.arange(6), np.arange(6)))
    >>> found = autocorrelation(x * 1.0, x, y, neighbours=4, permutations=999)
    >>> round(found.statistic, 2), round(found.expected, 3), bool(found.p_value < 0.01)
    (0.83, -0.029, True)
    """
    _check_options(neighbours, within_distance, permutations, fdr)
    rows, dropped, near = _usable(values, x, y, population, neighbours, within_distance, geographic)
    value = rows["value"].to_numpy()
    level = value
    if population is not None:
        value = rows["value"].to_numpy() / rows["population"].to_numpy()
        _refuse_if_alike(value)
        level = standardised_rates(rows["value"].to_numpy(), rows["population"].to_numpy())
    _refuse_if_alike(level)
    of_all = whole(level, near, permutations=permutations, seed=seed)
    of_each = local(level, near, permutations=permutations, seed=seed)
    table = _table(rows, value, level, near, of_each, fdr)
    return Autocorrelation(
        table=table,
        text=_text(table, of_all, dropped, fdr),
        dropped=dropped,
        notes=_notes(table, near, permutations, fdr, rates=population is not None, band=within_distance),
        statistic=of_all.statistic,
        expected=of_all.expected,
        variance=of_all.variance,
        z=of_all.z,
        p_value=of_all.p_value,
        p_permutation=of_all.p_permutation,
        fdr=fdr,
    )


def _check_options(neighbours: int, within_distance: float | None, permutations: int, fdr: float) -> None:
    checks = {
        "neighbours": (neighbours, isinstance(neighbours, int | np.integer) and neighbours >= 1, "1 or more places"),
        "within_distance": (
            within_distance,
            within_distance is None or 0 < within_distance < np.inf,
            "a distance above 0, or None",
        ),
        "permutations": (
            permutations,
            isinstance(permutations, int | np.integer) and permutations >= 99,
            "99 maps or more; 9,999 by custom",
        ),
        "fdr": (fdr, 0 < fdr < 1, "between 0 and 1"),
    }
    for name, (given, right, meant) in checks.items():
        if not right:
            raise BadParameter(
                f"{name} is {given!r}, not {meant}",
                where=f"autocorrelation({name}=)",
                spoiled="Nothing could be told from chance.",
                todo=f"Give {meant}.",
            )


def _usable(
    values: Any, x: Any, y: Any, population: Any, neighbours: int, within_distance: float | None, geographic: bool
) -> tuple[pd.DataFrame, pd.DataFrame, list[np.ndarray]]:
    """Return the rows that can be used, what was left out, and each row's neighbours."""
    given = {"value": values, "x": x, "y": y} | ({} if population is None else {"population": population})
    labels = common_labels(**given)
    rows = pd.DataFrame({name: numbers(column, name) for name, column in given.items()}, index=labels)
    _refuse_impossible(rows, geographic)
    reasons = np.full(len(rows), None, dtype=object)
    reasons[rows["value"].isna().to_numpy()] = "missing value"
    reasons[rows[["x", "y"]].isna().any(axis=1).to_numpy()] = "missing coordinates"
    if population is not None:
        some = (rows["population"] > 0).to_numpy()
        reasons[~some] = "no population"
        if not some.any():
            raise NoDenominator(
                "no row has a population above zero",
                where="autocorrelation(population=)",
                spoiled="Counts without what they are counts of are alike wherever plants are alike in size.",
                todo="Give the animals or tasks that each place's cases are to be divided by, or values without any.",
            )
    usable = np.flatnonzero(pd.isna(reasons))
    _refuse_too_few(len(usable))
    x_, y_ = rows["x"].to_numpy()[usable], rows["y"].to_numpy()[usable]
    points = on_an_ellipsoid(x_, y_) if geographic else np.column_stack([x_, y_])
    if within_distance is None:
        if neighbours > len(usable) - 2:
            raise NotEstimable(
                f"of {len(usable):,} places each would have {neighbours:,} neighbours: nearly all the others",
                where="autocorrelation(neighbours=)",
                spoiled="Near and far could not be told apart.",
                todo="Ask for fewer neighbours.",
            )
        return rows.iloc[usable], dropped_rows(labels, reasons), nearest(points, neighbours)
    near = within(points, chord(within_distance) if geographic else within_distance)
    alone = np.array([not len(others) for others in near])
    reasons[usable[alone]] = "no place near enough"
    kept = usable[~alone]
    _refuse_too_few(len(kept))
    number = np.cumsum(~alone) - 1  # who stands alone is nobody's neighbour
    near = [number[others] for others in near if len(others)]
    return rows.iloc[kept], dropped_rows(labels, reasons), near


def _refuse_impossible(rows: pd.DataFrame, geographic: bool) -> None:
    if "population" in rows:
        whole_counts(rows["value"].to_numpy(), "values", rows.index)
        not_negative(rows["population"].to_numpy(), "population", rows.index)
    for name, word, limit in _LIMITS if geographic else ():
        wrong = (rows[name].abs() > limit).to_numpy()
        if wrong.any():
            at = int(np.argmax(wrong))
            raise BadValue(
                f"{name} is {rows[name].iloc[at]:g} in row {rows.index[at]!r}, which is no {word}",
                where=f"autocorrelation({name}=, geographic=True)",
                spoiled="Distances would be measured between places that do not exist.",
                todo="Give x as longitude and y as latitude in degrees, or geographic=False for a plane.",
            )


def _refuse_too_few(many: int) -> None:
    if many < _FEWEST:
        raise NotEstimable(
            f"{many:,} places can be used",
            where="autocorrelation",
            spoiled=f"With fewer than {_FEWEST} places there are too few ways to shuffle them.",
            todo="Bring more places, or a larger within_distance.",
        )


def _refuse_if_alike(values: np.ndarray) -> None:
    if not np.ptp(values) > 1e-12 * np.abs(values).max():
        raise NotEstimable(
            f"all {len(values):,} places have the same value",
            where="autocorrelation(values)",
            spoiled="Neighbours are as alike as any two places.",
            todo="Ask for a value that differs between places.",
        )


def _table(
    rows: pd.DataFrame, value: np.ndarray, level: np.ndarray, near: list[np.ndarray], found: Local, fdr: float
) -> pd.DataFrame:
    z = (level - level.mean()) / level.std()
    q = adjusted_p(found.p_value, "bh", len(rows))
    return rows[["x", "y"]].assign(
        value=value,
        z=z,
        neighbours_z=[z[others].mean() for others in near],
        neighbours=[len(others) for others in near],
        i=found.statistic,
        p_value=found.p_value,
        q_value=q,
        quadrant=[_QUADRANTS[int(quadrant)] for quadrant in found.quadrant],
        flagged=q <= fdr,
    )


def _text(table: pd.DataFrame, found: Whole, dropped: pd.DataFrame, fdr: float) -> str:
    flagged = table.loc[table["flagged"], "quadrant"].value_counts()
    kinds = ", ".join(f"{many:,} {kind}" for kind, many in flagged.items())
    which = (
        f"{int(flagged.sum()):,} places stand out at a false-discovery rate of {fdr:g}: {kinds}."
        if len(flagged)
        else f"No single place stands out at a false-discovery rate of {fdr:g}."
    )
    left_out = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    return (
        f"{_verdict(found)} (Moran's I {found.statistic:.3f}, where {found.expected:.3f} is expected if values stood "
        f"anywhere; z = {found.z:.2f}, p = {found.p_value:.2g}; by shuffling {found.p_permutation:.2g}) over "
        f"{len(table):,} places. {which}{left_out} That neighbours are alike does not say why: they may share an "
        "inspector, a kind of animal or a boundary. A high place is more recorded than expected: worse handling, or "
        "stricter inspection."
    )


def _verdict(found: Whole) -> str:
    if max(found.p_value, found.p_permutation) > 0.05:
        return "It was not shown that neighbours are more alike, or less, than places anywhere"
    return f"Neighbours are {'more' if found.z > 0 else 'less'} alike than places anywhere"


def _notes(
    table: pd.DataFrame, near: list[np.ndarray], permutations: int, fdr: float, *, rates: bool, band: float | None
) -> tuple[str, ...]:
    sizes = sorted(len(others) for others in near)
    who = "nearest places" if band is None else f"places within {band:g}"
    many = f"{sizes[0]:,}" if sizes[0] == sizes[-1] else f"{sizes[0]:,} to {sizes[-1]:,}"
    said = [f"Neighbours are the {who}, {many} each; each place's neighbours weigh 1 together."]
    if rates:
        said.append("Rates are standardised as Assuncao and Reis do, since those of small places vary more by chance.")
    least = 2 / (permutations + 1)
    said.append(f"Local p-values are two-sided, from {permutations:,} shuffled maps; none can be below {least:.2g}.")
    if least * len(table) > fdr:
        said.append(
            f"A single place could not be flagged among {len(table):,}: its q-value cannot be below "
            f"{min(1.0, least * len(table)):.2g}. More permutations would let it."
        )
    return tuple(said)
