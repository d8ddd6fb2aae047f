"""The estimates that R made of the same frames, and how closely a fit must agree with them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.stats.count_result import CountModel

NORMAL = 1.959963984540054
_FILE = Path(__file__).resolve().parents[1] / "referee" / "r" / "real_estimates.csv"


@cache
def _estimates() -> pd.DataFrame:
    return pd.read_csv(_FILE).set_index(["study", "model", "term"]).sort_index()


def stored(study: str, model: str, term: str) -> pd.Series:
    """Return R's estimate, std_error, n and note."""
    return _estimates().loc[(study, model, term)]


def ratio(study: str, model: str, term: str) -> tuple[float, float, float]:
    """Return R's ratio with the limits of its 95% interval by the normal distribution."""
    row = stored(study, model, term)
    return tuple(np.exp(row["estimate"] + row["std_error"] * np.array([0, -NORMAL, NORMAL])))


def agree(fit: CountModel, study: str, model: str, **terms: str) -> None:
    """Compare a fit with R's, term by term; `terms` gives R's name the fit's where they differ."""
    ours = fit.table.set_index("term")
    r = _estimates().loc[(study, model)]
    for name, row in r.iterrows():
        at = ours.loc[terms.get(name, "Intercept" if name == "(Intercept)" else name)]
        assert at["estimate"] == pytest.approx(row["estimate"], rel=1e-8, abs=1e-8), (model, name)
        assert at["std_error"] == pytest.approx(row["std_error"], rel=1e-6), (model, name)
        assert fit.n == row["n"]
