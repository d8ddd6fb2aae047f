"""How a name or an address comes out when somebody else types it into a form."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_LEGAL_FORM = re.compile(r",? (inc|llc|co|corporation|l\.p)\.?$", re.IGNORECASE)
_SHORT = {
    "Road": ("Rd", "Rd."),
    "Street": ("St", "St."),
    "Avenue": ("Ave", "Ave."),
    "Drive": ("Dr", "Dr."),
    "Highway": ("Hwy", "HWY."),
    "Lane": ("Ln", "Ln."),
    "Boulevard": ("Blvd", "Blvd."),
    "Parkway": ("Pkwy", "Pkwy."),
    "North": ("N", "N."),
    "South": ("S", "S."),
    "East": ("E", "E."),
    "West": ("W", "W."),
}


def employer_name(rng: np.random.Generator, plant: dict[Any, Any], year: int) -> str:
    """Return the name under which an event is filed: usually today's, at times an older one, a brand, a slip."""
    name = str(plant["name"])
    if plant["name_2017"] != name and year <= 2019:
        name = str(plant["name_2017"])
    elif plant["other_names"] and rng.random() < 0.15:
        name = str(plant["other_names"]).split("; ", 1)[0]
    if rng.random() < 0.3:
        name = _LEGAL_FORM.sub("", name)
    if rng.random() < 0.06:
        name = _misspell(rng, name)
    if rng.random() < 0.05:
        name = name.replace("Plant", "Plt").replace(",", "")
    return name.upper() if rng.random() < 0.3 else name


def _misspell(rng: np.random.Generator, name: str) -> str:
    """Swap two neighbouring letters; digits stay, and so does the word that says the plant is simulated."""
    places = [i for i in range(4, len(name) - 1) if name[i : i + 2].isalpha()]
    if not places:
        return name
    i = places[rng.integers(len(places))]
    return name[:i] + name[i + 1] + name[i] + name[i + 2 :]


def street_address(rng: np.random.Generator, street: str) -> str:
    """Return a street as a form holds it: abbreviated, in capitals, at times with another house number or a PO box."""
    if rng.random() < 0.03:
        return f"PO Box {rng.integers(10, 999)} Sim"
    words = street.split()
    if rng.random() < 0.04:
        words[0] = str(int(words[0]) + int(rng.integers(1, 60)))
    if rng.random() < 0.55:
        words = [_SHORT[word][rng.integers(2)] if word in _SHORT else word for word in words]
    written = " ".join(words)
    return written.upper() if rng.random() < 0.35 else written


def coordinates(rng: np.random.Generator, latitude: float, longitude: float) -> tuple[str, str]:
    """Return coordinates as the reports have them: two decimals, about a kilometre off, now and then missing."""
    if rng.random() < 0.005:
        return "", ""
    spread = 0.06 if rng.random() < 0.05 else 0.005
    return f"{latitude + rng.normal(0, spread):.2f}", f"{longitude + rng.normal(0, spread):.2f}"
