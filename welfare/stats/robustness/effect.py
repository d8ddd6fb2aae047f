"""What a fit of any kind found: estimates with their intervals, and what scale they are on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.stats.count_result import CountModel
from welfare.stats.design.build import Design

INTERCEPTS = ("Intercept", "const", "(Intercept)")
# What results of one number are called here: no name of a condition.
_UNNAMED = ("overall", "pooled", "effect")
# Terms whose columns are learned from the rows stand for something else once rows are gone.
_LEARNED = re.compile(r"\b(bs|cr|cs|cc|poly|scale)\(")
_CHANGES = ("level change", "slope change")


@dataclass(frozen=True)
class Effect:
    """One estimate.

    Attributes
    ----------
    term : str
        What it is of.
    estimate, std_error, low, high : float
        On the scale of the fit: the logarithm of a ratio, or a difference. Missing where the fit has none.
    p_value : float
        As the fit has it, else by the normal.
    kind : str
        "rate", "risk", "odds" or "hazard" for logarithms of such ratios, "ratio" where nobody said of what,
        "difference", or empty where nothing is known.
    spread : float
        Standard deviation of the outcome, to read a difference by; missing if unknown.
    """

    term: str
    estimate: float
    std_error: float
    low: float
    high: float
    p_value: float
    kind: str = ""
    spread: float = np.nan

    @property
    def is_ratio(self) -> bool:
        """Whether it is the logarithm of a ratio."""
        return self.kind not in ("", "difference")

    @property
    def condition(self) -> str:
        """What it is the effect of, as a sentence names it."""
        return "the condition" if self.term in _UNNAMED else "the change" if self.term in _CHANGES else self.term

    @property
    def known(self) -> bool:
        """Whether it has an estimate and an interval of some width around it, all finite."""
        finite = bool(np.isfinite([self.estimate, self.low, self.high]).all())
        return finite and self.low <= self.estimate <= self.high and self.low < self.high

    @property
    def is_learned(self) -> bool:
        """Whether its column is learned from the rows: of a spline, or scaled."""
        return bool(_LEARNED.search(self.term))

    @property
    def is_part(self) -> bool:
        """Whether it is one of the columns of a curve, which by itself is no comparison."""
        return self.is_learned and not self.term.startswith("scale(")

    @property
    def side(self) -> int:
        """1 where the interval lies above no difference, -1 below, 0 where it includes it."""
        return int(self.low > 0) - int(self.high < 0)

    def shown(self, value: Any) -> Any:
        """Return numbers of its scale as readers see them: ratios for logarithms of ratios."""
        with np.errstate(over="ignore"):
            return np.exp(value) if self.is_ratio else value

    @property
    def no_difference(self) -> str:
        """The value of no difference, as readers see it."""
        return "1" if self.is_ratio else "0"

    def words(self) -> str:
        """Return the estimate with its interval as readers see them."""
        return f"{self.told(self.estimate)} ({self.told(self.low)} to {self.told(self.high)})"

    def told(self, value: float) -> str:
        """Return a number of its scale in digits as readers see it: about 1 a ratio needs more of them."""
        shown = float(self.shown(value))
        return f"{shown:.3f}" if self.is_ratio and 0.5 < shown < 2 else f"{shown:.3g}"

    def per(self, units: float) -> Effect:
        """Return the effect of so many units of a condition that is a number."""
        low, high = sorted((self.low * units, self.high * units))
        error = self.std_error * abs(units)
        return replace(self, estimate=self.estimate * units, std_error=error, low=low, high=high)

    def row(self) -> dict[str, Any]:
        """Return it as a row of a table of effects."""
        numbers = {"estimate": self.estimate, "std_error": self.std_error, "low": self.low, "high": self.high}
        names = ("estimate", "low", "high")
        ratios = [self.shown(numbers[name]) if self.is_ratio else np.nan for name in names]
        shown = dict(zip(("ratio", "ratio_low", "ratio_high"), ratios, strict=True))
        return {"term": self.term, **numbers, **shown, "p_value": self.p_value}


def effects_of(fit: Any, *, kind: str | None = None, sd: float | None = None) -> list[Effect]:
    """Return the estimates of a fit, intercepts left out.

    Parameters
    ----------
    fit : CountModel, result with a table of effects, pooled result, event study, statsmodels linear result or Series
        What was fitted; a Series holds estimate, std_error, low and high.
    kind : str, optional
        What the estimates are, where the fit does not say or says otherwise.
    sd : float, optional
        Standard deviation of the outcome, for differences.

    Raises
    ------
    BadParameter
        If the fit is none of these, or holds an intercept alone.
    """
    table, assumed, spread = _read(fit)
    _refuse_other_than_numbers(table)
    found = effects_in(table, assumed if kind is None else kind, spread if sd is None else _spread(sd))
    if not found:
        raise BadParameter(
            "the fit holds no term but an intercept",
            where="robustness(fit=)",
            spoiled="There is no finding whose robustness could be asked about.",
            todo="Fit a model with a condition.",
        )
    return found


def effects_in(table: pd.DataFrame, kind: str = "", spread: float = np.nan) -> list[Effect]:
    """Return the rows of a table of effects, intercepts left out.

    Parameters
    ----------
    table : DataFrame
        Columns term, estimate, and what there is of std_error, low, high, p_value.
    kind, spread
        As :class:`Effect`.
    """
    return [
        Effect(
            str(row["term"]),
            **{name: _number(row.get(name)) for name in ("estimate", "std_error", "low", "high")},
            p_value=_p_value(row),
            kind=kind,
            spread=spread,
        )
        for row in table.to_dict("records")
        if row["term"] not in INTERCEPTS
    ]


def chosen(effects: Sequence[Effect], term: str | Iterable[str] | None) -> list[Effect]:
    """Return the effects that were asked about, all by default.

    Parameters
    ----------
    effects : sequence of Effect
    term : str or iterable of str, optional

    Raises
    ------
    BadParameter
        If one is the intercept, or not there.
    """
    if term is None:
        return list(effects)
    wanted = list(dict.fromkeys([term] if isinstance(term, str) or not isinstance(term, Iterable) else term))
    by_term = {effect.term: effect for effect in effects}
    absent = [name for name in wanted if name not in by_term]
    if absent or not wanted:
        intercept = [name for name in absent if name in INTERCEPTS]
        raise BadParameter(
            f"{intercept[0]} is an overall level, and no comparison"
            if intercept
            else f"the fit has no term {', '.join(map(repr, absent))}"
            if absent
            else "no term was named",
            where="robustness(term=)",
            spoiled="Something else than the finding in question would be examined.",
            todo=f"Terms it has: {', '.join(by_term)}.",
        )
    return [by_term[name] for name in wanted]


def design_of(fit: Any) -> Design | None:
    """Return the rows and columns of a model of counts or of hazards; None of other fits."""
    found = getattr(fit, "_found", fit)
    design = getattr(getattr(found, "model", found), "design", None)
    return design if isinstance(design, Design) else None


def is_linear(fit: Any) -> bool:
    """Say whether this is a linear regression of statsmodels."""
    if not hasattr(getattr(fit, "model", None), "wexog"):
        return False
    # To look whether they are there works them out; of as many estimates as rows there are no errors.
    with np.errstate(divide="ignore", invalid="ignore"):
        return all(hasattr(fit, name) for name in ("params", "bse", "df_resid", "normalized_cov_params", "ssr"))


def _read(fit: Any) -> tuple[pd.DataFrame, str, float]:
    """Return the table of effects, what its estimates are, and the standard deviation of the outcome."""
    if isinstance(fit, CountModel):
        return fit.table, "odds" if fit.family == "fractional" else "rate", np.nan
    if is_linear(fit):
        return _linear_table(fit), "difference", _residual_spread(fit)
    if callable(getattr(fit, "overall", None)):
        average = fit.overall("simple")
        return _one(average, "overall"), _kind_of(average, getattr(fit, "family", "")), np.nan
    table = getattr(fit, "table", None)
    if isinstance(table, pd.DataFrame) and {"term", "estimate", "low", "high"} <= set(table.columns):
        return _of_table(fit, table)
    if isinstance(fit, pd.Series) and "estimate" in fit:
        return _one(fit, str(fit.name or "effect")), _kind_of(fit), np.nan
    if not isinstance(fit, pd.DataFrame) and all(hasattr(fit, name) for name in ("estimate", "low", "high")):
        names = ("estimate", "std_error", "low", "high", "p_value")
        known = "" if getattr(fit, "ratio", None) is None else "ratio"
        return _one({name: getattr(fit, name, np.nan) for name in names}, "pooled"), known, np.nan
    raise BadParameter(
        f"this is no fit whose estimates can be read ({type(fit).__name__})",
        where="robustness(fit=)",
        spoiled="Numbers of unknown meaning would be judged.",
        todo="Give a result of wf.count_model, wf.duration, wf.pool, wf.event_study or wf.interrupted_series, a linear "
        "fit of statsmodels, or a Series with estimate, std_error, low and high. Of a ratio between two rates, or two "
        "points of a curve, ask wf.e_value(ratio, low, high).",
    )


def _kind_of(average: pd.Series, family: str = "") -> str:
    """Return what an event study's average is: of counts it holds the ratio of rates too."""
    if pd.notna(average.get("ratio")):
        return "rate"
    return "difference" if family == "gaussian" else ""


def _of_table(fit: Any, table: pd.DataFrame) -> tuple[pd.DataFrame, str, float]:
    """Read a table of effects; of a series that is interrupted the changes are findings, trend and season are not."""
    from welfare.stats.duration.cox.hazard_result import DurationModel
    from welfare.stats.interrupted import InterruptedSeries

    if isinstance(fit, InterruptedSeries):
        changes = table[table["term"].isin(_CHANGES)]
        return changes, "rate" if "ratio" in table else "difference", np.nan
    if isinstance(fit, DurationModel):
        return table, "hazard", np.nan
    return table, "ratio" if "ratio" in table else "", np.nan


def _residual_spread(fit: Any) -> float:
    """Return the standard deviation of the residuals, of weighted rows that at their average weight."""
    residuals, weights = np.asarray(fit.resid), getattr(fit.model, "weights", 1.0)
    weights = np.broadcast_to(np.asarray(weights, dtype=float), residuals.shape)
    squares = np.average(residuals**2, weights=weights) * len(residuals)
    return float(np.sqrt(squares / fit.df_resid)) if fit.df_resid > 0 else np.nan


def _spread(sd: Any) -> float:
    try:
        number = float(sd)
    except (TypeError, ValueError):
        number = np.nan
    if not (np.isfinite(number) and number > 0):
        raise BadParameter(
            f"sd={sd!r} is no number above 0",
            where="robustness(sd=)",
            spoiled="A difference would be read by no spread of anything.",
            todo="Give the standard deviation of the outcome, in its own unit.",
        )
    return number


def _refuse_other_than_numbers(table: pd.DataFrame) -> None:
    for name in ("estimate", "std_error", "low", "high", "p_value"):
        values = table[name] if name in table else pd.Series(dtype=float)
        wrong = values[pd.to_numeric(values, errors="coerce").isna() & values.notna()]
        if len(wrong):
            raise BadParameter(
                f"{name} is {wrong.iloc[0]!r}",
                where="robustness(fit=)",
                spoiled="What was found would be unknown.",
                todo="Give numbers, missing where there is none.",
            )


def _one(values: Any, term: str) -> pd.DataFrame:
    names = ("estimate", "std_error", "low", "high", "p_value")
    return pd.DataFrame([{"term": term, **{name: values[name] for name in names if name in values}}])


def _linear_table(fit: Any) -> pd.DataFrame:
    with np.errstate(divide="ignore", invalid="ignore"):
        limits = np.asarray(fit.conf_int())
        columns = {"estimate": fit.params, "std_error": fit.bse, "low": limits[:, 0], "high": limits[:, 1]}
        columns["p_value"] = fit.pvalues
    table = pd.DataFrame({name: np.asarray(column, dtype=float) for name, column in columns.items()})
    return table.assign(term=list(fit.model.exog_names))


def _number(value: Any) -> float:
    return np.nan if pd.isna(value) else float(value)


def _p_value(row: Mapping[Any, Any]) -> float:
    from scipy.special import ndtr

    if pd.notna(row.get("p_value")):
        return float(row["p_value"])
    estimate, error = (_number(row.get(name)) for name in ("estimate", "std_error"))
    return float(2 * ndtr(-abs(estimate / error))) if error > 0 else np.nan


__all__ = ["INTERCEPTS", "Effect", "chosen", "design_of", "effects_in", "effects_of", "is_linear"]
