"""The share with each kind of event by a time, where one kind makes the others impossible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, BadValue, NotEstimable
from welfare.schema.results import simulated_words
from welfare.stats.doubt.sandwich import MANY_CLUSTERS
from welfare.stats.duration.rows import causes_of, check_columns, group_labels, names, timed_rows
from welfare.stats.duration.shares.competing_result import CumulativeIncidence, write_text
from welfare.stats.duration.shares.intervals import NORMAL, check_kind, limits, reach_of
from welfare.stats.duration.shares.jackknife import incidence_variance, watched
from welfare.stats.duration.shares.product_limit import ProductLimit, product_limit

ERRORS = ("greenwood", "jackknife")
_COLUMNS = ["group", "cause", "time", "at_risk", "events", "incidence", "std_error", "low", "high"]

# Words for leaving observation without an event, which people write into the column of events.
_NO_EVENT = {"censored", "censor", "none", "no event", "no", "alive", "false"}


def cumulative_incidence(
    df: pd.DataFrame,
    *,
    time: str,
    event: str,
    entry: str | None = None,
    by: str | Sequence[str] | None = None,
    conf: str = "log-log",
    errors: str = "greenwood",
    cluster: str | None = None,
) -> CumulativeIncidence:
    """Estimate the share that has each kind of event by each time, by Aalen and Johansen.

    Parameters
    ----------
    df : DataFrame
        One row per spell under observation.
    time : str
        Column of when the row ends, from where time begins, in any one unit (days).
    event : str
        Column of which kind of event ended it; missing, empty, 0 or False where none had come (censored).
    entry : str, optional
        Column of when the row comes under observation (delayed entry); 0 by default.
    by : str or sequence of str, optional
        Columns whose combinations are groups.
    conf : {"log-log", "log", "plain"}
        Scale on which the interval of the share without that event (1 - incidence) is symmetric.
    errors : {"greenwood", "jackknife"}
        Of Greenwood's type, as R's etm has them; or the infinitesimal jackknife, as R's survfit.
    cluster : str, optional
        Column that says which rows belong together: the jackknife then sums over them.

    Returns
    -------
    CumulativeIncidence
        `.table` has group, cause, time, at_risk, events, incidence, std_error, low, high.

    Raises
    ------
    BadParameter
        If a column or an option is not known, or times are dates.
    BadValue
        If a time lies before zero or before its entry.
    NotEstimable
        If no row is left, or none ends with an event.

    Notes
    -----
    One less a Kaplan-Meier curve that takes the other kinds for censoring answers another question: how many would have
    this event if the others could not happen, and those they took were like those left. It is never less than the
    share here, and the causes' shares then add up to more than there are rows. A missing event is read as censored,
    since that is how such columns are kept: rows of which it is not known how they ended must be taken out first.

    References
    ----------
    Aalen OO, Johansen S. Scandinavian Journal of Statistics 1978; 5: 141-150. Andersen PK, Borgan O, Gill RD, Keiding
    N. Statistical models based on counting processes. Springer, 1993, section IV.4. Beyersmann J, Allignol A,
    Schumacher M. Competing risks and multistate models with R. Springer, 2012.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.stats.duration.competing import cumulative_incidence
    >>> df = pd.DataFrame({"days": [2, 3, 5, 7], "ended": ["sold", "died", None, "died"]})
    >>> cumulative_incidence(df, time="days", event="ended").one_minus_survival.round(3).to_dict("records")[0]
    {'group': 'all', 'cause': 'died', 'incidence': 0.75, 'one_minus_survival': 1.0}
    """
    check_kind(conf, "cumulative_incidence")
    _check_errors(errors)
    groups_by = names(by)
    check_columns(df, "cumulative_incidence", time=time, event=event, entry=entry, by=groups_by, cluster=cluster)
    ended = causes_of(df[event])
    rows = timed_rows(
        df,
        time=time,
        entry=entry,
        happened=ended.notna().to_numpy(),
        reasons=np.full(len(df), None, dtype=object),
        also=[*groups_by, *names(cluster)],
        where="cumulative_incidence",
    )
    codes, causes = pd.factorize(ended[rows.kept], sort=True)
    _refuse_censoring(causes, event)
    if not len(causes):
        raise NotEstimable(
            "no row ends with an event",
            where="cumulative_incidence(event=)",
            spoiled="Every share would be nothing, and its interval too.",
            todo="Use wf.rate, which gives an upper limit for none.",
        )
    group, labels = group_labels(rows.frame, groups_by)
    within = None if cluster is None else pd.factorize(rows.frame[cluster], sort=True)[0].astype(np.int64)
    kind = "jackknife" if within is not None else errors
    parts, compared = [], []
    for own, label in enumerate(labels):
        here = group == own
        table, against = _one_group(
            rows.entry[here],
            rows.exit[here],
            codes[here],
            list(causes),
            conf,
            kind,
            None if within is None else within[here],
        )
        parts.append(table.assign(group=label))
        compared.append(against.assign(group=label))
    clusters = None if within is None else int(within.max()) + 1
    found = CumulativeIncidence(
        table=pd.concat(parts, ignore_index=True)[_COLUMNS],
        text="",
        dropped=rows.dropped,
        notes=(*rows.notes, *_notes(kind, cluster, clusters, conf)),
        one_minus_survival=pd.concat(compared, ignore_index=True)[
            ["group", "cause", "incidence", "one_minus_survival"]
        ],
        n=len(rows.frame),
        clusters=clusters,
        errors=kind,
        _time=time,
    )
    return replace(found, text=simulated_words(df) + write_text(found, int((codes < 0).sum())))


def _refuse_censoring(causes: pd.Index, event: str) -> None:
    """Refuse a kind of event whose name says that there was none."""
    none = [cause for cause in causes if str(cause).strip().casefold() in _NO_EVENT]
    if none:
        raise BadValue(
            f"a kind of event is called {none[0]!r}",
            where="cumulative_incidence(event=)",
            spoiled="Leaving observation without an event would count as an event, and take the others' share.",
            todo=f"Make {event} missing, empty or 0 where no event came.",
        )


def _check_errors(errors: str) -> None:
    if errors not in ERRORS:
        raise BadParameter(
            f"no kind of errors is called {errors!r}",
            where="cumulative_incidence(errors=)",
            spoiled="Intervals of another kind would be printed under that name.",
            todo=f"Use one of {', '.join(ERRORS)}.",
        )


def _one_group(
    entry: np.ndarray,
    exit_: np.ndarray,
    codes: np.ndarray,
    causes: list[str],
    conf: str,
    errors: str,
    within: np.ndarray | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of one group, and what 1 - Kaplan-Meier gives at its end."""
    curve = product_limit(entry, exit_, codes >= 0)
    own = None if within is None else np.unique(within, return_inverse=True)[1]
    rows = watched(curve, entry, exit_, codes >= 0, own)
    reach = NORMAL if own is None else reach_of(int(own.max()) + 1)
    before = np.concatenate([[1.0], curve.survival[:-1]])
    at = np.searchsorted(curve.time, exit_)
    parts, compared = [], []
    for place, cause in enumerate(causes):
        of_cause = np.bincount(at, codes == place, len(curve.time))
        incidence = np.cumsum(before * of_cause / curve.at_risk)
        if errors == "greenwood":
            variance = greenwood_variance(curve, of_cause, incidence)
        else:
            variance = incidence_variance(curve, of_cause, codes == place, rows)
        std_error = np.sqrt(np.clip(variance, 0, None))
        low, high = limits(1 - incidence, std_error, conf, reach)
        parts.append(
            pd.DataFrame(
                {
                    "cause": cause,
                    "time": curve.time,
                    "at_risk": curve.at_risk.astype(int),
                    "events": of_cause.astype(int),
                    "incidence": incidence,
                    "std_error": std_error,
                    "low": 1 - high,
                    "high": 1 - low,
                }
            )
        )
        alone = 1 - np.cumprod(1 - of_cause / curve.at_risk)[-1]
        compared.append((cause, float(incidence[-1]), float(alone)))
    return pd.concat(parts), pd.DataFrame(compared, columns=["cause", "incidence", "one_minus_survival"])


def greenwood_variance(curve: ProductLimit, of_cause: np.ndarray, incidence: np.ndarray) -> np.ndarray:
    """Return the variance of Greenwood's type of a cumulative incidence, shape (T,).

    Parameters
    ----------
    curve : ProductLimit
        Of all causes together.
    of_cause, incidence : array, shape (T,)
        Events of the cause; its cumulative incidence.

    References
    ----------
    Andersen, Borgan, Gill and Keiding 1993, (4.4.20), and Beyersmann, Allignol and Schumacher 2012, section 4.3.
    """
    left = curve.at_risk - curve.events
    before = np.concatenate([[1.0], curve.survival[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        # Once nobody is left the share no longer changes: the term has no later gap to count in.
        each = np.where(left > 0, curve.events / (curve.at_risk * left), 0.0)
    jump = before * of_cause / curve.at_risk**2
    sums = [np.cumsum(part) for part in (each, incidence * each, incidence**2 * each, jump, incidence * jump)]
    own = np.cumsum(before**2 * (curve.at_risk - of_cause) * of_cause / curve.at_risk**3)
    gaps = incidence**2 * sums[0] - 2 * incidence * sums[1] + sums[2]
    return np.asarray(gaps + own - 2 * (incidence * sums[3] - sums[4]))


def _notes(errors: str, cluster: str | None, clusters: int | None, conf: str) -> list[str]:
    how = "of Greenwood's type" if errors == "greenwood" else "the infinitesimal jackknife's"
    by = "rows standing alone" if cluster is None else f"summed by {cluster}"
    few = clusters is not None and clusters < MANY_CLUSTERS
    reference = "Student's t, with one less than a group's clusters as degrees of freedom" if few else "the normal"
    return [
        f"Errors are {how}, {by}; intervals are symmetric on the {conf} scale of 1 - incidence, by {reference}, and "
        "hold at one time each.",
        "A missing event counts as none having come by then.",
    ]
