"""The likelihood of an occupancy model: a problem is there or not, and each visit may miss it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from welfare.errors import NotEstimable
from welfare.patterns.detection.design import Climbed, climb
from welfare.patterns.detection.repeat_visits.histories import Histories


@dataclass(frozen=True)
class Presence:
    """A fitted occupancy model; n visits, R facilities.

    Attributes
    ----------
    climbed : Climbed or None
        Coefficients on orthogonal columns; None where an estimate lies on its bound.
    loglik : float
    there : array, shape (R,)
        Chance that the problem is at each facility, before looking.
    recorded : array, shape (n,)
        Chance that each visit records it where it is there.
    """

    climbed: Climbed | None
    loglik: float
    there: np.ndarray
    recorded: np.ndarray

    def given_the_visits(self, rows: Histories) -> np.ndarray:
        """Return the chance that the problem is at each facility given what its visits recorded, shape (R,)."""
        missed = np.exp(rows.by_site(np.log1p(-np.minimum(self.recorded, 1 - 1e-15))))
        unseen = self.there * missed / (self.there * missed + 1 - self.there)
        return np.where(rows.by_site(rows.counts > 0) > 0, 1.0, unseen)


def fit_presence(rows: Histories, where: str) -> Presence:
    """Fit by maximum likelihood; without terms, estimates on their bounds are found exactly.

    Parameters
    ----------
    rows : Histories
    where : str
        For errors.

    Raises
    ------
    NotEstimable
        If nothing was ever recorded, or with terms an estimate runs to a bound.
    """
    seen = rows.counts > 0
    if not seen.any():
        raise NotEstimable(
            "no visit recorded anything",
            where=where,
            spoiled="Nowhere there, and everywhere missed, would fit equally well.",
            todo="Say how many visits found nothing; what they missed cannot be told from them.",
        )
    plain = len(rows.sites.names) == len(rows.visits.names) == 1
    if plain:
        bound = _on_a_bound(rows, seen)
        if bound is not None:
            return bound
    likelihood = _Likelihood(rows, seen)
    start = np.zeros(len(rows.sites.names) + len(rows.visits.names))
    cited = float((rows.by_site(seen) > 0).mean())
    # The sign of an orthogonal constant is not ours to choose.
    start[0] = _logit(min(cited * 1.1, 0.95)) * np.sign(rows.sites.columns[0, 0])
    at = len(rows.sites.names)
    start[at] = _logit(min(max(float(seen.mean()) / max(cited, 0.05), 0.05), 0.95)) * np.sign(rows.visits.columns[0, 0])
    todo = "Use fewer terms, or join levels of which every facility, or none, was cited."
    climbed = climb(likelihood, start, len(rows.facilities), where, todo)
    there, recorded = likelihood.chances(climbed.estimates)
    if not plain and (there.max() > 1 - 1e-9 or recorded.max() > 1 - 1e-9):
        raise NotEstimable(
            "for some facilities or visits an estimated chance is 1",
            where=where,
            spoiled="Its coefficient runs to infinity, and its interval would be without meaning.",
            todo=todo,
        )
    return Presence(climbed, climbed.loglik, there, recorded)


def _on_a_bound(rows: Histories, seen: np.ndarray) -> Presence | None:
    """Return the fit where a problem is never missed, or is everywhere; None where both chances lie inside."""
    detections = rows.by_site(seen)
    cited = detections > 0
    if detections.sum() == rows.times[cited].sum():
        share = float(cited.mean())
        loglik = float(cited.sum() * np.log(share) + ((~cited).sum() * np.log1p(-share) if share < 1 else 0.0))
        return Presence(None, loglik, np.full(len(cited), share), np.ones(len(seen)))
    chance = float(seen.mean())
    missed = (1 - chance) ** rows.times[~cited]
    # The slope of the log likelihood in the share, where that is 1: not falling there, it has its maximum there.
    if cited.sum() + float(np.sum(1 - 1 / missed)) >= 0:
        loglik = float(seen.sum() * np.log(chance) + (~seen).sum() * np.log1p(-chance))
        return Presence(None, loglik, np.ones(len(cited)), np.full(len(seen), chance))
    return None


@dataclass(frozen=True)
class _Likelihood:
    rows: Histories
    seen: np.ndarray

    def _linear(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = len(self.rows.sites.names)
        return self.rows.sites.columns @ parameters[:at], self.rows.visits.columns @ parameters[at:]

    def chances(self, parameters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the chance of being there by facility, and of being recorded by visit."""
        from scipy.special import expit

        there, recorded = self._linear(parameters)
        return expit(there), expit(recorded)

    def __call__(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        from scipy.special import expit, log_expit

        rows, seen = self.rows, self.seen
        there, recorded = self._linear(parameters)
        of_visits = rows.by_site(np.where(seen, log_expit(recorded), log_expit(-recorded)))
        with_it = log_expit(there) + of_visits
        cited = rows.by_site(seen) > 0
        each = np.where(cited, with_it, np.logaddexp(with_it, log_expit(-there)))
        weight = np.where(cited, 1.0, np.exp(with_it - each))
        slope = np.concatenate(
            [
                rows.sites.columns.T @ (weight - expit(there)),
                rows.visits.columns.T @ (weight[rows.site] * (seen - expit(recorded))),
            ]
        )
        return float(each.sum()), slope


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


__all__ = ["Presence", "fit_presence"]
