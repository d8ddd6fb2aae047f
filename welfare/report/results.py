"""The study's figures as plain values for results.json, and where they came from."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from welfare.report.findings import Findings
from welfare.schema.tables import Tables


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame as JSON-ready rows: what is missing is null, days are written as text."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    number = value.item() if hasattr(value, "item") else value
    return None if isinstance(number, float) and number in (float("inf"), float("-inf")) else number


@cache
def package_version() -> str:
    """Return the version of the installed package."""
    return version("welfare")


def provenance(findings: Findings) -> dict[str, Any]:
    """Return how the study was made: version, command, seed, and every file used with its hash."""
    return {
        "study": "us-slaughter",
        "simulated": findings.simulated,
        "welfare": package_version(),
        "command": findings.command,
        "seed": findings.seed,
        "parameter_book_sha256": findings.account.book_sha256,
        "scenarios_sha256": findings.account.scenarios_sha256,
        "files": [_file(bundle) for bundle in findings.bundles],
    }


def _file(bundle: Tables) -> dict[str, Any]:
    covers = None if bundle.period is None else [f"{day:%Y-%m-%d}" for day in bundle.period]
    return {
        "source_id": bundle.source_id,
        "path": Path(bundle.path).name,
        "sha256": bundle.sha256,
        "publisher": bundle.publisher,
        "obtained_from": bundle.obtained_from,
        "licence": bundle.licence,
        "covers": covers,
        "records": len(bundle.raw),
        "rejected": len(bundle.rejects),
    }


def results(findings: Findings) -> dict[str, Any]:
    """Return the study's figures.

    Parameters
    ----------
    findings : Findings

    Returns
    -------
    dict
        JSON-ready; `simulated` is true where the plants are made up.
    """
    found = _figures(findings)
    return stamped(found) if findings.simulated else found


def stamped(value: Any) -> Any:
    """Write SIMULATED into every record of a JSON-ready value."""
    if isinstance(value, list):
        return [stamped(item) for item in value]
    if isinstance(value, dict):
        return {"SIMULATED": "no real plant, person or event", **{key: stamped(item) for key, item in value.items()}}
    return value


def _figures(findings: Findings) -> dict[str, Any]:
    panel, links = findings.panel, findings.links
    return {
        "simulated": findings.simulated,
        "provenance": provenance(findings),
        "unused": rows(findings.files[~findings.files["used"]]),
        "facilities": len(panel),
        "inspection_systems": rows(findings.systems),
        "humane_handling": _humane_handling(findings),
        "waivers": _waivers(findings),
        "injuries": _injuries(findings),
        "links": {"text": links.text, "summary": rows(links.summary)},
        "rates_per_1000_tasks": {by: rows(found.table) for by, found in findings.rates.items()},
        "model": {
            "text": findings.model.text,
            "n": findings.model.n,
            "clusters": findings.model.clusters,
            "dispersion": findings.model.dispersion,
            "terms": rows(findings.model.table),
            "dropped": _reasons(findings.model.dropped),
        },
        "plants": {
            "text": findings.plants.text,
            "phi": findings.plants.phi,
            "tau2": findings.plants.tau2,
            "compared": len(findings.plants.table),
            "flagged": rows(findings.plants.table[findings.plants.table["flagged"] != ""]),
            "dropped": _reasons(findings.plants.dropped),
        },
        "districts": {"text": findings.districts.text, "table": rows(findings.districts.table)},
        "clusters": {"text": findings.clusters.text, "table": _clusters(findings)},
        "line_speed": {
            "comparable": findings.comparable.comparable,
            "text": findings.comparable.text,
            "strata": rows(findings.comparable.table),
            "model": None if findings.speed_model is None else rows(findings.speed_model.table),
        },
        "coverage": rows(findings.coverage),
        "account": {"scenario": findings.account.scenario, "against": findings.account.against},
    }


def _humane_handling(findings: Findings) -> dict[str, Any]:
    bundles = findings.of_source("us.fsis.humane_handling")
    inspections = pd.concat([bundle.inspections for bundle in bundles])
    summary = findings.links.summary
    own = summary[summary["source_id"].isin([bundle.source_id for bundle in bundles])]
    return {
        "rows": len(inspections),
        "tasks": int(inspections["tasks_count"].sum()),
        "findings": int(inspections["findings_count"].sum()),
        "linked": int(own["linked"].sum() + own["confirmed"].sum()),
        "tasks_in_panel": int(findings.panel["tasks_count"].sum()),
        "findings_in_panel": int(findings.panel["findings_count"].sum()),
    }


def _waivers(findings: Findings) -> dict[str, Any]:
    waivers, source = findings.waivers, findings.of_source("us.fsis.line_speed_waivers")[0]
    summary = findings.links.summary
    own = summary[summary["source_id"] == source.source_id]
    granted = source.line_speeds["valid_from"]
    permitted = waivers[waivers["verdict"] == "permitted"]
    return {
        "plants": len(waivers),
        "found": int(own["linked"].sum() + own["confirmed"].sum()),
        "permitted": len(permitted),
        "speed_animals_per_min": sorted({float(speed) for speed in permitted["speed_animals_per_min"]}),
        "first_granted": _plain(granted.min()),
        "last_granted": _plain(granted.max()),
        "before": "cannot tell",
        "ended": "nothing on file shows that one ended"
        if source.line_speeds["valid_to"].isna().all()
        else "some ended",
    }


def _injuries(findings: Findings) -> dict[str, Any]:
    bundles = findings.of_source("us.osha.severe_injury")
    events = pd.concat([bundle.injuries for bundle in bundles])
    ours = events[events["industry_code"].str.startswith("3116").fillna(False).astype(bool)]
    summary = findings.links.summary
    own = summary[summary["source_id"].isin([bundle.source_id for bundle in bundles])]
    words = ("linked", "confirmed", "review", "rejected", "unmatched", "outside")
    return {
        "reports": len(events),
        "naics_3116": len(ours),
        "amputations": int(ours["kind"].str.contains("amputation").sum()),
        "hospitalisations": int(ours["kind"].str.contains("hospitalisation").sum()),
        **{word: int(own[word].sum()) for word in words},
        "share_linked": float((own["linked"] + own["confirmed"]).sum() / len(ours)) if len(ours) else None,
        "in_panel": int(findings.panel["injuries_count"].sum()),
        "per_100_plant_years": rows(findings.injuries.table),
    }


def _clusters(findings: Findings) -> list[dict[str, Any]]:
    facility = findings.panel["facility_id"]
    table = findings.clusters.table
    members = table["members"].map(lambda labels: [str(facility[label]) for label in labels])
    return rows(table.assign(members=members))


def _reasons(dropped: pd.DataFrame) -> dict[str, int]:
    return {str(reason): int(count) for reason, count in dropped["reason"].value_counts().items()}
