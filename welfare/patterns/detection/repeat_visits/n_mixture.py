"""How many there were to find, from how many each of several visits found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.columns import check_share
from welfare.patterns.detection.design import Climbed, climb, coefficient_rows
from welfare.patterns.detection.estimates import Estimate, Part, said, table_of
from welfare.patterns.detection.repeat_visits.abundance import FAMILIES, Abundance, Likelihood
from welfare.patterns.detection.repeat_visits.histories import Histories, histories_of
from welfare.schema.results import simulated_words
from welfare.stats.rates.words import left_out_words

PART = "n-mixture"
ASSUMPTION = (
    "The number there to find at a facility is the same on all its visits; each visit finds each of them independently "
    "with one chance, and none twice; numbers differ between facilities as the family says."
)
_UNSURE = (
    "Such models are known to be fragile: counts alone can hardly tell many that are seldom found from few that are "
    "often "
    "found, and small departures (one finding that brings the next, two counts of one thing) move the estimate far. "
    "Read the number as the order of what is missed, and not without the occupancy estimate beside it."
)
_STEADY = 1e-4  # by how much of itself an estimate may change with twice the K
_ROOM = 100
_CELLS = 30_000_000  # visits times numbers summed over: about a quarter of a gigabyte


@dataclass(frozen=True, repr=False, kw_only=True)
class NMixture(Part):
    """A fitted N-mixture model; see :func:`n_mixture`.

    Attributes
    ----------
    table : DataFrame
        One row per estimate, in the columns of every part.
    coefficients : DataFrame
        model ("abundance" log, "recording" logit, "family": log theta, or the logit of the share without any), term,
        estimate, std_error, low, high.
    facilities : DataFrame
        One row per facility: facility_id, visits, most_found (on one visit), expected_there (given its counts).
    loglik, aic : float
    most : int
        The largest number summed over (K).
    family : str
    level : float
        Coverage of the intervals.
    """

    coefficients: pd.DataFrame
    facilities: pd.DataFrame
    loglik: float
    aic: float
    most: int
    family: str
    level: float


def n_mixture(
    visits: pd.DataFrame,
    *,
    facility: str = "facility_id",
    found: str = "findings_count",
    abundance_by: Sequence[str] = (),
    recording_by: Sequence[str] = (),
    family: str = "poisson",
    most: int | None = None,
    level: float = 0.95,
) -> NMixture:
    """Estimate how many there were to find at a facility, and what share of them a visit finds.

    Parameters
    ----------
    visits : DataFrame
        One row per visit to a facility.
    facility : str
        Column of the facility.
    found : str
        Column of how many the visit found: whole numbers, 0 or more.
    abundance_by : sequence of str
        Columns, constant within a facility, on which the mean number there depends (log).
    recording_by : sequence of str
        Columns on which the share found depends (logit).
    family : {"poisson", "negative_binomial", "zero_inflated"}
        How numbers differ between facilities; the last is Poisson with a share of facilities that have none.
    most : int, optional
        The largest number at one facility to sum over (K). By default 100 above the largest count, and more until
        the estimates stand still.
    level : float
        Coverage of the intervals.

    Returns
    -------
    NMixture

    Raises
    ------
    BadParameter
        If a column is not there, an option cannot be used, or `most` is so small that the estimates depend on it.
    BadValue
        If a count is negative or not whole.
    NotEstimable
        If no facility was visited twice, nothing was found, the visits to a facility agree no better than those to
        different ones, or the estimates grow with `most` without end.

    Notes
    -----
    Fitted by maximum likelihood; intervals are normal on the log and logit scales. Each fit is made again with twice
    the `most`, and refused where an estimate moves by more than a ten-thousandth: a likelihood that rises towards an
    infinite number there and a share of 0 found otherwise stops where `most` stops it. That it does so when counts of
    one facility are not positively correlated is looked at first (Dennis, Morgan & Ridout 2015).

    References
    ----------
    Royle JA. Biometrics 2004; 60: 108-115. Dennis EB, Morgan BJT, Ridout MS. Biometrics 2015; 71: 237-246. Barker RJ,
    Schofield MR, Link WA, Sauer JR. Biometrics 2018; 74: 369-377. Kery M. Ecology 2018; 99: 281-288.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from welfare.patterns.detection.repeat_visits.n_mixture import n_mixture
    >>> rng = np.random.default_rng(0)
    >>> there = rng.poisson(4, 150)  # at each of 150 facilities, of which each of four visits finds half
    >>> found = rng.binomial(there[:, None], 0.5, (150, 4)).ravel()
    >>> fit = n_mixture(pd.DataFrame({"facility_id": np.repeat(np.arange(150), 4), "findings_count": found}))
    >>> fit.table["estimate"].round(1).tolist()[:2]
    [4.0, 0.5]
    """
    where = "n_mixture"
    _check_options(family, most, level, where)
    rows = histories_of(
        visits,
        facility=facility,
        found=found,
        period=None,
        of_facility=list(abundance_by),
        of_visit=list(recording_by),
        where=where,
    )
    _refuse_unrelated(rows, where)
    likelihood, climbed = _settled(rows, family, most, where)
    coefficients = _coefficients(rows, climbed, family, level)
    _, given = likelihood.numbers_there(climbed.estimates)
    expected = given @ np.arange(likelihood.model.most + 1.0)
    estimates = _estimates(rows, likelihood, climbed, expected, level)
    largest = np.zeros(len(rows.facilities))
    np.maximum.at(largest, rows.site, rows.counts)
    return NMixture(
        table=table_of(estimates),
        text=simulated_words(visits) + _text(rows, estimates, family) + left_out_words(rows.dropped),
        dropped=rows.dropped,
        notes=_notes(family, likelihood.model.most, climbed),
        coefficients=coefficients,
        facilities=pd.DataFrame(
            {
                "facility_id": pd.Series(rows.facilities, dtype="str"),
                "visits": rows.times,
                "most_found": largest.astype(int),
                "expected_there": expected,
            }
        ),
        loglik=climbed.loglik,
        aic=2 * likelihood.model.width - 2 * climbed.loglik,
        most=likelihood.model.most,
        family=family,
        level=level,
    )


def _check_options(family: str, most: int | None, level: float, where: str) -> None:
    check_share(level, "level", where)
    if family not in FAMILIES:
        raise BadParameter(
            f"no family is called {family!r}", where=f"{where}(family=)", todo=f"Use one of {', '.join(FAMILIES)}."
        )
    if most is not None and (isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 1):
        raise BadParameter(
            f"most is {most!r}, not a whole number above 0", where=f"{where}(most=)", todo="Give a count."
        )


def _refuse_unrelated(rows: Histories, where: str) -> None:
    """Refuse counts of which those of one facility are no more alike than those of different ones."""
    if not rows.counts.any():
        raise NotEstimable(
            "no visit found anything",
            where=where,
            spoiled="None there, and many never found, would fit equally well.",
            todo="Say how many visits found nothing; what they missed cannot be told from them.",
        )
    if len(rows.visits.names) > 1:
        return
    # Moments of pairs of visits to one facility, about the mean of all of them.
    times = rows.times[rows.site]
    repeated = times > 1
    each = (rows.counts - rows.counts[repeated].mean()) * repeated
    pairs = (rows.by_site(each) ** 2 - rows.by_site(each**2)) / np.maximum(rows.times - 1, 1)
    if pairs.sum() <= 0:
        raise NotEstimable(
            "visits to one facility find no more alike numbers than visits to different ones",
            where=where,
            spoiled="The likelihood rises towards infinitely many there of which almost none is found.",
            todo="Use the counts as rates; what was missed cannot be told from them.",
        )


def _settled(rows: Histories, family: str, most: int | None, where: str) -> tuple[Likelihood, Climbed]:
    """Return the fit whose estimates twice the K leaves where they are."""
    largest = int(rows.counts.max())
    if most is not None and most <= largest:
        raise BadParameter(
            f"most is {most}, and one visit found {largest}",
            where=f"{where}(most=)",
            spoiled="The number there cannot be below what was found.",
            todo=f"Give {largest + _ROOM} or more.",
        )
    now = largest + _ROOM if most is None else int(most)
    if 2 * now * len(rows.site) > _CELLS:
        raise NotEstimable(
            f"summing up to {2 * now:,} over {len(rows.site):,} visits takes more memory than a fit may",
            where=where,
            spoiled="Whether the estimates depend on where the sum is cut off could not be looked at.",
            todo="Use the occupancy model, or leave out the facilities with the largest counts and say so.",
        )
    likelihood, fit = _fitted(rows, family, now, None, where)
    while 2 * now * len(rows.site) <= _CELLS:
        wider, again = _fitted(rows, family, 2 * now, fit.estimates, where)
        if np.allclose(again.estimates, fit.estimates, rtol=0, atol=_STEADY):
            return likelihood, fit
        if most is not None:
            raise BadParameter(
                f"the estimates still change between most={now} and most={2 * now}",
                where=f"{where}(most=)",
                spoiled="They would say where the sum was cut off, not what is there.",
                todo="Give a larger number, or leave it out to have one found.",
            )
        now, likelihood, fit = 2 * now, wider, again
        if now > 16 * (largest + _ROOM):
            break
    raise NotEstimable(
        f"the estimates grow with the largest number summed over, up to {now:,}, without end",
        where=where,
        spoiled="They would say where the sum was cut off, not what is there.",
        todo="Use family='poisson', fewer terms, or the occupancy model.",
    )


def _fitted(
    rows: Histories, family: str, most: int, start: np.ndarray | None, where: str
) -> tuple[Likelihood, Climbed]:
    likelihood = Abundance(rows, family, most).prepared()
    if start is None:
        start = np.zeros(likelihood.model.width)
        # As if half were found.
        start[0] = np.log(2 * rows.counts.mean()) * np.sign(rows.sites.columns[0, 0])
        if family == "zero_inflated":
            start[-1] = -1.0
    todo = "Use family='poisson' or fewer terms; counts without spread between facilities carry no more."
    return likelihood, climb(likelihood, start, len(rows.facilities), where, todo)


def _coefficients(rows: Histories, climbed: Climbed, family: str, level: float) -> pd.DataFrame:
    names = [("abundance", name) for name in rows.sites.names] + [("recording", name) for name in rows.visits.names]
    extra = {"negative_binomial": "log theta", "zero_inflated": "logit of the share without any"}.get(family)
    names += [("family", extra)] if extra else []
    return coefficient_rows(names, *climbed.given([rows.sites, rows.visits], int(extra is not None)), level)


def _estimates(
    rows: Histories, likelihood: Likelihood, climbed: Climbed, expected: np.ndarray, level: float
) -> list[Estimate]:
    from scipy.special import expit, ndtri

    def quantities(parameters: np.ndarray) -> np.ndarray:
        means, found = likelihood.chances(parameters)
        some = 1 - expit(parameters[-1]) if likelihood.model.family == "zero_inflated" else 1.0
        share = expit(found).mean()
        return np.array([np.log(some * np.exp(means).mean()), np.log(share / (1 - share))])

    best = climbed.estimates
    slopes = np.array([(quantities(best + s) - quantities(best - s)) / 2e-5 for s in 1e-5 * np.eye(len(best))])
    reach = float(ndtri((1 + level) / 2)) * np.sqrt(np.einsum("ij,ik,kj->j", slopes, climbed.covariance, slopes))
    middle = quantities(best)
    low, high = middle - reach, middle + reach
    largest = np.zeros(len(rows.facilities))
    np.maximum.at(largest, rows.site, rows.counts)
    return [
        Estimate(
            PART,
            "number there to find at a facility, on average",
            float(np.exp(middle[0])),
            float(np.exp(low[0])),
            float(np.exp(high[0])),
            unit="per facility",
            assumption=ASSUMPTION,
        ),
        Estimate(
            PART,
            "of what is there, found by one visit",
            float(expit(middle[1])),
            float(expit(low[1])),
            float(expit(high[1])),
            unit="share",
            assumption=ASSUMPTION,
        ),
        Estimate(
            PART,
            "there at these facilities beyond the largest number that one visit found",
            float((expected - largest).sum()),
            unit="in all",
            assumption=ASSUMPTION,
            reason="no interval: given the fit, which its own interval leaves this wide open",
        ),
    ]


def _text(rows: Histories, estimates: list[Estimate], family: str) -> str:
    number, share, beyond = estimates
    kind = {"poisson": "Poisson", "negative_binomial": "negative binomial", "zero_inflated": "zero-inflated Poisson"}
    return (
        f"{len(rows.site):,} visits to {len(rows.facilities):,} facilities found {rows.counts.sum():,.0f} in all. By "
        f"an "
        f"N-mixture model ({kind[family]}) there were {said(number)} to find at a facility on average, and one visit "
        f"finds {said(share)} of them; beyond the largest number that one visit found, {said(beyond)} would be there. "
        f"This holds if: {ASSUMPTION} {_UNSURE}"
    )


def _notes(family: str, most: int, climbed: Climbed) -> tuple[str, ...]:
    notes = [
        _UNSURE,
        f"Numbers up to {most:,} were summed over (K); twice as many leave every estimate where it is.",
    ]
    if family == "negative_binomial":
        notes.append(
            "Negative-binomial numbers there fit many data sets as well as others that say something else (Kery 2018): "
            "compare the AIC of the Poisson fit, and distrust a share found near 0."
        )
        if climbed.estimates[-1] > 6:
            notes.append("Theta is so large that this is the Poisson fit.")
    return tuple(notes)


__all__ = ["NMixture", "n_mixture"]
