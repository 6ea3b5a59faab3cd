"""From what was typed to plain words: bounded, without control characters, emoji and fancy punctuation."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from bot.language import english

MAX_CHARACTERS = 2000
"""What comes after is ignored: no wish needs more, and reading stays quick whatever is sent."""

_TOKEN = re.compile(
    r"ctrl\+z|[+-]?\d+(?:\.\d+)?\s?%|\d+(?:\.\d+)?|w/o?|[^\W\d_](?:[^\W\d_]|['-](?=[^\W\d_]))*|[.!?;\n,:&+#/-]"
)
_PUNCTUATION = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "´": "'",
        "`": "'",
        "“": " ",
        "”": " ",
        '"': " ",
        "«": " ",
        "»": " ",
        "–": "-",
        "—": ",",
        "−": "-",
        "…": ".",
        "、": ",",
        "。": ".",
        "_": " ",
        "*": " ",
        "(": ",",
        ")": ",",
    }
)


def clean(text: str) -> str:
    """Lower case, compatibility forms unified; formatting marks are gone and symbols (emoji) are spaces."""
    unified = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS].translate(_PUNCTUATION))
    kept: list[str] = []
    for character in unified.translate(_PUNCTUATION).lower()[:MAX_CHARACTERS]:
        category = unicodedata.category(character)
        if character in "\n+%" or category[0] not in "CSZ":
            kept.append(character)
        elif category != "Cf":
            kept.append("\n" if character in "\r\u2028\u2029" else " ")
    return "".join(kept)


def tokenise(text: str) -> list[str]:
    """Words, numbers, percentages and punctuation of a text, with contractions and short forms written out."""
    tokens: list[str] = []
    for match in _TOKEN.finditer(clean(text)):
        token = match.group().replace(" ", "")
        if token in "!?;\n":
            token = "."
        if token == "-":
            continue
        tokens.extend(english.REWRITES.get(token, correct(token)).split())
    return _percentages(tokens)


def _percentages(tokens: list[str]) -> list[str]:
    """ "30 %" as one token."""
    joined: list[str] = []
    for token in tokens:
        if token == "%" and joined and joined[-1].replace(".", "").isdigit():
            joined[-1] += "%"
        elif token != "%":
            joined.append(token)
    return joined


def one_slip(typed: str, meant: str) -> bool:
    """Whether one letter was dropped, doubled, mistaken or swapped with its neighbour (the first letter stands)."""
    if typed == meant or typed[0] != meant[0] or abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    left, right = typed[start:], meant[start:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]


@lru_cache(maxsize=4096)
def correct(word: str) -> str:
    """A word that the grammar does not know, as the known word one slip away, if there is just one."""
    if len(word) < 5 or not word.isalpha() or word in english.CORRECT or word in english.VOCABULARY:
        return word
    near = [known for known in english.VOCABULARY if one_slip(word, known)]
    plural = [
        known
        for known in near
        if {word, known} == {known, known + "s"} or {word, known} == {word, word + "s"}
    ]
    comparative = word.endswith(("er", "est", "ing", "ed"))
    return near[0] if len(near) == 1 and not plural and not comparative else word
