"""Sections on inspection: how often noncompliance was recorded, and where that is out of the ordinary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from welfare.report.document import Callout, Disclosure, FigureBlock, Prose, Section, TableBlock
from welfare.report.findings import Findings
from welfare.report.words import (
    CANNOT_SHOW,
    FSIS,
    MODEL_SOURCE,
    cluster_sentence,
    in_words,
    plants_in_words,
    readable,
    svg,
    term_in_words,
)

if TYPE_CHECKING:
    from welfare.stats.rates import Rate


def noncompliance_section(findings: Findings) -> Section:
    """Show noncompliance per 1,000 tasks by kind of plant, and the model that holds all kinds fixed together."""
    from welfare.figures.estimates import forest, rates

    blocks: list[Any] = []
    for by, words in (("species_mix", "species"), ("volume_category", "volume category"), ("size_class", "size")):
        table = (
            findings.rates[by].table.sort_values("rate", ascending=False)
            if by == "species_mix"
            else findings.rates[by].table
        )
        table = table.assign(group=table[by].map(readable))
        caption = f"Noncompliance records per 1,000 tasks by {words}"
        drawn = rates(table, label="group", unit="noncompliance records per 1,000 tasks")
        blocks.append(FigureBlock(svg(drawn, caption, findings), caption, FSIS))
    overall = findings.rates["all_plants"]
    terms = findings.model.table[findings.model.table["term"] != "Intercept"]
    terms = terms.assign(term=terms["term"].map(term_in_words))
    caption = "Rate ratios of noncompliance, all three held fixed together"
    blocks += [
        Prose(_overall(overall)),
        FigureBlock(svg(forest(terms), caption, findings), caption, MODEL_SOURCE),
        Prose(in_words(findings.model.text + "\n\n" + " ".join(findings.model.notes))),
        Disclosure(
            "The model's estimates and checks",
            [
                TableBlock(
                    terms[["term", "ratio", "ratio_low", "ratio_high", "p_value"]],
                    caption,
                    MODEL_SOURCE,
                    labels={"ratio_low": "low", "ratio_high": "high", "p_value": "p"},
                    formats={"ratio": ".2f", "ratio_low": ".2f", "ratio_high": ".2f", "p_value": ".3f"},
                ),
                TableBlock(findings.model.check(), "Checks of the model", missing="not known"),
            ],
        ),
        Callout("What this cannot show", CANNOT_SHOW[1]),
    ]
    return Section(
        "Noncompliance in handling", blocks, lead="How often inspectors wrote a noncompliance record, per task."
    )


def _overall(found: Rate) -> str:
    row = found.table.iloc[0]
    return (
        f"At plants that could be linked, {row['events']:,.0f} noncompliance records were written in "
        f"{row['exposure']:,.0f} tasks: {row['rate']:.2f} per 1,000 (exact 95% interval {row['low']:.2f} to "
        f"{row['high']:.2f}). The interval allows for chance alone: it says nothing of what was not recorded."
    )


def unusual_section(findings: Findings) -> Section:
    """Show the plants, districts and clusters that differ from what their kind leads one to expect."""
    profile = findings.plants
    alt = "Funnel of plants: observed over expected noncompliance against expected noncompliance."
    blocks: list[Any] = [
        FigureBlock(
            svg(profile.plot(), alt, findings),
            "Each dot is a plant; between the lines it differs no more than its peers do",
            MODEL_SOURCE,
        ),
        Prose(f"{plants_in_words(findings)}\n\n{in_words(profile.text)}"),
    ]
    named = profile.table[profile.table["flagged"] != ""].sort_values("p_value")
    if len(named):
        about = findings.panel.set_index("facility_id")[["name", "city", "region"]]
        shown = named.join(about, on="facility_id")
        columns = [
            "facility_id",
            "name",
            "city",
            "region",
            "observed",
            "expected",
            "ratio",
            "low",
            "high",
            "q_value",
            "flagged",
        ]
        blocks.append(
            TableBlock(
                shown[columns],
                "Plants apart from their peers, at a false-discovery rate of 5%",
                MODEL_SOURCE,
                formats={
                    "expected": ".1f",
                    "ratio": ".1f",
                    "low": ".1f",
                    "high": ".1f",
                    "q_value": ".4f",
                    "observed": ",.0f",
                },
            )
        )
    blocks.append(Prose("Districts. " + in_words(findings.districts.text)))
    columns = ["district", "observed", "expected", "ratio", "low", "high", "q_value", "flagged"]
    table = findings.districts.table.rename(columns={"facility_id": "district"}).sort_values("ratio")
    blocks.append(
        TableBlock(
            table[columns],
            "Inspection districts: noncompliance recorded against what plants of their kind lead one to expect",
            MODEL_SOURCE,
            formats={
                "expected": ",.0f",
                "observed": ",.0f",
                "ratio": ".2f",
                "low": ".2f",
                "high": ".2f",
                "q_value": ".3f",
            },
        )
    )
    blocks.append(Prose("Clusters. " + in_words(findings.clusters.text)))
    sure = findings.clusters.table[findings.clusters.table["p_value"] <= 0.05]
    if len(sure):
        shown = sure.assign(plants=sure["members"].map(len))
        columns = ["cluster", "plants", "observed", "expected", "relative_risk", "p_value", "y", "x", "radius"]
        blocks.append(
            TableBlock(
                shown[columns],
                "Clusters on the map",
                MODEL_SOURCE,
                labels={"x": "longitude", "y": "latitude"},
                units={"radius": "km", "x": "degrees", "y": "degrees"},
                formats={
                    "observed": ",.0f",
                    "expected": ".1f",
                    "relative_risk": ".2f",
                    "p_value": ".3f",
                    "x": ".2f",
                    "y": ".2f",
                    "radius": ".0f",
                },
            )
        )
    blocks.append(Callout("What this cannot show", CANNOT_SHOW[1]))
    return Section("Unusual plants, districts and clusters", blocks, lead=cluster_sentence(findings))
