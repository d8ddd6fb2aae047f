"""The arithmetic of the scan: circles that stand out, and how high random maps reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

_EARTH_KM = 6371.0088  # mean radius of the earth (IUGG)
_BATCH = 5_000_000  # simulated counts held in memory at one time
TIE = 1e-9  # likelihood ratios closer than this, relatively, are equal: rounding must not favour the data


@dataclass(frozen=True)
class Zone:
    """A circle on the map.

    Attributes
    ----------
    llr : float
        Its log likelihood ratio.
    members : array of int
        Positions of the places in it, the centre first and the farthest last.
    """

    llr: float
    members: np.ndarray


def on_a_globe(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Return points in space: straight lines between them order places as great circles do.

    Parameters
    ----------
    longitude, latitude : arrays of float, shape (n,)
        Degrees.

    Returns
    -------
    array of float, shape (n, 3)
        Kilometres from the centre of the earth.
    """
    east, north = np.radians(longitude), np.radians(latitude)
    flat = np.cos(north)
    return np.asarray(_EARTH_KM * np.column_stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)]))


def radius(points: np.ndarray, *, geographic: bool) -> float:
    """Return the distance from the first point to the farthest.

    Parameters
    ----------
    points : array of float, shape (m, d)
        Members of a circle, its centre first.
    geographic : bool
        Whether the points are :func:`on_a_globe`: the distance is then along its surface.

    Returns
    -------
    float
        In units of `points`.
    """
    straight = float(np.sqrt(((points - points[0]) ** 2).sum(axis=1)).max())
    return 2 * _EARTH_KM * float(np.arcsin(min(1.0, straight / (2 * _EARTH_KM)))) if geographic else straight


def random_maps(
    points: np.ndarray, share: np.ndarray, total: int, *, most: float, shape: float, replicates: int, seed: int
) -> np.ndarray:
    """Return how high the likelihood ratio gets anywhere on maps where nothing gathers.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Places.
    share : array of float, shape (n,)
        Of the population; sums to 1.
    total : int
        Cases on each map.
    most : float
        Largest share of the population in a circle.
    shape : float
        Gamma shape of the places' true ratios, drawn anew for each map; infinite if all are alike.
    replicates : int
        Maps.
    seed : int
        Of the maps.

    Returns
    -------
    array of float, shape (replicates,)
    """
    from welfare.patterns.scan.circles import highest_ratios

    rng = np.random.default_rng(seed)

    def cases(many: int) -> np.ndarray:
        if np.isinf(shape):
            return rng.multinomial(total, share, size=many)
        weights = share * rng.gamma(shape, size=(many, len(share)))
        return rng.multinomial(total, weights / weights.sum(axis=1, keepdims=True))

    at_once = max(1, _BATCH // len(share))
    batches = [min(at_once, replicates - done) for done in range(0, replicates, at_once)]
    return np.concatenate([highest_ratios(points, share, cases(many), most) for many in batches])


def find_zones(points: np.ndarray, share: np.ndarray, counts: np.ndarray, *, most: float, least: float) -> list[Zone]:
    """Return the best circle, then the best that shares no place with those before it, and so on.

    Parameters
    ----------
    points : array of float, shape (n, d)
        Places.
    share : array of float, shape (n,)
        Of the population; sums to 1.
    counts : array of float, shape (n,)
        Cases.
    most : float
        Largest share of the population in a circle.
    least : float
        Log likelihood ratio below which no further circle is sought; the first is always given.

    Returns
    -------
    list of Zone
    """
    from welfare.patterns.scan.circles import best_circle

    taken = np.zeros(len(share), dtype=bool)
    ratios = np.array([best_circle(points, share, counts, most, taken, centre)[0] for centre in range(len(share))])
    zones: list[Zone] = []
    while (best := ratios.max()) > 0 and (not zones or best >= least * (1 - TIE)):
        centre = int(ratios.argmax())
        # Places taken since can only have lowered a ratio: one that still stands is the highest of all.
        ratios[centre], order = best_circle(points, share, counts, most, taken, centre)
        if ratios[centre] < best:
            continue
        # Places at the centre's own coordinates may come before it.
        members = np.concatenate([[centre], order[order != centre]])
        taken[members] = True
        zones.append(Zone(float(best), members))
    return zones


def dispersion(places: pd.DataFrame, named: pd.Series) -> tuple[float, float]:
    """Return how much more counts vary between places than chance would have them, clusters allowed for.

    Parameters
    ----------
    places : DataFrame
        One row per place; columns observed, expected (cases), cluster (0 outside all).
    named : Series of int
        Clusters whose own rates are allowed for.

    Returns
    -------
    ratio : float
        Pearson's statistic over its degrees of freedom; 1 by chance. Missing if there are none.
    by_chance : float
        What chance hardly exceeds: three standard deviations above 1.
    """
    zone = places["cluster"].where(places["cluster"].isin(named), 0)
    within = places.groupby(zone)[["observed", "expected"]].transform("sum")
    expected = (places["expected"] * within["observed"] / within["expected"]).to_numpy()
    counted = expected > 0
    freedom = int(counted.sum()) - zone[counted].nunique()
    if freedom < 1:
        return float("nan"), float("inf")
    squares = (places["observed"].to_numpy()[counted] - expected[counted]) ** 2 / expected[counted]
    # Pearson's statistic of a Poisson count has variance 2 + 1 / expected.
    wide = 3 * np.sqrt((2 + (1 / expected[counted]).mean()) / freedom)
    return float(squares.sum() / freedom), float(1 + wide)
