"""Animal-welfare facility analytics: agency files in; a linked panel, statistics with their doubt, an account out."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = [
    "__version__",
    "account",
    "adjust_p_values",
    "autocorrelation",
    "build_panel",
    "capture_recapture",
    "changes",
    "count_model",
    "coverage",
    "cumulative_incidence",
    "curve",
    "describe",
    "detection",
    "digit_heaping",
    "duration",
    "e_value",
    "effects_of",
    "event_study",
    "excess_zeros",
    "fetch",
    "inspector_effects",
    "interrupted_series",
    "link_records",
    "monitor",
    "multiplicity",
    "n_mixture",
    "narrative_terms",
    "occupancy",
    "omitted_variable_bounds",
    "parameters",
    "partial_r2",
    "persistence",
    "pool",
    "practices",
    "profile",
    "profile_change",
    "proportion",
    "rate",
    "rate_difference",
    "rate_ratio",
    "read",
    "registry",
    "robustness",
    "robustness_value",
    "run_length",
    "run_study",
    "scan",
    "specification_curve",
    "spells",
    "standardise",
    "survival",
    "trace",
    "visit_contrast",
    "write_example",
]

# Where each public name lives; its module is imported when the name is first used. No name is that of a room: once
# somebody imports the room, the package would hold the module under that name and hide the function.
_HOMES = {
    "account": "welfare.accounting.ledger",
    "adjust_p_values": "welfare.stats.robustness.multiplicity",
    "autocorrelation": "welfare.patterns.autocorrelation.moran",
    "build_panel": "welfare.panel.build",
    "capture_recapture": "welfare.patterns.detection.never_cited.capture_recapture",
    "changes": "welfare.sources.compare.changes",
    "count_model": "welfare.stats.counts",
    "coverage": "welfare.panel.exposure",
    "cumulative_incidence": "welfare.stats.duration.competing",
    "curve": "welfare.stats.curves",
    "describe": "welfare.sources.describe",
    "detection": "welfare.patterns.detection.detection",
    "digit_heaping": "welfare.patterns.detection.records.heaping",
    "duration": "welfare.stats.duration.model",
    "e_value": "welfare.stats.robustness.confounding.e_value",
    "effects_of": "welfare.stats.pooling.own_fits",
    "event_study": "welfare.stats.events",
    "excess_zeros": "welfare.patterns.detection.records.zeros",
    "fetch": "welfare.sources.web.fetch",
    "inspector_effects": "welfare.patterns.detection.watchers.inspectors",
    "interrupted_series": "welfare.stats.interrupted",
    "link_records": "welfare.link.links",
    "monitor": "welfare.patterns.monitor.charts",
    "multiplicity": "welfare.stats.robustness.multiplicity",
    "n_mixture": "welfare.patterns.detection.repeat_visits.n_mixture",
    "narrative_terms": "welfare.patterns.practices.narratives.terms",
    "occupancy": "welfare.patterns.detection.repeat_visits.occupancy",
    "omitted_variable_bounds": "welfare.stats.robustness.confounding.omitted",
    "parameters": "welfare.accounting.parameters",
    "partial_r2": "welfare.stats.robustness.confounding.omitted",
    "persistence": "welfare.patterns.profiles.periods.persistence",
    "pool": "welfare.stats.pooling.pool",
    "practices": "welfare.patterns.practices.subsets",
    "profile": "welfare.patterns.profiles.profile",
    "profile_change": "welfare.patterns.profiles.periods.change",
    "proportion": "welfare.stats.rates.proportion",
    "rate": "welfare.stats.rates.rate",
    "rate_difference": "welfare.stats.rates.compare",
    "rate_ratio": "welfare.stats.rates.compare",
    "read": "welfare.sources.read",
    "registry": "welfare.sources.registry",
    "robustness": "welfare.stats.robustness.robustness",
    "robustness_value": "welfare.stats.robustness.confounding.omitted",
    "run_length": "welfare.patterns.monitor.charting.run_length",
    "run_study": "welfare.study",
    "scan": "welfare.patterns.scan.clusters",
    "specification_curve": "welfare.stats.robustness.choosing.specifications",
    "spells": "welfare.stats.duration.spells",
    "standardise": "welfare.stats.rates.standard",
    "survival": "welfare.stats.duration.kaplan_meier",
    "trace": "welfare.sources.trace",
    "visit_contrast": "welfare.patterns.detection.watchers.contrast",
    "write_example": "welfare.examples",
}

if TYPE_CHECKING:  # so that editors and type checkers see the names, and miss those that do not exist
    from welfare.accounting.ledger import account
    from welfare.accounting.parameters import parameters
    from welfare.examples import write_example
    from welfare.link.links import link_records
    from welfare.panel.build import build_panel
    from welfare.panel.exposure import coverage
    from welfare.patterns.autocorrelation.moran import autocorrelation
    from welfare.patterns.detection.detection import detection
    from welfare.patterns.detection.never_cited.capture_recapture import capture_recapture
    from welfare.patterns.detection.records.heaping import digit_heaping
    from welfare.patterns.detection.records.zeros import excess_zeros
    from welfare.patterns.detection.repeat_visits.n_mixture import n_mixture
    from welfare.patterns.detection.repeat_visits.occupancy import occupancy
    from welfare.patterns.detection.watchers.contrast import visit_contrast
    from welfare.patterns.detection.watchers.inspectors import inspector_effects
    from welfare.patterns.monitor.charting.run_length import run_length
    from welfare.patterns.monitor.charts import monitor
    from welfare.patterns.practices.narratives.terms import narrative_terms
    from welfare.patterns.practices.subsets import practices
    from welfare.patterns.profiles.periods.change import profile_change
    from welfare.patterns.profiles.periods.persistence import persistence
    from welfare.patterns.profiles.profile import profile
    from welfare.patterns.scan.clusters import scan
    from welfare.sources.compare.changes import changes
    from welfare.sources.describe import describe
    from welfare.sources.read import read
    from welfare.sources.registry import registry
    from welfare.sources.trace import trace
    from welfare.sources.web.fetch import fetch
    from welfare.stats.counts import count_model
    from welfare.stats.curves import curve
    from welfare.stats.duration.competing import cumulative_incidence
    from welfare.stats.duration.kaplan_meier import survival
    from welfare.stats.duration.model import duration
    from welfare.stats.duration.spells import spells
    from welfare.stats.events import event_study
    from welfare.stats.interrupted import interrupted_series
    from welfare.stats.pooling.own_fits import effects_of
    from welfare.stats.pooling.pool import pool
    from welfare.stats.rates.compare import rate_difference, rate_ratio
    from welfare.stats.rates.proportion import proportion
    from welfare.stats.rates.rate import rate
    from welfare.stats.rates.standard import standardise
    from welfare.stats.robustness.choosing.specifications import specification_curve
    from welfare.stats.robustness.confounding.e_value import e_value
    from welfare.stats.robustness.confounding.omitted import omitted_variable_bounds, partial_r2, robustness_value
    from welfare.stats.robustness.multiplicity import adjust_p_values, multiplicity
    from welfare.stats.robustness.robustness import robustness
    from welfare.study import run_study

    __version__: str
else:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used, and keep it."""
        if name == "__version__":
            from importlib.metadata import version

            value = version("welfare")
        elif name in _HOMES:
            from importlib import import_module

            value = getattr(import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module 'welfare' has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """Return what the module holds, public names not yet imported included."""
        return sorted({*globals(), *__all__})
