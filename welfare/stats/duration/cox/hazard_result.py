"""A fitted model of hazards: its table, words and checks, and what it says of given conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable, WelfareError
from welfare.schema.results import Result, simulated_words
from welfare.stats.design.restated import needed_columns, terms_of, unknown_levels
from welfare.stats.doubt.reach import reach_of
from welfare.stats.duration.cox.hazard_checks import check_hazards, leaning, proportionality
from welfare.stats.duration.cox.hazard_design import asked_of_duration
from welfare.stats.duration.cox.hazard_fit import HazardEstimates, estimate_hazards
from welfare.stats.duration.cox.hazard_words import write_notes, write_text
from welfare.stats.duration.hazards.baseline import expected_hazard
from welfare.stats.duration.hazards.residuals import concordance
from welfare.stats.duration.shares.intervals import check_kind, limits


@dataclass(frozen=True, repr=False, kw_only=True)
class DurationModel(Result):
    """A fitted model of hazards; see :func:`welfare.stats.duration.model.duration`.

    Attributes
    ----------
    table : DataFrame
        One row per estimate: term, estimate (logarithm of the hazard ratio), std_error, low, high, p_value, ratio
        (hazard ratio), ratio_low, ratio_high.
    loglik, loglik_null : float
        Log partial likelihood at the estimates, and with every ratio 1.
    n, events : int
        Rows used, and those that end with the event.
    clusters : int or None
        Clusters among them; None if rows were taken one by one.
    covariance : DataFrame, k by k
        Of the estimates, of the kind `errors` names.
    errors : str
        "CR0", "CR1" or "model".
    degrees : float
        Degrees of freedom of Student's t in intervals and p-values, infinite for the normal.
    concordance : float
        Share of comparable pairs in which the row of the higher hazard had the event first; 0.5 by chance.
    """

    loglik: float
    loglik_null: float
    n: int
    events: int
    clusters: int | None
    covariance: pd.DataFrame
    errors: str
    degrees: float
    concordance: float
    _found: HazardEstimates = field(repr=False)
    _source: pd.DataFrame = field(repr=False)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead.

        Ratios that move with time, few events per term or behind a level, infinite ratios, one cluster that decides,
        ties, events compared with nobody, few clusters.

        Returns
        -------
        DataFrame
            One row per check; columns check, at, value, verdict ("in order" or "look closer"), advice. A check that
            asks for a closer look is not a refutation: some do so by chance.
        """
        return check_hazards(self._found)

    def proportionality(self, transform: str = "km") -> pd.DataFrame:
        """Test each term for a hazard ratio that moves with time.

        Parameters
        ----------
        transform : {"km", "identity", "log"}
            The function of time it may move with: one less the Kaplan-Meier curve, time itself, its logarithm.

        Returns
        -------
        DataFrame
            Columns term, chi2, degrees, p_value; the last row is of all terms together. As R's `cox.zph`: the score
            test, which trusts the model's errors.

        References
        ----------
        Grambsch PM, Therneau TM. Biometrika 1994; 81: 515-526.
        """
        return proportionality(self._found, transform)

    def hazard_ratio(self, condition: str, *, at: Any, reference: Any) -> dict[str, float]:
        """Return the ratio of hazards between two values of a condition, everything else held fixed.

        Parameters
        ----------
        condition : str
            A column that the terms name.
        at, reference : number or label
            The two values.

        Returns
        -------
        dict
            ratio, low, high (95%).

        Raises
        ------
        BadParameter
            If no term names the condition, a level is unknown, or the ratio differs between rows.
        """
        design = self._found.model.design
        if condition not in needed_columns(design):
            raise BadParameter(
                f"no term names {condition!r}",
                where="DurationModel.hazard_ratio",
                spoiled="The ratio would be 1 whatever the condition.",
                todo=f"Use one of {', '.join(needed_columns(design))}.",
            )
        rows = design.source.iloc[design.places].drop_duplicates(needed_columns(design))
        both = [self._columns_of(rows.assign(**{condition: value})) for value in (at, reference)]
        gaps = both[0] - both[1]
        if np.ptp(gaps, axis=0).max(initial=0) > 1e-9 * max(1.0, float(np.abs(gaps).max(initial=0))):
            raise BadParameter(
                f"the ratio between two values of {condition} differs between rows",
                where="DurationModel.hazard_ratio",
                spoiled="One number would stand for several.",
                todo="Read the terms that multiply it from the table.",
            )
        estimate = float(gaps[0] @ self._found.fit.estimates)
        error = float(np.sqrt(gaps[0] @ self._found.covariance.matrix @ gaps[0]))
        ends = np.exp(estimate + np.array([-1, 1]) * self._reach * error)
        return {"ratio": float(np.exp(estimate)), "low": float(ends[0]), "high": float(ends[1])}

    def baseline(
        self, at: Mapping[str, Any] | None = None, *, stratum: str | None = None, conf: str = "log-log"
    ) -> pd.DataFrame:
        """Return the share that the model expects without the event, under given conditions.

        Parameters
        ----------
        at : mapping of str to number or label, optional
            Values of the conditions. Those not given stand at their mean, factors at the level compared with.
        stratum : str, optional
            Which stratum, where the model has several.
        conf : {"log-log", "log", "plain"}
            Scale on which the interval is symmetric.

        Returns
        -------
        DataFrame
            Columns time (each at which an event came), hazard (cumulative), survival, std_error (of survival), low,
            high (95%).

        Raises
        ------
        BadParameter
            If a condition or a stratum is not known, or none is named where there are several.

        Notes
        -----
        Of recurrent events it is the share without one since its clock began, were nothing to change; conditions that
        change over time are held where they are.

        References
        ----------
        Breslow NE. Journal of the Royal Statistical Society B 1972; 34: 216-217. Tsiatis AA. Annals of Statistics 1981;
        9: 93-108.
        """
        check_kind(conf, "baseline")
        design = self._found.model.design
        needed = needed_columns(design)
        unknown = sorted(set(at or {}) - set(needed))
        if unknown:
            raise BadParameter(
                f"no term names {', '.join(unknown)}",
                where="DurationModel.baseline(at=)",
                spoiled="The curve would not be that of the conditions asked for.",
                todo=f"Give values of {', '.join(needed)}.",
            )
        values = {name: self._usual(name) for name in needed} | dict(at or {})
        columns = self._columns_of(pd.DataFrame({name: [value] for name, value in values.items()}))
        found = expected_hazard(self._found.fit, self._found.covariance.matrix, columns[0], self._stratum(stratum))
        survival = np.exp(-found.hazard)
        low, high = limits(survival, survival * found.std_error, conf, self._reach)
        return pd.DataFrame(
            {
                "time": found.time,
                "hazard": found.hazard,
                "survival": survival,
                "std_error": survival * found.std_error,
                "low": low,
                "high": high,
            }
        )

    @property
    def _reach(self) -> float:
        return reach_of(self.degrees)

    def _columns_of(self, df: pd.DataFrame) -> np.ndarray:
        design = self._found.model.design
        unknown = pd.Series(unknown_levels(design, df)).dropna()
        if len(unknown):
            raise BadParameter(
                f"a level is unknown ({unknown.iloc[0]})",
                where="DurationModel",
                spoiled="It would be taken for the level compared with.",
                todo="Use a level that the table names.",
            )
        known = bool(df[needed_columns(design)].notna().all(axis=None))
        with asked_of_duration():
            columns = terms_of(design, df) if known else np.full((1, 1), np.nan)
        if np.isnan(columns).any():
            raise BadParameter(
                "a condition is missing, or gives no number",
                where="DurationModel",
                spoiled="What is expected under unknown conditions is unknown.",
                todo="Give a number or a level for each condition.",
            )
        return columns

    def _usual(self, name: str) -> Any:
        design = self._found.model.design
        for term in (name, *(term for term in design.levels if term.startswith(f"C({name}"))):
            if term in design.levels:
                return design.levels[term][0]
        column = design.source[name].iloc[design.places]
        return float(column.mean())

    def _stratum(self, name: str | None) -> int:
        strata = self._found.model.strata
        if name is None and len(strata) == 1:
            return 0
        if name is None or str(name) not in strata:
            shown = ", ".join(strata[:10]) + (", ..." if len(strata) > 10 else "")
            raise BadParameter(
                "each stratum has a baseline of its own" if name is None else f"no stratum is called {name!r}",
                where="DurationModel.baseline(stratum=)",
                spoiled="A curve of one would pass for that of all.",
                todo=f"Name one of {shown}.",
            )
        return strata.index(str(name))

    def without_most_influential(self) -> DurationModel:
        """Fit the same model without the cluster, or row, that the influence check names.

        Returns
        -------
        DurationModel
            Its text begins with what was left out; `dropped` lists those rows, reason "without ...".

        Raises
        ------
        NotEstimable
            If the rest cannot carry the model.
        """
        most = leaning(self._found)
        try:
            rest = model_of(estimate_hazards(self._found.asked, self._source[~most.within]), self._source)
        except WelfareError as failure:
            raise NotEstimable(
                f"without {most.name} the model cannot be fitted: {failure.what}",
                where="DurationModel.without_most_influential",
                spoiled=f"What would be found without {most.name} stays unknown.",
                todo="Rest no finding on it alone; use fewer terms, or join levels.",
            ) from failure
        absent = pd.DataFrame(
            {"row": pd.Series(list(self._source.index[most.within]), dtype="object"), "reason": f"without {most.name}"}
        )
        return replace(
            rest,
            text=f"Without {most.name}: {rest.text}",
            dropped=pd.concat([rest.dropped, absent], ignore_index=True),
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw the hazard ratios with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.estimates import forest

        return forest(self.table, ax=ax, quantity="hazard ratio")


def model_of(found: HazardEstimates, df: pd.DataFrame) -> DurationModel:
    """Put estimates into words and a result.

    Parameters
    ----------
    found : HazardEstimates
    df : DataFrame
        Of which it was asked.
    """
    design, covariance = found.model.design, found.covariance
    rank = concordance(found.fit)
    return DurationModel(
        table=found.table,
        text=simulated_words(df) + write_text(found, rank, leaning(found)),
        dropped=design.dropped,
        notes=write_notes(found),
        loglik=found.fit.loglik,
        loglik_null=found.fit.loglik_null,
        n=len(design.counts),
        events=int(design.counts.sum()),
        clusters=found.clusters,
        covariance=pd.DataFrame(covariance.matrix, index=design.names, columns=design.names),
        errors=covariance.kind,
        degrees=float(covariance.degrees.min()),
        concordance=rank,
        _found=found,
        _source=df,
    )
