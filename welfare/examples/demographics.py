"""The demographics extract of the simulated industry: 253 columns, nearly all of them Yes or empty."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_YES = "Yes"
_CHICKEN_OR = {"young_chicken": "chicken", "light_fowl": "chicken", "young_turkey": "turkey", "duck": "duck"}
# Which flags of the file a species group sets: always, and with even chance.
_SPECIES_FLAGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cattle": (("steer", "heifer"), ("beef_cow", "bull_stag", "dairy_cow")),
    "swine": (("market_swine",), ("sow", "boar_stag_swine", "roaster_swine")),
    "small_stock": (("lamb",), ("sheep", "young_goat", "adult_goat")),
    "mixed": (("steer", "heifer", "market_swine"), ("beef_cow", "bull_stag", "sow", "lamb", "sheep", "young_goat")),
    "young_chicken": (("young_chicken",), ()),
    "young_turkey": (("young_turkey",), ()),
    "duck": (("duck",), ()),
    "light_fowl": (("light_fowl",), ()),
}


def demographics(rng: np.random.Generator, plants: pd.DataFrame, headers: list[str]) -> pd.DataFrame:
    """Return the extract: one row per plant, every header, empty where nothing is said.

    Parameters
    ----------
    rng : Generator
        Its own stream.
    plants : DataFrame
        The industry.
    headers : list of str
        The file's header, in order.
    """
    blank = dict.fromkeys(headers, "")
    return pd.DataFrame([blank | _row(rng, plant) for plant in plants.to_dict("records")])


def _row(rng: np.random.Generator, plant: dict[Any, Any]) -> dict[str, str]:
    kind, species = str(plant["kind"]), str(plant["species"])
    row = {
        "establishment_number": str(plant["establishment_number"]),
        "establishment_id": str(plant["establishment_id"]),
        "establishment_name": str(plant["name"]),
    }
    for letter, word in (("M", "meat"), ("P", "poultry"), ("V", "voluntary")):
        if f"{letter}SIM" in row["establishment_number"]:
            row[f"active_{word}_grant"] = _YES
            row[f"last_{word}_grant_edit_date"] = f"{pd.Timestamp(str(plant['grant_date'])):%Y-%m-%d}"
    if kind != "processing":
        row |= _slaughter(rng, plant, "meat" if kind == "livestock" else "poultry", species)
    if plant["processing_volume_category"]:
        row |= _processing(rng, row, species)
        row["processing_volume_category"] = f"{plant['processing_volume_category']}.0"
    if kind == "processing" or "processing" not in row:
        row["slaughter_or_processing_only"] = "Processing" if kind == "processing" else "Slaughter"
    return row


def _slaughter(rng: np.random.Generator, plant: dict[Any, Any], word: str, species: str) -> dict[str, str]:
    always, at_times = _SPECIES_FLAGS[species]
    flags = ["slaughter", f"{word}_slaughter", *(f"{name}_slaughter" for name in always)]
    flags += [f"{name}_slaughter" for name in at_times if rng.random() < 0.5]
    flags += [f"inspection_system_{name}" for name in str(plant["regime"]).split("+")]
    if plant["npis_waiver_flag"]:
        flags.append("inspection_system_npis_waiver")
    if rng.random() < 0.4 and word == "meat":
        flags.append("meat_exemption_custom_slaughter")
    row = dict.fromkeys(flags, _YES)
    row["slaughter_only_class"] = word.capitalize()
    row["slaughter_volume_category"] = f"{plant['volume_category']}.0"
    return row


def _processing(rng: np.random.Generator, row: dict[str, str], species: str) -> dict[str, str]:
    flags = ["processing"]
    for letter, word, animals in (
        ("M", "meat", ("beef", "pork")),
        ("P", "poultry", (_CHICKEN_OR.get(species, "chicken"),)),
    ):
        if f"{letter}SIM" not in row["establishment_number"]:
            continue
        flags.append(f"{word}_processing")
        for category in ("raw_intact", "raw_non_intact", "nrte"):
            if rng.random() < 0.5:
                animal = animals[rng.integers(len(animals))]
                flags += [f"{category}_processing", f"{category}_{word}_processing", f"{animal}_processing"]
                flags.append(f"{category}_{animal}_processing")
        if rng.random() < 0.4:
            flags += ["rte_processing", f"rte_{word}_processing", f"rte_unspecified_{word}_processing"]
    return dict.fromkeys(flags, _YES) | ({"listeria_alternative": "Alternative 3"} if "rte_processing" in flags else {})
