"""Pool effects of several studies, published or one's own, without hiding how far they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter
from welfare.schema.results import simulated_words
from welfare.stats.pooling.estimating.fit import INTERVALS, Fit, Rule, critical, fit, p_values, prediction
from welfare.stats.pooling.estimating.heterogeneity import ESTIMATORS, SAME, q_profile
from welfare.stats.pooling.estimating.regression import regress
from welfare.stats.pooling.leaning.influence import leave_one_out
from welfare.stats.pooling.numbers_told import ratio_of, with_ratios
from welfare.stats.pooling.result import Pooled
from welfare.stats.pooling.studies import Asked, read
from welfare.stats.pooling.words import Found, write_notes, write_text
from welfare.stats.rates.options import check_level, check_method

_PREDICTIONS = ("higgins", "t", "normal")
_LEFT_OUT_IN_TEXT = 300  # beyond so many studies the paragraph does not wait for each to be left out


def pool(
    effects: Sequence[float] | pd.Series,
    variances: Sequence[float] | pd.Series,
    *,
    method: str = "reml",
    ci: str = "hksj",
    labels: Sequence[Any] | pd.Series | None = None,
    moderators: pd.DataFrame | pd.Series | Mapping[str, Sequence[Any]] | Sequence[float] | None = None,
    study: Sequence[Any] | pd.Series | None = None,
    level: float = 0.95,
    prediction_by: str = "higgins",
    ratio: bool = False,
    quantity: str = "",
) -> Pooled:
    """Pool effects, weighing each by its doubt and by how far studies differ.

    Parameters
    ----------
    effects : sequence or Series of n numbers
        One per study, in one unit: differences, or logarithms of ratios. Missing ones are left out, with the reason.
    variances : sequence or Series of n numbers
        Squared standard errors, above 0.
    method : {"reml", "dl", "pm", "ml", "hedges", "sj", "fixed"}
        How the variance between studies is estimated: restricted maximum likelihood, DerSimonian and Laird, Paule and
        Mandel (also "eb", empirical Bayes, the same estimate), maximum likelihood, Hedges ("he"), Sidik and Jonkman;
        or none, one true effect being assumed ("common" is the same).
    ci : {"hksj", "hksj_adhoc", "t", "normal", "robust"}
        Interval of the pooled effect: Hartung, Knapp, Sidik and Jonkman's, with Student's t and an error scaled by how
        far the effects differ; the same with that factor never below 1; t or the normal with the usual error;
        cluster-robust, which `study` brings by itself.
    labels : sequence of n names, optional
        Of the studies, for tables and figures.
    moderators : DataFrame, Series, mapping of sequences, sequence of n values, optional
        What studies differ in: numbers, or words (the first level is what others are compared with). The pooled effect
        stays that without them; `.regression` is the effects against them.
    study : sequence of n values, optional
        Which study each effect is from, where one gives several: they are not independent.
    level : float
        Coverage of intervals, between 0 and 1.
    prediction_by : {"higgins", "t", "normal"}
        Prediction interval by Student's t with k - 2 degrees of freedom (Higgins et al. 2009), with k - 1, or the
        normal.
    ratio : bool
        Effects are natural logarithms of ratios: tables, text and figures give the ratios too.
    quantity : str
        What the effects are and their unit, for text and figures, e.g. ``"difference in daily gain (kg)"``.

    Returns
    -------
    Pooled
        `.table` has one row per effect: study, effect, std_error, low, high, weight; `.estimate`, `.low`, `.high`,
        `.tau2`, `.i2`, `.prediction_low`, `.prediction_high` and more stand beside it.

    Raises
    ------
    BadParameter
        If lengths or labels differ, an option is unknown, `study` and `ci` disagree, or moderators cannot be used.
    BadValue
        If a value is infinite or not a number, or a variance is not above 0.
    NotEstimable
        If fewer than two studies are left, or no more studies than coefficients.

    Notes
    -----
    The pooled effect is an average over studies. Where they differ it holds for none of them: the prediction interval
    says where a further one would lie. It takes true effects to be normal and the studies to be independent and a fair
    sample of those there could be; neither can be seen in them. Variances are taken as known: in studies of a few
    animals they are not.

    References
    ----------
    Viechtbauer W. Journal of Educational and Behavioral Statistics 2005; 30: 261-293. DerSimonian R, Laird N.
    Controlled Clinical Trials 1986; 7: 177-188. Paule RC, Mandel J. Journal of Research of the National Bureau of
    Standards 1982; 87: 377-385. Hartung J, Knapp G. Statistics in Medicine 2001; 20: 3875-3889. Sidik K, Jonkman JN.
    Statistics in Medicine 2002; 21: 3153-3159. Higgins JPT, Thompson SG, Spiegelhalter DJ. Journal of the Royal
    Statistical Society A 2009; 172: 137-159. Viechtbauer W. Statistics in Medicine 2007; 26: 37-52 (Q profile).
    Knapp G, Hartung J. Statistics in Medicine 2003; 22: 2693-2710 (meta-regression). Hedges LV, Tipton E, Johnson MC.
    Research Synthesis Methods 2010; 1: 39-65. Tipton E. Psychological Methods 2015; 20: 375-393.

    Examples
    --------
    >>> from welfare.stats.pooling.pool import pool
    >>> found = pool([0.10, 0.32, 0.21, 0.45], [0.01, 0.02, 0.01, 0.04], labels=["A", "B", "C", "D"])
    >>> [round(value, 3) for value in (found.estimate, found.low, found.high)]
    [0.212, 0.012, 0.412]
    """
    rule = _rule(method, ci, level, prediction_by, study is not None)
    asked = read(effects, variances, labels, moderators, study)
    plain = asked.studies.plain()
    found = fit(plain, rule)
    names = _names(asked)
    left = leave_one_out(plain, names, rule, ratio=ratio) if 3 <= len(names) <= _LEFT_OUT_IN_TEXT else None
    facts = Found(
        studies=plain,
        fit=found,
        rule=rule,
        spread=q_profile(plain.y, plain.v, plain.x, level),
        prediction=prediction(found, rule, prediction_by, asked.groups),
        predicted_by=prediction_by,
        left=left,
        dropped=asked.dropped,
        labels=asked.rows["label"],
        ratio=ratio,
        quantity=quantity,
    )
    regression = regress(asked.studies, asked.terms, rule, found, ratio=ratio) if asked.terms else None
    low, high = found.ends()
    return Pooled(
        table=_table(asked, found, level, ratio),
        text=_simulated(moderators, asked) + write_text(facts) + (f" {regression.text}" if regression else ""),
        dropped=asked.dropped,
        notes=write_notes(facts) + (regression.notes if regression else ()),
        estimate=found.estimate,
        std_error=float(found.std_errors[0]),
        low=low,
        high=high,
        p_value=float(p_values(found)[0]),
        tau2=found.tau2,
        tau2_low=facts.spread[0],
        tau2_high=facts.spread[1],
        i2=found.i2,
        h2=found.h2,
        q=found.q,
        q_p=found.q_p,
        prediction_low=facts.prediction[0],
        prediction_high=facts.prediction[1],
        ratio=float(ratio_of(found.estimate)) if ratio else None,
        ratio_low=float(ratio_of(low)) if ratio else None,
        ratio_high=float(ratio_of(high)) if ratio else None,
        degrees=float(found.degrees[0]),
        factor=found.factor,
        studies=asked.groups,
        method=rule.method,
        ci=rule.ci,
        level=level,
        moderators=None if regression is None else regression.table,
        regression=regression,
        _arrays=plain,
        _fit=found,
        _names=names,
        _quantity=quantity,
    )


def _rule(method: str, ci: str, level: float, prediction_by: str, clustered: bool) -> Rule:
    check_method(method, [*ESTIMATORS, *SAME], "pool(method=)")
    check_method(ci, INTERVALS, "pool(ci=)")
    check_method(prediction_by, _PREDICTIONS, "pool(prediction_by=)")
    check_level(level, "pool")
    if clustered and ci not in ("hksj", "robust"):
        raise BadParameter(
            f"ci={ci!r} takes effects to be independent, and study= says that some are of one study",
            where="pool(ci=)",
            spoiled="The interval would be too narrow.",
            todo="Leave ci as it is, or give one effect per study.",
        )
    if ci == "robust" and not clustered:
        raise BadParameter(
            "ci='robust' needs to know which effects are of one study",
            where="pool(ci=)",
            todo="Give study=.",
        )
    return Rule(SAME.get(method, method), "robust" if clustered else ci, level)


def _names(asked: Asked) -> list[str]:
    """Return the name of each study: its label, or what `study` calls it where it gives several effects."""
    rows, groups = asked.rows, asked.studies.groups
    alone = bool(rows["study"].isna().all())
    first = np.unique(groups, return_index=True)[1]
    return [str(name) for name in rows["label" if alone else "study"].iloc[first]]


def _table(asked: Asked, found: Fit, level: float, ratio: bool) -> pd.DataFrame:
    rows = asked.rows
    errors = np.sqrt(rows["variance"])
    half = float(critical(level, np.array(np.inf))) * errors
    table = pd.DataFrame(
        {
            "study": rows["label"].astype("str"),
            "effect": rows["effect"],
            "std_error": errors,
            "low": rows["effect"] - half,
            "high": rows["effect"] + half,
            "weight": found.weights,
        }
    )
    return with_ratios(table, ratio, "effect")


def _simulated(moderators: Any, asked: Asked) -> str:
    """Say that numbers are made up where a frame of moderators, or the name of a study, does."""
    made_up = bool(asked.rows["label"].str.startswith("SIMULATED").any())
    frame = moderators if isinstance(moderators, pd.DataFrame) else pd.DataFrame()
    return "SIMULATED. " if made_up else simulated_words(frame)


__all__ = ["pool"]
