"""Write the figures of diff-diff and pyfixest that imputation and saturated models of adoption are compared with.

Run in an environment of its own: pip install diff-diff==3.13 pyfixest==0.60, then python adoption_models_reference.py.
The panel is simulated here: 70 farms in 12 districts, 8 years with gaps, four cohorts with effects of their own.
"""

import warnings
from pathlib import Path

import diff_diff as dd
import numpy as np
import pandas as pd
import pyfixest as pf

BESIDE = Path(__file__).resolve().parent
FARMS, YEARS = 70, 8


def simulated() -> pd.DataFrame:
    """Return a panel with holes; the measure and the counts answer to the change by cohort and years since."""
    source = np.random.default_rng(11)
    cohort = source.choice([0, 3, 4, 6, 7], FARMS, p=[0.3, 0.2, 0.2, 0.15, 0.15])
    district = source.integers(0, 12, FARMS)
    panel = pd.DataFrame({"farm": np.repeat(np.arange(FARMS), YEARS), "year": np.tile(np.arange(YEARS), FARMS)})
    panel["cohort"], panel["district"] = cohort[panel["farm"]], district[panel["farm"]]
    since = panel["year"] - panel["cohort"]
    on = (panel["cohort"] > 0) & (since >= 0)
    level, trend = source.normal(0, 0.5, FARMS), source.normal(0, 0.2, YEARS)
    panel["heat"] = source.normal(0, 1, len(panel)).round(3)
    panel["birds"] = source.uniform(1, 8, len(panel)).round(2)
    linear = level[panel["farm"]] + trend[panel["year"]] + 0.2 * panel["heat"]
    linear = linear + on * (0.4 - 0.08 * panel["cohort"] + 0.1 * since)
    panel["score"] = (linear + source.normal(0, 0.4, len(panel))).round(4)
    panel["deaths"] = source.poisson(2 * panel["birds"] * np.exp(linear))
    return panel[source.uniform(size=len(panel)) > 0.12].reset_index(drop=True)


def cells(panel: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Add a dummy for each cohort and year but the year before the change."""
    out, names = panel.copy(), []
    for (cohort, year), rows in panel.groupby(["cohort", "year"]):
        if cohort > 0 and year != cohort - 1:
            names.append(f"c{cohort}_{year}")
            out[names[-1]] = 0.0
            out.loc[rows.index, names[-1]] = 1.0
    return out, names


def line(program: str, what: str, estimate: float, error: float) -> dict[str, object]:
    return {"program": program, "what": what, "estimate": estimate, "std_error": error}


def by_pyfixest(panel: pd.DataFrame) -> list[dict[str, object]]:
    wide, names = cells(panel)
    wide["log_birds"] = np.log(wide["birds"])
    found = []
    for cluster in ("farm", "district"):
        for outcome in ("score", "deaths"):
            formula = f"{outcome} ~ {' + '.join(names)} + heat | farm + year"
            if outcome == "score":
                fit = pf.feols(formula, wide, vcov={"CRV1": cluster}, fixef_tol=1e-12)
            else:
                fit = pf.fepois(
                    formula, wide, vcov={"CRV1": cluster}, offset="log_birds", iwls_tol=1e-12, fixef_tol=1e-12
                )
            table = fit.tidy()
            for name in names:
                row = table.loc[name]
                found.append(line(f"pyfixest {outcome} {cluster}", name, row["Estimate"], row["Std. Error"]))
    return found


def by_diff_diff(panel: pd.DataFrame) -> list[dict[str, object]]:
    found = []
    for covariates, called in (([], "plain"), (["heat"], "heat")):
        model = dd.ImputationDiD(cluster="farm")
        given = {"outcome": "score", "unit": "farm", "time": "year", "first_treat": "cohort"}
        fit = model.fit(panel, **given, covariates=covariates or None, aggregate="event_study")
        found.append(line(f"imputation {called}", "overall", fit.overall_att, fit.overall_se))
        for horizon, row in fit.event_study_effects.items():
            if horizon >= 0:
                found.append(line(f"imputation {called}", f"h{horizon}", row["effect"], row["se"]))
        saturated = dd.SunAbraham(cluster="farm").fit(panel, **given, covariates=covariates or None)
        found.append(line(f"saturated {called}", "overall", saturated.overall_att, saturated.overall_se))
        for horizon, row in saturated.event_study_effects.items():
            found.append(line(f"saturated {called}", f"h{horizon}", row["effect"], row["se"]))
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    panel = simulated()
    panel.to_csv(BESIDE / "adoption_models_panel.csv", index=False)
    found = pd.DataFrame(by_pyfixest(panel) + by_diff_diff(panel))
    found.to_csv(BESIDE / "adoption_models_estimates.csv", index=False, float_format="%.15g")


if __name__ == "__main__":
    main()
