"""Which combinations of conditions harm gathers under, beyond what was expected and what searching finds by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from welfare.patterns.practices.asked import (
    FEWEST_EVENTS,
    check_columns,
    check_expected,
    check_numbers,
    check_words,
    hold_out,
    too_little,
    usable,
)
from welfare.patterns.practices.conditions import Subset, as_categories
from welfare.patterns.practices.named import as_table, follow
from welfare.patterns.practices.searching.cells import Terms
from welfare.patterns.practices.searching.chance import Unevenness, unevenness
from welfare.patterns.practices.searching.stepwise import search
from welfare.patterns.practices.wording import Told, notes_of, sentences_of, text_of
from welfare.schema.results import Result, simulated_words

_MODELS = ("mixed", "negative_binomial", "poisson")
_MISSING = ("own value", "drop")
_DIRECTIONS = ("more", "less")
_RESTARTS = 30


@dataclass(frozen=True, repr=False, kw_only=True)
class Practices(Result):
    """Combinations of conditions that harm gathers under; see :func:`practices`.

    Attributes
    ----------
    table : DataFrame
        One row per combination, in the order found: conditions (words), support (distinct units in it), observed,
        expected, ratio, p_value (adjusted for the search), confirmed (missing: cannot tell); all these of the
        part searched. Then rows, largest_share (of the observed count, held by one unit), and of the part held
        out: held_out_units, held_out_observed, held_out_expected, held_out_ratio, held_out_low, held_out_high
        and held_out_p (adjusted for how many combinations are tested).
    subsets : tuple of dict
        The same combinations for further use: values held, by condition; a condition not named may be anything.
    sentences : tuple of str
        One per combination.
    spread : Unevenness
        Variance of true ratios between units, and between rows within units, that chance was given.
    search : str
        "exact": every combination was tried; or "ascent".
    model : str
        Of the random counts.
    replicates : int
        Random sets of counts behind each p-value.
    level : float
        Coverage of the intervals; 1 less the level of the tests.
    """

    subsets: tuple[Subset, ...]
    sentences: tuple[str, ...]
    spread: Unevenness
    search: str
    model: str
    replicates: int
    level: float

    def plot(self, ax: Any = None) -> Any:
        """Draw each combination's ratio where it was found, and with its interval where it was tried again.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.practices import found_and_held_out

        return found_and_held_out(self.table, level=self.level, ax=ax)


def practices(
    panel: pd.DataFrame,
    *,
    conditions: Sequence[str],
    observed: str = "findings_count",
    expected: str = "expected_count",
    unit: str | None = None,
    bands: Mapping[str, Sequence[float]] | None = None,
    missing: str = "own value",
    direction: str = "more",
    model: str = "mixed",
    max_conditions: int = 3,
    min_units: int = 5,
    min_expected: float = 5.0,
    confirm: float | None = 0.5,
    simple: bool = True,
    most: int = 5,
    level: float = 0.95,
    replicates: int = 999,
    seed: int = 0,
    caution: str = "",
) -> Practices:
    """Search all combinations of conditions for those under which more was recorded than expected.

    Parameters
    ----------
    panel : DataFrame
        One row per facility and period, or finer: per shift, species, item.
    conditions : sequence of str
        Columns that describe how things were done: text, categories, yes and no; numbers with `bands`.
    observed : str
        Column of counts: whole numbers, 0 or more.
    expected : str
        Column of expected counts, from a model without these conditions. Scaled to as many as were observed.
    unit : str, optional
        Column that says which rows belong together; `facility_id` if the panel has it. Without either each row
        stands for itself.
    bands : mapping of str to sequence of float, optional
        Where to cut conditions that are numbers, in their unit: ``{"line_speed_animals_per_min": [140, 175]}``.
    missing : {"own value", "drop"}
        A condition not recorded is the value "not recorded", which may itself be a practice; or the row is left out.
    direction : {"more", "less"}
        Whether to look for more than expected, or for less.
    model : {"mixed", "negative_binomial", "poisson"}
        What chance does. Mixed: units differ by as much as they do, their ratios distributed as they are, and rows
        within a unit as well. Negative binomial: the same with gamma-distributed ratios, under which a few facilities
        far beyond the others are taken for a practice. Poisson: every event is independent; where facilities differ at
        all, it takes a few bad ones for a practice.
    max_conditions : int
        Most conditions that a combination names, so that it can be said in a sentence.
    min_units : int
        Fewest distinct units in a combination and outside it, 2 or more.
    min_expected : float
        Fewest expected events in it and outside it.
    confirm : float or None
        Share of units held out of the search to try on them what it finds; None to search all.
    simple : bool
        Whether a combination pays for how many there are of its kind, so that a short one is named before a long one
        that fits a little better by chance.
    most : int
        Combinations named at most.
    level : float
        Coverage of intervals; tests are at 1 - level.
    replicates : int
        Random sets of counts behind each p-value; the smallest possible is 1 / (replicates + 1).
    seed : int
        Of the random counts, of which units are held out, and of the starts of an ascent.
    caution : str
        A sentence the text ends with: what these records cannot show.

    Returns
    -------
    Practices
        The most unusual combination, however likely by chance; and, as long as p-values stay at or below 1 - level,
        the next beyond what those before it explain.

    Raises
    ------
    BadParameter
        If a column is not there or not categorical, or an option cannot be used.
    BadValue
        If a count is negative or not whole, or an expected count negative.
    NotEstimable
        If too few units, events or conditions that vary can be used.

    Notes
    -----
    A combination names some conditions and, for each, a list of values: night shift, and gas or electrical stunning.
    Its score is Kulldorff's likelihood ratio given the total, of weighted counts (a unit's weight falls with what of
    its variance is not chance), less the logarithm of how many descriptions there are like it. All are tried
    where there are at most a million; else coordinate ascent with 31 starts climbs to good ones (`search` says
    which). The p-value is the rank of that score among the highest scores, of any combination, of random counts:
    it allows for having looked everywhere, but rests on the model of chance.

    A ratio found by searching is too high. The units held out give one that is not, with an interval; `confirmed` is
    whether their one-sided p-value, after Holm, is at most 1 - level. Holding out costs power: a practice may have a
    p-value above 0.05 in half of the data and below it in all (`confirm=None`), but then nothing confirms it.

    From the second on, what the ones before explain is part of `expected`: a ratio is beyond them.

    Unevenness is measured on all rows, with what practices do to them counted in: strong practices make the test
    conservative, and so do many rows per unit under changing conditions. With fewer than some 20 units it is rough.

    References
    ----------
    Kulldorff M. Communications in Statistics: Theory and Methods 1997; 26: 1481-1496. Neill DB. Fast subset scan for
    spatial pattern detection. JRSS B 2012; 74: 337-360. Neill DB, McFowland E, Zheng H. Fast subset scan for
    multivariate event detection. Statistics in Medicine 2013; 32: 2185-2208. Zhang Z, Neill DB. Identifying significant
    predictive bias in classifiers. arXiv 1611.08292, 2016.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from welfare.patterns.practices.subsets import practices
    >>> rows = pd.DataFrame({"facility_id": np.arange(80).astype(str), "expected_count": 5.0})
    >>> rows["shift"], rows["stunning"] = np.where(rows.index % 2, "night", "day"), ["gas", "gas", "bolt", "bolt"] * 20
    >>> bad = (rows["shift"] == "night") & (rows["stunning"] == "gas")
    >>> rows["findings_count"] = np.where(bad, 11, 3 + rows.index % 3)
    >>> found = practices(rows, conditions=["shift", "stunning"], replicates=99)
    >>> found.table[["conditions", "support", "confirmed"]].to_numpy().tolist()
    [['shift is night, and stunning is gas', 10, True]]
    """
    check_words(model=(model, _MODELS), missing=(missing, _MISSING), direction=(direction, _DIRECTIONS))
    check_numbers(
        confirm, level, whole={"max_conditions": max_conditions, "most": most}, least=(min_units, replicates), seed=seed
    )
    check_expected(min_expected)
    unit = unit or ("facility_id" if isinstance(panel, pd.DataFrame) and "facility_id" in panel else None)
    names = check_columns(panel, conditions, observed, expected, unit, bands or {})
    coded = as_categories(panel, names, bands=bands or {}, own_value=missing == "own value")
    part, dropped = usable(panel, coded, observed, expected, unit)
    spread = Unevenness(0.0, 0.0)
    if model != "poisson":
        spread = unevenness(part.observed, part.scaled(), part.unit, gamma=model == "negative_binomial")
    out = hold_out(part, confirm, min_units, seed)
    terms = Terms(max_conditions, min_units, min_expected, direction == "more", simple)
    here = part.rows(~out)
    if here.observed.sum() < FEWEST_EVENTS:
        raise too_little(f"{here.observed.sum():,.0f} events in the part searched")
    draws = {"replicates": replicates, "seed": seed}
    searched = search(here, terms, spread, most=most, alpha=1 - level + 1e-12, restarts=_RESTARTS, **draws)
    if not searched.steps:
        raise too_little(
            f"no combination of {', '.join(names)} with {min_units} {unit or 'row'}s and {min_expected:g} expected "
            "events in it and outside it"
        )
    told = Told(
        coded=coded,
        part=part,
        out=out,
        searched=searched,
        named=follow(part, out, searched, terms, spread, level=level, **draws),
        dropped=dropped,
        unit=unit,
        more=direction == "more",
        model=model,
        spread=spread,
        confirm=confirm,
        level=level,
        replicates=replicates,
        caution=str(caution or ""),
    )
    return Practices(
        table=as_table(told.named, [told.words(one) for one in told.named], level),
        text=simulated_words(panel) + text_of(told),
        dropped=dropped,
        notes=notes_of(told),
        subsets=tuple(told.as_subset(one) for one in told.named),
        sentences=sentences_of(told),
        spread=spread,
        search=searched.how,
        model=model,
        replicates=replicates,
        level=level,
    )


__all__ = ["Practices", "practices"]
