"""Where a problem is, and how often a visit records it: the two told apart by visiting again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.patterns.detection.columns import check_replicates, check_share
from welfare.patterns.detection.design import coefficient_rows
from welfare.patterns.detection.estimates import Estimate, Part, said, table_of
from welfare.patterns.detection.repeat_visits.doubts import Clumping, Misfit, clumping, misfit
from welfare.patterns.detection.repeat_visits.histories import Histories, histories_of
from welfare.patterns.detection.repeat_visits.presence import Presence, fit_presence
from welfare.patterns.detection.repeat_visits.region import region_limits
from welfare.schema.results import simulated_words
from welfare.stats.rates.shares import clopper_pearson
from welfare.stats.rates.words import left_out_words

PART = "occupancy"
ASSUMPTION = (
    "The problem is at a facility on all its visits or on none; given that it is there, visits record it independently "
    "of one another, each with the chance the model gives; nothing is recorded that is not there."
)
_OFTEN_FAILS = (
    "That the problem is there throughout or not at all often fails under inspection: it may be put right after a "
    "citation, or put out of sight for a visit that is expected. Where it comes and goes by chance, the share is of "
    "facilities that have it at some time, and the chance of recording it includes that of its being there that day."
)


@dataclass(frozen=True, repr=False, kw_only=True)
class Occupancy(Part):
    """A fitted occupancy model; see :func:`occupancy`.

    Attributes
    ----------
    table : DataFrame
        One row per estimate, in the columns of every part: part, quantity, estimate, low, high, unit, assumption,
        status, reason.
    coefficients : DataFrame
        model ("occurrence" or "recording"), term, estimate (logit), std_error, low, high; empty where an estimate lies
        on its bound.
    facilities : DataFrame
        One row per facility: facility_id, visits, recorded (visits that recorded something), chance_there (given that).
    loglik, aic : float
    clumping : Clumping
        Whether records of one facility come in runs: facilities, seen, expected, p_value.
    misfit : Misfit
        Goodness of fit: statistic, p_value, c_hat, replicates.
    level : float
        Coverage of the intervals.
    """

    coefficients: pd.DataFrame
    facilities: pd.DataFrame
    loglik: float
    aic: float
    clumping: Clumping
    misfit: Misfit
    level: float


def occupancy(
    visits: pd.DataFrame,
    *,
    facility: str = "facility_id",
    found: str = "findings_count",
    period: str | None = None,
    occurrence_by: Sequence[str] = (),
    recording_by: Sequence[str] = (),
    level: float = 0.95,
    replicates: int = 99,
    seed: int = 0,
) -> Occupancy:
    """Estimate at what share of facilities a problem is, and with what chance a visit records it.

    Parameters
    ----------
    visits : DataFrame
        One row per visit to a facility; facilities may have different numbers of visits.
    facility : str
        Column of the facility.
    found : str
        Column of what the visit recorded: findings, or 0 and 1. Above 0 counts as recorded.
    period : str, optional
        Column that orders a facility's visits; without it they are taken in the order of the rows.
    occurrence_by : sequence of str
        Columns, constant within a facility, on which the chance of the problem being there depends (logit).
    recording_by : sequence of str
        Columns on which the chance of recording it depends (logit), such as hours of the visit.
    level : float
        Coverage of the intervals.
    replicates : int
        Of the test of fit; 0 leaves it out.
    seed : int
        Of the test of fit.

    Returns
    -------
    Occupancy

    Raises
    ------
    BadParameter
        If a column is not there, an option cannot be used, or a column of occurrence changes within a facility.
    BadValue
        If a count is negative or not whole.
    NotEstimable
        If no facility was visited twice, nothing was ever recorded, or an estimate runs to infinity.

    Notes
    -----
    Fitted by maximum likelihood. Without terms the intervals are profile-likelihood intervals, which hold where an
    estimate is 0 or 1; with terms they are by the delta method on the logit scale. The chance that a facility never
    cited has the problem takes the fit as known for that facility, and its interval holds how surely the fit is known.

    The test of fit follows MacKenzie and Bailey with the number of records per facility in place of the whole history;
    the order is tested on its own (`clumping`), since runs are what an end to the problem, or to its being seen,
    leaves.

    References
    ----------
    MacKenzie DI, Nichols JD, Lachman GB, Droege S, Royle JA, Langtimm CA. Ecology 2002; 83: 2248-2255. MacKenzie DI,
    Bailey LL. Journal of Agricultural, Biological and Environmental Statistics 2004; 9: 300-318.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.detection.repeat_visits.occupancy import occupancy
    >>> histories = {"a": "101", "b": "010", "c": "000", "d": "000", "e": "110", "f": "000"}
    >>> rows = [(place, int(mark)) for place, marks in histories.items() for mark in marks]
    >>> fit = occupancy(pd.DataFrame(rows, columns=["facility_id", "findings_count"]), replicates=0)
    >>> fit.table["estimate"].round(2).tolist()[:3]
    [0.58, 0.48, 0.5]
    """
    where = "occupancy"
    check_share(level, "level", where)
    check_replicates(replicates, where)
    rows = histories_of(
        visits,
        facility=facility,
        found=found,
        period=period,
        of_facility=list(occurrence_by),
        of_visit=list(recording_by),
        where=where,
    )
    fit = fit_presence(rows, where)
    clumped = clumping(rows)
    checked = misfit(rows, fit, replicates, seed)
    estimates = _estimates(rows, fit, level)
    k = len(rows.sites.names) + len(rows.visits.names)
    table = table_of([*estimates, *_test_rows(clumped, checked, replicates)])
    return Occupancy(
        table=table,
        text=simulated_words(visits) + _text(estimates, rows, clumped, checked) + left_out_words(rows.dropped),
        dropped=rows.dropped,
        notes=_notes(rows, fit, clumped, checked),
        coefficients=_coefficients(rows, fit, level),
        facilities=_facilities(rows, fit),
        loglik=fit.loglik,
        aic=2 * k - 2 * fit.loglik,
        clumping=clumped,
        misfit=checked,
        level=level,
    )


def _estimates(rows: Histories, fit: Presence, level: float) -> list[Estimate]:
    cited = rows.by_site(rows.counts > 0) > 0
    values, limits = _with_terms(rows, fit, level) if _has_terms(rows) else _without_terms(rows, fit, level)
    naive = clopper_pearson(np.array([cited.sum()]), np.array([(~cited).sum()]), level)
    words = {
        "there": "facilities at which the problem is there",
        "recorded": "visits that record it where it is there",
        "naive": "facilities at which any visit recorded it (what a count of cited facilities gives)",
        "missed": "facilities at which it is there and no visit recorded it",
        "unseen": "facilities never cited at which it is there",
    }
    values["naive"] = float(cited.mean())
    limits["naive"] = (float(naive.low[0]), float(naive.high[0]))
    plain = {"naive": "None beyond the visits themselves; it counts a problem that was missed as none."}
    out = []
    for name, quantity in words.items():
        if np.isnan(values[name]):
            out.append(
                Estimate(
                    PART, quantity, unit="share", assumption=ASSUMPTION, status="cannot tell", reason="none of them"
                )
            )
            continue
        reason = "the estimate lies on its bound" if name != "naive" and values[name] >= 1 - 1e-9 else ""
        assumption = plain.get(name, ASSUMPTION)
        out.append(
            Estimate(PART, quantity, values[name], *limits[name], unit="share", assumption=assumption, reason=reason)
        )
    return out


def _has_terms(rows: Histories) -> bool:
    return len(rows.sites.names) + len(rows.visits.names) > 2


def _without_terms(
    rows: Histories, fit: Presence, level: float
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    cited = rows.by_site(rows.counts > 0) > 0
    visits, often = np.unique(rows.times[~cited], return_counts=True)

    def unseen(there: np.ndarray, recorded: np.ndarray) -> np.ndarray:
        total = np.zeros(np.shape(there))
        for times, many in zip(visits, often, strict=True):
            missed = there * (1 - recorded) ** times
            total = total + many * missed / np.maximum(missed + 1 - there, 1e-300)
        return np.asarray(total / max(often.sum(), 1))

    quantities = {
        "there": lambda there, _: np.asarray(there),
        "recorded": lambda _, recorded: np.asarray(recorded),
        "unseen": unseen,
        "missed": lambda there, recorded: unseen(there, recorded) * float((~cited).mean()),
    }
    there, recorded = float(fit.there[0]), float(fit.recorded[0])
    limits = region_limits(rows, (recorded, fit.loglik), quantities, level)
    values = {name: float(of(np.array(there), np.array(recorded))) for name, of in quantities.items()}
    if cited.all():
        values["unseen"] = np.nan
    return values, limits


def _with_terms(
    rows: Histories, fit: Presence, level: float
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    from scipy.special import expit, logit, ndtri

    assert fit.climbed is not None  # noqa: S101 (fit_presence refuses bounds where there are terms)
    cited = rows.by_site(rows.counts > 0) > 0
    at, best = len(rows.sites.names), fit.climbed.estimates

    def quantities(parameters: np.ndarray) -> np.ndarray:
        there = expit(rows.sites.columns @ parameters[:at])
        recorded = expit(rows.visits.columns @ parameters[at:])
        given = Presence(None, 0.0, there, recorded).given_the_visits(rows)
        with np.errstate(invalid="ignore"):
            unseen = given[~cited].sum() / np.float64((~cited).sum())
        return np.array([there.mean(), recorded.mean(), given[~cited].sum() / len(given), unseen])

    values = quantities(best)
    reach = float(ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = 1e-5 * np.eye(len(best))
        slopes = np.array([(logit(quantities(best + s)) - logit(quantities(best - s))) / 2e-5 for s in steps])
        errors = np.sqrt(np.einsum("ij,ik,kj->j", slopes, fit.climbed.covariance, slopes))
        low, high = expit(logit(values) - reach * errors), expit(logit(values) + reach * errors)
    names = ("there", "recorded", "missed", "unseen")
    return (
        dict(zip(names, values.tolist(), strict=True)),
        {name: (float(low[i]), float(high[i])) for i, name in enumerate(names)},
    )


def _coefficients(rows: Histories, fit: Presence, level: float) -> pd.DataFrame:
    names = [("occurrence", name) for name in rows.sites.names] + [("recording", name) for name in rows.visits.names]
    if fit.climbed is None:
        return coefficient_rows([], np.zeros(0), np.zeros((0, 0)), level)
    return coefficient_rows(names, *fit.climbed.given([rows.sites, rows.visits]), level)


def _facilities(rows: Histories, fit: Presence) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "facility_id": pd.Series(rows.facilities, dtype="str"),
            "visits": rows.times,
            "recorded": rows.by_site(rows.counts > 0).astype(int),
            "chance_there": fit.given_the_visits(rows),
        }
    )


def _test_rows(clumped: Clumping, checked: Misfit, replicates: int) -> list[Estimate]:
    order = Estimate(
        PART,
        "p-value: do records of one facility come in runs (one-sided)",
        clumped.p_value,
        unit="p-value",
        assumption="Given how many visits recorded it, every order is equally likely if it is there throughout.",
        status="estimated" if np.isfinite(clumped.p_value) else "cannot tell",
        reason=""
        if np.isfinite(clumped.p_value)
        else "fewer than ten facilities were cited on some visits and not others",
    )
    if not replicates:
        return [order]
    fits = np.isfinite(checked.p_value)
    return [
        order,
        Estimate(
            PART,
            "p-value: are facilities cited as often as the model says",
            checked.p_value,
            unit="p-value",
            assumption="Simulated from the fitted model, which is fitted again to each simulation.",
            status="estimated" if fits else "cannot tell",
            reason="" if fits else "too few simulations could be fitted",
        ),
    ]


def _text(estimates: list[Estimate], rows: Histories, clumped: Clumping, checked: Misfit) -> str:
    there, recorded, naive, missed, unseen = estimates
    ending = (
        f"Of the facilities never cited, {said(unseen)} would have it."
        if unseen.status != "cannot tell"
        else "Every facility was cited at least once."
    )
    doubts = []
    if clumped.p_value < 0.05:
        doubts.append("records of one facility come in runs, which contradicts a problem that is there throughout")
    if checked.p_value < 0.05:
        doubts.append("facilities are cited unequally often in a way the model does not give")
    doubt = f" The visits speak against the model: {'; '.join(doubts)}." if doubts else ""
    return (
        f"{len(rows.site):,} visits to {len(rows.facilities):,} facilities recorded the problem at {said(naive)} of "
        f"them. "
        f"Allowing for what a visit misses, it is there at {said(there)}, and a visit records it with a chance of "
        f"{said(recorded)}; at {said(missed)} it is there and was never recorded. {ending}{doubt} This holds if: "
        f"{ASSUMPTION} {_OFTEN_FAILS}"
    )


def _notes(rows: Histories, fit: Presence, clumped: Clumping, checked: Misfit) -> tuple[str, ...]:
    notes = [_OFTEN_FAILS]
    once = int((rows.times == 1).sum())
    if once:
        notes.append(f"{once:,} facilities were visited once: they add little to telling missed from absent.")
    if not rows.dated:
        notes.append("No column of dates was named: visits were taken in the order of the rows to look for runs.")
    if fit.climbed is None:
        notes.append("An estimate lies on its bound, so coefficients have no errors; intervals are of the likelihood.")
    if checked.c_hat > 1.5:
        notes.append(
            f"c-hat is {checked.c_hat:.2g}: the visits vary more than the model allows, and intervals are too narrow "
            f"by "
            f"about its root. Facilities that are hard to find out make the estimated share too low."
        )
    if clumped.p_value < 0.05:
        notes.append(
            "Runs of records (clumping) say that the problem comes and goes, or that one visit leads to another."
        )
    return tuple(notes)


__all__ = ["Occupancy", "occupancy"]
