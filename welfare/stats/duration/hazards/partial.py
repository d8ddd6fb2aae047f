"""The maximum of a partial likelihood by Newton's method, columns centred and scaled on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.stats.duration.hazards.at_risk import AtRisk, in_order

_STEPS, _HALVINGS = 60, 30
_SETTLED = 1e-12  # of the slope in units of its own spread, squared: the next step is below rounding
_FLAT = 1e-10  # a direction with less information than this share of the most holds none


@dataclass(frozen=True)
class PartialFit:
    """A fitted model of hazards.

    Attributes
    ----------
    rows : AtRisk
    columns : array, shape (n, k)
        As given, less `centre`.
    centre : array, shape (k,)
        Means of the columns.
    estimates : array, shape (k,)
        Logarithms of hazard ratios.
    inverse : array, shape (k, k)
        Of the information at the estimates.
    loglik, loglik_null : float
        Log partial likelihood at the estimates, and where all are zero.
    efron : bool
        How ties were treated.
    settled : bool
        Whether the steps came to an end.
    """

    rows: AtRisk
    columns: np.ndarray
    centre: np.ndarray
    estimates: np.ndarray
    inverse: np.ndarray
    loglik: float
    loglik_null: float
    efron: bool
    settled: bool

    @property
    def predictor(self) -> np.ndarray:
        """The linear predictor of each row, of centred columns, shape (n,)."""
        return self.columns @ self.estimates


def weights_of(predictor: np.ndarray, stratum: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the linear predictor less its largest in the stratum, its exponential, and so no overflow.

    Parameters
    ----------
    predictor : array, shape (n,)
    stratum : array of int, shape (n,)
    """
    top = largest(predictor, stratum)
    eta = predictor - top[stratum]
    return eta, np.exp(eta)


def largest(predictor: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Return the largest linear predictor of each stratum, shape (strata,)."""
    top = np.full(int(stratum.max(initial=0)) + 1, -np.inf)
    np.maximum.at(top, stratum, predictor)
    return top


def slopes(
    rows: AtRisk, columns: np.ndarray, estimates: np.ndarray, efron: bool, at_event: np.ndarray | None = None
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the log partial likelihood, its slope and its information.

    Parameters
    ----------
    rows : AtRisk
    columns : array, shape (n, k)
    estimates : array, shape (k,)
    efron : bool
        Efron's treatment of ties; else Breslow's.
    at_event : array, shape (n,), optional
        What an event at the row's exit counts; 1 by default.
    """
    from welfare.stats.duration.hazards.risk_sets import partial_likelihood  # compiled

    eta, w = weights_of(columns @ estimates, rows.stratum)
    counted = np.ones(len(eta)) if at_event is None else at_event
    return partial_likelihood(
        columns,
        eta,
        w,
        rows.entry_rank,
        rows.exit_rank,
        rows.event,
        rows.stratum,
        rows.by_exit,
        rows.by_entry,
        counted,
        efron,
    )


def fit_hazards(rows: AtRisk, design: np.ndarray, *, efron: bool, furthest: float = np.inf) -> PartialFit:
    """Maximise the partial likelihood.

    Parameters
    ----------
    rows : AtRisk
    design : array, shape (n, k)
        Without a constant.
    efron : bool
        Efron's treatment of ties; else Breslow's.
    furthest : float
        How far an estimate may carry the linear predictor over the range of its column before the steps are given up.

    Returns
    -------
    PartialFit
        `settled` is False where the steps were given up, as where an estimate runs to infinity.
    """
    centre, spread = design.mean(axis=0), design.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    x = np.ascontiguousarray(((design - centre) / spread)[rows.by_exit])
    ranges, swept = np.ptp(x, axis=0), in_order(rows)
    estimates = np.zeros(x.shape[1])
    loglik, slope, information = slopes(swept, x, estimates, efron)
    null, settled = loglik, False
    for _ in range(_STEPS):
        step = _step(information, slope)
        settled = bool(slope @ step < _SETTLED * max(1.0, abs(loglik)) ** 0.5)
        for _ in range(_HALVINGS):
            found = slopes(swept, x, estimates + step, efron)
            if np.isfinite(found[0]) and found[0] >= loglik - 1e-10 * abs(loglik):
                break
            step = step / 2
        estimates = estimates + step
        loglik, slope, information = found
        if settled or (np.abs(estimates) * ranges).max() > furthest:
            break
    inverse = _inverse(information)
    return PartialFit(
        rows,
        design - centre,
        centre,
        estimates / spread,
        inverse / np.outer(spread, spread),
        float(loglik),
        float(null),
        efron,
        settled,
    )


def _step(information: np.ndarray, slope: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(np.linalg.solve(information, slope))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(information, slope, rcond=None)[0])


def _inverse(information: np.ndarray) -> np.ndarray:
    sizes = np.sqrt(np.diag(information))
    if not (sizes > 0).all():
        return np.full(information.shape, np.inf)
    scaled = information / np.outer(sizes, sizes)
    try:
        return np.asarray(np.linalg.inv(scaled) / np.outer(sizes, sizes))
    except np.linalg.LinAlgError:
        return np.full(information.shape, np.inf)


def repeated_columns(rows: AtRisk, design: np.ndarray, efron: bool) -> np.ndarray:
    """Return which columns vary in no risk set, or repeat others there, array of k bool.

    Parameters
    ----------
    rows : AtRisk
    design : array, shape (n, k)
    efron : bool
    """
    centre, spread = design.mean(axis=0), design.std(axis=0)
    x = np.ascontiguousarray(((design - centre) / np.where(spread > 0, spread, 1.0))[rows.by_exit])
    _, _, information = slopes(in_order(rows), x, np.zeros(x.shape[1]), efron)
    sizes = np.sqrt(np.clip(np.diag(information), 0, None))
    most = float(sizes.max(initial=0))
    still = sizes <= np.sqrt(_FLAT) * most if most > 0 else np.ones(len(sizes), dtype=bool)
    scale = np.where(still, 1.0, sizes)
    values, vectors = np.linalg.eigh(np.where(still[:, None] | still, 0.0, information / np.outer(scale, scale)))
    flat = vectors[:, (values <= _FLAT) & (np.abs(vectors[~still]).max(axis=0, initial=0) > 1e-6)]
    return np.asarray(still | (np.abs(flat).max(axis=1, initial=0) > 1e-4))


def refuse_repeated(names: list[str], repeated: np.ndarray, where: str) -> None:
    """Refuse columns that no risk set can tell apart.

    Parameters
    ----------
    names : list of k str
    repeated : array of k bool
    where : str
        The formula.

    Raises
    ------
    NotEstimable
        Naming them.
    """
    if repeated.any():
        shown = ", ".join(name for name, out in zip(names, repeated, strict=True) if out)
        raise NotEstimable(
            f"{shown}: among the rows at risk together at an event these do not vary, or repeat one another",
            where=where,
            spoiled="Infinitely many hazard ratios fit equally well, and any one of them would be arbitrary.",
            todo="Leave one of them out of the formula, or take away the strata within which it does not vary.",
        )
