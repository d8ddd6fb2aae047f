"""Whether small studies give other effects than large ones, as they do where unwelcome results stay unpublished."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.schema.results import Result, no_rows_dropped
from welfare.stats.pooling.estimating.fit import Fit, Rule, Studies, fit, p_values
from welfare.stats.pooling.numbers_told import told, told_range

FEW = 10
_FEWEST = 3


@dataclass(frozen=True, repr=False, kw_only=True)
class Asymmetry(Result):
    """A test of whether effects lean with their standard errors.

    Attributes
    ----------
    table : DataFrame
        One row: bias, std_error, low, high (change of the effect per unit of standard error), statistic, degrees,
        p_value, and limit, limit_low, limit_high (effect where the standard error would be 0); for the rank test
        tau and p_value alone.
    p_value : float
        Of there being no asymmetry.
    """

    p_value: float


def egger(studies: Studies, rule: Rule, *, ratio: bool) -> Asymmetry:
    """Regress effects on their standard errors.

    Parameters
    ----------
    studies : Studies
    rule : Rule
        Method "fixed" with "hksj" errors is Egger's own regression; another lets studies differ beyond it.
    ratio : bool
        Whether effects are logarithms of ratios.

    Raises
    ------
    NotEstimable
        With fewer than three studies, or where all have the same standard error.
    """
    errors = np.sqrt(studies.v)
    _refuse_unfit(errors, len(np.unique(studies.groups)))
    columns = np.column_stack([np.ones_like(errors), errors])
    found = fit(Studies(studies.y, studies.v, columns, studies.groups), rule)
    low, high = found.beta - found.half, found.beta + found.half
    p_value = float(p_values(found)[1])
    row = {
        "bias": found.beta[1],
        "std_error": found.std_errors[1],
        "low": low[1],
        "high": high[1],
        "statistic": found.beta[1] / found.std_errors[1],
        "degrees": found.degrees[1],
        "p_value": p_value,
        "limit": found.beta[0],
        "limit_low": low[0],
        "limit_high": high[0],
    }
    groups = len(np.unique(studies.groups))
    limit = f"{told(found.beta[0], ratio)} ({told_range(low[0], high[0], ratio)})"
    return Asymmetry(
        table=pd.DataFrame([row]),
        text=_text(p_value, groups, f"A study without sampling error would be expected at {limit}."),
        dropped=no_rows_dropped(),
        notes=(*_notes(groups, found), *_dependent(studies, rule)),
        p_value=p_value,
    )


def rank_test(studies: Studies, pooled: float) -> Asymmetry:
    """Correlate the ranks of effects with those of their variances.

    Parameters
    ----------
    studies : Studies
    pooled : float
        Their mean by inverse variances.

    Raises
    ------
    NotEstimable
        As for :func:`egger`.
    """
    from scipy.stats import kendalltau

    groups = len(np.unique(studies.groups))
    _refuse_unfit(np.sqrt(studies.v), groups)
    rest = np.sqrt(studies.v - 1 / (1 / studies.v).sum())
    if np.ptp(studies.y) <= 1e-12 * np.abs(studies.y).max():
        raise NotEstimable(
            "all effects are alike",
            where="Pooled.begg",
            spoiled="What does not vary has no ranks to compare.",
            todo="There is no asymmetry to look for.",
        )
    found = kendalltau((studies.y - pooled) / rest, studies.v)
    return Asymmetry(
        table=pd.DataFrame([{"tau": float(found.statistic), "p_value": float(found.pvalue)}]),
        text=_text(float(found.pvalue), groups, "By ranks (Kendall's tau)."),
        dropped=no_rows_dropped(),
        notes=(*_notes(groups), *_dependent(studies)),
        p_value=float(found.pvalue),
    )


def _refuse_unfit(errors: np.ndarray, studies: int) -> None:
    if studies < _FEWEST:
        raise NotEstimable(
            f"{studies} studies cannot show asymmetry",
            where="Pooled.egger",
            spoiled="A line through two points meets both.",
            todo="Judge each study's own risk of bias, and search registers for studies that were not published.",
        )
    if np.ptp(errors) <= 1e-9 * errors.max():
        raise NotEstimable(
            "all studies have the same standard error",
            where="Pooled.egger",
            spoiled="Small studies cannot be compared with large ones where all are of one size.",
            todo="Judge each study's own risk of bias.",
        )


def _text(p_value: float, studies: int, more: str) -> str:
    found = (
        f"Small studies give other effects than large ones (p = {p_value:.2g})"
        if p_value < 0.05
        else f"Small studies are not shown to give other effects than large ones (p = {p_value:.2g})"
    )
    few = f" With {studies} studies, fewer than ten, the test finds little." if studies < FEW else ""
    return (
        f"{found}. {more}{few} Asymmetry is what unpublished results leave behind, but also true differences between "
        "small and large studies, or chance; and its absence does not show that all results were published."
    )


def _dependent(studies: Studies, rule: Rule | None = None) -> list[str]:
    if len(np.unique(studies.groups)) == len(studies.y) or (rule is not None and rule.ci == "robust"):
        return []
    return ["Effects of one study are taken as independent here: the p-value is likely too small."]


def _notes(studies: int, found: Fit | None = None) -> tuple[str, ...]:
    notes = ["Effects that carry their size into their variance (ratios of small counts) lean without any bias."]
    if studies < FEW:
        notes.append("Advice is not to test with fewer than ten studies (Sterne et al. 2011).")
    if found is not None and found.alike:
        notes.append("The effects lie on a line exactly: errors are those of the studies alone.")
    return tuple(notes)


__all__ = ["FEW", "Asymmetry", "egger", "rank_test"]
