"""A profile of 10,000 facilities, beside the same figures made one facility at a time with scipy and statsmodels.

    python benchmarks/profiles.py [--facilities 10000] [--peer 500]

Ours is the whole call: spread, exact intervals, shrinkage, p-values, q-values, and ranks with their ranges, after one
small call that loads what is needed. The peer is what an analyst writes by hand: statsmodels' negative binomial for the
spread of true ratios, then scipy's exact limits, posterior and tails for each facility in turn, statsmodels'
Benjamini-Hochberg, and 2,000 draws of all ratios for the ranks. It is timed on 500 facilities and its time scaled, as
it takes each in turn. Goal: under 1 s.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, gamma, nbinom

from welfare.patterns.profiles.periods.persistence import persistence
from welfare.patterns.profiles.profile import profile

SEED = 3


def made_up(facilities: int) -> pd.DataFrame:
    """Return facilities with gamma-distributed true ratios."""
    rng = np.random.default_rng(SEED)
    expected = rng.gamma(1.5, 4, facilities) + 0.2
    counts = rng.poisson(expected * rng.gamma(3, 1 / 3, facilities))
    names = [f"f{at:06d}" for at in range(facilities)]
    return pd.DataFrame({"facility_id": names, "findings_count": counts, "expected_count": expected})


def one_by_one(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the peer's figures."""
    import statsmodels.api as sm
    from statsmodels.stats.multitest import multipletests

    o, e = panel["findings_count"].to_numpy(), panel["expected_count"].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = sm.NegativeBinomial(o, np.ones((len(o), 1)), offset=np.log(e)).fit(disp=0)
    mean, shape = float(np.exp(fit.params[0])), 1 / float(fit.params[1])
    rows = []
    for count, size in zip(o, e, strict=True):
        law, posterior = nbinom(shape, shape / (shape + size)), gamma(count + shape, scale=1 / (size + shape / mean))
        rows.append(
            (
                chi2.ppf(0.025, 2 * count) / 2 / size if count else 0.0,
                chi2.ppf(0.975, 2 * count + 2) / 2 / size,
                posterior.mean(),
                *posterior.ppf([0.025, 0.975]),
                min(1.0, 2 * min(law.cdf(count), law.sf(count - 1))),
            )
        )
    table = pd.DataFrame(rows, columns=["low", "high", "shrunken_ratio", "shrunken_low", "shrunken_high", "p_value"])
    rng = np.random.default_rng(SEED)
    ranks = [pd.Series(-rng.gamma(o + shape, 1 / (e + shape / mean))).rank().to_numpy() for _ in range(2000)]
    low, high = np.quantile(ranks, [0.025, 0.975], axis=0)
    return table.assign(q_value=multipletests(table["p_value"], method="fdr_bh")[1], rank_low=low, rank_high=high)


def timed(call: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Return the shortest time of a call, in seconds, and what it gave."""
    best, out = np.inf, None
    for _ in range(repeats):
        began = time.perf_counter()
        out = call()
        best = min(best, time.perf_counter() - began)
    return best, out


def main() -> None:
    """Time both and print them side by side."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--facilities", type=int, default=10_000)
    asked.add_argument("--peer", type=int, default=500, help="how many of them the peer is timed on")
    many = asked.parse_args().facilities
    panel = made_up(many)
    profile(panel.iloc[:2100])
    ours, _ = timed(lambda: profile(panel), 3)
    few = panel.iloc[: asked.parse_args().peer]
    small = profile(few)
    peer, by_hand = timed(lambda: one_by_one(few))
    scaled = peer * many / len(few)
    apart = float((small.table["shrunken_ratio"] / by_hand["shrunken_ratio"] - 1).abs().max())
    ranks = float((small.table["rank_high"] - by_hand["rank_high"]).abs().mean() / len(few))
    trials = panel.assign(trials=(panel["expected_count"] * 10 + 20).astype(int) + panel["findings_count"])
    shares, _ = timed(lambda: profile(trials, trials="trials"))
    some = panel.iloc[:1000]
    two = pd.concat([some.assign(period_start=2022), some.assign(period_start=2023)])
    lasting, _ = timed(lambda: persistence(two))
    sys.stdout.write(
        f"profile of {many:,} facilities: {ours:.2f} s (goal: under 1 s)\n"
        f"one by one with scipy and statsmodels: {peer:.1f} s for {len(few):,} facilities, scaled to {many:,} "
        f"{scaled:.0f} s, {scaled / ours:.0f} times as long\n"
        f"of {len(few):,}, shrunken ratios agree to {apart:.1e}, ends of ranks to {ranks:.1%} of the ranks on average\n"
        f"the same of shares: {shares:.2f} s\npersistence of 1,000 facilities in two periods: {lasting:.1f} s\n"
    )


if __name__ == "__main__":
    main()
