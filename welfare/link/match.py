"""Linking without a number: by name, address, distance and activity, with a score and a reason for each pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from welfare.link.addresses import Address, Evidence, Nearby, same_place
from welfare.link.names import NameWeights
from welfare.schema.codes import shipped

# The score is 0.55 name + 0.40 place + 0.05 activity. Whether a pair is linked does not hang on the score alone:
_NAME, _PLACE, _ACTIVITY = 0.55, 0.40, 0.05
# at one street address a name may be a brand or an old one; elsewhere in a town it must be nearly the same, and the
# two addresses must not contradict each other;
_NAME_AT_ADDRESS, _NAME_IN_TOWN, _IN_TOWN = 0.35, 0.85, 0.65
# and the next best facility must be clearly behind.
_MARGIN = 0.05
# Below this a pair is not worth a person's time.
_WORTH_READING = 0.5


class Profile(NamedTuple):
    """A facility as one directory knows it; a facility has one profile per directory that lists it."""

    place: str  # record_id of the facility
    names: tuple[str, ...]
    address: Address
    region: str
    activities: frozenset[str]
    source_id: str


class Pair(NamedTuple):
    """One report and one facility it may be about."""

    right_id: str
    score: float
    name: float
    place: float
    reason: str
    contradicted: bool  # the two street addresses differ


def text_or_empty(value: object) -> str:
    """Return a cell as text, the missing one as empty."""
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def address_of(row: Any) -> Address:
    """Return the address of a row of facilities or injuries, as itertuples gives it."""
    street, city, postcode = (text_or_empty(getattr(row, name)) for name in ("street", "city", "postcode"))
    return Address(street, city, postcode, row.latitude_deg, row.longitude_deg)


def profiles(facilities: pd.DataFrame, homes: Mapping[str, str]) -> list[Profile]:
    """Return the facilities of one directory as profiles.

    Parameters
    ----------
    facilities : DataFrame
        Tidy table.
    homes : mapping of str to str
        By record_id, the record that stands for the place.
    """
    found = []
    row: Any
    for row in facilities.itertuples(index=False):
        others = text_or_empty(row.other_names).split("; ")
        names = tuple(dict.fromkeys(name for name in (text_or_empty(row.name), *others) if name))
        activities = frozenset(text_or_empty(row.activities).split("; ")) - {""}
        found.append(
            Profile(
                place=homes[row.record_id],
                names=names,
                address=address_of(row),
                region=text_or_empty(row.region),
                activities=activities,
                source_id=str(row.source_id),
            )
        )
    return found


class Matcher:
    """Finds the facilities a report may be about.

    Parameters
    ----------
    known : iterable of Profile
        Every facility that can be linked to.
    """

    def __init__(self, known: Iterable[Profile]) -> None:
        known = list(known)
        self._by_region: dict[str, list[Profile]] = {}
        for profile in known:
            if profile.region:
                self._by_region.setdefault(profile.region, []).append(profile)
        self._nearby = {
            region: Nearby([profile.address for profile in part]) for region, part in self._by_region.items()
        }
        self._weights = NameWeights(profile.names[0] for profile in known if profile.names)
        book = shipped("codes/industry_activities.csv")
        self._activities = {
            str(row.code): frozenset(str(row.activities).split("; ")) - {""} for row in book.itertuples()
        }

    def can_place(self, industry_code: str) -> bool:
        """Return whether an industry's reports are about facilities of the kind a directory lists."""
        return industry_code in self._activities

    def candidates(self, report: Any) -> list[Pair]:
        """Return the facilities a report may be about, best first: one pair per facility near it.

        A report that does not state its region has none: towns of one name stand in many.

        Parameters
        ----------
        report : row of `injuries`, as itertuples gives it

        Returns
        -------
        list of Pair
        """
        address = address_of(report)
        employer, code = text_or_empty(report.employer_name), text_or_empty(report.industry_code)
        fitting = self._activities.get(code, frozenset())
        best: dict[str, Pair] = {}
        region = text_or_empty(report.region)
        near = self._nearby[region].around(address) if region in self._nearby else []
        for profile in (self._by_region[region][position] for position in near):
            evidence = same_place(address, profile.address)
            if evidence.strength == 0:
                continue
            pair = self._pair(employer, profile, evidence, bool(fitting & profile.activities))
            if profile.place not in best or pair.score > best[profile.place].score:
                best[profile.place] = pair
        return sorted(best.values(), key=lambda pair: (-pair.score, pair.right_id))

    def _pair(self, employer: str, profile: Profile, evidence: Evidence, fits: bool) -> Pair:
        name = max((self._weights.likeness(employer, known) for known in profile.names), default=0.0)
        score = _NAME * name + _PLACE * evidence.strength + _ACTIVITY * fits
        activity = "activity fits" if fits else "activity not shown to fit"
        # No name in it: a pair that nobody has confirmed must not name a plant beside an injury.
        reason = f"name alike {name:.2f} in {profile.source_id}; {evidence.reason}; {activity}"
        return Pair(profile.place, round(score, 4), name, evidence.strength, reason, evidence.contradicted)


def decide(pairs: list[Pair]) -> str:
    """Say whether the best of a report's pairs may be counted: linked, review (a person decides) or none.

    Parameters
    ----------
    pairs : list of Pair
        Best first.
    """
    if not pairs:
        return "none"
    best = pairs[0]
    ahead = len(pairs) == 1 or round(best.score - pairs[1].score, 4) >= _MARGIN
    at_address = best.place == 1 and best.name >= _NAME_AT_ADDRESS
    in_town = best.place >= _IN_TOWN and best.name >= _NAME_IN_TOWN and not best.contradicted
    if ahead and (at_address or in_town):
        return "linked"
    return "review" if best.score >= _WORTH_READING or best.place == 1 else "none"
