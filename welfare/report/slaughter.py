"""The report on slaughterhouses: what was found, what it cannot show, and where every figure came from."""

from __future__ import annotations

from typing import Any

from welfare.accounting.narrative import written
from welfare.report.appendix import copies_sentence, coverage_section, files_section, links_section
from welfare.report.balance import account_section
from welfare.report.document import Callout, Document, FigureBlock, Prose, Section, Tiles
from welfare.report.findings import Findings
from welfare.report.handling import noncompliance_section, unusual_section
from welfare.report.results import package_version, results
from welfare.report.words import (
    DEMOGRAPHICS,
    DIRECTORY,
    HANDLING,
    INJURIES,
    WAIVERS,
    cannot_show,
    cluster_sentence,
    plants_in_words,
    source_line,
    svg,
)
from welfare.report.workers import injuries_section, speeds_section


def slaughter_report(findings: Findings) -> Document:
    """Compose the report.

    Parameters
    ----------
    findings : Findings
        The study's results.

    Returns
    -------
    Document
    """
    figures = results(findings)
    sections = [
        _summary(findings, figures),
        _map(findings),
        noncompliance_section(findings),
        unusual_section(findings),
        speeds_section(findings, figures),
        injuries_section(findings, figures),
        account_section(findings),
        links_section(findings),
        coverage_section(findings),
        files_section(findings),
    ]
    return Document(
        title="US slaughterhouses: inspection, line speed, injury",
        subtitle=_subtitle(findings),
        sections=sections,
        provenance={
            "Made by": f"welfare {package_version()}",
            "Command": findings.command,
            "Seed": str(findings.seed),
            "Parameter book (SHA-256)": findings.account.book_sha256,
            "Scenarios (SHA-256)": findings.account.scenarios_sha256,
        },
        simulated=findings.simulated,
    )


def _subtitle(findings: Findings) -> str:
    slaughter = int(findings.panel["species"].notna().sum())
    return f"{slaughter:,} plants that slaughter animals, among {len(findings.panel):,} under federal inspection. " + (
        "; ".join(f"{what}: {_when_of(findings, source)}" for what, source in _DATED.items()) + "."
    )


_DATED = {"Handling": HANDLING, "injuries": INJURIES, "waivers": WAIVERS, "directory": DIRECTORY}


def _when_of(findings: Findings, source: str) -> str:
    return source_line(findings, source).rpartition(" (")[2].rstrip(")")


def _summary(findings: Findings, figures: dict[str, Any]) -> Section:
    handling, injuries = figures["humane_handling"], figures["injuries"]
    overall = findings.rates["all_plants"].table.iloc[0]
    tiles = Tiles(
        [
            (
                f"{int(findings.panel['species'].notna().sum()):,}",
                "plants that slaughter animals",
                f"of {figures['facilities']:,} in the directory",
            ),
            (
                f"{handling['findings']:,}",
                "noncompliance records in humane handling",
                f"in {handling['tasks']:,} tasks; {handling['linked']:,} of {handling['rows']:,} rows linked",
            ),
            (
                f"{overall['rate']:.2f}",
                "noncompliance records per 1,000 tasks, at linked plants",
                f"95% interval {overall['low']:.2f} to {overall['high']:.2f}, by chance alone",
            ),
            (
                f"{len(figures['plants']['flagged'])}",
                "plants apart from their peers",
                f"of {figures['plants']['compared']:,} compared",
            ),
            (
                f"{injuries['naics_3116']:,}",
                "severe injury reports in animal slaughtering and processing",
                f"{injuries['linked'] + injuries['confirmed']:,} linked to a plant",
            ),
            (f"{figures['waivers']['plants']}", "plants on the line-speed waiver list", "permitted, not measured"),
        ]
    )
    return Section(
        "Summary",
        [
            tiles,
            Callout("What these records cannot show", "\n\n".join(cannot_show(findings))),
            Prose(f"{_account_sentence(findings)} {copies_sentence(findings)}"),
        ],
        lead=(
            f"In the time covered ({_when_of(findings, HANDLING)}) inspectors did {handling['tasks']:,} "
            f"humane-handling tasks and wrote {handling['findings']:,} noncompliance records. "
            f"{plants_in_words(findings)} {cluster_sentence(findings)}"
        ),
    )


def _account_sentence(findings: Findings) -> str:
    table = findings.account.table
    pain = table[table["line"] == "Disabling pain"].iloc[0]
    return (
        "The account at the end sets conventional broilers against the Better Chicken Commitment: "
        f"{written(pain['median'])} hours of disabling pain more per 1,000 birds ({written(pain['low'])} to "
        f"{written(pain['high'])}), against what conventional keeping saves its operator."
    )


def _map(findings: Findings) -> Section:
    from welfare.figures.maps import points

    plants = findings.panel[findings.panel["species"].notna()]
    flags = findings.plants.table.set_index("facility_id")["flagged"]
    words = {"above": "more noncompliance than expected", "below": "less noncompliance than expected"}
    plants = plants.assign(mark=plants["facility_id"].map(flags).map(words))
    marked = "those apart from their peers are marked" if plants["mark"].notna().any() else "none is marked as apart"
    alt = f"Map of the United States with {len(plants):,} plants that slaughter animals."
    return Section(
        "Where the plants are",
        [
            FigureBlock(
                svg(points(plants, mark="mark"), alt, findings),
                f"{len(plants):,} plants slaughter animals; {marked}",
                source_line(findings, DIRECTORY, DEMOGRAPHICS),
            )
        ],
        lead="Each dot is a plant that slaughters animals, at the coordinates its directory gives.",
    )
