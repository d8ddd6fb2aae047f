"""The back of the report: how records were linked, where nothing was collected, and every file with its hash."""

from __future__ import annotations

from typing import Any

import pandas as pd

from welfare.report.document import Disclosure, FigureBlock, Prose, Section, TableBlock
from welfare.report.findings import Findings
from welfare.report.results import provenance

_TO_DECIDE = (
    "Pairs a person should decide are in links_to_review.csv, side by side, with score and reason. It is a working "
    "paper, not for publication. Copy source, record and facility_id into a file of decisions, add decision "
    "(confirmed or rejected), who, when and why, and run again with --decisions."
)
_MEASURES = {"injuries_count": "severe worker injuries", "tasks_count": "humane-handling tasks"}


def links_section(findings: Findings) -> Section:
    """Say how records of different files were linked, and what waits for a person."""
    links = findings.links
    return Section(
        "How records were linked",
        [
            TableBlock(
                links.summary,
                "Records by what became of them; 'outside' are reports of other industries",
                labels={"source_id": "file"},
            ),
            Prose(f"{links.text}\n\n{_TO_DECIDE}"),
            Prose("\n".join(f"- {note}" for note in links.notes)),
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
    wide = findings.coverage.pivot_table(index="region", columns="measure", values="coverage", aggfunc="first")
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
            "not collected. Such plants are in no rate, map, scan or rank of injuries: nothing known is not zero."
        ),
    )


def files_section(findings: Findings) -> Section:
    """List every file used, with its hash, publisher and origin, and every file not used, with the reason."""
    files = pd.DataFrame(provenance(findings)["files"])
    used = files.assign(covers=files["covers"].map(lambda days: " to ".join(days) if days else None))
    copies = used["obtained_from"] != ""
    note = (
        f"{int(copies.sum())} of {len(used)} files are copies obtained elsewhere than from the publisher: "
        "obtain a certified copy before a hearing."
        if copies.any()
        else "No manifest says where these files were obtained: obtain certified copies before a hearing."
    )
    dropped = pd.DataFrame(
        [
            {"step": "reading", "what": bundle.source_id, "left out": len(bundle.rejects), "of": len(bundle.raw)}
            for bundle in findings.bundles
        ]
        + [
            {
                "step": "linking",
                "what": row["source_id"],
                "left out": row["records"] - row["linked"] - row["confirmed"],
                "of": row["records"],
            }
            for row in findings.links.summary.to_dict("records")
        ]
        + [
            {
                "step": "model of noncompliance",
                "what": reason,
                "left out": count,
                "of": findings.model.n + len(findings.model.dropped),
            }
            for reason, count in findings.model.dropped["reason"].value_counts().items()
        ]
        + [
            {
                "step": "comparison of plants",
                "what": reason,
                "left out": count,
                "of": int(findings.panel["tasks_count"].notna().sum()),
            }
            for reason, count in findings.plants.dropped["reason"].value_counts().items()
        ]
    )
    unused = findings.files[~findings.files["used"]][["path", "source", "vintage", "role", "reason"]]
    return Section(
        "Files, and what was left out",
        [
            Prose(note),
            TableBlock(
                used[["source_id", "publisher", "obtained_from", "licence", "covers", "records", "rejected", "sha256"]],
                "Files used",
                missing="not stated",
                labels={"source_id": "file", "obtained_from": "obtained from", "sha256": "SHA-256"},
            ),
            TableBlock(dropped, "What was left out at each step"),
            Disclosure(
                f"{len(unused)} files of the folder were not used, or for linking alone",
                [TableBlock(unused, "Files not used, and why", missing="not recognised")],
            ),
        ],
        lead="Every figure can be followed to a file and a record; these are the files.",
    )
