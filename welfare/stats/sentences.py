"""A count model in words: what was found, what hangs on one cluster, and what it cannot show."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from welfare.errors import WelfareError
from welfare.schema.results import count_reasons
from welfare.stats.design.build import Design
from welfare.stats.diagnostics import DOUBT
from welfare.stats.doubt.sandwich import MANY_CLUSTERS
from welfare.stats.estimates import Estimates
from welfare.stats.glm.distributions import NegativeBinomial1, NegativeBinomial2
from welfare.stats.influence import Influence
from welfare.stats.question import FAMILIES, Question

_IN_TEXT, _HARDLY = 5, 0.02
_RATIO = ["ratio", "ratio_low", "ratio_high"]


def write_text(
    question: Question,
    found: Estimates,
    checks: pd.DataFrame,
    most: Influence,
    refit: Estimates | WelfareError | None,
) -> str:
    """Write the paragraph of a count model.

    Parameters
    ----------
    question : Question
        What was asked.
    found : Estimates
        What was found.
    checks : DataFrame
        Of :func:`welfare.stats.diagnostics.diagnose`.
    most : Influence
        The cluster or row the estimates lean on most.
    refit : Estimates, WelfareError or None
        The model without it, or why there is none; None where nobody asked.
    """
    design = found.design
    outcome = design.formula.outcome
    per = f" per unit of {question.exposure}" if question.exposure else ""
    by = " and ".join(question.cluster)
    grouping = f" in {found.clusters:,} clusters ({by})" if found.clusters else ""
    total = f"{design.counts.sum():,.0f} events" if found.whole else f"{outcome} {design.counts.mean():.4g} on average"
    left_out = "" if design.dropped.empty else f" Left out: {count_reasons(design.dropped)}."
    doubts = ", ".join(checks.loc[checks["verdict"] == DOUBT, "check"])
    caution = f" Checks that ask for a closer look, as some do by chance: {doubts}." if doubts else ""
    return (
        f"{FAMILIES[question.family]} model of {outcome}{per}: {len(design.counts):,} rows{grouping}, {total}."
        f"{left_out} {_findings(question, found, most, refit)}{caution} These are associations in what was recorded: "
        "whatever else differs between the rows and is not in the model may explain them, and events that nobody "
        "recorded are not seen."
    )


def _findings(question: Question, found: Estimates, most: Influence, refit: Estimates | WelfareError | None) -> str:
    ratios = found.table[found.table["term"] != "Intercept"].set_index("term")[_RATIO]
    if ratios.empty:
        return "The model holds no condition, only the overall level."
    side = _side(ratios)
    after = _comparable(ratios, found, refit) if isinstance(refit, Estimates) else ratios
    clear, held = side != 0, _side(after) == side
    unit = " times the odds" if question.family == "fractional" else " times the rate"
    # What the refit does to a finding stands beside it: read apart, the finding would say more than the records do.
    told = [*ratios.index[clear], *ratios.index[~clear]][:_IN_TEXT]
    steps = {term: _step(term, found.design, ratios.loc[term]) for term in told}
    sentences = [
        f"{_in_words(term, found.design, steps[term])}: {_ratio(ratios.loc[term] ** steps[term], unit)}"
        + ("" if clear[term] else ", no difference shown")
        + (
            ""
            if held[term] or not clear[term]
            else f"; without {most.in_words()}: {_ratio(after.loc[term] ** steps[term])}"
        )
        for term in told
    ]
    untold = ratios.index[clear & ~ratios.index.isin(told)]
    lost = int((~held[untold]).sum())
    rest = int((~clear & ~ratios.index.isin(told)).sum())
    said = [f"{_held_fixed(found)}, and 95% intervals: {'; '.join(sentences)}."]
    if len(untold):
        fewer = f"; without {most.in_words()}, that of {lost} does not" if lost else ""
        said.append(f"The table holds {len(untold)} more whose interval excludes 1{fewer}.")
    if rest:
        said.append(f"For {rest} more ratios of {len(ratios)} the interval includes 1: no difference was shown.")
    if len(ratios) >= 5:
        said.append(
            f"With {len(ratios)} ratios at 95% each, about {0.05 * len(ratios):.2g} would be expected to exclude 1 by "
            "chance alone."
        )
    said.append(_without(most, refit, clear, held, _side(after) != 0))
    return " ".join(said).strip()


def _held_fixed(found: Estimates) -> str:
    """Say what the comparisons hold fixed."""
    within = [f"each {effect.name}" for effect in found.design.effects]
    others = ["the other terms"] if len(found.table[found.table["term"] != "Intercept"]) > 1 else []
    held = " and ".join([*within, *others])
    return f"With {held} held fixed" if held else "With nothing else held fixed"


def _without(
    most: Influence,
    refit: Estimates | WelfareError | None,
    clear: pd.Series,
    held: pd.Series,
    clear_after: pd.Series,
) -> str:
    if refit is None:
        return ""
    if isinstance(refit, WelfareError):
        return f"Without {most.in_words()} the model cannot be fitted: {refit.what}."
    found_only_then = int((clear_after & ~clear).sum())
    more = f"; {found_only_then} other{'s' * (found_only_then > 1)} would too" if found_only_then else ""
    if not clear.any():
        return f"Without {most.in_words()}, {found_only_then or 'still no'} of these intervals would exclude 1."
    if held[clear].all():
        return f"Without {most.in_words()} no finding changes side: each interval that excludes 1 still does{more}."
    if found_only_then:
        return f"Without {most.in_words()}, {found_only_then} of the ratios not shown to differ would exclude 1."
    return ""


def _side(ratios: pd.DataFrame) -> pd.Series:
    """Return 1 where the interval lies above 1, -1 where below, 0 where it includes 1 or is not known."""
    return (ratios["ratio_low"] > 1).astype(int) - (ratios["ratio_high"] < 1).astype(int)


def _comparable(ratios: pd.DataFrame, found: Estimates, refit: Estimates) -> pd.DataFrame:
    """Return the ratios of the refit under the terms of the full model; missing where it has no such comparison."""
    after = refit.table.set_index("term")[_RATIO].reindex(ratios.index)
    interactions = any(":" in term for term in ratios.index)
    for factor, levels in found.design.levels.items():
        # A term of the same name compares with another level if the first one went; where terms multiply, all do.
        if refit.design.levels.get(factor, levels[:1])[0] != levels[0]:
            after.loc[[interactions or term.startswith(f"{factor}[") for term in after.index]] = np.nan
    return after


def _ratio(row: pd.Series, unit: str = "") -> str:
    if row.isna().any():
        return "no such comparison is left"
    return f"{row['ratio']:.3g}{unit} ({row['ratio_low']:.3g} to {row['ratio_high']:.3g})"


def _step(term: str, design: Design, ratios: pd.Series) -> float:
    """Return for how many units a ratio is told: one, or about the width of the middle half where one moves little."""
    if term not in design.terms or abs(np.log(ratios["ratio"])) > _HARDLY or ratios.isna().any():
        return 1.0
    low, high = np.quantile(design.terms[term].to_numpy(), [0.25, 0.75])
    if high - low <= 1:
        return 1.0
    power = 10.0 ** np.floor(np.log10(high - low))
    return float(power * np.floor((high - low) / power))


def _in_words(term: str, design: Design, step: float) -> str:
    for factor, levels in design.levels.items():
        if term.startswith(f"{factor}[T.") and term.endswith("]") and ":" not in term:
            name = re.sub(r"^C\((\w+).*\)$", r"\1", factor)
            return f"{name} {term[len(factor) + 3 : -1]} against {levels[0]}"
    return f"each further {'unit' if step == 1 else f'{step:,g}'} of {term}"


def write_notes(question: Question, found: Estimates) -> tuple[str, ...]:
    """Say how errors and intervals were made, after what the design had to change.

    Parameters
    ----------
    question : Question
        What was asked.
    found : Estimates
        What was found.
    """
    notes = [found.covariance.words]
    if found.clusters is not None and found.clusters < MANY_CLUSTERS and found.covariance.kind in ("CR0", "CR1"):
        notes.append(f"{found.clusters} clusters are few for such errors: the intervals are likely too narrow.")
    family = found.fit.family
    if isinstance(family, NegativeBinomial2):
        notes.append(
            f"Negative binomial (NB2), theta {family.theta:.4g}, estimated; variance = mean + mean^2 / theta. The "
            "information is the expected one."
        )
    if isinstance(family, NegativeBinomial1):
        notes.append(
            f"Negative binomial (NB1), alpha {family.alpha:.4g}, estimated; variance = mean x (1 + alpha). The "
            "information is the observed one, alpha held where it is."
        )
    if found.design.effects:
        held = ", ".join(f"{effect.name} ({len(effect.levels):,} levels)" for effect in found.design.effects)
        notes.append(f"Held fixed, each level with an effect of its own: {held}.")
    if not found.whole and question.family != "fractional":
        notes.append(
            "The outcome is not whole numbers: estimates hold as quasi-likelihood; the log likelihood does not."
        )
    return (*found.design.notes, *notes)
