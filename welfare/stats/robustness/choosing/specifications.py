"""Every defensible specification of one question, side by side: the specification curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable, WelfareError
from welfare.schema.results import Result, simulated_words
from welfare.stats.estimates import Estimates, estimate
from welfare.stats.inputs import dropped_rows
from welfare.stats.question import as_question
from welfare.stats.robustness.choosing.choices import CHOICES, formula_of, read_choices, shown
from welfare.stats.robustness.choosing.shuffling import Shuffle, shuffled

_NUMBERS = ["estimate", "std_error", "low", "high", "p_value", "ratio", "ratio_low", "ratio_high"]
_LIMITS = (
    "These specifications are not independent, and count alike although some are better than others; a bias that all "
    "of them share shows in none. Which ones are defensible was decided by whoever stated the choices."
)


@dataclass(frozen=True, repr=False, kw_only=True)
class SpecificationCurve(Result):
    """One finding in every specification; see :func:`specification_curve`.

    Attributes
    ----------
    table : DataFrame
        One row per specification, in the order the choices were stated: specification (number), the choices that were
        stated, term, estimate, std_error, low, high, p_value, ratio, ratio_low, ratio_high, n, clusters, reason (why it
        could not be fitted; empty where it was).
    summary : DataFrame
        One row per statistic: statistic ("median", "share of the same sign", "share of the same sign with interval
        excluding no difference"), value, p_value (missing without shuffles). The median is on the scale of estimates.
    shuffles : DataFrame
        One row per shuffle of the condition: the same statistics; empty without shuffles.
    """

    summary: pd.DataFrame
    shuffles: pd.DataFrame
    _choices: list[str] = field(repr=False)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead.

        Returns
        -------
        DataFrame
            Columns check, at, value, verdict ("in order" or "look closer"), advice: whether all could be fitted,
            whether the sign is one, and which choice moves the median most.
        """
        failed = int((self.table["reason"] != "").sum())
        known = self.table[self.table["reason"] == ""]
        mixed = float(max((known["estimate"] > 0).mean(), (known["estimate"] < 0).mean()))
        choice, gap = _most_moving(known, self._choices)
        rows = [
            (
                "fitted",
                "",
                float(failed),
                failed > 0,
                f"{failed} of {len(self.table)} specifications could not be fitted.",
            ),
            ("sign", "", mixed, mixed < 1, f"{100 * mixed:.3g}% of the estimates have the same sign."),
            (
                "choice that matters most",
                choice,
                gap,
                False,
                f"Between its options the median moves by {gap:.3g}, on the scale of estimates." if choice else "",
            ),
        ]
        table = pd.DataFrame(rows, columns=["check", "at", "value", "verdict", "advice"])
        return table.assign(verdict=np.where(table["verdict"].astype(bool), "look closer", "in order"))

    def plot(self, ax: Any = None) -> Any:
        """Draw the estimates in order of size, and below them which choices each made.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Whose place both panels take; a new figure by default.

        Returns
        -------
        matplotlib Axes
            Of the upper panel.
        """
        from welfare.figures.robustness import specifications

        known = self.table[self.table["reason"] == ""]
        drawn = known.assign(value=known["ratio"], low=known["ratio_low"], high=known["ratio_high"])
        return specifications(drawn, self._choices, term=str(known["term"].iloc[0]), ratio=True, ax=ax)


def specification_curve(
    choices: Mapping[str, Any] | Sequence[str],
    df: pd.DataFrame,
    *,
    term: str | None = None,
    shuffles: int = 0,
    shuffle_by: str | None = None,
    within: str | None = None,
    most: int = 500,
    seed: int = 0,
) -> SpecificationCurve:
    """Fit every combination of stated choices, and show where the finding lies in all of them.

    Parameters
    ----------
    choices : mapping of str to options, or sequence of formulas
        Options by choice, in a list where there are several: outcome, condition, controls (``["", "size + C(year)"]``),
        effects (``["", "facility_id"]``, fixed), or formula in place of these four; exposure, family, rows ("all" or a
        column of True and False), cluster, errors. As for :func:`welfare.stats.counts.count_model` where not stated.
    df : DataFrame
        One row per observation, with all columns that the choices name.
    term : str, optional
        Term of the finding, where it is not called like the condition (a level of a factor), and for formulas.
    shuffles : int
        How many times to shuffle the condition over the rows and fit every specification again.
    shuffle_by : str, optional
        Column of units whose condition moves as one (facilities of one condition each); by default rows move alone.
    within : str, optional
        Column within whose levels it is shuffled; by default over all.
    most : int
        How many specifications there may be.
    seed : int
        Of the shuffles.

    Returns
    -------
    SpecificationCurve

    Raises
    ------
    BadParameter
        If a choice or column is unknown, there are more than `most` specifications, or units to shuffle do not have one
        condition each.
    NotEstimable
        If no specification could be fitted.

    Notes
    -----
    The p-values ask how often the condition would do as well had it been handed out at random, over rows, units or
    within levels as said. Conditions of a real industry were not handed out so: a shuffled condition is unrelated to
    the controls too. Where rows of one unit lean on one another, rows shuffled alone make p-values too small. Shuffled
    within levels, what differs between them stays: specifications that do not hold these levels fixed keep that part.

    References
    ----------
    Simonsohn U, Simmons JP, Nelson LD. Specification curve analysis. Nature Human Behaviour 2020; 4: 1208-1214.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.robustness.choosing.specifications import specification_curve
    >>> df = pd.DataFrame({"deaths": [12, 14, 9, 28, 35, 31], "birds": [1000] * 6, "fast": [0, 0, 0, 1, 1, 1]})
    >>> choices = {"outcome": "deaths", "condition": "fast", "exposure": [None, "birds"]}
    >>> specification_curve(choices, df).table["ratio"].round(2).tolist()
    [2.69, 2.69]
    """
    asked = read_choices(choices, df, most)
    conditions = {choice.get("condition") for choice in asked}
    if term is None and "formula" in asked[0]:
        raise _unsaid("term=", "formulas do not say which term is the finding")
    table = pd.DataFrame([_row(at, choice, df, term) for at, choice in enumerate(asked, start=1)])
    known = table[table["reason"] == ""]
    if known.empty:
        raise NotEstimable(
            f"none of {len(table)} specifications could be fitted ({table['reason'].iloc[0]})",
            where="specification_curve(choices=)",
            spoiled="There is no curve.",
            todo="Try one of them by wf.count_model, and read its error.",
        )
    summary, drawn = _statistics(known), pd.DataFrame()
    if isinstance(shuffles, bool) or not isinstance(shuffles, int | np.integer) or shuffles < 0:
        raise BadParameter(
            f"shuffles is {shuffles!r}",
            where="specification_curve(shuffles=)",
            spoiled="Chance would be told from no draws.",
            todo="Give a whole number, 0 for none.",
        )
    if shuffles:
        if len(conditions) > 1 or None in conditions:
            raise _unsaid("shuffles=", "more than one condition was stated, or none: nothing says which to shuffle")
        shuffle = Shuffle.of(df, str(conditions.pop()), by=shuffle_by, within=within)
        drawn = _under_the_null(asked, df, term, shuffle, shuffles, seed, summary)
        summary = _with_p_values(summary, drawn)
    reasons = np.array([reason or None for reason in table["reason"]], dtype=object)
    stated = [name for name in CHOICES if name in table]
    return SpecificationCurve(
        table=table,
        text=simulated_words(df) + _sentence(table, known, summary, drawn, stated),
        dropped=dropped_rows(pd.Index(table["specification"]), reasons),
        notes=_notes(known, shuffles - len(drawn), shuffles, shuffle_by, within),
        summary=summary.reset_index(),
        shuffles=drawn,
        _choices=stated,
    )


def _fitted(choice: Mapping[str, Any], df: pd.DataFrame) -> Estimates:
    question = as_question(
        formula_of(choice),
        exposure=choice["exposure"],
        family=choice["family"],
        cluster=choice["cluster"],
        errors=choice["errors"],
        random=None,
        bootstrap=None,
        seed=0,
    )
    return estimate(question, df if choice["rows"] == "all" else df[df[choice["rows"]].fillna(False).astype(bool)])


def _row(at: int, choice: Mapping[str, Any], df: pd.DataFrame, term: str | None) -> dict[str, Any]:
    """Fit one specification; one that cannot be fitted says why."""
    wanted = term or str(choice["condition"])
    begin = {"specification": at, **{name: shown(option) for name, option in choice.items()}, "term": wanted}
    try:
        found = _fitted(choice, df)
    except WelfareError as failure:
        return {**begin, **dict.fromkeys(_NUMBERS, np.nan), "n": 0, "clusters": None, "reason": failure.what}
    by_term = found.table.set_index("term")
    if wanted not in by_term.index:
        reason = f"it has no term {wanted}; it has {', '.join(map(str, by_term.index))}"
        return {**begin, **dict.fromkeys(_NUMBERS, np.nan), "n": 0, "clusters": None, "reason": reason}
    numbers = dict(zip(_NUMBERS, map(float, by_term.loc[wanted, _NUMBERS].to_numpy()), strict=True))
    return {**begin, **numbers, "n": len(found.design.counts), "clusters": found.clusters, "reason": ""}


def _sign(known: pd.DataFrame) -> float:
    """Return the sign that most estimates have; of as many on either side that of the median."""
    above, below = int((known["estimate"] > 0).sum()), int((known["estimate"] < 0).sum())
    if above == below:
        return 1.0 if known["estimate"].median() >= 0 else -1.0
    return 1.0 if above > below else -1.0


def _statistics(known: pd.DataFrame) -> pd.DataFrame:
    """Return the three statistics of a curve; the sign is that of most estimates."""
    sign = _sign(known)
    same = known["estimate"] * sign > 0
    clear = same & ((known["low"] > 0) | (known["high"] < 0))
    values = {
        "median": float(known["estimate"].median()),
        "share of the same sign": float(same.mean()),
        "share of the same sign with interval excluding no difference": float(clear.mean()),
    }
    return pd.DataFrame({"value": values, "p_value": np.nan}).rename_axis("statistic")


def _under_the_null(
    asked: list[dict[str, Any]],
    df: pd.DataFrame,
    term: str | None,
    shuffle: Shuffle,
    shuffles: int,
    seed: int,
    observed: pd.DataFrame,
) -> pd.DataFrame:
    """Return the statistics with the condition shuffled, whole curves at a time; either sign may come out on top."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(shuffles):
        mixed = shuffled(df, shuffle, rng)
        rows = pd.DataFrame([_row(at, choice, mixed, term) for at, choice in enumerate(asked, start=1)])
        known = rows[rows["reason"] == ""]
        if len(known):
            found.append(_statistics(known)["value"])
    if not found:
        raise NotEstimable(
            "no specification could be fitted to a shuffled condition",
            where="specification_curve(shuffles=)",
            spoiled="There is nothing to compare the curve with.",
            todo="Shuffle over rows, or within levels that hold more than one condition.",
        )
    return pd.DataFrame(found).reset_index(drop=True)[list(observed.index)]


def _with_p_values(summary: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """Return how often shuffles did at least as well, the curve itself counted among them."""
    values = summary["value"].abs()
    as_far = (drawn.abs() >= values * (1 - 1e-12)).sum()
    return summary.assign(p_value=(1 + as_far) / (1 + len(drawn)))


def _most_moving(known: pd.DataFrame, choices: Sequence[str]) -> tuple[str, float]:
    """Return the choice between whose options the median differs most, and by how much."""
    gaps = {
        name: float(np.ptp(known.groupby(name)["estimate"].median())) for name in choices if len(set(known[name])) > 1
    }
    return max(gaps.items(), key=lambda pair: pair[1]) if gaps else ("", np.nan)


def _sentence(
    table: pd.DataFrame, known: pd.DataFrame, summary: pd.DataFrame, drawn: pd.DataFrame, choices: Sequence[str]
) -> str:
    ratios = known["ratio"]
    median, same, clear = summary["value"]
    failed = len(table) - len(known)
    lost = f" Not fitted, and listed with the reason: {failed}." if failed else ""
    name, gap = _most_moving(known, choices)
    moves = f" The choice of {name} moves it most: between its options the median differs {np.exp(gap):.4g} times."
    side = "above" if _sign(known) > 0 else "below"
    chance = ""
    if len(drawn):
        p = [f"{value:.2g}" for value in summary["p_value"]]
        chance = (
            f" With the condition shuffled {_many(len(drawn), 'time')} a median as far from no difference came up "
            f"with p = {p[0]}, so large a share of one sign with p = {p[1]}, so many intervals excluding 1 with "
            f"p = {p[2]}."
        )
    return (
        f"{_many(len(known), 'specification')} of {' and '.join(dict.fromkeys(known['term']))}.{lost} The median ratio "
        f"is {np.exp(median):.4g}, from {ratios.min():.4g} to {ratios.max():.4g}; {100 * same:.3g}% lie {side} 1, and "
        f"{100 * clear:.3g}% do with an interval that excludes 1.{moves if name else ''}{chance} {_LIMITS}"
    )


def _many(number: int, name: str) -> str:
    return f"{number:,} {name}{'s' * (number != 1)}"


def _notes(known: pd.DataFrame, lost: int, shuffles: int, by: str | None, within: str | None) -> tuple[str, ...]:
    notes = []
    families = set(known["family"]) if "family" in known else set()
    if "fractional" in families and len(families) > 1:
        notes.append(
            "Ratios of fractional models are of odds, the others of rates: they differ where many have the harm."
        )
    if not shuffles:
        notes.append("No shuffles were made: nothing is said of chance over all specifications together.")
        return tuple(notes)
    if lost:
        notes.append(f"Of {shuffles:,} shuffles {lost:,} could not be fitted at all, and are not counted.")
    units = "rows" if by is None else f"whole levels of {by}"
    where = "" if within is None else f" within levels of {within}"
    notes.append(f"The condition was shuffled over {units}{where}, as if it had been handed out so at random.")
    return tuple(notes)


def _unsaid(option: str, what: str) -> BadParameter:
    return BadParameter(
        what,
        where=f"specification_curve({option})",
        spoiled="Another finding than the one meant would be followed.",
        todo="Name it, or state one condition.",
    )


__all__ = ["SpecificationCurve", "specification_curve"]
