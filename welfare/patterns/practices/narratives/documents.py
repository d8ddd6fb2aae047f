"""Findings with a narrative that can be counted, and the terms of them that may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from welfare.errors import BadParameter, BadValue
from welfare.patterns.practices.narratives.tokens import Narrative, in_tokens, name_like, spelling, terms_of
from welfare.stats.inputs import dropped_rows, not_negative, numbers, whole_counts

_ALIKE = 0.95  # of a word's findings, those of a phrase: the word says as much


@dataclass(frozen=True)
class Documents:
    """Findings that can be counted.

    Attributes
    ----------
    narratives : list of Narrative
        Their texts, in words.
    observed, expected : arrays, shape (n,)
        Events by finding, and those expected of it.
    unit, stratum : arrays of int, shape (n,)
        Numbers of each finding's facility, and of the group it is compared within.
    """

    narratives: list[Narrative]
    observed: np.ndarray
    expected: np.ndarray
    unit: np.ndarray
    stratum: np.ndarray


@dataclass(frozen=True)
class Vocabulary:
    """Terms to test.

    Attributes
    ----------
    terms : list of str
        In alphabetical order.
    holds : sparse array, shape (n, t)
        1 where a finding holds a term.
    left_out : dict of str to int
        How many terms were left out, by reason. They are not named: some may be names.
    """

    terms: list[str]
    holds: csr_array
    left_out: dict[str, int]


def marks(findings: pd.DataFrame, marked: str | None, rule: str, uncovered: Sequence[str]) -> np.ndarray:
    """Return 1 for each finding marked, 0 for others, missing where that is not known.

    Parameters
    ----------
    findings : DataFrame
        One row per finding.
    marked : str or None
        Column of yes and no; else findings whose `rule` is missing, blank or among `uncovered` are marked.
    rule : str
        Column of the rule cited.
    uncovered : sequence of str
        Codes that stand for no rule, such as "other".
    """
    if marked is None:
        cited = findings[rule].astype("str").str.strip()
        return np.asarray(findings[rule].isna() | (cited == "") | cited.isin(list(uncovered)), dtype=float)
    values = findings[marked]
    known = values.dropna()
    if not known.isin([0, 1]).all():
        raise BadValue(
            f"{marked} holds {known[~known.isin([0, 1])].iloc[0]!r}, not yes or no",
            where="narrative_terms(marked=)",
            spoiled="Findings would be marked that are not.",
            todo="Give True and False; counts go into observed=.",
        )
    return values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def usable(
    findings: pd.DataFrame,
    *,
    text: str,
    observed: np.ndarray,
    expected: Any,
    named: str,
    unit: str,
    within: list[str],
) -> tuple[Documents, pd.DataFrame]:
    """Return the findings that can be counted, and what was left out.

    Parameters
    ----------
    findings : DataFrame
        One row per finding.
    text, unit : str
        Columns of narratives and of facilities.
    observed : array of float, shape (n,)
        Events by finding.
    expected : Series or None
        Those expected; None for alike.
    named : str
        What the events are called in a reason.
    within : list of str
        Columns to compare within; none to compare all.
    """
    whole_counts(observed, named, findings.index)
    hoped = np.ones(len(findings)) if expected is None else numbers(expected, "expected")
    not_negative(hoped, "expected", findings.index)
    written = findings[text]
    spoken = written.dropna()
    if not spoken.map(lambda value: isinstance(value, str)).all():
        raise BadValue(
            f"{text} holds something other than text", where="narrative_terms(text=)", todo="Give narratives."
        )
    taken_apart = {said: in_tokens(said) for said in spoken.unique()}
    narratives = [taken_apart.get(said) if isinstance(said, str) else None for said in written]
    reasons = np.full(len(findings), None, dtype=object)
    places = findings[unit].astype("str").to_numpy(dtype=object)
    again = pd.DataFrame({"unit": places, "words": [_words(one) for one in narratives], "seen": observed})
    reasons[again.duplicated().to_numpy()] = f"the same words as an earlier finding of its {unit}"
    for name in within:
        reasons[findings[name].isna().to_numpy()] = f"missing {name}"
    reasons[hoped == 0] = "nothing expected"
    reasons[np.isnan(hoped)] = "missing expected"
    reasons[np.isnan(observed)] = f"missing {named}"
    reasons[[one is None or not one.tokens for one in narratives]] = f"no words in {text}"
    reasons[findings[unit].isna().to_numpy()] = f"missing {unit}"
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    # In an order of their own, so that nothing random hangs on the order in which they came.
    by = again.assign(hoped=hoped, said=written.astype("str").to_numpy(dtype=object))[kept]
    order = by.sort_values(["unit", "words", "seen", "hoped", "said"], kind="stable").index.to_numpy()
    stratum: np.ndarray = np.zeros(len(order), dtype=np.int64)
    if within:
        groups = findings[within].iloc[order].astype("str").reset_index(drop=True)
        stratum = groups.groupby(within, sort=True).ngroup().to_numpy()
    documents = Documents(
        narratives=[one for one in (narratives[row] for row in order) if one is not None],
        observed=observed[order],
        expected=hoped[order],
        unit=np.unique(places[order], return_inverse=True)[1],
        stratum=stratum,
    )
    return documents, dropped_rows(findings.index, reasons)


def _words(narrative: Narrative | None) -> str:
    return "" if narrative is None else " ".join(token.word for token in narrative.tokens)


def vocabulary(
    documents: Documents,
    *,
    phrases: bool,
    min_units: int,
    min_findings: int,
    keep: Sequence[str],
    names_removed: bool,
) -> Vocabulary:
    """Return the terms that may be shown and occur often enough.

    Parameters
    ----------
    documents : Documents
        The findings.
    phrases : bool
        Whether to take phrases of two words.
    min_units, min_findings : int
        Fewest facilities, and findings, that a term occurs in.
    keep : sequence of str
        Terms that somebody vouches for as no names.
    names_removed : bool
        Whether the texts hold no names.

    Raises
    ------
    BadParameter
        If capitals cannot tell names from words, and nobody says that there are no names.
    """
    cased = np.mean([one.cased for one in documents.narratives])
    if not names_removed and cased < 0.5:
        raise BadParameter(
            f"capitals tell names from words in {cased:.0%} of the narratives only",
            where="narrative_terms",
            spoiled="The name of a witness or an inspector could come out as a term.",
            todo="Give the texts as they were written; or take names out of them and say names_removed=True.",
        )
    rows, columns = [], []
    index: dict[str, int] = {}
    for row, narrative in enumerate(documents.narratives):
        for term in terms_of(narrative, phrases=phrases):
            rows.append(row)
            columns.append(index.setdefault(term, len(index)))
    holds = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(documents.narratives), len(index)))
    names = set() if names_removed else name_like(documents.narratives, phrases=phrases)
    names -= {spelling(term) for term in keep}
    every = np.asarray(list(index), dtype=object)
    rare = (_units(holds, documents.unit) < min_units) | (holds.sum(axis=0) < min_findings)
    private = np.array([term in names for term in every], dtype=bool)
    idle = _said_by_a_word(every, index, holds, rare | private)
    shown = np.flatnonzero(~rare & ~private & ~idle)
    shown = shown[np.argsort(every[shown].astype(str))]
    left_out = {
        f"in fewer than {min_units} facilities or {min_findings} findings": int(rare.sum()),
        "could be a name": int((private & ~rare).sum()),
        "phrase that one of its words stands for": int((idle & ~rare & ~private).sum()),
    }
    return Vocabulary([str(term) for term in every[shown]], csr_array(holds[:, shown]), left_out)


def _units(holds: csr_array, unit: np.ndarray) -> np.ndarray:
    """Count the facilities each term occurs in."""
    places = csr_array((np.ones(len(unit)), (unit, np.arange(len(unit)))), shape=(int(unit.max()) + 1, len(unit)))
    return np.asarray(((places @ holds) > 0).sum(axis=0)).ravel()


def _said_by_a_word(every: np.ndarray, index: dict[str, int], holds: csr_array, out: np.ndarray) -> np.ndarray:
    """Say which phrases occur in nearly all findings that one of their words occurs in."""
    findings = np.asarray(holds.sum(axis=0)).ravel()
    idle = np.zeros(len(every), dtype=bool)
    for position, term in enumerate(every):
        if " " in term and not out[position]:
            words = [index[word] for word in term.split() if word in index and not out[index[word]]]
            idle[position] = any(findings[position] >= _ALIKE * findings[word] for word in words)
    return idle


__all__ = ["Documents", "Vocabulary", "marks", "usable", "vocabulary"]
