"""The main job: which files, which steps, in which order. It calls the rooms and computes nothing itself."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from welfare.accounting.ledger import account
from welfare.errors import BadParameter, RecordsLeftOut
from welfare.link.links import Links, link_records
from welfare.panel.build import build_panel, newest
from welfare.panel.categories import merge_rare, one_of
from welfare.panel.exposure import coverage
from welfare.panel.line_speeds import speed_on
from welfare.panel.places import confirmed_events, inspection_systems, without_unconfirmed_names
from welfare.patterns.profiles.profile import profile
from welfare.patterns.scan.clusters import scan
from welfare.report.findings import Findings
from welfare.report.results import provenance, results, stamped
from welfare.report.slaughter import slaughter_report
from welfare.report.words import MORE_THAN_EXPECTED, plants_in_words
from welfare.schema.provenance import write_json, write_parquet, write_text
from welfare.schema.tables import Tables
from welfare.sources.folder import read_folder
from welfare.stats.count_result import CountModel
from welfare.stats.counts import count_model
from welfare.stats.overlap import Overlap, overlap
from welfare.stats.rates.groups import rate_by

NEEDED = (
    "us.fsis.mpi_directory",
    "us.fsis.establishment_demographics",
    "us.fsis.humane_handling",
    "us.fsis.line_speed_waivers",
    "us.osha.severe_injury",
)
WANTED = ("user.line_speeds_measured",)

_RARE = 20
_MIXED = "other mixes of species"
_MODEL = "findings_count ~ C(species_mix) + C(volume_category) + C(size_class)"
_SYSTEMS = ("npis", "traditional")
_SPEED_MODEL = "injuries_count ~ C(inspection_system, contr.treatment('traditional')) + speed_10 + C(volume_category)"
Progress = Callable[[str], object]


@dataclass(frozen=True)
class Study:
    """A finished study.

    Attributes
    ----------
    report : Path
        The report.
    files : dict of str to Path
        Every file written, by name.
    text : str
        One paragraph.
    findings : Findings
        The results.
    simulated : bool
    """

    report: Path
    files: dict[str, Path]
    text: str
    findings: Findings
    simulated: bool


def run_study(
    name: str,
    *,
    data: str | Path | None = None,
    simulated: bool = False,
    out: str | Path = "out",
    seed: int = 0,
    decisions: str | Path | pd.DataFrame | None = None,
    progress: Progress | None = None,
    command: str = "",
) -> Study:
    """Run a study from agency files to a report.

    Parameters
    ----------
    name : {"us-slaughter"}
        The study.
    data : path, optional
        Folder with the agencies' files, searched with all folders below it.
    simulated : bool
        Instead of `data`: run on the simulated industry; every page, figure and row then says SIMULATED.
    out : path
        Folder for report.html, panel.parquet, links.parquet, links_to_review.csv, results.json, account.json.
    seed : int
        For random maps, draws, and the simulated industry; 0 or more.
    decisions : path or DataFrame, optional
        What people decided about doubtful links; see :func:`welfare.link.decisions.load_decisions`.
    progress : callable, optional
        Told the name of each step.
    command : str
        What was typed, for the report.

    Returns
    -------
    Study

    Raises
    ------
    BadParameter
        If there is no such study, or not exactly one of `data` and `simulated` is given.
    SourceMissing
        If `data` lacks a file the study needs.
    WelfareError
        If a file cannot be read; nothing is then written to `out`.
    """
    if name != "us-slaughter":
        raise BadParameter(f"no study is called {name!r}", todo="Studies: us-slaughter.")
    if (data is None) != simulated:
        raise BadParameter(
            "a study needs either a folder of data or the word simulated, and not both",
            spoiled="Made-up plants could be taken for real ones.",
            todo="Give --data DIR, or --simulated.",
        )
    if Path(out).exists() and not Path(out).is_dir():
        raise BadParameter("the place for the results is a file", where=str(out), todo="Give --out a folder.")
    tell = progress or _quiet
    called = command or f"run_study({name!r}, " + ("simulated=True" if simulated else f"data={str(data)!r}") + ")"
    if data is not None:
        return _us_slaughter(Path(data), Path(out), seed, decisions, tell, called)
    from welfare.examples import write_example

    with tempfile.TemporaryDirectory(prefix="welfare-simulated-") as made_up:
        tell("make up an industry")
        write_example(made_up, seed=seed)
        return _us_slaughter(Path(made_up), Path(out), seed, decisions, tell, called)


def _quiet(_step: str) -> None:
    """Say nothing."""


def _us_slaughter(
    data: Path, out: Path, seed: int, decisions: str | Path | pd.DataFrame | None, tell: Progress, command: str
) -> Study:
    folder = read_folder(data, NEEDED, wanted=WANTED, progress=lambda path: tell(f"read {path}"))
    bundles = folder.used
    for bundle in bundles:
        for note in bundle.notes:
            tell(f"{bundle.source_id}: {note}")
        if len(bundle.rejects):
            warnings.warn(
                f"{len(bundle.rejects):,} of {len(bundle.raw):,} records of {bundle.source_id} cannot be read; the "
                f"first: record {bundle.rejects['row'].iloc[0]}, {bundle.rejects['reason'].iloc[0]}",
                RecordsLeftOut,
                stacklevel=3,
            )
    tell("link records")
    links = link_records(*bundles, decisions=decisions)
    tell("build the panel")
    panel = build_panel(links, *bundles, period="all")
    panel["species_mix"] = merge_rare(panel["species_group"], least=_RARE, name=_MIXED)
    inspected = panel[panel["tasks_count"].notna()]

    tell("fit noncompliance")
    model = count_model(_MODEL, inspected, exposure="tasks_count", cluster="circuit")
    panel = panel.join(model.fitted)
    expected = panel[panel["tasks_count"].notna()]
    tell("compare plants and districts with what is expected")
    plants = profile(expected, seed=seed, caution=MORE_THAN_EXPECTED)
    districts = profile(expected, facility="district", seed=seed, caution=MORE_THAN_EXPECTED)
    tell("search the map for clusters")
    clusters = scan(
        expected["findings_count"],
        expected["expected_count"],
        expected["longitude_deg"],
        expected["latitude_deg"],
        geographic=True,
        model="negative_binomial",
        seed=seed,
    )
    tell("ask whether line speeds can be compared")
    comparable = _comparable(panel)
    findings = Findings(
        bundles=bundles,
        files=folder.files,
        links=links,
        panel=panel,
        systems=inspection_systems(newest(bundles)),
        waivers=_waivers(bundles),
        rates={by: _rate(inspected, by) for by in ("all_plants", "species_mix", "volume_category", "size_class")},
        model=model,
        plants=plants,
        districts=districts,
        clusters=clusters,
        comparable=comparable,
        speed_model=_speed_model(links, bundles, comparable),
        injuries=_injuries(panel),
        confirmed=confirmed_events(links, bundles),
        coverage=coverage(panel),
        account=_account(tell, seed),
        seed=seed,
        command=command,
        simulated=links.simulated,
    )
    tell("write the report")
    return _write(findings, out)


def _comparable(panel: pd.DataFrame) -> Overlap:
    young_chicken = one_of(panel["species"], ("young_chicken",)).notna()
    plants = panel[young_chicken].assign(inspection_system=lambda rows: one_of(rows["line_speed_regime"], _SYSTEMS))
    return overlap(plants, condition="inspection_system", levels=_SYSTEMS, within="volume_category")


def _speed_model(links: Links, bundles: list[Tables], comparable: Overlap) -> CountModel | None:
    """Relate injuries to inspection system and measured speed, per plant and year, where the records allow it."""
    measured = any((bundle.line_speeds["basis"] == "measured").any() for bundle in bundles)
    if not (measured and comparable.comparable):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordsLeftOut)  # fiscal-year counts play no part in this model
        years = build_panel(links, *bundles, period="year")
    years = years.assign(
        inspection_system=one_of(years["line_speed_regime"], _SYSTEMS),
        speed_10=years["line_speed_animals_per_min"] / 10,
    )
    measured_years = years[(years["line_speed_basis"] == "measured") & years["inspection_system"].notna()]
    return count_model(_SPEED_MODEL, measured_years, exposure="plant_years", cluster="facility_id")


def _rate(inspected: pd.DataFrame, by: str) -> Any:
    rows = inspected.assign(all_plants="all plants") if by == "all_plants" else inspected
    return rate_by(rows, by, events="findings_count", exposure="tasks_count", per=1000)


def _injuries(panel: pd.DataFrame) -> Any:
    covered = panel[panel["injuries_count"].notna()]
    volume = covered["volume_category"].fillna("no slaughter volume")
    return rate_by(
        covered.assign(volume_category=volume),
        "volume_category",
        events="injuries_count",
        exposure="plant_years",
        per=100,
    )


def _waivers(bundles: list[Tables]) -> pd.DataFrame:
    speeds = pd.concat([b.line_speeds for b in bundles if (b.line_speeds["basis"] == "waiver").any()])
    return speed_on(speeds, max(b.period[1] for b in bundles if b.period))


def _account(tell: Progress, seed: int) -> Any:
    tell("account for conventional broilers against the Better Chicken Commitment")
    return account("broiler_conventional", against="broiler_better_chicken_commitment", seed=seed)


def _write(findings: Findings, out: Path) -> Study:
    """Make everything first, then write: a study that fails leaves nothing behind."""
    document = slaughter_report(findings)
    page, figures, origin = document.html(), results(findings), provenance(findings)
    published = without_unconfirmed_names(findings.panel)
    links, review = findings.links.table, findings.links.review()
    acct = {"simulated": findings.simulated, **findings.account.record()}
    files = {
        "panel.parquet": write_parquet(published, out / "panel.parquet", origin),
        "links.parquet": write_parquet(links, out / "links.parquet", origin),
        "links_to_review.csv": write_text(out / "links_to_review.csv", review.to_csv(index=False)),
        "results.json": write_json(out / "results.json", figures),
        "account.json": write_json(out / "account.json", stamped(acct) if findings.simulated else acct),
        "report.html": write_text(out / "report.html", page),
    }
    text = ("SIMULATED. " if findings.simulated else "") + f"{plants_in_words(findings)} {MORE_THAN_EXPECTED}"
    return Study(files["report.html"], files, text, findings, findings.simulated)
