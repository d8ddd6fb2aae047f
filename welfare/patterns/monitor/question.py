"""What a caller may ask of monitoring, checked before any arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from welfare.errors import BadParameter

METHODS = ("cusum", "bernoulli_cusum", "ewma", "shewhart", "changepoints", "farrington")
DIRECTIONS = ("up", "down", "both")


@dataclass(frozen=True)
class Question:
    """Options of :func:`~welfare.patterns.monitor.charts.monitor`, under their names there."""

    method: str
    ratio: float
    arl: float
    limit: float | None
    direction: str
    dispersion: Any
    weight: float
    level: float
    fdr: float
    replicates: int
    seed: int

    def sides(self) -> tuple[int, ...]:
        """Return 1 for above, -1 for below, in the order they are watched."""
        return {"up": (1,), "down": (-1,), "both": (1, -1)}[self.direction]

    def checked(self) -> Question:
        """Return itself.

        Raises
        ------
        BadParameter
            If an option cannot be used.
        """
        for name, value, among in (("method", self.method, METHODS), ("direction", self.direction, DIRECTIONS)):
            if value not in among:
                raise BadParameter(
                    f"no {name} is called {value!r}",
                    where=f"monitor({name}=)",
                    spoiled="Another chart would be drawn under that name.",
                    todo=f"Use one of {', '.join(among)}.",
                )
        _number("ratio", self.ratio, above=1.0, hint="how many times more, or fewer, is to be found soon: above 1")
        _number("arl", self.arl, above=2.0, hint="periods between false alarms: above 2")
        _number("weight", self.weight, above=0.0, most=1.0, hint="weight of the newest period: above 0, at most 1")
        _number("level", self.level, above=0.0, most=1 - 1e-12, hint="a share between 0 and 1")
        _number("fdr", self.fdr, above=0.0, most=1 - 1e-12, hint="a share between 0 and 1")
        _whole("replicates", self.replicates, least=19)
        _whole("seed", self.seed, least=0)
        if self.limit is not None:
            _number("limit", self.limit, above=0.0, hint="a height above 0, or None to set it by arl")
        if self.dispersion != "auto":
            _number("dispersion", self.dispersion, above=-1e-300, hint='"auto", 0 for Poisson, or above 0')
        return self


def _whole(name: str, value: Any, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise BadParameter(
            f"{name} is {value!r}",
            where=f"monitor({name}=)",
            spoiled="No random series could be drawn, or too few.",
            todo=f"Give a whole number, {least} or more.",
        )


def _number(name: str, value: Any, *, above: float, hint: str, most: float = np.inf) -> None:
    try:
        usable = bool(above < float(value) <= most and np.isfinite(float(value)))
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise BadParameter(f"{name} is {value!r}", where=f"monitor({name}=)", todo=f"Give {hint}.")


__all__ = ["METHODS", "Question"]
