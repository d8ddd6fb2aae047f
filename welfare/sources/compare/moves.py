"""How far coordinates that were written anew lie from the old ones: most such changes are of metres, some of miles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.schema.tables import Tables

_EARTH_KM = 6371.0
_PLACED = ["latitude_deg", "longitude_deg"]
_SAME_SPOT_KM, _FAR_KM = 0.01, 10.0  # less than a building; more than a town


def moves_in_words(table: pd.DataFrame, old: Tables, new: Tables) -> list[str]:
    """Say how far the coordinates of facilities moved; nothing where none did.

    Parameters
    ----------
    table : DataFrame
        Rows of the changes table.
    old, new : Tables
        The files compared.

    Returns
    -------
    list of str
        One note, or none.
    """
    rows = table[(table["table"] == "facilities") & table["column"].isin(_PLACED) & (table["change"] == "rewritten")]
    rows = rows.drop_duplicates(["key", "old_row", "new_row"])
    places = [
        file.facilities.drop_duplicates("source_row").set_index("source_row")[_PLACED].reindex(rows[row])
        for file, row in ((old, "old_row"), (new, "new_row"))
    ]
    km = _distance_km(*(place.to_numpy(dtype="float64", na_value=np.nan) for place in places))
    km = km[~np.isnan(km)]
    if not len(km):
        return []
    near, far = int((km < _SAME_SPOT_KM).sum()), int((km > _FAR_KM).sum())
    median = f"{np.median(km):,.1f} km" if np.median(km) >= 1 else f"{1000 * np.median(km):,.0f} m"
    return [
        f"facilities whose coordinates differ: {len(km):,}; by less than {1000 * _SAME_SPOT_KM:.0f} m: {near:,}, by "
        f"more than {_FAR_KM:.0f} km: {far:,}, in the median by {median}. An agency may compute coordinates from an "
        "address, so that no plant need have moved"
    ]


def _distance_km(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    (lat_a, lon_a), (lat_b, lon_b) = np.radians(a).T, np.radians(b).T
    half = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0))))
