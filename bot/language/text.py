"""Clean a message and split it into tokens, for English and Chinese alike."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import unescape

from bot.language import lexicon

MAX_CHARACTERS = 2000
"""What comes after is ignored: no edit needs more, and reading stays quick."""
MAX_TOKENS = 240

_HAN = "\u3400-\u9fff"
_SINGLE = f"{_HAN}\u3040-\u30ff\uac00-\ud7af\u0e00-\u0e7f"
"""Scripts without spaces between words: one token a character."""
_IS_SINGLE = re.compile(f"[{_SINGLE}]")
_NUMBER = r"(?:(?<![\w.])[+-])?\d+(?:\.\d+)?\s?%?"
_WORD = rf"(?!['-])(?:['-]?[^\W\d_{_SINGLE}])+"
_TOKEN = re.compile(rf"{_NUMBER}|[{_SINGLE}]|{_WORD}|\S")
_MARKUP = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"--no[ =]+", ", no "),
        (r"<a?:\w+:\d+>|<\w+:[\w:.]+>|(?<!\w)@\w+|<[@#][!&]?\d+>|<t:-?\d+(?::\w)?>|</?\w+:\d+>", " "),
        (r"(?:https?://|www\.)\S+", " http "),
        (r"</?[a-z][^<>]{0,80}>", " "),
        (r"(?<![\w:]):[a-z0-9_+-]{2,32}:(?!\w)", " "),
        (r"^\s*/\w+(?:\s+prompt:)?", " "),
        (r"(?<!\S)--[a-z]\w*(?:[ =]+(?:[\d:.]+|raw|\w+(?=$|\s+--)))?", " "),
        (r"[\[\](){}]*\(([^():\d]{1,80})\)[\[\](){}]*|[\[\]{}]", r" \1 "),
        (r"^\s*(?:\d{1,2}[.)、]|[-*•>]|#+(?=\s))\s*(?=\D)", "; "),
        (r"(?<=\s)\d[.)]\s+(?=[^\W\d])", "; "),
        (r"[|•\r\n\u2028\u2029]+", ";"),
        (r"[*_~`\"“”«»『』「」‹›〈〉《》\\]+", " "),
    )
)
_MARKS = str.maketrans(
    {"‘": "'", "’": "'", "´": "'", "–": "-", "—": ",", "−": "-", "…": ".", "。": ".", "；": ";", "～": " "}
)


@dataclass(frozen=True)
class Token:
    """A word, number, mark or single character, and where it is in the cleaned text."""

    text: str
    start: int
    end: int


def is_han(character: str) -> bool:
    """Whether a character is a Chinese one."""
    return unicodedata.name(character, "").startswith("CJK")


def has_han(text: str) -> bool:
    """Whether a text has a Chinese character."""
    return any("\u3400" <= character <= "\u9fff" for character in text)


def single(text: str) -> bool:
    """Whether a token is a character of a script without spaces between words."""
    return len(text) == 1 and bool(_IS_SINGLE.match(text))


def has_kana(text: str) -> bool:
    """Whether a text has a Japanese syllable."""
    return any("\u3041" <= character <= "\u30fa" for character in text)


def clean(text: str) -> str:
    """Lower case, simplified Chinese, one form for each mark, without markup and symbols."""
    text = unescape(text[:MAX_CHARACTERS])
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    text = unicodedata.normalize("NFKC", text.translate(_MARKS)).translate(_MARKS).lower()
    kept: list[str] = []
    for character in lexicon.simplified(text[:MAX_CHARACTERS]):
        category = unicodedata.category(character)
        if category[0] not in "CSZ" or character in "+%":
            kept.append(character)
        elif category != "Cf":
            kept.append(" ")
    plain = re.sub(r"\s+", " ", "".join(kept))
    return re.sub(rf"(?<=[{_HAN}]) (?=[{_HAN}])", "", plain).strip(" ;")


def tokenise(cleaned: str) -> list[Token]:
    """The tokens of a cleaned text, at most `MAX_TOKENS`."""
    found = []
    for match in _TOKEN.finditer(cleaned):
        found.append(Token(match.group().replace(" ", ""), match.start(), match.end()))
        if len(found) == MAX_TOKENS:
            break
    return found


def foreign(cleaned: str) -> bool:
    """Whether a text is mostly in a script that is neither Latin, Chinese nor Japanese."""
    scripts = [unicodedata.name(c, "").split(" ")[0] for c in cleaned if c.isalpha()]
    known = [one for one in scripts if one in ("LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA")]
    return 2 * len(known) < len(scripts)
