"""Models of the time to an event: how its hazard differs with conditions, which may change, and events may recur."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from welfare.stats.duration.asked import as_asked
from welfare.stats.duration.cox.hazard_fit import estimate_hazards
from welfare.stats.duration.cox.hazard_result import DurationModel, model_of


def duration(
    formula: str,
    df: pd.DataFrame,
    *,
    time: str,
    entry: str | None = None,
    strata: str | Sequence[str] | None = None,
    cluster: str | None = None,
    unit: str | None = None,
    ties: str = "efron",
    errors: str | None = None,
) -> DurationModel:
    """Relate the hazard of an event to conditions by Cox's model, fitted by partial likelihood.

    Parameters
    ----------
    formula : str
        ``"event ~ condition + C(system)"``, read as in `wf.count_model`; the outcome is a column of 1 (the row ends
        with the event) and 0. One effect after a bar, ``"event ~ condition | plant"``, makes strata of its levels.
    df : DataFrame
        One row per spell over which conditions hold, as :func:`welfare.stats.duration.spells.spells` makes them. A unit
        has several rows where its conditions change or its events recur.
    time : str
        Column of when the row ends, from where its clock begins, in any one unit (days).
    entry : str, optional
        Column of when the row comes under observation; 0 by default. It is at risk in (entry, time].
    strata : str or sequence of str, optional
        Columns within whose combinations rows are compared, each with a baseline of its own. ``strata="number"``, the
        number of the spell, makes of recurrent events the model of Prentice, Williams and Peterson.
    cluster : str, optional
        Column that says which rows belong together: errors then allow for any dependence among them. `unit` by default.
    unit : str, optional
        Column of whom the rows are of. Spells of one unit that overlap, within a stratum, are refused.
    ties : {"efron", "breslow"}
        How events at one time are treated. Breslow's pulls ratios towards 1 where they are many.
    errors : {"CR0", "CR1", "model"}, optional
        Robust (Lin and Wei), as R's survival has them; the same times G/(G-1); or the model's own. By default CR0 with
        clusters, else the model's. Without clusters, CR0 takes each row as its own.

    Returns
    -------
    DurationModel
        Intervals are 95%: by the normal; with fewer than 40 clusters, Student's t with G - 1 degrees of freedom.

    Raises
    ------
    BadParameter
        If the formula, a column or an option cannot be used, times are dates, or the formula holds code.
    BadValue
        If an event is neither 0 nor 1, a time lies before zero or before its entry, or spells of a unit overlap.
    NotEstimable
        If there is no event, a term does not vary, columns repeat one another among those at risk together, a ratio
        runs to infinity and no row can be left out to mend it, or there is one cluster.

    Notes
    -----
    A ratio is one number for all times: where it moves with time (`check()`), it averages over it. Rows that only an
    infinite ratio could fit (a level without any event) are left out with reason "separated", and named. A condition
    that the event itself brings about (an inspection that follows trouble) has a ratio that says nothing of its effect.
    Conditions between two dates at which they were seen are taken to be those of the row.

    References
    ----------
    Cox DR. Journal of the Royal Statistical Society B 1972; 34: 187-220. Andersen PK, Gill RD. Annals of Statistics
    1982; 10: 1100-1120. Prentice RL, Williams BJ, Peterson AV. Biometrika 1981; 68: 373-379. Lin DY, Wei LJ. Journal of
    the American Statistical Association 1989; 84: 1074-1078. Efron B. Journal of the American Statistical Association
    1977; 72: 557-565. Therneau TM, Grambsch PM. Modeling survival data. Springer, 2000.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.duration.model import duration
    >>> df = pd.DataFrame({"days": [5, 8, 9, 12, 20, 21], "found": [1, 1, 1, 0, 1, 1], "caged": [1, 0, 1, 1, 0, 0]})
    >>> duration("found ~ caged", df, time="days").table["ratio"].round(2).tolist()
    [2.3]
    """
    asked = as_asked(
        formula, time=time, entry=entry, strata=strata, cluster=cluster, unit=unit, ties=ties, errors=errors
    )
    return model_of(estimate_hazards(asked, df), df)
