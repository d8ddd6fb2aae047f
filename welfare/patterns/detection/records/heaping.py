"""Reported counts that end in 0 or 5 more often than counts do: numbers that were rounded, or guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.columns import COUNT, check_replicates, check_share, usable_rows
from welfare.patterns.detection.estimates import CANNOT_TELL, ESTIMATED, Estimate, Part, said, table_of
from welfare.patterns.detection.records.smooth import smooth_basis, smooth_counts
from welfare.schema.results import simulated_words
from welfare.stats.rates.shares import clopper_pearson
from welfare.stats.rates.words import left_out_words

PART = "digit heaping"
ASSUMPTION = (
    "Counts that nobody rounded are spread smoothly: how often a number occurs changes little from one to the next. "
    "Reports are independent of one another."
)
_WIDEST = 500
_FEWEST = 50


@dataclass(frozen=True, repr=False, kw_only=True)
class DigitHeaping(Part):
    """Last digits of reported counts; see :func:`digit_heaping`.

    Attributes
    ----------
    table : DataFrame
        One row per estimate, in the columns of every part.
    digits : DataFrame
        One row per last digit: digit, observed, expected (reports).
    used : int
        Reports within the range looked at.
    least, most : int
        That range.
    """

    digits: pd.DataFrame
    used: int
    least: int
    most: int

    def plot(self, ax: Any = None) -> Any:
        """Draw how many reports end in each digit, beside how many a smooth spread would have.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.detection import digits

        return digits(self.digits, ax=ax)


def digit_heaping(
    visits: pd.DataFrame,
    *,
    found: str = "findings_count",
    least: int = 10,
    most: int | None = None,
    level: float = 0.95,
    replicates: int = 199,
    seed: int = 0,
) -> DigitHeaping:
    """Look whether reported counts end in 0 and 5 more often than a smooth spread of counts would.

    Parameters
    ----------
    visits : DataFrame
        One row per report.
    found : str
        Column of counts: whole numbers, 0 or more.
    least, most : int
        Range of counts to look at. Below 10 a last digit is the whole number, and no sign of rounding; `most` is by
        default the 99th percentile, up to 500.
    level : float
        Coverage of the interval.
    replicates : int
        Simulations behind the p-value; 0 for none.
    seed : int
        Of these.

    Returns
    -------
    DigitHeaping

    Raises
    ------
    BadParameter
        If the column is not there or an option cannot be used.
    BadValue
        If a count is negative or not whole.
    NotEstimable
        If fewer than 50 reports lie in the range, or it spans fewer than 20 numbers.

    Notes
    -----
    Last digits of counts are not uniform: small numbers are commoner, so 1 is commoner than 9. Expected digits come
    from a smooth distribution fitted to the counts of the range (a Poisson regression of frequencies on polynomials of
    the logarithm). The index is Whipple's, with that in place of a fifth; the share to be changed is Myers' index so
    adapted. The p-value is of a chi-squared over ten digits, from counts drawn of the fitted distribution and fitted
    again. The interval of the index takes the fitted distribution as known. It is of the file as a whole, never of a
    person.

    References
    ----------
    Myers RJ. Transactions of the Actuarial Society of America 1940; 41: 395-415. Camarda CG, Eilers PHC, Gampe J.
    Statistical Modelling 2008; 8: 385-401.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from welfare.patterns.detection.records.heaping import digit_heaping
    >>> rng = np.random.default_rng(0)
    >>> dead = rng.negative_binomial(2, 0.05, 800)
    >>> rounded = np.where(rng.random(800) < 0.3, 5 * np.round(dead / 5), dead).astype(int)
    >>> digit_heaping(pd.DataFrame({"findings_count": rounded})).table["estimate"].round(1).tolist()[:2]
    [2.1, 0.2]
    """
    where = "digit_heaping"
    check_share(level, "level", where)
    check_replicates(replicates, where)
    rows, dropped = usable_rows(visits, {"found": (found, COUNT)}, where)
    counts = rows["found"].to_numpy(dtype=float)
    top = _range(counts, least, most, where)
    inside = counts[(counts >= least) & (counts <= top)].astype(int)
    if len(inside) < _FEWEST:
        raise NotEstimable(
            f"{len(inside)} counts lie between {least} and {top}",
            where=where,
            spoiled="Last digits of so few differ by chance alone.",
            todo=f"Bring {_FEWEST} or more.",
        )
    observed = np.bincount(inside - least, minlength=top - least + 1).astype(float)
    values = np.arange(least, top + 1.0)
    basis = smooth_basis(values)
    expected = smooth_counts(observed, basis)
    if expected is None:
        raise NotEstimable(
            "no smooth distribution could be fitted to the counts", where=where, todo="Set least and most."
        )
    p_value, by_chance = _simulated(observed, expected, basis, least, replicates, seed)
    digits = pd.DataFrame(
        {"digit": np.arange(10), "observed": _by_digit(observed, least), "expected": _by_digit(expected, least)}
    )
    estimates = _estimates(digits, p_value, by_chance, level, replicates)
    return DigitHeaping(
        table=table_of(estimates),
        text=simulated_words(visits) + _text(estimates, len(inside), least, top, replicates) + left_out_words(dropped),
        dropped=dropped,
        notes=(
            f"{len(counts) - len(inside):,} of {len(counts):,} counts lie outside {least} to {top} and were not "
            f"looked at.",
            "Rounding says how numbers were made, not that they are too low: but a guess can be anything.",
            "Reports by one facility on following days are alike; then the p-value is too small.",
        ),
        digits=digits,
        used=len(inside),
        least=least,
        most=top,
    )


def _range(counts: np.ndarray, least: int, most: int | None, where: str) -> int:
    for name, value in (("least", least), ("most", most)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1):
            raise BadParameter(f"{name} is {value!r}, not a whole number above 0", where=where, todo="Give a count.")
    above = counts[counts >= least]
    if most is None and not len(above):
        raise NotEstimable(
            f"no count is {least} or more",
            where=where,
            spoiled="The last digit of a smaller count is the count itself.",
            todo="Look at excess zeros instead.",
        )
    top = min(int(np.quantile(above, 0.99, method="higher")), _WIDEST) if most is None else int(most)
    if top - least < 19:
        raise NotEstimable(
            f"counts from {least} to {top} hold each last digit less than twice",
            where=where,
            spoiled="A smooth spread and rounding could not be told apart.",
            todo="Bring counts over a wider range.",
        )
    return top


def _by_digit(frequencies: np.ndarray, least: int) -> np.ndarray:
    return np.bincount(np.arange(least, least + len(frequencies)) % 10, frequencies, minlength=10)


def _statistic(observed: np.ndarray, expected: np.ndarray, least: int) -> float:
    due = _by_digit(expected, least)
    return float(np.sum((_by_digit(observed, least) - due) ** 2 / due))


def _to_change(observed: np.ndarray, expected: np.ndarray, least: int) -> float:
    return float(np.abs(_by_digit(observed, least) - _by_digit(expected, least)).sum() / 2 / observed.sum())


def _simulated(
    observed: np.ndarray, expected: np.ndarray, basis: np.ndarray, least: int, replicates: int, seed: int
) -> tuple[float, float]:
    """Return the p-value, and the share to be changed that chance alone gives."""
    rng = np.random.default_rng(seed)
    seen, statistics, shares = _statistic(observed, expected, least), [], []
    for _ in range(replicates):
        drawn = rng.multinomial(int(observed.sum()), expected / expected.sum()).astype(float)
        fitted = smooth_counts(drawn, basis, expected)
        if fitted is not None:
            statistics.append(_statistic(drawn, fitted, least))
            shares.append(_to_change(drawn, fitted, least))
    if len(statistics) < max(19, 0.9 * replicates):
        return np.nan, np.nan
    return (1 + sum(value >= seen for value in statistics)) / (1 + len(statistics)), float(np.mean(shares))


def _estimates(digits: pd.DataFrame, p_value: float, by_chance: float, level: float, replicates: int) -> list[Estimate]:
    total = float(digits["observed"].sum())
    fives = digits["digit"].isin([0, 5])
    round_ones, due = float(digits.loc[fives, "observed"].sum()), float(digits.loc[fives, "expected"].sum()) / total
    limits = clopper_pearson(np.array([round_ones]), np.array([total - round_ones]), level)
    change = float(np.abs(digits["observed"] - digits["expected"]).sum() / 2 / total)
    known = np.isfinite(p_value)
    rows = [
        Estimate(
            PART,
            "reports ending in 0 or 5, against a smooth spread of counts",
            round_ones / total / due,
            float(limits.low[0]) / due,
            float(limits.high[0]) / due,
            unit="ratio",
            assumption=ASSUMPTION,
        ),
        Estimate(
            PART,
            "reports that would need another last digit to be spread smoothly",
            change,
            unit="share",
            assumption=ASSUMPTION,
            reason=f"by chance alone it would be about {100 * by_chance:.2g}%" if known else "",
        ),
    ]
    if replicates:
        rows.append(
            Estimate(
                PART,
                "p-value: last digits other than a smooth spread gives",
                p_value,
                unit="p-value",
                assumption=ASSUMPTION,
                status=ESTIMATED if known else CANNOT_TELL,
                reason="" if known else "too few simulations could be fitted",
            )
        )
    return rows


def _text(estimates: list[Estimate], used: int, least: int, top: int, replicates: int) -> str:
    index, change = estimates[:2]
    p_value = estimates[2].estimate if replicates else np.nan
    verdict = ""
    if np.isfinite(p_value):
        told = "more than chance explains" if p_value < 0.05 else "no more than chance explains"
        verdict = f" As a whole, last digits differ from that by {told} (p {p_value:.2g})."
    chance = f" ({change.reason})" if change.reason else ""
    return (
        f"Of {used:,} reported counts from {least} to {top}, {said(index)} times as many end in 0 or 5 as a smooth "
        f"spread of "
        f"counts has; {said(change)} would need another last digit to be spread so{chance}.{verdict} {ASSUMPTION} It "
        f"says "
        "of the file, and of nobody in particular, how far its numbers were counted or rounded."
    )


__all__ = ["DigitHeaping", "digit_heaping"]
