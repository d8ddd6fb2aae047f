"""Where one header of a file may go: a guess with its reasons, or TODO wherever a person must decide."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from welfare.errors import BadParameter
from welfare.schema.codes import code_map, shipped
from welfare.schema.columns import Column, columns
from welfare.schema.units import conversion
from welfare.sources.own.header_match import SURE, Match, unit_in
from welfare.sources.own.look import Look

TODO = "TODO"
Place = dict[str, str | dict[str, str]]

_COUNTED = {"date": ("date",), "number": ("number", "count"), "count": ("count",)}
_ROLES = ("facility_id", "day", "first_day", "last_day", "withheld")
_OF_A_PLACE = ("street", "city", "region", "county", "postcode", "country", "latitude_deg", "longitude_deg")
_NO_TABLES_OF_EVENTS = ("facilities", "identifiers")
# Columns whose cells must be words of a closed list: each word of the file needs its meaning.
_RECODED = ("basis", "subject", "kind", "control_status", "measured_by")
_MAY_BE_LONG = ("name", "street", "activities", "employer_name")
_EXPOSURES = {"worker_hours": "hours", "employees": "persons"}


class Guess(NamedTuple):
    """Where a header may go.

    Attributes
    ----------
    places : list of dict
        The keys of each place; a value TODO is to be decided. No place: all of it is.
    why : str
        What was seen and guessed, and how sure it is.
    """

    places: list[Place]
    why: str


def flow(place: Place) -> str:
    """Return a place as it stands in the mapping."""

    def value(part: str | dict[str, str]) -> str:
        return flow(dict(part)) if isinstance(part, dict) else as_yaml(part)

    return "{" + ", ".join(f"{as_yaml(key)}: {value(part)}" for key, part in place.items()) + "}"


def as_yaml(text: str) -> str:
    """Return text as YAML that means the same wherever it stands."""
    plain = re.fullmatch(r"\w(?:[\w ./()%²³+-]*[\w)%²³])?", text) and text.casefold() != "null"
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())


def fits(look: Look, column: str, table: str) -> bool:
    """Say whether cells can be what a column holds."""
    if column in ("day", "first_day", "last_day"):
        return look.kind == "date"
    if column in _EXPOSURES and table == "exposures":
        return look.kind in ("number", "count")
    known = columns(table).get(column) if table else None
    if known is None:
        return look.kind not in ("free_text", "date") or column == "withheld"
    if known.type in _COUNTED:
        return look.kind in _COUNTED[known.type]
    return look.kind != "free_text" or column in _MAY_BE_LONG


def guess(header: str, look: Look, found: Sequence[Match], tables: Sequence[str]) -> Guess:
    """Guess where a header goes.

    Parameters
    ----------
    header : str
        As the file writes it.
    look : Look
        What its cells look like.
    found : sequence of Match
        The columns its words may mean.
    tables : sequence of str
        The tables that the file as a whole seems to fill, the likeliest first.
    """
    if look.kind == "empty":
        return Guess([{"ignore": "true"}], "No cell is filled.")
    best = found[0] if found else None
    sure = best is not None and best.score >= SURE
    if best and sure and best.column == "withheld":
        return Guess(
            [{"withheld": "true"}], f"{_like(best)} It speaks of a person, or of what was told; not shown here."
        )
    if look.kind == "person" and not sure:
        return Guess([{"withheld": "true"}], "The cells look like names of persons; not shown.")
    if look.kind == "free_text" and not (best and sure and best.column in _MAY_BE_LONG):
        return Guess([{"withheld": "true"}], "The cells look like free text, which may tell of persons; not shown.")
    if best is None or not sure or not fits(look, best.column, best.table):
        return Guess([], f"{_seen(look)} {_doubt(header, look, found, tables)}")
    places, why = _places(header, look, best, tables)
    return Guess(places, f"{_like(best)} {_seen(look)} {why}".strip())


def _like(match: Match) -> str:
    if match.unit:
        return "Guessed from the unit in the header."
    return f"Guessed from the header, like {match.words!r} ({match.score:.0f} of 100)."


def _seen(look: Look) -> str:
    filled = "" if look.filled == look.records else f" {look.filled:,} of {look.records:,} cells are filled."
    if look.kind in ("number", "count", "id"):
        kind = {"count": "Whole numbers", "number": "Numbers", "id": "Numbers, some of which begin with 0,"}[look.kind]
        said = f"{kind} from {look.low:,g} to {look.high:,g}."
    elif look.kind == "date":
        said = f"Days, such as {look.samples[0]}."
    elif look.kind == "decimal_comma":
        said = f"Numbers with decimal commas, such as {look.samples[0]}."
    elif look.words:
        said = f"{'One word' if len(look.words) == 1 else f'{len(look.words)} words'}: {_listed(look.words)}."
    else:
        said = f"Text, such as {_listed(look.samples)}."
    odd = f" Not so: {_listed(look.misfits)}; such records would be rejected." if look.misfits else ""
    return said + filled + odd


def _listed(words: Sequence[str]) -> str:
    return ", ".join(repr(word if len(word) <= 40 else word[:37] + "...") for word in words)


def _doubt(header: str, look: Look, found: Sequence[Match], tables: Sequence[str]) -> str:
    end = "Map it, or write {ignore: true}."
    if look.kind == "decimal_comma":
        return f"Only decimal points can be read: write them into a copy of the file. {end}"
    if not found and look.kind != "date":
        return f"No column is called anything like it. {end}"
    said = [f"{_name(match)} (like {match.words!r}, {match.score:.0f} of 100)" for match in found]
    if found and found[0].score >= SURE:
        return f"The header means {said[0]}, but the cells are not what that column holds. {end}"
    day = Match("", "day", "date", 0.0)
    likely = next((match for match in found if fits(look, match.column, match.table)), day)
    places, _ = _places(header, look, likely, tables) if fits(look, likely.column, likely.table) else ([], "")
    could = f"If it is the {likely.words}: {'; '.join(flow(place) for place in places)}. " if places else ""
    nearest = f"The nearest: {'; '.join(said)}. " if said else ""
    return f"{nearest}{could}{end}"


def _name(match: Match) -> str:
    return f"{match.table}.{match.column}" if match.table else match.column


def _places(header: str, look: Look, match: Match, tables: Sequence[str]) -> tuple[list[Place], str]:
    if match.column == "facility_id":
        return _facility(look)
    if match.column in ("day", "first_day", "last_day"):
        return _days(look, match.column, tables)
    if match.table == "exposures" and match.column in _EXPOSURES:
        place: Place = {"table": "exposures", "quantity": match.column, "unit": _EXPOSURES[match.column]}
        return [place], "The unit is that of the quantity."
    table = match.table or _home(match.column, tables)
    if not table:
        return [{"table": TODO, "column": match.column}], "No header says which table this file fills."
    name = table if match.column in columns(table) else ""
    if not name:
        return [], f"{table} has no column {match.column}."
    return _place(header, look, table, columns(table)[match.column], match.unit)


def _home(column: str, tables: Sequence[str]) -> str:
    """Return the likeliest table that has a column; what describes a place is at home among the facilities."""
    own = [table for table in tables if column in columns(table) and table not in _NO_TABLES_OF_EVENTS]
    if own:
        return own[0]
    return "facilities" if column in _OF_A_PLACE or (column in columns("facilities") and "facilities" in tables) else ""


def _facility(look: Look) -> tuple[list[Place], str]:
    if look.kind == "text" and not any(any(sign.isdigit() for sign in cell) for cell in look.samples):
        return [], "Perhaps these are names, {table: facilities, column: name}; a file's own names can be a scheme too."
    keys: Place = {"scheme": TODO}
    why = (
        "Numbers of facilities. Who issued them? us.fsis.grant for grants such as P1009 or M1015+P1015, us.fsis for "
        "establishment ids; numbers of the file's own are a scheme of yours, such as my.plants."
    )
    if any(sign in cell for cell in look.samples for sign in "+/;"):
        keys["separator"] = TODO
        why += " Some cells seem to hold several: by which sign are they parted?"
    if look.kind == "count":
        why += " If the file lost zeros at the front, restore them in a copy: 412 and 0412 are two facilities."
    return [{"table": "every", "column": "facility_id", **keys}, {"table": "identifiers", **keys}], why


def _days(look: Look, role: str, tables: Sequence[str]) -> tuple[list[Place], str]:
    form, why = _form(look)
    places: list[Place] = []
    for table in tables:
        if table in _NO_TABLES_OF_EVENTS:
            continue
        begins = [name for name in columns(table) if name.endswith(("date_from", "valid_from"))]
        ends = [name for name in columns(table) if name in ("date_to", "valid_to")]
        single = ["date"] if "date" in columns(table) else [*begins, *ends]
        wanted = {"day": single, "first_day": begins or single, "last_day": ends}[role]
        places += [{"table": table, "column": name, "date": form} for name in wanted]
    if not places:
        return [{"table": TODO, "column": TODO, "date": form}], f"{why} No header says which table this file fills."
    return places, why


def _form(look: Look) -> tuple[str, str]:
    if look.mixed:
        return TODO, f"The days are in several formats ({', '.join(look.dates)}): make them one in a copy of the file."
    if len(look.dates) > 1:
        return TODO, f"{' or '.join(look.dates)}? The cells can be read either way. Ask whoever wrote the file."
    span = f"From {look.first} to {look.last}."
    return look.dates[0], f"{span} {look.decisive[:1].upper()}{look.decisive[1:]}." if look.decisive else span


def _place(header: str, look: Look, table: str, column: Column, unit: str) -> tuple[list[Place], str]:
    place: Place = {"table": table, "column": column.name}
    if column.type == "date":
        place["date"], why = _form(look)
        return [place], why
    if column.type in ("number", "count") and column.unit:
        if column.type == "count" and column.unit != "animals":
            return [place], ""
        place["unit"], why = _unit(header, look, column, unit)
        return [place], why
    if column.name in _RECODED and look.words:
        place["codes"] = dict.fromkeys(look.words, TODO)
        return [place], f"What does each word mean here? The column holds: {column.meaning}."
    if column.name == "species" and look.words:
        known = code_map("species_groups", "species", "group")
        codes = {word: word if word in known else TODO for word in look.words}
        if TODO in codes.values():
            place["codes"] = {word: code for word, code in codes.items()}
            return [place], "Which words of data/codes/species_groups.csv are these? The panel groups species by them."
    if column.name == "postcode" and any(re.fullmatch(r"[1-9]\d{2,3}", cell) for cell in look.samples):
        return [{**place, "transform": TODO}], "US postcodes that lost their zeros? Then us_zip; else text."
    if column.name == "region" and any(len(cell) > 2 for cell in look.samples):
        return [{**place, "transform": TODO}], "Names of US states? Then lookup us_states name code; else text."
    return [place], ""


def _unit(header: str, look: Look, column: Column, unit: str) -> tuple[str, str]:
    """Return the unit that the header states, if the numbers can be in it; else TODO, with those that are plausible."""
    stated = unit or unit_in(header, column.unit)
    if column.unit == "animals":
        return _animals(stated)
    plausible = _plausible(look, column)
    if stated and (plausible is None or _within(look, column, stated)):
        return stated, f"The header states the unit: {conversion(stated, column.unit).how}."
    said = f"the header states {stated!r}, but" if stated else "the header does not say its unit;"
    could = "; ".join(plausible or ()) or "none of the usual ones"
    return TODO, f"For {column.name}, {said} by their size the numbers could be in: {could}."


def _animals(stated: str) -> tuple[str, str]:
    if stated and conversion(stated, "animals").factor != 1:
        return TODO, f"The header states {stated!r}: write whole animals into a copy of the file, then unit: animals."
    return "animals", "Taken as animals; if they are thousands, multiply them in a copy of the file."


def _bounds(column: Column) -> tuple[float, float, list[str]] | None:
    for row in shipped("codes/plausible_units.csv").to_dict("records"):
        if row["column"] == column.name:
            return float(row["low"]), float(row["high"]), [unit.strip() for unit in row["units"].split(";")]
    return None


def _plausible(look: Look, column: Column) -> list[str] | None:
    bounds = _bounds(column)
    return None if bounds is None else [unit for unit in bounds[2] if _within(look, column, unit)]


def _within(look: Look, column: Column, unit: str) -> bool:
    bounds = _bounds(column)
    if bounds is None:
        return True
    try:
        how = conversion(unit, column.unit)
    except BadParameter:
        return False
    ends = [look.low, look.high]
    if how.inverse:
        return ends[0] > 0 and all(bounds[0] <= how.factor / end <= bounds[1] for end in ends)
    return all(end == 0 or bounds[0] <= end * how.factor <= bounds[1] for end in ends)
