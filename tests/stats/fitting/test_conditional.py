"""Conditional Poisson models, against R's Poisson model with a column per group, arithmetic and planted truths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.stats.fitting.conditional import ConditionalFit, fit_conditional_poisson

REFEREE = Path(__file__).parents[2] / "referee" / "r"


def simulated() -> dict[str, np.ndarray]:
    """Return 25 groups of which two have no event and one a single row."""
    df = pd.read_csv(REFEREE / "conditional_data.csv")
    return {
        "counts": df["y"].to_numpy(dtype=float),
        "design": df[["x", "z"]].to_numpy(),
        "log_exposure": df["log_exposure"].to_numpy(),
        "groups": df["group"].to_numpy() - 1,
    }


def epil(shared: Path) -> dict[str, np.ndarray]:
    df = pd.read_csv(shared / "data" / "reference" / "epil.csv")
    return {
        "counts": df["y"].to_numpy(dtype=float),
        "design": df[["V4", "period"]].to_numpy(dtype=float),
        "log_exposure": np.zeros(len(df)),
        "groups": df["subject"].to_numpy() - 1,
    }


def assert_agrees(fit: ConditionalFit, model: str) -> None:
    table = pd.read_csv(REFEREE / "conditional.csv").set_index(["model", "what"])["value"][model]
    assert fit.estimates == pytest.approx(table[["fixed_1", "fixed_2"]].to_numpy(), rel=1e-8)
    covariance = table[["cov_1_1", "cov_1_2", "cov_2_1", "cov_2_2"]].to_numpy().reshape(2, 2)
    assert fit.covariance == pytest.approx(covariance, rel=1e-8)
    assert fit.loglik == pytest.approx(table["loglik"], rel=1e-10)


def test_simulated_data_give_the_figures_of_a_column_per_group() -> None:
    fit = fit_conditional_poisson(**simulated())
    assert_agrees(fit, "simulated")
    assert fit.uninformative.tolist() == [3, 10, 24]
    assert (fit.scores[fit.uninformative] == 0).all()


def test_epilepsy_gives_the_figures_on_file_and_the_referee_s(shared: Path) -> None:
    fit = fit_conditional_poisson(**epil(shared))
    assert_agrees(fit, "epil")
    assert fit.estimates == pytest.approx([-0.09614243, -0.03164668], abs=6e-9)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.08378813, 0.03145296], abs=6e-9)
    assert fit.uninformative.tolist() == [57]


def test_two_rows_to_a_group_give_the_ratio_of_counts_exactly() -> None:
    """Exposed 8 + 4, unexposed 2 + 1, at equal exposure: the ratio is 4, the variance of its logarithm 1/12 + 1/3."""
    fit = fit_conditional_poisson(
        np.array([8.0, 2.0, 4.0, 1.0]), np.array([[1.0], [0.0]] * 2), np.zeros(4), np.array([0, 0, 1, 1])
    )
    assert fit.estimates[0] == pytest.approx(np.log(4), rel=1e-12)
    assert fit.covariance[0, 0] == pytest.approx(1 / 12 + 1 / 3, rel=1e-12)
    # 8 of 10 and 4 of 5 with a share of 0.8: binomial coefficients 45 and 5.
    assert fit.loglik == pytest.approx(np.log(45 * 5) + 12 * np.log(0.8) + 3 * np.log(0.2), rel=1e-12)
    assert fit.expected == pytest.approx([8, 2, 4, 1])


def test_scores_are_those_of_the_likelihood_and_expected_counts_keep_every_total() -> None:
    data = simulated()
    fit = fit_conditional_poisson(**data)
    assert fit.scores.sum(axis=0) == pytest.approx(0, abs=1e-9)
    rows = data["design"] * (data["counts"] - fit.expected)[:, None]
    by_hand = np.column_stack([np.bincount(data["groups"], weights=column) for column in rows.T])
    assert fit.scores == pytest.approx(by_hand, abs=1e-9)
    expected = np.bincount(data["groups"], weights=fit.expected)
    assert expected == pytest.approx(np.bincount(data["groups"], weights=data["counts"]), rel=1e-12)


def test_neither_order_nor_levels_of_groups_matter() -> None:
    data = simulated()
    fit = fit_conditional_poisson(**data)
    rng = np.random.default_rng(1)
    order, names, levels = rng.permutation(len(data["counts"])), rng.permutation(25), rng.normal(size=25) * 5
    groups = data["groups"]
    other = fit_conditional_poisson(
        data["counts"][order],
        data["design"][order] + levels[groups[order]][:, None],
        data["log_exposure"][order] + levels[groups[order]],
        names[groups[order]],
    )
    assert other.estimates == pytest.approx(fit.estimates, rel=1e-9)
    assert other.covariance == pytest.approx(fit.covariance, rel=1e-9)
    assert other.loglik == pytest.approx(fit.loglik, rel=1e-11)
    assert other.scores[names] == pytest.approx(fit.scores, abs=1e-9)
    assert other.expected == pytest.approx(fit.expected[order], rel=1e-9)
    assert sorted(names[[3, 10, 24]]) == other.uninformative.tolist()


@given(st.floats(1e-4, 1e4))
@settings(max_examples=10, deadline=None)
def test_the_unit_of_a_column_divides_its_estimate(scale: float) -> None:
    data = simulated()
    fit = fit_conditional_poisson(**data)
    other = fit_conditional_poisson(**data | {"design": data["design"] * [1, scale]})
    assert other.estimates * [1, scale] == pytest.approx(fit.estimates, rel=1e-9)


def test_planted_slopes_lie_in_their_intervals() -> None:
    """Of 200 intervals with 95 % cover, fewer than 181 would hold the truth once in two hundred such tests."""
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(100):
        groups, design, log_exposure = np.repeat(np.arange(50), 8), rng.normal(size=(400, 2)), rng.uniform(0, 3, 400)
        # Levels that go with the first column: a model without them would be far off.
        design[:, 0] += rng.normal(size=50)[groups]
        level = -1.5 + np.bincount(groups, weights=design[:, 0])[groups] / 8
        counts = rng.poisson(np.exp(level + design @ [0.5, -0.3] + log_exposure)).astype(float)
        fit = fit_conditional_poisson(counts, design, log_exposure, groups)
        held += int((np.abs(fit.estimates - [0.5, -0.3]) < 1.96 * np.sqrt(np.diag(fit.covariance))).sum())
    assert held >= 181


def small(**changes: Any) -> dict[str, Any]:
    data = {
        "counts": np.array([1.0, 2.0, 0.0, 4.0, 1.0, 3.0]),
        "design": np.array([[0.0], [1.0], [2.0], [0.0], [1.0], [2.0]]),
        "log_exposure": np.zeros(6),
        "groups": np.array([0, 0, 0, 1, 1, 1]),
    }
    return data | changes


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"counts": np.zeros(6)}, "every count is 0"),
        ({"groups": np.arange(6)}, "no group has both"),
        ({"counts": np.array([0.0, 0, 0, 3, 0, 0]), "groups": np.array([0, 0, 0, 1, 2, 2])}, "no group has both"),
        ({"design": np.array([[1.0]] * 3 + [[2.0]] * 3)}, "constant within every group"),
        # Every event falls in the first row of its group, the one where the column is lowest.
        ({"counts": np.array([5.0, 0, 0, 4, 0, 0])}, "run to infinity to fit 4 rows"),
    ],
)
def test_what_cannot_be_estimated_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(NotEstimable, match=match):
        fit_conditional_poisson(**small(**changes))


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"counts": np.ones(5)}, BadParameter, "has shape"),
        ({"groups": np.array([0, 0, 0, 2, 2, 2])}, BadParameter, "numbered from 0"),
        ({"counts": np.array([1.0, 2, 0, 4, 1, -3])}, BadValue, "not a count"),
        ({"log_exposure": np.full(6, np.nan)}, BadValue, "missing or infinite"),
    ],
)
def test_what_cannot_be_read_is_refused(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        fit_conditional_poisson(**small(**changes))
