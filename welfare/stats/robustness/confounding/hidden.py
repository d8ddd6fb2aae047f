"""How strong hidden confounding must be to undo a finding: as ratios, as shares of variance, beside observed terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from welfare.errors import WelfareError
from welfare.stats.robustness.confounding.e_value import e_value
from welfare.stats.robustness.confounding.linear import Linear
from welfare.stats.robustness.confounding.omitted import (
    as_strong_as,
    omitted_variable_bounds,
    partial_r2,
    robustness_value,
)
from welfare.stats.robustness.effect import Effect
from welfare.stats.robustness.tried import (
    CHANGES,
    HOLDS,
    JUDGE,
    NOTHING,
    Tried,
    after,
    reason_of,
    refused,
    scale,
)

_POINT, _BOUND = "estimate", "end of the interval nearest to no difference"
_ABOUT = " Approximate: of the weighted regression in which the fit ends."
BOUNDS = ["term", "benchmark", "times", "r2_condition", "r2_outcome", "estimate", "std_error", "t", "low", "high"]


def e_values(effect: Effect, outcome: str, *, rare: bool) -> list[Tried]:
    """Return the E-value of an estimate, and that of its interval.

    Parameters
    ----------
    effect : Effect
        The finding.
    outcome : str
        What the outcome is called.
    rare : bool
        Whether few have it.
    """
    why = _no_e_value(effect)
    if why:
        return [refused("E-value", at, effect, why) for at in (_POINT, _BOUND)]
    # A difference is read by the standard deviation of its outcome.
    by = effect.spread if effect.kind == "difference" else 1.0
    value, low, high = (effect.shown(number / by) for number in (effect.estimate, effect.low, effect.high))
    found = e_value(float(value), float(low), float(high), kind=effect.kind, rare=rare)
    what = f"{effect.condition} and with {outcome}"
    rows = [
        _row(
            "E-value",
            _POINT,
            effect,
            float(found["point"]),
            f"Something not in the model that goes with {what} by ratios of {found['point']:.3g} each, beyond what is "
            f"held fixed, could explain all of it; weaker on both sides, it could not.{_common(effect, rare)}",
        )
    ]
    if found["bound"] == 1:
        words = f"The interval includes {effect.no_difference} already: no confounder is needed."
        return [*rows, Tried("E-value", _BOUND, effect.term, 1.0, np.nan, np.nan, "E-value", NOTHING, words)]
    words = f"With ratios of {found['bound']:.3g} each it could make the interval include {effect.no_difference}."
    return [*rows, _row("E-value", _BOUND, effect, float(found["bound"]), words)]


def _row(check: str, at: str, effect: Effect, value: float, reading: str) -> Tried:
    unit = "E-value" if check == "E-value" else "share of variance"
    return Tried(check, at, effect.term, value, np.nan, np.nan, unit, JUDGE, reading)


def _no_e_value(effect: Effect) -> str:
    if not effect.known:
        return "the interval is missing, infinite or of no width"
    if effect.is_part:
        return "it is one column of a curve, and no contrast: ask wf.e_value of the ratio between two of its points"
    if ":" in effect.term:
        return "it is how much one effect differs with another, and an E-value is of one effect"
    if not effect.kind:
        return "the result does not say what its estimates are: give kind=, such as 'rate' for logarithms of ratios"
    if effect.kind == "ratio":
        return "the result does not say what its ratio is of: give kind=, 'rate', 'risk', 'odds' or 'hazard'"
    if effect.kind == "difference" and not (np.isfinite(effect.spread) and effect.spread > 0):
        return "a difference needs the standard deviation of the outcome: give sd="
    if not 1e-100 < effect.shown(effect.estimate) < 1e100 and effect.is_ratio:
        return "the ratio is beyond any that a confounder could be compared with"
    return ""


def _common(effect: Effect, rare: bool) -> str:
    if effect.kind == "difference":
        return " Approximate: the difference is read as a ratio of risks, exp(0.91 d), d in standard deviations."
    if rare or effect.kind not in ("odds", "hazard"):
        return ""
    return f" The outcome is taken not to be rare: the ratio of {effect.kind} enters as about one of risks."


def explained_variance(effect: Effect, linear: Linear | str, units: float) -> list[Tried]:
    """Return robustness values and the partial R2 of a finding.

    Parameters
    ----------
    effect : Effect
        The finding, per so many units.
    linear : Linear or str
        The regression it comes from, or why there is none.
    units : float
        Of the condition, that the effect is of.
    """
    names = [("robustness value", "q = 1"), ("robustness value", "q = 1, alpha = 0.05"), ("partial R2", "outcome")]
    if isinstance(linear, str):
        return [refused(check, at, effect, linear) for check, at in names]
    error = linear.error(effect.term) * units
    if not (error > 0 and np.isfinite(error) and linear.degrees >= 2):
        why = "the estimate has no standard error above 0, or no rows are left to judge it by"
        return [refused(check, at, effect, why) for check, at in names]
    numbers = effect.estimate, error, linear.degrees
    whole, share = robustness_value(*numbers), partial_r2(*numbers)
    about = "" if linear.exact else _ABOUT
    left = f"what the other terms leave of {effect.term} and of the outcome"
    first = _row(
        *names[0],
        effect,
        whole,
        f"Confounders that explain less than {_share(whole)} of {left} cannot explain the estimate away.{about}",
    )
    third = _row(
        *names[2],
        effect,
        share,
        f"A confounder that explained all the rest of the outcome would need {_share(share)} of {effect.term} "
        f"to explain the estimate away.{about}",
    )
    if not linear.classical:
        why = "the errors of the fit are not those of a regression of independent rows, and the algebra knows no others"
        return [first, refused(*names[1], effect, why), third]
    by_interval = robustness_value(*numbers, alpha=0.05)
    if by_interval == 0:
        words = f"The interval includes {effect.no_difference} already: no confounder is needed."
        second = Tried(*names[1], effect.term, 0.0, np.nan, np.nan, "share of variance", NOTHING, words)
    else:
        words = f"Below {_share(by_interval)} of {left} they cannot make the interval include {effect.no_difference}."
        second = _row(*names[1], effect, by_interval, words + about)
    return [first, second, third]


def beside_observed(
    effect: Effect,
    linear: Linear | str,
    benchmarks: Mapping[str, Sequence[str]],
    kd: Sequence[float],
    units: float,
) -> tuple[list[Tried], pd.DataFrame]:
    """Return what the estimate would be with a confounder some times as strong as observed terms held fixed too.

    Parameters
    ----------
    effect, linear, units
        As :func:`explained_variance`.
    benchmarks : mapping of str to sequence of str
        Terms that make up each benchmark.
    kd : sequence of float
        How many times as strong.

    Returns
    -------
    list of Tried, DataFrame
        The frame has columns `BOUNDS`.
    """
    rows: list[Tried] = []
    frames: list[pd.DataFrame] = []
    for label, terms in benchmarks.items():
        if effect.term in terms:
            continue
        for times in kd:
            at = f"{times:g} x {label}"
            if isinstance(linear, str):
                rows.append(refused("benchmark", at, effect, linear))
                continue
            try:
                shares = as_strong_as(*linear.shares(effect.term, terms), float(times))
                found = omitted_variable_bounds(
                    effect.estimate,
                    linear.error(effect.term) * units,
                    linear.degrees,
                    r2_condition=shares[0],
                    r2_outcome=shares[1],
                )
            except WelfareError as failure:
                rows.append(refused("benchmark", at, effect, reason_of(failure)))
                continue
            rows.append(_beside(at, effect, linear, found.iloc[0]))
            if not linear.classical:
                found = found.assign(std_error=np.nan, t=np.nan, low=np.nan, high=np.nan)
            frames.append(found.assign(term=effect.term, benchmark=label, times=float(times)))
    bounds = pd.concat(frames, ignore_index=True)[BOUNDS] if frames else pd.DataFrame(columns=BOUNDS)
    return rows, bounds


def _beside(at: str, effect: Effect, linear: Linear, found: pd.Series) -> Tried:
    reading = (
        f"A confounder {at.replace(' x ', ' times as strong as ')} ({_share(found['r2_condition'])} of the condition, "
        f"{_share(found['r2_outcome'])} of the outcome) would leave at worst {effect.told(found['estimate'])}."
    ) + ("" if linear.exact else _ABOUT)
    if linear.classical:
        names = ("estimate", "std_error", "low", "high")
        value, error, low, high = (float(found[name]) for name in names)
        return after("benchmark", at, effect, Effect(effect.term, value, error, low, high, np.nan), reading)
    turned = found["estimate"] * effect.estimate <= 0
    words = " The estimate is undone." if turned else " The estimate stays on its side; no interval: errors are robust."
    value = float(effect.shown(found["estimate"]))
    verdict = CHANGES if turned else HOLDS
    return Tried("benchmark", at, effect.term, value, np.nan, np.nan, scale(effect), verdict, reading + words)


def _share(value: float) -> str:
    return f"{100 * value:.3g}%"


__all__ = ["BOUNDS", "beside_observed", "e_values", "explained_variance"]
