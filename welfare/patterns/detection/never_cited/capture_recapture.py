"""How many facilities with the problem were never cited, from those cited once, twice and more often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.detection.columns import check_share
from welfare.patterns.detection.design import coefficient_rows, terms_of
from welfare.patterns.detection.estimates import CANNOT_TELL, LOWER_BOUND, Estimate, Part, said, table_of
from welfare.patterns.detection.never_cited.chao import chao_bound
from welfare.patterns.detection.never_cited.citations import Citations, Repeats, citations_of, repeats_of
from welfare.patterns.detection.never_cited.truncated import Truncated, fit_truncated
from welfare.schema.results import simulated_words
from welfare.stats.rates.words import left_out_words

CHAO, ZERO_TRUNCATED = "chao lower bound", "zero-truncated"
CHAO_ASSUMPTION = (
    "Citations of one facility come independently of one another, at a rate of its own (Poisson, or binomial over its "
    "visits) that may differ from facility to facility: then it is a lower bound. It is none if a citation brings the "
    "next one closer (follow-up visits), or if a facility can be cited once only."
)
TRUNCATED_ASSUMPTION = (
    "Citations of one facility come independently at a rate that is the same for facilities alike in the terms "
    "({kind}). Facilities that differ beyond that, the hard to find out among them, make the estimate too low; "
    "citations that bring further ones make it wrong either way."
)
_KINDS = {
    "poisson": "Poisson",
    "negative_binomial": "negative binomial: rates differ by a gamma distribution",
    "binomial": "binomial: each visit cites with one chance",
}


@dataclass(frozen=True, repr=False, kw_only=True)
class CaptureRecapture(Part):
    """How many facilities with the problem were never cited; see :func:`capture_recapture`.

    Attributes
    ----------
    table : DataFrame
        One row per estimate, in the columns of every part.
    cited, never_cited : int
        Facilities cited at all, and visited but never cited.
    once, twice : int
        Facilities cited exactly once and exactly twice.
    coefficients : DataFrame
        Of the zero-truncated models that could be fitted: model, term, estimate (log), std_error, low, high.
    fits : DataFrame
        One row per such model: family, loglik, aic, total, std_error, theta.
    level : float
    """

    cited: int
    never_cited: int
    once: int
    twice: int
    coefficients: pd.DataFrame
    fits: pd.DataFrame
    level: float


def capture_recapture(
    visits: pd.DataFrame,
    *,
    facility: str = "facility_id",
    found: str = "findings_count",
    by: Sequence[str] = (),
    count: str = "visits",
    families: Sequence[str] | None = None,
    corrected: bool = True,
    level: float = 0.95,
) -> CaptureRecapture:
    """Estimate how many facilities with the problem inspection has never cited.

    Parameters
    ----------
    visits : DataFrame
        One row per visit; visits that found nothing may be there or not.
    facility, found : str
        Columns: the facility, and how many findings (or 0 and 1).
    by : sequence of str
        Columns of the facility on which its rate of citations depends, in the zero-truncated models.
    count : {"visits", "findings"}
        What counts as a citation: a visit that found anything, or each finding. Findings of one visit come together,
        which breaks the assumption, so visits are the default.
    families : sequence of {"poisson", "negative_binomial", "binomial"}, optional
        Zero-truncated models to fit; none with ``()``. By default the binomial where visits that found nothing are in
        the file, so that it is known how often each facility could have been cited; else the two others.
    corrected : bool
        Chao's bound with its correction for bias.
    level : float
        Coverage of the intervals.

    Returns
    -------
    CaptureRecapture

    Raises
    ------
    BadParameter
        If a column is not there, an option cannot be used, or a column of `by` changes within a facility.
    BadValue
        If a count is negative or not whole.
    NotEstimable
        If no facility was ever cited. A model that cannot be fitted is a row "cannot tell".

    Notes
    -----
    Where the file holds visits that found nothing, a facility can be cited on at most as many visits as it had: Chao's
    bound is reduced for that ((t - 1) / t where all had t visits), and rests on facilities visited at least twice; the
    zero-truncated models then hold a chance (binomial) or a rate per visit. Estimates are of facilities that *could* be
    cited: that have the problem at some time. They use only those cited; that facilities never cited are in the file
    serves as a check, since there cannot be more missed than were never cited if every facility was visited.

    The zero-truncated negative binomial often lies on a bound: with theta towards 0 the number never cited grows
    without end. It is then refused, not reported (Cruyff & van der Heijden 2008).

    References
    ----------
    Chao A. Biometrics 1987; 43: 783-791. van der Heijden PGM, Bustami R, Cruyff MJLF, Engbersen G, van Houwelingen HC.
    Statistical Modelling 2003; 3: 305-322. Cruyff MJLF, van der Heijden PGM. Biometrical Journal 2008; 50: 1035-1050.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.detection.never_cited.capture_recapture import capture_recapture
    >>> times = [1] * 40 + [2] * 15 + [3] * 5
    >>> rows = [(place, 1) for place, many in enumerate(times) for _ in range(many)]
    >>> found = capture_recapture(pd.DataFrame(rows, columns=["facility_id", "findings_count"]), families=())
    >>> round(found.table["estimate"][0])  # 40 * 39 / (2 * 16) never cited, at least
    49
    """
    where = "capture_recapture"
    check_share(level, "level", where)
    if isinstance(families, str) or any(family not in _KINDS for family in families or ()):
        raise BadParameter(
            f"families are {families!r}", where=f"{where}(families=)", todo=f"Use some of {', '.join(_KINDS)}."
        )
    counted = citations_of(visits, facility=facility, found=found, by=list(by), count=count, where=where)
    repeats = repeats_of(counted, count)
    estimates = [_chao(counted, repeats, corrected=corrected, level=level)]
    fits: dict[str, Truncated] = {}
    if families is None:
        families = ("binomial",) if repeats.bounded else ("poisson", "negative_binomial")
    for family in families:
        try:
            fits[family] = _fit(counted, list(by), family, per_visit=repeats.bounded, where=where)
            estimates.append(_truncated(counted, fits[family], family, level))
        except NotEstimable as failure:
            estimates.append(_cannot(family, failure.what))
    return CaptureRecapture(
        table=table_of(estimates),
        text=simulated_words(visits) + _text(counted, repeats, estimates, count) + left_out_words(counted.dropped),
        dropped=counted.dropped,
        notes=_notes(counted, repeats, estimates, count),
        cited=len(counted.cited),
        never_cited=counted.never,
        once=repeats.once,
        twice=repeats.twice,
        coefficients=_coefficients(fits, level),
        fits=_fits(fits),
        level=level,
    )


def _chao(counted: Citations, repeats: Repeats, *, corrected: bool, level: float) -> Estimate:
    seen = repeats.seen
    bound = chao_bound(seen, repeats.once, repeats.twice, level=level, corrected=corrected, factor=repeats.factor)
    what = "facilities never cited that have the problem, at least"
    if not np.isfinite(bound.total):
        return Estimate(
            CHAO, what, unit="facilities", assumption=CHAO_ASSUMPTION, status=CANNOT_TELL, reason="none was cited twice"
        )
    return Estimate(
        CHAO,
        what,
        bound.total - seen,
        bound.low - seen,
        bound.high - seen,
        unit="facilities",
        assumption=CHAO_ASSUMPTION,
        status=LOWER_BOUND,
        reason=_beyond(counted, bound.low - seen),
    )


def _fit(counted: Citations, by: list[str], family: str, *, per_visit: bool, where: str) -> Truncated:
    cited = counted.cited
    terms = terms_of(cited, by, where)
    if family == "binomial" and not per_visit:
        raise NotEstimable(
            "how many visits each facility had is not known",
            where=where,
            spoiled="The chance of a citation would be of an unknown number of visits.",
            todo="Bring the visits that found nothing too, and count visits.",
        )
    over = cited["visits"].to_numpy(dtype=float) if per_visit else np.ones(len(cited))
    return fit_truncated(cited["times"].to_numpy(dtype=float), terms, over, family, where)


def _truncated(counted: Citations, fit: Truncated, family: str, level: float) -> Estimate:
    from scipy.special import ndtri

    seen = len(fit.chance)
    more = fit.total - seen
    spread = np.exp(float(ndtri((1 + level) / 2)) * np.sqrt(np.log1p((fit.std_error / more) ** 2)))
    return Estimate(
        ZERO_TRUNCATED,
        f"facilities never cited that have the problem ({_KINDS[family].split(':')[0]})",
        more,
        more / spread,
        more * spread,
        unit="facilities",
        assumption=TRUNCATED_ASSUMPTION.format(kind=_KINDS[family]),
        reason=_beyond(counted, more / spread),
    )


def _beyond(counted: Citations, low: float) -> str:
    """Say that more are estimated to be missed than were never cited, where the file holds visits without a finding."""
    if counted.never and low > counted.never:
        return f"more than the {counted.never:,} visited and never cited: the assumption fails, or not all were visited"
    return ""


def _cannot(family: str, why: str) -> Estimate:
    return Estimate(
        ZERO_TRUNCATED,
        f"facilities never cited that have the problem ({_KINDS[family].split(':')[0]})",
        unit="facilities",
        assumption=TRUNCATED_ASSUMPTION.format(kind=_KINDS[family]),
        status=CANNOT_TELL,
        reason=why,
    )


def _coefficients(fits: dict[str, Truncated], level: float) -> pd.DataFrame:
    tables = [coefficient_rows([], np.zeros(0), np.zeros((0, 0)), level)] if not fits else []
    for family, fit in fits.items():
        wide = int(family == "negative_binomial")
        names = [(family, name) for name in fit.terms.names] + [(family, "log theta")] * wide
        tables.append(coefficient_rows(names, *fit.climbed.given([fit.terms], wide), level))
    return pd.concat(tables, ignore_index=True)


def _fits(fits: dict[str, Truncated]) -> pd.DataFrame:
    rows = [
        {
            "family": family,
            "loglik": fit.climbed.loglik,
            "aic": 2 * len(fit.climbed.estimates) - 2 * fit.climbed.loglik,
            "total": fit.total,
            "std_error": fit.std_error,
            "theta": np.nan if fit.theta is None else fit.theta,
        }
        for family, fit in fits.items()
    ]
    return pd.DataFrame(rows, columns=["family", "loglik", "aic", "total", "std_error", "theta"])


def _text(counted: Citations, repeats: Repeats, estimates: list[Estimate], count: str) -> str:
    bound = estimates[0]
    what = "visits that cited it" if count == "visits" else "findings"
    of = "of those visited at least twice" if repeats.bounded else "of them"
    opening = (
        f"{len(counted.cited):,} facilities were cited, {repeats.once:,} {of} once and {repeats.twice:,} twice "
        f"(counted in {what}); "
        f"{counted.never:,} were visited and never cited. "
    )
    if bound.status == CANNOT_TELL:
        found = f"At least how many more have the problem cannot be told: {bound.reason}. "
    else:
        beyond = f" That is {bound.reason}." if bound.reason else ""
        found = f"At least about {said(bound)} more have it and were never cited, by Chao's lower bound.{beyond} "
    others = [
        f"The {estimate.quantity.split('(')[-1].rstrip(')')} model for counts without zeros puts it at "
        f"{said(estimate)}. "
        for estimate in estimates[1:]
        if estimate.status != CANNOT_TELL
    ]
    refused = [f"{estimate.quantity.split('(')[-1].rstrip(')')}: {estimate.reason}" for estimate in estimates[1:]]
    refused = [words for words, estimate in zip(refused, estimates[1:], strict=True) if estimate.status == CANNOT_TELL]
    ending = f" Cannot tell by other models: {'; '.join(refused)}." if refused else ""
    return f"{opening}{found}{''.join(others)}This holds if: {CHAO_ASSUMPTION}{ending}"


def _notes(counted: Citations, repeats: Repeats, estimates: list[Estimate], count: str) -> tuple[str, ...]:
    notes = ["Which facilities they are cannot be said: only how many, and at least."]
    if count == "findings":
        notes.append(
            "Findings of one visit come together: each was counted, which makes the bound too low or too high."
        )
    if not counted.never:
        notes.append(
            "The file holds no facility that was visited and never cited: the bound cannot be checked against it."
        )
    if repeats.bounded:
        notes.append(
            f"No facility can be cited on more visits than it had: the bound is {repeats.factor:.2f} times what it "
            f"would be "
            "without that. It is of facilities visited at least twice, the zero-truncated model of all."
        )
    if estimates[0].estimate < 0.5:
        notes.append("Hardly any facility was cited once only: the bound is near none, which is not proof of none.")
    return tuple(notes)


__all__ = ["CaptureRecapture", "capture_recapture"]
