"""How fast a facility's lines ran or were permitted to run: measured where somebody measured, else as files permit."""

from __future__ import annotations

import pandas as pd

from welfare.errors import BadParameter

_PERMITS = ("waiver", "order", "limit")
_KEYS = ["facility_id", "period_start"]


def speed_on(line_speeds: pd.DataFrame, day: str | pd.Timestamp) -> pd.DataFrame:
    """Return the line speed each facility was permitted on a day.

    Parameters
    ----------
    line_speeds : DataFrame
        The tidy table. Permission comes from rows of basis waiver, order or limit, by date; from no other column.
    day : date

    Returns
    -------
    DataFrame
        facility_id, species, speed_animals_per_min, basis, verdict ("permitted" or "cannot tell"), reason: one row
        per facility and species in the table. Before a row's first day nothing is known: the file may hold no
        earlier permissions. Nor does a row without a speed, or without a first day, tell anything.

    Raises
    ------
    BadParameter
        If `day` is no date.
    """
    day = _as_day(day)
    permits = line_speeds[line_speeds["basis"].isin(_PERMITS)].dropna(subset=["facility_id"])
    holds = (permits["valid_from"] <= day) & ~(permits["valid_to"] < day)
    stated = permits[holds].dropna(subset=["speed_animals_per_min"])
    now = stated.sort_values("speed_animals_per_min").drop_duplicates(["facility_id", "species"], keep="last")
    everyone = permits.drop_duplicates(["facility_id", "species"])[["facility_id", "species"]]
    table = everyone.merge(now, how="left", on=["facility_id", "species"])
    known = table["basis"].notna()
    since = table["valid_from"].dt.strftime("%Y-%m-%d")
    until = table["valid_to"].dt.strftime("%Y-%m-%d")
    end = ("until " + until).where(table["valid_to"].notna(), "and nothing shows that it ended")
    return pd.DataFrame(
        {
            "facility_id": table["facility_id"],
            "species": table["species"],
            "speed_animals_per_min": table["speed_animals_per_min"],
            "basis": table["basis"],
            "verdict": pd.Series("permitted", index=table.index).where(known, "cannot tell"),
            "reason": (table["basis"] + " from " + since + ", " + end).where(
                known, f"no permission on file covers {day:%Y-%m-%d}; earlier ones may not be in it"
            ),
        }
    )


def _as_day(day: str | pd.Timestamp) -> pd.Timestamp:
    stamp = pd.to_datetime(day, errors="coerce")
    if pd.isna(stamp):
        raise BadParameter(f"{day!r} is no date", todo='Write it as "2024-06-01".')
    return stamp.normalize()


def waived_from(line_speeds: pd.DataFrame) -> pd.DataFrame:
    """Return facility_id and waiver_from, the first day from which a waiver on file permits it a faster line."""
    waivers = line_speeds[(line_speeds["basis"] == "waiver") & line_speeds["facility_id"].notna()]
    first = waivers.sort_values("valid_from").drop_duplicates("facility_id")
    return first[["facility_id", "valid_from"]].rename(columns={"valid_from": "waiver_from"})


def speeds_of_periods(line_speeds: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Return one line speed per facility and period.

    Parameters
    ----------
    line_speeds : DataFrame
        The tidy table; facility_id is that of the place.
    periods : DataFrame
        period_start, period_end.

    Returns
    -------
    DataFrame
        facility_id, period_start, line_speed_animals_per_min, line_speed_basis, record_ids (a list). The speed is
        the mean of those measured within the period: over the lines and shifts of each span of days first, then over
        the spans by their days, so that a day on which more lines were measured counts no more than another. Where
        more than one species was measured there is none: no plant runs at the mean of chickens and turkeys. Else it
        is the permission that holds through the whole period, the highest if several do. A permission that begins or
        ends within it gives none: there was no one speed. Rows without a speed tell nothing.
    """
    crossed = line_speeds.dropna(subset=["speed_animals_per_min"]).merge(periods, how="cross")
    inside = (crossed["valid_from"] >= crossed["period_start"]) & (crossed["valid_to"] <= crossed["period_end"])
    ordered = crossed["valid_from"] <= crossed["valid_to"]
    measured = crossed[(crossed["basis"] == "measured") & inside & ordered]
    through = (crossed["valid_from"] <= crossed["period_start"]) & ~(crossed["valid_to"] < crossed["period_end"])
    permitted = crossed[crossed["basis"].isin(_PERMITS) & through]
    known = pd.MultiIndex.from_frame(measured[_KEYS])
    rest = permitted[~pd.MultiIndex.from_frame(permitted[_KEYS]).isin(known)]
    several = measured.groupby(_KEYS)["species"].transform("nunique") > 1
    return pd.concat([_weighted(measured[~several]), _highest(rest)], ignore_index=True)


def _weighted(measured: pd.DataFrame) -> pd.DataFrame:
    spans = measured.groupby([*_KEYS, "valid_from", "valid_to"], as_index=False).agg(
        speed=("speed_animals_per_min", "mean"), record_ids=("record_id", list)
    )
    days = (spans["valid_to"] - spans["valid_from"]).dt.days + 1
    rows = spans.assign(days=days, product=days * spans["speed"])
    sums = rows.groupby(_KEYS, as_index=False).agg(
        product=("product", "sum"), days=("days", "sum"), record_ids=("record_ids", "sum")
    )
    return pd.DataFrame(
        {
            "facility_id": sums["facility_id"],
            "period_start": sums["period_start"],
            "line_speed_animals_per_min": sums["product"] / sums["days"],
            "line_speed_basis": "measured",
            "record_ids": sums["record_ids"],
        }
    )


def _highest(permitted: pd.DataFrame) -> pd.DataFrame:
    best = permitted.sort_values("speed_animals_per_min").drop_duplicates(["facility_id", "period_start"], keep="last")
    return pd.DataFrame(
        {
            "facility_id": best["facility_id"],
            "period_start": best["period_start"],
            "line_speed_animals_per_min": best["speed_animals_per_min"],
            "line_speed_basis": best["basis"],
            "record_ids": [[record] for record in best["record_id"]],
        }
    )
