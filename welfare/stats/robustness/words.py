"""Robustness in words: what it would take to undo a finding, what moves it most, and what none of it can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from welfare.stats.robustness.effect import Effect
from welfare.stats.robustness.tried import CANNOT_TELL, CHANGES, FOUND, HOLDS, NONE_FOUND, NOT_COMPUTED

_IN_TEXT = 3
_LIMITS = (
    "What these numbers cannot show: an E-value and a robustness value take hidden confounding as the one thing wrong, "
    "not errors of measurement, or a choice of rows or of what was recorded that goes with the harm; whether a "
    "confounder of such strength is likely, no number here says; and a large one is no proof."
)


def write_text(
    table: pd.DataFrame, effects: Sequence[Effect], units: dict[str, float], outcome: str, offers: Mapping[str, str]
) -> str:
    """Write the paragraph of a result on robustness.

    Parameters
    ----------
    table : DataFrame
        As :class:`welfare.stats.robustness.robustness.Robustness` has it.
    effects : sequence of Effect
        Findings, per so many units.
    units : dict of str to float
        By term.
    outcome : str
        What the outcome is called.
    offers : mapping of str to str
        What was not tried, and the option that asks for it.
    """
    # Findings come first: of what was not shown to differ there is less to undo.
    told = sorted(effects, key=lambda effect: effect.side == 0)[:_IN_TEXT]
    said = [_of_one(table[table["term"] == effect.term], effect, units[effect.term], outcome) for effect in told]
    if len(effects) > len(told):
        more = len(effects) - len(told)
        said.append(f"The table holds {more} more term{'s' * (more != 1)}.")
    said.append(_controls(table[table["check"] == "negative exposure"]))
    if offers:
        said.append(f"Not tried, since none was named: {', '.join(offers)}.")
    return " ".join([*filter(None, said), _LIMITS])


def _of_one(table: pd.DataFrame, effect: Effect, units: float, outcome: str) -> str:
    by = "" if units == 1 else f" (per {units:,g})"
    sentences = [f"{effect.term}{by}: {scale_words(effect)} {effect.words()}."]
    if not effect.known:
        sentences.append("There is no interval around it: nothing can be said of what would undo it.")
    elif effect.side == 0:
        sentences.append(f"The interval includes {effect.no_difference}: no difference was shown that could be undone.")
    else:
        sentences += [_hidden(table, effect, outcome), _variance(table, effect)]
    sentences += [_benchmarks(table), _leaving_out(table), _choices(table), _controls(table)]
    return " ".join(filter(None, sentences))


def scale_words(effect: Effect) -> str:
    """Return what an effect is, in words.

    Parameters
    ----------
    effect : Effect
    """
    return {
        "rate": "ratio of rates",
        "risk": "ratio of risks",
        "odds": "ratio of odds",
        "hazard": "ratio of hazards",
        "ratio": "ratio",
        "difference": "difference",
    }.get(effect.kind, "estimate")


def _hidden(table: pd.DataFrame, effect: Effect, outcome: str) -> str:
    rows = table[(table["check"] == "E-value") & (table["verdict"] != NOT_COMPUTED)]
    if len(rows) < 2:
        return ""
    point, bound = rows["value"]
    return (
        f"Something not in the model that goes with {effect.condition} and with {outcome} by ratios of {point:.3g} "
        f"each, beyond what is held fixed, could explain it away, and weaker on both sides could not; to make the "
        f"interval include {effect.no_difference}, {bound:.3g} each."
    )


def _variance(table: pd.DataFrame, effect: Effect) -> str:
    rows = table[(table["check"] == "robustness value") & (table["verdict"] != NOT_COMPUTED)]
    if rows.empty:
        return ""
    shares = [f"{100 * value:.3g}%" for value in rows["value"]]
    second = f" ({shares[1]} each for the interval)" if len(shares) > 1 else ""
    about = " about" if "Approximate" in rows["reading"].iloc[0] else ""
    return (
        f"In shares of variance: it could if it explained{about} {shares[0]} of what the other terms leave of "
        f"{effect.term}, and of the outcome{second}; less of both would not do."
    )


def _benchmarks(table: pd.DataFrame) -> str:
    rows = table[(table["check"] == "benchmark") & (table["verdict"] != NOT_COMPUTED)]
    if rows.empty:
        return ""
    strongest = [f"{_times(at)}: {value:.4g}" for at, value in zip(rows["at"], rows["value"], strict=True)]
    undone = rows.loc[rows["verdict"] == CHANGES, "at"]
    end = "it holds with each" if undone.empty else f"with {_times(undone.iloc[0])} the finding no longer holds"
    return f"With a confounder as strong as what was observed it would be at worst: {'; '.join(strongest[:6])}; {end}."


def _times(at: str) -> str:
    return str(at).replace(" x ", " times ", 1)


def _leaving_out(table: pd.DataFrame) -> str:
    rows = table[(table["check"] == "leave one out") & (table["verdict"] != NOT_COMPUTED)]
    return " ".join(rows["reading"])


def _choices(table: pd.DataFrame) -> str:
    rows = table[(table["check"] == "denominator") & (table["verdict"] != NOT_COMPUTED)]
    return " ".join(rows["reading"])


def _controls(table: pd.DataFrame) -> str:
    rows = table[table["check"].isin(["negative outcome", "negative exposure"])]
    return " ".join(rows.loc[rows["verdict"].isin([FOUND, CANNOT_TELL, NONE_FOUND]), "reading"])


def write_notes(
    table: pd.DataFrame,
    units: dict[str, float],
    numbers: Sequence[str],
    *,
    approximate: bool,
    joint: Sequence[str],
    offers: Mapping[str, str],
) -> tuple[str, ...]:
    """Say what was not computed and what the numbers are per.

    Parameters
    ----------
    table : DataFrame
        As the result has it.
    units : dict of str to float
        By term.
    numbers : sequence of str
        Terms that are numbers of many values, whose unit nobody chose.
    approximate : bool
        Whether shares of variance are those of a fit that is not linear.
    joint : sequence of str
        Terms that are crossed with others.
    offers : mapping of str to str
        What was not tried, and the option that asks for it.
    """
    notes = []
    if offers:
        ways = "; ".join(f"{what} ({option}=)" for what, option in offers.items())
        notes.append(f"Not tried, and how to ask for it: {ways}. Columns that the fit did not use are read from df=.")
    if joint:
        notes.append(f"{', '.join(joint)}: told where what it is crossed with is 0, or at the level compared with.")
    if numbers:
        notes.append(
            f"Per one unit of {', '.join(numbers)}: an E-value depends on the unit. Give per= for a contrast that "
            "can happen."
        )
    others = [f"{units[term]:,g} of {term}" for term in units if units[term] != 1]
    if others:
        notes.append(f"Findings, and all that is said of them, are per {', '.join(others)}.")
    if approximate:
        notes.append(
            "Shares of variance are exact for linear regressions. Here they are those of the weighted regression in "
            "which the iterations end, with its own errors: good near the fit, rough for large effects. What is left "
            "of the outcome holds the chance scatter of counts too, of which no confounder can explain any."
        )
    missing = table[table["verdict"] == NOT_COMPUTED]
    for reading, rows in missing.groupby("reading", sort=False):
        tried = ", ".join(dict.fromkeys((rows["check"] + ", " + rows["at"]).str.removesuffix(", ")))
        notes.append(f"{reading} ({tried})")
    if (table["check"] == "leave one out").any() and table["verdict"].eq(HOLDS).any():
        notes.append("Leaving out one at a time says nothing of two that lean the same way together.")
    return tuple(notes)


__all__ = ["scale_words", "write_notes", "write_text"]
