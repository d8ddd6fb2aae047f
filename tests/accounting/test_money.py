import numpy as np
import pandas as pd
import pytest

from welfare.accounting.distributions import Draws
from welfare.accounting.ledger import Account, account
from welfare.accounting.money import COLUMNS, switching
from welfare.accounting.narrative import rounded, side, written
from welfare.accounting.parameters import parameters
from welfare.accounting.scenarios import lines
from welfare.accounting.simulate import Entry, Sampled


@pytest.fixture(scope="module")
def acct() -> Account:
    return account("broiler_conventional", against="broiler_better_chicken_commitment")


def entry(key: str, draws: Draws, parameter: str) -> Entry:
    return Entry(lines()[key], Sampled(np.asarray(draws, float), ""), (parameters("us_broiler")[parameter],))


def test_the_three_columns_stand_side_by_side(acct):
    assert tuple(acct.money.columns[:3]) == COLUMNS
    assert list(acct.money.index.names) == ["line", "at"]
    assert not [name for name in acct.money if "total" in name or "sum" in name]


def test_a_line_that_is_not_monetised_is_missing_with_its_reason(acct):
    for line in ("Disabling pain", "deaths on the farm", "greenhouse gases per kg (ADAS for AVEC)"):
        rows = acct.money.loc[line]
        assert rows[list(COLUMNS)].isna().all(axis=None)
        assert (rows["reason"] != "").all()
    assert not (acct.money[list(COLUMNS)] == 0).any(axis=None)


def test_willingness_to_pay_in_pounds_is_not_moved_to_dollars(acct):
    reason = acct.money.loc[("Disabling pain", "median"), "reason"]
    assert "wtp.defra2025.chicken_space" in reason
    assert "no exchange rate is held" in reason
    assert "0.92" not in acct.money.to_string()


def test_what_is_in_money_states_currency_and_price_year(acct):
    rows = acct.money.loc["production cost in money (Nature Food)"]
    # 1 USD/kg x 1.8 kg x 1,000 birds, saved: so below 0; the same under each view of what animals are worth.
    assert (rows[list(COLUMNS)] == -1800).all(axis=None)
    assert set(rows["currency"]) == {"USD"}
    assert set(rows["price_year"]) == {2025}


def test_a_ratio_that_reaches_zero_has_quantiles_but_no_mean():
    cost = entry("cost.natfood", np.full(100, -10.0), "cost.broiler.ecc.natfood")
    hours = entry("pain.disabling", np.r_[np.zeros(10), np.full(90, 2.0)], "pain.broiler.conv.disabling")
    flips = switching([cost, hours]).iloc[0]
    assert flips["median"] == flips["low"] == 5.0
    assert pd.isna(flips["high"])  # a tenth of the draws have no price
    assert flips["never"] == pytest.approx(0.1)
    assert "mean" not in flips.index


def test_no_price_flips_the_answer_where_the_cheaper_side_hurts_less():
    cost = entry("cost.natfood", np.full(100, -10.0), "cost.broiler.ecc.natfood")
    hours = entry("pain.annoying", np.full(100, -2.0), "pain.broiler.conv.annoying")
    flips = switching([cost, hours]).iloc[0]
    assert pd.isna(flips["median"])
    assert flips["never"] == 1.0
    assert "no price flips it" in flips["reason"]


def test_the_price_is_the_same_whichever_side_is_named_first(acct):
    mirror = account("broiler_better_chicken_commitment", against="broiler_conventional").switching()
    numbers = ["low", "median", "high", "never"]
    pd.testing.assert_frame_equal(mirror[numbers], acct.switching()[numbers], rtol=1e-9)


def test_changing_what_switching_returns_changes_nothing(acct):
    flips = acct.switching()
    flips["median"] = 0.0
    assert acct.switching()["median"].iloc[1] > 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (33003.77, "33,000"),
        (-1800, "-1,800"),
        (1.8 / 33.01, "0.055"),
        (0.355, "0.36"),  # a half as printed, though its binary neighbour lies below
        (0.345, "0.35"),
        (35.5, "35.5"),
        (37.5, "37.5"),
        (18.0, "18"),
        (100.0, "100"),
        (6.836, "6.84"),
        (0.0104, "0.010"),
        (0.5, "0.50"),
        (0.000012, "0.000012"),
        (999.6, "1,000"),
        (0.999, "1"),
        (np.float64(-0.0375), "-0.038"),
        (0, "0"),
    ],
)
def test_numbers_are_written_with_three_figures_or_two_below_one(value, words):
    assert written(value) == words
    assert written(rounded(value)) == words


@pytest.mark.parametrize(
    ("low", "median", "high", "word"),
    [
        (1, 2, 3, "lost"),
        (-3, -2, -1, "saved"),
        (-1, 2, 3, "lost or saved"),
        (-3, -1, 1, "saved or lost"),
        (-0.19, None, -0.18, "saved"),
        (-1, float("nan"), 3, "lost or saved"),
        (0, 0, 0, "the same"),
        (None, None, None, "not quantified"),
        (float("nan"), 1, 2, "not quantified"),
    ],
)
def test_the_side_of_a_difference(low, median, high, word):
    assert side(low, median, high) == word
