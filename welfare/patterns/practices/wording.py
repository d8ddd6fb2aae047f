"""What a search for practices found, in words: a paragraph, a sentence for each combination, and notes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.patterns.practices.conditions import Conditions, Subset, in_words
from welfare.patterns.practices.named import Named
from welfare.patterns.practices.searching.chance import Unevenness
from welfare.patterns.practices.searching.every import MOST_SUBSETS
from welfare.patterns.practices.searching.part import Excess, Part
from welfare.patterns.practices.searching.stepwise import Searched
from welfare.schema.results import count_reasons

_ALIKE = 0.9  # of the expected events of either, held by both: hardly told apart
_FEW_UNITS = 20


@dataclass(frozen=True)
class Told:
    """Everything there is to tell of a search: what was asked, of what, and what came of it."""

    coded: Conditions
    part: Part
    out: np.ndarray
    searched: Searched
    named: list[Named]
    dropped: pd.DataFrame
    unit: str | None
    more: bool
    model: str
    spread: Unevenness
    confirm: float | None
    level: float
    replicates: int
    caution: str

    def as_subset(self, one: Named) -> Subset:
        """Return a combination by the names of its conditions and values."""
        names = list(self.coded.known)
        return {
            names[k]: tuple(self.coded.known[names[k]][value] for value in held) for k, held in one.step.picked.items()
        }

    def words(self, one: Named) -> str:
        """Say a combination."""
        return in_words(self.as_subset(one), self.coded.known)

    @property
    def units(self) -> str:
        """What is counted once however many rows it has."""
        return {"facility_id": "facilities", None: "rows"}.get(self.unit, f"groups by {self.unit}")

    @property
    def alpha(self) -> float:
        """Level of the tests."""
        return 1 - self.level


def text_of(told: Told) -> str:
    """Say in a paragraph what was searched, what was found, how sure it is, and what it cannot show."""
    units = int(told.part.unit.max()) + 1
    searched = len(np.unique(told.part.unit[~told.out]))
    half = f"; {searched:,} of them were searched and the rest held out" if told.out.any() else ""
    left_out = "" if told.dropped.empty else f" Left out: {count_reasons(told.dropped)}."
    ending = f" {told.caution.strip()}" if told.caution.strip() else ""
    return (
        f"{told.part.observed.sum():,.0f} events in {len(told.part.observed):,} rows of {units:,} {told.units} were "
        f"searched for combinations of {', '.join(told.coded.known)} under which there were "
        f"{'more' if told.more else 'fewer'} than expected{half}. {_finding(told)}{left_out} {_chance(told)} A "
        "combination shows where more or less was recorded than expected, not why: those under it may differ in what "
        f"they do, in who inspects them, or in something not recorded.{ending}"
    )


def _finding(told: Told) -> str:
    first = told.named[0]
    tried = f"from {told.replicates:,} random sets of counts, searched the same way"
    if first.step.p_value > told.alpha:
        here = float(told.part.observed[~told.out].sum())
        return (
            f"The most unusual ({told.words(first)}: {_counts(first.found, here, told.units)}) is no more than such a "
            f"search often finds by chance (p = {first.step.p_value:.3g}, {tried}): no combination was shown to matter."
        )
    many = len(told.named)
    opening = "One stands out" if many == 1 else f"{many} stand out, each beyond those before it"
    return f"{opening} (p-values {tried}). {' '.join(sentences_of(told))}"


def _chance(told: Told) -> str:
    if told.model == "poisson":
        return "Events were taken as independent: where facilities differ for other reasons, p-values are too small."
    if told.spread.between == 0 and told.spread.within == 0:
        return "Counts vary no more than by chance."
    return (
        f"Chance was given as much room as {told.units} differ: a standard deviation of {told.spread.between**0.5:.2f} "
        f"between them and of {told.spread.within**0.5:.2f} between rows of one, relative to what is expected."
    )


def sentences_of(told: Told) -> tuple[str, ...]:
    """Say each combination in a sentence."""
    here = float(told.part.observed[~told.out].sum())
    return tuple(
        f"Where {told.words(one)}: {_counts(one.found, here, told.units)} (p = {one.step.p_value:.3g}); "
        f"{_again(one, told)}."
        for one in told.named
    )


def _counts(found: Excess, total: float, units: str) -> str:
    elsewhere = (total - found.observed) / (total - found.expected)
    return (
        f"{found.observed:,.0f} where {found.expected:,.1f} were expected, {found.observed / found.expected:.2f} times "
        f"(elsewhere {elsewhere:.2f} times), at {found.units:,} {units}"
    )


def _again(one: Named, told: Told) -> str:
    if one.again is None:
        return "not tried on others"
    if np.isnan(one.p_value):
        return f"the part held out has too little to tell ({one.again.units:,} {told.units})"
    ratio = one.again.observed / one.again.expected
    verdict = "confirmed" if one.p_value <= told.alpha + 1e-12 else "not confirmed"
    return (
        f"{verdict} where it had not been looked for: {ratio:.2f} times "
        f"({told.level * 100:g}% interval {one.low:.2f} to {one.high:.2f}; p = {one.p_value:.3g})"
    )


def notes_of(told: Told) -> tuple[str, ...]:
    """Say what a user of the figures should know."""
    notes = [
        "support, observed, expected, ratio and p_value are of the part searched, where a ratio is too high for having "
        "been sought; held_out_ratio is not. Expected counts are scaled to as many events as there were in each part."
        if told.out.any()
        else "All rows were searched and none held out: ratios are too high for having been sought, and confirmed is "
        "missing. Expected counts are scaled to as many events as there were."
    ]
    if told.confirm is not None and not told.out.any():
        notes.append(f"There are too few {told.units} to search some and hold out others.")
    if len(told.named) > 1:
        notes.append("From the second on, what the combinations before explain is part of what is expected.")
    how = (
        "every one was tried"
        if told.searched.how == "exact"
        else f"more than {MOST_SUBSETS:,}: coordinate ascent, which may miss the highest"
    )
    notes.append(f"Combinations there are: {told.searched.tried:,.0f} ({how}).")
    return (*notes, *_on_data(told), *_on_combinations(told))


def _on_data(told: Told) -> list[str]:
    notes = [
        f"{name} is missing in {many:,} rows, which are left out or stand as a value of their own, 'not recorded'."
        for name, many in told.coded.missing.items()
        if many
    ]
    constant = [name for k, name in enumerate(told.coded.known) if len(np.unique(told.part.codes[:, k])) < 2]
    if constant:
        notes.append(f"Of one value in all rows, and so no part of any combination: {', '.join(constant)}.")
    if told.unit is None:
        notes.append("No unit was named: rows of one facility, if there are any, were taken as strangers.")
    units = int(told.part.unit.max()) + 1
    if units < _FEW_UNITS and told.model != "poisson":
        notes.append(f"{units} {told.units} are few to measure by how much they differ: p-values are rough.")
    return notes


def _on_combinations(told: Told) -> list[str]:
    notes = []
    here = told.part.rows(~told.out)
    for number, one in enumerate(told.named, start=1):
        if one.found.largest > 0.5:
            notes.append(f"Combination {number}: one of the {told.units} has {one.found.largest:.0%} of its events.")
        same = _much_the_same(told, here, one)
        if same:
            notes.append(f"Combination {number} holds nearly the same events expected as {'; or '.join(same)}.")
    return notes


def _much_the_same(told: Told, here: Part, one: Named) -> list[str]:
    """Return single conditions, not part of a combination, that hold much the same rows."""
    inside, same = here.inside(one.step.picked), []
    known = told.coded.known
    for k, name in enumerate(known):
        every = range(len(known[name]))
        lists = [(code,) for code in every] + [tuple(other for other in every if other != code) for code in every]
        for held in lists if k not in one.step.picked and len(every) > 1 else []:
            there = here.inside({k: held})
            both, either = here.expected[inside & there].sum(), here.expected[inside | there].sum()
            words = in_words({name: tuple(known[name][code] for code in held)}, known)
            if both >= _ALIKE * either and words not in same:
                same.append(words)
    return same


__all__ = ["Told", "notes_of", "sentences_of", "text_of"]
