"""The paragraph and the notes of a model of hazards."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from welfare.schema.results import count_reasons
from welfare.stats.doubt.sandwich import MANY_CLUSTERS
from welfare.stats.duration.cox.hazard_checks import Leaning
from welfare.stats.duration.cox.hazard_fit import HazardEstimates

_IN_TEXT = 5


def write_text(found: HazardEstimates, concordance: float, most: Leaning) -> str:
    """Write the paragraph.

    Parameters
    ----------
    found : HazardEstimates
    concordance : float
    most : Leaning
        The cluster or row the estimates lean on most.
    """
    design, asked = found.model.design, found.asked
    grouping = f" in {found.clusters:,} clusters ({asked.together})" if found.clusters else ""
    within = f" Rows are compared within {len(found.model.strata):,} strata ({' and '.join(asked.strata)})."
    left_out = "" if design.dropped.empty else f" Left out: {count_reasons(design.dropped)}."
    ranked = ""
    if not np.isnan(concordance):
        ranked = (
            " Of two rows at risk together, the one of the higher hazard had the event first in "
            f"{100 * concordance:.0f}% of pairs (50% by chance)."
        )
    leans = ""
    if most.in_errors > 1:
        leans = (
            f" Without {most.name}, the ratio of {most.term} would move by about {most.in_errors:.2g} standard errors."
        )
    return (
        f"Cox model of the time until {design.formula.outcome}, in the unit of {asked.time}: {len(design.counts):,} "
        f"rows{grouping}, {int(design.counts.sum()):,} events.{left_out}{within if asked.strata else ''} "
        f"{_findings(found)}{leans}{ranked} These are associations in what was recorded: a ratio averages "
        "over time, whatever else differs between the rows and is not in the model may explain it, leaving "
        "observation must say nothing of what was to come, and events that nobody recorded are not seen."
    )


def _findings(found: HazardEstimates) -> str:
    table = found.table
    clear = (table["ratio_low"] > 1) | (table["ratio_high"] < 1)
    told = [*table.index[clear], *table.index[~clear]][:_IN_TEXT]
    sentences = [
        f"{_in_words(str(table.loc[at, 'term']), found)}: {_ratio(table.loc[at])}"
        + ("" if clear[at] else ", no difference shown")
        for at in told
    ]
    held = "the other terms" if len(table) > 1 else "nothing else"
    said = [f"With {held} held fixed, times the hazard and 95% intervals: {'; '.join(sentences)}."]
    if found.infinite:
        said.append(
            f"No finite ratio exists for {', '.join(found.infinite)}: on one side of the comparison no event came. "
            "The rows that decide it are left out as separated, and the rest are compared among themselves."
        )
    untold = int(clear.sum()) - sum(bool(clear[at]) for at in told)
    if untold:
        said.append(f"The table holds {untold} more whose interval excludes 1.")
    if len(table) >= _IN_TEXT:
        said.append(
            f"With {len(table)} ratios at 95% each, about {0.05 * len(table):.2g} would be expected to exclude 1 by "
            "chance alone."
        )
    return " ".join(said)


def _ratio(row: pd.Series) -> str:
    return f"{row['ratio']:.3g} ({row['ratio_low']:.3g} to {row['ratio_high']:.3g})"


def _in_words(term: str, found: HazardEstimates) -> str:
    design = found.model.design
    for factor, levels in design.levels.items():
        if term.startswith(f"{factor}[T.") and term.endswith("]") and ":" not in term:
            name = re.sub(r"^C\((\w+).*\)$", r"\1", factor)
            return f"{name} {term[len(factor) + 3 : -1]} against {levels[0]}"
    return f"each further unit of {term}"


def write_notes(found: HazardEstimates) -> tuple[str, ...]:
    """Say how ties and errors were treated, after what the design had to change.

    Parameters
    ----------
    found : HazardEstimates
    """
    asked, rows = found.asked, found.fit.rows
    notes = [f"Ties as {asked.ties.capitalize()} treats them.", found.covariance.words]
    if found.clusters is not None and found.clusters < MANY_CLUSTERS:
        notes.append(f"{found.clusters} clusters are few for such errors: the intervals are likely too narrow.")
    if len(found.model.strata) > 1:
        with_events = len(np.unique(rows.stratum[rows.event]))
        silent = len(found.model.strata) - with_events
        if silent:
            notes.append(
                f"{silent:,} of {len(found.model.strata):,} strata have no event and say nothing of the ratios."
            )
    if asked.entry is not None:
        notes.append(f"A row is at risk after its {asked.entry} only: what came before is not seen.")
    return (*found.model.design.notes, *notes)
