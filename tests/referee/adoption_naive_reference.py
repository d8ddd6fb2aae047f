"""Static estimates, their decompositions, power of pre-tests and honest intervals by diff-diff and pyfixest.

Run in tests/referee: ``python adoption_naive_reference.py``, with diff-diff 3.13, pyfixest 0.60, pandas 3. Writes
adoption_naive_panel.csv (simulated input) and adoption_naive_*.csv (what they print of it).
"""

from __future__ import annotations

import warnings

import diff_diff
import numpy as np
import pandas as pd
import pyfixest
from diff_diff.honest_did import _flci_solve, _solve_rm_bounds_union
from diff_diff.pretrends import _compute_nis_acceptance_prob

warnings.simplefilter("ignore")


def panel() -> pd.DataFrame:
    """Return 60 plants over 8 years, some waived in year 3, 5 or 6; effects grow with time."""
    rng = np.random.default_rng(11)
    plants, years = 60, 8
    frame = pd.DataFrame({"plant": np.repeat(np.arange(plants), years), "year": np.tile(np.arange(years), plants)})
    waived = rng.choice([0, 3, 5, 6], plants, p=[0.3, 0.25, 0.25, 0.2])
    frame["waived"] = waived[frame["plant"]]
    frame["state"] = frame["plant"] % 12
    since = np.where(frame["waived"] > 0, frame["year"] - frame["waived"] + 1, 0).clip(0)
    frame["size"] = rng.normal(size=plants)[frame["plant"]] + 0.3 * rng.normal(size=len(frame))
    level = rng.normal(size=plants)[frame["plant"]] + 0.1 * frame["year"] + 0.4 * frame["size"]
    frame["rate"] = (level + 0.5 * since + rng.normal(size=len(frame))).round(6)
    frame["animals"] = rng.integers(200, 2000, plants)[frame["plant"]] + rng.integers(0, 50, len(frame))
    frame["deaths"] = rng.poisson(frame["animals"] * np.exp(-5 + 0.3 * level + 0.1 * since))
    frame["size"] = frame["size"].round(6)
    frame["treated"] = ((frame["waived"] > 0) & (frame["year"] >= frame["waived"])).astype(int)
    return frame


def static(frame: pd.DataFrame) -> pd.DataFrame:
    gaps = frame[frame.index % 7 != 3]
    fits = {
        "plain": pyfixest.feols("rate ~ treated | plant + year", frame, vcov={"CRV1": "plant"}),
        "covariate": pyfixest.feols("rate ~ treated + size | plant + year", frame, vcov={"CRV1": "plant"}),
        "gaps": pyfixest.feols("rate ~ treated + size | plant + year", gaps, vcov={"CRV1": "state"}),
        "poisson": pyfixest.fepois(
            "deaths ~ treated | plant + year", frame.assign(log_animals=np.log(frame["animals"])),
            vcov={"CRV1": "plant"}, offset="log_animals", iwls_tol=1e-12,
        ),
    }  # fmt: skip
    return pd.DataFrame(
        [(name, fit.coef()["treated"], fit.se()["treated"]) for name, fit in fits.items()],
        columns=["study", "estimate", "std_error"],
    )


def bacon(frame: pd.DataFrame) -> pd.DataFrame:
    found = diff_diff.BaconDecomposition(weights="exact").fit(
        frame, outcome="rate", unit="plant", time="year", first_treat="waived"
    )
    rows = [
        (each.treated_group, each.control_group, each.comparison_type, each.weight, each.estimate)
        for each in found.comparisons
    ]
    return pd.DataFrame(rows, columns=["treated", "control", "kind", "weight", "estimate"])


def cells(frame: pd.DataFrame) -> pd.DataFrame:
    found = diff_diff.twowayfeweights(frame, outcome="rate", unit="plant", time="year", treatment="treated")
    treated = frame.loc[frame["treated"] == 1, ["plant", "year", "waived"]]
    weights = treated.merge(found.weights, on=["plant", "year"])
    return weights.groupby(["waived", "year"], as_index=False)["weight"].sum()


def event_study() -> tuple[np.ndarray, np.ndarray]:
    """Return effects on profits of restaurants, as Rambachan and Roth (2023, section 6.1) have them, and covariance.

    They are those of Benzarti and Carloni (2019): years 2004 to 2007, and 2009 to 2012, against 2008.
    """
    stored = pd.read_csv("adoption_naive_event_study.csv")
    return stored["estimate"].to_numpy(), stored.drop(columns=["year", "estimate"]).to_numpy()


def honest() -> pd.DataFrame:
    estimate, covariance = event_study()
    rows = []
    for name, weights in {"first": np.eye(4)[0], "average": np.full(4, 0.25)}.items():
        for m in (0.0, 0.01, 0.02, 0.05, 0.1):
            low, high, _ = _flci_solve(estimate[:4], estimate[4:], covariance, weights, 4, 4, m)
            rows.append((name, "smoothness", m, low, high))
        for m in (0.5, 1.0, 2.0):
            low, high = _solve_rm_bounds_union(estimate[:4], estimate[4:], weights, 4, m)
            rows.append((name, "set of relative magnitudes", m, low, high))
    return pd.DataFrame(rows, columns=["target", "kind", "m", "low", "high"])


def missed_trends() -> pd.DataFrame:
    """Return how often no estimate before treatment is significant when trends differ by a slope."""
    _, covariance = event_study()
    steps = np.array([-4.0, -3.0, -2.0, -1.0])
    rows = [
        (slope, _compute_nis_acceptance_prob(slope, steps, covariance[:4, :4], 1.959963984540054))
        for slope in (0.0, 0.005, 0.01, 0.02)
    ]
    return pd.DataFrame(rows, columns=["slope", "missed"])


if __name__ == "__main__":
    frame = panel()
    frame.to_csv("adoption_naive_panel.csv", index=False)
    static(frame).to_csv("adoption_naive_static.csv", index=False)
    bacon(frame).to_csv("adoption_naive_bacon.csv", index=False)
    cells(frame).to_csv("adoption_naive_cells.csv", index=False)
    honest().to_csv("adoption_naive_honest.csv", index=False)
    missed_trends().to_csv("adoption_naive_missed.csv", index=False)
