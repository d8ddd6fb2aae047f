"""What is known of a facility whatever the period: who and where it is, what it slaughters, how its lines run."""

from __future__ import annotations

import pandas as pd

from welfare.schema.codes import code_map

_ATTRIBUTES = {
    "name": "name",
    "city": "city",
    "region": "region",
    "county": "county",
    "country": "country",
    "latitude_deg": "latitude_deg",
    "longitude_deg": "longitude_deg",
    "district": "district",
    "circuit": "circuit",
    "size_class": "size_class",
    "slaughter_volume_category": "volume_category",
}


def attributes(spine: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return one row per facility of the directory; other files fill what it does not say.

    Parameters
    ----------
    spine, others : DataFrame
        `facilities` tables whose facility_id is that of the place.

    Returns
    -------
    DataFrame
        Index facility_id.
    """
    columns = list(_ATTRIBUTES)
    # first() takes the first value that is not null, column by column.
    own = spine.groupby("facility_id", sort=False)[columns].first()
    more = others.groupby("facility_id", sort=False)[columns].first()
    return own.combine_first(more).loc[own.index].rename(columns=_ATTRIBUTES)


def slaughtered(slaughter: pd.DataFrame) -> pd.DataFrame:
    """Return species, their groups and the inspection systems of each facility, each joined by ``+``.

    Parameters
    ----------
    slaughter : DataFrame
        The tidy table; facility_id is that of the place.

    Returns
    -------
    DataFrame
        Index facility_id; columns species, species_group, line_speed_regime, in the agency's own words. A species
        that `data/codes/species_groups.csv` does not know is a group of its own, so that it is seen.
    """
    groups = slaughter["species"].map(code_map("species_groups", "species", "group")).fillna(slaughter["species"])
    rows = slaughter.assign(species_group=groups)
    joined = {
        "species": _joined(rows, "species"),
        "species_group": _joined(rows, "species_group"),
        "line_speed_regime": _joined(rows, "inspection_system"),
    }
    return pd.DataFrame(joined)


def _joined(rows: pd.DataFrame, column: str) -> pd.Series:
    known = rows.dropna(subset=[column])
    return known.groupby("facility_id")[column].agg(lambda words: "+".join(sorted(set(words))))
