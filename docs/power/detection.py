"""How often each test of what inspection does not see finds what is there: writes detection.csv beside this file.

python docs/power/detection.py [simulations]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from welfare.patterns.detection.design import terms_of
from welfare.patterns.detection.records.excess import excess_share, score_p
from welfare.patterns.detection.records.heaping import digit_heaping
from welfare.patterns.detection.records.zero_inflated import Counts, fit_counts
from welfare.patterns.detection.repeat_visits.doubts import clumping, misfit
from welfare.patterns.detection.repeat_visits.histories import Histories, histories_of
from welfare.patterns.detection.repeat_visits.presence import fit_presence
from welfare.patterns.detection.watchers.alike import alike_p
from welfare.patterns.detection.watchers.contrast import visit_contrast
from welfare.stats.rates.shares import wilson

Generator = np.random.Generator


def _visits(marks: np.ndarray) -> Histories:
    places, visits = marks.shape
    rows = pd.DataFrame({"facility": np.repeat(np.arange(places), visits), "found": marks.ravel().astype(int)})
    return histories_of(
        rows, facility="facility", found="found", period=None, of_facility=[], of_visit=[], where="power"
    )


def _runs(rng: Generator, ends: float) -> bool:
    """200 facilities, 5 visits; a problem at 50%, recorded on 50% of visits, gone for good with a chance per visit."""
    stays = np.cumprod(rng.random((200, 5)) >= ends, axis=1)
    marks = (rng.random(200) < 0.5)[:, None] * stays * (rng.random((200, 5)) < 0.5)
    return clumping(_visits(marks)).p_value < 0.05


def _unlike(rng: Generator, sd: float) -> bool:
    """150 facilities, 5 visits, a problem at 60%; the chance of recording spread on the logit scale about 40%."""
    chance = 1 / (1 + np.exp(0.4 - sd * rng.normal(size=150)))
    rows = _visits((rng.random(150) < 0.6)[:, None] & (rng.random((150, 5)) < chance[:, None]))
    return misfit(rows, fit_presence(rows, "power"), 39, 0).p_value <= 0.05


def _spread(rng: Generator, ratio: float) -> bool:
    """30 inspectors, 10 visits each, one finding a visit; median ratio between two of them."""
    groups = np.repeat(np.arange(30), 10)
    own = np.exp(np.log(ratio) / 0.9538726 * rng.normal(size=30))
    return alike_p(rng.poisson(own[groups]).astype(float), np.ones(300), groups, 199, 0) <= 0.05


def _counts(counts: np.ndarray) -> Counts:
    one = terms_of(pd.DataFrame(index=range(len(counts))), [], "power")
    return Counts(counts.astype(float), np.zeros(len(counts)), one, one)


def _never(rng: Generator, share: float) -> bool:
    """40 inspectors who record six each on average, spread by sd 0.5; a share of them never cites."""
    own = 6 * np.exp(0.5 * rng.normal(size=40)) * (rng.random(40) >= share)
    return excess_share(_counts(rng.poisson(own)), level=None, where="power").p_value < 0.05


def _zeros_poisson(rng: Generator, share: float) -> bool:
    """200 Poisson counts with mean 2, of which a share can only be zero."""
    data = _counts(rng.poisson(2, 200) * (rng.random(200) >= share))
    return score_p(data, fit_counts(data, "poisson", inflated=False, where="power")) < 0.05


def _zeros_wide(rng: Generator, share: float) -> bool:
    """300 negative binomial counts with mean 4 and theta 2, of which a share can only be zero."""
    counts = rng.negative_binomial(2, 2 / 6, 300) * (rng.random(300) >= share)
    return excess_share(_counts(counts), level=None, where="power").p_value < 0.05


def _contrast(rng: Generator, ratio: float) -> bool:
    """60 facilities, 12 months, two findings a month, a tenth of the months audited."""
    level, place = np.exp(rng.normal(0.5, 0.8, 60)), np.repeat(np.arange(60), 12)
    audited = (rng.random(720) < 0.1).astype(int)
    rows = pd.DataFrame({"facility_id": place, "audited": audited})
    rows["findings_count"] = rng.poisson(level[place] * ratio**audited)
    return visit_contrast(rows, by="audited").table["reason"].iloc[0] != ""


def _heaping(rng: Generator, share: float) -> bool:
    """400 negative binomial counts with mean 38, of which a share is rounded to fives."""
    counts = rng.negative_binomial(2, 0.05, 400)
    rounded = np.where(rng.random(400) < share, 5 * np.round(counts / 5), counts).astype(int)
    rows = pd.DataFrame({"findings_count": rounded})
    return digit_heaping(rows, replicates=39).table["estimate"].iloc[2] <= 0.05


TESTS: dict[str, tuple[Callable[[Generator, float], bool], str, tuple[float, ...]]] = {
    "occupancy: records in runs": (_runs, "chance that the problem ends, per visit", (0.0, 0.05, 0.1, 0.2, 0.3)),
    "occupancy: fit": (_unlike, "sd of the chance of recording, logit", (0.0, 0.5, 1.0, 1.5)),
    "inspectors differ": (_spread, "median ratio between two inspectors", (1.0, 1.15, 1.3, 1.5, 2.0)),
    "inspectors who never cite": (_never, "share who never cite", (0.0, 0.05, 0.1, 0.2, 0.3)),
    "excess zeros, Poisson": (_zeros_poisson, "share that can only be zero", (0.0, 0.05, 0.1, 0.2)),
    "excess zeros, negative binomial": (_zeros_wide, "share that can only be zero", (0.0, 0.05, 0.1, 0.2)),
    "audited against others": (_contrast, "ratio", (1.0, 1.1, 1.25, 1.5)),
    "digit heaping": (_heaping, "share rounded to fives", (0.0, 0.05, 0.1, 0.2)),
}


def main(simulations: int) -> None:
    """Simulate every effect of every test, the null first, and write the shares found with their intervals."""
    rows = []
    for name, (finds, unit, effects) in TESTS.items():
        for effect in effects:
            found = sum(bool(finds(np.random.default_rng([seed, 7]), effect)) for seed in range(simulations))
            ends = wilson(np.array([found]), np.array([simulations - found]), 0.95)
            share = found / simulations
            rows.append((name, effect, unit, share, float(ends.low[0]), float(ends.high[0]), simulations))
    columns = ["test", "effect", "effect_unit", "power", "low", "high", "simulations"]
    table = pd.DataFrame(rows, columns=columns).round(4)
    table.to_csv(Path(__file__).with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
