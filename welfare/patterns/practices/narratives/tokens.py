"""Words of narratives, and which of them may be shown: none that could be somebody's name or number."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_SENTENCE_ENDS = re.compile(r"[.!?:;\n\r•\"“”]")
_SHOUTED = 0.6  # share of capitals above which a text is in capitals, and they say nothing
# What stands before a name, as whole words without their full stop: English, Spanish, Danish, German, French.
_TITLES = frozenset(
    """
    mr mrs ms miss dr drs prof inspector insp supervisor officer sgt lt sir madam iic sphv phv svmo csi dvm ovm dvo
    señor señora señorita sr sra srta don doña doctor doctora ing lic inspectora hr fr fru frk herr frau dyrlæge
    tierarzt tierärztin monsieur madame mme mlle named name nombre navn
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Token:
    """One word of a text.

    Attributes
    ----------
    word : str
        Without regard to case.
    capital : bool
        Whether it begins with a capital letter.
    opens : bool
        Whether it is the first of a sentence, where any word has a capital.
    joined : bool
        Whether only spaces part it from the word before.
    numbered : bool
        Whether it holds a digit or an underscore.
    """

    word: str
    capital: bool
    opens: bool
    joined: bool
    numbered: bool


@dataclass(frozen=True)
class Narrative:
    """A text in words.

    Attributes
    ----------
    tokens : tuple of Token
    cased : bool
        Whether capitals tell names from words in it: it has some, and is not all in capitals.
    """

    tokens: tuple[Token, ...]
    cased: bool


def in_tokens(text: str) -> Narrative:
    """Take a text apart.

    Parameters
    ----------
    text : str
        In any script that parts words by spaces.

    Returns
    -------
    Narrative
    """
    text = unicodedata.normalize("NFC", text)
    tokens: list[Token] = []
    end = 0
    for found in _WORD.finditer(text):
        between = text[end : found.start()]
        opens = end == 0 or bool(_SENTENCE_ENDS.search(between))
        # A title's full stop ends no sentence: what follows is a name.
        if opens and tokens and tokens[-1].word in _TITLES and between.strip() == ".":
            opens = False
        word = found.group()
        numbered = _LETTERS.fullmatch(word) is None
        joined = end > 0 and between.isspace()
        tokens.append(Token(word.casefold().replace("’", "'"), word[0].isupper(), opens, joined, numbered))
        end = found.end()
    letters = [letter for letter in text if letter.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    return Narrative(tuple(tokens), 0 < capitals < _SHOUTED * len(letters))


def spelling(term: str) -> str:
    """Return a term as terms are compared."""
    return " ".join(token.word for token in in_tokens(term).tokens)


def terms_of(narrative: Narrative, *, phrases: bool) -> set[str]:
    """Return the words of a text, each once, and its phrases of two words; none with a digit."""
    found = {token.word for token in narrative.tokens if not token.numbered}
    if phrases:
        found |= {f"{a.word} {b.word}" for a, b in _side_by_side(narrative)}
    return found


def _side_by_side(narrative: Narrative) -> Iterable[tuple[Token, Token]]:
    for before, after in zip(narrative.tokens, narrative.tokens[1:], strict=False):
        if after.joined and not (before.numbered or after.numbered):
            yield before, after


def name_like(narratives: Sequence[Narrative], *, phrases: bool) -> set[str]:
    """Return the terms that may be names.

    Parameters
    ----------
    narratives : sequence of Narrative
        All texts.
    phrases : bool
        Whether phrases of two words are terms as well.

    Returns
    -------
    set of str
        Words that, within sentences, are written with a capital more often than not, or that never stand within a
        sentence of a text with small and capital letters; words that follow a title more often than not; phrases that
        hold such a word, begin with a title, or have a capital within them more often than not.
    """
    small: Counter[str] = Counter()
    large: Counter[str] = Counter()
    titled: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    small_phrases: Counter[str] = Counter()
    large_phrases: Counter[str] = Counter()
    for narrative in narratives:
        for token in narrative.tokens:
            seen[token.word] += 1
            if narrative.cased and not token.opens:
                (large if token.capital else small)[token.word] += 1
        for before, after in zip(narrative.tokens, narrative.tokens[1:], strict=False):
            titled[after.word] += before.word in _TITLES and not after.opens
        for before, after in _side_by_side(narrative) if phrases else ():
            capital = (before.capital and not before.opens) or after.capital
            (large_phrases if capital else small_phrases)[f"{before.word} {after.word}"] += narrative.cased
    words = {word for word in seen if large[word] >= small[word] or 2 * titled[word] > seen[word]}
    return words | {
        phrase
        for phrase in {*small_phrases, *large_phrases}
        if large_phrases[phrase] >= small_phrases[phrase]
        or any(word in words for word in phrase.split())
        or phrase.split()[0] in _TITLES
    }


__all__ = ["Narrative", "Token", "in_tokens", "name_like", "spelling", "terms_of"]
