"""Sections on line speed and on the injuries of workers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from welfare.report.document import Callout, FigureBlock, Prose, Section, TableBlock
from welfare.report.findings import Findings
from welfare.report.words import (
    DEMOGRAPHICS,
    INJURIES,
    MEASURED,
    cannot_show,
    day_in_words,
    in_words,
    source_line,
    svg,
    system_in_words,
    term_in_words,
)


def speeds_section(findings: Findings, figures: dict[str, Any]) -> Section:
    """Show what is known of line speeds: systems, permissions by date, and whether they can be compared."""
    demographics = source_line(findings, DEMOGRAPHICS)
    systems = findings.systems.assign(inspection_system=findings.systems["inspection_system"].map(system_in_words))
    blocks: list[Any] = [
        Prose(_permissions(figures["waivers"])),
        TableBlock(
            systems[["inspection_system", "facilities"]],
            "Plants by inspection system; a plant may have several",
            demographics,
            labels={"facilities": "plants"},
        ),
        TableBlock(
            findings.comparable.table,
            "Plants that slaughter young chickens, by volume category and inspection system",
            demographics,
            labels={"npis": "NPIS", "traditional": "traditional"},
        ),
        *_speed_model(findings),
        Callout("What this cannot show", cannot_show(findings)[0]),
    ]
    lead = "Permission to run faster is known by date, from the waiver list"
    measured = (
        "; how fast lines ran, from the measured speeds." if findings.speed_model else "; how fast lines ran is not."
    )
    return Section("Line speed", blocks, lead=lead + measured)


def _permissions(waivers: dict[str, Any]) -> str:
    speed = ", ".join(f"{value:.0f}" for value in waivers["speed_animals_per_min"])
    first, last = (day_in_words(pd.Timestamp(waivers[day])) for day in ("first_granted", "last_granted"))
    days = f"on {first}, the one date the list gives for all" if first == last else f"from {first} to {last}"
    return (
        f"{waivers['found']} of the {waivers['plants']} plants of the waiver list are in the directory. Their waivers "
        f"were granted {days}. From that day a plant is permitted {speed} birds per minute, and {waivers['ended']}. "
        "Before it one cannot tell: the list holds no earlier waivers. A permitted speed is not a measured one.\n\n"
        'FSIS also marks some plants "NPIS waiver" in its demographics and does not say for what; that column is kept '
        "under its own name (inspection_system_npis_waiver) and is not counted as permission."
    )


def _speed_model(findings: Findings) -> list[Any]:
    from welfare.figures.estimates import forest

    if findings.speed_model is None:
        return []
    terms = findings.speed_model.table[findings.speed_model.table["term"] != "Intercept"]
    terms = terms.assign(term=terms["term"].map(term_in_words))
    caption = "Severe injuries at young-chicken plants: system, measured speed and volume held fixed together"
    source = source_line(findings, INJURIES, MEASURED, DEMOGRAPHICS)
    return [
        FigureBlock(svg(forest(terms), caption, findings), caption, source),
        Prose(in_words(findings.speed_model.text)),
    ]


def injuries_section(findings: Findings, figures: dict[str, Any]) -> Section:
    """Describe severe injuries by volume category; a plant is named only where a person confirmed the link."""
    from welfare.figures.profiles import bars

    injuries = figures["injuries"]
    table = findings.injuries.table
    source = source_line(findings, INJURIES, DEMOGRAPHICS)
    caption = "Severe injury reports linked to plants, by slaughter volume category"
    counted = injuries["linked"] + injuries["confirmed"]
    said = (
        f"{injuries['reports']:,} severe injury reports were read (an amputation, an in-patient hospitalisation or "
        f"the loss of an eye), {injuries['naics_3116']:,} of them in animal slaughtering and processing (industry "
        f"code NAICS 3116): {injuries['amputations']:,} with an amputation, {injuries['hospitalisations']:,} with a "
        f"hospitalisation (some with both). {counted:,} ({injuries['share_linked']:.1%}) were linked to a plant, "
        f"{injuries['in_panel']:,} of them to one that is in the newest directory and counted below; "
        f"{injuries['review']:,} are not yet checked by a person. The counts are therefore too low.\n\nPlant-years "
        "count every plant of the newest directory as open, with its present volume category, through all the days "
        "that the reports cover: plants opened since make rates too low, and plants closed since are missing. A rate "
        "per plant-year is not a rate per worker: a plant of category 5 has many times the workers of one of "
        "category 1, and hours worked are not in these files. Reporting is the employer's duty and incomplete; an "
        "injury of a cleaning or staffing firm's worker may be filed under that firm's industry and missed here. No "
        "linked report is not proof of no injury."
    )
    blocks: list[Any] = [
        Prose(said),
        FigureBlock(
            svg(bars(table, label="volume_category", value="events", unit="reports"), caption, findings),
            caption,
            source,
        ),
        TableBlock(
            table,
            "Severe injury reports per 100 plant-years, exact 95% intervals",
            source,
            labels={"events": "reports", "exposure": "plant-years", "rate": "per 100 plant-years"},
            formats={"events": ",.0f", "exposure": ",.0f", "rate": ".1f", "low": ".1f", "high": ".1f"},
        ),
    ]
    if len(findings.confirmed):
        blocks.append(
            TableBlock(
                findings.confirmed.drop(columns="record_id"),
                "Injuries whose plant a person confirmed, with the operator of that day",
                source,
                missing="not listed",
            )
        )
    else:
        blocks.append(Prose("No link has been confirmed by a person yet, so no plant is named beside an injury."))
    return Section(
        "Severe injuries of workers", blocks, lead="Described by volume category; not a comparison of line speeds."
    )
