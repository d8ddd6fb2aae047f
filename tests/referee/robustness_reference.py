"""Sensitivity to omitted variables by PySensemakr: writes the CSVs beside this file.

Run with an interpreter that has PySensemakr 0.0.8, statsmodels and pandas 2 (it breaks on pandas 3):
``python tests/referee/robustness_reference.py``. Of its Darfur data only summary numbers are stored, not the data.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import sensemakr as smkr
import statsmodels.formula.api as smf

HERE = Path(__file__).parent


def simulated() -> pd.DataFrame:
    """Return 300 made-up rows, rounded so that the stored file is what was fitted."""
    rng = np.random.default_rng(20)
    place = np.repeat(np.arange(30), 10)
    age, size = rng.normal(size=(2, 300))
    speed = 0.5 * age + 0.3 * size + rng.normal(0, 0.5, 30)[place] + rng.normal(size=300)
    harm = 1 + 0.4 * speed + 0.6 * age - 0.3 * size + rng.normal(0, 1.5, 300)
    frame = pd.DataFrame({"harm": harm, "speed": speed, "age": age, "size": size})
    return frame.round(4).assign(season=np.array(["dry", "hot", "wet"])[rng.integers(0, 3, 300)], place=place)


def referee(model, treatment: str, benchmarks: dict[str, str | list[str]], study: str) -> list[dict]:
    """Return what PySensemakr says of one regression, a number per row."""
    estimate, error, degrees = float(model.params[treatment]), float(model.bse[treatment]), int(model.df_resid)
    rows = [
        {"study": study, "what": "estimate", "at": "", "value": estimate},
        {"study": study, "what": "std_error", "at": "", "value": error},
        {"study": study, "what": "degrees", "at": "", "value": degrees},
        {"study": study, "what": "partial_r2", "at": "", "value": smkr.partial_r2(model, covariates=treatment)},
    ]
    t = estimate / error
    for q, alpha in ((1, None), (0.5, None), (1, 0.05), (0.5, 0.1), (1, 0.001)):
        value = smkr.robustness_value(t_statistic=float(t), dof=degrees, q=q, alpha=1.0 if alpha is None else alpha)
        rows.append({"study": study, "what": "rv", "at": f"{q}/{alpha}", "value": float(np.atleast_1d(value)[0])})
    for label, covariates in benchmarks.items():
        kd = [1, 2, 3]
        given = {label: covariates} if isinstance(covariates, list) else covariates
        bounds = smkr.ovb_bounds(model, treatment, benchmark_covariates=given, kd=kd)
        for times, (_, bound) in zip(kd, bounds.iterrows(), strict=True):
            for name in ("r2dz_x", "r2yz_dx", "adjusted_estimate", "adjusted_se", "adjusted_t"):
                rows.append({"study": study, "what": name, "at": f"{times} x {label}", "value": bound[name]})
    for r2dz, r2yz in ((0.05, 0.05), (0.01, 0.3), (0.4, 0.02)):
        values = {
            "grid_estimate": smkr.adjusted_estimate(r2dz, r2yz, estimate=estimate, se=error, dof=degrees),
            "grid_away": smkr.adjusted_estimate(r2dz, r2yz, estimate=estimate, se=error, dof=degrees, reduce=False),
            "grid_se": smkr.adjusted_se(r2dz, r2yz, se=error, dof=degrees),
            "grid_t": smkr.adjusted_t(r2dz, r2yz, estimate=estimate, se=error, dof=degrees),
        }
        rows += [
            {"study": study, "what": name, "at": f"{r2dz}/{r2yz}", "value": value} for name, value in values.items()
        ]
    return rows


def strong(study: str, estimate: float, error: float, degrees: int) -> list[dict]:
    """Return robustness values where the estimate is far from chance: the case in which the constraint is slack."""
    begin = {"study": study, "at": ""}
    rows = [{**begin, "what": "estimate", "value": estimate}, {**begin, "what": "std_error", "value": error}]
    rows.append({**begin, "what": "degrees", "value": degrees})
    for alpha in (0.05, 0.001):
        value = smkr.robustness_value(t_statistic=estimate / error, dof=degrees, q=1, alpha=alpha)
        rows.append({**begin, "what": "rv", "at": f"1/{alpha}", "value": float(np.atleast_1d(value)[0])})
    return rows


def main() -> None:
    """Write the data that was made up, and all numbers."""
    frame = simulated()
    frame.to_csv(HERE / "robustness_rows.csv", index=False)
    frame = pd.read_csv(HERE / "robustness_rows.csv")
    made_up = smf.ols("harm ~ speed + age + size + season", frame).fit()
    seasons = ["season[T.hot]", "season[T.wet]"]
    rows = referee(made_up, "speed", {"age": "age", "size": "size", "season": seasons}, "made up")
    darfur = smf.ols(
        "peacefactor ~ directlyharmed + age + farmer_dar + herder_dar + pastvoted + hhsize_darfur + female + village",
        smkr.load_darfur(),
    ).fit()
    rows += referee(darfur, "directlyharmed", {"female": "female"}, "darfur")
    others = darfur.model.exog_names
    treated = smf.ols(
        "directlyharmed ~ age + farmer_dar + herder_dar + pastvoted + hhsize_darfur + female + village",
        smkr.load_darfur(),
    ).fit()
    assert set(treated.model.exog_names) == set(others) - {"directlyharmed"}
    for name, model in (("female with outcome", darfur), ("female with condition", treated)):
        rows.append({"study": "darfur", "what": "r2", "at": name, "value": smkr.partial_r2(model, covariates="female")})
    rows += strong("strong", 3.0, 0.1, 12) + strong("middling", 3.0, 0.9, 8)
    pd.DataFrame(rows).to_csv(HERE / "robustness_numbers.csv", index=False, float_format="%.17g")


if __name__ == "__main__":
    main()
