"""What is asked of a model of hazards, its options in one form and refused where they do not go together."""

from __future__ import annotations

from dataclasses import dataclass

from welfare.errors import BadParameter
from welfare.stats.duration.rows import names

TIES = ("efron", "breslow")
ERRORS = ("CR0", "CR1", "model")


@dataclass(frozen=True)
class Asked:
    """What is asked of a frame; the fields are the parameters of :func:`welfare.stats.duration.model.duration`."""

    formula: str
    time: str
    entry: str | None
    strata: tuple[str, ...]
    cluster: str | None
    unit: str | None
    ties: str
    errors: str | None

    @property
    def efron(self) -> bool:
        """Whether ties are treated as Efron has it."""
        return self.ties == "efron"

    @property
    def together(self) -> str | None:
        """The column that says which rows belong together."""
        return self.cluster or self.unit


def as_asked(
    formula: str,
    *,
    time: str,
    entry: str | None,
    strata: object,
    cluster: str | None,
    unit: str | None,
    ties: str,
    errors: str | None,
) -> Asked:
    """Bring the options to one form.

    Parameters
    ----------
    formula, time, entry, strata, cluster, unit, ties, errors
        As :func:`welfare.stats.duration.model.duration`.

    Raises
    ------
    BadParameter
        If an option is none of those known.
    """
    if ties not in TIES:
        raise BadParameter(
            f"no treatment of ties is called {ties!r}",
            where="duration(ties=)",
            spoiled="Another likelihood than the one named would be used.",
            todo=f"Use one of {', '.join(TIES)}.",
        )
    if errors is not None and errors not in ERRORS:
        raise BadParameter(
            f"no kind of errors is called {errors!r}",
            where="duration(errors=)",
            spoiled="Intervals of another kind would be printed under that name.",
            todo=f"Use one of {', '.join(ERRORS)}.",
        )
    if errors == "model" and cluster is not None:
        raise BadParameter(
            "errors='model' takes rows as independent, and a cluster was named",
            where="duration(errors=)",
            spoiled="The dependence within clusters would be ignored.",
            todo="Use errors='CR0', or give no cluster.",
        )
    return Asked(formula, time, entry, tuple(names(strata)), cluster, unit, ties, errors)
