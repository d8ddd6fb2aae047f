"""Words and pictures that several sections of the slaughter report share."""

from __future__ import annotations

import re

import pandas as pd

from welfare.panel.usable import newest
from welfare.report.findings import Findings
from welfare.schema.codes import code_map
from welfare.schema.tables import Tables
from welfare.sources.registry import source_row

DIRECTORY = "us.fsis.mpi_directory"
DEMOGRAPHICS = "us.fsis.establishment_demographics"
HANDLING = "us.fsis.humane_handling"
WAIVERS = "us.fsis.line_speed_waivers"
INJURIES = "us.osha.severe_injury"
MEASURED = "user.line_speeds_measured"

MORE_THAN_EXPECTED = (
    "More noncompliance recorded than expected can mean worse handling or stricter inspection, a difference the "
    "comparison does not hold, or chance: the records do not say which. Directed tasks are not random (inspectors look "
    "where they expect to find), and this file does not set them apart from routine ones."
)
NOT_SEEN = "A noncompliance record is what an inspector saw and wrote. What nobody saw is in no figure here."
BIRDS = (
    "Poultry is outside the Humane Methods of Slaughter Act. What FSIS writes about the handling of birds (Good "
    "Commercial Practices, 9 CFR 381.65(b)) is not in these files, so nothing here describes it."
)
_SPEEDS = (
    "A difference in injuries between inspection systems or line speeds is an association: plants differ in more than "
    "the model holds, and hours worked are in none of the files."
)


def cannot_show(findings: Findings) -> tuple[str, ...]:
    """Say what these records cannot show."""
    speeds = _no_comparison(findings) if findings.speed_model is None else _SPEEDS
    return (speeds, MORE_THAN_EXPECTED, NOT_SEEN, BIRDS)


def _no_comparison(findings: Findings) -> str:
    """Say why faster lines cannot be set against slower ones in these records."""
    table = findings.comparable.table
    npis, other = (
        pd.DataFrame({"category": table["volume_category"], "plants": table[name]}) for name in ("npis", "traditional")
    )
    most = npis.sort_values("plants").iloc[-1] if len(npis) else None
    held = (
        f"{most['plants']:,} of {npis['plants'].sum():,} NPIS young-chicken plants are of volume category "
        f"{most['category']}, and the {other['plants'].sum():,} with traditional inspection of "
        f"{', '.join(other.loc[other['plants'] > 0, 'category'])}"
        if most is not None
        else "no young-chicken plant has a known system and volume"
    )
    ends = max(bundle.period[1] for bundle in findings.of_source(INJURIES) if bundle.period)
    systems = newest(findings.of_source(DEMOGRAPHICS))[0].vintage
    return (
        f"These records cannot say whether faster lines injure more workers: {held}; injuries end on "
        f"{day_in_words(ends)}, inspection systems are of {systems}, and hours worked are in none of the files."
    )


def source_line(findings: Findings, *sources: str) -> str:
    """Return the line below a figure that says which files its numbers come from, and of when they are."""
    used = newest(findings.bundles)
    named = [
        f"{source_row(source)['publisher']}, {source_row(source)['title']} ({_when(own)})"
        for source in sources
        if (own := [bundle for bundle in used if bundle.source == source])
    ]
    return "Simulated, in the form of: " * findings.simulated + "; ".join(named)


def _when(bundles: list[Tables]) -> str:
    periods = [bundle.period for bundle in bundles if bundle.period]
    if not periods:
        return ", ".join(str(bundle.vintage) for bundle in bundles)
    return span_in_words(min(first for first, _ in periods), max(last for _, last in periods))


def span_in_words(first: pd.Timestamp, last: pd.Timestamp) -> str:
    """Return a span of days as 1 October 2023 to 30 September 2024, or one day."""
    return day_in_words(first) if first == last else f"{day_in_words(first)} to {day_in_words(last)}"


def day_in_words(day: pd.Timestamp) -> str:
    """Return a day as 5 June 2025."""
    return f"{day.day} {day:%B %Y}"


def file_in_words(source_id: str) -> str:
    """Return a file's source and vintage as a person would name it."""
    source, _, vintage = source_id.partition("@")
    return f"{source_row(source)['title']}, {vintage}"


def cluster_sentence(findings: Findings) -> str:
    """Say in a sentence whether a cluster was found."""
    table = findings.clusters.table
    sure = table[table["p_value"] <= 0.05]
    if sure.empty:
        best = table.iloc[0]
        return (
            f"No cluster on the map was shown: the strongest ({best['observed']:,.0f} records where "
            f"{best['expected']:.1f} were expected, at {len(best['members'])} plants) would arise in "
            f"{best['p_value']:.0%} of random maps."
        )
    sizes = sure["members"].map(len)
    groups, singles = int((sizes > 1).sum()), int((sizes == 1).sum())
    words = [f"{groups} cluster{'s' * (groups > 1)} of plants"] * bool(groups)
    words += [f"{singles} single plant{'s' * (singles > 1)}"] * bool(singles)
    return f"The map shows {' and '.join(words)} with more noncompliance than random maps give in 19 of 20 cases."


def plants_in_words(findings: Findings) -> str:
    """Say how many plants differ from their peers, and how much the records could have shown."""
    table = findings.plants.table
    above, below = int((table["flagged"] == "above").sum()), int((table["flagged"] == "below").sum())
    small = float((table["expected"] < 1).mean())
    power = (
        f" Of {small:.0%} of the plants less than one record was expected: too few to tell for most of them."
        if small > 0.5
        else ""
    )
    compared = f"{len(table):,} plants were compared with what their species, volume and size lead one to expect."
    if not above and not below:
        return f"{compared} None can be named as different from the others.{power}"
    return (
        f"{compared} {above:,} had more noncompliance recorded than such plants differ by among themselves, and "
        f"{below:,} had less; of those named about 5% are expected to be named by chance.{power}"
    )


def readable(value: object) -> str:
    """Return a code with spaces for its joints."""
    return str(value).replace("sheep_goats", "sheep and goats").replace("_", " ").replace("+", " + ")


def system_in_words(word: str) -> str:
    """Return an inspection system's title."""
    return code_map("inspection_systems", "word", "title").get(word, readable(word))


def term_in_words(term: str) -> str:
    """Return a model's term such as ``C(size_class)[T.Small]`` as ``size: Small``."""
    if term == "speed_10":
        return "each 10 birds per minute more"
    name, _, level = term.removeprefix("C(").partition(")[T.")
    name = in_words(name.partition(",")[0])
    level = level.rstrip("]")
    return f"{name}: {system_in_words(level) if name == 'inspection system' else readable(level)}" if level else name


_IN_WORDS = {
    "findings_count per unit of tasks_count": "noncompliance records per task",
    "injuries_count per unit of plant_years": "severe injury reports per plant-year",
    "species_mix": "species",
    "volume_category": "volume category",
    "size_class": "size",
    "expected_count": "expected count",
    "inspection_system": "inspection system",
    "unit of speed_10": "10 birds per minute",
    "facility_id": "plant",
    "tasks_count": "tasks",
    "findings_count": "noncompliance records",
    "no population": "without an expected count",
    "groups by district": "districts",
}


def in_words(text: str) -> str:
    """Return a result's paragraph with column names, terms and source ids in words."""
    text = re.sub(r"C\((\w+)\)\[T\.([^\]]+)\]", lambda m: term_in_words(m[0]), text)
    for column, words in _IN_WORDS.items():
        text = text.replace(column, words)
    return re.sub(r"\b(?:us|user)\.[a-z_.]+@[\w-]+", lambda m: file_in_words(m[0]), text)


def svg(axes: object, alt: str, findings: Findings) -> str:
    """Return a figure as SVG, stamped where the plants are made up."""
    from welfare.figures.style import to_svg

    return to_svg(axes, alt=alt, simulated=findings.simulated)  # type: ignore[arg-type]
