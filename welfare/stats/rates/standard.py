"""Standardised rates: groups compared as if they were made up alike, and what the records cannot compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import Result, simulated_words
from welfare.stats.rates.options import check_level, check_method, check_per, per_units
from welfare.stats.rates.rows import row_names
from welfare.stats.rates.standardising.methods import GAMMA, OF_A_COUNT, directly, indirectly
from welfare.stats.rates.standardising.strata import stratify
from welfare.stats.rates.standardising.words import standardised_words

_OWN = {"events", "observed", "exposure", "crude_rate", "expected", "rate", "ratio", "low", "high", "coverage"}


@dataclass(frozen=True, repr=False)
class Standardised(Result):
    """Standardised rates or ratios; see :func:`standardise`.

    Attributes
    ----------
    table : DataFrame
        One row per group, its name in the column `of` (or "group"). Direct: events, exposure, crude_rate, rate, low,
        high (the last four per `per` units of exposure), coverage. Indirect: observed, exposure, expected, ratio, low,
        high, coverage. `coverage` is the share of the group's exposure whose stratum is in the standard; the other
        columns hold only that part.
    method, interval : str
        As asked for.
    per : float
        Units of exposure that a rate is given for.
    level : float
        Coverage of the intervals, between 0 and 1.
    together : float
        What the line of a plot marks. Direct: the standardised rate of all groups together; indirect: 1.
    """

    method: str = field(kw_only=True)
    interval: str = field(kw_only=True)
    per: float = field(kw_only=True)
    level: float = field(kw_only=True)
    together: float = field(kw_only=True)
    _checks: pd.DataFrame = field(kw_only=True, repr=False)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead: few events, groups without any, strata outside the standard, uneven strata.

        Returns
        -------
        DataFrame
            One row per check; columns check, at (name of the group it is about, or empty), value, verdict ("in order"
            or "look closer"), advice. Direct: "one stratum" is the largest share of a rate's variance that a single
            stratum brings, "thin stratum" the largest share by which one more event would raise a rate. Indirect:
            "unlike strata" is Pearson's chi-square of a group's strata against its ratio.
        """
        return self._checks.copy()

    def plot(self, ax: Any = None) -> Any:
        """Draw each group with its interval.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.estimates import forest

        direct = self.method == "direct"
        return forest(
            self.table.assign(label=row_names(self.table)),
            label="label",
            value="rate" if direct else "ratio",
            low="low",
            high="high",
            ax=ax,
            log=not direct,
            quantity=f"standardised rate {per_units(self.per)}" if direct else "observed over expected",
            reference=self.together,
        )


def standardise(
    df: pd.DataFrame,
    *,
    by: list[str],
    events: str,
    exposure: str,
    of: str | None = None,
    method: str = "direct",
    standard: pd.DataFrame | None = None,
    interval: str | None = None,
    per: float = 1.0,
    level: float = 0.95,
) -> Standardised:
    """Compare the rates of groups as if each were made up of strata like a standard.

    Parameters
    ----------
    df : DataFrame
        One row per facility, unit or period; rows of one group and stratum are added up.
    by : list of str
        Columns whose combinations are the strata (species, size class, year).
    events, exposure : str
        Columns of counts (whole numbers), and of what they were counted over.
    of : str, optional
        Column of the groups to compare; without it the whole frame is one group and a standard must be given.
    method : {"direct", "indirect"}
        Direct: the group's rate in each stratum, weighted by the standard's exposure there. Indirect: events observed
        over those expected had each stratum the standard's rate; steadier for small groups, but each group is then
        weighted by its own make-up, so two ratios compare with the standard and not with one another.
    standard : DataFrame, optional
        Columns `by`, and exposure (direct), or rate, or events and exposure (indirect). By default `df` itself.
    interval : str, optional
        Direct: "gamma" (Fay and Feuer; the default) or "tiwari" (its modification by Tiwari, Clegg and Zou, shorter).
        Indirect: "exact" (the default), "midp" or "byar"; they take the expected events as known.
    per : float
        Units of exposure to give direct rates for; a ratio has none.
    level : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Standardised
        `.dropped` lists rows that could not be used, rows whose stratum is not in the standard, and groups for which
        there is no answer: by the direct method those without exposure in a stratum of the standard, by the indirect
        those of which no event was expected.

    Raises
    ------
    BadParameter
        If a column is missing, or an option is none of those above.
    BadValue
        If a count is negative or not whole, or the standard has missing or negative values.
    NoDenominator
        If no row has an exposure above zero.
    NotEstimable
        If no row has counts and strata, no stratum is in the standard, or no group can be standardised.

    References
    ----------
    Breslow NE, Day NE. Statistical methods in cancer research, volume II. IARC, Lyon, 1987, chapter 2. Fay MP, Feuer
    EJ. Statistics in Medicine 1997; 16: 791-801. Tiwari RC, Clegg LX, Zou Z. Statistical Methods in Medical Research
    2006; 15: 547-569.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.rates.standard import standardise
    >>> barns = pd.DataFrame(
    ...     {
    ...         "system": ["cage", "cage", "free", "free"],
    ...         "age": ["young", "old", "young", "old"],
    ...         "deaths": [10, 60, 30, 25],
    ...         "hens": [1000, 2000, 3000, 500],
    ...     }
    ... )
    >>> found = standardise(barns, by=["age"], events="deaths", exposure="hens", of="system", per=1000)
    >>> found.table[["system", "crude_rate", "rate"]].round(1).to_dict("records")
    [{'system': 'cage', 'crude_rate': 23.3, 'rate': 17.7}, {'system': 'free', 'crude_rate': 15.7, 'rate': 25.4}]
    """
    interval = _interval(method, interval)
    check_level(level, "standardise")
    check_per(per, "standardise")
    _check_columns(df, by, events, exposure, of)
    _check_comparable(method, of, standard, per)
    found = stratify(df, by, of, events, exposure)
    if method == "direct":
        made = directly(df, found, by, standard, interval, per=per, level=level)
    else:
        made = indirectly(df, found, by, standard, interval, level=level)
    table = made.table.rename(columns={"group": of}) if of is not None else made.table
    return Standardised(
        table,
        simulated_words(df)
        + standardised_words(
            table,
            made.dropped,
            by,
            of,
            interval,
            standard="all rows together" if standard is None else "the standard given",
            per=per,
            level=level,
        ),
        made.dropped,
        _notes(method, standard),
        method=method,
        interval=interval,
        per=per,
        level=level,
        together=made.together,
        _checks=made.checks,
    )


def _interval(method: str, interval: str | None) -> str:
    offered = {"direct": GAMMA, "indirect": tuple(OF_A_COUNT)}
    check_method(method, offered, "standardise(method=)")
    chosen = offered[method][0] if interval is None else interval
    check_method(chosen, offered[method], f"standardise(method={method!r}, interval=)")
    return chosen


def _check_columns(df: pd.DataFrame, by: list[str], events: str, exposure: str, of: str | None) -> None:
    if isinstance(by, str) or not by:
        raise BadParameter(
            f"by is {by!r}, not a list of columns", where="standardise(by=)", todo="Give e.g. ['species']."
        )
    names = [*by, events, exposure, *([] if of is None else [of])]
    absent = [name for name in names if name not in df]
    if absent:
        raise BadParameter(f"the frame has no column {', '.join(map(repr, absent))}", where="standardise")
    if len(set(names)) < len(names):
        raise BadParameter("a column is named twice", where="standardise", todo="Give each column one part to play.")
    if of in _OWN:
        raise BadParameter(
            f"the table of the result has a column {of!r} of its own",
            where="standardise(of=)",
            todo="Rename the column of groups.",
        )


def _check_comparable(method: str, of: str | None, standard: pd.DataFrame | None, per: float) -> None:
    if of is None and standard is None:
        raise BadParameter(
            "one group against itself has nothing to be standardised to",
            where="standardise(standard=)",
            spoiled="The answer would be the crude rate, or a ratio of 1, under another name.",
            todo="Name the column of groups (of=), or give a standard.",
        )
    if method == "indirect" and per != 1:
        raise BadParameter(
            "a ratio of observed to expected has no units of exposure", where="standardise(per=)", todo="Leave per out."
        )


def _notes(method: str, standard: pd.DataFrame | None) -> tuple[str, ...]:
    notes = ["Intervals take events to be independent; they are too narrow where one occasion gives several records."]
    if method == "direct":
        notes.append("A standardised rate depends on the standard: only the comparison of groups means anything.")
    else:
        notes.append("Two ratios of observed to expected compare each with the standard, not with one another.")
        notes.append("Intervals take the standard's rates as known.")
        if standard is None:
            notes.append("Each group is part of its own standard, which draws its ratio towards 1.")
    return tuple(notes)
