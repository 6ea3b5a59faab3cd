"""The words of both languages, read from the data files in this folder."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@cache
def table(name: str) -> dict[str, Any]:
    """One data file, by its name without ending."""
    return tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))


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
def translations() -> dict[str, tuple[str, str]]:
    """Chinese word -> (English, kind); `chinese.toml` lists the kinds."""
    found: dict[str, tuple[str, str]] = {}
    for kind, lines in table("chinese")["words"].items():
        for line in lines.strip().splitlines():
            english_word, words = line.split(":")
            found |= {word: (english_word.strip(), kind) for word in words.split()}
    return found


@cache
def own_words() -> dict[str, tuple[str, str]]:
    """English -> (the Chinese word that the bot itself uses, kind)."""
    found: dict[str, tuple[str, str]] = {}
    for word, (english_word, kind) in translations().items():
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
