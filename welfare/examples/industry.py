"""The simulated plants: what each one is, does and is called. Nothing here depends on whether effects are planted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.examples.places import settle

_WORDS = {
    "livestock": ("Packing", "Meats", "Beef", "Custom Meats", "Locker", "Processing"),
    "poultry": ("Poultry", "Farms", "Chicken", "Foods", "Fresh Poultry"),
    "processing": ("Foods", "Provisions", "Sausage", "Deli", "Cold Storage", "Kitchens"),
}
_LEGAL_FORMS = (", Inc.", " Inc", " LLC", ", LLC", " Co.", " Corporation", ", L.P.", "")

# Probabilities of volume categories 1 to 5.
_VOLUMES = {
    "livestock": (0.50, 0.20, 0.14, 0.10, 0.06),
    "poultry": (0.08, 0.12, 0.20, 0.28, 0.32),
    "processing": (0.15, 0.20, 0.30, 0.20, 0.15),
}
# Unlike the real industry, where hardly any NPIS plant shares a volume category with a traditional one, every
# category holds both here: otherwise no design could tell the regime from the volume.
_NPIS_BY_VOLUME = (0.25, 0.35, 0.45, 0.50, 0.55)
_SIZES = ("Very Small", "Small", "Large")
_SIZE_BY_VOLUME = ((0.85, 0.15, 0.0), (0.60, 0.40, 0.0), (0.30, 0.65, 0.05), (0.05, 0.45, 0.50), (0.0, 0.15, 0.85))

WAIVER_DAYS = ("2019-02-15", "2020-06-01", "2021-09-01", "2023-03-31")


def draw_plants(identity: np.random.Generator, place: np.random.Generator, plants: int) -> pd.DataFrame:
    """Draw the plants: half slaughter livestock, a quarter poultry, the rest only process.

    Parameters
    ----------
    identity, place : Generator
        The streams of what plants are and of where they stand.
    plants : int
        How many.

    Returns
    -------
    DataFrame
        One row per plant, index 0..: facility_id, establishment_id, establishment_number, kind, place (see
        :func:`welfare.examples.places.settle`), volume_category, processing_volume_category, size_class, species,
        regime, npis_waiver_flag, waiver_from, name, name_2017, other_names, grant_date.
    """
    rng = identity
    kinds = np.repeat(
        ["livestock", "poultry", "processing"], [plants // 2, plants // 4, plants - plants // 2 - plants // 4]
    )
    kinds = rng.permutation(kinds)
    ids = [f"SIM{number:04d}" for number in range(1, plants + 1)]
    frame = pd.DataFrame({"facility_id": [f"us.fsis:{i}" for i in ids], "establishment_id": ids, "kind": kinds})
    frame["establishment_number"] = [_grants(rng, i, kind) for i, kind in zip(ids, kinds, strict=True)]
    frame = frame.join(settle(place, kinds))
    frame["volume_category"] = [int(rng.choice(5, p=_VOLUMES[kind])) + 1 for kind in kinds]
    frame["size_class"] = [_SIZES[rng.choice(3, p=_SIZE_BY_VOLUME[volume - 1])] for volume in frame["volume_category"]]
    processes = (kinds == "processing") | (rng.random(plants) < 0.8)
    frame["processing_volume_category"] = np.where(processes, rng.integers(1, 6, plants), 0)
    only = kinds == "processing"
    frame.loc[only, "processing_volume_category"] = frame.loc[only, "volume_category"]
    frame["species"] = [_species(rng, kind) for kind in kinds]
    frame["regime"] = [_regime(rng, *row) for row in frame[["species", "volume_category"]].itertuples(index=False)]
    frame = frame.join(_draw_waivers(rng, frame))
    return frame.join(_draw_names(rng, frame))


def _grants(rng: np.random.Generator, local: str, kind: str) -> str:
    """Return the grants of a plant, joined: a livestock plant has M, a poultry plant P, and either may have more."""
    has_m = kind == "livestock" or rng.random() < {"poultry": 0.25, "processing": 0.9}[kind]
    has_p = kind == "poultry" or rng.random() < 0.6
    letters = [*("M" * has_m), *("P" * has_p), *("V" * (rng.random() < 0.25))]
    return "+".join(f"{letter}{local}" for letter in letters or "M")


def _species(rng: np.random.Generator, kind: str) -> str:
    if kind == "livestock":
        return str(rng.choice(["cattle", "swine", "mixed", "small_stock"], p=[0.32, 0.20, 0.38, 0.10]))
    if kind == "poultry":
        return str(rng.choice(["young_chicken", "young_turkey", "duck", "light_fowl"], p=[0.74, 0.15, 0.06, 0.05]))
    return ""


def _regime(rng: np.random.Generator, species: str, volume: int) -> str:
    """Return the inspection system; for livestock, words joined where a plant has several."""
    if species in ("cattle", "mixed", "small_stock", "swine"):
        if species == "swine" and volume >= 4 and rng.random() < 0.5:
            return "nsis"
        heads = ("head_attached", "head_detached", "not_specified")[rng.integers(3)]
        viscera = ("viscera_truck", "viscera_table_tongue_in", "viscera_table_tongue_out")[
            rng.choice(3, p=[0.6, 0.2, 0.2])
        ]
        return heads if heads == "not_specified" else f"{heads}+{viscera}"
    if species == "":
        return ""
    if rng.random() < _NPIS_BY_VOLUME[volume - 1]:
        return "npis"
    if species == "young_chicken":
        return str(rng.choice(["traditional", "sis", "nels"], p=[0.84, 0.10, 0.06]))
    return str(rng.choice(["traditional", "nti1"], p=[0.6, 0.4])) if species == "young_turkey" else "traditional"


def _draw_waivers(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Grant waivers to about 3 in 10 NPIS young-chicken plants; flag a few others with the demographics' own word."""
    npis = frame.index[(frame["species"] == "young_chicken") & (frame["regime"] == "npis")]
    order = rng.permutation(npis)
    granted = order[: round(0.3 * len(npis))]
    flagged = order[len(granted) : len(granted) + max(1, len(frame) // 250)]
    days = rng.choice(WAIVER_DAYS, len(granted), p=[0.2, 0.2, 0.2, 0.4])
    waived = pd.Series(days.astype(str), index=granted).reindex(frame.index, fill_value="")
    return pd.DataFrame({"waiver_from": waived, "npis_waiver_flag": frame.index.isin(flagged)})


def _draw_names(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Name every plant, today and in 2017: about one in eight had another operator then."""
    rows = []
    for local, kind in zip(frame["establishment_id"].str[3:], frame["kind"], strict=True):
        name = _name(rng, local, kind)
        before = _name(rng, local, kind) if rng.random() < 0.12 else name
        others = [
            f"Sim Brand {local} {word}"
            for word in ("Premium", "Choice", "Café")[: rng.choice(4, p=[0.6, 0.2, 0.15, 0.05])]
        ]
        granted = pd.Timestamp(1995, 1, 1) + pd.Timedelta(days=int(rng.integers(0, 7900)))
        rows.append((name, before, "; ".join(others), granted))
    return pd.DataFrame(rows, columns=["name", "name_2017", "other_names", "grant_date"], index=frame.index)


def _name(rng: np.random.Generator, local: str, kind: str) -> str:
    words = ("", *_WORDS[kind])
    word = words[rng.integers(len(words))]
    name = f"Sim Plant {local} {word}".strip() + _LEGAL_FORMS[rng.integers(len(_LEGAL_FORMS))]
    return name.upper() if rng.random() < 0.12 else name
