"""Is last year's excess news of this year's? How far facilities' true ratios last from period to period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.patterns.profiles.options import check_caution, check_numbers
from welfare.patterns.profiles.periods.carried import flags, flags_carried, highest_tenth
from welfare.patterns.profiles.periods.chain import Chain, Lasting, fit_lasting
from welfare.patterns.profiles.periods.reading import Periods, read_periods
from welfare.patterns.profiles.shrinkage import fit_spread
from welfare.schema.results import Result, count_reasons, simulated_words

_FEWEST = 3


@dataclass(frozen=True, repr=False, kw_only=True)
class Persistence(Result):
    """How far true ratios last; see :func:`persistence`.

    Attributes
    ----------
    table : DataFrame
        One row per pair of successive periods, in order: before, after, facilities (with both), correlation (of true
        ratios), low, high, p_value (that nothing lasts), observed_correlation (of the ratios as counted), top (how
        many facilities are the highest tenth), top_before, top_true, top_after (their ratio in the first period, what
        of it is likely true, their ratio in the second; to the mean of all), kept, kept_low, kept_high (share of their
        excess that was there again), flagged_before, flagged_after, flagged_both, both_by_chance.
    correlation, low, high, p_value : float
        Of successive periods, from all periods together; NaN, -1, 1 and NaN where it cannot be told.
    shape : float
        Gamma shape of true ratios: their variance is 1 / shape.
    predicted : DataFrame
        What to expect in the period after the last, in order: facility_id, periods (how many it has), observed,
        expected, ratio (of all its periods), predicted_ratio, predicted_low, predicted_high (of the true ratio).
    level : float
        Coverage of the intervals.
    """

    correlation: float
    low: float
    high: float
    p_value: float
    shape: float
    predicted: pd.DataFrame
    pairs: pd.DataFrame
    level: float

    def plot(self, ax: Any = None) -> Any:
        """Draw each facility's ratio in one period against that in the period before.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.profiles import lasting

        return lasting(self.pairs, ax=ax)


def persistence(
    panel: pd.DataFrame,
    *,
    observed: str = "findings_count",
    expected: str = "expected_count",
    facility: str = "facility_id",
    time: str = "period_start",
    level: float = 0.95,
    fdr: float = 0.05,
    seed: int = 0,
    caution: str = "",
) -> Persistence:
    """Measure how far facilities' true ratios last from one period to the next, chance taken out.

    Parameters
    ----------
    panel : DataFrame
        One row per facility and period; rows with the same facility and period are added up.
    observed : str
        Column of counts: whole numbers, 0 or more.
    expected : str
        Column of expected counts.
    facility : str
        Column that says what is compared.
    time : str
        Column of periods; what sorts next is taken to follow.
    level : float
        Coverage of all intervals, between 0 and 1.
    fdr : float
        False-discovery rate of the flags of each period, between 0 and 1.
    seed : int
        Of the resampling behind the interval of `kept`.
    caution : str
        A sentence the text ends with.

    Returns
    -------
    Persistence

    Raises
    ------
    BadParameter
        If a column is not there, an option cannot be used, or periods have no order.
    BadValue
        If a count is negative or not whole, or an expected count is negative.
    NotEstimable
        If fewer than three facilities, or fewer than two periods, have counts.

    Notes
    -----
    Ratios as counted correlate less than true ones, since chance does not repeat itself; and whoever stood highest last
    year stood there partly by chance and comes down by itself (regression to the mean). Here the counts are Poisson
    about true ratios that are gamma-distributed in every period, as in `profile`, and linked from one period to the
    next by a correlation of their normal scores (a Gaussian copula; from period to period a chain). Both are fitted
    by maximum likelihood, and the interval is by profile likelihood. The correlation given is that of the true ratios.

    A ratio that lasts need not be the facility's doing: a strict inspector who stays, or expected counts that leave
    out something lasting, such as the kind of animals, look the same. Where facilities expect few events intervals are
    wide: then nothing can be told, which does not mean that nothing lasts. Where the spread itself is not visible,
    there is nothing whose lasting could be asked about, and the text says cannot tell.

    References
    ----------
    Clayton D, Kaldor J. Biometrics 1987; 43: 671-681. Goldstein H, Spiegelhalter DJ. JRSS A 1996; 159: 385-443.
    Stigler SM. Regression towards the mean, historically considered. Statistical Methods in Medical Research 1997; 6:
    103-114.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.profiles.periods.persistence import persistence
    >>> counts = [4, 22, 9, 31, 12, 3, 18, 8, 5, 24, 7, 28, 15, 2, 16, 11]
    >>> panel = pd.DataFrame(
    ...     {
    ...         "facility_id": list("abcdefgh") * 2,
    ...         "period_start": [2022] * 8 + [2023] * 8,
    ...         "findings_count": counts,
    ...         "expected_count": 12.0,
    ...     }
    ... )
    >>> found = persistence(panel)
    >>> round(found.correlation, 2), round(found.low, 2)
    (1.0, 0.83)
    """
    check_numbers("persistence", level=level, fdr=fdr, seed=seed)
    check_caution(caution, "persistence")
    periods = read_periods(
        panel, observed=observed, expected=expected, facility=facility, time=time, where="persistence"
    )
    rows, fits = [], []
    for first in range(len(periods.times) - 1):
        row, fit = _pair(periods, first, level=level, fdr=fdr, seed=seed)
        rows.append(row)
        fits.append(fit)
    whole = _chain(periods.observed, periods.expected)
    lasting = fits[0] if len(fits) == 1 and fits[0] is not None else _fit(whole, level)
    table = pd.DataFrame(rows)
    return Persistence(
        table=table,
        text=simulated_words(panel) + _text(periods, table, lasting, level, caution),
        dropped=periods.dropped,
        notes=_notes(periods, lasting),
        correlation=lasting.correlation,
        low=lasting.low,
        high=lasting.high,
        p_value=lasting.p_value,
        shape=lasting.shape,
        predicted=_predicted(periods, whole, lasting, level),
        pairs=_pairs(periods),
        level=level,
    )


def _chain(observed: np.ndarray, expected: np.ndarray) -> Chain:
    known = ~np.isnan(observed)
    return Chain(observed, expected, fit_spread(observed[known], expected[known]).shape)


def _fit(chain: Chain, level: float) -> Lasting:
    # One period without any event leaves one period, or none, that could tell anything.
    if (chain.means > 0).sum() < 2:
        return Lasting(np.nan, np.inf, np.nan, -1.0, 1.0, np.nan)
    return fit_lasting(chain, level)


def _pair(
    periods: Periods, first: int, *, level: float, fdr: float, seed: int
) -> tuple[dict[str, Any], Lasting | None]:
    both = periods.both(first, first + 1)
    row: dict[str, Any] = {"before": periods.times[first], "after": periods.times[first + 1], "facilities": both.sum()}
    if both.sum() < _FEWEST:
        return row | {"correlation": np.nan, "low": -1.0, "high": 1.0, "p_value": np.nan}, None
    o, e = periods.observed[both, first : first + 2], periods.expected[both, first : first + 2]
    chain = _chain(o, e)
    lasting = _fit(chain, level)
    ratios = o / e
    plain = np.corrcoef(ratios.T)[0, 1] if (ratios.std(axis=0) > 0).all() else np.nan
    row |= {
        "correlation": lasting.correlation,
        "low": lasting.low,
        "high": lasting.high,
        "p_value": lasting.p_value,
        "observed_correlation": plain,
    }
    row |= highest_tenth(chain, lasting, level=level, seed=seed)
    row |= flags_carried(*(flags(o[:, at], e[:, at], fdr) for at in (0, 1)))
    return row, lasting if both.all() else None


def _predicted(periods: Periods, chain: Chain, lasting: Lasting, level: float) -> pd.DataFrame:
    o, e = np.nansum(periods.observed, axis=1), np.nansum(periods.expected, axis=1)
    out = pd.DataFrame(
        {
            "facility_id": periods.facilities,
            "periods": (~np.isnan(periods.observed)).sum(axis=1),
            "observed": o,
            "expected": e,
            "ratio": o / e,
        }
    )
    if not lasting.known:
        return out.assign(predicted_ratio=np.nan, predicted_low=np.nan, predicted_high=np.nan)
    _, chance = chain.filtered(lasting.score, lasting.shape)
    next_one = chance @ chain.move(lasting.score)
    mean, ratios = chain.means[chain.means > 0][-1], chain.ratios(lasting.shape)
    below = np.cumsum(next_one, axis=1) - next_one / 2
    ends = [np.array([np.interp(share, row, ratios) for row in below]) for share in ((1 - level) / 2, (1 + level) / 2)]
    return out.assign(
        predicted_ratio=mean * (next_one @ ratios), predicted_low=mean * ends[0], predicted_high=mean * ends[1]
    )


def _pairs(periods: Periods) -> pd.DataFrame:
    """Return the ratios of the last two periods, one row per facility that has both."""
    both = periods.both(-2, -1)
    o, e = periods.observed[both, -2:], periods.expected[both, -2:]
    return pd.DataFrame(
        {
            "facility_id": periods.facilities[both],
            "ratio_before": o[:, 0] / e[:, 0],
            "ratio_after": o[:, 1] / e[:, 1],
            "expected_before": e[:, 0],
            "before": periods.times[-2],
            "after": periods.times[-1],
        }
    )


def _text(periods: Periods, table: pd.DataFrame, lasting: Lasting, level: float, caution: str) -> str:
    seen = f"{len(periods.facilities):,} facilities were seen in {len(periods.times)} periods."
    ending = ("" if periods.dropped.empty else f" Left out: {count_reasons(periods.dropped)}.") + (
        f" {caution.strip()}" if caution.strip() else ""
    )
    if not lasting.known:
        return (
            f"{seen} Whether an excess lasts, these counts cannot tell: they differ between facilities no more than by "
            f"chance, or hold fewer than two periods with events.{ending}"
        )
    answer = (
        "One period's excess is news of the next one's"
        if lasting.low > 0
        else "One period's excess is followed by its opposite"
        if lasting.high < 0
        else "Whether one period's excess is news of the next one's, these counts cannot tell"
    )
    return (
        f"{seen} {answer}: the true ratios of successive periods correlate at {lasting.correlation:.2f} "
        f"({level * 100:g}% interval {lasting.low:.2f} to {lasting.high:.2f}; 1 if they stayed the same, 0 if last "
        f"period said nothing of this one). {_highest(table)}What lasts may be the facility's handling, its inspector, "
        f"or whatever the expected counts leave out.{ending}"
    )


def _highest(table: pd.DataFrame) -> str:
    last = table.drop(columns=["before", "after"]).iloc[-1]
    before, after = (table[name].iloc[-1] for name in ("before", "after"))
    if not last.get("top_before", np.nan) > 1:
        return ""
    ends = (max(0.0, last["kept_low"]), max(0.0, last["kept_high"]))
    interval = "" if np.isnan(last["kept_low"]) else f" ({ends[0]:.0%} to {ends[1]:.0%})"
    real = (last["top_true"] - 1) / (last["top_before"] - 1)
    again = (
        f"Of {int(last['flagged_before']):,} flagged as above in {before}, {int(last['flagged_both']):,} were flagged "
        f"again, where flags at random would give {last['both_by_chance']:.1f}. "
    )
    return (
        f"The {int(last['top']):,} highest in {before} had {last['top_before']:.2f} times the mean ratio; about "
        f"{max(0.0, real):.0%} of that excess was more than chance, and {max(0.0, last['kept']):.0%}{interval} of it "
        f"was there again in {after}. {again if last['flagged_before'] else ''}"
    )


def _notes(periods: Periods, lasting: Lasting) -> tuple[str, ...]:
    said = []
    lacking = int(np.isnan(periods.observed).any(axis=1).sum())
    if lacking:
        said.append(
            f"{lacking:,} of {len(periods.facilities):,} facilities lack a period: they tell less, not nothing."
        )
    if lasting.known and len(periods.times) > 2:
        said.append(
            "The correlation is that of one period and the next, two periods apart its square: a trait that never "
            "changes beside a part that never lasts would follow another rule."
        )
    if len(periods.facilities) < 20:
        said.append(f"{len(periods.facilities)} facilities are few: the interval rests on large-sample theory.")
    return tuple(said)


__all__ = ["Persistence", "persistence"]
