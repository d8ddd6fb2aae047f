"""Made-up panels: facilities that differ, rows that differ, and a practice under which there is more, or none."""

from __future__ import annotations

import numpy as np
import pandas as pd

CONDITIONS = ["species", "stunning", "regime", "shift"]


def panel(
    seed: int,
    *,
    ratio: float = 1.0,
    facilities: int = 200,
    rows: int = 4,
    between: float = 0.25,
    within: float = 0.1,
    expected: float = 2.0,
    tail: str = "gamma",
) -> pd.DataFrame:
    """Return rows by facility and period: shift differs by row, other conditions by facility.

    Electrical stunning at night has `ratio` times what is expected; `between` and `within` are the variances of
    facilities' and rows' own ratios, of mean 1.
    """
    rng = np.random.default_rng(seed)
    facility = np.repeat(np.arange(facilities), rows)
    many = len(facility)
    df = pd.DataFrame({"facility_id": [f"us.fsis:{number:05d}" for number in facility]})
    df["species"] = rng.choice(["cattle", "pig", "chicken", "turkey", "sheep"], facilities)[facility]
    df["stunning"] = rng.choice(["electrical", "gas", "bolt"], facilities)[facility]
    df["regime"] = rng.choice(["npis", "traditional"], facilities)[facility]
    df["shift"] = rng.choice(["day", "night"], many)
    df["expected_count"] = rng.gamma(2, expected / 2, many)
    own = _ratios(rng, between, facilities, tail)[facility] * _ratios(rng, within, many, "gamma")
    bad = (df["stunning"] == "electrical") & (df["shift"] == "night")
    df["findings_count"] = rng.poisson(df["expected_count"] * own * np.where(bad, ratio, 1.0))
    return df


def _ratios(rng: np.random.Generator, variance: float, many: int, tail: str) -> np.ndarray:
    if variance == 0:
        return np.ones(many)
    if tail == "lognormal":
        sigma2 = np.log1p(variance)
        return rng.lognormal(-sigma2 / 2, np.sqrt(sigma2), many)
    return rng.gamma(1 / variance, variance, many)
