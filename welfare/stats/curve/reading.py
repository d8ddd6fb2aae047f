"""What a fitted curve says: its bands, tests, checks and words, and the events attributable to the condition."""

from __future__ import annotations

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import count_reasons
from welfare.stats.curve.asked import Asked
from welfare.stats.curve.fitted import Fitted
from welfare.stats.diagnostics import DOUBT, FINE
from welfare.stats.doubt.reach import reach_of
from welfare.stats.effects import AttributableEvents, told
from welfare.stats.inputs import dropped_rows
from welfare.stats.question import FAMILIES
from welfare.stats.splines.attributable import attributable, forward_counts
from welfare.stats.splines.bands import simultaneous_factor

_FEW_ROWS, _SPREAD = 20, 1.5


def contrasts(asked: Asked, at: np.ndarray, reference: float) -> np.ndarray:
    """Return the curve's columns at values of the condition, less those at the reference; shape (g, v)."""
    return np.asarray(asked.basis(at) - asked.basis(np.array([reference])))


def bands(asked: Asked, fitted: Fitted, at: np.ndarray, reference: float, seed: int) -> pd.DataFrame:
    """Return the ratios at values of the condition with both bands.

    Parameters
    ----------
    asked : Asked
    fitted : Fitted
    at : array, shape (g,)
    reference : float
    seed : int

    Returns
    -------
    DataFrame
        at, ratio, low, high, low_simultaneous, high_simultaneous. The simultaneous factor is that of the whole range of
        the rows used, whatever values are asked for.
    """
    rows = contrasts(asked, at, reference)
    design = fitted.design
    values = design.source[asked.condition].to_numpy(dtype=float)[design.places]
    whole = contrasts(asked, np.linspace(values.min(), values.max(), 60), reference)
    wide = simultaneous_factor(whole, fitted.covariance, seed=seed, degrees=fitted.degrees)
    narrow = reach_of(fitted.degrees)
    middle = rows @ fitted.coefficients
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, fitted.covariance, rows), 0.0))
    return pd.DataFrame(
        {
            "at": at,
            "ratio": np.exp(middle),
            "low": np.exp(middle - narrow * error),
            "high": np.exp(middle + narrow * error),
            "low_simultaneous": np.exp(middle - wide * error),
            "high_simultaneous": np.exp(middle + wide * error),
        }
    )


def nonlinearity(asked: Asked, fitted: Fitted) -> tuple[float, float]:
    """Return the p-values of Wald's tests that the curve is straight, and that it is flat.

    Parameters
    ----------
    asked : Asked
    fitted : Fitted

    Returns
    -------
    nonlinearity, association : float
        The first is NaN for a straight line and for a penalised curve. With clusters they refer to the F distribution
        with G - 1 degrees of freedom.
    """
    if asked.kind == "penalised":
        return np.nan, wald(fitted.coefficients, fitted.covariance, fitted.degrees)
    straight = slice(1, None)  # Harrell's first column is the condition itself
    bent = fitted.coefficients[straight]
    nonlinear = wald(bent, fitted.covariance[straight, straight], fitted.degrees) if len(bent) else np.nan
    return nonlinear, wald(fitted.coefficients, fitted.covariance, fitted.degrees)


def wald(estimates: np.ndarray, covariance: np.ndarray, degrees: float) -> float:
    """Return the p-value of the test that all of several estimates are 0.

    Parameters
    ----------
    estimates : array, shape (v,)
    covariance : array, shape (v, v)
    degrees : float
        Of the denominator; infinite for chi-squared.
    """
    from scipy.special import chdtrc, fdtrc

    many = len(estimates)
    statistic = float(estimates @ np.linalg.solve(covariance, estimates))
    return float(chdtrc(many, statistic) if np.isinf(degrees) else fdtrc(many, degrees, statistic / many))


def attributable_to(asked: Asked, fitted: Fitted, reference: float, draws: int, seed: int) -> AttributableEvents:
    """Count the events attributable to the condition; see :meth:`welfare.stats.curves.Curve.attributable`."""
    if asked.question.family == "fractional":
        raise BadParameter(
            "the ratios of shares are of odds",
            where="Curve.attributable",
            spoiled="Ratios of odds overstate how many events are attributable.",
            todo="Use counts with an exposure and family='poisson'.",
        )
    design = fitted.design
    values = design.source[asked.condition].to_numpy(dtype=float)[design.places]
    counts = design.counts
    if asked.lags:
        counts = forward_counts(counts, asked.units[design.places], asked.periods[design.places], asked.lags)
    known = ~np.isnan(counts)
    part = attributable(
        contrasts(asked, values, reference)[known],
        fitted.coefficients,
        fitted.covariance,
        counts[known],
        draws=draws,
        seed=seed,
    )
    labels = design.terms.index
    reasons = np.full(len(labels), None, dtype=object)
    reasons[~known] = "later periods are not recorded"
    return told(
        part, asked.outcome, asked.condition, f"{reference:g}", labels[known], draws, dropped_rows(labels, reasons)
    )


def checks(asked: Asked, fitted: Fitted) -> pd.DataFrame:
    """Return what to look at in the curve itself, beside the checks of its model."""
    design = fitted.design
    values = design.source[asked.condition].to_numpy(dtype=float)[design.places]
    low, high = (asked.knots[0], asked.knots[-1]) if asked.kind == "rcs" else np.quantile(values, [0.05, 0.95])
    fewest = int(min((values <= low).sum(), (values >= high).sum()))
    doubtful = fewest < _FEW_ROWS
    advice = (
        f"Beyond {low:.4g} and {high:.4g} the curve is a straight line that only {fewest} rows on one side speak for: "
        "read it between them."
        if doubtful
        else f"At least {fewest} rows lie at either end of the curve."
    )
    found = [("rows at the ends", "", float(fewest), DOUBT if doubtful else FINE, advice)]
    if fitted.penalised is not None and asked.question.family == "poisson":
        found.append(_smoothness(fitted.found.dispersion))
    return pd.DataFrame(found, columns=["check", "at", "value", "verdict", "advice"])


def _smoothness(dispersion: float) -> tuple[str, str, float, str, str]:
    doubtful = dispersion > _SPREAD
    advice = (
        f"The smoothness is chosen as if counts varied as Poisson ones, and they vary {dispersion:.1f} times as much: "
        "the curve may follow chance. Use family='quasipoisson' or 'negative_binomial'."
        if doubtful
        else "The counts vary about as much as the choice of smoothness takes them to."
    )
    return "smoothness", "", dispersion, DOUBT if doubtful else FINE, advice


def curve_text(asked: Asked, fitted: Fitted, values: np.ndarray, reference: float, nonlinear: float) -> str:
    """Write what a court could read: the ratio at the edges of most rows, what is held fixed, what it cannot show."""
    low, high = np.quantile(values, [0.1, 0.9])
    table = bands(asked, fitted, np.array([low, high]), reference, 0)
    held = [term for term in _terms(asked) if term]
    fixed = f", with {', '.join(held)} held fixed" if held else ""
    what = "odds" if asked.question.family == "fractional" else "rate"
    said = [
        f"at {asked.condition} {row['at']:.4g} the {what} of {asked.outcome} is {row['ratio']:.3g} times that at "
        f"{reference:.4g} (95% interval {row['low']:.3g} to {row['high']:.3g})"
        for _, row in table.iterrows()
        if abs(row["at"] - reference) > 1e-9 * max(abs(reference), 1.0)
    ]
    found = fitted.found
    grouping = f" in {found.clusters:,} clusters" if found.clusters else ""
    dropped = "" if found.design.dropped.empty else f" Left out: {count_reasons(found.design.dropped)}."
    shape = "" if np.isnan(nonlinear) else f" Test of a straight line: p = {nonlinear:.2g}."
    first = "; ".join(said)
    return (
        f"{FAMILIES[asked.question.family]} model, {len(values):,} rows{grouping}, {found.design.counts.sum():,.6g} "
        f"{asked.outcome}: {first}{fixed}.{dropped}{shape} This is an association in what was recorded, between "
        f"{values.min():.4g} and {values.max():.4g} of {asked.condition}: whatever else moves with it and is not held "
        "fixed may explain it."
    )


def _terms(asked: Asked) -> list[str]:
    right = asked.question.formula.split("~", 1)[1]
    terms, _, effects = right.partition("|")
    own = {asked.condition, *asked.names}
    adjusted = [term.strip() for term in terms.split(" + ") if term.strip() not in own]
    return [*adjusted, *(f"each {effect.strip()}" for effect in effects.split("+") if effect.strip())]


def notes(asked: Asked, fitted: Fitted, chosen_here: bool, reference: float) -> tuple[str, ...]:
    """Say how the curve was made."""
    kinds = {
        "rcs": f"Restricted cubic spline, knots at {', '.join(f'{knot:.4g}' for knot in asked.knots)}; a straight line "
        "beyond the outer ones.",
        "linear": "A straight line on the log scale.",
        "penalised": f"Cubic regression spline of {len(asked.knots)} knots, smoothness by restricted maximum "
        "likelihood.",
    }
    found = [kinds[asked.kind]]
    if chosen_here:
        found.append(f"The reference, {reference:.4g}, is the median of the rows used.")
    if asked.lags:
        found.append(f"Ratios are sums over the condition now and in {asked.lags} periods before.")
    if fitted.penalised is not None:
        found.append(
            "Errors of the curve take their size from the data, with an allowance for the bias of smoothing (Wood's Vp "
            "less Ve); they do not count that the smoothness was chosen."
        )
    return tuple(found)
