"""Facilities against what was expected of them: who stands out, how surely, and who cannot be told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.profiles.funnel import Funnel, funnel, ratio_spread, tail_probability
from welfare.patterns.profiles.shrinkage import Spread, fit_spread, rank_limits, shrink
from welfare.schema.results import Result, count_reasons, simulated_words
from welfare.stats.inputs import dropped_rows, not_negative, numbers, whole_counts
from welfare.stats.rates.limits import exact_limits
from welfare.stats.robustness.adjusting import adjusted_p

_WINSORISE = {"winsorised": 0.1, "plain": 0.0, "none": 0.1}
_FEWEST = 3


@dataclass(frozen=True, repr=False, kw_only=True)
class Profile(Result):
    """Facilities against expectation; see :func:`profile`.

    Attributes
    ----------
    table : DataFrame
        One row per facility, or other unit compared, in order: facility_id, observed, expected, ratio, low,
        high (exact interval), z, z_adjusted, shrunken_ratio, shrunken_low, shrunken_high, p_value,
        q_value, rank, rank_low, rank_high (1 = highest), flagged ("above", "below" or "").
    phi : float
        Mean square of z: about 1 if chance alone were at work.
    tau2 : float
        Variance between facilities of the square root of the ratio.
    spread : Spread
        Gamma distribution of true ratios that the shrunken figures rest on.
    fdr, level : float
        False-discovery rate of the flags, and coverage of the intervals.
    """

    phi: float
    tau2: float
    spread: Spread
    fdr: float
    level: float

    def plot(self, ax: Any = None) -> Any:
        """Draw the funnel: each facility's ratio against its expected count, with limits.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.profiles import funnel as draw

        # The figure takes the variance of the ratio itself, four times that of its square root, and no phi: spread
        # is added, as in z_adjusted, and must not be multiplied in as well.
        return draw(self.table, tau2=4 * self.tau2, ax=ax)


def profile(
    panel: pd.DataFrame,
    *,
    observed: str = "findings_count",
    expected: str = "expected_count",
    facility: str = "facility_id",
    overdispersion: str = "winsorised",
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
    expected : str
        Column of expected counts, e.g. `fitted` of a count model.
    facility : str
        Column that says what is compared: facility identifiers, or a coarser unit such as a district.
    overdispersion : {"winsorised", "plain", "none"}
        How spread between facilities is measured: with the outer tenth of z at either end pulled in
        (Spiegelhalter's way: the facilities sought do not hide themselves), without, or not at all.
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
        If a count is negative or not whole, or an expected count is negative.
    NotEstimable
        If fewer than three facilities can be compared.

    Notes
    -----
    `z` is on the square-root scale. `z_adjusted` adds a variance between facilities (tau2) to the
    chance variance, rather than multiplying by phi: with many records chance nearly vanishes, and what
    keeps two decent facilities apart is their mix of animals and inspectors, which more records do not
    average away; a multiplied limit would close on 1 all the same and flag large facilities for
    being large. Both are Spiegelhalter's, and are what the funnel shows.

    `p_value` is not taken from z, which misleads below about five expected: it is twice the smaller
    tail of the count itself, negative binomial, with the spread between facilities under which the phi
    seen is the phi to expect (winsorising takes a third off phi, small counts add to it). `flagged` is
    set where q_value < fdr (Benjamini-Hochberg), by the side of expectation the count lies on; else
    it is "". A facility may lie outside the funnel's limits and not be flagged: one in twenty does by
    chance.

    `rank` orders the shrunken ratios, 1 the highest, ties sharing their mean; its range holds the
    posterior ranks and the rank itself. Shrunken intervals take the fitted spread as known and are
    somewhat narrow, most so with few facilities. Expected counts from a model fitted to the same counts
    are drawn towards them, which hides large facilities a little.

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
    _check_options(panel, (observed, expected, facility), overdispersion, level=level, fdr=fdr, draws=draws)
    places, dropped = _by_facility(panel, observed, expected, facility)
    what = "facilities" if facility == "facility_id" else f"groups by {facility}"
    o, e = places["observed"].to_numpy(), places["expected"].to_numpy()
    shape = funnel(o, e, winsorise=_WINSORISE[overdispersion], spread=overdispersion != "none")
    spread = fit_spread(o, e)
    by_chance, variance = ratio_spread(e, shape.phi, winsorise=_WINSORISE[overdispersion])
    p_value = tail_probability(o, e, variance if overdispersion != "none" else 0.0)
    table = _table(places, shape, spread, p_value, level=level, fdr=fdr, draws=draws, seed=seed)
    return Profile(
        table=table,
        text=simulated_words(panel)
        + _text(table, what, _spread_in_words(shape.phi, by_chance, overdispersion), dropped, fdr, caution),
        dropped=dropped,
        notes=_notes(table, what, panel, spread, overdispersion),
        phi=shape.phi,
        tau2=shape.tau2,
        spread=spread,
        fdr=fdr,
        level=level,
    )


def _check_options(
    panel: pd.DataFrame, wanted: tuple[str, ...], overdispersion: str, *, level: float, fdr: float, draws: int
) -> None:
    absent = [name for name in wanted if name not in panel]
    if absent:
        raise BadParameter(
            f"the panel has no column {', '.join(map(repr, absent))}",
            where="profile",
            spoiled="Facilities cannot be compared without it.",
            todo=f"Columns it has: {', '.join(map(str, panel.columns))}.",
        )
    if overdispersion not in _WINSORISE:
        raise BadParameter(
            f"no way of measuring spread is called {overdispersion!r}",
            where="profile(overdispersion=)",
            spoiled="Limits of another kind would be drawn under that name.",
            todo=f"Use one of {', '.join(_WINSORISE)}.",
        )
    for name, share in (("level", level), ("fdr", fdr)):
        if not 0 < share < 1:
            raise BadParameter(f"{name} is {share!r}, not between 0 and 1", where="profile", todo="Give a share.")
    if draws < 100:
        raise BadParameter(
            f"{draws} draws are too few for the ends of a range",
            where="profile(draws=)",
            spoiled="Ranges of ranks would be ragged.",
            todo="Use 1,000 or more.",
        )


def _by_facility(panel: pd.DataFrame, observed: str, expected: str, facility: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per facility that can be compared, in the order of its identifier, and what was left out."""
    counts, means = numbers(panel[observed], observed), numbers(panel[expected], expected)
    whole_counts(counts, observed, panel.index)
    not_negative(means, expected, panel.index)
    reasons = np.full(len(panel), None, dtype=object)
    reasons[means == 0] = "nothing expected"
    reasons[np.isnan(means)] = f"missing {expected}"
    reasons[np.isnan(counts)] = f"missing {observed}"
    reasons[panel[facility].isna().to_numpy()] = f"missing {facility}"
    kept = np.array([reason is None for reason in reasons], dtype=bool)
    rows = pd.DataFrame({"facility_id": panel.loc[kept, facility].astype("str").to_numpy()})
    places = rows.assign(observed=counts[kept], expected=means[kept]).groupby("facility_id", as_index=False).sum()
    if len(places) < _FEWEST:
        raise NotEstimable(
            f"{len(places)} facilities have both a count and an expected count",
            where="profile",
            spoiled="A facility cannot be set against its peers without peers.",
            todo="Bring more facilities, or give each one's rate with its interval (wf.rate).",
        )
    return places, dropped_rows(panel.index, reasons)


def _table(
    places: pd.DataFrame,
    shape: Funnel,
    spread: Spread,
    p_value: np.ndarray,
    *,
    level: float,
    fdr: float,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    o, e = places["observed"].to_numpy(), places["expected"].to_numpy()
    low, high = exact_limits(o, level)
    ratio, shrunken_low, shrunken_high = shrink(o, e, spread, level)
    q_value = adjusted_p(p_value, "bh", len(p_value))
    rank_low, rank_high = rank_limits(o, e, spread, level=level, draws=draws, seed=seed)
    rank = pd.Series(ratio).rank(ascending=False).to_numpy()
    side = np.where(o > e, "above", "below")
    return places.assign(
        ratio=o / e,
        low=low / e,
        high=high / e,
        z=shape.z,
        z_adjusted=shape.z_adjusted,
        shrunken_ratio=ratio,
        shrunken_low=shrunken_low,
        shrunken_high=shrunken_high,
        p_value=p_value,
        q_value=q_value,
        rank=rank,
        rank_low=np.minimum(rank_low, rank),
        rank_high=np.maximum(rank_high, rank),
        flagged=pd.Series(np.where(q_value < fdr, side, ""), dtype="str").to_numpy(),
    )


def _spread_in_words(phi: float, by_chance: float, overdispersion: str) -> str:
    seen = f"(phi {phi:.3g}; chance alone would give {by_chance:.3g})"
    if overdispersion == "none":
        return f"Ordinary differences between them were not allowed for {seen}"
    if phi > by_chance:
        return f"The rule allows for ordinary differences between them {seen}"
    return f"As a whole they differ no more than by chance {seen}"


def _text(table: pd.DataFrame, what: str, wider: str, dropped: pd.DataFrame, fdr: float, caution: str) -> str:
    above, below = (int((table["flagged"] == side).sum()) for side in ("above", "below"))
    width = float((table["rank_high"] - table["rank_low"]).median()) + 1
    left_out = "" if dropped.empty else f" Left out: {count_reasons(dropped)}."
    ending = f" {caution.strip()}" if caution.strip() else ""
    return (
        f"{len(table):,} {what} had {table['observed'].sum():,.0f} events where {table['expected'].sum():,.1f} "
        f"were expected. {above} had more than their peers and {below} had fewer, by a rule under which at most "
        f"about {fdr * 100:g}% of those named would be named by chance. {wider}. Ranks are loose: half of them "
        f"could hold any of {width:,.0f} or more of the {len(table):,} ranks.{left_out} Being named says that the "
        f"count differs from the expected one, not why.{ending}"
    )


def _notes(table: pd.DataFrame, what: str, panel: pd.DataFrame, spread: Spread, overdispersion: str) -> tuple[str, ...]:
    notes = [
        "z_adjusted adds a variance between facilities to that of chance (additive overdispersion, tau2); p-values are "
        "tails of the count with such a spread; flags control the false-discovery rate (Benjamini-Hochberg)."
    ]
    if len(panel) > len(table):
        notes.append(f"{len(panel):,} rows of the panel were added up to {len(table):,} {what}, or left out.")
    sparse = float((table["expected"] < 5).mean())
    if sparse > 0.2:
        notes.append(
            f"{sparse:.0%} of {what} expected fewer than five events: z is rough there, so read the p-value and "
            "the exact interval instead."
        )
    if np.isinf(spread.shape):
        notes.append(
            "The counts show no spread beyond chance: every shrunken ratio is that of all together, and none can "
            "be ranked before another."
        )
    if len(table) < 20:
        notes.append(f"{len(table)} {what} are few to measure spread between them by.")
    if overdispersion == "none":
        notes.append("Spread between them was left out on request: ordinary differences may be flagged.")
    total = float(table["observed"].sum() / table["expected"].sum())
    if not 0.95 < total < 1.05:
        notes.append(f"Together they had {total:.2f} times what was expected: all are compared with that 1.")
    return tuple(notes)
