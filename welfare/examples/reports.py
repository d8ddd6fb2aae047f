"""Severe injury reports, as an employer files them: who was hurt, where, and under whose name it stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from welfare.examples.outcomes import YEARS
from welfare.examples.places import draw_towns, states, under_federal_osha
from welfare.examples.spelling import coordinates, employer_name, street_address

_PLANT_NAICS = {"livestock": "311611", "poultry": "311615", "processing": "311612"}
_OTHER_NAICS = (
    "236220",
    "238160",
    "238210",
    "311811",
    "321113",
    "332710",
    "423930",
    "424470",
    "484110",
    "493110",
    "561320",
)
_CLEANING, _WHOLESALE, _POSTAL = "561720", "424470", "491110"
_OTHER_EVENTS_PER_PLANT = 3

# Codes and titles as in the occupational injury classification; \x92 is how the agency's file has an apostrophe.
_NATURES = {"amputation": ("1311", "Amputations"), "other": ("111", "Fractures")}
_PARTS = (("4422", "Fingertip(s)"), ("440", "Hand(s), unspecified"), ("510", "Leg(s), unspecified"))
_EVENTS = (
    ("6411", "Caught in running equipment or machinery during maintenance, cleaning"),
    ("4214", "Fall on same level due to slipping"),
    ("2721", "Part of occupant\x92s body caught between vehicle and other object in nonroadway transport incident"),
)
_SOURCES = (("3421", "Conveyors-belt"), ("3715", "Butchering machinery"), ("6620", "Floor, n.e.c."))
_NARRATIVES = (
    "SIMULATED: a made-up worker was hurt in a made-up plant.",
    "SIMULATED: a made-up worker slipped beside the saut\xe9 line.\nNobody was hurt: there is no such worker.",
    "SIMULATED: a made-up worker\x92s hand met water of 82 \xb0C.",
)


def draw_reports(
    rng: np.random.Generator, noise: np.random.Generator, plants: pd.DataFrame, injuries: pd.DataFrame
) -> pd.DataFrame:
    """File a report for every severe injury under federal OSHA, and for events at employers that are no plants.

    About 97% of the reports from plants stand in NAICS 3116. The rest are under another industry, half of them filed by
    a cleaning firm at the plant's address. No report in NAICS 3116 comes from a state with its own OSHA plan; a few
    in 3116 are of employers that are not in the directory (inspected by a state).

    Parameters
    ----------
    rng, noise : Generator
        The streams of reports from plants and of all others.
    plants : DataFrame
        The industry.
    injuries : DataFrame
        Columns plant, year, injuries_count.

    Returns
    -------
    DataFrame
        The columns of the agency's file as text, in order of day, with `year` and `facility_id` (empty for events at
        no plant).
    """
    filed = injuries[under_federal_osha(plants["state"]).to_numpy()[injuries["plant"]]]
    events = filed.loc[filed.index.repeat(filed["injuries_count"])]
    book = plants.to_dict("index")
    rows = [_at_plant(rng, book[plant], year) for plant, year in zip(events["plant"], events["year"], strict=True)]
    count = _OTHER_EVENTS_PER_PLANT * len(plants)
    rows += _elsewhere(noise, count=count, meat=round(0.02 * len(rows)))
    reports = pd.DataFrame(rows).sort_values("day", kind="stable", ignore_index=True)
    month = reports["day"].dt.strftime("%Y%m")
    reports["ID"] = "SIM" + month + (reports.groupby(month).cumcount() + 1).astype(str).str.zfill(4)
    reports["UPA"] = "SIM" + pd.Series(range(900001, 900001 + len(reports))).astype(str)
    reports["EventDate"] = [f"{day.month}/{day.day}/{day.year}" for day in reports["day"]]
    reports["year"] = reports["day"].dt.year
    return reports.drop(columns="day")


def _at_plant(rng: np.random.Generator, plant: dict[Any, Any], year: int) -> dict[Any, Any]:
    employer, naics = employer_name(rng, plant, year), _PLANT_NAICS[str(plant["kind"])]
    odd = rng.random()
    if odd < 0.015:
        employer, naics = f"Sim Employer {rng.integers(1, 60):04d} Cleaning", _CLEANING
    elif odd < 0.03:
        naics = _WHOLESALE
    return {"facility_id": plant["facility_id"], "Employer": employer, "Primary NAICS": naics} | _report(
        rng, plant, year
    )


def _elsewhere(rng: np.random.Generator, *, count: int, meat: int) -> list[dict[Any, Any]]:
    """Return reports of employers that are no plants: most in other industries, some in meat outside the directory."""
    towns = draw_towns(rng)
    federal = under_federal_osha(towns["state"]).to_numpy()
    rows = []
    for number in range(count + meat):
        # Federal OSHA covers the mail everywhere, so the real file has reports from every state.
        postal = number >= meat and rng.random() < 0.02
        town = towns.iloc[rng.integers(len(towns))] if postal else towns[federal].iloc[rng.integers(federal.sum())]
        other = _POSTAL if postal else str(rng.choice(_OTHER_NAICS))
        place = {**town.to_dict(), "street": f"{rng.integers(100, 9900)} Sim Works Road"}
        row = {
            "facility_id": "",
            "Employer": f"Sim Employer {rng.integers(1, max(60, count // 3)):04d}"
            + ("", " Inc.", ", LLC")[rng.integers(3)],
            "Primary NAICS": "311612" if number < meat else other,
        }
        rows.append(row | _report(rng, place, int(rng.choice(YEARS))))
    return rows


def _report(rng: np.random.Generator, place: dict[Any, Any], year: int) -> dict[Any, Any]:
    """Return the columns every report has, whoever filed it."""
    latitude, longitude = coordinates(rng, place["latitude_deg"], place["longitude_deg"])
    hospitalised, amputation = ((1, 0), (0, 1), (1, 1), (2, 0))[rng.choice(4, p=[0.50, 0.36, 0.13, 0.01])]
    nature = _NATURES["amputation" if amputation else "other"]
    part, event, source = (book[rng.integers(3)] for book in (_PARTS, _EVENTS, _SOURCES))
    city = str(place["town"])
    return {
        "day": pd.Timestamp(year, 1, 1) + pd.Timedelta(days=int(rng.integers(0, 365))),
        "Address1": street_address(rng, str(place["street"])),
        "Address2": f"Dock {rng.integers(1, 9)}" if rng.random() < 0.08 else "",
        "City": city.upper() if rng.random() < 0.9 else city,
        "State": str(states()["name"][place["state"]]).upper(),
        "Zip": place["postcode"],
        "Latitude": latitude,
        "Longitude": longitude,
        "Hospitalized": f"{hospitalised}.00",
        "Amputation": f"{amputation}.00",
        "Inspection": f"SIM{rng.integers(100000, 999999)}" if rng.random() < 0.45 else "",
        "Final Narrative": _NARRATIVES[rng.choice(3, p=[0.9, 0.05, 0.05])],
        "Nature": nature[0],
        "NatureTitle": nature[1],
        "Part of Body": part[0],
        "Part of Body Title": part[1],
        "Event": event[0],
        "EventTitle": event[1],
        "Source": source[0],
        "SourceTitle": source[1],
        "Secondary Source": "",
        "Secondary Source Title": "",
    }
