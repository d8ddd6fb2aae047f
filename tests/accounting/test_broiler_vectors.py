"""TV-05 of the accounting specification: Welfare Footprint Project, broilers (Schuck-Paim & Alonso 2022).

Published figures: https://pain-track.org/broilers; the causes are read from the shared folder, not committed.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from welfare.accounting.ledger import Account, account
from welfare.accounting.parameters import parameters

BIRDS = 1000
LEVELS = ("annoying", "hurtful", "disabling", "excruciating")


@pytest.fixture(scope="module")
def acct() -> Account:
    return account("broiler_conventional", against="broiler_better_chicken_commitment", draws=200_000, seed=0)


def row(acct: Account, level: str) -> pd.Series:
    return acct.table.set_index("line").loc[f"{level.capitalize()} pain"]


def per_bird(acct: Account, level: str) -> np.ndarray:
    return row(acct, level)[["low", "median", "high"]].to_numpy(float) / BIRDS


def test_disabling_hours_averted_match_the_published_difference(acct):
    # 50.27 - 17.26 = 33.01; half-widths 17.26 and 11.06 give 20.50.
    assert per_bird(acct, "disabling") == pytest.approx([12.5, 33.01, 53.5], abs=0.6)
    assert row(acct, "disabling")["mean"] / BIRDS == pytest.approx(33.01, abs=0.6)


def test_excruciating_seconds_averted_match_the_published_difference(acct):
    low, median, high = per_bird(acct, "excruciating") * 3600
    assert median == pytest.approx(24.62, abs=0.15)
    assert low == pytest.approx(3.0, abs=2.1)
    assert high == pytest.approx(46.3, abs=1.5)


def test_hurtful_hours_averted_match_the_published_difference(acct):
    low, median, high = per_bird(acct, "hurtful")
    assert median == pytest.approx(77.9, abs=1.2)
    assert (low, high) == pytest.approx((-112, 268), abs=14)


def test_the_rise_in_annoying_hours_is_reported_and_not_floored_at_zero(acct):
    assert per_bird(acct, "annoying")[1] == pytest.approx(-14.6, abs=1.2)
    assert row(acct, "annoying")["mean"] / BIRDS == pytest.approx(-14.64, abs=0.1)
    assert "Annoying pain" in acct.text.split("What may go either way:")[1].split("The figures for")[0]


def test_levels_are_the_published_ones(acct):
    levels = acct.levels.set_index(["scenario", "line"])[["low", "median", "high"]] / BIRDS
    published = {
        ("broiler_conventional", "Disabling pain"): (33.01, 50.27, 67.53),
        ("broiler_better_chicken_commitment", "Disabling pain"): (6.20, 17.26, 28.32),
        ("broiler_conventional", "Hurtful pain"): (195.08, 333.60, 472.12),
        ("broiler_better_chicken_commitment", "Hurtful pain"): (125.46, 255.70, 385.94),
    }
    for key, figures in published.items():
        assert levels.loc[key].to_numpy(float) == pytest.approx(figures, rel=0.002)
    seconds = levels.loc[("broiler_conventional", "Excruciating pain")].to_numpy(float) * 3600
    assert seconds == pytest.approx([8.83, 30.2, 51.57], rel=0.002)


def test_causes_sum_to_the_totals_the_book_holds(shared: Path):
    causes = pd.read_csv(shared / "reference/accounting/vectors/wfp_broiler_causes.csv")
    columns = [f"{level}_h" for level in LEVELS]
    totals = causes[causes["cause"] == "PUBLISHED_TOTAL"].set_index("system")[columns]
    sums = causes[causes["cause"] != "PUBLISHED_TOTAL"].groupby("system")[columns].sum()
    np.testing.assert_allclose(sums.loc[totals.index], totals, atol=1e-5)
    book = parameters("us_broiler")
    for system, key in (("conventional_F6", "conv"), ("reformed_S8", "bcc")):
        for level in LEVELS:
            scale, tolerance = (3600, 0.02) if level == "excruciating" else (1, 0.006)
            held = book[f"pain.broiler.{key}.{level}"].central
            assert sums.loc[system, f"{level}_h"] * scale == pytest.approx(held, abs=tolerance)


def test_the_books_causes_of_disabling_pain_sum_to_its_total():
    book = parameters("us_broiler")
    for key in ("conv", "bcc"):
        causes = [p.central for name, p in book.items() if name.startswith(f"pain.broiler.{key}.cause.")]
        assert sum(causes) == pytest.approx(book[f"pain.broiler.{key}.disabling"].central, abs=0.006)


def test_the_price_of_a_disabling_hour_at_which_the_answer_flips(acct):
    # ACCOUNTING section 5: 1 USD/kg x 1.8 kg = 1.80 USD per bird over 33 [12.5-53.5] h.
    flips = acct.switching().set_index("quantity").loc["price of an hour of Disabling pain"]
    assert flips["median"] == pytest.approx(1.8 / 33.01, abs=0.001)
    assert flips["low"] == pytest.approx(0.034, abs=0.001)
    assert flips["high"] == pytest.approx(0.144, abs=0.004)
    # The difference is below 0 where a normal of mean 33.01 and 90% half-width 20.50 is: about 1 draw in 250.
    assert flips["never"] == pytest.approx(0.004, abs=0.001)
    assert flips["unit"] == "USD per hour (2025 prices, year assumed)"
