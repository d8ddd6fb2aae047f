"""What a source covers, from `data/coverage.csv`: which places, days and kinds of facility, and what absence means."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.codes import shipped

Days = tuple[pd.Timestamp, pd.Timestamp]

NONE, NOT_COLLECTED, CANNOT_TELL = "none", "not_collected", "cannot_tell"
_NO, _PERHAPS, _YES = 0, 1, 2
_WORDS = {_NO: "no", _PERHAPS: "cannot tell", _YES: "yes"}
_ANY = "*"
_OUTSIDE = "outside"
# The columns of the tidy tables and of the panel that say when; the first pair a frame has is asked.
_WHEN = (("period_start", "period_end"), ("date_from", "date_to"), ("date", "date"))
_PERIOD = "outside the period"
_IF_NO = ("outside the region", _PERIOD, "another kind of facility")
_IF_PERHAPS = ("region not known", "period not known", "kind of facility not known")
# Why a source that does not hold every facility may not hold one of those it could.
_INCOMPLETE = {
    "voluntary": "not reported",
    "press": "not reported",
    "sample": "not in the sample",
    "model": "not seen by the model",
}
_SMALL, _MAYBE_SMALL = "below the threshold", "may be below the threshold"
_NOT_STATED = "coverage not stated"
_ANSWERS = ("covers", "absence", "reason", "why")


def source_coverage(source: str | None = None, *, stated: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what sources say they cover, one row per source and part of what it covers.

    Parameters
    ----------
    source : str, optional
        Its name in the registry; by default all.
    stated : DataFrame, optional
        Rows of the same columns about files of one's own, as text; they take the place of the shipped rows of the
        sources they name.

    Returns
    -------
    DataFrame
        source, country, regions, from, to, kinds, threshold_least, threshold_of, completeness, what_absence_means,
        why, citation, all text; docs/reference/coverage.md says what each holds. No row: nothing is stated.

    Raises
    ------
    BadParameter
        If `stated` lacks a column, or uses a word that `data/coverage/words.csv` does not know.
    """
    table = shipped("coverage.csv")
    if stated is not None:
        own = _checked(stated, list(table.columns))
        table = pd.concat([table[~table["source"].isin(own["source"])], own], ignore_index=True)
    return table if source is None else table[table["source"] == source].reset_index(drop=True)


def _checked(stated: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    spoiled = "Where nothing is recorded, none and not collected could not be told apart."
    if missing := [name for name in columns if name not in stated]:
        raise BadParameter(
            f"the coverage stated has no column {', '.join(missing)}",
            spoiled=spoiled,
            todo=f"Give it the columns of data/coverage.csv: {', '.join(columns)}.",
        )
    own = stated[columns].astype("object").fillna("").astype("str")
    words = shipped("coverage/words.csv")
    for column in ("completeness", "what_absence_means"):
        known = list(words.loc[words["list"] == column, "word"])
        if strange := sorted(set(own[column]) - set(known)):
            raise BadParameter(f"{column} is {strange[0]!r}", spoiled=spoiled, todo=f"Use one of {', '.join(known)}.")
    return own


def covers(
    source: str,
    rows: pd.DataFrame,
    *,
    files: Sequence[Days] | None = None,
    stated: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Say of each row whether a source covers it, and what it means that the source has no record of it.

    Parameters
    ----------
    source : str
        Its name in the registry.
    rows : DataFrame
        A panel or a tidy table: of country and region (or area_id), facility_id, species_group, species, activities
        and the dates (period_start and period_end, date_from and date_to, or date) what it has. Without any dates the
        question is about the source as such.
    files : sequence of (first day, last day), optional
        What time its files at hold cover: outside it the answer is no.
    stated : DataFrame, optional
        Coverage of files of one's own; see :func:`source_coverage`.

    Returns
    -------
    DataFrame
        Under the index of `rows`: covers (yes, no or cannot tell), absence (none, not_collected or cannot_tell: only
        under none is no record a count of 0), reason (why not yes: a word of `data/coverage/words.csv`) and why (the
        source's own words). A row of which a part of the time is covered is covered.

    Notes
    -----
    Where the rows do not say what a facility does or where it is, the answer is cannot tell, never yes.
    """
    answers = pd.DataFrame({"covers": _NO, "absence": NOT_COLLECTED, "reason": "", "why": ""}, index=rows.index)
    rank = pd.Series(-1, index=rows.index)
    shut = pd.Series(False, index=rows.index)
    part: pd.Series
    rows = _placed(rows)
    for _, part in source_coverage(source, stated=stated).iterrows():
        found, place = _answers(part, rows, files)
        wins = (place > rank) & ~shut
        if part["completeness"] == _OUTSIDE:
            # What a source says it does not cover, it does not, whatever its other rows say.
            wins = (found["covers"] == _YES) & _within(part, rows)
            shut |= wins
            found = found.assign(covers=_NO, absence=NOT_COLLECTED, reason=_IF_NO[0 if part["kinds"] == _ANY else 2])
        for name in _ANSWERS:
            answers[name] = answers[name].mask(wins, found[name])
        rank = rank.mask(wins, place)
    never = rank < 0
    answers["reason"] = answers["reason"].mask(never & ~shut, _NOT_STATED)
    answers["absence"] = answers["absence"].mask(never & ~shut, CANNOT_TELL)
    answers["covers"] = answers["covers"].mask(never & ~shut, _PERHAPS).map(_WORDS)
    return answers


def _placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Give rows about an area, such as iso3166-2:CL-LL, its country and region."""
    if "area_id" not in rows or {"country", "region"} & set(rows.columns):
        return rows
    place = rows["area_id"].astype("str").str.extract(r"^iso3166(?:-2)?:(?P<country>[A-Z]{2})(?:-(?P<region>\w+))?$")
    return rows.assign(country=place["country"], region=place["region"])


def _answers(part: pd.Series, rows: pd.DataFrame, files: Sequence[Days] | None) -> tuple[pd.DataFrame, pd.Series]:
    """Answer by one row of the coverage table; with it how good an answer it is, to choose the best of several."""
    asked = [_of_place(part, rows), _of_days(part, rows, files), _of_kind(part["kinds"], rows)]
    level = pd.concat(asked, axis=1).min(axis=1)
    reason = pd.Series("", index=rows.index, dtype="str")
    for answer, if_no, if_perhaps in reversed(list(zip(asked, _IF_NO, _IF_PERHAPS, strict=True))):
        reason = reason.mask((answer == _PERHAPS) & (level == _PERHAPS), if_perhaps).mask(answer == _NO, if_no)
    big_enough = _of_size(part, rows)
    for limit, why_not in ((_NO, _SMALL), (_PERHAPS, _MAYBE_SMALL)):
        lowered = (level == _YES) & (big_enough == limit)
        reason, level = reason.mask(lowered, why_not), level.mask(lowered, limit)
    absence = pd.Series(part["what_absence_means"], index=rows.index, dtype="str")
    if part["completeness"] in _INCOMPLETE:
        lowered = level == _YES
        reason, level = reason.mask(lowered, _INCOMPLETE[part["completeness"]]), level.mask(lowered, _PERHAPS)
    absence = absence.mask(level == _NO, NOT_COLLECTED).mask((level == _PERHAPS) & (absence == NONE), CANNOT_TELL)
    # Of two that say no, the one that fails last is nearest: a plant of another kind in the region, at the time.
    steps = sum(((answer > _NO) for answer in asked), start=pd.Series(0, index=rows.index))
    found = pd.DataFrame({"covers": level, "absence": absence, "reason": reason, "why": part["why"]})
    return found, level * 10 + steps


def _of_place(part: pd.Series, rows: pd.DataFrame) -> pd.Series:
    country = _is_one_of(rows, "country", part["country"].split("|"))
    return pd.concat([country, _is_one_of(rows, "region", _listed(part["regions"]))], axis=1).min(axis=1)


def _listed(words: str) -> list[str]:
    """Return the words of a list; ``us_states.osha_plan=federal|state`` points at the rows of a code list."""
    if "=" not in words:
        return words.split("|")
    pointer, _, values = words.partition("=")
    name, _, column = pointer.partition(".")
    codes = shipped(f"codes/{name}.csv")
    return list(codes.loc[codes[column].isin(values.split("|")), str(codes.columns[0])])


def _is_one_of(rows: pd.DataFrame, column: str, words: list[str]) -> pd.Series:
    """Say of each row whether a cell holds one of some words, by whole words joined by ``+`` or ``;``."""
    if words == [_ANY]:
        return pd.Series(_YES, index=rows.index)
    if column not in rows:
        return pd.Series(_PERHAPS, index=rows.index)
    cells = rows[column].astype("str")
    # Cells repeat: a panel has a few states and mixes of species, and thousands of rows.
    held = {
        cell: _YES if {w.strip() for w in cell.replace(";", "+").split("+")} & set(words) else _NO
        for cell in cells.dropna().unique()
    }
    return cells.map(held).fillna(_PERHAPS).astype("int64")


def _bounds(part: pd.Series) -> Days:
    first = pd.Timestamp(part["from"]) if part["from"] else pd.Timestamp.min
    return first, pd.Timestamp(part["to"]) if part["to"] else pd.Timestamp.max


def _dates(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series] | None:
    pair = next((pair for pair in _WHEN if set(pair) <= set(rows.columns)), None)
    return (rows[pair[0]], rows[pair[1]]) if pair else None


def _of_days(part: pd.Series, rows: pd.DataFrame, files: Sequence[Days] | None) -> pd.Series:
    first, last = _bounds(part)
    held = [(first, last)] if files is None else [(max(first, one), min(last, other)) for one, other in files]
    dates = _dates(rows)
    if dates is None:
        return pd.Series(_YES if any(one <= other for one, other in held) else _NO, index=rows.index)
    touched = pd.Series(False, index=rows.index)
    for one, other in held:
        if one <= other:
            touched |= (dates[0] <= other) & (dates[1] >= one)
    answer = pd.Series(_NO, index=rows.index).mask(touched, _YES)
    return answer.mask(dates[0].isna() | dates[1].isna(), _PERHAPS)


def _within(part: pd.Series, rows: pd.DataFrame) -> pd.Series:
    """Say whether the whole time of each row lies within a row of the coverage table."""
    first, last = _bounds(part)
    dates = _dates(rows)
    if dates is None:
        return pd.Series(part["from"] == "" and part["to"] == "", index=rows.index)
    return (dates[0] >= first) & (dates[1] <= last)


def _of_kind(kinds: str, rows: pd.DataFrame) -> pd.Series:
    if kinds == _ANY:
        return pd.Series(_YES, index=rows.index)
    book = shipped("coverage/kinds.csv")
    best = pd.Series(_NO, index=rows.index)
    known = rows
    if "facility_id" in rows:
        known = rows.assign(scheme=rows["facility_id"].astype("str").str.replace(r":.*", "", regex=True))
    for kind in kinds.split("|"):
        told = pd.Series(_PERHAPS, index=rows.index)
        for column, words in book.loc[book["kind"] == kind, ["column", "words"]].itertuples(index=False):
            if column:
                told = told.mask(told == _PERHAPS, _is_one_of(known, str(column), str(words).split("|")))
        best = pd.concat([best, told], axis=1).max(axis=1)
    return best


def _of_size(part: pd.Series, rows: pd.DataFrame) -> pd.Series:
    if not part["threshold_least"]:
        return pd.Series(_YES, index=rows.index)
    if part["threshold_of"] not in rows:
        return pd.Series(_PERHAPS, index=rows.index)
    size = rows[part["threshold_of"]].astype("float64")
    enough = (size >= float(part["threshold_least"])).map({True: _YES, False: _NO})
    return enough.mask(size.isna(), _PERHAPS)
