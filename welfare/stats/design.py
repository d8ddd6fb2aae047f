"""A formula and a frame made into what a count model fits: numbers, with every row left out named and explained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NoDenominator, NotEstimable
from welfare.stats.inputs import dropped_rows, not_negative, numbers
from welfare.stats.separation import null_directions, separated_rows


@dataclass(frozen=True)
class Design:
    """Rows and columns ready to fit.

    Attributes
    ----------
    counts : array of float, shape (n,)
        The outcome.
    terms : DataFrame, n rows by k columns
        One column per estimate, under the row labels of the input.
    log_exposure : array of float, shape (n,)
        Zero where no exposure was asked for.
    clusters : Series of n labels, or None
        Which rows belong together.
    levels : dict of str to list
        For each factor of the formula, its levels among the rows used; the first is the one compared with.
    dropped : DataFrame
        Columns row, reason.
    notes : tuple of str
        What was changed on the way.
    source : DataFrame
        The columns of the input that the model uses, all its rows: what a refit needs.
    places : array of int, shape (n,)
        Where in `source` each row used stands.
    """

    counts: np.ndarray
    terms: pd.DataFrame
    log_exposure: np.ndarray
    clusters: pd.Series | None
    levels: dict[str, list[Any]]
    dropped: pd.DataFrame
    notes: tuple[str, ...]
    source: pd.DataFrame
    places: np.ndarray


def build_design(formula: str, df: pd.DataFrame, *, exposure: str | None, cluster: str | None) -> Design:
    """Turn a formula and a frame into a design that has a finite estimate for every column.

    Parameters
    ----------
    formula : str
        ``"counts ~ terms"``, as formulaic reads it.
    df : DataFrame
        One row per observation.
    exposure : str or None
        Column of exposures, in any one unit.
    cluster : str or None
        Column that says which rows belong together.

    Returns
    -------
    Design

    Raises
    ------
    BadParameter
        If the formula cannot be read, or names a column the frame lacks.
    BadValue
        If a count is negative or not a number.
    NoDenominator
        If an exposure was named and no row has one above zero.
    NotEstimable
        If no row is left, no event was counted, a term does not vary, or columns repeat one another.
    """
    parsed = _parse(formula)
    used = _columns_used(formula, parsed, df, exposure, cluster)
    rows = df[used].reset_index(drop=True)
    reasons = _first_reasons(rows, exposure)
    built = _matrices(parsed, formula, rows, reasons)
    _refuse_unusable(built, parsed, formula)
    notes = _leave_out_separated(parsed, formula, rows, reasons, built)
    if notes:
        built = _matrices(parsed, formula, rows, reasons)
        built.terms, lost = _independent(built.terms)
        notes += [f"No finite estimate exists for {', '.join(lost)}; left out of the model."] if lost else []
    kept = built.terms.index.to_numpy()
    if len(kept) <= built.terms.shape[1]:
        raise NotEstimable(
            f"{len(kept):,} rows cannot carry {built.terms.shape[1]:,} estimates",
            where=formula,
            spoiled="The model would repeat the data and leave nothing to judge its doubt by.",
            todo="Use fewer terms, or more rows.",
        )
    return Design(
        counts=built.counts,
        terms=built.terms.set_axis(df.index[kept], axis=0),
        log_exposure=np.log(numbers(rows[exposure], exposure)[kept]) if exposure else np.zeros(len(kept)),
        clusters=rows[cluster].iloc[kept].set_axis(df.index[kept]) if cluster else None,
        levels=built.levels,
        dropped=dropped_rows(df.index, reasons),
        notes=(*_exposure_notes(rows, reasons, str(parsed.lhs), exposure), *notes),
        source=df[used].copy(),
        places=kept,
    )


@dataclass
class _Built:
    counts: np.ndarray
    terms: pd.DataFrame
    levels: dict[str, list[Any]]
    empty_terms: list[str]


def _parse(formula: str) -> Any:
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    if not isinstance(formula, str) or "~" not in formula:
        raise BadParameter(
            f"the formula {formula!r} has no outcome",
            where="count_model(formula=)",
            spoiled="Nothing says which column is to be explained.",
            todo="Write it as 'counts ~ term + term'.",
        )
    if "|" in formula:
        raise BadParameter(
            "fixed effects after '|' are not built yet",
            where=f"count_model(formula={formula!r})",
            spoiled="Leaving them out silently would change every estimate.",
            todo="Write them as factors, e.g. '+ C(year)', where their levels are few.",
        )
    try:
        parsed = Formula(formula)
        if len(parsed.lhs) != 1:
            raise BadParameter(
                f"the formula {formula!r} has {len(parsed.lhs)} outcomes", todo="Name one column of counts."
            )
    except (FormulaicError, AttributeError, TypeError) as failure:
        raise _unreadable(formula, failure) from None
    return parsed


def _unreadable(formula: str, failure: Exception) -> BadParameter:
    reason = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(failure)).strip().split("\n")[0]
    return BadParameter(
        f"the formula cannot be used ({reason})",
        where=f"count_model(formula={formula!r})",
        spoiled="A model of other terms than those meant would be fitted.",
        todo="Write it as 'counts ~ term + term'; functions known are those of formulaic and numpy (np.log).",
    )


def _columns_used(formula: str, parsed: Any, df: pd.DataFrame, exposure: str | None, cluster: str | None) -> list[str]:
    # formulaic does not see the columns inside calls with keywords, such as bs(x, df=4): names are looked for too.
    words = {word for word in re.findall(r"[^\W\d]\w*(?!\w)(?!\s*=[^=])", formula) if word in df}
    asked = {"exposure": exposure, "cluster": cluster}
    for role, name in asked.items():
        if name is not None and (not isinstance(name, str) or name not in df):
            raise BadParameter(
                f"the frame has no column {name!r}",
                where=f"count_model({role}=)",
                spoiled="Rates would lack a denominator." if role == "exposure" else "Doubt would be understated.",
                todo=f"Columns it has: {', '.join(map(str, df.columns))}.",
            )
    unknown = sorted(map(str, set(parsed.required_variables) - set(df.columns)))
    if unknown:
        raise BadParameter(
            f"the frame has no column {', '.join(map(repr, unknown))}",
            where=f"count_model(formula={formula!r})",
            spoiled="A term meant to be in the model would be missing from it.",
            todo=f"Columns it has: {', '.join(map(str, df.columns))}. Functions: formulaic's, and numpy's as np.log.",
        )
    wanted = words | {name for name in parsed.required_variables if name in df} | {n for n in asked.values() if n}
    return [name for name in df.columns if name in wanted]


def _plain(column: pd.Series) -> pd.Series:
    """Give a full column of nullable or Arrow-backed numbers the numpy type formulaic expects; leave the rest."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype("float64")
    if pd.api.types.is_integer_dtype(column.dtype):
        return column.astype("int64")
    if pd.api.types.is_float_dtype(column.dtype):
        return column.astype("float64")
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_unused_categories()
    return column


def _first_reasons(rows: pd.DataFrame, exposure: str | None) -> np.ndarray:
    reasons = np.full(len(rows), None, dtype=object)
    for name in reversed(list(rows)):
        reasons[rows[name].isna().to_numpy()] = f"missing {name}"
    if exposure is not None:
        amounts = numbers(rows[exposure], exposure)
        reasons[np.isnan(amounts) | (amounts == 0)] = "no exposure"
        reasons[amounts < 0] = "negative exposure"
        if not (amounts > 0).any():
            raise NoDenominator(
                f"no row has {exposure!r} above zero",
                where="count_model(exposure=)",
                spoiled="Counts over unequal exposure would pass for rates.",
                todo="Name a column that says over how many animals, tasks or hours each count was made.",
            )
    return reasons


def _matrices(parsed: Any, formula: str, rows: pd.DataFrame, reasons: np.ndarray) -> _Built:
    """Build from the rows still in; a row whose terms are not finite gets a reason, and the rest is built again."""
    from formulaic.errors import FormulaicError

    while True:
        kept = rows[[reason is None for reason in reasons]]
        if kept.empty:
            raise NotEstimable(
                "no row is left to fit",
                where=formula,
                spoiled="There is nothing to estimate from.",
                todo="See which column is missing everywhere.",
            )
        kept = pd.DataFrame({name: _plain(kept[name]) for name in kept})
        try:
            # log(0) and its like are caught below, by row.
            with np.errstate(all="ignore"):
                both = parsed.get_model_matrix(kept, na_action="ignore", context={})
        except (FormulaicError, ValueError, TypeError, KeyError) as failure:
            raise _unreadable(formula, failure) from None
        if both.lhs.shape[1] != 1:
            raise BadParameter(
                f"the outcome of {formula!r} is not a column of numbers", todo="Name a column of counts."
            )
        terms = pd.DataFrame(both.rhs).astype("float64")
        outcome = pd.Series(both.lhs.iloc[:, 0]).astype("float64")
        finite = np.isfinite(np.column_stack([outcome, terms]))
        if finite.all():
            spec = both.rhs.model_spec
            return _Built(
                outcome.to_numpy(),
                terms,
                {str(factor): _base_first(state) for factor, state in spec.factor_contrasts.items()},
                [str(term) for term, places in spec.term_indices.items() if not places],
            )
        names = [outcome.name, *terms.columns]
        for at in range(len(terms)):
            if not finite[at].all():
                reasons[terms.index[at]] = f"not a finite number: {names[int(np.argmin(finite[at]))]}"


def _base_first(state: Any) -> list[Any]:
    levels = list(state.levels)
    base = getattr(state.contrasts, "base", None)
    return sorted(levels, key=lambda level: level != base)  # stable: as it was where no base was named


def _refuse_unusable(built: _Built, parsed: Any, formula: str) -> None:
    not_negative(built.counts, str(parsed.lhs), built.terms.index)
    if not built.counts.any():
        raise NotEstimable(
            "no event was counted in the rows that can be used",
            where=formula,
            spoiled="Every ratio would be zero divided by zero.",
            todo="Use wf.rate, which gives an upper limit for none.",
        )
    if built.empty_terms:
        raise NotEstimable(
            f"{', '.join(built.empty_terms)} takes one value in all rows that can be used",
            where=formula,
            spoiled="There is nothing to compare it with.",
            todo="Leave the term out, or bring rows with another value.",
        )
    together = null_directions(built.terms.to_numpy())
    if together.shape[1]:
        share = np.abs(together * np.linalg.norm(built.terms, axis=0)[:, None]).max(axis=1)
        names = [str(name) for name in built.terms.columns[(share > 1e-8) | (built.terms == 0).all()]]
        raise NotEstimable(
            f"the columns {', '.join(names)} repeat one another (one is a sum of the others, or does not vary)",
            where=formula,
            spoiled="Infinitely many sets of estimates fit equally well, and any one of them would be arbitrary.",
            todo="Leave one of them out of the formula.",
        )


def _leave_out_separated(
    parsed: Any, formula: str, rows: pd.DataFrame, reasons: np.ndarray, built: _Built
) -> list[str]:
    """Mark separated rows in `reasons`; return what to say of it, nothing if there are none."""
    separated = separated_rows(built.counts, built.terms.to_numpy())
    if not separated.any():
        return []
    places = built.terms.index[separated]
    reasons[places] = "separated"
    notes = [
        f"Rows without events left out as separated: {len(places):,}. The model could fit their zeros only with an "
        "estimate that runs to infinity, so what sets them apart has no finite ratio. They remain rows in which "
        "nothing was recorded."
    ]
    after = _matrices(parsed, formula, rows, reasons)
    for factor, levels in built.levels.items():
        left = after.levels.get(factor, [])
        gone = [str(level) for level in levels if level not in left]
        if gone:
            notes.append(f"{factor}: no event in {', '.join(gone)}; not estimated.")
        if left and left[0] != levels[0]:
            notes.append(f"{factor} is compared with {left[0]}, since {levels[0]} had no event.")
    return notes


def _independent(terms: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Keep each column that adds something to those before it; name the others."""
    kept: list[Any] = []
    for name in terms.columns:
        if not null_directions(terms[[*kept, name]].to_numpy()).shape[1]:
            kept.append(name)
    return terms[kept], [str(name) for name in terms if name not in kept]


def _exposure_notes(rows: pd.DataFrame, reasons: np.ndarray, outcome: str, exposure: str | None) -> list[str]:
    if exposure is None or outcome not in rows:
        return []
    lost = numbers(rows[outcome], outcome)[[reason in ("no exposure", "negative exposure") for reason in reasons]]
    events = np.nansum(lost)
    return [f"{events:,.0f} events were recorded in rows without {exposure}; they are left out."] if events else []
