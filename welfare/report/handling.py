"""Sections on inspection: how often noncompliance was recorded, and where that is out of the ordinary."""

from __future__ import annotations

import pandas as pd

from welfare.report.document import Block, Callout, Disclosure, FigureBlock, Prose, Section, TableBlock
from welfare.report.findings import Findings
from welfare.report.words import (
    DEMOGRAPHICS,
    DIRECTORY,
    HANDLING,
    MORE_THAN_EXPECTED,
    cluster_sentence,
    in_words,
    plants_in_words,
    readable,
    source_line,
    svg,
    term_in_words,
)
from welfare.sources.registry import source_row

_GROUPS = {"species_mix": "species", "volume_category": "slaughter volume category", "size_class": "size"}
_SCALES = (
    "Volume category is FSIS's own scale of how many animals a plant slaughters, from 1 (fewest) to 5 (most); the "
    "files do not give its thresholds. Size is FSIS's: Large has 500 employees or more, Small 10 to 499, Very Small "
    "fewer than 10 or less than 2.5 million dollars of sales a year (61 FR 38806)."
)
_RATIO_FORMATS = {"ratio": ".2f", "ratio_low": ".2f", "ratio_high": ".2f", "p_value": ".3f"}
_COUNT_FORMATS = {"observed": ",.0f", "expected": ",.1f", "ratio": ".2f", "low": ".2f", "high": ".2f", "q_value": ".4f"}
_BY_CHANCE = {"low": "low, by chance alone", "high": "high, by chance alone", "q_value": "q"}


def noncompliance_section(findings: Findings) -> Section:
    """Show noncompliance per 1,000 tasks by kind of plant, and the model that holds all kinds fixed together."""
    return Section(
        "Noncompliance in handling",
        [
            Prose(f"{_how_many(findings)}\n\n{_SCALES}"),
            *(_rates(findings, by, words) for by, words in _GROUPS.items()),
            *_model(findings),
            Callout("What this cannot show", MORE_THAN_EXPECTED),
        ],
        lead="How often inspectors wrote a noncompliance record, per humane-handling task.",
    )


def _how_many(findings: Findings) -> str:
    """Lead from the file's records to those at linked plants and to those the model uses; say what the file lacks."""
    bundles = findings.of_source(HANDLING)
    inspections = pd.concat([bundle.inspections for bundle in bundles])
    row = findings.rates["all_plants"].table.iloc[0]
    compared = findings.plants.table
    return (
        f"{inspections['findings_count'].sum():,} noncompliance records in {inspections['tasks_count'].sum():,} tasks "
        f"are in the file; {row['events']:,.0f} in {row['exposure']:,.0f} tasks are at plants that could be linked to "
        f"the directory; {compared['observed'].sum():,.0f} at the {len(compared):,} plants whose species, volume and "
        f"size are known. At linked plants that is {row['rate']:.2f} per 1,000 tasks (exact 95% interval "
        f"{row['low']:.2f} to {row['high']:.2f}). The intervals of this and the next three figures allow for chance "
        f"alone; the counts vary {findings.model.dispersion:.1f} times as much as chance gives, so they are too narrow."
        f"\n\nKnown defects of the file: {source_row(HANDLING)['known_defects']}."
    )


def _rates(findings: Findings, by: str, words: str) -> FigureBlock:
    from welfare.figures.estimates import rates

    table = findings.rates[by].table
    table = table.sort_values("rate", ascending=False) if by == "species_mix" else table
    caption = f"Noncompliance records per 1,000 tasks by {words}"
    drawn = rates(
        table.assign(group=table[by].map(readable)), label="group", unit="noncompliance records per 1,000 tasks"
    )
    return FigureBlock(svg(drawn, caption, findings), caption, source_line(findings, HANDLING, DEMOGRAPHICS))


def _model(findings: Findings) -> list[Block]:
    from welfare.figures.estimates import forest

    model = findings.model
    terms = model.table[model.table["term"] != "Intercept"]
    terms = terms.assign(term=terms["term"].map(term_in_words))
    caption = f"Rate ratios of noncompliance, compared with {_compared_with(findings)}; each with the others held fixed"
    source = source_line(findings, HANDLING, DIRECTORY, DEMOGRAPHICS)
    checks = model.check()
    return [
        FigureBlock(svg(forest(terms), caption, findings), caption, source),
        Prose(in_words(model.text)),
        Disclosure(
            "The model's estimates and checks",
            [
                TableBlock(
                    terms[["term", *_RATIO_FORMATS]],
                    caption,
                    source,
                    labels={"ratio_low": "low", "ratio_high": "high", "p_value": "p"},
                    formats=_RATIO_FORMATS,
                ),
                TableBlock(
                    checks.assign(at=checks["at"].map(in_words), advice=checks["advice"].map(in_words)),
                    "Checks of the model",
                    labels={"at": "about"},
                    missing="not known",
                ),
                Prose(in_words(" ".join(model.notes))),
            ],
        ),
    ]


def _compared_with(findings: Findings) -> str:
    """Name the level of each factor that the ratios are against: the one that has no term."""
    terms = set(findings.model.table["term"])
    used = findings.panel[findings.panel["expected_count"].notna()]
    base = {by: [level for level in sorted(used[by].unique()) if f"C({by})[T.{level}]" not in terms] for by in _GROUPS}
    species, volume, size = (base[by][0] for by in _GROUPS)
    return f"{readable(species)} plants of volume category {volume}, {size}"


def unusual_section(findings: Findings) -> Section:
    """Show the plants, districts and clusters that differ from what their kind leads one to expect."""
    source = source_line(findings, HANDLING, DIRECTORY, DEMOGRAPHICS)
    return Section(
        "Unusual plants, districts and clusters",
        [
            *_plants(findings, source),
            *_districts(findings, source),
            *_clusters(findings, source),
            Callout("What this cannot show", MORE_THAN_EXPECTED),
        ],
        lead=f"{plants_in_words(findings)} {cluster_sentence(findings)}",
    )


def _plants(findings: Findings, source: str) -> list[Block]:
    profile = findings.plants
    alt = "Funnel of plants: observed over expected noncompliance against expected noncompliance."
    beyond, most = int((profile.table["low"] > 1).sum()), len(profile.table) * (1 - profile.level) / 2
    blocks: list[Block] = [
        FigureBlock(
            svg(profile.plot(), alt, findings),
            "Each dot is a plant; beyond the solid dark lines it is far from its peers",
            source,
        ),
        Prose(
            f"{beyond:,} plants had more records than chance alone gives to one plant in 40 (chance would give at "
            f"most {most:.0f}). Plants also differ in ways this comparison does not hold, and the rule allows for as "
            f"much of that as plants show: the counts vary {profile.phi:.1f} times as much as chance gives."
        ),
        Disclosure("The comparison in full", [Prose(in_words(profile.text)), Prose(in_words(" ".join(profile.notes)))]),
    ]
    named = profile.table[profile.table["flagged"] != ""].sort_values("p_value")
    if len(named):
        about = findings.panel.set_index("facility_id")[["name", "city", "region"]]
        columns = ["facility_id", "name", "city", "region", *_COUNT_FORMATS, "flagged"]
        blocks.append(
            TableBlock(
                named.join(about, on="facility_id")[columns],
                "Plants apart from their peers; about 5% of those named are expected to be named by chance",
                source,
                labels={"facility_id": "number", "region": "state", **_BY_CHANCE},
                formats=_COUNT_FORMATS,
            )
        )
    return blocks


def _districts(findings: Findings, source: str) -> list[Block]:
    profile = findings.districts
    table = profile.table.rename(columns={"facility_id": "district"}).sort_values("ratio")
    flagged = table[table["flagged"] != ""]
    singled = (
        f"{', '.join(flagged['district'])} {'is' if len(flagged) == 1 else 'are'} apart even so."
        if len(flagged)
        else "Because all differ, none is singled out."
    )
    states = findings.panel.groupby("district")["region"].agg(lambda regions: ", ".join(sorted(set(regions))))
    table = table.assign(states=table["district"].map(states))
    return [
        Prose(
            f"Inspection districts range from {table['ratio'].min():.2f} to {table['ratio'].max():.2f} times the "
            f"noncompliance that plants of their kind lead one to expect, {profile.phi:.0f} times the variance that "
            f"chance gives. {singled}"
        ),
        TableBlock(
            table[["district", "states", *_COUNT_FORMATS, "flagged"]],
            "Inspection districts: noncompliance recorded and expected",
            source,
            labels=_BY_CHANCE,
            formats={**_COUNT_FORMATS, "expected": ",.0f"},
        ),
    ]


def _clusters(findings: Findings, source: str) -> list[Block]:
    blocks: list[Block] = [Prose(in_words(findings.clusters.text))]
    sure = findings.clusters.table[findings.clusters.table["p_value"] <= 0.05]
    if len(sure):
        columns = ["cluster", "plants", "observed", "expected", "relative_risk", "p_value", "y", "x", "radius"]
        blocks.append(
            TableBlock(
                sure.assign(plants=sure["members"].map(len))[columns],
                "Clusters on the map",
                source,
                labels={"x": "longitude", "y": "latitude", "p_value": "p"},
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
    return blocks
