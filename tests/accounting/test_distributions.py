import numpy as np
import pytest

from welfare.accounting.distributions import sample, stream
from welfare.accounting.parameters import Parameter, parameters, read_parameters
from welfare.accounting.records import parameter_file
from welfare.errors import BadParameter

N = 20_000


def make(distribution: str, *, unit: str = "ratio", name: str = "a.b", **values: float | None) -> Parameter:
    fixed = {"description": "a number", "source": "nobody", "status": "judgement"}
    return Parameter(id=name, unit=unit, distribution=distribution, **fixed, **values)


@pytest.mark.parametrize(
    ("distribution", "low", "high", "mass"),
    [
        ("normal", 10.0, 20.0, 0.90),
        ("normal", 10.0, 20.0, 0.95),
        ("normal", 10.0, 20.0, 0.50),
        ("lognormal", 2.0, 50.0, 0.90),
        ("uniform", 10.0, 20.0, 0.90),
        ("loguniform", 2.0, 50.0, 0.80),
    ],
)
def test_the_interval_holds_the_mass_that_is_stated(distribution, low, high, mass):
    values = sample(make(distribution, low=low, high=high, interval_mass=mass), N, 0).values
    # Stratified draws: the quantile lies within one stratum of the shape's own.
    assert np.quantile(values, [(1 - mass) / 2, (1 + mass) / 2]) == pytest.approx([low, high], rel=0.002)


def test_a_stated_range_of_all_the_mass_bounds_a_uniform_shape():
    values = sample(make("uniform", low=0.2, high=0.6, interval_mass=1.0), N, 0).values
    assert values.min() >= 0.2
    assert values.max() <= 0.6
    assert values.mean() == pytest.approx(0.4, abs=1e-4)


def test_a_beta_has_the_mean_and_spread_of_its_record():
    # Beta(28, 5): mean 28/33, sd sqrt(28 * 5 / (33^2 * 34)).
    held = read_parameters(parameter_file("parameters.csv"))["sent.ccm.chicken"]
    values = sample(held, N, 0).values
    assert values.mean() == pytest.approx(28 / 33, abs=1e-4)
    assert values.std() == pytest.approx((28 * 5 / (33**2 * 34)) ** 0.5, rel=0.002)


def test_a_point_does_not_vary():
    values = sample(make("point", central=1.8), 1000, 0).values
    assert np.ptp(values) == 0
    assert values[0] == 1.8


def test_the_same_name_and_seed_give_the_same_draws_and_0_is_a_seed():
    held = make("normal", low=10, high=20, interval_mass=0.9)
    for seed in (0, 1, 2**40):
        np.testing.assert_array_equal(sample(held, 500, seed).values, sample(held, 500, seed).values)
    assert not np.array_equal(sample(held, 500, 0).values, sample(held, 500, 1).values)
    other = make("normal", low=10, high=20, interval_mass=0.9, name="a.c")
    assert not np.array_equal(sample(held, 500, 0).values, sample(other, 500, 0).values)


def test_two_names_draw_independently():
    one = sample(make("normal", low=10, high=20, interval_mass=0.9), N, 0).values
    two = sample(make("normal", low=10, high=20, interval_mass=0.9, name="a.c"), N, 0).values
    assert abs(np.corrcoef(one, two)[0, 1]) < 4 / N**0.5


def test_a_wider_interval_moves_each_draw_outward():
    narrow = sample(make("normal", unit="none", low=10, high=20, interval_mass=0.9), N, 0).values
    wide = sample(make("normal", unit="none", low=5, high=25, interval_mass=0.9), N, 0).values
    np.testing.assert_allclose(wide - 15, 2 * (narrow - 15), atol=1e-9)


@pytest.mark.parametrize("seed", [-1, 1.5, None, "0", True])
def test_what_is_not_a_seed_is_refused(seed):
    with pytest.raises(BadParameter, match="seed"):
        stream("a.b", seed)


@pytest.mark.parametrize(
    "parameter",
    [
        make("none", low=1, high=2, interval_mass=0.9),
        make("scenarios", low=1, central=2, high=3),
        make("samples", low=1, high=2, interval_mass=0.9),
        make("gamma", low=1, high=2, interval_mass=0.9),
        make("normal", low=1, high=2),
        make("uniform", low=1, high=2),
        make("normal", low=1, high=2, interval_mass=1.0),
        make("normal", low=1, central=1.9, high=2, interval_mass=0.9),
        make("lognormal", low=0, high=2, interval_mass=0.9),
        make("beta", central=0.4),
    ],
    ids=lambda p: f"{p.distribution} {p.low} {p.central} {p.interval_mass}",
)
def test_what_has_no_stated_shape_or_mass_is_not_drawn(parameter):
    with pytest.raises(BadParameter, match=r"a\.b"):
        sample(parameter, 100, 0)


def test_shipped_alternatives_and_intervals_without_shape_are_never_drawn():
    every = read_parameters(parameter_file("parameters.csv"))
    for name in ("scghg.co2.2025", "inj.undercount", "cost.broiler.ecc.wur", "wr.rp.repo2023.chicken"):
        with pytest.raises(BadParameter, match="not drawn"):
            sample(every[name], 100, 0)
    with pytest.raises(BadParameter, match="interval_mass"):  # a normal shape whose mass is not stated
        sample(every["density.hen.nh3_exponent"], 100, 0)


def test_hours_below_zero_are_set_to_zero_and_counted():
    held = parameters("us_broiler")["pain.broiler.conv.excruciating"]
    drawn = sample(held, N, 0)
    # Normal of mean 30.2 and 90% half-width 21.37: sd 12.99, so 1.0% lie below 0.
    assert drawn.clipped == pytest.approx(0.0100, abs=5e-4)
    assert drawn.values.min() == 0
    assert np.quantile(drawn.values, [0.05, 0.5, 0.95]) == pytest.approx([8.83, 30.2, 51.57], rel=0.001)


def test_a_shape_that_loses_more_than_a_tenth_at_its_bounds_is_refused():
    mostly_negative = make("normal", unit="h/animal", low=0, high=1, interval_mass=0.5)
    with pytest.raises(BadParameter, match="outside"):
        sample(mostly_negative, 1000, 0)
