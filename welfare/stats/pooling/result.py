"""A pooled effect: its numbers, words and checks, and what happens to it when a study is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import Result
from welfare.stats.pooling.checks import check_pool
from welfare.stats.pooling.estimating.fit import Fit, Rule, Studies, fit
from welfare.stats.pooling.estimating.regression import Regression
from welfare.stats.pooling.leaning.asymmetry import Asymmetry, egger, rank_test
from welfare.stats.pooling.leaning.influence import cumulative, leave_one_out
from welfare.stats.pooling.leaning.trim_and_fill import trim_and_fill
from welfare.stats.pooling.numbers_told import with_ratios


@dataclass(frozen=True, repr=False, kw_only=True)
class Pooled(Result):
    """Effects of several studies together; see :func:`pool`.

    Attributes
    ----------
    table : DataFrame
        One row per effect: study (its label), effect, std_error, low, high (its own interval, by the normal), weight
        (share of 1); ratio, ratio_low, ratio_high where effects are logarithms.
    estimate, std_error, low, high, p_value : float
        The pooled effect, its standard error, interval, and the p-value of there being none; on the scale of the
        effects, so logarithms where those are.
    tau2, tau2_low, tau2_high : float
        Variance of true effects between studies, and its interval by the Q profile (whatever the method).
    i2, h2 : float
        Share of the variation that is between studies (%); total variation over that within them.
    q, q_p : float
        Cochran's Q and its tail probability.
    prediction_low, prediction_high : float
        Where the true effect of a further study would lie; missing with ``method="fixed"`` or too few studies.
    ratio, ratio_low, ratio_high : float or None
        exp of estimate, low, high where effects are logarithms; else None.
    degrees : float
        Degrees of freedom of Student's t in the interval; infinite for the normal.
    factor : float
        By which Hartung and Knapp's method multiplied the variance of the pooled effect; 1 where it was not used.
    studies : int
        How many studies there are; fewer than rows where `study` says that several are of one.
    method, ci : str
        As fitted.
    level : float
        Coverage.
    moderators : DataFrame or None
        Table of the meta-regression: term, estimate, std_error, low, high, p_value; None without moderators.
    regression : Regression or None
        The same with its text, variance left, and tests.
    """

    estimate: float
    std_error: float
    low: float
    high: float
    p_value: float
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    h2: float
    q: float
    q_p: float
    prediction_low: float
    prediction_high: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    degrees: float
    factor: float
    studies: int
    method: str
    ci: str
    level: float
    moderators: pd.DataFrame | None
    regression: Regression | None
    _arrays: Studies = field(repr=False)
    _fit: Fit = field(repr=False)
    _names: list[str] = field(repr=False)
    _quantity: str = field(repr=False)

    @property
    def _rule(self) -> Rule:
        return Rule(self.method, self.ci, self.level)

    def leave_one_out(self) -> pd.DataFrame:
        """Pool again without each study in turn, all its effects at once.

        Returns
        -------
        DataFrame
            One row per study: left_out, estimate, std_error, low, high, tau2, i2; ratio, ratio_low, ratio_high where
            effects are logarithms.

        Raises
        ------
        NotEstimable
            With two studies.
        """
        return leave_one_out(self._arrays, self._names, self._rule, ratio=self.ratio is not None)

    def cumulative(self, order: Sequence[Any] | None = None) -> pd.DataFrame:
        """Pool the first two studies, then the first three, and so on: how the finding came about.

        Parameters
        ----------
        order : sequence of one value per effect, optional
            To sort by, such as the year; the order of the input by default.

        Returns
        -------
        DataFrame
            One row per step: added, studies, estimate, std_error, low, high, tau2, i2; and ratios as above.

        Raises
        ------
        BadParameter
            If `order` is not one value per effect, or one is missing.

        Notes
        -----
        Looking again after each study finds more by chance than one look at 95% would.
        """
        first = np.unique(self._arrays.groups, return_index=True)[1]
        if order is not None and (len(order) != len(self.table) or bool(pd.isna(pd.Series(list(order))).any())):
            raise BadParameter(
                f"order is not one value for each of the {len(self.table)} effects pooled",
                where="Pooled.cumulative(order=)",
                spoiled="Studies would be added out of turn.",
                todo="Give as many values as .table has rows.",
            )
        keys = np.arange(len(self.table)) if order is None else pd.Series(list(order)).rank(method="first").to_numpy()
        steps = np.argsort(keys[first], kind="stable")
        return cumulative(self._arrays, self._names, steps, self._rule, ratio=self.ratio is not None)

    def egger(self, *, model: str = "classical") -> Asymmetry:
        """Test whether effects lean with their standard errors, as they do where unwelcome results stay unpublished.

        Parameters
        ----------
        model : {"classical", "random"}
            Egger's own weighted regression, its spread estimated; or with a variance between studies, as pooled.

        Returns
        -------
        Asymmetry
            `.table` has one row: bias, std_error, low, high, statistic, degrees, p_value, limit, limit_low, limit_high.

        Raises
        ------
        NotEstimable
            With fewer than three studies, or where all have the same standard error.
        BadParameter
            If `model` is neither.

        Notes
        -----
        With fewer than ten studies it finds little. Logarithms of ratios from small counts lean of themselves.

        References
        ----------
        Egger M, et al. BMJ 1997; 315: 629-634. Sterne JAC, et al. BMJ 2011; 343: d4002.
        """
        rules = {"classical": Rule("fixed", "hksj", self.level), "random": self._rule}
        if model not in rules:
            raise BadParameter(
                f"no model is called {model!r}", where="Pooled.egger(model=)", todo=f"Use {', '.join(rules)}."
            )
        return egger(self._arrays, rules[model], ratio=self.ratio is not None)

    def begg(self) -> Asymmetry:
        """Test the same by ranks (Kendall's tau of effects and variances); weaker than :meth:`egger`.

        Returns
        -------
        Asymmetry
            `.table` has one row: tau, p_value.

        Raises
        ------
        NotEstimable
            With fewer than three studies, or where all are alike.

        References
        ----------
        Begg CB, Mazumdar M. Biometrics 1994; 50: 1088-1101.
        """
        pooled = fit(self._arrays, replace(self._rule, method="fixed", ci="normal")).estimate
        return rank_test(self._arrays, pooled)

    def trim_and_fill(self) -> pd.DataFrame:
        """Add the studies that a symmetric funnel would hold, and pool again.

        Returns
        -------
        DataFrame
            Rows "as found" and "filled": what, added, side ("left" or "right"), estimate, std_error, low, high, tau2,
            i2; ratios where effects are logarithms. Effects of one study are taken as independent.

        Raises
        ------
        NotEstimable
            As :meth:`egger`.

        Notes
        -----
        It supposes that asymmetry comes from unpublished studies alone. With studies that truly differ it adds some
        where none are missing; it shows how far a finding could move, not what the truth is.

        References
        ----------
        Duval S, Tweedie R. Biometrics 2000; 56: 455-463 (their estimator L0).
        """
        self.egger()  # refuses what a funnel cannot be judged on
        rule = replace(self._rule, ci="hksj") if self.ci == "robust" else self._rule
        found = trim_and_fill(self._arrays, rule)
        rows = [
            {"what": "as found", "added": 0, "side": found.side} | _numbers(fit(self._arrays, rule)),
            {"what": "filled", "added": found.added, "side": found.side} | _numbers(found.fit),
        ]
        return with_ratios(pd.DataFrame(rows), self.ratio is not None)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead.

        Few studies, unlike effects, a study that decides, one that carries most weight, a standard error far from the
        others, small studies that lean, a Hartung-Knapp factor below 1, labels in more than one row, or too few degrees
        of freedom.

        Returns
        -------
        DataFrame
            One row per check; columns check, at (study it is about, or empty), value, verdict ("in order" or "look
            closer"), advice. Some checks ask for a closer look by chance.
        """
        left = self.leave_one_out() if len(self._names) > 2 else None
        return check_pool(self._arrays, self.table["study"], self._fit, self._rule, left)

    def plot(self, ax: Any = None) -> Any:
        """Draw each effect with its interval and weight, the pooled effect, and where a further study would lie.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.pooled import pooled_forest

        pooled = (self.estimate, self.low, self.high)
        return pooled_forest(
            self.table,
            pooled=pooled,
            prediction=(self.prediction_low, self.prediction_high),
            level=self.level,
            ratio=self.ratio is not None,
            quantity=self._quantity,
            ax=ax,
        )

    def funnel(self, ax: Any = None) -> Any:
        """Draw effects against their standard errors: without bias, points fill the funnel evenly.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.pooled import pooled_funnel

        return pooled_funnel(
            self.table,
            estimate=self.estimate,
            tau2=self.tau2,
            ratio=self.ratio is not None,
            quantity=self._quantity,
            ax=ax,
        )


def _numbers(found: Fit) -> dict[str, float]:
    low, high = found.ends()
    error = float(found.std_errors[0])
    return {
        "estimate": found.estimate,
        "std_error": error,
        "low": low,
        "high": high,
        "tau2": found.tau2,
        "i2": found.i2,
    }


__all__ = ["Pooled"]
