"""Moran's statistics as esda computes them: the only place that knows esda and libpysal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from welfare.errors import MissingExtra

_SHUFFLING = ("vec_permutations", "compute_chunk", "_permutation_significance")
_AT_ONCE = 2_000_000  # permuted values held in memory at one time


@dataclass(frozen=True)
class Whole:
    """Moran's I of a whole map.

    Attributes
    ----------
    statistic, expected, variance, z : float
        I; its mean and variance if values stood anywhere at random (the randomisation assumption); and how many
        standard deviations it lies from that mean.
    p_value : float
        Two-sided, by the normal distribution.
    p_permutation : float
        Two-sided: twice the rank of I among maps on which the values were shuffled, from the nearer end.
    """

    statistic: float
    expected: float
    variance: float
    z: float
    p_value: float
    p_permutation: float


@dataclass(frozen=True)
class Local:
    """Local Moran's I of each place.

    Attributes
    ----------
    statistic : array of float, shape (n,)
        Sums to (n - 1) times the I of the whole map, or n - 1 over n times n.
    p_value : array of float, shape (n,)
        Two-sided, from shuffling all values but the place's own.
    quadrant : array of int, shape (n,)
        1 high among high, 2 low among high, 3 low among low, 4 high among low.
    """

    statistic: np.ndarray
    p_value: np.ndarray
    quadrant: np.ndarray


def standardised_rates(cases: np.ndarray, population: np.ndarray) -> np.ndarray:
    """Return rates less their mean over their own standard deviation, which is larger where few are at risk.

    Parameters
    ----------
    cases, population : arrays of float, shape (n,)

    Returns
    -------
    array of float, shape (n,)

    References
    ----------
    Assuncao RM, Reis EA. A new proposal to adjust Moran's I for population density. Statistics in Medicine 1999; 18:
    2147-2162.
    """
    return np.asarray(_esda().moran.assuncao_rate(cases, population), dtype=float)


def whole(values: np.ndarray, neighbours: list[np.ndarray], *, permutations: int, seed: int) -> Whole:
    """Return Moran's I of a map without missing values or places that stand alone.

    Parameters
    ----------
    values : array of float, shape (n,)
    neighbours : list of n arrays of int
        Positions; none empty. Each place's neighbours weigh 1 together.
    permutations : int
        Shuffled maps.
    seed : int
        Of the shuffling.
    """
    weights = _weights(neighbours)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = _esda().Moran(values, weights, transformation="r", permutations=0)
    shuffled = _shuffled(values - values.mean(), weights.sparse.tocsr(), permutations, seed)
    above = int((shuffled >= found.I - 1e-12).sum())
    below = int((shuffled <= found.I + 1e-12).sum())
    return Whole(
        statistic=float(found.I),
        expected=float(found.EI),
        variance=float(found.VI_rand),
        z=float(found.z_rand),
        p_value=float(found.p_rand),
        p_permutation=min(1.0, 2 * (1 + min(above, below)) / (1 + permutations)),
    )


def local(values: np.ndarray, neighbours: list[np.ndarray], *, permutations: int, seed: int) -> Local:
    """Return local Moran's I of a map without missing values or places that stand alone.

    Parameters
    ----------
    values : array of float, shape (n,)
    neighbours : list of n arrays of int
        Positions; none empty. Each place's neighbours weigh 1 together.
    permutations : int
        Shuffled maps per place.
    seed : int
        Of the shuffling.
    """
    with warnings.catch_warnings(), _as_written():
        warnings.simplefilter("ignore")
        found = _esda().Moran_Local(
            values,
            _weights(neighbours),
            transformation="r",
            permutations=permutations,
            keep_simulations=False,
            seed=seed,
            n_jobs=1,
        )
    # esda counts from the nearer end only: half of what a test that looks both ways must say.
    return Local(np.asarray(found.Is), np.minimum(1.0, 2 * np.asarray(found.p_sim)), np.asarray(found.q))


@contextmanager
def _as_written() -> Iterator[None]:
    """Run esda's shuffling as it is written, in NumPy, and leave NumPy's own generator as it was.

    esda would have numba compile it in each process anew: half a minute, where a thousand places take a second or two.
    """
    from esda import crand, moran  # type: ignore[import-untyped]

    state, compiled = np.random.get_state(), []  # noqa: NPY002 (esda seeds this one)
    for module, name in [(crand, name) for name in _SHUFFLING] + [(moran, "_moran_local_crand")]:
        function: Any = getattr(module, name, None)
        if hasattr(function, "py_func"):  # else another esda, which runs as it likes
            compiled.append((module, name, function))
            setattr(module, name, function.py_func)
    try:
        yield
    finally:
        for module, name, function in compiled:
            setattr(module, name, function)
        np.random.set_state(state)  # noqa: NPY002


def _shuffled(centred: np.ndarray, weights: Any, permutations: int, seed: int) -> np.ndarray:
    """Return Moran's I of shuffled maps: esda's own shuffling takes no seed."""
    rng = np.random.default_rng(seed)
    at_once = max(1, _AT_ONCE // len(centred))
    found = []
    for done in range(0, permutations, at_once):
        maps = rng.permuted(np.tile(centred, (min(at_once, permutations - done), 1)), axis=1)
        found.append((maps * (weights @ maps.T).T).sum(axis=1) / (centred**2).sum())
    return np.concatenate(found)


def _weights(neighbours: list[np.ndarray]) -> Any:
    _esda()
    from libpysal.weights import W  # type: ignore[import-untyped]

    made = W({at: list(map(int, near)) for at, near in enumerate(neighbours)}, silence_warnings=True)
    made.transform = "r"
    return made


def _esda() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import esda
            import libpysal  # type: ignore[import-untyped]  # noqa: F401 (esda without it fails later, and less clearly)
    except ImportError as failure:
        raise MissingExtra(
            f"esda is not installed ({failure})",
            where="autocorrelation",
            spoiled="Moran's statistics cannot be computed without it.",
            todo="pip install 'welfare[spatial]'",
        ) from failure
    return esda
