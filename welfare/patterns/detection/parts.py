"""Every part that visits can be asked for, and why one cannot be answered where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from welfare.errors import NoDenominator, NotEstimable
from welfare.patterns.detection.columns import COUNT, EXPOSURE, LABEL, usable_rows
from welfare.patterns.detection.estimates import CANNOT_TELL, FEWER, MORE, Estimate, Part, table_of
from welfare.patterns.detection.names import Names
from welfare.patterns.detection.never_cited.capture_recapture import CHAO, CHAO_ASSUMPTION, capture_recapture
from welfare.patterns.detection.records import heaping, zeros
from welfare.patterns.detection.repeat_visits import n_mixture as numbers_there
from welfare.patterns.detection.repeat_visits import occupancy as presence
from welfare.patterns.detection.watchers.contrast import ASSUMPTION as CONTRAST
from welfare.patterns.detection.watchers.contrast import visit_contrast
from welfare.patterns.detection.watchers.inspectors import SPREAD_ASSUMPTION, inspector_effects

_DISTRICT = (
    "Districts see plants that do not differ on average, or differ as the expected counts say; ratios are spread by a "
    "gamma distribution. At most about {fdr:g}% of those named are named by chance."
)
_FDR = 0.05


@dataclass(frozen=True)
class Asked:
    """What a part is asked with.

    Attributes
    ----------
    visits : DataFrame
    names : Names
    level : float
    replicates, seed : int
    """

    visits: pd.DataFrame
    names: Names
    level: float
    replicates: int
    seed: int


@dataclass(frozen=True)
class Question:
    """A part: its name in the table, the columns it cannot do without, what it assumes, and how it is answered."""

    part: str
    needs: tuple[str, ...]
    assumption: str
    answer: Callable[[Asked], Part]


def _occupancy(asked: Asked) -> Part:
    names = asked.names
    return presence.occupancy(
        asked.visits,
        facility=str(names.facility),
        found=str(names.found),
        period=names.period,
        level=asked.level,
        replicates=asked.replicates,
        seed=asked.seed,
    )


def _n_mixture(asked: Asked) -> Part:
    facility, found = str(asked.names.facility), str(asked.names.found)
    if not (pd.to_numeric(asked.visits[found], errors="coerce") > 1).any():
        raise NotEstimable(
            "no visit recorded more than one finding, so that counts say no more than occupancy does",
            where="n_mixture",
            todo="Read the occupancy estimate.",
        )
    return numbers_there.n_mixture(asked.visits, facility=facility, found=found, level=asked.level)


def _never_cited(asked: Asked) -> Part:
    return capture_recapture(
        asked.visits, facility=str(asked.names.facility), found=str(asked.names.found), level=asked.level
    )


def _inspectors(asked: Asked) -> Part:
    return _groups(asked, str(asked.names.inspector), "inspectors")


def _districts(asked: Asked) -> Part:
    return _groups(asked, str(asked.names.district), "districts")


def _groups(asked: Asked, column: str, who: str) -> Part:
    names = asked.names
    return inspector_effects(
        asked.visits,
        inspector=column,
        found=str(names.found),
        facility=names.facility,
        effort=names.effort,
        expected=names.expected,
        who=who,
        level=asked.level,
        replicates=asked.replicates,
        seed=asked.seed,
    )


def _district_profile(asked: Asked) -> Part:
    """Name the districts that record more or less than expected; districts only, never inspectors."""
    from welfare.patterns.profiles.profile import profile

    names, part = asked.names, "district"
    wanted = {
        "found": (names.found, COUNT),
        "district": (names.district, LABEL),
        "over": (names.expected or names.effort, EXPOSURE),
    }
    rows, dropped = usable_rows(asked.visits, wanted, part)
    if not rows["found"].any():
        raise NotEstimable("nothing was found on any visit", where=part, todo="Say how many visits found nothing.")
    over = rows["over"] if "over" in rows else pd.Series(1.0, index=rows.index)
    rows["expected_count"] = over * (rows["found"].sum() / over.sum())
    rows["district"] = rows["district"].astype("str")
    told = profile(rows, observed="found", expected="expected_count", facility="district", fdr=_FDR, draws=200)
    flagged = told.table[told.table["flagged"] != ""]
    estimates = [
        Estimate(
            part,
            f"recorded against expected: {row['facility_id']}",
            row["ratio"],
            row["low"],
            row["high"],
            unit="ratio",
            assumption=_DISTRICT.format(fdr=100 * _FDR),
            reason=MORE if row["flagged"] == "above" else FEWER,
        )
        for row in flagged.to_dict("records")
    ]
    if not estimates:
        estimates = [
            Estimate(
                part,
                "districts that record more or less than expected",
                0.0,
                unit="districts",
                assumption=_DISTRICT.format(fdr=100 * _FDR),
            )
        ]
    return Part(table=table_of(estimates), text=told.text, dropped=dropped, notes=told.notes)


def _contrast(column: str, part: str) -> Callable[[Asked], Part]:
    def answer(asked: Asked) -> Part:
        names = asked.names
        return visit_contrast(
            asked.visits,
            by=str(getattr(names, column)),
            facility=str(names.facility),
            found=str(names.found),
            effort=names.effort,
            part=part,
        )

    return answer


def _heaping(asked: Asked) -> Part:
    return heaping.digit_heaping(
        asked.visits, found=str(asked.names.found), level=asked.level, replicates=asked.replicates, seed=asked.seed
    )


def _zeros(asked: Asked) -> Part:
    return zeros.excess_zeros(asked.visits, found=str(asked.names.found), effort=asked.names.effort, level=asked.level)


_VISITED = ("facility", "found")
_SPREAD = SPREAD_ASSUMPTION.format(who="Inspectors")
QUESTIONS = (
    Question(presence.PART, _VISITED, presence.ASSUMPTION, _occupancy),
    Question(numbers_there.PART, _VISITED, numbers_there.ASSUMPTION, _n_mixture),
    Question(CHAO, _VISITED, CHAO_ASSUMPTION, _never_cited),
    Question("inspectors", ("inspector", "found"), _SPREAD, _inspectors),
    Question("districts", ("district", "found"), SPREAD_ASSUMPTION.format(who="Districts"), _districts),
    Question("district", ("district", "found"), _DISTRICT.format(fdr=100 * _FDR), _district_profile),
    Question(
        "audited",
        ("audited", *_VISITED),
        CONTRAST.format(season="whatever the season"),
        _contrast("audited", "audited"),
    ),
    Question(
        "directed", ("kind", *_VISITED), CONTRAST.format(season="whatever the season"), _contrast("kind", "directed")
    ),
    Question(heaping.PART, ("found",), heaping.ASSUMPTION, _heaping),
    Question(zeros.PART, ("found",), zeros.ASSUMPTION.format(family="negative binomial"), _zeros),
)
_MEANT = {
    "facility": "facilities",
    "found": "findings",
    "inspector": "inspectors",
    "district": "districts",
    "kind": "kinds of visit (directed, routine)",
    "audited": "audits",
}


def answered(question: Question, asked: Asked) -> Part:
    """Return a part's answer, or one row saying why it cannot tell."""
    missing = [role for role in question.needs if getattr(asked.names, role) is None]
    if missing:
        return _cannot_tell(question, f"no column of {' and none of '.join(_MEANT[role] for role in missing)}")
    try:
        return question.answer(asked)
    except (NotEstimable, NoDenominator) as failure:
        return _cannot_tell(question, failure.what)
    except np.linalg.LinAlgError:
        return _cannot_tell(question, "the model could not be solved on these visits")


def _cannot_tell(question: Question, why: str) -> Part:
    row = Estimate(question.part, question.part, assumption=question.assumption, status=CANNOT_TELL, reason=why)
    empty = pd.DataFrame({"row": pd.Series(dtype="object"), "reason": pd.Series(dtype="str")})
    return Part(table=table_of([row]), text=f"Cannot tell: {why}.", dropped=empty, notes=())


__all__ = ["QUESTIONS", "Asked", "answered"]
