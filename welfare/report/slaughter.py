"""The report on slaughterhouses: what was found, what it cannot show, and where every figure came from."""

from __future__ import annotations

from typing import Any

from welfare.report.appendix import coverage_section, files_section, links_section
from welfare.report.balance import account_section
from welfare.report.document import Callout, Document, FigureBlock, Section, Tiles
from welfare.report.findings import Findings
from welfare.report.handling import noncompliance_section, unusual_section
from welfare.report.results import package_version, results
from welfare.report.words import cannot_show, cluster_sentence, day_in_words, plants_in_words, svg
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
    days = [bundle.period for bundle in findings.bundles if bundle.period]
    first, last = min(first for first, _ in days), max(last for _, last in days)
    return (
        f"{len(findings.panel):,} plants of the federal inspection directory of {findings.links.spine.vintage}; "
        f"records from {day_in_words(first)} to {day_in_words(last)}"
    )


def _summary(findings: Findings, figures: dict[str, Any]) -> Section:
    handling, injuries = figures["humane_handling"], figures["injuries"]
    overall = findings.rates["all_plants"].table.iloc[0]
    flagged = len(figures["plants"]["flagged"])
    tiles = Tiles(
        [
            (f"{figures['facilities']:,}", "plants in the directory", f"vintage {findings.links.spine.vintage}"),
            (
                f"{handling['tasks']:,}",
                "humane-handling tasks",
                f"{handling['linked']:,} of {handling['rows']:,} rows linked",
            ),
            (
                f"{overall['rate']:.2f}",
                "noncompliance records per 1,000 tasks",
                f"95% interval {overall['low']:.2f} to {overall['high']:.2f}",
            ),
            (
                f"{flagged}",
                "plants apart from their peers",
                f"of {figures['plants']['compared']:,} compared, 5% false discovery",
            ),
            (
                f"{injuries['naics_3116']:,}",
                "severe injury reports in NAICS 3116",
                f"{injuries['linked'] + injuries['confirmed']:,} linked to a plant",
            ),
            (
                f"{figures['waivers']['plants']}",
                "plants on the line-speed waiver list",
                "permitted, not measured",
            ),
        ]
    )
    return Section(
        "Summary",
        [tiles, Callout("What these records cannot show", "\n\n".join(cannot_show(findings)))],
        lead=_lead(findings, figures),
    )


def _lead(findings: Findings, figures: dict[str, Any]) -> str:
    handling = figures["humane_handling"]
    return (
        f"Inspectors did {handling['tasks']:,} humane-handling tasks and wrote {handling['findings']:,} noncompliance "
        f"records. {plants_in_words(findings)} {cluster_sentence(findings)}"
    )


def _map(findings: Findings) -> Section:
    from welfare.figures.maps import points

    plants = findings.panel[findings.panel["species"].notna()]
    flags = findings.plants.table.set_index("facility_id")["flagged"]
    words = {"above": "more noncompliance than expected", "below": "less noncompliance than expected"}
    plants = plants.assign(mark=plants["facility_id"].map(flags).map(words))
    alt = f"Map of the United States with {len(plants):,} plants that slaughter animals."
    return Section(
        "Where the plants are",
        [
            FigureBlock(
                svg(points(plants, mark="mark"), alt, findings),
                f"{len(plants):,} plants slaughter animals; those apart from their peers are marked",
                "FSIS directory and demographics; flags as in Unusual plants",
            )
        ],
        lead="Each dot is a plant that slaughters animals, at the coordinates its directory gives.",
    )
