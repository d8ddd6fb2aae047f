"""Which words of inspectors mark findings: those that no rule covers, or those with more harm than expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.practices.asked import check_numbers
from welfare.patterns.practices.halves import held_out
from welfare.patterns.practices.narratives.documents import Documents, Vocabulary, marks, usable, vocabulary
from welfare.patterns.practices.narratives.listed import Asked, as_table, notes_of, sentences_of, text_of
from welfare.patterns.practices.narratives.permuted import Compared, compare
from welfare.schema.results import Result, simulated_words
from welfare.stats.inputs import numbers

_FEWEST_FINDINGS = 20


@dataclass(frozen=True, repr=False, kw_only=True)
class NarrativeTerms(Result):
    """Terms that mark findings; see :func:`narrative_terms`.

    Attributes
    ----------
    table : DataFrame
        One row per term, the most unusual first: term, support (distinct facilities with an event in a finding that
        holds it), observed, expected (events of findings that hold it), ratio, p_value (adjusted for all terms),
        confirmed (missing: cannot tell); all these of the part searched. Then findings (that hold it), z, and of
        the part held out: held_out_units, held_out_observed, held_out_expected, held_out_ratio, held_out_low,
        held_out_high and held_out_p (adjusted for the terms listed).
    sentences : tuple of str
        One per term.
    tested : int
        Terms tested.
    replicates : int
        Shuffles behind the p-values.
    level : float
        Coverage of the intervals; 1 less the level of the tests.
    """

    sentences: tuple[str, ...]
    tested: int
    replicates: int
    level: float

    def plot(self, ax: Any = None) -> Any:
        """Draw each term's ratio where it was found, and with its interval where it was tried again.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.practices import found_and_held_out

        return found_and_held_out(self.table.rename(columns={"term": "conditions"}), level=self.level, ax=ax)


def narrative_terms(
    findings: pd.DataFrame,
    *,
    text: str = "narrative",
    rule: str = "rule_cited",
    uncovered: Sequence[str] = (),
    marked: str | None = None,
    observed: str | None = None,
    expected: str | None = None,
    unit: str = "facility_id",
    within: str | Sequence[str] | None = "unit",
    phrases: bool = True,
    min_units: int = 5,
    min_findings: int = 10,
    keep: Sequence[str] = (),
    names_removed: bool = False,
    confirm: float | None = 0.5,
    most: int = 20,
    level: float = 0.95,
    replicates: int = 999,
    seed: int = 0,
    caution: str = "",
) -> NarrativeTerms:
    """Search the words of narratives for those that mark findings, by default findings under no rule.

    Parameters
    ----------
    findings : DataFrame
        One row per finding.
    text : str
        Column of narratives, as they were written: capitals tell names from words.
    rule : str
        Column of the rule cited. Findings without one are marked: what inspectors write up and no code covers.
    uncovered : sequence of str
        Codes that stand for no rule, such as "other": findings under them are marked as well.
    marked : str, optional
        Column of yes and no to use instead: severe, fatal, repeated.
    observed, expected : str, optional
        Columns of counts by finding, and of those expected of it, to use instead: animals that died.
    unit : str
        Column of facilities.
    within : str, sequence of str or None
        Columns within which findings are compared: by default `unit`, so that how a place writes and how often it is
        marked explain nothing; None to compare all.
    phrases : bool
        Whether to try phrases of two words as well.
    min_units, min_findings : int
        Fewest facilities (2 or more) and findings that a term must occur in. A term with events at fewer facilities is
        never listed.
    keep : sequence of str
        Terms that look like names and are none, on your word: "usda", or the nouns of a language that writes them with
        capitals.
    names_removed : bool
        Your word that the texts hold no names; needed where capitals tell nothing.
    confirm : float or None
        Share of facilities held out of the search to try on them what it finds; None to search all.
    most : int
        Terms listed at most.
    level : float
        Coverage of intervals; tests are at 1 - level.
    replicates, seed : int
        Shuffles behind each p-value, and their seed.
    caution : str
        A sentence the text ends with.

    Returns
    -------
    NarrativeTerms
        The terms with a p-value of at most 1 - level; else the most unusual one.

    Raises
    ------
    BadParameter
        If a column is not there, an option cannot be used, or names cannot be told from words.
    BadValue
        If a mark is not yes or no, a count negative or not whole, or a narrative no text.
    NotEstimable
        If too few findings can be compared, or no term may be shown.

    Notes
    -----
    A term counts once per finding. Its z is the excess of its findings over what they would have at the rate of their
    stratum, over the exact standard deviation of that excess if findings of a stratum are shuffled. P-values compare it
    with the highest z of any term under shuffling (step-down): they allow for all terms tried, and for terms that go
    together. Findings of one facility that repeat the words and the mark of an earlier one are counted once. Shuffling
    takes the findings of a stratum as exchangeable: two inspectors of one plant, one of whom has words of his own and
    seldom cites a rule, are not told from words that mark such findings. Nor are the findings of one facility
    exchangeable with another's, where `within` is wider than `unit`.

    No term that could be a name is shown or listed in `dropped`, where it would be shown too: nothing with a digit,
    nothing at fewer than `min_units` facilities, no word that within sentences is written with a capital as often as
    not, none that mostly follows a title. Surnames that are everyday words (Brown) pass as those words.

    References
    ----------
    Westfall PH, Young SS. Resampling-based multiple testing. Wiley, New York, 1993. Monroe BL, Colaresi MP, Quinn KM.
    Fightin' words. Political Analysis 2008; 16: 372-403.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.practices.narratives.terms import narrative_terms
    >>> said = [
    ...     "The pen gate was broken.",
    ...     "The chute gate was open.",
    ...     "At the ramp a pig fell.",
    ...     "By the pen a cow fell.",
    ... ]
    >>> rows = pd.DataFrame({"facility_id": [f"p{i // 4}" for i in range(120)], "narrative": said * 30})
    >>> rows["rule_cited"] = ["313.1", "313.1", None, None] * 30
    >>> narrative_terms(rows, replicates=99).table[["term", "support", "confirmed"]].head(1).to_numpy().tolist()
    [['a', 15, True]]
    """
    check_numbers(
        confirm, level, whole={"most": most, "min_findings": min_findings}, least=(min_units, replicates), seed=seed
    )
    groups = _groups(within, unit)
    _check_columns(findings, text, rule, marked, observed, expected, unit, groups)
    what = observed or marked or "under no rule"
    events = marks(findings, marked, rule, uncovered) if observed is None else numbers(findings[observed], observed)
    documents, dropped = usable(
        findings,
        text=text,
        observed=events,
        expected=None if expected is None else findings[expected],
        named=what,
        unit=unit,
        within=groups,
    )
    _refuse_too_little(documents)
    words = vocabulary(
        documents,
        phrases=phrases,
        min_units=min_units,
        min_findings=min_findings,
        keep=keep,
        names_removed=names_removed,
    )
    if not words.terms:
        raise NotEstimable(
            f"no term occurs at {min_units} facilities, in {min_findings} findings, and cannot be a name",
            where="narrative_terms",
            spoiled="A word of few places may be somebody's name, and shows no pattern.",
            todo="Bring more findings; where nouns are written with capitals, vouch for terms with keep=.",
        )
    out = _hold_out(documents, confirm, min_units, seed)
    here = _compare(documents, words, ~out, None, replicates, seed)
    support = _support(documents, words, ~out)
    shown = _to_list(here, support, min_units, 1 - level + 1e-12, most)
    if not len(shown):
        raise NotEstimable(
            "no term can be compared: where findings hold it, all are alike, or it has events at too few facilities",
            where="narrative_terms",
            spoiled="Nothing would be shown, or a few facilities would be.",
            todo=f"Compare within something wider than {', '.join(groups) or 'all'} (within=), or bring more findings.",
        )
    there = _compare(documents, words, out, shown, replicates, seed + 1) if out.any() else None
    asked = Asked(
        what=what,
        counted=observed is not None,
        unit=unit,
        within=groups,
        documents=documents,
        words=words,
        out=out,
        dropped=dropped,
        confirm=confirm,
        level=level,
        replicates=replicates,
        min_units=min_units,
        names_removed=names_removed,
        caution=str(caution or ""),
    )
    table = as_table(asked, shown, here, support, there)
    return NarrativeTerms(
        table=table,
        text=simulated_words(findings) + text_of(asked, table),
        dropped=dropped,
        notes=notes_of(asked, table),
        sentences=sentences_of(asked, table),
        tested=int(np.isfinite(here.z).sum()),
        replicates=replicates,
        level=level,
    )


def _groups(within: str | Sequence[str] | None, unit: str) -> list[str]:
    if within is None:
        return []
    names = [within] if isinstance(within, str) else list(within)
    return [unit if name == "unit" else name for name in names]


def _check_columns(
    findings: pd.DataFrame,
    text: str,
    rule: str,
    marked: str | None,
    observed: str | None,
    expected: str | None,
    unit: str,
    groups: list[str],
) -> None:
    if (observed and marked) or (expected and not observed):
        raise BadParameter(
            "a column of marks and columns of counts were named, or what was expected without what was observed",
            where="narrative_terms",
            spoiled="It would not be clear what the words are to go with.",
            todo="Give marked=, or observed= (with expected=), or neither for findings under no rule.",
        )
    asked = [text, unit, *groups, *filter(None, (marked, observed, expected))]
    absent = [name for name in asked + ([] if marked or observed else [rule]) if name not in findings]
    if absent:
        raise BadParameter(
            f"the findings have no column {', '.join(map(repr, absent))}",
            where="narrative_terms",
            spoiled="Words cannot be counted, or a word that one place uses could not be told from a pattern.",
            todo=f"Columns they have: {', '.join(map(str, findings.columns))}.",
        )


def _refuse_too_little(documents: Documents) -> None:
    total = documents.observed.sum()
    if len(documents.observed) < _FEWEST_FINDINGS or len(np.unique(documents.observed)) < 2:
        raise NotEstimable(
            f"{len(documents.observed):,} findings with {total:,.0f} events can be compared",
            where="narrative_terms",
            spoiled="Words of those with an event cannot be told from words of all.",
            todo=f"Bring {_FEWEST_FINDINGS} findings or more, some with an event and some without.",
        )


def _hold_out(documents: Documents, confirm: float | None, min_units: int, seed: int) -> np.ndarray:
    units = int(documents.unit.max()) + 1
    if confirm is None or units * min(confirm, 1 - confirm) < 2 * min_units:
        return np.zeros(len(documents.unit), dtype=bool)
    alike = np.zeros((len(documents.unit), 1), dtype=np.int64)
    return held_out(confirm, alike, np.ones(len(documents.unit)), documents.unit, seed)


def _compare(
    documents: Documents, words: Vocabulary, rows: np.ndarray, terms: np.ndarray | None, replicates: int, seed: int
) -> Compared:
    holds = words.holds[np.flatnonzero(rows)]
    stratum = np.unique(documents.stratum[rows], return_inverse=True)[1]
    given = (documents.observed[rows], documents.expected[rows], stratum)
    return compare(holds if terms is None else holds[:, terms], *given, replicates=replicates, seed=seed)


def _support(documents: Documents, words: Vocabulary, rows: np.ndarray) -> np.ndarray:
    """Count the facilities with an event in a finding that holds each term."""
    with_event = np.flatnonzero(rows & (documents.observed > 0))
    holds = words.holds[with_event].tocoo()
    pairs = np.unique(np.column_stack([holds.col, documents.unit[with_event][holds.row]]), axis=0)
    return np.bincount(pairs[:, 0], minlength=len(words.terms))


def _to_list(here: Compared, support: np.ndarray, min_units: int, alpha: float, most: int) -> np.ndarray:
    """Return which terms to list: those with small p-values, or else the first, of enough facilities."""
    order = np.argsort(np.where(np.isfinite(here.z), -here.z, np.inf), kind="stable")
    may = order[np.isfinite(here.z[order]) & (support[order] >= min_units)]
    small = may[here.p_value[may] <= alpha]
    return small[:most] if len(small) else may[:1]


__all__ = ["NarrativeTerms", "narrative_terms"]
