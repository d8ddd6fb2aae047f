"""Terms that mark findings, as a table and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.patterns.practices.narratives.documents import Documents, Vocabulary
from welfare.patterns.practices.narratives.permuted import Compared, share_out
from welfare.schema.results import count_reasons
from welfare.stats.rates.limits import exact_limits


@dataclass(frozen=True)
class Asked:
    """What was asked of which findings."""

    what: str
    counted: bool
    unit: str
    within: list[str]
    documents: Documents
    words: Vocabulary
    out: np.ndarray
    dropped: pd.DataFrame
    confirm: float | None
    level: float
    replicates: int
    min_units: int
    names_removed: bool
    caution: str

    @property
    def places(self) -> str:
        """What a facility is called."""
        return "facilities" if self.unit == "facility_id" else f"groups by {self.unit}"

    @property
    def of_others(self) -> str:
        """What a term's findings are compared with."""
        return f"of the same {' and '.join(self.within)}" if self.within else "of all"


def as_table(
    asked: Asked, shown: np.ndarray, here: Compared, support: np.ndarray, there: Compared | None
) -> pd.DataFrame:
    """Return the table of a result, one row per term.

    Parameters
    ----------
    asked : Asked
        What was asked.
    shown : array of int
        Positions of the terms listed.
    here : Compared
        All terms in the part searched.
    support : array of int
        Facilities with an event, by term.
    there : Compared or None
        The terms listed, in the part held out.
    """
    searched = np.flatnonzero(~asked.out)
    findings = np.asarray(asked.words.holds[searched].sum(axis=0)).ravel()
    table = pd.DataFrame(
        {
            "term": pd.Series([asked.words.terms[at] for at in shown], dtype="str"),
            "support": support[shown].astype(np.int64),
            "observed": here.observed[shown],
            "expected": here.expected[shown],
            "ratio": here.observed[shown] / here.expected[shown],
            "p_value": here.p_value[shown],
            "confirmed": pd.array([pd.NA] * len(shown), dtype="boolean"),
            "findings": findings[shown].astype(np.int64),
            "z": here.z[shown],
        }
    )
    return _with_held_out(table, asked, shown, there)


def _with_held_out(table: pd.DataFrame, asked: Asked, shown: np.ndarray, there: Compared | None) -> pd.DataFrame:
    nothing = np.full(len(shown), np.nan)
    if there is None:
        return table.assign(
            held_out_units=0,
            **{f"held_out_{name}": nothing for name in ("observed", "expected", "ratio", "low", "high", "p")},
        )
    rows = np.flatnonzero(asked.out)
    units = np.array(
        [
            len(np.unique(asked.documents.unit[rows][asked.words.holds[rows, :][:, [at]].toarray()[:, 0] > 0]))
            for at in shown
        ]
    )
    told = np.isfinite(there.z) & (units >= asked.min_units)
    p_value = np.where(told, there.p_value, np.nan)
    confirmed = pd.array(p_value <= 1 - asked.level + 1e-12, dtype="boolean")
    confirmed[~told] = pd.NA
    with np.errstate(invalid="ignore", divide="ignore"):
        # Shuffling varies counts by another amount than Poisson's; the wider of the two is taken.
        wider = np.maximum(1.0, there.variance / there.expected)
        low, high = exact_limits(there.observed / wider, asked.level)
        ratio, low, high = (side / there.expected for side in (there.observed, low * wider, high * wider))
    some = there.expected > 0
    return table.assign(
        confirmed=confirmed,
        held_out_units=units.astype(np.int64),
        held_out_observed=there.observed,
        held_out_expected=there.expected,
        held_out_ratio=np.where(some, ratio, np.nan),
        held_out_low=np.where(some, low, np.nan),
        held_out_high=np.where(some, high, np.nan),
        held_out_p=p_value,
    )


def sentences_of(asked: Asked, table: pd.DataFrame) -> tuple[str, ...]:
    """Say each term in a sentence."""
    return tuple(_sentence(asked, row) for row in table.itertuples(index=False))


def _sentence(asked: Asked, row: Any) -> str:
    events = f"{row.observed:,.0f} events" if asked.counted else f"{row.observed:,.0f} are {_marked(asked)}"
    return (
        f"Of {row.findings:,} findings that say '{row.term}', {events} where {row.expected:,.1f} would be as often as "
        f"in findings {asked.of_others}, {row.ratio:.2f} times, at {row.support:,} {asked.places} (p = "
        f"{row.p_value:.3g}); {_again(asked, row)}."
    )


def _marked(asked: Asked) -> str:
    return asked.what if asked.what == "under no rule" else f"marked {asked.what}"


def _again(asked: Asked, row: Any) -> str:
    if not asked.out.any():
        return "not tried on others"
    if pd.isna(row.confirmed):
        return f"the part held out has too little to tell ({row.held_out_units:,} {asked.places})"
    verdict = "confirmed" if row.confirmed else "not confirmed"
    return (
        f"{verdict} where it had not been looked for: {row.held_out_ratio:.2f} times ({asked.level * 100:g}% interval "
        f"{row.held_out_low:.2f} to {row.held_out_high:.2f}; p = {row.held_out_p:.3g})"
    )


def text_of(asked: Asked, table: pd.DataFrame) -> str:
    """Say in a paragraph what was searched, what was found, how sure it is, and what it cannot show."""
    documents, what = asked.documents, asked.what if asked.counted else _marked(asked)
    half = " in one part of them and tried in the other" if asked.out.any() else ""
    left_out = "" if asked.dropped.empty else f" Left out: {count_reasons(asked.dropped)}."
    ending = f" {asked.caution.strip()}" if asked.caution.strip() else ""
    events = (
        f"{documents.observed.sum():,.0f} events ({what})"
        if asked.counted
        else f"{documents.observed.sum():,.0f} of them {what}"
    )
    return (
        f"{len(documents.observed):,} findings of {int(documents.unit.max()) + 1:,} {asked.places}, {events}, were "
        f"searched for words that mark them{half}: {len(asked.words.terms):,} terms, each against findings "
        f"{asked.of_others}. {_finding(asked, table)}{left_out} A word shows what goes with such findings in what is "
        "written, not what caused them; inspectors differ in words as in what they cite. As far as capitals and titles "
        f"tell, no name of a person is among the terms.{ending}"
    )


def _finding(asked: Asked, table: pd.DataFrame) -> str:
    first = table.iloc[0]
    if first["p_value"] > 1 - asked.level + 1e-12:
        return (
            f"The most unusual ('{first['term']}', {first['observed']:,.0f} where {first['expected']:,.1f} would be as "
            f"often) is no more than such a search often finds by chance (p = {first['p_value']:.3g}, from "
            f"{asked.replicates:,} shuffles): no word was shown to mark them."
        )
    sentences = sentences_of(asked, table)
    more = len(sentences) - 3
    rest = f" {more} more {'is' if more == 1 else 'are'} in the table." if more > 0 else ""
    return f"{' '.join(sentences[:3])}{rest} P-values allow for all terms tried ({asked.replicates:,} shuffles)."


def notes_of(asked: Asked, table: pd.DataFrame) -> tuple[str, ...]:
    """Say what a user of the figures should know."""
    documents = asked.documents
    notes = [
        f"{many:,} terms left out, and not named: {reason}." for reason, many in asked.words.left_out.items() if many
    ]
    beyond = documents.observed - share_out(documents.observed, documents.expected, documents.stratum)
    moved = np.bincount(documents.stratum, np.abs(beyond) > 1e-12) > 0
    told = int(moved[documents.stratum].sum())
    if told < len(documents.stratum):
        notes.append(
            f"{told:,} of {len(documents.stratum):,} findings can tell anything: the others are alone in their "
            f"{' and '.join(asked.within)}, or alike with all there."
        )
    several = np.bincount(documents.unit)
    if asked.unit not in asked.within and several.max() > 1:
        notes.append(
            f"{int((several > 1).sum()):,} {asked.places} have more than one finding; findings were shuffled between "
            "them as though independent, which makes p-values somewhat too small."
        )
    if asked.confirm is not None and not asked.out.any():
        notes.append(f"There are too few {asked.places} to search some and hold out others: confirmed is missing.")
    if asked.names_removed:
        notes.append("That the texts hold no names was taken on the caller's word.")
    notes.append("Terms in the table that occur in the same findings are not independent of one another.")
    return tuple(notes if len(table) > 1 else notes[:-1])


__all__ = ["Asked", "as_table", "notes_of", "sentences_of", "text_of"]
