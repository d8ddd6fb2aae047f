"""What is asked of a scan, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from welfare.errors import BadParameter
from welfare.patterns.scan.arrays import Reach

MODELS = ("poisson", "negative_binomial", "bernoulli", "exponential", "normal", "permutation", "expectation")
SHAPES = ("circle", "ellipse")
ANALYSES = ("retrospective", "prospective")
STANDARDISED = ("poisson", "negative_binomial")  # models whose expected counts covariates may set
# Ratio of the axes and how many directions of each: SaTScan's default.
_ELLIPSES = ((1.0, 1), (1.5, 4), (2.0, 6), (3.0, 9), (4.0, 12), (5.0, 15))
_FEWEST_MAPS = 19  # a p-value of 0.05 is 1 in 20
_LONGEST = 0.5


@dataclass(frozen=True)
class Options:
    """Everything that is asked of a scan; see :func:`welfare.patterns.scan.clusters.scan` for what each means.

    Attributes
    ----------
    in_space, in_time : bool
        Whether places and periods were given.
    """

    model: str
    shape: str
    in_space: bool
    in_time: bool
    max_share: float
    max_radius: float | None
    max_duration: float
    min_cases: float
    penalty: float
    analysis: str
    geographic: bool
    replicates: int
    gumbel: bool
    stop_after: int | None
    seed: int

    def __post_init__(self) -> None:
        """Refuse what cannot be used.

        Raises
        ------
        BadParameter
            Naming the option.
        """
        self._check_words()
        self._check_dimensions()
        self._check_window()
        self._check_maps()

    def reach(self, steps: int, max_radius: float) -> Reach:
        """Return how far windows may reach.

        Parameters
        ----------
        steps : int
            Of the study period.
        max_radius : float
            In units of the points.

        Raises
        ------
        BadParameter
            If windows may be as long as the study period.
        """
        return Reach(
            # Where space plays no part there is one place, which holds everything.
            max_share=self.max_share if self.in_space else 1.0,
            max_radius=max_radius,
            min_cases=float(self.min_cases),
            shapes=_shapes() if self.shape == "ellipse" else ((1.0, 0.0),),
            penalty=self.penalty if self.shape == "ellipse" else 0.0,
            max_steps=self._longest(steps) if self.in_time else 1,
            last_only=self.analysis == "prospective",
        )

    def _longest(self, steps: int) -> int:
        if isinstance(self.max_duration, int | np.integer) and self.max_duration >= 1:
            if self.max_duration >= steps:
                raise _refused(
                    "max_duration",
                    f"windows of {self.max_duration} periods are as long as the study period ({steps})",
                    "A window that is never closed has no other time to be compared with.",
                    "Give fewer periods, or a share of the study period of at most 0.5.",
                )
            return int(self.max_duration)
        return max(1, int(self.max_duration * steps + 1e-9))

    def _check_words(self) -> None:
        for name, allowed in (("model", MODELS), ("shape", SHAPES), ("analysis", ANALYSES)):
            given = getattr(self, name)
            if given not in allowed:
                raise _refused(
                    name,
                    f"there is no {name} {given!r}",
                    "Another scan than the one asked for would be run.",
                    f"Use one of {', '.join(map(repr, allowed))}.",
                )

    def _check_dimensions(self) -> None:
        if not (self.in_space or self.in_time):
            raise _refused(
                "x, y, time",
                "neither places nor periods are given",
                "There is nothing to search.",
                "Give x and y to search a map, time to search a calendar, or all three.",
            )
        in_space_only = {
            f"model={self.model!r}": self.model in ("exponential", "normal"),
            f"shape={self.shape!r}": self.shape == "ellipse",
        }
        for name, wrong in in_space_only.items():
            if wrong and self.in_time:
                raise _refused(
                    name.split("=")[0],
                    f"{name} is built for space alone",
                    "Another scan than the one asked for would be run.",
                    "Leave time out, or choose another.",
                )
        alone = {
            "model='permutation'": self.model == "permutation" and not (self.in_space and self.in_time),
            "analysis='prospective'": self.analysis == "prospective" and not self.in_time,
            "model='negative_binomial'": self.model == "negative_binomial" and not self.in_space,
            "shape='ellipse'": self.shape == "ellipse" and not self.in_space,
            "geographic=True": self.geographic and not self.in_space,
        }
        for name, wrong in alone.items():
            if wrong:
                raise _refused(
                    name.split("=")[0],
                    f"{name} needs {'time' if 'prospective' in name else 'x and y'}"
                    f"{' and time' if 'permutation' in name else ''}",
                    "It says nothing about these data.",
                    "Give what it needs, or leave it out.",
                )

    def _check_window(self) -> None:
        shares = {
            "max_share": (
                self.max_share,
                0 < _number(self.max_share) < 1,
                "a share of the base, at most 0.5 by custom",
            ),
            "max_duration": (
                self.max_duration,
                0 < _number(self.max_duration) <= _LONGEST
                or (isinstance(self.max_duration, int | np.integer) and self.max_duration >= 1),
                "a share of the study period of at most 0.5, or a whole number of periods",
            ),
            "max_radius": (
                self.max_radius,
                self.max_radius is None or 0 <= _number(self.max_radius) < np.inf,
                "a distance in units of x and y (km if geographic), or None",
            ),
            "min_cases": (self.min_cases, 1 <= _number(self.min_cases) < np.inf, "a number of cases, 1 or more"),
            "penalty": (self.penalty, 0 <= _number(self.penalty) < np.inf, "a power, 0 for none"),
        }
        for name, (given, right, meant) in shares.items():
            if not right:
                where = "not between 0 and 1, " if name == "max_share" else ""
                raise _refused(
                    name,
                    f"{name} is {given!r}, {where}not {meant}",
                    "Windows would be formed that nobody meant.",
                    f"Give {meant}.",
                )

    def _check_maps(self) -> None:
        if not (isinstance(self.replicates, int | np.integer) and self.replicates >= _FEWEST_MAPS):
            raise _refused(
                "replicates",
                f"{self.replicates!r} random maps cannot give a p-value of 0.05",
                "No cluster could ever be told from chance.",
                "Give a whole number, 19 or more; 999 by custom.",
            )
        after = self.stop_after
        if after is not None and not (isinstance(after, int | np.integer) and 1 <= after <= self.replicates):
            raise _refused(
                "stop_after",
                f"stop_after is {after!r}, not a whole number of random maps",
                "Nobody could say when the drawing of maps would end.",
                "Give how many random maps must be as high as the data before drawing stops, e.g. 10; or None.",
            )


def _shapes() -> tuple[tuple[float, float], ...]:
    return tuple((ratio, 180.0 * turn / turns) for ratio, turns in _ELLIPSES for turn in range(turns))


def _number(value: Any) -> float:
    good = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return float(value) if good else float("nan")


def _refused(name: str, what: str, spoiled: str, todo: str) -> BadParameter:
    return BadParameter(what, where=f"scan({name}=)", spoiled=spoiled, todo=todo)
