"""Which facility changed between two periods: the ratio of two ratios, exact given the events of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.errors import BadParameter, NotEstimable
from welfare.patterns.profiles.options import check_caution, check_numbers, check_spread, is_number
from welfare.patterns.profiles.periods.reading import Periods, read_periods
from welfare.patterns.profiles.profile import profile
from welfare.patterns.profiles.result import Profile
from welfare.schema.results import Result, count_reasons, simulated_words
from welfare.stats.rates.ratio import ratio_limits

_FEWEST = 3
_FLAGS = {"above": "rose", "below": "fell", "": ""}


@dataclass(frozen=True, repr=False, kw_only=True)
class Change(Result):
    """Facilities' changes between two periods; see :func:`profile_change`.

    Attributes
    ----------
    table : DataFrame
        One row per facility, in order: facility_id, observed_before, expected_before, observed_after, expected_after,
        change (ratio after over ratio before; infinite where there was nothing before), low, high (exact interval), z,
        z_adjusted, p_value, q_value (against the change of all), flagged ("rose", "fell" or "").
    overall : float
        Change that each facility is compared with.
    shares : Profile
        The same as shares: events after, out of those of both periods, with its limits.
    fdr, level : float
        False-discovery rate of the flags, and coverage of the intervals.
    """

    overall: float
    shares: Profile
    fdr: float
    level: float

    def plot(self, ax: Any = None) -> Any:
        """Draw the funnel of shares: events after over those expected after, given the events of both periods.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        return self.shares.plot(ax)


def profile_change(
    panel: pd.DataFrame,
    *,
    observed: str = "findings_count",
    expected: str = "expected_count",
    facility: str = "facility_id",
    time: str = "period_start",
    before: Any = None,
    after: Any = None,
    overall: float | None = None,
    overdispersion: str = "additive",
    winsorise: float = 0.1,
    level: float = 0.95,
    fdr: float = 0.05,
    caution: str = "",
) -> Change:
    """Compare each facility's ratio in one period with its own ratio in another, and its change with that of all.

    Parameters
    ----------
    panel : DataFrame
        One row per facility and period; rows with the same facility and period are added up.
    observed, expected, facility, time : str
        Columns: counts, expected counts, what is compared, periods.
    before, after : object
        The two periods; by default the last two.
    overall : float, optional
        Change to compare with: by default that of all facilities together; 1 for none.
    overdispersion, winsorise : str, float
        As in `profile`: changes differ between facilities beyond chance too.
    level : float
        Coverage of all intervals, between 0 and 1.
    fdr : float
        Share of false flags accepted among the flags, between 0 and 1.
    caution : str
        A sentence the text ends with.

    Returns
    -------
    Change

    Raises
    ------
    BadParameter
        If a column or period is not there, or an option cannot be used.
    BadValue
        If a count is negative or not whole, or an expected count is negative.
    NotEstimable
        If fewer than three facilities have both periods and an event in either.

    Notes
    -----
    Given the events of both periods together, those after are binomial, with a chance that depends on the two expected
    counts and the change only: intervals and tails are exact. Facilities without an event in either period cannot
    tell, and are left out with that reason. A facility picked because it stood high before will seem to fall: see
    `persistence`.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance. Statistics in Medicine 2005; 24: 1185-1202
    (ratio of two rates). Griffiths DA. Biometrics 1973; 29: 637-648.

    Examples
    --------
    >>> import pandas as pd
    >>> from welfare.patterns.profiles.periods.change import profile_change
    >>> panel = pd.DataFrame(
    ...     {
    ...         "facility_id": list("abcdef") * 2,
    ...         "period_start": [2022] * 6 + [2023] * 6,
    ...         "findings_count": [9, 11, 10, 8, 12, 10, 10, 9, 12, 9, 11, 50],
    ...         "expected_count": 10.0,
    ...     }
    ... )
    >>> profile_change(panel, overall=1).table[["facility_id", "change", "flagged"]].tail(2).values.tolist()
    [['e', 0.9166666666666666, ''], ['f', 5.0, 'rose']]
    """
    check_spread(overdispersion, winsorise, "profile_change")
    check_numbers("profile_change", level=level, fdr=fdr)
    check_caution(caution, "profile_change")
    if overall is not None and (not is_number(overall) or not 0 < overall < np.inf):
        raise BadParameter(
            f"overall is {overall!r}",
            where="profile_change(overall=)",
            spoiled="No facility's change can be compared with that.",
            todo="Give a change above zero, e.g. 1 for none.",
        )
    periods = read_periods(
        panel, observed=observed, expected=expected, facility=facility, time=time, where="profile_change"
    )
    first, second = _chosen(periods, before, after)
    rows, unused = _rows(periods, first, second)
    together = rows.sum(numeric_only=True)
    if overall is None:
        overall = (
            float(
                together["observed_after"]
                / together["expected_after"]
                / (together["observed_before"] / together["expected_before"])
            )
            if together["observed_before"] > 0
            else np.inf
        )
    if not np.isfinite(overall) or overall <= 0:
        raise NotEstimable(
            f"all together changed {overall!r} times",
            where="profile_change(overall=)",
            spoiled="No facility's change can be compared with that.",
            todo="Choose periods that both have events, or give overall=1.",
        )
    weight = overall * rows["expected_after"] / rows["expected_before"]
    events = rows["observed_before"] + rows["observed_after"]
    shares = profile(
        pd.DataFrame(
            {
                "facility_id": rows["facility_id"],
                "observed": rows["observed_after"],
                "trials": events,
                "expected": events * weight / (1 + weight),
            }
        ),
        observed="observed",
        expected="expected",
        trials="trials",
        overdispersion=overdispersion,
        winsorise=winsorise,
        level=level,
        fdr=fdr,
        draws=200,  # a change is not ranked
    )
    table = _table(rows, shares, level)
    return Change(
        table=table,
        text=simulated_words(panel) + _text(periods, table, unused, overall, (first, second), fdr, caution),
        dropped=periods.dropped,
        notes=(*unused, *(note for note in shares.notes if "overdispersion" in note)),
        overall=overall,
        shares=shares,
        fdr=fdr,
        level=level,
    )


def _chosen(periods: Periods, before: Any, after: Any) -> tuple[int, int]:
    places = []
    for name, wanted, otherwise in (("before", before, -2), ("after", after, -1)):
        if wanted is not None and wanted not in periods.times:
            raise BadParameter(
                f"no period is {wanted!r}",
                where=f"profile_change({name}=)",
                todo=f"Periods there are: {', '.join(map(str, periods.times))}.",
            )
        places.append(periods.times.index(periods.times[otherwise] if wanted is None else wanted))
    if places[0] >= places[1]:
        raise BadParameter(
            "the period before is not before the one after",
            where="profile_change(before=, after=)",
            spoiled="A fall would be called a rise.",
            todo="Give the earlier one as before.",
        )
    return places[0], places[1]


def _rows(periods: Periods, first: int, second: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    both = periods.both(first, second)
    rows = pd.DataFrame(
        {
            "facility_id": periods.facilities,
            "observed_before": periods.observed[:, first],
            "expected_before": periods.expected[:, first],
            "observed_after": periods.observed[:, second],
            "expected_after": periods.expected[:, second],
        }
    )[both]
    some = rows["observed_before"] + rows["observed_after"] > 0
    unused = []
    if (~both).any():
        unused.append(f"{int((~both).sum()):,} facilities have one of the two periods only.")
    if (~some).any():
        unused.append(f"{int((~some).sum()):,} facilities had no event in either period: they cannot tell a change.")
    if some.sum() < _FEWEST:
        raise NotEstimable(
            f"{int(some.sum())} facilities have both periods and an event in either",
            where="profile_change",
            spoiled="A change cannot be set against those of its peers without peers.",
            todo="Choose longer periods, or compare each facility by itself (wf.rate_ratio).",
        )
    return rows[some].reset_index(drop=True), tuple(unused)


def _table(rows: pd.DataFrame, shares: Profile, level: float) -> pd.DataFrame:
    o, e = ({at: rows[f"{part}_{at}"].to_numpy() for at in ("before", "after")} for part in ("observed", "expected"))
    odds = e["after"] / e["before"]
    low, high = ratio_limits(o["after"], o["before"], odds, "exact", level)
    with np.errstate(divide="ignore"):
        change = o["after"] / o["before"] / odds
    found = shares.table.set_index("facility_id").loc[rows["facility_id"]]
    out = rows.assign(change=change, low=low, high=high)
    for name in ("z", "z_adjusted", "p_value", "q_value"):
        out[name] = found[name].to_numpy()
    return out.assign(flagged=found["flagged"].map(_FLAGS).to_numpy())


def _text(
    periods: Periods,
    table: pd.DataFrame,
    unused: tuple[str, ...],
    overall: float,
    places: tuple[int, int],
    fdr: float,
    caution: str,
) -> str:
    rose, fell = (int((table["flagged"] == way).sum()) for way in ("rose", "fell"))
    before, after = (periods.times[at] for at in places)
    left_out = "" if periods.dropped.empty else f" Left out: {count_reasons(periods.dropped)}."
    also = "".join(f" {said}" for said in unused)
    return (
        f"From {before} to {after} the ratios of {len(table):,} facilities are compared with a change of "
        f"{overall:.2f} times. {rose} rose beyond that and {fell} fell short of it, by a rule under which at most "
        f"about {fdr * 100:g}% of those named would be named by chance.{also}{left_out} "
        "Being named says that the counts changed, not why: handling, inspectors or records may have."
        f"{f' {caution.strip()}' if caution.strip() else ''}"
    )


__all__ = ["Change", "profile_change"]
