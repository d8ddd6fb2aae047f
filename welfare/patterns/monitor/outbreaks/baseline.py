"""Which past periods a period is compared with, and which of them share a season."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import BadParameter

THRESHOLDS = ("nb", "nb_plugin", "power")


@dataclass(frozen=True)
class Baseline:
    """What "farrington" compares a period with.

    Attributes
    ----------
    years : int
        Past years looked at.
    half_window : int
        Periods either side of the same time of year that count as the same season as now.
    season : int
        Periods in a year: 52 for weeks, 12 for months.
    seasons : int
        Parts of the year that each have a level of their own; with 1 only the windows are used.
    skip : int
        Latest periods left out, so that an outbreak under way is not in what it is compared with.
    trend : bool
        Allow for a trend over the years, where three or more are looked at and it leads to no more than was ever seen.
    trend_p : float
        Keep the trend only if its p-value is below; 1 keeps it.
    reweight : float
        Past periods this many standard residuals high are weighed down; infinity weighs none down.
    few : tuple of int
        No alarm unless so many events came within so many latest periods.
    threshold : {"nb", "nb_plugin", "power"}
        Tail of the prediction: negative binomial with the variance of counts and of the fit; of counts alone
        (Noufaily); normal on the 2/3 power (Farrington).

    References
    ----------
    Farrington CP et al. JRSS A 1996; 159: 547-563. Noufaily A et al. Statistics in Medicine 2013; 32: 1206-1222.
    """

    years: int = 5
    half_window: int = 3
    season: int = 52
    seasons: int = 10
    skip: int = 26
    trend: bool = True
    trend_p: float = 1.0
    reweight: float = 2.58
    few: tuple[int, int] = (5, 4)
    threshold: str = "nb"

    @property
    def reach(self) -> int:
        """How many periods back it looks."""
        return self.years * self.season + self.half_window

    def groups(self) -> np.ndarray:
        """Return the season of each period by how far back it lies: 0 that of now, -1 not used.

        Returns
        -------
        array of int, shape (reach + 1,)
        """
        out = np.full(self.reach + 1, -1)
        w = self.half_window
        for year in range(1, self.years + 1):
            middle = year * self.season
            out[middle - w : middle + w + 1] = 0
            if self.seasons > 1:
                # Between this window and the later one, in order of time: the first parts take what is left over.
                between = self.season - 2 * w - 1
                sizes = np.full(self.seasons - 1, between // (self.seasons - 1))
                sizes[: between % (self.seasons - 1)] += 1
                later = np.repeat(np.arange(1, self.seasons), sizes)
                out[middle - w - between : middle - w] = later[::-1]
        out[: self.skip + 1] = -1
        return out

    def checked(self) -> Baseline:
        """Return itself.

        Raises
        ------
        BadParameter
            If its numbers do not fit together.
        """
        wrong = ""
        if self.years < 1 or self.half_window < 0 or self.season < 2 or self.seasons < 1 or self.skip < 0:
            wrong = "years, season and seasons are 1 or more, half_window and skip 0 or more"
        elif 2 * self.half_window + 1 + (self.seasons - 1) > self.season:
            wrong = "a year does not hold the window and one period for each further season"
        elif self.skip >= self.reach - self.half_window:
            wrong = "skip leaves no period to compare with"
        elif self.threshold not in THRESHOLDS:
            wrong = f"threshold is one of {', '.join(THRESHOLDS)}"
        elif not self.reweight > 0 or not 0 < self.trend_p <= 1:
            wrong = "reweight is above 0, trend_p above 0 and at most 1"
        if wrong:
            raise BadParameter(
                f"the baseline cannot be used: {wrong}",
                where="monitor(baseline=)",
                todo="For months: Baseline(season=12, half_window=1, seasons=4, skip=6).",
            )
        return self


__all__ = ["Baseline"]
