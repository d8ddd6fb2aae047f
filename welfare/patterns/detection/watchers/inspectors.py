"""How differently inspectors, or districts, record: the spread between them, and the share who never cite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import NotEstimable
from welfare.patterns.detection.columns import COUNT, EXPOSURE, LABEL, check_replicates, check_share, usable_rows
from welfare.patterns.detection.design import terms_of
from welfare.patterns.detection.estimates import CANNOT_TELL, Estimate, Part, said, table_of
from welfare.patterns.detection.records.excess import Excess, excess_share
from welfare.patterns.detection.records.zero_inflated import Counts
from welfare.patterns.detection.watchers.alike import alike_p
from welfare.patterns.detection.watchers.spread import GroupSpread, spread_between
from welfare.schema.results import simulated_words
from welfare.stats.rates.words import left_out_words

SPREAD_ASSUMPTION = (
    "{who} see facilities that do not differ on average, or differ as the expected counts say; their ratios to one "
    "another are spread log-normally. A difference between what they see is else read as one between them."
)
NEVER_ASSUMPTION = (
    "{who} {that} cite at all do so at rates spread by a gamma distribution around that of their peers, for what they "
    "looked at; the others never cite. One who had nothing to cite cannot be told from one who would not."
)
FEWEST = 5
_MEDIAN = 0.6744897501960817 * np.sqrt(2)  # median of the difference of two normal deviates


@dataclass(frozen=True, repr=False, kw_only=True)
class InspectorEffects(Part):
    """How differently inspectors record; see :func:`inspector_effects`. Nobody is named or ranked.

    Attributes
    ----------
    table : DataFrame
        One row per estimate, in the columns of every part.
    groups : int
        How many inspectors (or districts) there are.
    spread : GroupSpread or None
        On the log scale: sd, low, high, family; None where it cannot be told.
    p_value : float
        Of inspectors who record alike, by simulation; NaN if none was asked for.
    never : Excess or None
        Of those who never cite: share, low, high, p_value; None where it cannot be told.
    """

    groups: int
    spread: GroupSpread | None
    p_value: float
    never: Excess | None


def inspector_effects(
    visits: pd.DataFrame,
    *,
    inspector: str = "inspector",
    found: str = "findings_count",
    facility: str | None = None,
    effort: str | None = None,
    expected: str | None = None,
    who: str = "inspectors",
    level: float = 0.95,
    replicates: int = 199,
    seed: int = 0,
) -> InspectorEffects:
    """Estimate how far inspectors differ in what they record, and how many never cite where their peers do.

    Parameters
    ----------
    visits : DataFrame
        One row per visit.
    inspector : str
        Column that says who made the visit; only how far they differ is given, never who.
    found : str
        Column of counts.
    facility : str, optional
        Column of the facility: visits of one inspector to one facility are then added up, so that what makes facilities
        differ is not read as chance.
    effort : str, optional
        Column of what each visit was made over (tasks, hours).
    expected : str, optional
        Column of counts expected of each visit by what was visited, such as `fitted` of a count model: allows for
        inspectors who see unlike facilities. Takes the place of `effort`.
    who : str
        What the groups are called: "inspectors", or "districts".
    level : float
        Coverage of the intervals.
    replicates : int
        Simulations behind the p-value of no difference; 0 for none.
    seed : int
        Of these.

    Returns
    -------
    InspectorEffects

    Raises
    ------
    BadParameter
        If a column is not there.
    BadValue
        If a count is negative or not whole.
    NotEstimable
        If there are fewer than five inspectors (fewer would be a guess, and could be recognised), or nothing was found.

    Notes
    -----
    The spread is that of a normal random intercept (negative binomial within), by 15 points of quadrature, told as the
    median rate ratio: of two inspectors drawn at random, by how much the one recording more exceeds the other, half the
    time. Its interval is of the profile likelihood; the p-value is by simulation of inspectors who record alike, since
    half a chi-squared at the bound is too cautious for few inspectors. The share who never cite is of a zero-inflated
    negative binomial for the inspectors' totals.

    References
    ----------
    Larsen K, Merlo J. American Journal of Epidemiology 2005; 161: 81-88. Austin PC, Stryhn H, Leckie G, Merlo J.
    Statistics in Medicine 2018; 37: 572-589.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from welfare.patterns.detection.watchers.inspectors import inspector_effects
    >>> rng = np.random.default_rng(0)
    >>> who = np.repeat(np.arange(60), 12)  # a sixth of them never cite
    >>> rate = 0.8 * np.exp(0.5 * rng.normal(size=60)) * (np.arange(60) >= 10)
    >>> found = inspector_effects(pd.DataFrame({"inspector": who, "findings_count": rng.poisson(rate[who])}))
    >>> found.never.low < 1 / 6 < found.never.high
    True
    """
    where = "inspector_effects"
    check_share(level, "level", where)
    check_replicates(replicates, where)
    wanted = {
        "who": (inspector, LABEL),
        "found": (found, COUNT),
        "facility": (facility, LABEL),
        "over": (expected or effort, EXPOSURE),
    }
    rows, dropped = usable_rows(visits, wanted, where)
    cells = _cells(rows)
    groups = int(cells["who"].max()) + 1
    if groups < FEWEST:
        raise NotEstimable(
            f"there are fewer than {FEWEST} {who}",
            where=where,
            spoiled="How far they differ would be a guess, and what is said of so few could be read as of one.",
            todo=f"Bring the visits of {FEWEST} or more.",
        )
    if not cells["found"].any():
        raise NotEstimable(
            "nothing was found on any visit",
            where=where,
            spoiled="Nobody differs from peers who record nothing.",
            todo="Say how many visits found nothing.",
        )
    counts, over, by = (cells[name].to_numpy() for name in ("found", "over", "who"))
    p_value = alike_p(counts, over, by, replicates, seed)
    estimates, spread, never = _estimates(cells, who, level, p_value)
    crossed = _crossed(rows) if facility else None
    return InspectorEffects(
        table=table_of(estimates),
        text=simulated_words(visits) + _text(estimates, groups, len(rows), who) + left_out_words(dropped),
        dropped=dropped,
        notes=_notes(who, groups, crossed, adjusted=expected is not None),
        groups=groups,
        spread=spread,
        p_value=p_value,
        never=never,
    )


def _cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per inspector and facility (or per visit): who (numbered from 0), found, over."""
    over = rows["over"].to_numpy(dtype=float) if "over" in rows else np.ones(len(rows))
    numbered = np.unique(rows["who"].astype("str").to_numpy(dtype=object), return_inverse=True)[1]
    cells = pd.DataFrame({"who": numbered, "found": rows["found"].to_numpy(dtype=float), "over": over})
    if "facility" not in rows:
        return cells
    cells["facility"] = rows["facility"].astype("str").to_numpy()
    return cells.groupby(["who", "facility"], as_index=False)[["found", "over"]].sum()


def _crossed(rows: pd.DataFrame) -> float:
    """Return the share of facilities that more than one inspector visited."""
    seen_by = rows["who"].astype("str").groupby(rows["facility"].astype("str")).nunique()
    return float((seen_by > 1).mean())


def _estimates(
    cells: pd.DataFrame, who: str, level: float, p_value: float
) -> tuple[list[Estimate], GroupSpread | None, Excess | None]:
    counts, log_over = cells["found"].to_numpy(), np.log(cells["over"].to_numpy())
    spread_rows, spread = _spread_rows(counts, log_over, cells["who"].to_numpy(), who, level)
    totals = cells.groupby("who")[["found", "over"]].sum()
    never_rows, never = _never_rows(totals["found"].to_numpy(), totals["over"].to_numpy(), who, level)
    tests = [] if np.isnan(p_value) else [_test_row(who, p_value)]
    return [*spread_rows, *tests, *never_rows], spread, never


def _spread_rows(
    counts: np.ndarray, log_over: np.ndarray, groups: np.ndarray, who: str, level: float
) -> tuple[list[Estimate], GroupSpread | None]:
    part, assumption = who, SPREAD_ASSUMPTION.format(who=who.capitalize())
    what = f"median ratio between two {who}: how much more one records than the other"
    try:
        spread = spread_between(counts, log_over, groups, level)
    except NotEstimable as failure:
        lost = Estimate(part, what, unit="ratio", assumption=assumption, status=CANNOT_TELL, reason=failure.what)
        return [lost], None
    ratio, low, high = (float(np.exp(_MEDIAN * sd)) for sd in (spread.sd, spread.low, spread.high))
    return [Estimate(part, what, ratio, low, high, unit="ratio", assumption=assumption)], spread


def _test_row(who: str, p_value: float) -> Estimate:
    return Estimate(
        who,
        f"p-value: do {who} differ beyond chance (by simulation)",
        p_value,
        unit="p-value",
        assumption=SPREAD_ASSUMPTION.format(who=who.capitalize()),
    )


def _never_rows(counts: np.ndarray, over: np.ndarray, who: str, level: float) -> tuple[list[Estimate], Excess | None]:
    part, assumption = f"never cite ({who})", NEVER_ASSUMPTION.format(who=who.capitalize(), that=_that(who))
    frame = pd.DataFrame(index=range(len(counts)))
    constant = terms_of(frame, [], part)
    what = f"{who} {_that(who)} never cite where their peers do"
    try:
        never = excess_share(
            Counts(counts, np.log(over / over.mean()), constant, constant), level=level, where="inspector_effects"
        )
    except NotEstimable as failure:
        lost = Estimate(part, what, unit="share", assumption=assumption, status=CANNOT_TELL, reason=failure.what)
        return [lost], None
    by_chance = np.exp(-counts.sum() * over / over.sum())
    rows = [
        Estimate(
            part,
            f"{who} {_that(who)} recorded nothing",
            float((counts == 0).mean()),
            unit="share",
            assumption="None beyond the visits themselves.",
            reason=f"by chance alone, all recording alike, {100 * by_chance.mean():.2g}% would; with the spread "
            f"between them {100 * never.plain.none.mean():.2g}%",
        ),
        Estimate(part, what, never.share, never.low, never.high, unit="share", assumption=assumption),
        Estimate(
            part,
            f"p-value: more {who} without a record than their spread gives (likelihood ratio)",
            never.p_value,
            unit="p-value",
            assumption=assumption,
        ),
    ]
    return rows, never


def _that(who: str) -> str:
    return "who" if who == "inspectors" else "that"


def _text(estimates: list[Estimate], groups: int, visits: int, who: str) -> str:
    parts = [f"{row.quantity}: {said(row)}" for row in estimates if row.status != CANNOT_TELL]
    lost = [f"{row.quantity}: cannot tell, {row.reason}" for row in estimates if row.status == CANNOT_TELL]
    return (
        f"{visits:,} visits by {groups:,} {who}. {'; '.join([*parts, *lost])}. "
        f"{SPREAD_ASSUMPTION.format(who=who.capitalize())} It says how far what is recorded depends on who looks, "
        f"not who "
        "is right: one who records more may see worse handling, or look more strictly."
    )


def _notes(who: str, groups: int, crossed: float | None, *, adjusted: bool) -> tuple[str, ...]:
    notes = ["Nobody is named or ranked here."]
    if who == "inspectors":
        notes.append("The shipped real files hold no inspector identity: this part is proved on simulated visits only.")
    if groups < 20:
        notes.append(f"{groups} {who} are few to measure a spread between them by.")
    if crossed is not None and not adjusted:
        notes.append(
            f"{100 * crossed:.3g}% of facilities were visited by more than one of the {who}: where that is few, what "
            "makes facilities differ cannot be told from what makes those who visit them differ."
        )
    return tuple(notes)


__all__ = ["InspectorEffects", "inspector_effects"]
