"""Write the figures of the Python package dlnmpy that distributed lags are compared with.

Run in an environment of its own: pip install dlnmpy==0.8 statsmodels, then python dlnm_reference.py. The
series is simulated here: two barns, 150 days each, deaths that follow the heat of the last five days.
"""

from pathlib import Path

import dlnmpy as dl
import numpy as np
import pandas as pd
import statsmodels.api as sm

BESIDE = Path(__file__).resolve().parent
LAGS = 5
AT = np.array([8.0, 14.0, 20.0, 23.5, 27.0, 31.0, 36.0])
REFERENCE = 20.0


def save(frame: pd.DataFrame, name: str) -> None:
    frame.to_csv(BESIDE / f"dlnm_{name}.csv", index=False, float_format="%.17g")


def simulated() -> pd.DataFrame:
    source = np.random.default_rng(5)
    parts = []
    for barn in (0, 1):
        day = np.arange(150)
        heat = np.round(20 + 8 * np.sin(day / 24 + barn) + source.normal(0, 2.5, 150), 1)
        past = np.column_stack([np.roll(heat, lag) for lag in range(LAGS + 1)])
        rate = np.exp(-6 + (np.maximum(past - 24, 0) * 0.03 * 0.7 ** np.arange(LAGS + 1)).sum(axis=1))
        at_risk = source.integers(5_000, 20_000, 150)
        parts.append(
            pd.DataFrame(
                {"barn": barn, "day": day, "heat": heat, "at_risk": at_risk, "deaths": source.poisson(at_risk * rate)}
            )
        )
    return pd.concat(parts, ignore_index=True)


def fitted(series: pd.DataFrame, basis: dl.CrossBasis) -> tuple[np.ndarray, np.ndarray]:
    """Return estimates and covariance of the cross-basis in a Poisson model with a constant for each barn."""
    columns = np.asarray(basis)
    whole = ~np.isnan(columns).any(axis=1)
    design = np.column_stack([columns, series["barn"] == 0, series["barn"] == 1]).astype(float)[whole]
    model = sm.GLM(
        series["deaths"][whole], design, family=sm.families.Poisson(), offset=np.log(series["at_risk"][whole])
    ).fit(tol=1e-14, maxiter=200)
    k = columns.shape[1]
    return np.asarray(model.params)[:k], np.asarray(model.cov_params())[:k, :k]


def main() -> None:
    series = simulated()
    save(series, "series")
    curve = {"fun": "ns", "knots": [16.0, 24.0], "Boundary_knots": [10.0, 32.0]}
    over_lag = {"fun": "ns", "knots": [1.0, 3.0], "intercept": True}
    straight = dl.crossbasis(
        series["heat"], lag=LAGS, argvar={"fun": "lin"}, arglag=dict(over_lag), group=series["barn"]
    )
    bent = dl.crossbasis(series["heat"], lag=LAGS, argvar=dict(curve), arglag=dict(over_lag), group=series["barn"])
    save(pd.DataFrame(straight.basis_lag(np.arange(LAGS + 1.0))), "lag_basis")
    save(pd.DataFrame(np.asarray(straight)), "linear_columns")

    rows, totals = [], []
    for name, basis, at, reference in (("linear", straight, np.array([1.0]), 0.0), ("curve", bent, AT, REFERENCE)):
        coef, covariance = fitted(series, basis)
        found = dl.crosspred(basis, coef=coef, vcov=covariance, model_link="log", at=at, cen=reference, cumul=True)
        for place, value in enumerate(at):
            row = {"model": name, "at": value, "overall": found.allfit[place], "overall_error": found.allse[place]}
            for lag in range(LAGS + 1):
                row |= {
                    f"lag{lag}": found.matfit[place, lag],
                    f"lag{lag}_error": found.matse[place, lag],
                    f"cumulative{lag}": found.cumfit[place, lag],
                    f"cumulative{lag}_error": found.cumse[place, lag],
                }
            rows.append(row)
        for direction in ("back", "forw"):
            share = dl.attrdl(
                series["heat"],
                basis,
                series["deaths"],
                coef=coef,
                vcov=covariance,
                model_link="log",
                dir=direction,
                cen=reference,
                group=series["barn"],
            )
            totals.append({"model": name, "direction": direction, "fraction": share})
    save(pd.DataFrame(rows), "associations")
    save(pd.DataFrame(totals), "attributable")


if __name__ == "__main__":
    main()
