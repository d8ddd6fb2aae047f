"""Charts of all facilities, side by side: heights, limits, signals, evidence, p-values and flags."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from welfare.patterns.monitor.charting.evidence import NEVER, Evidence, accumulated, at_once
from welfare.patterns.monitor.charting.moves import (
    BINOMIAL,
    NEGATIVE_BINOMIAL,
    POISSON,
    Law,
    Moves,
    cusum_moves,
    ewma_moves,
)
from welfare.patterns.monitor.charting.shewhart import chance_of_rarest, tails
from welfare.patterns.monitor.question import Question
from welfare.patterns.monitor.result import Monitor
from welfare.patterns.monitor.spread import PeriodSpread, period_spread
from welfare.patterns.monitor.watched import Watched
from welfare.patterns.monitor.words import chart_notes, found_words
from welfare.stats.robustness.adjusting import adjusted_p

_FEWEST = 3
_LABELS = ("facility_id", "change", "low", "high")
_FIGURES = ("ratio", "ratio_low", "ratio_high", "before", "after")


@dataclass(frozen=True)
class Chart:
    """One side's charts of all facilities.

    Attributes
    ----------
    path : array of float, shape (periods, facilities)
        Heights.
    limit, highest, p : array of float, shape (facilities,)
        Limits, highest heights, and the chance of those.
    evidence : Evidence
        Signals, and since when.
    sign : int
        1 above, -1 below.
    """

    path: np.ndarray
    limit: np.ndarray
    highest: np.ndarray
    p: np.ndarray
    evidence: Evidence
    sign: int


def charted(seen: Watched, asked: Question) -> Monitor:
    """Chart every facility.

    Parameters
    ----------
    seen : Watched
        Counts and expected counts.
    asked : Question
        Method and options.
    """
    mean = np.where(seen.live, seen.expected, 1.0)
    trials = mean if seen.trials is None else np.where(seen.live, seen.trials, 2.0)
    counts = np.where(seen.live, seen.counts, 0.0)
    law, spread = _law(seen, asked, counts, mean)
    of_side = _shewhart if asked.method == "shewhart" else _cumulative
    sides = [of_side(counts, mean, trials, seen.live, law, asked, sign) for sign in asked.sides()]
    chart = sides[0] if len(sides) == 1 else _clearer(*sides)
    sign = np.full(len(chart.p), sides[0].sign) if len(sides) == 1 else np.where(sides[1].p < sides[0].p, -1, 1)
    table = as_table(seen, chart, sign, asked.fdr)
    return Monitor(
        table=table,
        text=found_words(table, seen, "cusum" if "cusum" in asked.method else asked.method, _sought(asked), asked.fdr),
        dropped=seen.dropped,
        notes=chart_notes(
            seen,
            law,
            spread,
            method=asked.method,
            arl=asked.arl,
            own_limit=asked.limit is not None,
            asked=asked.dispersion,
        ),
        paths=pd.DataFrame(chart.path, index=seen.periods, columns=seen.facilities),
        expected=pd.DataFrame(seen.expected, index=seen.periods, columns=seen.facilities),
        upper=pd.DataFrame(index=seen.periods),
        changes=changes_frame([]),
        method="cusum" if "cusum" in asked.method else asked.method,
        law=law.name,
        dispersion=law.dispersion,
        arl=asked.arl if asked.limit is None else np.nan,
        fdr=asked.fdr,
    )


def _sought(asked: Question) -> float:
    return 1 / asked.ratio if asked.direction == "down" else asked.ratio


def _law(seen: Watched, asked: Question, counts: np.ndarray, mean: np.ndarray) -> tuple[Law, PeriodSpread]:
    if seen.trials is not None:
        return Law(BINOMIAL), PeriodSpread(np.nan, 0.0)
    spread = period_spread(counts, mean, seen.live)
    wanted = (spread.dispersion if spread.shown else 0.0) if asked.dispersion == "auto" else float(asked.dispersion)
    return (Law(NEGATIVE_BINOMIAL, wanted) if wanted > 0 else Law(POISSON)), spread


def _cumulative(
    counts: np.ndarray, mean: np.ndarray, trials: np.ndarray, live: np.ndarray, law: Law, asked: Question, sign: int
) -> Chart:
    from welfare.patterns.monitor.charting.limits import chance_of_height, run_limits

    def moves_of(means: np.ndarray, looked: np.ndarray, on: np.ndarray) -> Moves:
        if asked.method == "ewma":
            return ewma_moves(means, looked, law, asked.weight, on, sign)
        return cusum_moves(means, looked, law, asked.ratio**sign)

    moves = moves_of(mean, trials, live)
    path = moves.path(counts, live)
    highest = np.where(live, path, -np.inf).max(axis=0)
    if asked.limit is None:
        limit = run_limits(moves_of, law, mean, trials, live, asked.arl * len(asked.sides()))
    else:
        limit = np.full(mean.shape[1], float(asked.limit))
    p = chance_of_height(moves, law, mean, trials, live, highest)
    return Chart(path, limit, highest, p, accumulated(path, limit, counts, mean, live), sign)


def _shewhart(
    counts: np.ndarray, mean: np.ndarray, trials: np.ndarray, live: np.ndarray, law: Law, asked: Question, sign: int
) -> Chart:
    tail = np.where(live, tails(counts, mean, trials, law, sign), 1.0)
    path = -np.log10(np.maximum(tail, 1e-300))
    height = np.log10(asked.arl * len(asked.sides())) if asked.limit is None else float(asked.limit)
    limit = np.full(mean.shape[1], height)
    p = chance_of_rarest(tail.min(axis=0), mean, trials, live, law, sign)
    p = np.where(live.any(axis=0), np.minimum(p, 1.0), np.nan)
    return Chart(path, limit, path.max(axis=0), p, at_once(path, limit, counts, mean, live), sign)


def _clearer(above: Chart, below: Chart) -> Chart:
    """Return, facility by facility, the side with the smaller p-value, doubled for having looked on both."""
    up = ~(below.p < above.p)

    def pick(of: str) -> np.ndarray:
        return np.where(up, getattr(above, of), getattr(below, of))

    names = [field.name for field in fields(Evidence)]
    evidence = Evidence(*(np.where(up, getattr(above.evidence, name), getattr(below.evidence, name)) for name in names))
    return Chart(pick("path"), pick("limit"), pick("highest"), np.minimum(1.0, 2 * pick("p")), evidence, 0)


def as_table(seen: Watched, chart: Chart, sign: np.ndarray, fdr: float) -> pd.DataFrame:
    """Return the table of a result: one row per facility.

    Parameters
    ----------
    seen : Watched
        What was watched.
    chart : Chart
        Of all facilities.
    sign : array of int, shape (facilities,)
        1 above, -1 below.
    fdr : float
        Of the flags.
    """
    number = seen.live.sum(axis=0)
    told = (number >= _FEWEST) & np.isfinite(chart.p)
    p = np.where(told, chart.p, np.nan)
    q = np.full(len(p), np.nan)
    q[told] = adjusted_p(p[told], "bh", int(told.sum()))
    side = np.where(sign > 0, "above", "below")
    found = chart.evidence

    def only_told(values: np.ndarray) -> np.ndarray:
        return np.where(told, values, np.nan)

    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = found.observed / found.expected
    return pd.DataFrame(
        {
            "facility_id": pd.Series(list(seen.facilities), dtype=seen.facilities.dtype),
            "periods": number,
            "statistic": only_told(chart.path[-1]),
            "highest": only_told(chart.highest),
            "limit": only_told(chart.limit),
            "signal": labelled(seen.periods, np.where(told, found.signal, NEVER)),
            "since": labelled(seen.periods, np.where(told, found.since, NEVER)),
            "until": labelled(seen.periods, np.where(told, found.until, NEVER)),
            "observed": only_told(found.observed),
            "expected": only_told(found.expected),
            "ratio": only_told(ratio),
            "side": pd.Series(side, dtype="str"),
            "p_value": p,
            "q_value": q,
            "flagged": pd.Series(np.where(q < fdr, side, ""), dtype="str"),
            "status": pd.Series([_status(bool(t), int(n)) for t, n in zip(told, number, strict=True)], dtype="str"),
        }
    )


def _status(told: bool, periods: int) -> str:
    if told:
        return "watched"
    if periods < _FEWEST:
        return f"cannot tell: {periods} periods have a count and something expected"
    return "cannot tell: nothing to compare these periods with"


def changes_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the `changes` of a result: one row per change, or none."""
    columns = {name: pd.Series([row[name] for row in rows], dtype="object") for name in _LABELS}
    figures = {name: pd.Series([row[name] for row in rows], dtype="float64") for name in _FIGURES}
    return pd.DataFrame({**columns, **figures})


def labelled(periods: pd.Index, at: np.ndarray) -> pd.Series:
    """Return the labels of periods at positions, missing where NEVER."""
    taken = pd.Series(periods.take(np.maximum(at, 0)))
    if pd.api.types.is_integer_dtype(taken.dtype):
        taken = taken.astype("Int64")
    return taken.where(at != NEVER).reset_index(drop=True)


__all__ = ["Chart", "as_table", "changes_frame", "charted", "labelled"]
