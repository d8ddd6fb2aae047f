"""Facilities against what was expected of them: who stands out, how surely, and who cannot be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from welfare.patterns.profiles.funnel import Funnel, funnel, solve_spread, tail_probability
from welfare.patterns.profiles.options import check_caution, check_columns, check_numbers, check_spread
from welfare.patterns.profiles.ranks import Posterior, rank_limits
from welfare.patterns.profiles.reading import (
    by_facility,
    columns,
    law_of,
    read_rows,
)
from welfare.patterns.profiles.result import Profile
from welfare.patterns.profiles.words import notes, sentences, spread_in_words
from welfare.schema.results import simulated_words
from welfare.stats.robustness.adjusting import adjusted_p

if TYPE_CHECKING:
    from welfare.patterns.profiles.funnel import Law


def profile(
    panel: pd.DataFrame,
    *,
    observed: str = "findings_count",
    expected: str | None = None,
    trials: str | None = None,
    facility: str = "facility_id",
    overdispersion: str = "additive",
    winsorise: float = 0.1,
    level: float = 0.95,
    fdr: float = 0.05,
    draws: int = 2000,
    seed: int = 0,
    caution: str = "",
) -> Profile:
    """Compare each facility's count with its expected count, allowing for chance, spread and many comparisons.

    Parameters
    ----------
    panel : DataFrame
        One row per facility, or per facility and period: rows with the same `facility` are added up.
    observed : str
        Column of counts: whole numbers, 0 or more.
    expected : str, optional
        Column of expected counts, e.g. `fitted` of a count model, or of an indirect standardisation. By default
        `expected_count`; with `trials`, each facility's trials times the share of all together.
    trials : str, optional
        Column of how many trials each count is of (items checked, animals stunned), where it is a share: limits are
        then binomial, spread is beta-binomial.
    facility : str
        Column that says what is compared: facility identifiers, or a coarser unit such as a district.
    overdispersion : {"additive", "multiplicative", "none"}
        How ordinary differences between facilities are allowed for: as a variance added to that of chance, as a
        multiple of it, or not at all.
    winsorise : float
        Share of z pulled in at either end before spread is measured, from 0 to below one half (Spiegelhalter's 0.1:
        the facilities sought do not hide themselves).
    level : float
        Coverage of all intervals, between 0 and 1.
    fdr : float
        Share of false flags accepted among the flags, between 0 and 1.
    draws : int
        Draws behind the ranges of ranks.
    seed : int
        Of those draws.
    caution : str
        A sentence the text ends with: what these records cannot show.

    Returns
    -------
    Profile

    Raises
    ------
    BadParameter
        If a column is not there or an option cannot be used.
    BadValue
        If a count is negative or not whole, an expected count is negative, or either exceeds the trials.
    NotEstimable
        If fewer than three facilities can be compared, or of the trials none or all had the event.

    Notes
    -----
    `z` is on the square-root scale. `z_adjusted` adds a variance between facilities (tau2) to the
    chance variance, rather than multiplying by phi: with many records chance nearly vanishes, and what
    keeps two decent facilities apart is their mix of animals and inspectors, which more records do not
    average away; a multiplied limit would close on 1 all the same and flag large facilities for
    being large. Both are Spiegelhalter's, and are what the funnel shows.

    `p_value` is not taken from z, which misleads below about five expected: it is twice the smaller
    tail of the count itself, negative binomial (of trials: beta-binomial), with the spread between
    facilities under which the phi seen is the phi to expect (winsorising takes a third off phi, small
    counts add to it). `flagged` is set where q_value < fdr (Benjamini-Hochberg), by the side of
    expectation the count lies on; else it is "". A facility may lie outside the funnel's limits and not be
    flagged: one in twenty does by chance.

    `rank` orders the shrunken ratios, 1 the highest, ties sharing their mean; its range holds the posterior ranks
    and the rank itself; beyond 2,000 facilities it is worked out without draws, closer than 2,000 draws would.
    Shrunken figures are gamma-Poisson, of trials beta-binomial, by maximum likelihood. Of fewer than 100
    facilities their intervals, ranges of ranks and chances go over every spread, weighed by its likelihood (equal
    chances beforehand for equal steps of its standard deviation), as few facilities do not tell how widely they
    are spread; the ratios themselves are those of the likeliest spread. From 100 on that spread is taken as
    known: where it is narrow, intervals of 95% still hold but 88% of true ratios with 100 facilities, 92% with
    300. Expected counts from a model fitted to the same counts are drawn towards them, which hides large
    facilities a little.

    References
    ----------
    Spiegelhalter DJ. Statistics in Medicine 2005; 24: 1185-1202, and Quality and Safety in Health
    Care 2005; 14: 347-351. Clayton D, Kaldor J. Biometrics 1987; 43: 671-681. Goldstein H,
    Spiegelhalter DJ. JRSS A 1996; 159: 385-443. Benjamini Y, Hochberg Y. JRSS B 1995; 57: 289-300.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.profiles.profile import profile
    >>> counts = {"facility_id": list("abcdefgh"), "findings_count": [9, 11, 10, 8, 12, 10, 9, 60]}
    >>> found = profile(pd.DataFrame({**counts, "expected_count": 10.0}))
    >>> found.table.loc[found.table["flagged"] != "", ["facility_id", "flagged"]].to_numpy().tolist()
    [['h', 'above']]
    """
    check_spread(overdispersion, winsorise, "profile")
    check_numbers("profile", level=level, fdr=fdr, draws=draws, seed=seed)
    check_caution(caution, "profile")
    asked = columns(observed, expected, trials, facility)
    check_columns(panel, asked.asked, "profile")
    places, dropped = by_facility(read_rows(panel, asked), panel.index, "profile")
    places, law = law_of(places, "profile")
    shape = funnel(law, winsorise=winsorise, how=overdispersion)
    multiplied = overdispersion == "multiplicative"
    by_chance, amount = solve_spread(law, shape.phi, winsorise=winsorise, multiplied=multiplied)
    amount = 0.0 if overdispersion == "none" else amount
    p_value = tail_probability(law, law.spread_at(amount, multiplied=multiplied))
    posterior = law.posterior()
    ranks = rank_limits(posterior, level=level, draws=draws, seed=seed)
    table = _table(places, law, shape, posterior, p_value, ranks, level=level, fdr=fdr)
    differ = spread_in_words(shape.phi, by_chance, overdispersion, alike=posterior.alike)
    what = "facilities" if facility == "facility_id" else f"groups by {facility}"
    return Profile(
        table=table,
        text=simulated_words(panel) + sentences(table, what, differ, dropped, fdr, caution),
        dropped=dropped,
        notes=notes(table, what, len(panel), alike=posterior.alike, overdispersion=overdispersion, law=law.with_spread),
        phi=shape.phi,
        tau2=shape.tau2,
        spread=posterior.spread,
        extra=amount,
        overdispersion=overdispersion,
        fdr=fdr,
        level=level,
        law=law,
        posterior=posterior,
        draws=draws,
        seed=seed,
    )


def _table(
    places: pd.DataFrame,
    law: Law,
    shape: Funnel,
    posterior: Posterior,
    p_value: np.ndarray,
    ranks: tuple[np.ndarray, np.ndarray],
    *,
    level: float,
    fdr: float,
) -> pd.DataFrame:
    low, high = law.interval(level)
    shrunken_low, shrunken_high = posterior.interval(level)
    q_value = adjusted_p(p_value, "bh", len(p_value))
    rank = pd.Series(posterior.mean).rank(ascending=False).to_numpy()
    side = np.where(law.observed > law.expected, "above", "below")
    table = places.assign(
        ratio=law.ratio,
        low=low,
        high=high,
        z=shape.z,
        z_adjusted=shape.z_adjusted,
        shrunken_ratio=posterior.mean,
        shrunken_low=shrunken_low,
        shrunken_high=shrunken_high,
        p_value=p_value,
        q_value=q_value,
        rank=rank,
        rank_low=np.minimum(ranks[0], rank),
        rank_high=np.maximum(ranks[1], rank),
        flagged=pd.Series(np.where(q_value < fdr, side, ""), dtype="str").to_numpy(),
    )
    return table.assign(trials=law.trials) if law.size_column == "trials" else table


__all__ = ["Profile", "profile"]
