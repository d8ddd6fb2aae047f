"""Animal-welfare facility analytics: agency files in; a linked panel, statistics with their doubt, an account out."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = [
    "__version__",
    "account",
    "build_panel",
    "changes",
    "count_model",
    "coverage",
    "curve",
    "describe",
    "event_study",
    "fetch",
    "link_records",
    "parameters",
    "profile",
    "proportion",
    "rate",
    "rate_difference",
    "rate_ratio",
    "read",
    "registry",
    "run_study",
    "scan",
    "standardise",
    "trace",
    "write_example",
]

# Where each public name lives; its module is imported when the name is first used. No name is that of a room: once
# somebody imports the room, the package would hold the module under that name and hide the function.
_HOMES = {
    "account": "welfare.accounting.ledger",
    "build_panel": "welfare.panel.build",
    "changes": "welfare.sources.compare.changes",
    "count_model": "welfare.stats.counts",
    "coverage": "welfare.panel.exposure",
    "curve": "welfare.stats.curves",
    "describe": "welfare.sources.describe",
    "event_study": "welfare.stats.events",
    "fetch": "welfare.sources.web.fetch",
    "link_records": "welfare.link.links",
    "parameters": "welfare.accounting.parameters",
    "profile": "welfare.patterns.profiles",
    "proportion": "welfare.stats.rates.proportion",
    "rate": "welfare.stats.rates.rate",
    "rate_difference": "welfare.stats.rates.compare",
    "rate_ratio": "welfare.stats.rates.compare",
    "read": "welfare.sources.read",
    "registry": "welfare.sources.registry",
    "run_study": "welfare.study",
    "scan": "welfare.patterns.scan",
    "standardise": "welfare.stats.rates.standard",
    "trace": "welfare.sources.trace",
    "write_example": "welfare.examples",
}

if TYPE_CHECKING:  # so that editors and type checkers see the names, and miss those that do not exist
    from welfare.accounting.ledger import account
    from welfare.accounting.parameters import parameters
    from welfare.examples import write_example
    from welfare.link.links import link_records
    from welfare.panel.build import build_panel
    from welfare.panel.exposure import coverage
    from welfare.patterns.profiles import profile
    from welfare.patterns.scan import scan
    from welfare.sources.compare.changes import changes
    from welfare.sources.describe import describe
    from welfare.sources.read import read
    from welfare.sources.registry import registry
    from welfare.sources.trace import trace
    from welfare.sources.web.fetch import fetch
    from welfare.stats.counts import count_model
    from welfare.stats.curves import curve
    from welfare.stats.events import event_study
    from welfare.stats.rates.compare import rate_difference, rate_ratio
    from welfare.stats.rates.proportion import proportion
    from welfare.stats.rates.rate import rate
    from welfare.stats.rates.standard import standardise
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
