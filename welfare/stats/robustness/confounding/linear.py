"""A fit as the linear regression that it is, or ends in: what the algebra of omitted variables needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from welfare.errors import BadParameter
from welfare.stats.count_result import CountModel
from welfare.stats.robustness.effect import Effect, is_linear


@dataclass(frozen=True)
class Linear:
    """A linear regression in its sufficient numbers.

    Attributes
    ----------
    names : list of k str
    estimates : array, shape (k,)
    inverse : array, shape (k, k)
        Of the products of the terms, the weights of the rows included.
    residual : float
        Sum of squared residuals.
    degrees : float
        Rows less estimates.
    exact : bool
        Whether the fit is linear; else this is the weighted regression in which its iterations end.
    classical : bool
        Whether the errors of the fit are the classical ones of this regression.
    """

    names: list[str]
    estimates: np.ndarray
    inverse: np.ndarray
    residual: float
    degrees: float
    exact: bool
    classical: bool

    def error(self, term: str) -> float:
        """Return the classical standard error of a term."""
        if self.degrees <= 0:
            return np.nan
        at = self.names.index(term)
        return float(np.sqrt(self.residual / self.degrees * self.inverse[at, at]))

    def shares(self, term: str, benchmark: Sequence[str]) -> tuple[float, float]:
        """Return the partial R2 of one or more observed terms with a condition, and with the outcome.

        Parameters
        ----------
        term : str
            The condition.
        benchmark : sequence of str
            The observed terms, taken together.

        Returns
        -------
        tuple of float
            With the condition, the other terms given; with the outcome, condition and other terms given.
        """
        at, group = self.names.index(term), np.array([self.names.index(name) for name in benchmark])
        rest = np.setdiff1d(np.arange(len(self.names)), group)
        # Without the group the condition keeps 1 / without of its squares, with it 1 / full.
        within = self.inverse[np.ix_(group, group)]
        crossed = self.inverse[np.ix_(group, rest)]
        without = self.inverse[np.ix_(rest, rest)] - crossed.T @ np.linalg.solve(within, crossed)
        place = int(np.flatnonzero(rest == at)[0])
        of_condition = 1 - without[place, place] / self.inverse[at, at]
        explained = float(self.estimates[group] @ np.linalg.solve(within, self.estimates[group]))
        return float(np.clip(of_condition, 0.0, 1.0)), explained / (explained + self.residual)


def linear_of(fit: Any) -> Linear | str:
    """Return the linear regression of a fit, or why there is none.

    Parameters
    ----------
    fit : object
        As :func:`welfare.stats.robustness.robustness.robustness` takes.

    Notes
    -----
    The iterations of a count model end in a regression of a working outcome on the terms, each row weighted by its
    information; its algebra holds to first order around the fit. Its classical error carries the dispersion.
    """
    if is_linear(fit):
        return Linear(
            list(fit.model.exog_names),
            np.asarray(fit.params, dtype=float),
            np.asarray(fit.normalized_cov_params, dtype=float),
            float(fit.ssr),
            float(fit.df_resid),
            exact=True,
            classical=getattr(fit, "cov_type", "nonrobust") == "nonrobust",
        )
    if not isinstance(fit, CountModel):
        return "it needs the rows left over by a regression, and this result is no regression of rows"
    found = fit._found
    if found.intercept is not None:
        return "a random intercept weighs the rows within groups together, and the algebra does not hold for it"
    inner = found.fit
    return Linear(
        list(found.design.names),
        np.asarray(inner.estimates),
        np.asarray(inner.inverse),
        float(inner.pearson),
        float(len(found.design.counts) - inner.parameters),
        exact=False,
        # The quasi-likelihood families scale their own errors by the same dispersion.
        classical=fit.errors == "model" and fit.family in ("quasipoisson", "fractional"),
    )


def benchmark_terms(names: Sequence[str], benchmarks: Sequence[Any], effects: Sequence[Effect]) -> dict[str, list[str]]:
    """Return for each benchmark the terms it stands for: itself, the levels of a factor, or a stated group.

    Parameters
    ----------
    names : sequence of str
        Terms of the model.
    benchmarks : sequence of str, or of sequences of str
        A term, a factor (its levels taken together) or several terms taken together.
    effects : sequence of Effect
        The conditions that are asked about, which cannot be their own benchmarks.

    Raises
    ------
    BadParameter
        If one names no term of the model, or a condition asked about.
    """
    found: dict[str, list[str]] = {}
    for given in benchmarks:
        parts = list(given) if isinstance(given, list | tuple) else [given]
        terms = [name for part in parts for name in _terms_of(str(part), names)]
        label = " + ".join(map(str, parts))
        clash = [effect.term for effect in effects if effect.term in terms and len(effects) == 1]
        if not terms or clash:
            raise BadParameter(
                f"{label} is the condition itself" if clash else f"the model has no term {label!r}",
                where="robustness(benchmarks=)",
                spoiled="The confounder would be compared with nothing that was held fixed.",
                todo=f"Name terms of the model: {', '.join(names)}.",
            )
        found[label] = terms
    return found


def _terms_of(name: str, names: Sequence[str]) -> list[str]:
    if name in names:
        return [name]
    return [each for each in names if ":" not in each and each.startswith((f"{name}[", f"C({name})["))]


__all__ = ["Linear", "benchmark_terms", "linear_of"]
