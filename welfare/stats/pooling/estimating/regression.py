"""What differences between studies go with: effects against moderators, studies differing beyond them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.schema.results import Result, no_rows_dropped
from welfare.stats.pooling.estimating.fit import INTERVALS, Fit, Rule, Studies, fit, p_values
from welfare.stats.pooling.numbers_told import told, told_range, with_ratios

_IN_TEXT = 5


@dataclass(frozen=True, repr=False, kw_only=True)
class Regression(Result):
    """Effects of studies against what the studies differ in.

    Attributes
    ----------
    table : DataFrame
        One row per coefficient: term, estimate, std_error, low, high, p_value; ratio, ratio_low, ratio_high where
        effects are logarithms. Intercept is the effect where every moderator is 0, or at its first level.
    tau2, i2 : float
        Variance between studies that the moderators leave; its share of the variation left (%).
    r2 : float
        Share of the variance between studies that went (%); missing where there was none.
    qm, qm_p : float
        Test of all moderators together: F, chi-squared with ``ci="normal"``; missing for several moderators with
        cluster-robust errors, where neither holds.
    qe, qe_p : float
        Test of what they leave: Cochran's Q of the residuals.
    degrees : float
        Degrees of freedom of Student's t; infinite for the normal; the fewest, where they differ by term.
    """

    tau2: float
    i2: float
    r2: float
    qm: float
    qm_p: float
    qe: float
    qe_p: float
    degrees: float


def regress(studies: Studies, terms: list[str], rule: Rule, without: Fit, *, ratio: bool) -> Regression:
    """Regress effects on moderators.

    Parameters
    ----------
    studies : Studies
        With the columns of the moderators.
    terms : list of str
        Their names, without the ones.
    rule : Rule
        As for the pool.
    without : Fit
        The pool: the same effects without moderators.
    ratio : bool
        Whether effects are logarithms of ratios.
    """
    found = fit(studies, rule)
    table = pd.DataFrame(
        {
            "term": ["Intercept", *terms],
            "estimate": found.beta,
            "std_error": found.std_errors,
            "low": found.beta - found.half,
            "high": found.beta + found.half,
            "p_value": p_values(found),
        }
    )
    table = with_ratios(table, ratio)
    qm, qm_p = _together(found, rule)
    r2 = 100 * max(0.0, 1 - found.tau2 / without.tau2) if without.tau2 > 0 else np.nan
    return Regression(
        table=table,
        text=_text(table, found, r2, qm_p, _many(studies), ratio),
        dropped=no_rows_dropped(),
        notes=_notes(found, rule, len(studies.y), len(terms)),
        tau2=found.tau2,
        i2=found.i2,
        r2=r2,
        qm=qm,
        qm_p=qm_p,
        qe=found.q,
        qe_p=found.q_p,
        degrees=float(found.degrees.min()),
    )


def _together(found: Fit, rule: Rule) -> tuple[float, float]:
    """Test all coefficients but the first together."""
    from scipy.special import chdtrc, fdtrc

    terms = len(found.beta) - 1
    if rule.ci == "robust" and terms > 1:
        return np.nan, np.nan
    wald = float(found.beta[1:] @ np.linalg.solve(found.covariance[1:, 1:], found.beta[1:]))
    if rule.ci == "normal":
        return wald, float(chdtrc(terms, wald))
    return wald / terms, float(fdtrc(terms, found.degrees[1], wald / terms))


def _many(studies: Studies) -> str:
    rows, groups = len(studies.y), len(np.unique(studies.groups))
    return f"Effects of {groups:,} studies" if rows == groups else f"{rows:,} effects of {groups:,} studies"


def _text(table: pd.DataFrame, found: Fit, r2: float, qm_p: float, many: str, ratio: bool) -> str:
    shown = table.iloc[1 : 1 + _IN_TEXT]
    kind, same = ("ratio", 1) if ratio else ("difference", 0)
    said = "; ".join(
        f"{row['term']}: {kind} {told(row['estimate'], ratio)} ({told_range(row['low'], row['high'], ratio)})"
        + (f", which includes {same}" if row["low"] <= 0 <= row["high"] else "")
        for _, row in shown.iterrows()
    )
    rest = f" The table holds {len(table) - 1 - _IN_TEXT} more." if len(table) - 1 > _IN_TEXT else ""
    explained = "" if np.isnan(r2) else f" About {r2:.0f}% of the variance between studies goes with them;"
    explained += f" a standard deviation of {np.sqrt(found.tau2):.3g} is left." if explained else ""
    test = "" if np.isnan(qm_p) else f" Together: p = {qm_p:.2g}."
    return (
        f"{many} against what they differ in, per unit or against the first level, the other "
        f"moderators held fixed: {said}.{rest}{test}{explained} Moderators are compared between studies, which differ "
        "in other respects too, and what holds between studies need not hold between animals within one."
    )


def _notes(found: Fit, rule: Rule, rows: int, terms: int) -> tuple[str, ...]:
    notes = [f"Intervals and p-values: {INTERVALS[rule.ci]}."]
    if rows < 10 * terms:
        notes.append(f"{rows} effects for {terms} coefficients are fewer than ten each: such findings seldom hold up.")
    if found.alike:
        notes.append("The moderators meet the effects exactly: errors are those of the studies alone.")
    elif rule.ci == "hksj" and found.factor < 1 - 1e-9:
        notes.append(f"The variance of the coefficients was multiplied by {found.factor:.3g}, which is below 1.")
    return tuple(notes)


__all__ = ["Regression", "regress"]
