"""Which headers are likely to stand above free text about people: they are withheld, or a person says why not."""

from __future__ import annotations

import re

_LIKELY = re.compile(
    r"narrative|comment|remark|notes?\b|description|\bexplain|\breason\b|details|\(other\)"
    r"|observer|trainer|owner|inspector\b|veterinarian|logged.?by|verified.?by|entered.?by|signed|witness|complainant"
    r"|contact|phone|telefon|e-?mail|licen[cs]e.?holder|\bfarmer\b|person(?!s_or)|\bnombre\b|\bejer\b",
    re.IGNORECASE,
)


def likely_personal(header: str) -> bool:
    """Say whether a header's words are those of columns that tell of people, or let people write freely.

    Parameters
    ----------
    header : str
        As the file has it: ``NRDescription``, ``Logged by``, ``est_phone``.
    """
    return _LIKELY.search(header) is not None
