"""JSON and GeoJSON as rows of text: one record per feature, or per entry of the file's table of records."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from welfare.errors import NotData, Truncated

OUTLINE, CRS = "geometry", "crs"  # the two columns that a GeoJSON feature's shape becomes
_DEGREES = "EPSG:4326"  # RFC 7946: what coordinates are where a file names no other system


def read_structured(path: str, text: str) -> tuple[list[list[str]], tuple[str, ...]]:
    """Return the records of a JSON text, a header first, all as text, and what was left unread.

    A list of objects, or the largest object of objects (its keys become the column ``key``), is the table; objects
    inside a record are flattened, ``summary.status``. A member that maps other names to keys of the table becomes a
    column under its own name, the names joined by semicolons. Of GeoJSON, each feature's outline becomes well-known
    text in the file's own coordinates, with the coordinate system beside it.

    Raises
    ------
    Truncated
        If the text breaks off or is no JSON.
    NotData
        If it holds no table of records, or says a key twice, of which JSON readers silently keep one.
    """
    try:
        content = json.loads(text, object_pairs_hook=lambda pairs: _once(path, pairs))
        if re.search(r"\\u[dD]", text):  # half a character, which no text can hold, can only be written so
            json.dumps(content, ensure_ascii=False).encode("utf-8")
        return _read(path, content)
    except (RecursionError, ValueError) as error:  # too deep, no JSON, a number of 5,000 digits, half a character
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise Truncated(
            f"the JSON cannot be read ({getattr(error, 'msg', error)})",
            where=f"{path}{line}",
            spoiled="Every record from there on would be lost.",
            todo="The file ends early or is damaged: download it again.",
        ) from None


def _once(path: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise NotData(
            f"the key {twice!r} stands twice in one object of the JSON",
            where=path,
            spoiled="Only one of the two would be read: a record, or a cell of one, would silently be lost.",
            todo="Look which of the two is true and delete the other in a copy, or ask the publisher.",
        )
    return found


def _read(path: str, content: Any) -> tuple[list[list[str]], tuple[str, ...]]:
    if isinstance(content, dict) and content.get("type") == "FeatureCollection":
        return _features(path, content), ()
    records, notes = _table(content)
    if not records:
        raise NotData(
            "the file is JSON, but holds no table of records",
            where=f"{path}, line 1",
            spoiled="An error answer read as data would look like an agency without facilities.",
            todo="Open it to see what the site answered, then download the file again.",
        )
    return _rows(records), notes


def _table(content: Any) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    if isinstance(content, list):
        return [_flat(item) for item in content] if _all_objects(content) else [], ()
    if not isinstance(content, dict):
        return [], ()
    tables = {name: part for name, part in content.items() if _is_table(part)}
    if not tables:
        return [], ()
    name = max(tables, key=lambda key: len(tables[key]))
    part = tables[name]
    others = {key: value for key, value in content.items() if key != name}
    if isinstance(part, list):
        records, indexes = [_flat(item) for item in part], {}
    else:
        indexes = {key: _names_by_key(value) for key, value in others.items() if _is_index(value, part)}
        records = [
            {"key": key, **{other: "; ".join(names.get(key, ())) for other, names in indexes.items()}, **_flat(item)}
            for key, item in part.items()
        ]
    unread = [key for key in others if key not in indexes]
    return records, (f"only {name!r} was read as records; not read: {', '.join(unread)}",) if unread else ()


def _is_table(part: Any) -> bool:
    return bool(part) and _all_objects(part.values() if isinstance(part, dict) else part)


def _all_objects(items: Any) -> bool:
    return isinstance(items, list | type({}.values())) and bool(items) and all(isinstance(item, dict) for item in items)


def _is_index(value: Any, table: Mapping[str, Any]) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(v, str) and v in table for v in value.values())


def _names_by_key(index: Mapping[str, str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, key in index.items():
        names.setdefault(key, []).append(name)
    return names


def _flat(item: Mapping[str, Any], before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in item.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{key}.")
        else:
            flat[f"{before}{key}"] = _text(value)
    return flat


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rows(records: list[dict[str, str]]) -> list[list[str]]:
    names = list(dict.fromkeys(name for record in records for name in record))
    return [names, *([record.get(name, "") for name in names] for record in records)]


def _features(path: str, content: Mapping[str, Any]) -> list[list[str]]:
    import shapely
    from shapely.geometry import shape

    system = _system(content)
    records = []
    features = content.get("features")
    for number, feature in enumerate(features if isinstance(features, list) else (), start=1):
        try:
            outline = shapely.force_2d(shape(feature["geometry"]))
            records.append({**_flat(feature.get("properties") or {}), OUTLINE: outline.wkt, CRS: system})
        except (AttributeError, KeyError, TypeError, ValueError, IndexError, shapely.errors.ShapelyError) as error:
            raise NotData(
                f"the feature has no outline that can be read ({type(error).__name__}: {error})",
                where=f"{path}, feature {number}",
                spoiled="A building would be missing, or in another place.",
                todo="Download the file again, or repair that feature.",
            ) from None
    if not records:
        raise NotData(
            "the file holds no feature",
            where=str(path),
            spoiled="Its buildings would silently be missing.",
            todo="Download it again.",
        )
    return _rows(records)


def _system(content: Mapping[str, Any]) -> str:
    """Return the coordinate system that a GeoJSON names in the old way, as EPSG:26918; degrees where it names none.

    What is not understood is returned as it stands, so that nobody takes its coordinates for degrees.
    """
    named = content.get("crs")
    if named is None:
        return _DEGREES
    properties = named.get("properties") if isinstance(named, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else named
    words = name if isinstance(name, str) and name else json.dumps(named)
    if found := re.search(r"EPSG:+(\d+)$", words):
        return f"EPSG:{found[1]}"
    return _DEGREES if words.endswith(("CRS84", "CRS:84")) else words
