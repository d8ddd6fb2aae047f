"""What a study of slaughterhouses found: the rooms' results side by side, for the report and for results.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from welfare.accounting.ledger import Account
    from welfare.link.links import Links
    from welfare.patterns.profiles.profile import Profile
    from welfare.patterns.scan.clusters import Scan
    from welfare.schema.tables import Tables
    from welfare.stats.count_result import CountModel
    from welfare.stats.overlap import Overlap
    from welfare.stats.rates.rate import Rate


@dataclass(frozen=True)
class Findings:
    """Results of `run_study("us-slaughter")`.

    Attributes
    ----------
    bundles : list of Tables
        The files used, the one used for linking alone among them.
    files : DataFrame
        Every file of the folder: path, source, vintage, used, role, reason.
    links : Links
    panel : DataFrame
        One row per plant over all the time, with expected_count from the model.
    systems : DataFrame
        inspection_system, plants: the agency's own words.
    waivers : DataFrame
        Per plant on the waiver list, what speed is permitted today; see `speed_on`.
    rates : dict of str to Rate
        Noncompliance records per 1,000 tasks by species_mix, volume_category, size_class and overall.
    model : CountModel
        Noncompliance on species, volume category and size.
    plants, districts : Profile
        Against what the model expects.
    clusters : Scan
    comparable : Overlap
        Whether NPIS and traditional young-chicken plants share volume categories.
    speed_model : CountModel or None
        Severe injuries on inspection system and measured line speed, where the records allow it.
    injuries : Rate
        Severe injury reports per 100 plant-years by volume category.
    confirmed : DataFrame
        Reports whose link a person confirmed: date, kind, operator (of that day), directory.
    coverage : DataFrame
        measure, region, coverage.
    account : Account
    seed : int
    command : str
        What was typed.
    simulated : bool
    """

    bundles: list[Tables]
    files: pd.DataFrame
    links: Links
    panel: pd.DataFrame
    systems: pd.DataFrame
    waivers: pd.DataFrame
    rates: dict[str, Rate]
    model: CountModel
    plants: Profile
    districts: Profile
    clusters: Scan
    comparable: Overlap
    speed_model: CountModel | None
    injuries: Rate
    confirmed: pd.DataFrame
    coverage: pd.DataFrame
    account: Account
    seed: int
    command: str
    simulated: bool

    def of_source(self, source: str) -> list[Tables]:
        """Return the used files of a source."""
        return [bundle for bundle in self.bundles if bundle.source == source]
