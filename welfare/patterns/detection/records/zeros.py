"""More visits that found nothing than any ordinary count would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.patterns.detection.columns import ANY, COUNT, EXPOSURE, check_share, usable_rows
from welfare.patterns.detection.design import coefficient_rows, terms_of
from welfare.patterns.detection.estimates import Estimate, Part, said, table_of
from welfare.patterns.detection.records.excess import Excess, excess_share, score_p
from welfare.patterns.detection.records.zero_inflated import Counts, Inflated, fit_counts
from welfare.schema.results import simulated_words
from welfare.stats.rates.shares import clopper_pearson
from welfare.stats.rates.words import left_out_words

PART = "excess zeros"
_FEWEST = 20
ASSUMPTION = (
    "Rows are independent; where something can be found, counts follow the {family} model with the mean the terms "
    "give. "
    "A zero beyond it may be a visit on which nothing was looked at or written down, or a facility that has nothing to "
    "find: the counts do not say which."
)
_NAMES = {"poisson": "Poisson", "negative_binomial": "negative binomial"}


@dataclass(frozen=True, repr=False, kw_only=True)
class ExcessZeros(Part):
    """Zeros beyond those of a count model; see :func:`excess_zeros`.

    Attributes
    ----------
    table : DataFrame
        One row per estimate, in the columns of every part.
    coefficients : DataFrame
        Of the model with excess zeros, or without where it fits no better: model ("counts" log, "zeros" logit, "family"
        log theta), term, estimate, std_error, low, high.
    loglik : float
        Of that model.
    family : {"poisson", "negative_binomial"}
    theta : float or None
    level : float
    """

    coefficients: pd.DataFrame
    loglik: float
    family: str
    theta: float | None
    level: float


def excess_zeros(
    visits: pd.DataFrame,
    *,
    found: str = "findings_count",
    effort: str | None = None,
    by: Sequence[str] = (),
    zeros_by: Sequence[str] = (),
    level: float = 0.95,
) -> ExcessZeros:
    """Compare how many visits found nothing with what models of counts expect.

    Parameters
    ----------
    visits : DataFrame
        One row per visit, or per facility and period.
    found : str
        Column of counts.
    effort : str, optional
        Column of what each count was made over (tasks, hours, animals).
    by : sequence of str
        Columns on which the mean depends.
    zeros_by : sequence of str
        Columns on which the share that can only be zero depends; its interval is not given then.
    level : float
        Coverage of the intervals.

    Returns
    -------
    ExcessZeros

    Raises
    ------
    BadParameter
        If a column is not there.
    BadValue
        If a count is negative or not whole.
    NotEstimable
        If nothing was found at all, no more than one finding on any visit, or there are fewer than 20 counts.

    Notes
    -----
    More zeros than *Poisson* counts have is what any difference between facilities gives; the share is therefore taken
    beyond negative binomial counts, where these can be fitted. The likelihood ratio is of nested models at a bound,
    half chi-squared; Vuong's test, often used for it, does not hold (Wilson 2015).

    References
    ----------
    Lambert D. Technometrics 1992; 34: 1-14. van den Broek J. Biometrics 1995; 51: 738-743. Wilson P. Economics Letters
    2015; 127: 51-53.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from welfare.patterns.detection.records.zeros import excess_zeros
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.poisson(3, 600) * (rng.random(600) < 0.7)
    >>> excess_zeros(pd.DataFrame({"findings_count": counts})).table["estimate"].round(2).tolist()[:2]
    [0.34, 0.12]
    """
    where = "excess_zeros"
    check_share(level, "level", where)
    named = {column: (column, ANY) for column in (*by, *zeros_by)}
    rows, dropped = usable_rows(visits, {" found": (found, COUNT), " effort": (effort, EXPOSURE), **named}, where)
    counts = rows[" found"].to_numpy(dtype=float)
    if len(counts) < _FEWEST:
        raise NotEstimable(
            f"there {'is 1 count' if len(counts) == 1 else f'are {len(counts)} counts'}",
            where=where,
            spoiled="How many zeros so few counts should hold cannot be told.",
            todo=f"Bring {_FEWEST} or more.",
        )
    if counts.max() == 1:
        raise NotEstimable(
            "no visit recorded more than one finding: marks of 0 and 1 have no spread to compare zeros with",
            where=where,
            spoiled="A mark cannot be 2, so that it always has more ones than counts of its mean, and no excess of 0.",
            todo="Bring counts of findings, or read the occupancy estimate.",
        )
    log_exposure = np.log(rows[" effort"].to_numpy(dtype=float)) if effort else np.zeros(len(rows))
    data = Counts(counts, log_exposure, terms_of(rows, by, where), terms_of(rows, zeros_by, where))
    poisson = fit_counts(data, "poisson", inflated=False, where=where)
    excess = excess_share(data, level=level, where=where)
    estimates = _estimates(data, poisson, excess, level)
    shown = excess.inflated or excess.plain
    return ExcessZeros(
        table=table_of(estimates),
        text=simulated_words(visits) + _text(data, estimates, excess) + left_out_words(dropped),
        dropped=dropped,
        notes=_notes(excess),
        coefficients=_coefficients(data, shown, level),
        loglik=shown.loglik,
        family=excess.family,
        theta=shown.theta,
        level=level,
    )


def _estimates(data: Counts, poisson: Inflated, excess: Excess, level: float) -> list[Estimate]:
    zero = data.counts == 0
    seen = clopper_pearson(np.array([zero.sum()]), np.array([(~zero).sum()]), level)
    assumption = ASSUMPTION.format(family=_NAMES[excess.family])
    as_poisson = ASSUMPTION.format(family="Poisson")
    rows = [
        Estimate(
            PART,
            "visits that found nothing",
            float(zero.mean()),
            float(seen.low[0]),
            float(seen.high[0]),
            unit="share",
            assumption="Rows are independent.",
        ),
        Estimate(
            PART,
            "visits that would find nothing by chance (Poisson)",
            float(poisson.none.mean()),
            unit="share",
            assumption=as_poisson,
        ),
    ]
    if excess.family == "negative_binomial":
        rows.append(
            Estimate(
                PART,
                "visits that would find nothing by chance and ordinary differences (negative binomial)",
                float(excess.plain.none.mean()),
                unit="share",
                assumption=assumption,
            )
        )
    reason = "" if np.isfinite(excess.low) else "no interval: the share depends on terms"
    return [
        *rows,
        Estimate(
            PART,
            f"visits beyond that which could only find nothing ({_NAMES[excess.family]})",
            excess.share,
            excess.low,
            excess.high,
            unit="share",
            assumption=assumption,
            reason=reason,
        ),
        Estimate(
            PART,
            "p-value: more zeros than Poisson counts (score test, one-sided)",
            score_p(data, poisson),
            unit="p-value",
            assumption=as_poisson,
        ),
        Estimate(
            PART,
            f"p-value: more zeros than {_NAMES[excess.family]} counts (likelihood ratio)",
            excess.p_value,
            unit="p-value",
            assumption=assumption,
        ),
    ]


def _coefficients(data: Counts, fit: Inflated, level: float) -> pd.DataFrame:
    blocks = [data.terms, data.zeros] if fit.inflated else [data.terms]
    names = [("counts", name) for name in data.terms.names]
    names += [("zeros", name) for name in data.zeros.names] * fit.inflated
    wide = int(fit.family == "negative_binomial")
    names += [("family", "log theta")] * wide
    return coefficient_rows(names, *fit.climbed.given(blocks, wide), level)


def _text(data: Counts, estimates: list[Estimate], excess: Excess) -> str:
    seen, by_chance, share = estimates[0], estimates[-4], estimates[-3]
    found = (
        f"Beyond that, {said(share)} could only find nothing."
        if excess.p_value < 0.05
        else "That is no more than chance explains; "
        f"the share which could only find nothing is {said(share)}, and none is among what the counts allow."
    )
    return (
        f"Of {len(data.counts):,} visits {said(seen)} found nothing, where {_NAMES[excess.family]} counts of the "
        f"same mean "
        f"would leave {said(by_chance)} at zero. {found} {share.assumption}"
    )


def _notes(excess: Excess) -> tuple[str, ...]:
    notes = ["Visits to one facility are taken for independent: where they are not, p-values are too small."]
    if excess.family == "poisson":
        notes.append("The counts vary no more than Poisson ones, zeros aside: excess is taken beyond these.")
    return tuple(notes)


__all__ = ["ExcessZeros", "excess_zeros"]
