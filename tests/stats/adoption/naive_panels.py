"""Panels of units that adopt at different dates, as arrays, for the tests of naive and honest estimates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from welfare.stats.adoption.arrays import Adoption

REFEREE = Path(__file__).parents[2] / "referee"


def arrays(
    df: pd.DataFrame,
    outcome: str,
    unit: str,
    time: str,
    start: str,
    *,
    covariates: tuple[str, ...] = (),
    exposure: str | None = None,
    cluster: str | None = None,
) -> Adoption:
    periods = np.sort(df[time].unique())
    codes, names = pd.factorize(df[unit], sort=True)
    by_unit = df.groupby(codes)
    first = by_unit[start].first().to_numpy()
    return Adoption(
        outcome=df[outcome].to_numpy(dtype=float),
        exposure=None if exposure is None else df[exposure].to_numpy(dtype=float),
        unit=codes,
        period=np.searchsorted(periods, df[time]),
        periods=periods,
        cohort=np.where(first > 0, np.searchsorted(periods, first), len(periods)),
        cluster=np.arange(len(names)) if cluster is None else pd.factorize(by_unit[cluster].first())[0],
        covariates=df[list(covariates)].to_numpy(dtype=float),
        labels=pd.Index(periods),
    )


def waived(rows: slice | np.ndarray = slice(None), *, outcome: str = "rate", **options: object) -> Adoption:
    """Return the simulated plants that the referees were given."""
    panel = pd.read_csv(REFEREE / "adoption_naive_panel.csv").iloc[rows]
    return arrays(panel, outcome, "plant", "year", "waived", **options)


def by_hand(
    cohorts: list[int], many: int, outcome: np.ndarray, *, kept: np.ndarray | None = None, **given: object
) -> Adoption:
    """Return one unit per cohort code, each with every period unless `kept` says otherwise."""
    units = len(cohorts)
    kept = np.ones((units, many), dtype=bool) if kept is None else kept
    unit, period = np.nonzero(kept)
    values = {
        "exposure": None,
        "periods": np.arange(many),
        "cluster": np.arange(units),
        "covariates": np.zeros((len(unit), 0)),
        "labels": pd.Index(np.arange(many) + 2000),
        **given,
    }
    return Adoption(outcome=outcome[kept], unit=unit, period=period, cohort=np.array(cohorts), **values)
