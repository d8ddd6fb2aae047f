"""A pooled effect in words a court could read, and how its numbers were made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.schema.results import count_reasons
from welfare.stats.pooling.estimating.fit import INTERVALS, Fit, Rule, Studies
from welfare.stats.pooling.estimating.heterogeneity import NAMES
from welfare.stats.pooling.leaning.asymmetry import FEW, egger
from welfare.stats.pooling.numbers_told import told, told_range

LIMITS_OF_IT = (
    "Pooling cannot show studies that were never published, nor mend those that were done badly; pooled associations "
    "remain associations."
)


@dataclass(frozen=True)
class Found:
    """What there is to tell of a pool.

    Attributes
    ----------
    studies : Studies
        Without moderators.
    fit : Fit
    rule : Rule
    spread : tuple of float
        Interval of the variance between studies.
    prediction : tuple of float
        Of a further study; missing where it cannot be had.
    predicted_by : str
        Kind of prediction interval.
    left : DataFrame or None
        Leave-one-out; None where not made.
    dropped : DataFrame
    labels : Series of str
    ratio : bool
    quantity : str
        What the effects are.
    """

    studies: Studies
    fit: Fit
    rule: Rule
    spread: tuple[float, float]
    prediction: tuple[float, float]
    predicted_by: str
    left: pd.DataFrame | None
    dropped: pd.DataFrame
    labels: pd.Series
    ratio: bool
    quantity: str

    @property
    def groups(self) -> int:
        """How many studies there are."""
        return len(np.unique(self.studies.groups))


def write_text(found: Found) -> str:
    """Write the paragraph of a pool.

    Parameters
    ----------
    found : Found
    """
    sentences = [
        _pooled(found),
        "" if found.dropped.empty else f"Left out: {count_reasons(found.dropped)}.",
        _predicted(found),
        _spread(found),
        _left_out(found),
        _leaning(found),
        LIMITS_OF_IT,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _pooled(found: Found) -> str:
    rows = len(found.studies.y)
    many = f"{found.groups:,} studies" if found.groups == rows else f"{rows:,} effects of {found.groups:,} studies"
    assumed = (
        "as if all had one true effect" if found.rule.method == "fixed" else "allowing their true effects to differ"
    )
    low, high = found.fit.ends()
    factor = found.fit.factor
    narrow = ""
    if found.rule.ci == "hksj" and 0 < factor < 1 - 1e-9:
        wide = float(found.fit.half[0]) / np.sqrt(factor)
        ends = told_range(found.fit.estimate - wide, found.fit.estimate + wide, found.ratio)
        narrow = f" Effects more alike than their errors foretell make it narrow; by those errors it is {ends}."
    none = f", which includes {1 if found.ratio else 0}: no difference was shown" if low <= 0 <= high else ""
    return (
        f"{many} pooled, {assumed}: {_quantity(found)} {told(found.fit.estimate, found.ratio)} on average "
        f"({found.rule.level * 100:g}% {INTERVALS[found.rule.ci]} interval "
        f"{told_range(low, high, found.ratio)}{none}).{narrow}"
    )


def _quantity(found: Found) -> str:
    return found.quantity or ("ratio" if found.ratio else "effect")


def _predicted(found: Found) -> str:
    low, high = found.prediction
    if np.isnan(low):
        return ""
    none = 1 if found.ratio else 0
    sides = f"on either side of {none}" if low < 0 < high else f"on one side of {none} only"
    return (
        "In a further study like these the true value would be expected between "
        f"{told(low, found.ratio)} and {told(high, found.ratio)} ({found.rule.level * 100:g}% prediction interval), "
        f"{sides}."
    )


def _spread(found: Found) -> str:
    low, high = np.sqrt(found.spread)
    limits = f"{low:.3g} to {high:.3g}" if high > 0 else "no interval: effects are more alike than chance lets expect"
    between = f"About {found.fit.i2:.0f}% of the variation among the effects is between studies, not chance within them"
    true = f"true {'logarithms' if found.ratio else 'effects'}"
    if found.rule.method == "fixed":
        said = f"could be {limits}" if high > 0 else f"has {limits}"
        return f"{between}; the standard deviation of {true}, here taken to be 0, {said}."
    return f"{between}: {true} have a standard deviation of {np.sqrt(found.fit.tau2):.3g} ({limits})."


def _left_out(found: Found) -> str:
    left = found.left
    if left is None:
        return "With two studies either one decides." if found.groups == 2 else ""
    least, most = (left.iloc[int(place(left["estimate"]))] for place in (np.argmin, np.argmax))
    low, high = found.fit.ends()
    turned = left[np.sign(left["low"]) + np.sign(left["high"]) != np.sign(low) + np.sign(high)]
    held = "includes" if low <= 0 <= high else "excludes"
    none = 1 if found.ratio else 0
    if turned.empty:
        decides = f"no single study decides whether the interval {held} {none}"
    else:
        shown = ", ".join(turned["left_out"].astype(str)[:3]) + (" and others" if len(turned) > 3 else "")
        decides = f"whether the interval {held} {none} hangs on {shown}"
    return (
        f"Leaving out one study at a time, the average runs from {told(least['estimate'], found.ratio)} (without "
        f"{least['left_out']}) to {told(most['estimate'], found.ratio)} (without {most['left_out']}); {decides}."
    )


def _leaning(found: Found) -> str:
    if found.groups < FEW:
        return "With fewer than ten studies it cannot be judged whether small ones lean to one side."
    try:
        p_value = egger(found.studies, Rule("fixed", "hksj", found.rule.level), ratio=found.ratio).p_value
    except NotEstimable:
        return "All studies are of one size, so it cannot be judged whether small ones lean to one side."
    if p_value >= 0.1:
        return f"Small studies are not shown to lean to one side (Egger's test, p = {p_value:.2g})."
    return (
        f"Small studies lean to one side (Egger's test, p = {p_value:.2g}), as they do where unwelcome results stay "
        "unpublished."
    )


def write_notes(found: Found) -> tuple[str, ...]:
    """Say how the numbers were made, and where that matters.

    Parameters
    ----------
    found : Found
    """
    notes = [f"Variance between studies: {NAMES[found.rule.method]}.", *_about_errors(found), *_about_prediction(found)]
    if found.spread[1] == 0:
        notes.append("The effects are more alike than chance lets expect: the interval of the variance shrinks to 0.")
    if found.rule.ci != "robust" and found.labels.duplicated().any():
        again = str(found.labels[found.labels.duplicated()].iloc[0])
        notes.append(f"{again} stands in more than one row, taken as independent; if it is one study, give study=.")
    if found.groups == 2:
        notes.append("Two studies: the interval has one degree of freedom and is rightly very wide.")
    return tuple(notes)


def _about_errors(found: Found) -> list[str]:
    ci, factor = found.rule.ci, found.fit.factor
    if ci == "robust" and found.fit.alike:
        return [
            "Between studies nothing is left over: an error by study would be 0; that of the effects' own variances "
            f"with Student's t ({found.fit.degrees[0]:g}) is used instead."
        ]
    if ci == "robust":
        return [
            f"Errors allow for any dependence within the {found.groups} studies (CR2, "
            f"{found.fit.degrees[0]:.3g} degrees of freedom); weights, Cochran's Q and the interval of the "
            "variance between studies take effects to be independent."
        ]
    if ci in ("hksj", "hksj_adhoc") and found.fit.alike:
        return [
            "All effects are equal: the Hartung-Knapp error would be 0, and that of the studies' own variances with "
            "Student's t is used instead."
        ]
    if ci == "hksj" and factor < 1 - 1e-9:
        return [
            f"The Hartung-Knapp factor is {factor:.3g}, below 1: the interval is narrower than by the studies' own "
            "variances with Student's t. Give ci='hksj_adhoc' beside it."
        ]
    if ci == "hksj" and found.rule.method == "fixed":
        return ["One true effect is assumed, but the error is scaled by how far the effects differ."]
    if ci == "normal":
        return ["The normal interval takes the variance between studies as known: too narrow with few studies."]
    return []


def _about_prediction(found: Found) -> list[str]:
    if found.rule.method == "fixed":
        return ["No prediction interval: one true effect is assumed for all studies."]
    if np.isnan(found.prediction[0]):
        return [f"No prediction interval: {found.groups} studies leave no degree of freedom for it."]
    degrees = {"higgins": f"t with {found.groups - 2}", "t": f"t with {found.groups - 1}", "normal": "the normal"}
    return [
        f"Prediction interval: {degrees[found.predicted_by]} degrees of freedom and the error of the mean as reported."
        if found.predicted_by != "normal"
        else "Prediction interval: the normal, too narrow with few studies."
    ]


__all__ = ["LIMITS_OF_IT", "Found", "write_notes", "write_text"]
