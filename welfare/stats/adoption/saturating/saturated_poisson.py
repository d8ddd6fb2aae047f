"""The saturated model of cohorts and periods for counts: effects are logarithms of ratios of rates."""

from __future__ import annotations

import numpy as np

from welfare.errors import BadValue
from welfare.stats.adoption.absorbing.cells import Explained
from welfare.stats.adoption.absorbing.fits import fit_poisson
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.saturating.saturated_design import contrasted, saturated_design

Array = np.ndarray


def saturate_poisson(adoption: Adoption) -> Explained:
    """Estimate ratios by cohort and period in a Poisson model with unit and period effects and a dummy for every cell.

    As :func:`welfare.stats.adoption.saturating.saturated.saturate`, with a log link: controls, cells and errors are
    chosen alike. Had it not been for treatment, the rates of a cohort and of the controls would have moved by one
    factor.

    Parameters
    ----------
    adoption : Adoption
        With counts, or averages of 0 or more, as outcomes; the logarithm of the exposure is an offset.

    Returns
    -------
    Explained
        `estimate` holds logarithms of ratios.

    Raises
    ------
    BadValue
        If an outcome is below 0, or an exposure not above 0.
    NotEstimable
        As `saturate`; if a covariate varies among rows without events alone; or if the fit does not settle.

    Notes
    -----
    Units without any event say nothing of ratios and are left out, which changes no estimate; so are other rows that
    could be fitted with an effect at infinity. A cell without events has no finite ratio: it is missing. If a cohort
    has no event in the period before its treatment, all its cells are. Averages over the others then lean towards
    higher ratios.

    References
    ----------
    Sun L, Abraham S. Journal of Econometrics 2021; 225: 175-199. Wooldridge JM. Simple approaches to nonlinear
    difference-in-differences with panel data. Econometrics Journal 2023; 26: C31-C66.
    """
    offset = log_exposure(adoption)
    design = saturated_design(adoption, adoption.outcome)
    return contrasted(adoption, design, fit_poisson(design.model, adoption.outcome[design.rows], offset[design.rows]))


def log_exposure(adoption: Adoption) -> Array:
    """Return the logarithm of the exposure by row, 0 where there is none, once counts and exposures are as they should.

    Raises
    ------
    BadValue
        If an outcome is below 0, or an exposure not above 0.
    """
    if (adoption.outcome < 0).any():
        raise BadValue(
            f"{int((adoption.outcome < 0).sum()):,} outcomes are below 0",
            where="event_study(family='poisson')",
            spoiled="Counts cannot be.",
            todo="Use family='gaussian' for differences of a measure.",
        )
    if adoption.exposure is None:
        return np.zeros(len(adoption.outcome))
    if not (adoption.exposure > 0).all():
        raise BadValue(
            f"{int((~(adoption.exposure > 0)).sum()):,} exposures are not above 0",
            where="event_study(family='poisson')",
            spoiled="A rate has no meaning without something it is a rate of.",
            todo="Leave those rows out.",
        )
    return np.log(adoption.exposure)
