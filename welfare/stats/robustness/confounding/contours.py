"""What confounders of every strength would make of an estimate: a surface of two strengths."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.schema.results import Result, no_rows_dropped
from welfare.stats.robustness.confounding.e_value import explained, strength
from welfare.stats.robustness.confounding.linear import Linear
from welfare.stats.robustness.confounding.omitted import omitted_variable_bounds, robustness_value
from welfare.stats.robustness.effect import Effect

_STEPS = 61


@dataclass(frozen=True, repr=False, kw_only=True)
class Contour(Result):
    """An estimate under confounders of every strength; see :meth:`Robustness.contour`.

    Attributes
    ----------
    table : DataFrame
        One row per pair of strengths. On the scale of variance: r2_condition, r2_outcome, estimate, std_error, t, low,
        high (on the scale of the fit), value (the ratio or difference). On that of ratios: with_condition, with_harm,
        value (the ratio at worst, as about one of risks), low, high.
    scale : str
        "variance" or "ratio".
    both : float
        Strength on both sides that leaves no difference: the robustness value, or the E-value.
    bounds : DataFrame
        Confounders as strong as observed terms, as `Robustness.bounds`; those of this term.
    """

    scale: str
    both: float
    bounds: pd.DataFrame
    _effect: Effect = field(repr=False)

    def plot(self, ax: Any = None) -> Any:
        """Draw lines of equal estimates, the one of no difference made bold.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.robustness import contour

        names = ("r2_condition", "r2_outcome") if self.scale == "variance" else ("with_condition", "with_harm")
        return contour(
            self.table,
            x=names[0],
            y=names[1],
            term=self._effect.term,
            fitted=float(self._effect.shown(self._effect.estimate)),
            ratio=self._effect.is_ratio,
            both=self.both,
            bounds=self.bounds,
            ax=ax,
        )


def variance_contour(effect: Effect, linear: Linear, bounds: pd.DataFrame, units: float) -> Contour:
    """Lay out an estimate over shares of variance that a confounder explains.

    Parameters
    ----------
    effect : Effect
        The finding, per so many units.
    linear : Linear
        The regression it comes from.
    bounds : DataFrame
        Observed benchmarks of this term.
    units : float
        Of the condition, that the effect is of.
    """
    error = linear.error(effect.term) * units
    whole = robustness_value(effect.estimate, error, linear.degrees)
    # Far enough to show where the estimate is undone, and every benchmark.
    most = bounds[["r2_condition", "r2_outcome"]].max().max() if len(bounds) else 0.0
    limit = float(np.clip(1.25 * max(whole, most), 0.02, 0.95))
    shares = np.linspace(0.0, limit, _STEPS)
    condition, outcome = (grid.ravel() for grid in np.meshgrid(shares, shares))
    table = omitted_variable_bounds(effect.estimate, error, linear.degrees, r2_condition=condition, r2_outcome=outcome)
    if not linear.classical:
        table = table.assign(std_error=np.nan, t=np.nan, low=np.nan, high=np.nan)
    table = table.assign(value=effect.shown(table["estimate"]))
    about = "" if linear.exact else " It is approximate, of the weighted regression in which the fit ends."
    text = (
        f"{effect.term}, as fitted {effect.words()}, with a confounder held fixed too that explains so much of what "
        f"the other terms leave of it and of the outcome; at worst. The estimate is {effect.no_difference} where both "
        f"are {100 * whole:.3g}%.{about}"
    )
    notes = ("The confounder is taken to push the estimate towards, and beyond, no difference.",)
    return Contour(
        table=table,
        text=text,
        dropped=no_rows_dropped(),
        notes=notes,
        scale="variance",
        both=whole,
        bounds=bounds,
        _effect=effect,
    )


def ratio_contour(effect: Effect, ratio: float, low: float, high: float) -> Contour:
    """Lay out a ratio over the ratios by which a confounder goes with condition and harm.

    Parameters
    ----------
    effect : Effect
        The finding.
    ratio, low, high : float
        The same as about a ratio of risks.
    """
    needed = strength(ratio)
    steps = np.geomspace(1.0, float(np.clip(1.6 * needed, 2.0, 1e6)), _STEPS)
    condition, harm = (grid.ravel() for grid in np.meshgrid(steps, steps))
    # The interval moves by the same factor: the confounder is a stated strength, and not an estimate.
    factor = explained(condition, harm) ** (1 if ratio >= 1 else -1)
    columns = {"with_condition": condition, "with_harm": harm, "value": ratio / factor}
    text = (
        f"{effect.term}, as fitted {effect.words()}, if a confounder not in the model went with it and with the "
        f"harm by such ratios; at worst. The ratio is 1 where both are {needed:.3g}, the E-value."
    )
    return Contour(
        table=pd.DataFrame({**columns, "low": low / factor, "high": high / factor}),
        text=text,
        dropped=no_rows_dropped(),
        notes=("Every pair of strengths on the bold line, and beyond, can explain the whole of the estimate.",),
        scale="ratio",
        both=needed,
        bounds=pd.DataFrame(),
        _effect=effect,
    )


__all__ = ["Contour", "ratio_contour", "variance_contour"]
