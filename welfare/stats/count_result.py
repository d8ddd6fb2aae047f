"""A fitted count model: its table, words and checks, and what it says of other conditions and other rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from welfare.errors import BadParameter, NotEstimable, WelfareError
from welfare.schema.results import Result, simulated_words
from welfare.stats.design.build import Design
from welfare.stats.diagnostics import bends, diagnose
from welfare.stats.effects import AttributableEvents, Prediction, attributed, predicted, ratio_between
from welfare.stats.estimates import Estimates, estimate
from welfare.stats.influence import Influence, most_influential
from welfare.stats.question import Question
from welfare.stats.sentences import write_notes, write_text


@dataclass(frozen=True, repr=False, kw_only=True)
class CountModel(Result):
    """A fitted model of counts; see :func:`count_model`.

    Attributes
    ----------
    table : DataFrame
        One row per estimate: term, estimate (logarithm of the ratio), std_error, low, high, p_value,
        ratio, ratio_low, ratio_high. The intercept's ratio is the expected count per unit of exposure
        where every other term is zero.
    loglik : float
        Log likelihood.
    dispersion : float
        Pearson's chi-squared over n - k; above 1, the counts vary more than the model allows.
    n : int
        Rows used.
    clusters : int or None
        Clusters among them; None if rows were taken one by one.
    covariance : DataFrame, k by k
        Of the estimates, of the kind `errors` names.
    fitted : Series
        Expected count of each row used, under its label in the input.
    family, errors : str
        As fitted: the family's name, and the kind of errors, such as "CR1"; "HC1" where rows stand alone.
    theta, alpha : float or None
        Negative binomial: variance = mean + mean^2 / theta (NB2), or mean x (1 + alpha) (NB1).
    degrees : float
        Degrees of freedom of Student's t in intervals and p-values, infinite for the normal; the fewest, where they
        differ by term (CR2).
    random_sd : float or None
        Standard deviation of the random intercept, on the scale of the link.
    """

    loglik: float
    dispersion: float
    n: int
    clusters: int | None
    covariance: pd.DataFrame
    fitted: pd.Series
    family: str
    errors: str
    theta: float | None
    alpha: float | None
    degrees: float
    random_sd: float | None
    _checks: pd.DataFrame = field(repr=False)
    _found: Estimates = field(repr=False)
    # What a refit needs: the question, the columns it used of the frame, and whom to leave out.
    _question: Question = field(repr=False)
    _source: pd.DataFrame = field(repr=False)
    _most: Influence = field(repr=False)
    _left_out: tuple[Influence, ...] = field(repr=False)

    def check(self) -> pd.DataFrame:
        """Look for what could mislead.

        Overdispersion, few clusters, influence, sparse levels, more zeros than expected, counts that do not grow with
        the exposure, terms that ask for a bend.

        Returns
        -------
        DataFrame
            One row per check; columns check, at (label of the cluster, row or term it is about, as text;
            empty where it is about none), value, verdict ("in order" or "look closer"), advice. A check
            that asks for a closer look is not a refutation: some do so by chance.
        """
        found = self._found
        return pd.concat([self._checks, bends(found.fit, found.design, found.groups)], ignore_index=True)

    def without_most_influential(self) -> CountModel:
        """Fit the same model without the cluster, or row, that the influence check names.

        Returns
        -------
        CountModel
            Its text begins with what was left out; `dropped` lists those rows, reason "without ...".
            What the refit shows is how far findings hang on one place, not that it should be left out.

        Raises
        ------
        NotEstimable
            If the rest cannot carry the model.
        """
        try:
            rows = self._source[~self._most.within]
            return model_of(
                self._question, estimate(self._question, rows), rows, left_out=(*self._left_out, self._most)
            )
        except WelfareError as failure:
            raise NotEstimable(
                f"without {self._most.name} the model cannot be fitted: {failure.what}",
                where="CountModel.without_most_influential",
                spoiled=f"What would be found without {self._most.name} stays unknown.",
                todo="Rest no finding on it alone; use fewer terms, or join levels.",
            ) from failure

    def rate_ratio(
        self, condition: str, *, per: float | None = None, at: Any = None, reference: Any = None
    ) -> dict[str, float]:
        """Return the ratio of rates between two values of a condition, everything else held fixed.

        Parameters
        ----------
        condition : str
            A column that the terms name.
        per : float, optional
            So many units more of a condition that enters as a straight line; give this, or `at` and `reference`.
        at, reference : number or label, optional
            The two values, of a curve or a factor.

        Returns
        -------
        dict
            ratio, low, high (95%); of odds with ``family="fractional"``.

        Raises
        ------
        BadParameter
            If neither is given, no term names the condition, a level is unknown, or the ratio differs between rows.
        """
        if (per is None) == (at is None or reference is None):
            raise BadParameter(
                "a ratio is between two values of a condition",
                where="CountModel.rate_ratio",
                spoiled="It would compare with a value that nobody chose.",
                todo="Give per=, or at= and reference=.",
            )
        if per is None:
            return ratio_between(self._found, condition, at, reference)
        start, step = (float(self._source[condition].mean()) if condition in self._source else 0.0), float(per)
        once = ratio_between(self._found, condition, start + step, start)
        twice = ratio_between(self._found, condition, start + 2 * step, start + step)
        if abs(once["ratio"] - twice["ratio"]) > 1e-8 * once["ratio"]:
            raise BadParameter(
                f"{condition} does not enter as a straight line, so its ratio depends on where one starts",
                where="CountModel.rate_ratio(per=)",
                spoiled="One number would stand for a curve.",
                todo="Give at= and reference=.",
            )
        return once

    def predict(self, df: pd.DataFrame | None = None) -> Prediction:
        """Return the counts that the model expects, over each row's own exposure.

        Parameters
        ----------
        df : DataFrame, optional
            Rows with the columns that the terms name, the exposure and the fixed effects; those used by default.

        Returns
        -------
        Prediction
            Rows of a level that the fit does not know, or without an exposure, are dropped with the reason. With fixed
            effects there is no interval; with a random intercept it is the mean over all groups there could be.

        Raises
        ------
        NoDenominator
            If the model has an exposure and the frame lacks its column.
        BadParameter
            If another column is missing.
        """
        design = self._found.design
        return predicted(self._question, self._found, design.source.iloc[design.places] if df is None else df)

    def attributable(self, condition: str, *, reference: Any, draws: int = 5_000, seed: int = 0) -> AttributableEvents:
        """Count the events attributable to a condition being where it was, and not at a reference.

        Parameters
        ----------
        condition : str
            A column that the terms name.
        reference : number or label
            What it is compared with.
        draws : int
            For the interval.
        seed : int
            Of the draws.

        Returns
        -------
        AttributableEvents
            Sum over rows of events x (1 - 1/ratio), negative where the condition was better than the reference.

        References
        ----------
        Gasparrini A, Leone M. BMC Medical Research Methodology 2014; 14: 55.
        """
        if self.family == "fractional":
            raise BadParameter(
                "the ratios of shares are of odds",
                where="CountModel.attributable",
                spoiled="Ratios of odds overstate how many events are attributable.",
                todo="Use counts with an exposure and family='poisson'.",
            )
        return attributed(self._found, condition, reference, draws, seed)

    def plot(self, ax: Any = None) -> Any:
        """Draw the ratios with their intervals, the intercept left out.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from welfare.figures.estimates import forest

        return forest(self.table[self.table["term"] != "Intercept"], ax=ax)


def model_of(
    question: Question, found: Estimates, df: pd.DataFrame, *, left_out: tuple[Influence, ...] = ()
) -> CountModel:
    """Put estimates into words, checks and a result.

    Parameters
    ----------
    question : Question
        What was asked.
    found : Estimates
        What was found.
    df : DataFrame
        Of which it was asked.
    left_out : tuple of Influence
        Clusters or rows that were taken out of it on purpose.
    """
    design, fit, covariance = found.design, found.fit, found.covariance
    fewest = min(range(len(found.groups)), key=lambda at: found.groups[at].levels, default=None)
    most = most_influential(
        fit,
        design,
        found.table["std_error"].to_numpy(),
        None if fewest is None else found.groups[fewest],
        None if fewest is None else question.cluster[fewest],
    )
    checks = diagnose(
        fit, design, found.groups, most, robust=covariance.kind != "model", corrected=_corrected(question)
    )
    text = write_text(question, found, checks, most, _refit(question, design, most) if most.doubtful else None)
    absent = " and ".join(each.in_words() for each in left_out)
    return CountModel(
        table=found.table,
        text=simulated_words(df) + (f"Without {absent}: {text}" if absent else text),
        dropped=pd.concat([design.dropped, *(_absent_rows(each) for each in left_out)], ignore_index=True),
        notes=write_notes(question, found),
        loglik=found.loglik,
        dispersion=found.dispersion,
        n=len(design.counts),
        clusters=found.clusters,
        covariance=pd.DataFrame(covariance.matrix, index=design.names, columns=design.names),
        fitted=pd.Series(fit.expected, index=design.terms.index, name="expected_count"),
        family=question.family,
        errors=covariance.kind,
        theta=getattr(fit.family, "theta", None),
        alpha=getattr(fit.family, "alpha", None),
        degrees=float(covariance.degrees.min()),
        random_sd=None if found.intercept is None else found.intercept.sd,
        _checks=checks,
        _found=found,
        _question=question,
        _source=design.source,
        _most=most,
        _left_out=left_out,
    )


def _corrected(question: Question) -> bool:
    return question.bootstrap is not None or question.errors in ("CR2", "CR3")


def _refit(question: Question, design: Design, most: Influence) -> Estimates | WelfareError:
    try:
        return estimate(question, design.source[~most.within])
    except WelfareError as failure:
        return failure


def _absent_rows(left: Influence) -> pd.DataFrame:
    return pd.DataFrame({"row": pd.Series(left.rows, dtype="object"), "reason": f"without {left.name}"})
