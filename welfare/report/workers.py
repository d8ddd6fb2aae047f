"""Sections on line speed and on the injuries of workers."""

from __future__ import annotations

from typing import Any

from welfare.report.document import Callout, FigureBlock, Prose, Section, TableBlock
from welfare.report.findings import Findings
from welfare.report.words import OSHA, cannot_show, in_words, readable, svg, term_in_words


def speeds_section(findings: Findings, figures: dict[str, Any]) -> Section:
    """Show what is known of line speeds: systems, permissions by date, and whether they can be compared."""
    from welfare.figures.estimates import forest

    waivers = figures["waivers"]
    speed = ", ".join(f"{value:.0f}" for value in waivers["speed_animals_per_min"])
    granted = waivers["first_granted"]
    said = (
        f"{waivers['found']} of {waivers['plants']} plants of the waiver list are in the directory. From the day of "
        f"its waiver (the first on {granted}) a plant is permitted {speed} birds per minute, and "
        f"{waivers['ended']}. Before that day one cannot tell: the list holds no earlier waivers. A permitted speed is "
        "not a measured one. The demographics' column inspection_system_npis_waiver is kept under its own name and "
        "read as no permission."
    )
    systems = findings.systems.assign(inspection_system=findings.systems["inspection_system"].map(readable))
    blocks: list[Any] = [
        Prose(said),
        TableBlock(
            systems[["inspection_system", "facilities"]],
            "Plants by inspection system, in the agency's own words; a plant may have several",
            "FSIS demographics",
            labels={"facilities": "plants"},
        ),
        TableBlock(
            findings.comparable.table,
            "Young-chicken plants: inspection system within volume category",
            "FSIS demographics",
        ),
        Prose(findings.comparable.text),
    ]
    if findings.speed_model is None:
        blocks.append(Callout("What this cannot show", cannot_show(findings)[0]))
    else:
        terms = findings.speed_model.table[findings.speed_model.table["term"] != "Intercept"]
        terms = terms.assign(term=[_speed_term(term) for term in terms["term"]])
        caption = "Severe injuries at young-chicken plants: system, measured speed and volume held fixed together"
        blocks += [
            FigureBlock(svg(forest(terms), caption, findings), caption, f"{OSHA}; measured line speeds"),
            Prose(in_words(findings.speed_model.text)),
        ]
    return Section(
        "Line speed",
        blocks,
        lead="What is known of how fast lines run: permission, by date, from the waiver list alone.",
    )


def _speed_term(term: str) -> str:
    if term == "speed_10":
        return "each 10 birds per minute more"
    return term_in_words(term)


def injuries_section(findings: Findings, figures: dict[str, Any]) -> Section:
    """Describe severe injuries by volume category; a plant is named only where a person confirmed the link."""
    from welfare.figures.profiles import bars

    injuries = figures["injuries"]
    table = findings.injuries.table
    caption = "Severe injury reports linked to plants, by slaughter volume category"
    counted = injuries["linked"] + injuries["confirmed"]
    said = (
        f"{injuries['reports']:,} severe injury reports were read, {injuries['naics_3116']:,} of them in animal "
        f"slaughtering and processing (NAICS 3116): {injuries['amputations']:,} with an amputation, "
        f"{injuries['hospitalisations']:,} with a hospitalisation (some with both). {counted:,} "
        f"({injuries['share_linked']:.1%}) were linked to a plant, "
        f"{injuries['in_panel']:,} of them to one that is still in the newest directory; "
        f"{injuries['review']:,} wait for a person. The counts below are therefore too low.\n\n"
        "A rate per plant-year is not a rate per worker: a plant of category 5 has many times the workers of one of "
        "category 1, and hours worked are not in these files. Reporting is the employer's duty and incomplete; an "
        "injury of a cleaning or staffing firm's worker is filed under that firm's industry and missed here."
    )
    blocks: list[Any] = [
        Prose(said),
        FigureBlock(
            svg(bars(table, label="volume_category", value="events", unit="reports"), caption, findings),
            caption,
            OSHA,
        ),
        TableBlock(
            table,
            "Severe injury reports per 100 plant-years, exact 95% intervals",
            OSHA,
            labels={"events": "reports", "exposure": "plant-years", "rate": "per 100 plant-years"},
            formats={"events": ",.0f", "exposure": ",.0f", "rate": ".1f", "low": ".1f", "high": ".1f"},
        ),
    ]
    if len(findings.confirmed):
        blocks.append(
            TableBlock(
                findings.confirmed.drop(columns="record_id"),
                "Injuries whose plant a person confirmed, with the operator of that day",
                OSHA,
                missing="not listed",
            )
        )
    else:
        blocks.append(Prose("No link has been confirmed by a person yet, so no plant is named beside an injury."))
    return Section(
        "Severe injuries of workers", blocks, lead="Described by volume category; not a comparison of line speeds."
    )
