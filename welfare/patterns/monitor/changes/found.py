"""Finished series cut where their level changed, with how surely, between which periods, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from welfare.patterns.monitor.changes.chance import cut_set, gains_by_chance
from welfare.patterns.monitor.changes.cost import pelt
from welfare.patterns.monitor.changes.partition import gain_per_cut
from welfare.patterns.monitor.charting.evidence import NEVER, Evidence
from welfare.patterns.monitor.charting.found import Chart, as_table, changes_frame
from welfare.patterns.monitor.charting.moves import NEGATIVE_BINOMIAL, POISSON, Law
from welfare.patterns.monitor.question import Question
from welfare.patterns.monitor.result import Monitor
from welfare.patterns.monitor.spread import period_spread
from welfare.patterns.monitor.watched import Watched
from welfare.patterns.monitor.words import change_notes, found_words

_FEWEST = 3


@dataclass(frozen=True)
class _Cuts:
    """One facility's cuts: positions among its own periods, and the figures of its row."""

    gain: float
    penalty: float
    p: float
    levels: np.ndarray
    rows: list[dict[str, Any]]


def changed(seen: Watched, asked: Question) -> Monitor:
    """Cut every facility's series.

    Parameters
    ----------
    seen : Watched
        Counts, and expected counts of which the proportions matter.
    asked : Question
        Options.
    """
    mean, counts = np.where(seen.live, seen.expected, 1.0), np.where(seen.live, seen.counts, 0.0)
    spread = period_spread(counts, mean, seen.live)
    wanted = (spread.dispersion if spread.shown else 0.0) if asked.dispersion == "auto" else float(asked.dispersion)
    law = Law(NEGATIVE_BINOMIAL, wanted) if wanted > 0 else Law(POISSON)
    facilities = counts.shape[1]
    path = np.full(counts.shape, np.nan)
    figures = np.full((5, facilities), np.nan)  # gain, penalty, p, observed, expected
    when = np.full((3, facilities), NEVER)  # signal, since, until
    sign, rows = np.ones(facilities), []
    for j in range(facilities):
        on = np.flatnonzero(seen.live[:, j])
        if len(on) < _FEWEST or counts[on, j].sum() == 0:
            continue
        rng = np.random.default_rng([asked.seed, j])
        cuts = _cut(counts[on, j], mean[on, j], law, asked, rng)
        figures[:3, j], path[on, j] = (cuts.gain, cuts.penalty, cuts.p), cuts.levels
        if cuts.rows:
            last = cuts.rows[-1]
            when[:, j] = on[cuts.rows[0]["change"]], on[last["change"]], on[-1]
            figures[3, j] = counts[when[1, j] :, j].sum()
            figures[4, j] = last["before"] * mean[when[1, j] :, j][seen.live[when[1, j] :, j]].sum()
            sign[j] = 1 if last["after"] > last["before"] else -1
        rows += [_named(row, seen, on, j) for row in cuts.rows]
    chart = Chart(path, figures[1], figures[0], figures[2], Evidence(*when, *figures[3:]), 0)
    table = as_table(seen, chart, sign, asked.fdr).assign(statistic=figures[0])
    return Monitor(
        table=table,
        text=found_words(table, seen, "changepoints", 1.0, asked.fdr),
        dropped=seen.dropped,
        notes=change_notes(seen, law, spread, asked),
        paths=pd.DataFrame(path, index=seen.periods, columns=seen.facilities),
        expected=pd.DataFrame(path * mean, index=seen.periods, columns=seen.facilities),
        upper=pd.DataFrame(index=seen.periods),
        changes=changes_frame(rows),
        method="changepoints",
        law=law.name,
        dispersion=law.dispersion,
        arl=np.nan,
        fdr=asked.fdr,
    )


def _cut(counts: np.ndarray, mean: np.ndarray, law: Law, asked: Question, rng: np.random.Generator) -> _Cuts:
    gain = gain_per_cut(counts, mean)
    chance = gains_by_chance(counts, mean, law, asked.replicates, rng)
    as_high = int((chance >= gain * (1 - 1e-9)).sum())
    position = min(int(np.ceil(asked.level * (asked.replicates + 1))), asked.replicates) - 1
    # Series without a change are cut in no more than 1 - level of cases.
    penalty = float(asked.limit) if asked.limit is not None else max(float(chance[position]), 1e-6) * (1 + 1e-6)
    cuts = pelt(counts, mean, penalty)
    edges = [0, *cuts, len(counts)]
    ratios = [counts[a:b].sum() / mean[a:b].sum() for a, b in pairwise(edges)]
    levels = np.repeat(ratios, np.diff(edges))
    rows = []
    for k, cut in enumerate(cuts):
        begin, end = edges[k], edges[k + 2]
        inside = counts[begin:end], mean[begin:end]
        at = cut_set(*inside, cut - begin, law, level=asked.level, replicates=asked.replicates, rng=rng)
        ratio_low, ratio_high = _ratio_limits(*inside, at, law, asked.level)
        with np.errstate(divide="ignore"):
            ratio = float(np.divide(ratios[k + 1], ratios[k]))
        rows.append(
            {
                "change": cut,
                "low": int(at.min()) + begin,
                "high": int(at.max()) + begin,
                "ratio": ratio,
                "ratio_low": ratio_low,
                "ratio_high": ratio_high,
                "before": ratios[k],
                "after": ratios[k + 1],
            }
        )
    return _Cuts(gain, penalty, (1 + as_high) / (1 + asked.replicates), levels, rows)


def _ratio_limits(counts: np.ndarray, mean: np.ndarray, at: np.ndarray, law: Law, level: float) -> tuple[float, float]:
    """Return the lowest and highest ratio of levels over all periods at which the change may lie.

    Notes
    -----
    For Poisson counts the interval at each is exact, given the total (Clopper and Pearson); else normal on the log
    scale, with the variance of negative-binomial counts.
    """
    from scipy.stats import beta, norm

    before, e = counts.cumsum()[at - 1], mean.cumsum()[at - 1]
    after, f = counts.sum() - before, mean.sum() - e
    tail = (1 - level) / 2
    if law.dispersion:
        squares = (mean**2).cumsum()[at - 1]
        wide = [
            (o + law.dispersion * (o / m) ** 2 * s) / o**2
            for o, m, s in (
                (np.maximum(before, 0.5), e, squares),
                (np.maximum(after, 0.5), f, (mean**2).sum() - squares),
            )
        ]
        middle = np.log(np.maximum(after, 0.5) / f) - np.log(np.maximum(before, 0.5) / e)
        half = norm.ppf(1 - tail) * np.sqrt(wide[0] + wide[1])
        return float(np.exp((middle - half).min())), float(np.exp((middle + half).max()))
    low = np.where(after > 0, beta.ppf(tail, np.maximum(after, 1e-300), before + 1), 0.0)
    high = np.where(before > 0, beta.ppf(1 - tail, after + 1, np.maximum(before, 1e-300)), 1.0)
    with np.errstate(divide="ignore"):
        return float((low / (1 - low) * e / f).min()), float((high / (1 - high) * e / f).max())


def _named(row: dict[str, Any], seen: Watched, on: np.ndarray, facility: int) -> dict[str, Any]:
    labels = {name: seen.periods[on[row[name]]] for name in ("change", "low", "high")}
    return {**row, **labels, "facility_id": seen.facilities[facility]}


__all__ = ["changed"]
