"""What is asked of a change that units adopt at different dates, in one form."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EventQuestion:
    """What is asked; the fields are the parameters of :func:`welfare.stats.events.event_study`."""

    method: str
    control: str
    family: str
    covariates: tuple[str, ...]
    exposure: str | None
    outcome: str
    unit: str
    time: str
    treated_from: str
    seed: int

    @property
    def ratio(self) -> bool:
        """Whether effects are ratios, and estimates their logarithms."""
        return self.family == "poisson"

    @property
    def shares(self) -> bool:
        """Whether averages weigh by estimated shares of cohorts."""
        return self.method == "callaway_santanna"
