"""What is planted in the simulated industry, where it is planted, and what a study should therefore find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

_EARTH_KM = 6371.0
_PLANTS_PER_BAD_PLANT = 190  # 8 bad plants among 1,500
_PLANTS_PER_CLUSTER_MEMBER = 60  # 25 members among 1,500
_BAD_PLANT_EXPECTS = 7.0  # records over all years, before the ratio: enough to show, not enough to drown the cluster


@dataclass(frozen=True)
class Effects:
    """The ratios by which planted causes multiply expected counts.

    Attributes
    ----------
    regime_ratio : float
        Severe injuries per plant-year under NPIS against traditional inspection, at the same measured speed.
    speed_ratio_per_10 : float
        Severe injuries per plant-year for each 10 birds/min of measured speed.
    bad_ratio, cluster_ratio, weak_ratio : float
        Noncompliance records per task at bad plants, in the spatial cluster, and in the under-reporting district.
    """

    regime_ratio: float
    speed_ratio_per_10: float
    bad_ratio: float
    cluster_ratio: float
    weak_ratio: float


PLANTED = Effects(regime_ratio=1.6, speed_ratio_per_10=1.08, bad_ratio=8.0, cluster_ratio=2.5, weak_ratio=0.35)
NOTHING = Effects(1.0, 1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Sites:
    """Where the effects on noncompliance records are planted; members are row positions of the plants' frame."""

    bad: tuple[int, ...]
    centre: tuple[float, float]
    radius_km: float
    members: tuple[int, ...]
    weak_district: str


@dataclass(frozen=True)
class PlantedTruth:
    """What was planted in a simulated industry. With ``planted=False`` every ratio is 1 and the places are the same.

    Attributes
    ----------
    planted : bool
        Whether the effects were planted.
    regime_ratio : float
        Severe injuries per plant-year under NPIS against traditional inspection, at the same measured speed.
    speed_ratio_per_10 : float
        Severe injuries per plant-year for each 10 birds/min of measured speed, young-chicken plants.
    bad_plants : tuple of str
        Facility ids of the plants whose noncompliance records per task are `bad_ratio` times what they would be.
    bad_ratio : float
        See `bad_plants`.
    cluster_centre : tuple of float
        Latitude and longitude in degrees of the spatial cluster of noncompliance records.
    cluster_radius_km : float
        All livestock plants within this great-circle distance of the centre are members.
    cluster_members : tuple of str
        Their facility ids.
    cluster_ratio : float
        Records per task of the members against what they would be.
    weak_district : str
        The district whose inspectors write `weak_ratio` times the records that others would.
    weak_ratio : float
        See `weak_district`.
    links : DataFrame
        Columns event_id, facility_id: which plant each severe injury report belongs to, whoever filed it.
    plants : DataFrame
        One row per plant: what it truly is, before the files hide, round or misspell any of it.
    """

    planted: bool
    regime_ratio: float
    speed_ratio_per_10: float
    bad_plants: tuple[str, ...]
    bad_ratio: float
    cluster_centre: tuple[float, float]
    cluster_radius_km: float
    cluster_members: tuple[str, ...]
    cluster_ratio: float
    weak_district: str
    weak_ratio: float
    links: pd.DataFrame
    plants: pd.DataFrame


def tell(effects: Effects, sites: Sites, links: pd.DataFrame, plants: pd.DataFrame) -> PlantedTruth:
    """Put together what a test may compare a study with."""
    ids = plants["facility_id"]
    return PlantedTruth(
        planted=effects != NOTHING,
        regime_ratio=effects.regime_ratio,
        speed_ratio_per_10=effects.speed_ratio_per_10,
        bad_plants=tuple(sorted(ids.iloc[list(sites.bad)])),
        bad_ratio=effects.bad_ratio,
        cluster_centre=sites.centre,
        cluster_radius_km=sites.radius_km,
        cluster_members=tuple(sorted(ids.iloc[list(sites.members)])),
        cluster_ratio=effects.cluster_ratio,
        weak_district=sites.weak_district,
        weak_ratio=effects.weak_ratio,
        links=links,
        plants=plants,
    )


def choose_sites(rng: np.random.Generator, plants: pd.DataFrame) -> Sites:
    """Choose the weak district, the cluster and the bad plants, so that no plant carries two effects.

    Parameters
    ----------
    rng : Generator
        The stream of this choice alone.
    plants : DataFrame
        With kind, district, coordinates, and `expected_findings` over all years before any effect.
    """
    livestock = plants[plants["kind"] == "livestock"]
    share = livestock["district"].value_counts(normalize=True).sort_index()
    # Of middling size: large enough to show, small enough to leave the national expectation in place.
    weak = str(rng.choice(share.index[(share >= 0.06) & (share <= 0.16)]))
    size = max(6, round(len(plants) / _PLANTS_PER_CLUSTER_MEMBER))
    centre, radius, members = _choose_cluster(rng, livestock, weak, size)
    # So that a scan's circle round the cluster takes in no bad plant.
    far = distances_km(livestock, centre) > 3 * radius
    eligible = livestock[far & (livestock["district"] != weak)]
    count = max(2, round(len(plants) / _PLANTS_PER_BAD_PLANT))
    nearest = (eligible["expected_findings"] - _BAD_PLANT_EXPECTS).abs().sort_values(kind="stable").index[: 5 * count]
    bad = rng.choice(nearest, size=count, replace=False)
    return Sites(tuple(sorted(int(i) for i in bad)), centre, radius, members, weak)


def _choose_cluster(
    rng: np.random.Generator, livestock: pd.DataFrame, weak: str, size: int
) -> tuple[tuple[float, float], float, tuple[int, ...]]:
    """Return centre, radius and members of a compact circle of plants, outside the weak district, with many tasks."""
    circles = []
    for latitude, longitude in livestock[["latitude_deg", "longitude_deg"]].to_numpy().round(4):
        centre = (float(latitude), float(longitude))
        away = distances_km(livestock, centre)
        order = np.argsort(away, kind="stable")
        radius = round(float(away[order[size - 1]] + away[order[size]]) / 2, 3)
        inside = livestock[away <= radius]
        if (inside["district"] != weak).all():
            circles.append((centre, radius, tuple(int(i) for i in inside.index), inside["expected_findings"].sum()))
    compact = sorted(circles, key=lambda circle: circle[1])[: max(5, len(circles) // 10)]
    busiest = sorted(compact, key=lambda circle: -circle[3])[: max(3, len(compact) // 3)]
    centre, radius, members, _ = busiest[int(rng.integers(len(busiest)))]
    return centre, radius, members


def distances_km(plants: pd.DataFrame, centre: tuple[float, float]) -> np.ndarray:
    """Return great-circle distances in km from each plant to a point (latitude, longitude in degrees)."""
    lat, lon = np.radians(plants["latitude_deg"].to_numpy()), np.radians(plants["longitude_deg"].to_numpy())
    lat_0, lon_0 = np.radians(centre)
    half = np.sin((lat - lat_0) / 2) ** 2 + np.cos(lat) * np.cos(lat_0) * np.sin((lon - lon_0) / 2) ** 2
    return 2 * _EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0)))


def findings_ratio(sites: Sites, effects: Effects, plants: pd.DataFrame) -> np.ndarray:
    """Return by how much each plant's noncompliance records per task are multiplied."""
    ratio = np.ones(len(plants))
    ratio[(plants["district"] == sites.weak_district).to_numpy()] = effects.weak_ratio
    ratio[list(sites.members)] = effects.cluster_ratio
    ratio[list(sites.bad)] = effects.bad_ratio
    return ratio
