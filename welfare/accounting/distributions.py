"""Draws of one parameter: its shape from its interval and stated mass, its stream from its name."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from welfare.accounting.parameters import Parameter
from welfare.errors import BadParameter

Draws = NDArray[np.float64]

# Below this share of its mass, a shape cut at the bounds of its unit is no longer the published shape.
LEAST_MASS_KEPT = 0.90
# A published centre may sit off the middle of its interval by rounding; beyond this part of the half-width it is skew.
_OFF_CENTRE = 0.03


@dataclass(frozen=True)
class Sample:
    """Draws of one parameter.

    Attributes
    ----------
    values : array of float, shape (draws,)
        In the parameter's unit.
    clipped : float
        Share of the draws that fell outside what the unit can be and were set to the bound.
    """

    values: Draws
    clipped: float


def stream(name: str, seed: int) -> np.random.Generator:
    """Return the random stream of a name: the same name and seed give the same stream, whatever else is drawn.

    Parameters
    ----------
    name : str
        Parameter id.
    seed : int
        0 or more; 0 is as valid as any other.

    Raises
    ------
    BadParameter
        If the seed is not a whole number of 0 or more.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0 or isinstance(seed, bool):
        raise BadParameter(f"seed={seed!r} is not a whole number of 0 or more", todo="Give an int, e.g. seed=0.")
    return np.random.default_rng(np.random.SeedSequence([number, crc32(name.encode())]))


def sample(parameter: Parameter, draws: int, seed: int) -> Sample:
    """Draw a parameter from its shape.

    Parameters
    ----------
    parameter : Parameter
        With a shape that can be drawn: point, uniform, normal, lognormal, loguniform, or beta with mean and sd.
    draws : int
        Number of draws.
    seed : int
        See :func:`stream`.

    Returns
    -------
    Sample
        The values, and the share that was set to a bound of the unit.

    Raises
    ------
    BadParameter
        If the parameter has no shape (none, scenarios, samples) or one that two bounds do not fix here, if the mass
        between its bounds is unknown, if its centre does not fit a symmetric shape, or if the bounds of its unit
        would cut off more than a tenth of the mass.

    Notes
    -----
    Draws are stratified: one in each of equal slices of the shape, in an order that is random and the parameter's own
    (a Latin hypercube; McKay, Beckman & Conover 1979). They keep the shape's quantiles much closer than free draws
    would, so the spread between seeds understates what free draws would show; they are not independent of each other.

    A normal shape round an interval of hours reaches below 0. Draws outside what the unit can be are set to the
    bound: unlike redrawing them, that leaves the published low, centre and high where they are, and raises the mean
    a little. A point has no interval: its draws do not vary, which is not to say that it is certain.
    """
    if parameter.distribution == "point":
        return Sample(np.full(draws, _known(parameter, "central")), 0.0)
    uniform = _strata(stream(parameter.id, seed), draws)
    return _within_unit(parameter, _quantile_of(parameter)(uniform))


def _strata(generator: np.random.Generator, draws: int) -> Draws:
    """Return one uniform draw in each of `draws` equal slices of (0, 1), in random order."""
    # Half a step inside each slice: the quantile of 0 or 1 is infinite for a normal shape.
    steps = 2**40
    inside = (generator.integers(0, steps, draws) + 0.5) / steps
    return np.asarray((generator.permutation(draws) + inside) / draws, dtype=np.float64)


def _within_unit(parameter: Parameter, values: Draws) -> Sample:
    lowest, highest = parameter.bounds
    inside = np.clip(values, lowest, highest)
    clipped = float(np.mean(inside != values))
    if clipped > 1 - LEAST_MASS_KEPT:
        raise BadParameter(
            f"{clipped:.0%} of its draws fall outside what {parameter.unit!r} can be",
            where=f"parameter {parameter.id}",
            spoiled=f"Less than {LEAST_MASS_KEPT:.0%} of the published shape would be left.",
            todo="Choose a shape that fits the bounds, or correct the interval.",
        )
    return Sample(inside, clipped)


def _quantile_of(parameter: Parameter) -> Callable[[Draws], Draws]:
    """Return the quantile function of the parameter's shape."""
    fitted = {
        "uniform": _uniform,
        "loguniform": _loguniform,
        "normal": _normal,
        "lognormal": _lognormal,
        "beta": _beta,
    }.get(parameter.distribution)
    if fitted is None:
        shapeless = parameter.distribution in ("none", "scenarios", "samples")
        raise BadParameter(
            f"a parameter of shape {parameter.distribution!r} is not drawn",
            where=f"parameter {parameter.id}",
            spoiled="Any shape given to it would be invented."
            if shapeless
            else "Two bounds do not fix it in closed form.",
            todo="Carry it as an interval, run its alternatives one by one, or state a shape that can be drawn.",
        )
    return fitted(parameter)


# A shape is fixed by two bounds and the mass between them; where that mass is below 1 its ends lie outside them.
def _uniform(parameter: Parameter) -> Callable[[Draws], Draws]:
    low, high, mass = _interval(parameter)
    middle, half = (low + high) / 2, (high - low) / 2 / mass
    return lambda u: middle + half * (2 * u - 1)


def _loguniform(parameter: Parameter) -> Callable[[Draws], Draws]:
    low, high, mass = _logs(parameter)
    middle, half = (low + high) / 2, (high - low) / 2 / mass
    return lambda u: np.exp(middle + half * (2 * u - 1))


def _normal(parameter: Parameter) -> Callable[[Draws], Draws]:
    low, high, mass = _interval(parameter)
    _refuse_skew(parameter, low, parameter.central, high)
    mean, sd = _mean_and_sd(parameter, low, high, mass)
    return lambda u: mean + sd * _standard_normal(u)


def _lognormal(parameter: Parameter) -> Callable[[Draws], Draws]:
    low, high, mass = _logs(parameter)
    mean, sd = _mean_and_sd(parameter, low, high, mass)
    _refuse_skew(parameter, low, None if parameter.central is None else math.log(parameter.central), high)
    return lambda u: np.exp(mean + sd * _standard_normal(u))


def _beta(parameter: Parameter) -> Callable[[Draws], Draws]:
    """Fit by mean and sd, which fix a beta exactly; two quantiles do not without a search."""
    mean, sd = _known(parameter, "mean"), _known(parameter, "sd")
    size = mean * (1 - mean) / sd**2 - 1
    if not (0 < mean < 1 and size > 0):
        raise BadParameter(f"no beta has mean {mean:g} and sd {sd:g}", where=f"parameter {parameter.id}")

    def quantile(u: Draws) -> Draws:
        from scipy.special import betaincinv

        return np.asarray(betaincinv(mean * size, (1 - mean) * size, u), dtype=np.float64)

    return quantile


def _standard_normal(u: Draws) -> Draws:
    from scipy.special import ndtri

    return np.asarray(ndtri(u), dtype=np.float64)


def _mean_and_sd(parameter: Parameter, low: float, high: float, mass: float) -> tuple[float, float]:
    """Return mean and sd of the normal that has the stated mass between two bounds."""
    if mass >= 1:
        raise BadParameter(
            "a normal shape has no lowest and highest value, but its interval holds all its mass",
            where=f"parameter {parameter.id}",
            todo="State the mass between the bounds (0.90 or 0.95), or use a bounded shape.",
        )
    from scipy.special import ndtri

    return (low + high) / 2, (high - low) / 2 / float(ndtri((1 + mass) / 2))


def _refuse_skew(parameter: Parameter, low: float, centre: float | None, high: float) -> None:
    """Raise if the published centre is not the middle of a symmetric shape (on logs for a lognormal)."""
    half = (high - low) / 2
    if centre is not None and abs(centre - (low + high) / 2) > _OFF_CENTRE * half:
        raise BadParameter(
            f"its centre is not in the middle of its interval, as a {parameter.distribution} shape needs",
            where=f"parameter {parameter.id}",
            spoiled="The draws would not have the published centre.",
            todo="Choose a skew shape, or carry it as an interval.",
        )


def _interval(parameter: Parameter) -> tuple[float, float, float]:
    """Return low, high and the mass between them, all of which must be known."""
    return _known(parameter, "low"), _known(parameter, "high"), _known(parameter, "interval_mass")


def _logs(parameter: Parameter) -> tuple[float, float, float]:
    low, high, mass = _interval(parameter)
    if low <= 0:
        raise BadParameter(f"a {parameter.distribution} shape lies above 0, its low is {low:g}", where=parameter.id)
    return math.log(low), math.log(high), mass


def _known(parameter: Parameter, name: str) -> float:
    value = getattr(parameter, name)
    if value is None:
        raise BadParameter(
            f"{name} is not known, so a {parameter.distribution} shape is not fixed",
            where=f"parameter {parameter.id}",
            spoiled="A guess (90% taken for 95%, say) would change the spread by a fifth without a word.",
            todo="State it in the record, or carry the parameter as an interval.",
        )
    return float(value)


__all__ = ["LEAST_MASS_KEPT", "Draws", "Sample", "sample", "stream"]
