"""Findings that hang on one cluster: the refit without it, planted so that what it must show is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from welfare.errors import NotEstimable
from welfare.stats import count_result, counts
from welfare.stats.count_result import CountModel
from welfare.stats.counts import count_model
from welfare.stats.estimates import Estimates, Question, estimate

FORMULA = "records ~ C(size)"
OPTIONS = {"exposure": "tasks", "cluster": "circuit"}
RATIO = ["ratio", "ratio_low", "ratio_high"]


def plants(added: int = 1, rate_at_1507: float = 0.11) -> pd.DataFrame:
    """Return 24 circuits of 4 plants, odd ones small; small plants have `added` more records per 100 tasks.

    Circuit 1507 is small, works eight times as many tasks as any other, and has a rate of its own. The
    others have 7, 10 or 13 records per 100 tasks, thirds of either size, so without 1507 the ratio is
    near 1 + added / 10.
    """
    circuit = np.repeat(np.arange(1500, 1524), 4)
    df = pd.DataFrame({"circuit": circuit, "tasks": np.where(circuit == 1507, 800, 100), "remark": "not used"})
    df["size"] = np.where(circuit % 2 == 1, "Small", "Large")
    df["records"] = 10 + np.array([-3, 0, 3])[circuit // 2 % 3] + np.where(df["size"] == "Small", added, 0)
    df.loc[circuit == 1507, "records"] = round(800 * rate_at_1507)
    return df


def same(one: CountModel, other: CountModel) -> None:
    """Check that two models agree to the last digit in everything but their words."""
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    pd.testing.assert_frame_equal(one.covariance, other.covariance, check_exact=True)
    pd.testing.assert_series_equal(one.fitted, other.fitted, check_exact=True)
    pd.testing.assert_frame_equal(one.check(), other.check(), check_exact=True)
    for name in ("n", "clusters", "loglik", "dispersion", "family", "errors", "theta", "degrees", "notes"):
        assert getattr(one, name) == getattr(other, name)


@pytest.mark.parametrize("family", ["poisson", "negative_binomial"])
def test_the_refit_is_the_model_of_the_frame_without_that_cluster(family: str) -> None:
    df = plants(rate_at_1507=0.25)
    df["records"] += np.where(np.arange(len(df)) % 3 == 0, 12, 0)  # more spread than Poisson, for theta
    df.loc[df.index[df["circuit"] == 1507][0], "tasks"] = 0  # a row of the cluster that the model cannot use
    fit = count_model(FORMULA, df, family=family, **OPTIONS)
    at = fit.check().set_index("check").loc["influence", "at"]
    out = df["circuit"] == int(at)
    refit = fit.without_most_influential()
    same(refit, count_model(FORMULA, df[~out], family=family, **OPTIONS))
    used = int((out & (df["tasks"] > 0)).sum())
    assert refit.text.startswith(f"Without circuit {at} ({used} rows): ")
    left = refit.dropped[refit.dropped["reason"] == f"without circuit {at}"]
    assert left["row"].tolist() == df.index[out].tolist()


def test_the_refit_stands_on_the_frame_as_it_was_and_keeps_no_column_it_does_not_use() -> None:
    df = plants(rate_at_1507=0.25)
    fit = count_model(FORMULA, df, **OPTIONS)
    expected = count_model(FORMULA, df[df["circuit"] != 1507], **OPTIONS)
    df["records"] = 1
    same(fit.without_most_influential(), expected)
    assert set(fit._source) == {"records", "size", "tasks", "circuit"}


def test_one_row_is_left_out_where_nothing_is_clustered_even_if_labels_repeat() -> None:
    df = plants()
    df.loc[10, "records"] = 500
    rest = df.drop(index=10)
    df.index, rest.index = (pd.Index(["plant"] * len(rows)) for rows in (df, rest))
    fit = count_model(FORMULA, df, exposure="tasks")
    refit = fit.without_most_influential()
    same(refit, count_model(FORMULA, rest, exposure="tasks"))
    assert refit.text.startswith("Without row plant: ")


def test_a_second_refit_names_both_that_were_left_out() -> None:
    df = plants(rate_at_1507=0.5)
    df.loc[df["circuit"] == 1523, "records"] += 25
    again = count_model(FORMULA, df, **OPTIONS).without_most_influential().without_most_influential()
    assert again.text.startswith("Without circuit 1507 (4 rows) and circuit 1523 (4 rows): ")
    same(again, count_model(FORMULA, df[~df["circuit"].isin([1507, 1523])], **OPTIONS))
    assert again.dropped["reason"].value_counts().to_dict() == {"without circuit 1507": 4, "without circuit 1523": 4}


def test_a_finding_that_one_cluster_makes_is_told_with_the_ratio_without_it() -> None:
    df = plants(rate_at_1507=0.25)
    fit = count_model(FORMULA, df, **OPTIONS)
    rest = df[df["circuit"] != 1507]
    refit = count_model(FORMULA, rest, **OPTIONS)
    now, then = fit.table.loc[1, RATIO], refit.table.loc[1, RATIO]
    assert now["ratio_low"] > 1 > then["ratio_low"]
    small, large = (rest.loc[rest["size"] == size, ["records", "tasks"]].sum() for size in ("Small", "Large"))
    assert then["ratio"] == pytest.approx(small["records"] / small["tasks"] / (large["records"] / large["tasks"]))
    assert (
        f"size Small against Large: {now['ratio']:.3g} times the rate ({now['ratio_low']:.3g} to "
        f"{now['ratio_high']:.3g}); without circuit 1507 (4 rows): {then['ratio']:.3g} ({then['ratio_low']:.3g} to "
        f"{then['ratio_high']:.3g})."
    ) in fit.text
    assert "changes side" not in fit.text


def test_a_finding_that_holds_without_the_cluster_is_said_to() -> None:
    fit = count_model(FORMULA, plants(added=8, rate_at_1507=0.6), **OPTIONS)
    assert fit.without_most_influential().table.loc[1, "ratio_low"] > 1
    assert (
        "Without circuit 1507 (4 rows) no finding changes side: each interval that excludes 1 still does." in fit.text
    )


def test_a_difference_that_one_cluster_hides_is_told_too() -> None:
    fit = count_model(FORMULA, plants(added=5, rate_at_1507=0.02), **OPTIONS)
    refit = fit.without_most_influential()
    assert fit.table.loc[1, "ratio_low"] < 1 < refit.table.loc[1, "ratio_low"]
    assert "Without circuit 1507 (4 rows), 1 of these intervals would exclude 1." in fit.text


def test_nothing_is_fitted_again_where_no_cluster_weighs_that_much(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[int] = []

    def counted(question: Question, df: pd.DataFrame) -> Estimates:
        fitted.append(len(df))
        return estimate(question, df)

    for module in (counts, count_result):
        monkeypatch.setattr(module, "estimate", counted)
    calm = count_model(FORMULA, plants(added=8, rate_at_1507=0.18), **OPTIONS)
    assert calm.check().set_index("check").loc["influence", "verdict"] == "in order"
    assert fitted == [96]
    assert "ithout circuit" not in calm.text
    count_model(FORMULA, plants(rate_at_1507=0.25), **OPTIONS)
    assert fitted == [96, 96, 92]


def test_a_model_that_rests_on_one_cluster_says_it_cannot_be_fitted_without() -> None:
    df = plants()
    df["size"] = np.where(df["circuit"] == 1507, "Small", "Large")
    fit = count_model(FORMULA, df, **OPTIONS)
    assert "Without circuit 1507 (4 rows) the model cannot be fitted: C(size) takes one value" in fit.text
    with pytest.raises(NotEstimable, match="without circuit 1507 the model cannot be fitted"):
        fit.without_most_influential()


def test_a_ratio_to_a_level_that_went_is_not_set_beside_a_ratio_to_another() -> None:
    """All of level A is in one circuit; without it C is compared with B under the name that meant C against A."""
    df = plants(added=0)
    df["size"] = np.where(df["circuit"] == 1507, "A", np.where(df["circuit"] % 2 == 1, "B", "C"))
    df.loc[df["circuit"] == 1507, "records"] = 800
    fit = count_model(FORMULA, df, **OPTIONS)
    assert fit.without_most_influential().table["term"].tolist() == ["Intercept", "C(size)[T.C]"]
    for level in "BC":
        assert f"size {level} against A: 0.1" in fit.text
    assert fit.text.count("; without circuit 1507 (4 rows): no such comparison is left") == 2


def test_five_ratios_or_more_come_with_what_chance_would_give() -> None:
    df = plants(added=0, rate_at_1507=0.1)
    df["line"] = np.random.default_rng(0).choice([f"line {at}" for at in range(6)], len(df))
    fit = count_model("records ~ line", df, **OPTIONS)
    assert "With 5 ratios at 95% each, about 0.25 would be expected to exclude 1 by chance alone." in fit.text
    few = count_model("records ~ line", df[df["line"] != "line 5"], **OPTIONS)
    assert "by chance alone" not in few.text


def test_each_check_says_what_it_is_about() -> None:
    checks = count_model(FORMULA, plants(rate_at_1507=0.25), **OPTIONS).check()
    assert dict(checks[["check", "at"]].to_numpy()) == {
        "overdispersion": "",
        "clusters": "",
        "clusters behind a level": "C(size)[T.Small]",
        "influence": "1507",
        "sparse levels": "C(size)[T.Small]",
        "zeros": "",
        "exposure": "",
        "non-linearity": "",
    }
