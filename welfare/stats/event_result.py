"""The effects of a change adopted at different dates: tables, averages, the naive estimate beside them, and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.schema.results import Result
from welfare.stats.adoption.aggregate import overall
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.checks import alone, as_frame, before, composition, few_clusters, holes, naive_weights
from welfare.stats.adoption.estimating import Answer, estimated, from_last
from welfare.stats.adoption.imputing.excess import observed_and_expected
from welfare.stats.adoption.naive.decomposition import cell_weights, decompose, negative_weights
from welfare.stats.adoption.naive.two_way import TwoWay
from welfare.stats.adoption.question import EventQuestion
from welfare.stats.adoption.reading import averaged
from welfare.stats.adoption.rows import Rows
from welfare.stats.adoption.trends.honest import Honest, honest
from welfare.stats.adoption.trends.placebo import Randomisation, earlier, randomise
from welfare.stats.doubt.reach import degrees_of


@dataclass(frozen=True, repr=False, kw_only=True)
class EventStudy(Result):
    """Effects of a change by cohort and period; see :func:`welfare.stats.events.event_study`.

    Attributes
    ----------
    table : DataFrame
        One row per cohort and period: cohort (first treated period), time, estimate, std_error, low, high, p_value,
        horizon (steps since adoption), weight, reason (why there is no estimate); of counts also ratio, ratio_low,
        ratio_high, and estimates are logarithms.
    by_horizon : DataFrame
        One row per number of steps since adoption: horizon, estimate, std_error, low, high, low_simultaneous,
        high_simultaneous (95% for all at once), p_value, cohorts; of counts also the ratios.
    pretrend_p : float
        p-value of no difference before adoption, all periods together; missing where there is no period to see it in.
    naive : Series
        The static two-way estimate: estimate, std_error, low, high, p_value. Shown for what it is; missing where even
        that cannot be made.
    n, units, treated_units, clusters : int
        Rows, units, units that adopt, clusters.
    degrees : float
        Of Student's t in intervals; infinite for the normal.
    method, control, family : str
        As asked.
    """

    by_horizon: pd.DataFrame
    pretrend_p: float
    naive: pd.Series
    n: int
    units: int
    treated_units: int
    clusters: int
    degrees: float
    method: str
    control: str
    family: str
    _question: EventQuestion = field(repr=False)
    _rows: Rows = field(repr=False)
    _answer: Answer = field(repr=False)
    _two_way: TwoWay | None = field(repr=False)

    def overall(self, kind: str = "simple") -> pd.Series:
        """Average the effects after adoption.

        Parameters
        ----------
        kind : {"simple", "dynamic", "group", "calendar"}
            Over treated units and periods; over steps since adoption, each the same; over cohorts by size, each first
            averaged over its periods; over calendar periods, each the same.

        Returns
        -------
        Series
            estimate, std_error, low, high, p_value; of counts also ratio, ratio_low, ratio_high.

        Raises
        ------
        BadParameter
            If the kind is none of these.
        NotEstimable
            If no effect after adoption could be estimated.
        """
        found = overall(self._rows.adoption, self._answer.effects, kind, shares=self._question.shares)
        return averaged(*found, degrees=self.degrees, ratio=self._question.ratio)

    def decomposition(self) -> pd.DataFrame:
        """Split the naive estimate into the comparisons of two groups that it averages.

        Returns
        -------
        DataFrame
            treated_cohort, control_cohort, control ("never treated", "later treated", "already treated"), weight,
            estimate. The last kind is why the naive estimate misleads.

        Raises
        ------
        NotEstimable
            If the panel is not balanced, has covariates, or is of counts with an exposure: see :meth:`naive_weights`.

        References
        ----------
        Goodman-Bacon A. Journal of Econometrics 2021; 225: 254-277.
        """
        return decompose(self._rows.adoption)

    def naive_weights(self) -> pd.DataFrame:
        """Return the weight that the naive estimate gives to the effect of each cohort and period, some below zero.

        Returns
        -------
        DataFrame
            As :func:`welfare.stats.adoption.naive.decomposition.cell_weights`.

        Raises
        ------
        NotEstimable
            If there is no naive estimate.

        References
        ----------
        de Chaisemartin C, D'Haultfoeuille X. American Economic Review 2020; 110: 2964-2996.
        """
        if self._two_way is None:
            raise NotEstimable(
                "there is no two-way estimate whose weights could be shown",
                where="EventStudy.naive_weights",
                todo="Bring units that adopt at another time, or never.",
            )
        return cell_weights(self._rows.adoption, self._two_way)

    def honest(
        self,
        *,
        magnitudes: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
        smoothness: Sequence[float] | None = None,
        horizon: int | None = None,
    ) -> Honest:
        """Bound the effect when parallel trends may fail by so much.

        Parameters
        ----------
        magnitudes : sequence of float
            The difference in trends changes after adoption, from one period to the next, by no more than so many times
            its largest change before.
        smoothness : sequence of float, optional
            Its slope changes by no more than this from one period to the next.
        horizon : int, optional
            Bound the effect at this step since adoption; the average over all steps by default.

        Returns
        -------
        Honest
            `table` (kind, m, set_low, set_high, low, high), `breakdown` (the m at which the interval includes none).

        Raises
        ------
        NotEstimable
            By imputation, or where no period before adoption is next to the last one before it.

        References
        ----------
        Rambachan A, Roth J. Review of Economic Studies 2023; 90: 2555-2591.
        """
        found = from_last(self._question, self._rows.adoption, self._answer.effects)
        after = found.step[found.step >= 0]
        weights = None
        if horizon is not None:
            if horizon not in after:
                raise BadParameter(
                    f"no effect is {horizon!r} steps after adoption",
                    where="EventStudy.honest(horizon=)",
                    todo=f"Use one of {', '.join(map(str, after))}.",
                )
            weights = (after == horizon).astype(float)
        return honest(
            found.step, found.estimate, found.covariance, weights=weights, magnitudes=magnitudes, smoothness=smoothness
        )

    def excess(self, by: str = "all") -> pd.DataFrame:
        """Count the events of treated rows beyond those that untreated rows lead one to expect (imputation of counts).

        Parameters
        ----------
        by : {"all", "horizon", "cohort", "time"}
            What to add events up by, before ratios are formed.

        Returns
        -------
        DataFrame
            One row per group: the group (but for "all"), observed, expected, ratio, ratio_low, ratio_high, excess,
            excess_low, excess_high (events; observed x (1 - 1 / ratio)), rows, reason (why there is no ratio).

        Raises
        ------
        BadParameter
            If the study is not of counts by imputation, or `by` is none of these.

        Notes
        -----
        Plants of many events weigh most, where averages of logarithms weigh plants alike; a cohort without any event
        still counts. With few units the interval is somewhat too narrow.
        """
        if self.method != "imputation" or not self._question.ratio:
            raise BadParameter(
                "only imputation of counts says how many events were to be expected",
                where="EventStudy.excess",
                todo="Use method='imputation', family='poisson' and the exposure.",
            )
        return observed_and_expected(self._rows.adoption, by, degrees=self.degrees)

    def placebo_dates(self, most: int = 3) -> pd.DataFrame:
        """Pretend that every unit adopted some steps earlier, by rows before the true date alone: nothing should show.

        Parameters
        ----------
        most : int
            Up to how many steps earlier.

        Returns
        -------
        DataFrame
            One row per number of steps: steps_earlier, estimate, std_error, low, high, p_value, rows, reason; of counts
            also the ratios. Missing where it cannot be done, with the reason.
        """
        found: list[dict[str, object]] = []
        for steps in range(1, most + 1):
            row: dict[str, object] = {"steps_earlier": steps, "rows": 0, "reason": ""}
            try:
                pretended = earlier(self._rows.adoption, steps)
                average = self._average(pretended)
                found.append({**row, **dict(average), "rows": len(pretended.outcome)})
            except NotEstimable as failure:
                nothing = averaged(np.nan, np.nan, degrees=self.degrees, ratio=self._question.ratio)
                found.append({**row, **dict(nothing), "reason": failure.what})
        return pd.DataFrame(found)

    def placebo_units(self, *, draws: int = 199, seed: int = 0) -> Randomisation:
        """Give the dates of adoption to other units at random: how far from none is the effect then.

        Parameters
        ----------
        draws : int
            Permutations.
        seed : int
            Of the permutations.

        Returns
        -------
        Randomisation
            `p_value`, `draws` (the average over its error, with permuted dates), `estimate` (with the true ones),
            `words`. Where the true dates give no error (one cluster adopts), the average itself.

        Raises
        ------
        NotEstimable
            If dates cannot be exchanged, or the true ones give no estimate.
        """
        true = self._rows.adoption
        with_error = bool(np.isfinite(self._average(true)["std_error"]))

        def statistic(data: Adoption) -> float:
            average = self._average(data)
            return float(average["estimate"] / average["std_error"] if with_error else average["estimate"])

        return randomise(true, statistic, draws=draws, seed=seed)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead.

        Returns
        -------
        DataFrame
            One row per check: few clusters, few treated clusters, small cohorts, missing periods, effects not
            estimated, composition, what was there before adoption and what that look could have missed, weights of the
            two-way estimate; columns check, at, value, verdict ("in order" or "look closer"), advice.
        """
        data, effects = self._rows.adoption, self._answer.effects
        by_step = None
        average = np.nan
        if self._question.method != "imputation":
            by_step = from_last(self._question, data, effects)
        if (effects.period >= effects.cohort)[np.isfinite(effects.estimate)].any():
            average = float(self.overall("dynamic")["estimate"])
        negative = np.nan if self._two_way is None else negative_weights(cell_weights(data, self._two_way))[1]
        return as_frame(
            [
                *few_clusters(data),
                *holes(data, effects),
                *alone(effects),
                composition(self._answer.averages),
                *before(self.pretrend_p, by_step, average),
                naive_weights(negative),
            ]
        )

    def _average(self, data: Adoption) -> pd.Series:
        """Return the simple average that the same question gives of other dates."""
        found = overall(data, estimated(self._question, data), "simple", shares=self._question.shares)
        return averaged(*found, degrees=degrees_of(data.clusters), ratio=self._question.ratio)

    def plot(self, ax: Any = None) -> Any:
        """Draw the effects by steps since adoption, with their intervals, and the naive estimate.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.events import events

        table, naive = self.by_horizon, float(self.naive["estimate"])
        quantity = f"change in {self._question.outcome}"
        if self._question.ratio:
            names = ["estimate", "low", "high", "low_simultaneous", "high_simultaneous"]
            table = table.assign(**{name: np.exp(table[name]) for name in names})
            naive, quantity = float(np.exp(naive)), f"ratio of rates of {self._question.outcome}, logarithmic scale"
        return events(table, quantity=quantity, naive=naive, log=self._question.ratio, ax=ax)
