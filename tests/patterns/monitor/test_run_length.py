"""Average run lengths of the CUSUM in counts, as published and by simulation."""

from __future__ import annotations

from math import exp

import pytest

from welfare.errors import BadParameter, BadValue
from welfare.patterns.monitor.charting.run_length import run_length


@pytest.mark.parametrize(("mean", "published"), [(2, 1927.33374), (4, 8.180078753)])
def test_run_lengths_are_those_of_surveillance(mean, published):
    assert run_length(mean, reference=3, limit=8) == pytest.approx(published, rel=1e-9)


def test_a_limit_of_one_count_above_the_reference_is_a_geometric_wait():
    # Any count of 3 or more signals, and a count of 2 or fewer sets the chart back to zero.
    chance = 1 - exp(-1) * (1 + 1 + 0.5)
    assert run_length(1, reference=2, limit=1) == pytest.approx(1 / chance, rel=1e-9)


def test_a_lattice_of_halves_is_used_where_reference_and_limit_are_halves():
    assert run_length(2, reference=2.5, limit=3.5) == pytest.approx(
        run_length(2, reference=2.5, limit=3.5, replicates=40_000, seed=0), rel=0.02
    )


@pytest.mark.parametrize("dispersion", [0.0, 0.3])
def test_simulated_runs_agree_with_the_chain_when_means_recur(dispersion):
    ask = {"reference": 2.885, "limit": 6.0, "dispersion": dispersion}
    chain = run_length([1.0, 2.0, 3.0], **ask)
    assert chain == pytest.approx(run_length([1.0, 2.0, 3.0], **ask, replicates=8000, seed=1), rel=0.05)


def test_seed_zero_is_a_seed():
    ask = {"reference": 3, "limit": 4, "replicates": 50}
    assert run_length(3, **ask, seed=0) == run_length(3, **ask, seed=0) != run_length(3, **ask, seed=1)


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"mean": 0, "reference": 3, "limit": 8}, BadValue),
        ({"mean": [2, None], "reference": 3, "limit": 8}, BadValue),
        ({"mean": 2, "reference": 3, "limit": 0}, BadParameter),
        ({"mean": 2, "reference": float("nan"), "limit": 8}, BadParameter),
        ({"mean": 2, "reference": 3, "limit": 8, "dispersion": -1}, BadParameter),
    ],
)
def test_what_has_no_run_length_is_refused(kwargs, error):
    with pytest.raises(error):
        run_length(kwargs.pop("mean"), **kwargs)
