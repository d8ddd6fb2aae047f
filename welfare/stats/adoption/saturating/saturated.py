"""Two-way fixed effects with an effect for every cohort and period, as Sun and Abraham have it: a linear model."""

from __future__ import annotations

from welfare.stats.adoption.absorbing.cells import Explained
from welfare.stats.adoption.absorbing.fits import fit_linear
from welfare.stats.adoption.arrays import Adoption
from welfare.stats.adoption.saturating.saturated_design import contrasted, saturated_design


def saturate(adoption: Adoption) -> Explained:
    """Estimate effects by cohort and period in a model with unit and period effects and a dummy for every such cell.

    Each cohort is compared with the controls, from the last period before its treatment on; periods before that are
    cells as well (they should show nothing). Controls are the units never treated; if there is none, the last cohort
    to be treated. Rows from its treatment on are then left out, and cells there are missing: they have no controls.

    Parameters
    ----------
    adoption : Adoption

    Returns
    -------
    Explained
        Cells are those of a cohort other than the controls, with a row, but for the last period before treatment.
        `weight` counts the rows used.

    Raises
    ------
    NotEstimable
        If there are no controls or no cohort beside them, or all rows are of one cluster.

    Notes
    -----
    The model is one of unit and period effects in each cohort by itself, with common slopes of covariates: an effect is
    the change of its cohort since the period before treatment less that of the controls. Units not yet treated are no
    controls. Units of one row say nothing and are left out.

    The covariance is clustered, times G / (G - 1) x (n - 1) / (n - K): K counts cells, periods and covariates; unit
    effects lie within clusters and do not count. It takes the shares of the cohorts in averages as given. Few units in
    a cohort make its errors too small.

    References
    ----------
    Sun L, Abraham S. Estimating dynamic treatment effects in event studies with heterogeneous treatment effects.
    Journal of Econometrics 2021; 225: 175-199.
    """
    design = saturated_design(adoption)
    return contrasted(adoption, design, fit_linear(design.model, adoption.outcome[design.rows]))
