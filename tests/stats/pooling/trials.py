"""Thirteen trials of BCG vaccine against tuberculosis (Colditz GA, et al. JAMA 1994; 271: 698-702), as published."""

from __future__ import annotations

import numpy as np
import pandas as pd

# Author, year, cases and others among vaccinated, cases and others among controls, latitude, how allocated.
_TRIALS = [
    ("Aronson", 1948, 4, 119, 11, 128, 44, "random"),
    ("Ferguson & Simes", 1949, 6, 300, 29, 274, 55, "random"),
    ("Rosenthal et al", 1960, 3, 228, 11, 209, 42, "random"),
    ("Hart & Sutherland", 1977, 62, 13536, 248, 12619, 52, "random"),  # codespell:ignore hart
    ("Frimodt-Moller et al", 1973, 33, 5036, 47, 5761, 13, "alternate"),
    ("Stein & Aronson", 1953, 180, 1361, 372, 1079, 44, "alternate"),
    ("Vandiviere et al", 1973, 8, 2537, 10, 619, 19, "random"),
    ("TPT Madras", 1980, 505, 87886, 499, 87892, 13, "random"),
    ("Coetzee & Berjak", 1968, 29, 7470, 45, 7232, 27, "random"),
    ("Rosenthal et al", 1961, 17, 1699, 65, 1600, 42, "systematic"),
    ("Comstock et al", 1974, 186, 50448, 141, 27197, 18, "systematic"),
    ("Comstock & Webster", 1969, 5, 2493, 3, 2338, 33, "systematic"),
    ("Comstock et al", 1976, 27, 16886, 29, 17825, 33, "systematic"),
]


def bcg() -> pd.DataFrame:
    """Columns study, effect (log risk ratio), variance, latitude (degrees), allocation, year."""
    df = pd.DataFrame(
        _TRIALS, columns=["author", "year", "sick", "well", "sick_control", "well_control", "latitude", "allocation"]
    )
    treated, control = df["sick"] + df["well"], df["sick_control"] + df["well_control"]
    return df.assign(
        study=df["author"] + " " + df["year"].astype("str"),
        effect=np.log(df["sick"] / treated) - np.log(df["sick_control"] / control),
        variance=1 / df["sick"] - 1 / treated + 1 / df["sick_control"] - 1 / control,
    )[["study", "effect", "variance", "latitude", "allocation", "year"]]
