"""How often the search for practices finds one, and confirms it elsewhere, by how much more harm goes with it.

    python docs/power/practices.py

Writes docs/power/practices.csv: test, effect, effect_unit, power, low, high, simulations. Panels of 120 facilities with
four rows each and two events expected a row; facilities' own ratios have a variance of 0.25, rows' of 0.1. Under a
combination of two conditions, a sixth of all rows, so many times the expected happens. Power is the share of
simulations in which the search says p at most 0.05; in which the half held out confirms what the other half named; and
in which what was named first is the planted combination to the letter, whatever its p-value. For words: 60 facilities
with eight findings each, three in ten with the planted word; its effect is on the odds of a finding under no rule.
First rows plant nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from welfare.patterns.practices.narratives.terms import narrative_terms
from welfare.patterns.practices.subsets import practices

SIMULATIONS, REPLICATES = 60, 39
RATIOS = (1.0, 1.3, 1.6, 2.0, 2.5)
ODDS = (1.0, 2.0, 4.0, 8.0)
PLANTED = {"stunning": ("electrical",), "shift": ("night",)}
CONDITIONS = ["species", "stunning", "regime", "shift"]
WORDS = "pen gate floor ramp chute water bedding prod bolt chain rail truck door wall light noise".split()  # noqa: SIM905


def panel(seed: int, ratio: float) -> pd.DataFrame:
    """Return rows by facility, electrical stunning at night with `ratio` times what is expected."""
    rng = np.random.default_rng(seed)
    facilities = 120
    facility = np.repeat(np.arange(facilities), 4)
    df = pd.DataFrame({"facility_id": facility.astype(str), "expected_count": rng.gamma(2, 1, len(facility))})
    df["species"] = rng.choice(["cattle", "pig", "chicken", "turkey", "sheep"], facilities)[facility]
    df["stunning"] = rng.choice(["electrical", "gas", "bolt"], facilities)[facility]
    df["regime"] = rng.choice(["npis", "traditional"], facilities)[facility]
    df["shift"] = rng.choice(["day", "night"], len(facility))
    own = rng.gamma(4, 0.25, facilities)[facility] * rng.gamma(10, 0.1, len(facility))
    bad = (df["stunning"] == "electrical") & (df["shift"] == "night")
    df["findings_count"] = rng.poisson(df["expected_count"] * own * np.where(bad, ratio, 1.0))
    return df


def findings(seed: int, odds: float) -> pd.DataFrame:
    """Return findings; those with the word "trampled" have `odds` times the odds of being under no rule."""
    rng = np.random.default_rng(seed)
    facility = np.repeat(np.arange(60), 8)
    said = [", the ".join(rng.choice(WORDS, 4, replace=False)) for _ in facility]
    hurt = rng.random(len(facility)) < 0.3
    log_odds = rng.normal(-0.5, 1, 60)[facility] + np.log(odds) * hurt
    no_rule = rng.random(len(facility)) < 1 / (1 + np.exp(-log_odds))
    texts = [
        f"We saw one {'trampled' if one else 'waiting'} at the {words}." for one, words in zip(hurt, said, strict=True)
    ]
    return pd.DataFrame(
        {
            "facility_id": facility.astype(str),
            "narrative": texts,
            "rule_cited": pd.Series("313.1", index=range(len(facility))).mask(no_rule),
        }
    )


def of_practices(ratio: float) -> dict[str, list[bool]]:
    """Return what each simulation found, by test."""
    found: dict[str, list[bool]] = {
        "practice found in all rows": [],
        "practice confirmed": [],
        "named to the letter": [],
    }
    for seed in range(SIMULATIONS):
        how = {"conditions": CONDITIONS, "replicates": REPLICATES, "most": 1, "seed": seed}
        whole = practices(panel(seed, ratio), confirm=None, **how)
        half = practices(panel(seed, ratio), **how)
        found["practice found in all rows"].append(whole.table["p_value"][0] <= 0.05)
        found["practice confirmed"].append(half.table["confirmed"].fillna(False)[0])
        found["named to the letter"].append(whole.subsets[0] == PLANTED)
    return found


def of_words(odds: float) -> dict[str, list[bool]]:
    """Return whether each simulation found a word."""
    how = {"replicates": REPLICATES, "most": 1, "confirm": None, "phrases": False}
    tables = [narrative_terms(findings(seed, odds), seed=seed, **how).table for seed in range(SIMULATIONS)]
    return {"word found": [table["p_value"][0] <= 0.05 for table in tables]}


def main() -> None:
    """Write the figures."""
    rows = []
    for effects, unit, tried in (
        (RATIOS, "times what is expected", of_practices),
        (ODDS, "times the odds of no rule", of_words),
    ):
        for effect in effects:
            for test, said in tried(effect).items():
                low, high = proportion_confint(sum(said), len(said), 0.05, method="wilson")
                rows.append((test, effect, unit, np.mean(said), low, high, len(said)))
    names = ["test", "effect", "effect_unit", "power", "low", "high", "simulations"]
    figures = pd.DataFrame(rows, columns=names).sort_values(["test", "effect"], kind="stable")
    figures.round(4).to_csv(Path(__file__).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
