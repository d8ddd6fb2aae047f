"""What is asked of a count model, its options in one form and refused where they do not go together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from welfare.errors import BadParameter
from welfare.stats.doubt.bootstrap import read_bootstrap
from welfare.stats.doubt.sandwich import KINDS

FAMILIES = {
    "poisson": "Poisson",
    "quasipoisson": "Quasi-Poisson",
    "negative_binomial": "Negative binomial",
    "nb1": "Negative binomial (NB1)",
    "fractional": "Fractional logit",
    "conditional_poisson": "Conditional Poisson",
}
_SAME = {"nb2": "negative_binomial", "quasi_poisson": "quasipoisson", "quasi-poisson": "quasipoisson"}


@dataclass(frozen=True)
class Question:
    """What is asked of a frame; the fields are the parameters of :func:`welfare.stats.counts.count_model`.

    `also` names further columns without which a row cannot be used.
    """

    formula: str
    exposure: str | None
    family: str
    cluster: tuple[str, ...] = ()
    errors: str = "CR1"
    random: str | None = None
    nodes: int = 1
    bootstrap: tuple[str, int] | None = None
    seed: int = 0
    also: tuple[str, ...] = ()


def as_question(
    formula: str,
    *,
    exposure: str | None,
    family: str,
    cluster: object,
    errors: str,
    random: object,
    bootstrap: object,
    seed: int,
) -> Question:
    """Bring the options of a count model to one form, and refuse those that do not go together.

    Parameters
    ----------
    formula, exposure, family, errors, random, bootstrap, seed
        As :func:`welfare.stats.counts.count_model`.
    cluster : str, sequence of one or two str, or None

    Raises
    ------
    BadParameter
        If an option is none of those known, or two contradict each other.
    """
    family = _SAME.get(family, family)
    if family not in FAMILIES:
        raise BadParameter(
            f"no family is called {family!r}",
            where="count_model(family=)",
            spoiled="Another model than the one named would be fitted.",
            todo=f"Use one of {', '.join(FAMILIES)}.",
        )
    if errors not in KINDS:
        raise BadParameter(
            f"no kind of errors is called {errors!r}",
            where="count_model(errors=)",
            spoiled="Intervals of another kind would be printed under that name.",
            todo=f"Use one of {', '.join(KINDS)}.",
        )
    named = () if cluster is None else (cluster,) if isinstance(cluster, str) else tuple(cluster)  # type: ignore[arg-type]
    if len(named) > 2 or len(set(named)) < len(named):
        raise BadParameter(
            f"clusters of {len(named)} kinds were named",
            where="count_model(cluster=)",
            spoiled="Errors would be of another kind than meant.",
            todo="Name one column, or two that differ.",
        )
    if named and not errors.startswith("CR"):
        raise BadParameter(
            f"errors={errors!r} takes rows as independent, and a cluster was named",
            where="count_model(errors=)",
            spoiled="The dependence within clusters would be ignored.",
            todo="Use errors='CR1', or give no cluster.",
        )
    if len(named) == 2 and errors not in ("CR0", "CR1"):
        raise BadParameter(
            f"errors={errors!r} is not known for clusters of two kinds",
            where="count_model(errors=)",
            spoiled="A correction for one kind would be printed for both.",
            todo="Use errors='CR1', or cluster by the one of fewer clusters.",
        )
    effects = [part for part in str(formula).partition("|")[2].split("+") if part.strip()]
    if family == "conditional_poisson" and len(effects) != 1:
        raise BadParameter(
            f"the formula holds {len(effects)} fixed effects",
            where="count_model(family='conditional_poisson')",
            spoiled="The conditional likelihood takes away one effect.",
            todo="Name one after '|', or use family='poisson', whose estimates are the same.",
        )
    group, nodes = _read_random(random)
    if group is not None:
        _refuse_with_random(formula, family, named, bootstrap)
        errors = "model"
    if bootstrap is not None and len(named) != 1:
        raise BadParameter(
            "the bootstrap draws clusters, and not one kind of them was named",
            where="count_model(bootstrap=)",
            spoiled="Rows of one place would be drawn as if they stood alone.",
            todo="Name the column of the clusters: cluster=.",
        )
    drawn = None if bootstrap is None else read_bootstrap(bootstrap)
    if not isinstance(seed, int) or seed < 0:
        raise BadParameter(
            f"the seed {seed!r} is not a whole number from 0 on", where="count_model(seed=)", todo="Give one, e.g. 0."
        )
    return Question(formula, exposure, family, named, errors, group, nodes, drawn, seed)


def _read_random(random: object) -> tuple[str | None, int]:
    """Return the column of the groups and the points of quadrature."""
    column, nodes = random if isinstance(random, tuple) and len(random) == 2 else (random, 1)
    if column is None:
        return None, 1
    if isinstance(column, str) and isinstance(nodes, int):
        # As lme4 writes it: (1 | column).
        written = re.fullmatch(r"\(?\s*1\s*\|\s*(.+?)\s*\)?", column)
        return written[1] if written else column, nodes
    raise BadParameter(
        f"random={random!r} is not a column",
        where="count_model(random=)",
        spoiled="Another model than the one meant would be fitted.",
        todo="Name the column of the groups, or ('column', 25) for 25 points of adaptive quadrature.",
    )


def _refuse_with_random(formula: str, family: str, named: tuple[str, ...], bootstrap: object) -> None:
    against = {
        "fixed effects after '|'": "|" in formula,
        f"family={family!r}": family in ("quasipoisson", "nb1", "conditional_poisson"),
        "clustered errors": bool(named) or bootstrap is not None,
    }
    clash = ", ".join(name for name, there in against.items() if there)
    if clash:
        raise BadParameter(
            f"a random intercept does not go together with {clash}",
            where="count_model(random=)",
            spoiled="Errors would account for the same dependence twice, or not as they say.",
            todo="Use the random intercept alone (poisson, negative_binomial, fractional), or clusters without it.",
        )
