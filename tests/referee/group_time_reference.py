"""Group-time effects by diff-diff 3.13 (which agrees with R's did to 1e-12), for tests/stats/adoption to compare with.

    python tests/referee/group_time_reference.py        # a Python with diff-diff 3.13, numpy and pandas

Writes group_time_panel.csv, simulated: 120 plants over 8 years, four cohorts and plants never treated, effects that
differ by cohort and grow, a covariate that trends follow; and group_time_effects.csv: effects and averages with their
errors, against plants never and not yet treated, and for the panel of the plants that adopt alone. With covariates
diff-diff divides by the number of treated plants where did divides by the sum of weights: those are not taken from it.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import diff_diff
import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent
SEED, PLANTS, YEARS = 20, 120, np.arange(2010, 2018)
COHORTS = np.array([0, 2012, 2013, 2015, 2016])
KINDS = {"simple": None, "event_study": "dynamic", "group": "group", "calendar": "calendar"}


def simulated() -> pd.DataFrame:
    """Return one row per plant and year."""
    rng = np.random.default_rng(SEED)
    size = rng.normal(0, 1, PLANTS)
    lean = np.exp(np.outer(size, np.array([0.0, 0.4, 0.2, -0.3, 0.1])))
    adopts = np.array([rng.choice(COHORTS, p=row / row.sum()) for row in lean])
    plant, year = np.repeat(np.arange(PLANTS), len(YEARS)), np.tile(YEARS, PLANTS)
    since = np.where(adopts[plant] > 0, year - adopts[plant], -1)
    effect = np.where(since >= 0, 1.0 + 0.4 * since + 0.3 * (adopts[plant] - 2012), 0.0)
    outcome = 3 + size[plant] * (1 + 0.2 * (year - 2010)) + effect + rng.normal(0, 1, len(plant))
    return pd.DataFrame(
        {
            "plant": plant,
            "state": plant % 17,
            "year": year,
            "adopts": adopts[plant],
            "size": size[plant].round(4),
            "outcome": outcome.round(4),
        }
    )


def effects(df: pd.DataFrame, name: str, **options: object) -> pd.DataFrame:
    """Return effects by cohort and year, and the averages over steps since adoption, of one set of options."""
    fit = diff_diff.CallawaySantAnna(**options).fit(
        df, outcome="outcome", unit="plant", time="year", first_treat="adopts", aggregate="all"
    )
    rows = [
        (name, "cell", int(cohort), int(time), cell["effect"], cell["se"])
        for (cohort, time), cell in fit.group_time_effects.items()
    ]
    rows += [
        (name, "horizon", 0, int(horizon), cell["effect"], cell["se"])
        for horizon, cell in fit.event_study_effects.items()
    ]
    rows.append((name, "simple", 0, 0, fit.overall_att, fit.overall_se))
    return pd.DataFrame(rows, columns=["study", "what", "cohort", "time", "estimate", "std_error"])


def main() -> None:
    """Write both files."""
    warnings.simplefilter("ignore")
    df = simulated()
    df.to_csv(FOLDER / "group_time_panel.csv", index=False)
    found = [
        effects(df, "never"),
        effects(df, "notyet", control_group="not_yet_treated"),
        effects(df, "never by state", cluster="state"),
        effects(df[df["adopts"] > 0], "all adopt", control_group="not_yet_treated"),
    ]
    pd.concat(found).to_csv(FOLDER / "group_time_effects.csv", index=False, float_format="%.12g")


if __name__ == "__main__":
    main()
