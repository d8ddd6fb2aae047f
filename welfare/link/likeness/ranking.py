"""Scored pairs brought to one per record and place, with their probabilities and the reasons in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from welfare.link.likeness.comparing import PLACES, Comparison, Floats
from welfare.link.likeness.records import Ints, Records
from welfare.link.likeness.scoring import posterior

COLUMNS = ["left_id", "right_id", "place_id", "score", "total", "name", "place", "reason", "ruled_out"]
KINDS = dict.fromkeys(COLUMNS, "str") | dict.fromkeys(("score", "total", "name"), "float64") | {"ruled_out": "bool"}
# Pairs less likely than this are not returned, except the first few of a record that is likelier than not somewhere:
# where many places are equally alike, each is unlikely.
_UNLIKELY, _SOMEWHERE, _FIRST_FEW = 0.02, 0.5, 3
# And pairs with log odds below this are no rivals to speak of.
_FAINT = -8.0
_ACTIVITIES = {2: "the same activities", 1: "an activity in common", 0: "activities not known", -1: "other activities"}


@dataclass(frozen=True)
class Scored:
    """Pairs of positions with their log odds, and what the two records have in common."""

    a: Ints
    b: Ints
    log_odds: Floats
    found: Comparison


def ranked(
    left: Records,
    right: Records,
    scored: Scored,
    homes: Mapping[str, str],
    ruled_out: Collection[tuple[str, str]],
    *,
    one_to_one: bool,
    fit_share: bool,
) -> pd.DataFrame:
    """Bring the pairs to one per record and place, and their odds to probabilities."""
    near = scored.log_odds > _FAINT
    scored = Scored(scored.a[near], scored.b[near], scored.log_odds[near], scored.found.take(near))
    of_right, places = pd.factorize(np.array([homes.get(record, record) for record in right.ids], dtype=object))
    # Of the several records of a place, the one most alike speaks for it.
    order = np.lexsort((scored.b, -scored.log_odds, of_right[scored.b], scored.a))
    a, place = scored.a[order], of_right[scored.b[order]]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (a[1:] != a[:-1]) | (place[1:] != place[:-1])
    best, a, place = order[first], a[first], place[first]
    odds = scored.log_odds[best]
    out = np.zeros(len(a), dtype=bool)
    if ruled_out:
        out[:] = [pair in ruled_out for pair in zip(left.ids[a], places[place], strict=True)]
    score = 1 / (1 + np.exp(-odds))  # alone, as if it had no rivals
    score[~out] = posterior(
        odds[~out], a[~out], place[~out], records=len(left), one_to_one=one_to_one, fit_share=fit_share
    )
    total = np.bincount(a, np.where(out, 0.0, score))[a] if len(a) else score
    shown = np.lexsort((place, -score, out, a))
    begins = np.concatenate([[0], np.flatnonzero(np.diff(a[shown])) + 1])
    rank = np.arange(len(shown)) - np.repeat(begins, np.diff(np.concatenate([begins, [len(shown)]])))
    shown = shown[(score[shown] >= _UNLIKELY) | ((rank < _FIRST_FEW) & (total[shown] >= _SOMEWHERE) & ~out[shown])]
    kept = best[shown]
    return pd.DataFrame(
        {
            "left_id": left.ids[a[shown]],
            "right_id": right.ids[scored.b[kept]],
            "place_id": places[place[shown]],
            "score": score[shown].round(4),
            "total": total[shown].round(4),
            "name": scored.found.name[kept],
            "place": np.array(PLACES, dtype=object)[scored.found.place[kept]],
            "reason": _reasons(scored.found, kept, right.ids[scored.b[kept]]),
            "ruled_out": out[shown],
        },
        columns=COLUMNS,
    ).astype(KINDS)


def _reasons(found: Comparison, pairs: Ints, right_ids: np.ndarray[Any, Any]) -> list[str]:
    """Say in words why each pair is alike.

    No name is in it: a pair that nobody has confirmed must not name a plant beside an injury.
    """
    reasons = []
    known = (found.name[pairs], found.place[pairs], found.km[pairs], found.activity[pairs], right_ids)
    for name, place, km, activity, right_id in zip(*(part.tolist() for part in known), strict=True):
        apart = f", {km:.1f} km apart" if km == km else ""
        source = right_id.rpartition("#")[0]
        reasons.append(f"name alike {name:.2f} in {source}; {PLACES[place]}{apart}; {_ACTIVITIES[activity]}")
    return reasons
