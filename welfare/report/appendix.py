"""The back of the report: how records were linked, where nothing was collected, and every file with its hash."""

from __future__ import annotations

from typing import Any

import pandas as pd

from welfare.report.document import Disclosure, FigureBlock, Prose, Section, TableBlock
from welfare.report.findings import Findings
from welfare.report.results import provenance
from welfare.report.words import file_in_words, in_words

_TO_DECIDE = (
    "Pairs a person should decide are in links_to_review.csv, side by side, with score and reason. It is a working "
    "paper, not for publication. Copy source, record and facility_id into a file of decisions, add decision "
    "(confirmed, rejected or split), who, when and why, and run again with --decisions."
)
_MEASURES = {"injuries_count": "severe worker injuries", "tasks_count": "humane-handling tasks"}


def links_section(findings: Findings) -> Section:
    """Say how records of different files were linked, and what waits for a person."""
    links = findings.links
    return Section(
        "How records were linked",
        [
            TableBlock(
                links.summary.assign(source_id=links.summary["source_id"].map(file_in_words)),
                "Records by what became of them; outside are reports of other industries, review waits for a person",
                labels={"source_id": "file"},
            ),
            Prose(_TO_DECIDE),
            Prose("\n".join(f"- {in_words(note)}" for note in links.notes)),
        ],
        lead="By number where there is one; else by name, address, distance and activity, with a reason for each pair.",
    )


def coverage_section(findings: Findings) -> Section:
    """Show, per measure and state, whether anything was collected: outside that, nothing is known."""
    from welfare.figures.maps import regions
    from welfare.figures.style import to_svg

    blocks: list[Any] = []
    order = ["full", "partial", "none"]
    for column, measure in _MEASURES.items():
        table = findings.coverage[findings.coverage["column"] == column].set_index("region")["coverage"]
        caption = f"Where {measure} were collected"
        axes = regions(table, categories=[word for word in order if word in set(table)], missing="no plant to cover")
        svg = to_svg(axes, alt=f"{caption}, by state.", simulated=findings.simulated)
        blocks.append(FigureBlock(svg, caption))
    shown = findings.coverage[findings.coverage["column"].isin(_MEASURES)]
    wide = shown.pivot_table(index="region", columns="measure", values="coverage", aggfunc="first")
    wide = wide.replace("none", "none: not collected")
    wide.columns.name = None
    blocks.append(
        Disclosure(
            "Coverage, state by state",
            [TableBlock(wide.reset_index(), "Coverage by state and measure", missing="no plant to cover")],
        )
    )
    return Section(
        "Where nothing was collected",
        blocks,
        lead=(
            "OSHA's file covers states under federal OSHA; states with a plan of their own for private employers are "
            "not collected. Such plants are in no rate or rank of injuries: nothing known is not zero. Full means "
            "every plant one would expect, partial some of them, none not one. Line speeds are known for no plant "
            "through all the time covered; see Line speed for what is permitted since when."
        ),
    )


def copies_sentence(findings: Findings) -> str:
    """Say which files are not the publisher's own download, and what to do about it."""
    if findings.simulated:
        return "The files are made up by this package: they are nobody's records."
    copies = sum(bundle.obtained_from != "" for bundle in findings.bundles)
    if not copies:
        return "No manifest says where the files were obtained: obtain certified copies before a hearing."
    return (
        f"{copies} of the {len(findings.bundles)} files are copies obtained elsewhere than from the publisher (see "
        "Files): obtain a certified copy before a hearing."
    )


def _notes(findings: Findings) -> list[Prose]:
    said = [f"- {file_in_words(b.source_id)}: {note}" for b in findings.bundles for note in b.notes]
    return [Prose("Noticed on reading:\n\n" + "\n".join(said))] if said else []


def files_section(findings: Findings) -> Section:
    """List every file used, with its hash, publisher and origin, and every file not used, with the reason."""
    files = pd.DataFrame(provenance(findings)["files"])
    used = files.assign(covers=files["covers"].map(lambda days: " to ".join(days) if days else None))
    dropped = pd.DataFrame(
        [
            {
                "step": "reading",
                "what": file_in_words(bundle.source_id),
                "left out": len(bundle.rejects),
                "of": len(bundle.raw),
            }
            for bundle in findings.bundles
        ]
        + [
            {
                "step": "linking",
                "what": file_in_words(row["source_id"]),
                "left out": row["records"] - row["outside"] - row["linked"] - row["confirmed"],
                "of": row["records"] - row["outside"],
            }
            for row in findings.links.summary.to_dict("records")
        ]
        + [
            {
                "step": "model of noncompliance",
                "what": in_words(str(reason)),
                "left out": count,
                "of": findings.model.n + len(findings.model.dropped),
            }
            for reason, count in findings.model.dropped["reason"].value_counts().items()
        ]
        + [
            {
                "step": "comparison of plants",
                "what": in_words(str(reason)),
                "left out": count,
                "of": int(findings.panel["tasks_count"].notna().sum()),
            }
            for reason, count in findings.plants.dropped["reason"].value_counts().items()
        ]
    )
    unused = findings.files[~findings.files["used"]]
    known = unused[unused["source"].notna()]
    others = len(unused) - len(known)
    return Section(
        "Files, and what was left out",
        [
            Prose(copies_sentence(findings)),
            TableBlock(
                used[["source_id", "publisher", "obtained_from", "licence", "covers", "records", "rejected", "sha256"]],
                "Files used",
                missing="not stated",
                labels={"source_id": "file", "obtained_from": "obtained from", "sha256": "SHA-256"},
            ),
            TableBlock(dropped, "What was left out at each step"),
            *_notes(findings),
            Disclosure(
                f"{len(unused)} files of the folder were not used, or for linking alone",
                [
                    TableBlock(
                        known[["path", "source", "vintage", "role", "reason"]],
                        "Files not used, and why",
                        missing="none",
                    ),
                    Prose(f"{others:,} more are of no source in this study; results.json lists them."),
                ],
            ),
        ],
        lead="Every figure can be followed to a file and a record; these are the files.",
    )
