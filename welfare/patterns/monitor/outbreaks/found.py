"""Every period of every facility against the same season of past years."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.monitor.charting.evidence import at_once
from welfare.patterns.monitor.charting.found import Chart, as_table, changes_frame
from welfare.patterns.monitor.outbreaks.baseline import Baseline
from welfare.patterns.monitor.outbreaks.fit import predictions
from welfare.patterns.monitor.outbreaks.tail import rarity, upper
from welfare.patterns.monitor.question import Question
from welfare.patterns.monitor.result import Monitor
from welfare.patterns.monitor.watched import Watched
from welfare.patterns.monitor.words import found_words, outbreak_notes


def outbreaks(seen: Watched, asked: Question, baseline: Any) -> Monitor:
    """Compare every period with its past.

    Parameters
    ----------
    seen : Watched
        Counts, and expected counts of which the proportions matter (exposure).
    asked : Question
        Options.
    baseline : Baseline or None
        Which past; by default that for weeks.
    """
    past = _baseline(baseline)
    if asked.direction != "up":
        raise BadParameter(
            "outbreaks are looked for above expectation only",
            where="monitor(direction=)",
            todo='Use direction="up", or method="cusum" for fewer than expected.',
        )
    if len(seen.periods) <= past.reach:
        raise NotEstimable(
            f"cannot tell: {len(seen.periods):,} periods, and {past.reach:,} are needed before the first that can be "
            "compared",
            where='monitor(method="farrington")',
            spoiled="There are no past years to compare with.",
            todo="Look back over fewer years (Baseline(years=)), or give expected counts and use a CUSUM.",
        )
    figures = _predicted(seen, past)
    expected, tested = figures[0], seen.live & np.isfinite(figures[0])
    p, limits = _against(seen, figures, tested, past, asked)
    path = np.where(tested, -np.log10(np.maximum(p, 1e-300)), np.nan)
    height = np.log10(asked.arl) if asked.limit is None else float(asked.limit)
    chart = _chart(seen, path, p, expected, tested, height)
    table = as_table(seen, chart, np.ones(len(seen.facilities)), asked.fdr)

    def frame(values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, index=seen.periods, columns=seen.facilities)

    return Monitor(
        table=table.assign(periods=tested.sum(axis=0)),
        text=found_words(table, seen, "farrington", 1.0, asked.fdr),
        dropped=seen.dropped,
        notes=outbreak_notes(seen, past, asked),
        paths=frame(path),
        expected=frame(expected),
        upper=frame(limits),
        changes=changes_frame([]),
        method="farrington",
        law="quasi-Poisson",
        dispersion=np.nan,
        arl=asked.arl if asked.limit is None else np.nan,
        fdr=asked.fdr,
    )


def _baseline(baseline: Any) -> Baseline:
    past = Baseline() if baseline is None else baseline
    if not isinstance(past, Baseline):
        raise BadParameter(
            f"baseline is {baseline!r}", where="monitor(baseline=)", todo="Give a Baseline(...), or None."
        )
    return past.checked()


def _predicted(seen: Watched, past: Baseline) -> np.ndarray:
    """Return expected, error, phi and trend, shape (4, periods, facilities)."""
    from scipy.stats import t

    groups = past.groups()
    spare = np.arange(past.reach + 2)
    least = t.isf(past.trend_p / 2, np.maximum(spare, 1)) if past.trend_p < 1 else np.full(len(spare), -1.0)
    trend = past.trend and past.years >= 3
    y, n = np.where(seen.live, seen.counts, 0.0), np.where(seen.live, seen.expected, 1.0)

    def one(j: int) -> np.ndarray:
        counts, exposure, live = (np.ascontiguousarray(part[:, j]) for part in (y, n, seen.live))
        return predictions(counts, exposure, live, groups, trend, float(past.reweight), least)

    with ThreadPoolExecutor(cpu_count()) as pool:
        return np.stack(list(pool.map(one, range(y.shape[1]))), axis=-1).transpose(1, 0, 2)


def _against(
    seen: Watched, figures: np.ndarray, tested: np.ndarray, past: Baseline, asked: Question
) -> tuple[np.ndarray, np.ndarray]:
    """Return p-values (1 where too few events came lately) and alarm thresholds, NaN where nothing was compared."""
    p, limits = np.full(tested.shape, np.nan), np.full(tested.shape, np.nan)
    expected, error, phi = (part[tested] for part in figures[:3])
    p[tested] = rarity(seen.counts[tested], expected, error, phi, past.threshold)
    alpha = 1 / asked.arl if asked.limit is None else 10.0**-asked.limit
    limits[tested] = upper(expected, error, phi, alpha, past.threshold)
    least, lately = past.few
    counts = np.where(seen.live, seen.counts, 0.0).cumsum(axis=0)
    recent = counts - np.vstack([np.zeros((lately, counts.shape[1])), counts[:-lately]])[: len(counts)]
    p[tested & (recent < least)] = 1.0
    return p, limits


def _chart(
    seen: Watched, path: np.ndarray, p: np.ndarray, expected: np.ndarray, tested: np.ndarray, height: float
) -> Chart:
    limit = np.full(path.shape[1], height)
    level = np.where(tested, path, -np.inf)
    evidence = at_once(level, limit, np.where(tested, seen.counts, 0.0), np.where(tested, expected, 0.0), tested)
    rarest = np.where(tested, p, 1.0).min(axis=0)
    number = tested.sum(axis=0)
    whole = np.where(
        number > 0, np.maximum(-np.expm1(number * np.log1p(-np.minimum(rarest, 1 - 1e-16))), 1e-300), np.nan
    )
    shown = pd.DataFrame(path).ffill().to_numpy()
    return Chart(shown, limit, np.where(number > 0, level.max(axis=0), np.nan), whole, evidence, 1)


__all__ = ["outbreaks"]
