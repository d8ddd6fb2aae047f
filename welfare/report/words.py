"""Words and pictures that several sections of the slaughter report share."""

from __future__ import annotations

import pandas as pd

from welfare.report.findings import Findings

CANNOT_SHOW = (
    "These records cannot say whether faster lines injure more workers.",
    "More noncompliance recorded than expected means worse handling or stricter inspection; the records do not say "
    "which. Directed tasks are not random: inspectors look where they expect to find.",
    "A noncompliance record is what an inspector saw and wrote. What nobody saw is in no figure here.",
    "Poultry is outside the Humane Methods of Slaughter Act: no humane-handling record of any kind is kept for birds.",
)
FSIS = "FSIS humane-handling tasks"
MODEL_SOURCE = "FSIS humane-handling tasks, directory and demographics"
OSHA = "OSHA severe injury reports, federal-plan states"


def cannot_show(findings: Findings) -> tuple[str, ...]:
    """Say what these records cannot show; the first sentence is about line speed unless it could be compared."""
    if findings.speed_model is not None:
        return CANNOT_SHOW[1:]
    return (
        f"{CANNOT_SHOW[0]} {findings.comparable.text} The injury reports and the inspection systems are of different "
        "years, and hours worked are in neither.",
        *CANNOT_SHOW[1:],
    )


def cluster_sentence(findings: Findings) -> str:
    """Say in a sentence whether a cluster was found."""
    table = findings.clusters.table
    sure = table[table["p_value"] <= 0.05]
    if sure.empty:
        return "No cluster of plants on the map is beyond what chance gives."
    many = len(sure) > 1
    return f"{len(sure)} cluster{'s' * many} of plants on the map {'are' if many else 'is'} beyond what chance gives."


def day_in_words(day: pd.Timestamp) -> str:
    """Return a day as 5 June 2025."""
    return f"{day.day} {day:%B %Y}"


def readable(value: object) -> str:
    """Return a code with spaces for its joints."""
    return str(value).replace("_", " ").replace("+", " + ")


def term_in_words(term: str) -> str:
    """Return a model's term such as ``C(size_class)[T.Small]`` as ``size class: Small``."""
    name, _, level = term.removeprefix("C(").partition(")[T.")
    name = name.partition(",")[0]
    return f"{readable(name)}: {readable(level.rstrip(']'))}" if level else readable(term)


def svg(axes: object, alt: str, findings: Findings) -> str:
    """Return a figure as SVG, stamped where the plants are made up."""
    from welfare.figures.style import to_svg

    return to_svg(axes, alt=alt, simulated=findings.simulated)  # type: ignore[arg-type]


_IN_WORDS = {
    "findings_count per unit of tasks_count": "noncompliance records per task",
    "injuries_count per unit of plant_years": "severe injury reports per plant-year",
    "species_mix": "species",
    "volume_category": "volume category",
    "size_class": "size class",
    "expected_count": "expected count",
    "inspection_system": "inspection system",
    "unit of speed_10": "10 birds per minute",
    "facility_id": "plant",
}


def in_words(text: str) -> str:
    """Return a result's paragraph with the panel's column names in words."""
    for column, words in _IN_WORDS.items():
        text = text.replace(column, words)
    return text


def plants_in_words(findings: Findings) -> str:
    """Say how many plants differ from their peers."""
    flags = findings.plants.table["flagged"]
    above, below = int((flags == "above").sum()), int((flags == "below").sum())
    compared = f"Of {len(flags):,} plants compared with what their species, volume and size lead one to expect,"
    if not above and not below:
        return f"{compared} none differs by more than such plants differ among themselves."
    return (
        f"{compared} {above:,} had more noncompliance recorded than such plants differ among themselves, and {below:,} "
        "had less; at most about 5% of those named are expected to be named by chance."
    )
