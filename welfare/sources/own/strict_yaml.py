"""YAML written by people, read without guessing: every value is the text that stands there, with its line."""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from welfare.errors import BadParameter

_SPOILED = "Columns would be missing, or hold something else than was meant."


class Item(NamedTuple):
    """One value of a YAML file.

    Attributes
    ----------
    value : str, list of Item, or dict of str to Item
        A scalar as it is written: ``no`` is a word, ``0412`` keeps its zero, ``2024-06-01`` is no date yet. A value
        left out, and ``~``, are the empty text.
    where : str
        File and line.
    """

    value: Any
    where: str


def read_strictly(path: str, text: str) -> Item:
    """Read a YAML text whose top is a list of keys.

    Parameters
    ----------
    path : str
        The file, for errors.
    text : str
        What is in it.

    Raises
    ------
    BadParameter
        If it is no YAML, a key stands twice, or it makes use of anchors.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        top = _item(node, path, set()) if node else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it holds a sign that YAML does not allow"
        raise BadParameter(
            f"the YAML cannot be read: {problem}",
            where=f"{path}, line {mark.line + 1}" if mark else path,
            spoiled=_SPOILED,
            todo="Put text that holds a colon, a number sign or a quote in quotes, and indent with spaces.",
        ) from None
    except RecursionError:
        raise BadParameter("the YAML is nested too deeply to be read", where=path, spoiled=_SPOILED) from None
    if top is None or not isinstance(top.value, dict):
        raise BadParameter(
            "the file holds no keys, such as source: and columns:",
            where=f"{path}, line 1",
            spoiled=_SPOILED,
            todo="Begin from a draft: welfare map FILE.",
        )
    return top


def _item(node: yaml.Node, path: str, seen: set[int]) -> Item:
    where = f"{path}, line {node.start_mark.line + 1}"
    if id(node) in seen:
        raise BadParameter(
            "an anchor (&, *) is used", where=where, spoiled=_SPOILED, todo="Write the value out in both places."
        )
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return Item([_item(part, path, seen) for part in node.value], where)
    if isinstance(node, yaml.MappingNode):
        return Item(_keys(node, path, seen), where)
    return Item("" if node.tag == "tag:yaml.org,2002:null" else str(node.value).strip(), where)


def _keys(node: yaml.MappingNode, path: str, seen: set[int]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for key, value in node.value:
        where = f"{path}, line {key.start_mark.line + 1}"
        if not isinstance(key, yaml.ScalarNode):
            raise BadParameter("a key is no text", where=where, spoiled=_SPOILED, todo="Put braces in quotes.")
        name = " ".join(str(key.value).split())  # headers are compared with their white space folded
        if name in found:
            raise BadParameter(
                f"the key {name!r} stands twice, first on {found[name].where.rpartition(', ')[2]}",
                where=where,
                spoiled="Only one of the two would be followed.",
                todo="Keep one; a header that feeds several columns takes a list.",
            )
        found[name] = _item(value, path, seen)._replace(where=where)
    return found
