"""The words of both languages, read from the data files in this folder."""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NAMES = {"english": "en", "chinese": "zh"}
"""The two word lists that are not named by their language's code."""


@cache
def table(name: str) -> dict[str, Any]:
    """One data file, by its name without ending."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def english(name: str) -> frozenset[str]:
    """A word list of English."""
    return frozenset(table("english")[name].split())


@cache
def chinese(name: str) -> frozenset[str]:
    """A word list of the Chinese grammar words."""
    return frozenset(table("chinese")["grammar"][name].split())


@cache
def _simplified_forms() -> dict[int, str]:
    return str.maketrans({pair[0]: pair[1] for pair in table("chinese")["script"]["pairs"].split()})


def simplified(text: str) -> str:
    """Traditional characters as simplified ones."""
    return text.translate(_simplified_forms())


@cache
def translations(language: str = "zh") -> dict[str, tuple[str, str]]:
    """Word of a language -> (English, kind); `chinese.toml` lists the kinds."""
    found: dict[str, tuple[str, str]] = {}
    for kind, lines in table("chinese" if language == "zh" else language)["words"].items():
        for line in lines.strip().splitlines():
            english_word, words = line.split(":")
            listed = words.split() if language == "zh" else words.split(",")
            found |= {word.strip(): (english_word.strip(), kind) for word in listed}
    return found


@cache
def own_words(language: str = "zh") -> dict[str, tuple[str, str]]:
    """English -> (the usual word of a language, kind)."""
    found: dict[str, tuple[str, str]] = {}
    for word, (english_word, kind) in translations(language).items():
        found.setdefault(english_word, (word, kind))
    return found


@cache
def before_noun() -> dict[tuple[str, str], str]:
    """(Adjective, noun) -> the adjective that is usual before that noun: golden hair is blonde."""
    rows = table("chinese")["before_noun"].items()
    return {(*pair.split(" ", 1),): usual for usual, pairs in rows for pair in pairs}


@cache
def english_kinds() -> dict[str, str]:
    """English word -> kind, of the English lists and of the translations."""
    phrases = sorted(own_words().items(), key=lambda pair: -len(pair[0].split()))
    found = {phrase.split()[-1]: kind for phrase, (_, kind) in phrases}
    parts = english("parts")
    found |= {word: "part" if word in parts else "worn" for word in english("things") if word not in found}
    for name, kind in (("traits", "trait"), ("shapes", "shape"), ("colours", "colour")):
        found |= dict.fromkeys(english(name), kind)
    return found


def without_accents(word: str) -> str:
    """A word in plain letters, as many type it: "más" -> "mas"."""
    if word.isascii():
        return word
    apart = unicodedata.normalize("NFKD", word.replace("ß", "ss"))
    plain = "".join(character for character in apart if not "\u0300" <= character <= "\u036f")
    return unicodedata.normalize("NFC", plain) or word


@cache
def foreign_kinds() -> dict[str, str]:
    """Word -> kind, of the languages with a small word list of their own."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("??.toml")):
        for words, (_, kind) in translations(path.stem).items():
            found |= {without_accents(word): kind for word in words.split() if len(word) > 2}
    return found
