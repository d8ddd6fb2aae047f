"""The outcome of comparing facilities with expectation: its table, its limits, and what is likely of each facility."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.patterns.profiles.funnel import widening
from welfare.patterns.profiles.options import is_number
from welfare.patterns.profiles.ranks import Posterior, drawn_ranks
from welfare.schema.results import Result
from welfare.stats.inputs import numbers

if TYPE_CHECKING:
    from welfare.patterns.profiles.funnel import Law

_LEVELS = (0.95, 0.998)


@dataclass(frozen=True, repr=False, kw_only=True)
class Profile(Result):
    """Facilities against expectation; see :func:`profile`.

    Attributes
    ----------
    table : DataFrame
        One row per facility, or other unit compared, in order: facility_id, observed, expected, ratio, low,
        high (exact interval), z, z_adjusted, shrunken_ratio, shrunken_low, shrunken_high, p_value,
        q_value, rank, rank_low, rank_high (1 = highest), flagged ("above", "below" or ""); with trials, also these.
    phi : float
        Mean square of z: about 1 if chance alone were at work (0.7 where the outer tenths are pulled in).
    tau2 : float
        Variance between facilities of the square root of the ratio (of shares: of the arcsine of the root share).
    spread : Spread or ShareSpread
        Gamma (of shares: beta) distribution of true ratios that the shrunken figures rest on.
    extra : float
        Spread that the p-values rest on: the variance of true ratios (of shares: the correlation between trials of one
        facility); under "multiplicative", by how much the variance exceeds chance's, in chance variances.
    overdispersion : str
        How spread was allowed for.
    fdr, level : float
        False-discovery rate of the flags, and coverage of the intervals.
    law : Law
        Counts, or counts out of trials.
    posterior : Posterior
        What is known of each true ratio.
    draws, seed : int
        Behind the ranges of ranks.
    """

    phi: float
    tau2: float
    spread: Any
    extra: float
    overdispersion: str
    fdr: float
    level: float
    law: Law
    posterior: Posterior
    draws: int
    seed: int

    def funnel(self, at: Any = None, *, limits: str | None = None, levels: Sequence[float] = _LEVELS) -> pd.DataFrame:
        """Return the limits of the funnel.

        Parameters
        ----------
        at : sequence of float, optional
            Expected counts (with trials: numbers of trials) to give limits for; each facility's own by default.
        limits : str, optional
            "poisson" (with trials "binomial"): what chance alone leaves a facility, exact tails.
            "negative_binomial" (with trials "beta_binomial"): the same where facilities differ as these do, which is
            what the p-values rest on. "additive" and "multiplicative": Spiegelhalter's, the exact limits' distance from
            1 on the scale of z widened by tau2 or by phi. By default as spread was allowed for.
        levels : sequence of float
            Shares kept within.

        Returns
        -------
        DataFrame
            facility_id (where `at` is not given), expected (and trials), level, low, high: ratios. A count at or above
            `high`, or below `low`, has a tail of at most (1 - level) / 2.
        """
        law = self.law if at is None else self.law.at(_sizes(at, self.law))
        wanted = limits or (self.overdispersion if self.overdispersion != "none" else law.by_chance)
        frames = []
        for level in _checked(levels):
            low, high = self._limits(law, wanted, level)
            frames.append(pd.DataFrame({"expected": law.expected, "level": level, "low": low, "high": high}))
            if law.size_column == "trials":
                frames[-1].insert(1, "trials", law.trials)
            if at is None:
                frames[-1].insert(0, "facility_id", self.table["facility_id"].to_numpy())
        return pd.concat(frames, ignore_index=True)

    def _limits(self, law: Law, limits: str, level: float) -> tuple[np.ndarray, np.ndarray]:
        plain = law.spread_at(0.0, multiplied=False)
        if limits == law.by_chance:
            return law.limits(plain, level)
        if limits == law.with_spread:
            return law.limits(law.spread_at(self.extra, multiplied=self.overdispersion == "multiplicative"), level)
        if limits not in ("additive", "multiplicative"):
            raise BadParameter(
                f"no limits are called {limits!r}",
                where="profile.funnel(limits=)",
                todo=f"Use one of {law.by_chance}, {law.with_spread}, additive, multiplicative.",
            )
        wider = widening(law.weights, self.phi, self.tau2, limits)
        return law.widened(law.limits(plain, level), wider)

    def exceeding(self, threshold: float = 1.0) -> pd.DataFrame:
        """Return how likely it is that each facility's true ratio is above a threshold.

        Parameters
        ----------
        threshold : float
            A ratio, e.g. 1.5 for half as many again as expected; above zero.

        Returns
        -------
        DataFrame
            facility_id, observed, expected, shrunken_ratio, shrunken_low, shrunken_high, probability.

        Notes
        -----
        The probability is the posterior one, with the fitted spread taken as known. It says how sure the excess
        is, not what it comes from.
        """
        if not is_number(threshold) or not 0 < threshold < np.inf:
            raise BadParameter(
                f"threshold is {threshold!r}",
                where="profile.exceeding(threshold=)",
                todo="Give a ratio above zero, e.g. 1.5.",
            )
        shown = self.table[["facility_id", "observed", "expected", "shrunken_ratio", "shrunken_low", "shrunken_high"]]
        return shown.assign(probability=self.posterior.exceeding(threshold))

    def worst(self, most: float = 0.1) -> pd.DataFrame:
        """Return how likely it is that each facility is among those with the highest true ratios.

        Parameters
        ----------
        most : int or float
            How many facilities: a whole number (10 is the ten highest), or a share below one (0.1: the highest tenth).

        Returns
        -------
        DataFrame
            facility_id, shrunken_ratio, rank, rank_low, rank_high, probability, the likeliest first. The
            probabilities add up to the number asked for.

        References
        ----------
        Goldstein H, Spiegelhalter DJ. JRSS A 1996; 159: 385-443.
        """
        n = len(self.table)
        whole = isinstance(most, int | np.integer) and not isinstance(most, bool)
        share = is_number(most) and 0 < most < 1
        many = int(most) if whole else round(float(most) * n) if share else 0
        if not 1 <= many < n:
            raise BadParameter(
                f"most is {most!r} of {n:,} facilities",
                where="profile.worst(most=)",
                todo="Give a whole number from 1 to one fewer than there are, or a share that comes to at least one.",
            )
        if self.posterior.alike:
            chance = np.full(n, many / n)
        else:
            chance = (drawn_ranks(self.posterior, self.draws, self.seed) <= many).mean(axis=0)
        shown = self.table[["facility_id", "shrunken_ratio", "rank", "rank_low", "rank_high"]].assign(
            probability=chance
        )
        return shown.sort_values(["probability", "rank"], ascending=[False, True], ignore_index=True)

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

        if self.law.size_column == "trials":
            return draw(
                self.table.assign(expected=self.law.trials),
                limits=self._drawn(self.law.trials),
                sizes="trials",
                ax=ax,
            )
        # The figure takes the variance of the ratio itself, four times that of its square root. Spread is added or
        # multiplied in, as in z_adjusted, never both.
        if self.overdispersion == "multiplicative":
            return draw(self.table, phi=max(1.0, self.phi), ax=ax)
        return draw(self.table, tau2=4 * self.tau2, ax=ax)

    def _drawn(self, trials: np.ndarray) -> pd.DataFrame:
        """Return limits along the figure, by chance alone and, where spread was allowed for, widened."""
        # Whole numbers of trials: half a trial has no count.
        at = np.unique(np.round(np.geomspace(trials.min(), trials.max() * 1.3, 200)))
        kinds = {False: self.law.by_chance} | ({True: self.overdispersion} if self.overdispersion != "none" else {})
        return pd.concat(
            [self.funnel(at, limits=kind).assign(widened=widened) for widened, kind in kinds.items()],
            ignore_index=True,
        ).rename(columns={"trials": "at"})


def _checked(levels: Any) -> list[float]:
    given = [levels] if is_number(levels) else list(levels)
    if not given or not all(is_number(level) and 0 < level < 1 for level in given):
        raise BadParameter(
            f"levels are {levels!r}, not shares between 0 and 1",
            where="profile.funnel(levels=)",
            spoiled="No limits could be drawn.",
            todo="Give one or more, e.g. (0.95, 0.998).",
        )
    return given


def _sizes(at: Any, law: Law) -> np.ndarray:
    sizes = np.atleast_1d(numbers(np.atleast_1d(np.asarray(at)), "at"))
    if np.isnan(sizes).any() or (sizes <= 0).any():
        raise BadParameter(
            "limits are asked for where nothing is expected, or at a missing size",
            where="profile.funnel(at=)",
            todo="Give expected counts above zero.",
        )
    if law.size_column == "trials" and (sizes != np.floor(sizes)).any():
        raise BadParameter("trials are whole numbers", where="profile.funnel(at=)", todo="Round them.")
    return sizes


__all__ = ["Profile"]
