"""The bootstrap by clusters: its definition written out, the same digits each time, and what few clusters do to CR1."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import welfare as wf
from welfare.errors import BadParameter, NotEstimable
from welfare.stats.doubt.bootstrap import wild
from welfare.stats.glm.columns import Columns, Factor
from welfare.stats.glm.likelihoods import fit_poisson

PANEL = Path(__file__).parents[1] / "referee" / "r" / "counts_panel.csv"


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return pd.read_csv(PANEL)


def districts(rng: np.random.Generator, many: int, each: int, spread: float, slope: float) -> pd.DataFrame:
    """Counts of districts that differ, with a condition that is the district's own."""
    district = np.repeat(np.arange(many), each)
    x = rng.normal(size=many)[district]
    mean = np.exp(1 + slope * x + rng.normal(0, spread, many)[district])
    return pd.DataFrame({"district": district, "x": x, "dead": rng.poisson(mean)})


def test_the_wild_bootstrap_is_its_definition_written_out(monkeypatch):
    df = districts(np.random.default_rng(4), 12, 5, 0.4, 0.3)
    design = np.column_stack([np.ones(60), df["x"]])
    fit = fit_poisson(df["dead"].to_numpy(dtype=float), Columns(design).orthogonal(), np.zeros(60))
    groups = Factor(df["district"].to_numpy(), 12)
    mean, counts = fit.expected, df["dead"].to_numpy()
    bread = np.linalg.inv(design.T @ (design * mean[:, None]))
    scores = np.array([design[groups.codes == g].T @ (counts - mean)[groups.codes == g] for g in range(12)])
    own = [design[groups.codes == g].T @ (design * mean[:, None])[groups.codes == g] for g in range(12)]
    plain = np.sqrt(np.diag(bread @ scores.T @ scores @ bread))
    drawn = np.random.default_rng(9)
    sizes = []
    for _ in range(199):
        signs = drawn.choice(np.array([-1.0, 1.0]), 12)
        shift = bread @ (signs @ scores)
        moved = np.array([sign * score - part @ shift for sign, score, part in zip(signs, scores, own, strict=True)])
        sizes.append(np.abs(shift) / np.sqrt(np.diag(bread @ moved.T @ moved @ bread)))
    seen = np.abs(fit.estimates) / plain
    expected = (1 + (np.array(sizes) >= seen).sum(axis=0)) / 200
    found = wild(fit, groups, plain, 199, seed=9)
    assert found.p_value.tolist() == expected.tolist()
    reach = np.quantile(sizes, 0.95, axis=0, method="higher") * plain
    assert found.high - fit.estimates == pytest.approx(reach)


@pytest.mark.parametrize("bootstrap", [199, ("wild", 199), ("pairs", 199)])
def test_the_same_seed_gives_the_same_digits_and_another_does_not(bootstrap, panel):
    asked = {"exposure": "animals", "cluster": "district", "bootstrap": bootstrap}
    formula = "deaths ~ speed + dense | plant + year"
    one, again, other = (wf.count_model(formula, panel, **asked, seed=seed) for seed in (1, 1, 2))
    assert one.table.equals(again.table)
    assert not one.table["low"].equals(other.table["low"])
    assert one.table["estimate"].equals(wf.count_model(formula, panel, exposure="animals").table["estimate"])
    assert any("draws" in note for note in one.notes)
    assert "12 clusters" in " ".join(one.notes)


def test_a_word_stands_for_the_usual_draws(panel):
    asked = {"exposure": "animals", "cluster": "district"}
    word, number = (wf.count_model("deaths ~ speed", panel, **asked, bootstrap=given) for given in ("wild", 999))
    assert word.table.equals(number.table)


def test_pairs_of_clusters_alike_give_an_interval_of_no_width():
    one = districts(np.random.default_rng(1), 1, 30, 0.0, 0.0).assign(x=np.linspace(-1, 1, 30))
    df = pd.concat([one.assign(district=d) for d in range(8)], ignore_index=True)
    fit = wf.count_model("dead ~ x", df, cluster="district", bootstrap=("pairs", 99))
    assert fit.table["low"].to_numpy() == pytest.approx(fit.table["high"].to_numpy(), rel=1e-6)


@pytest.mark.slow
def test_with_few_clusters_the_bootstrap_and_cr2_cover_where_cr1_does_not():
    rng = np.random.default_rng(12)
    covered = {"CR0": 0, "CR1": 0, "CR2": 0, "wild": 0}
    for _ in range(300):
        df = districts(rng, 8, 10, 0.5, 0.0)
        for name in covered:
            options = {"bootstrap": 399} if name == "wild" else {"errors": name}
            row = wf.count_model("dead ~ x", df, cluster="district", **options).table.set_index("term").loc["x"]
            covered[name] += row["low"] <= 0 <= row["high"]
    share = {name: many / 300 for name, many in covered.items()}
    assert share["CR0"] < share["CR1"] < share["CR2"]
    assert share["CR1"] < 0.93
    assert share["CR2"] > 0.92
    assert share["wild"] > share["CR1"] - 0.02


@pytest.mark.parametrize(
    "options",
    [
        {"bootstrap": 999},
        {"bootstrap": 10, "cluster": "district"},
        {"bootstrap": True, "cluster": "district"},
        {"bootstrap": ("jackknife", 999), "cluster": "district"},
        {"bootstrap": 999, "cluster": ["district", "year"]},
        {"seed": -1},
        {"cluster": ["district", "district"]},
        {"cluster": ["district", "year", "plant"]},
        {"cluster": ["district", "year"], "errors": "CR2"},
        {"cluster": "district", "errors": "HC3"},
    ],
)
def test_options_that_do_not_go_together_are_refused(options, panel):
    with pytest.raises(BadParameter):
        wf.count_model("deaths ~ speed", panel, **options)


def test_draws_that_cannot_be_fitted_are_not_passed_over():
    # One district holds every event on one side: most draws of districts lack it.
    df = pd.DataFrame(
        {"district": np.repeat(range(6), 4), "dead": [0, 1, 0, 2] + [0] * 19 + [1], "x": [1] * 4 + [0] * 20}
    )
    with pytest.raises(NotEstimable, match="draws of clusters cannot be fitted"):
        wf.count_model("dead ~ x", df, cluster="district", bootstrap=("pairs", 99))


def test_the_order_of_rows_and_the_hash_seed_move_no_digit(panel, tmp_path):
    script = tmp_path / "fit.py"
    script.write_text(
        "import pandas as pd, welfare as wf, sys\n"
        "df = pd.read_csv(sys.argv[1]).astype({'plant': str, 'year': str, 'district': str})\n"
        "fit = wf.count_model('deaths ~ speed + dense | plant + year', df, exposure='animals', cluster='district')\n"
        "print(fit.table[['estimate', 'std_error']].to_numpy().tolist())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, script, PANEL], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(said) == 1
    asked = {"exposure": "animals", "cluster": "district"}
    formula = "deaths ~ speed + dense | plant + year"
    shuffled = wf.count_model(formula, panel.sample(frac=1, random_state=0), **asked).table
    ordered = wf.count_model(formula, panel, **asked).table
    columns = ["estimate", "std_error"]
    assert shuffled[columns].to_numpy() == pytest.approx(ordered[columns].to_numpy(), rel=1e-12)


def test_two_ways_of_clustering_add_up(panel):
    formula = "deaths ~ speed + dense"
    asked = {"exposure": "animals", "errors": "CR0"}
    both = panel.assign(cell=panel["district"] * 10_000 + panel["year"])
    parts = [wf.count_model(formula, both, **asked, cluster=name).covariance for name in ("district", "year", "cell")]
    found = wf.count_model(formula, both, **asked, cluster=["district", "year"])
    assert found.covariance.to_numpy() == pytest.approx((parts[0] + parts[1] - parts[2]).to_numpy(), rel=1e-9)
    assert found.degrees == 5
    for one, other in itertools.permutations(["district", "year"]):
        again = wf.count_model(formula, both, **asked, cluster=[one, other])
        assert again.covariance.to_numpy() == pytest.approx(found.covariance.to_numpy(), rel=1e-12)
