"""Many findings at once: p-values adjusted for how many were looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue
from welfare.schema.results import Result
from welfare.stats.inputs import dropped_rows, numbers
from welfare.stats.robustness.adjusting import METHODS, adjusted_p
from welfare.stats.robustness.effect import effects_of


@dataclass(frozen=True, repr=False, kw_only=True)
class Multiplicity(Result):
    """Findings of several fits with adjusted p-values; see :func:`multiplicity`.

    Attributes
    ----------
    table : DataFrame
        One row per fit and term: fit, term, estimate, std_error, low, high, ratio, ratio_low, ratio_high (missing where
        the estimate is no logarithm of a ratio), p_value, p_adjusted. Intervals are those of each finding alone.
    method : str
        How p-values were adjusted.
    """

    method: str

    def plot(self, ax: Any = None) -> Any:
        """Draw the p-values against their rank, before and after adjustment.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.robustness import p_values

        return p_values(self.table, ax=ax)


def adjust_p_values(p: Any, *, method: str = "holm", count_missing: bool = False) -> Any:
    """Adjust p-values for how many there are.

    Parameters
    ----------
    p : sequence or Series of n p-values
        From 0 to 1; missing ones stay missing.
    method : {"holm", "bonferroni", "bh", "by"}
        Holm or Bonferroni hold the chance of any false finding; Benjamini-Hochberg (independent or positively dependent
        p-values) and Benjamini-Yekutieli (any dependence) the expected share of false ones among the findings.
    count_missing : bool
        Whether missing p-values count in the size of the family: give True where those tests were meant and failed,
        False (the default) where they were never made.

    Returns
    -------
    Series or array of n floats
        As `p`: the level at which each would just be a finding.

    Raises
    ------
    BadValue
        If a p-value lies outside 0 to 1 or is no number, or there is none.
    BadParameter
        If the method is none of those named.

    Notes
    -----
    The family is what was handed in: findings that were looked at and left out of it are not adjusted for.

    References
    ----------
    Holm S. Scandinavian Journal of Statistics 1979; 6: 65-70. Benjamini Y, Hochberg Y. JRSS B 1995; 57: 289-300.
    Benjamini Y, Yekutieli D. Annals of Statistics 2001; 29: 1165-1188.

    Examples
    --------
    >>> from welfare.stats.robustness.multiplicity import adjust_p_values
    >>> adjust_p_values([0.01, 0.04, 0.03], method="holm").tolist()
    [0.03, 0.06, 0.06]
    """
    if not isinstance(method, str) or method not in METHODS:
        raise BadParameter(
            f"no adjustment is called {method!r}",
            where="adjust_p_values(method=)",
            spoiled="Another error rate than the one named would be held.",
            todo=f"Use one of {', '.join(METHODS)}.",
        )
    values = numbers(p, "p")
    known = ~np.isnan(values)
    if not known.any():
        raise BadValue(
            "there is no p-value",
            where="adjust_p_values(p=)",
            spoiled="An empty family has no error rate.",
            todo="Give at least one.",
        )
    wrong = known & ((values < 0) | (values > 1))
    if wrong.any():
        raise BadValue(
            f"a p-value is {values[wrong][0]:g} ({int(wrong.sum()):,} such values)",
            where="adjust_p_values(p=)",
            spoiled="Every other one would be adjusted by it.",
            todo="Give p-values from 0 to 1, missing where there is none.",
        )
    out = np.full(len(values), np.nan)
    out[known] = adjusted_p(values[known], method, len(values) if count_missing else int(known.sum()))
    return pd.Series(out, index=p.index, name=p.name) if isinstance(p, pd.Series) else out


def multiplicity(
    fits: Mapping[str, Any] | Sequence[Any],
    *,
    terms: str | Sequence[str] | None = None,
    method: str = "bh",
    count_missing: bool = False,
) -> Multiplicity:
    """Put the findings of several fits in one family, and adjust their p-values for how many there are.

    Parameters
    ----------
    fits : mapping of str to fits, or sequence of fits
        Anything :func:`welfare.stats.robustness.robustness.robustness` takes; numbered from 1 if they have no names.
    terms : str or sequence of str, optional
        Which terms make up the family; all but intercepts by default. A fit that has none of them adds nothing.
    method, count_missing
        As :func:`adjust_p_values`.

    Returns
    -------
    Multiplicity

    Raises
    ------
    BadParameter
        If there is no fit, a fit is of another kind, or no fit has a term asked for.
    BadValue
        If no finding has a p-value.

    Notes
    -----
    A fit without p-values gets one from estimate over standard error by the normal. Control terms are findings too
    unless `terms` says which ones were asked about: say it before looking.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.robustness.multiplicity import multiplicity
    >>> one = pd.Series({"estimate": 0.5, "std_error": 0.2, "low": 0.1, "high": 0.9})
    >>> other = pd.Series({"estimate": 0.1, "std_error": 0.2, "low": -0.3, "high": 0.5})
    >>> multiplicity({"broken wings": one, "lameness": other}).table[["p_value", "p_adjusted"]].round(4).values.tolist()
    [[0.0124, 0.0248], [0.6171, 0.6171]]
    """
    if not isinstance(fits, Mapping | Sequence):
        fits = [fits]
    named = dict(fits) if isinstance(fits, Mapping) else {str(at): fit for at, fit in enumerate(fits, start=1)}
    if not named:
        raise BadParameter(
            "there is no fit",
            where="multiplicity(fits=)",
            spoiled="An empty family has no error rate.",
            todo="Give fits, in a list or by name.",
        )
    wanted = None if terms is None else {terms} if isinstance(terms, str) else set(terms)
    if wanted == set():
        raise BadParameter(
            "terms names none",
            where="multiplicity(terms=)",
            spoiled="An empty family has no error rate.",
            todo="Name the terms that were asked about, or leave it out for all.",
        )
    effects = [(name, effect) for name, fit in named.items() for effect in effects_of(fit)]
    absent = set() if wanted is None else wanted - {effect.term for _, effect in effects}
    if absent:
        raise BadParameter(
            f"no fit has a term {', '.join(sorted(absent))}",
            where="multiplicity(terms=)",
            spoiled="The family would be smaller than the one named.",
            todo=f"Terms they have: {', '.join(sorted({effect.term for _, effect in effects}))}.",
        )
    rows = [{"fit": name, **effect.row()} for name, effect in effects if wanted is None or effect.term in wanted]
    table = pd.DataFrame(rows)
    table["p_adjusted"] = adjust_p_values(table["p_value"], method=method, count_missing=count_missing)
    reasons = np.full(len(table), None, dtype=object)
    reasons[table["p_value"].isna()] = "no p-value"
    return Multiplicity(
        table=table,
        text=_sentence(table, method, count_missing),
        dropped=dropped_rows(table.index, reasons),
        notes=_notes(named, table, method),
        method=method,
    )


def _notes(named: Mapping[str, Any], table: pd.DataFrame, method: str) -> tuple[str, ...]:
    notes = [f"{METHODS[method]}.", "Intervals are those of each finding alone: they are not adjusted."]
    without = [str(name) for name in named if name not in set(table["fit"])]
    if without:
        notes.append(f"With none of the terms asked for, and so not in the family: {', '.join(without)}.")
    return tuple(notes)


def _many(number: int, name: str) -> str:
    return f"{number:,} {name}{'s' * (number != 1)}"


def _sentence(table: pd.DataFrame, method: str, count_missing: bool) -> str:
    before, after = (int((table[name] < 0.05).sum()) for name in ("p_value", "p_adjusted"))
    known = int(table["p_value"].notna().sum())
    family = len(table) if count_missing else known
    missing = len(table) - known
    which = "Of these" if count_missing else "Not counted:"
    lacking = f" {which} {missing} without a p-value." if missing else ""
    kept = [f"{row.fit}: {row.term}" for row in table[table["p_adjusted"] < 0.05].itertuples()]
    which = f" ({'; '.join(kept[:5])}{' and more' if len(kept) > 5 else ''})" if kept else ""
    name = METHODS[method].partition(":")[0]
    return (
        f"A family of {_many(family, 'finding')} from {_many(table['fit'].nunique(), 'fit')}.{lacking} With a p-value "
        f"below 0.05: {before} taken alone, {after} after adjustment by {name}{which}. The adjustment is for this "
        "family: findings that were looked at and are not in it are not adjusted for, and bias is not."
    )


__all__ = ["Multiplicity", "adjust_p_values", "multiplicity"]
