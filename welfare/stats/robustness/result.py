"""What was tried on the findings of a fit: table, words, contours and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import Result
from welfare.stats.diagnostics import DOUBT, FINE
from welfare.stats.robustness.confounding.contours import Contour, ratio_contour, variance_contour
from welfare.stats.robustness.confounding.e_value import as_risk_ratio
from welfare.stats.robustness.confounding.linear import Linear
from welfare.stats.robustness.effect import Effect, chosen
from welfare.stats.robustness.tried import DOUBTFUL


@dataclass(frozen=True, repr=False, kw_only=True)
class Robustness(Result):
    """What was tried on the findings of a fit; see :func:`welfare.stats.robustness.robustness.robustness`.

    Attributes
    ----------
    table : DataFrame
        One row per check and term: check, at (with what), term, value, low, high, unit ("ratio", "difference",
        "E-value" or "share of variance"), verdict, reading (a sentence). Of "leave one out", value is the estimate
        without the level that moves it most, low and high the least and greatest. Verdicts: "holds", "changes",
        "cannot tell" of findings made again; "to be judged" of strengths a confounder would need, "nothing to undo"
        where the interval includes no difference; "association found" and "none found" of negative controls; "not
        computed", with the reason.
    refits : DataFrame
        One row per term and level left out: column, left_out, rows, term, estimate, std_error, low, high (on the scale
        of the fit, per `per` units), exact, reason, value (the ratio or difference).
    bounds : DataFrame
        One row per term, benchmark and number of times: term, benchmark, times, r2_condition, r2_outcome, estimate,
        std_error, t, low, high (on the scale of the fit; the last four missing where its errors are not classical).
    """

    refits: pd.DataFrame
    bounds: pd.DataFrame
    _effects: tuple[Effect, ...] = field(repr=False)
    _linear: Linear | str = field(repr=False)
    _units: dict[str, float] = field(repr=False)
    _rare: bool = field(repr=False)

    def check(self) -> pd.DataFrame:
        """Return what was tried as checks.

        Returns
        -------
        DataFrame
            Columns check, at (term and what was tried), value, verdict ("in order" or "look closer"), advice. What was
            not computed is not among them; strengths that must be judged are in order.
        """
        rows = self.table[self.table["unit"] != ""]
        return pd.DataFrame(
            {
                "check": rows["check"],
                "at": rows["term"] + ": " + rows["at"],
                "value": rows["value"],
                "verdict": np.where(rows["verdict"].isin(DOUBTFUL), DOUBT, FINE),
                "advice": rows["reading"],
            }
        ).reset_index(drop=True)

    def contour(self, term: str | None = None, *, scale: str | None = None) -> Contour:
        """Lay out a finding over confounders of every strength.

        Parameters
        ----------
        term : str, optional
            Which finding; needed where there are several.
        scale : {"ratio", "variance"}, optional
            Strengths as ratios by which the confounder goes with condition and harm, or as shares of variance that it
            explains; ratios for ratios, shares for differences.

        Returns
        -------
        Contour
            With `.table` and `.plot()`.

        Raises
        ------
        BadParameter
            If the term is not there, or the scale is not one that this finding has.
        """
        effect = _one_of(self._effects, term)
        scale = scale or ("ratio" if effect.is_ratio else "variance")
        if scale == "ratio" and effect.kind in ("rate", "risk", "odds", "hazard") and effect.known:
            shown = (float(effect.shown(number)) for number in (effect.estimate, effect.low, effect.high))
            return ratio_contour(effect, *(as_risk_ratio(number, effect.kind, rare=self._rare) for number in shown))
        if scale == "variance" and not isinstance(self._linear, str):
            mine = self.bounds[self.bounds["term"] == effect.term]
            return variance_contour(effect, self._linear, mine, self._units[effect.term])
        why = self._linear if scale == "variance" else "nobody said what ratio it is the logarithm of"
        raise BadParameter(
            f"{effect.term} has no contour of scale {scale!r}: {why}",
            where="Robustness.contour(scale=)",
            spoiled="The surface would be that of another kind of estimate.",
            todo="Use scale='ratio' for ratios, scale='variance' for regressions; or say kind= to wf.robustness.",
        )

    def plot(self, ax: Any = None, *, term: str | None = None) -> Any:
        """Draw a finding as fitted and as made again: without each level, per other denominators, beside confounders.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        term : str, optional
            Which finding; the first one by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.robustness import again

        effect = self._effects[0] if term is None else _one_of(self._effects, term)
        rows = self.table[(self.table["term"] == effect.term) & self.table["unit"].isin(["ratio", "difference"])]
        return again(
            rows,
            self.refits[self.refits["term"] == effect.term],
            term=effect.term,
            ratio=effect.is_ratio,
            ax=ax,
        )


def _one_of(effects: Sequence[Effect], term: str | None) -> Effect:
    if term is None and len(effects) > 1:
        raise BadParameter(
            f"there are {len(effects)} findings",
            where="Robustness(term=)",
            spoiled="One that nobody chose would be drawn.",
            todo=f"Name one: {', '.join(effect.term for effect in effects)}.",
        )
    return chosen(effects, term)[0]


__all__ = ["Robustness"]
