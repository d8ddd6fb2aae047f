"""Visits with a known truth, and R's figures of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

COVERED = [pytest.param(12, id="12"), pytest.param(200, id="200", marks=pytest.mark.slow)]
_R = Path(__file__).resolve().parents[2] / "referee" / "r"


@cache
def _figures() -> pd.DataFrame:
    return pd.read_csv(_R / "detection.csv").set_index(["model", "term"])


def r_figure(model: str, term: str) -> pd.Series:
    """Return what R found: estimate, std_error."""
    return _figures().loc[(model, term)]


def r_terms(model: str) -> list[str]:
    return list(_figures().loc[model].index)


def r_rows(name: str) -> pd.DataFrame:
    """Return the rows that R simulated."""
    return pd.read_csv(_R / f"detection_{name}.csv")


def repeat_visits(
    seed: int, *, facilities: int = 200, visits: int = 4, there: float = 0.4, recorded: float = 0.3, runs: float = 0.0
) -> pd.DataFrame:
    """Return visits of which each records a problem that is there with one chance, 3 on average where it does.

    `runs` is the chance that a problem has gone by the next visit, for good.
    """
    rng = np.random.default_rng(seed)
    has = rng.random(facilities) < there
    stays = np.cumprod(rng.random((facilities, visits)) >= runs, axis=1) if runs else np.ones((facilities, visits))
    seen = has[:, None] * stays * (rng.random((facilities, visits)) < recorded)
    found = seen * (1 + rng.poisson(2, seen.shape))
    return pd.DataFrame(
        {
            "facility_id": np.repeat([f"f{place:04d}" for place in range(facilities)], visits),
            "findings_count": found.ravel().astype(int),
            "date_from": np.tile(pd.date_range("2023-01-01", periods=visits, freq="MS"), facilities),
        }
    )


def watched(
    seed: int, *, who: int = 30, visits: int = 20, rate: float = 0.5, sd: float = 0.0, never: float = 0.0
) -> pd.DataFrame:
    """Return visits by inspectors who record at rates spread by sd (log), a share of whom never cites."""
    rng = np.random.default_rng(seed)
    by = np.repeat(np.arange(who), visits)
    own = rate * np.exp(sd * rng.normal(size=who)) * (rng.random(who) >= never)
    return pd.DataFrame(
        {
            "inspector": [f"Agent-{one:03d}" for one in by],
            "facility_id": [f"f{place}" for place in rng.integers(0, who * 2, len(by))],
            "findings_count": rng.poisson(own[by]),
        }
    )


def value(table: pd.DataFrame, beginning: str, column: str = "estimate") -> float:
    """Return a figure of the row whose quantity begins so."""
    rows = table[table["quantity"].str.startswith(beginning)]
    assert len(rows) == 1, table["quantity"].tolist()
    return rows[column].iloc[0]


def holds(held: Callable[[int], bool], simulations: int, level: float) -> None:
    """Assert that intervals hold the truth as often as 999 of 1,000 series of intervals of that level do."""
    seen = sum(bool(held(seed)) for seed in range(simulations))
    low, high = binom.ppf([0.0005, 0.9995], simulations, level)
    assert low <= seen <= high, f"{seen} of {simulations} hold the truth, not {low:.0f} to {high:.0f}"
