"""Finds words again that are written with look-alike characters.

``fold`` removes what Unicode itself calls variants of a character (width, style, case, accents), and
invisible characters. ``skeleton`` also reads letters of other scripts as the Latin letters that they look
like, but only where they are used that way: in a word that mixes scripts, or in a text in which every letter
of that script has a Latin look-alike. So a Russian sentence may contain "рот" (mouth) although "pot" is
refused.
"""

from __future__ import annotations

import tomllib
import unicodedata
from pathlib import Path

import regex

CAPITAL_I = "\ue000"  # private character for a capital I among small letters, which may be meant as an l

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _pairs(written: str) -> dict[str, str]:
    return {pair[0]: pair[1] for pair in written.split()}


_SCRIPTS = {name: _pairs(pairs) for name, pairs in _TABLES["scripts"].items()}
_TO_LATIN = str.maketrans({odd: plain for pairs in _SCRIPTS.values() for odd, plain in pairs.items()})
_SQUARED = {chr(first + n): chr(ord("a") + n) for first in (0x1F150, 0x1F170, 0x1F1E6) for n in range(26)}
_TO_PLAIN = str.maketrans(_pairs(_TABLES["latin"]) | _SQUARED)
SUBSTITUTES: dict[str, str] = _TABLES["substitutes"] | {
    letter: _TABLES["substitutes"][letter] + CAPITAL_I for letter in "il"
}
"""Letters, each with the characters that people type in its place."""

_ACCENTS = regex.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")
_INVISIBLE = regex.compile(r"[[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Co}]--\s]+", regex.V1)
_HIDDEN_I = regex.compile(r"(?<=\p{Ll}I*)I(?![\p{Lu}--I])", regex.V1)
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}@$]+")
_LETTER_OF = {name: regex.compile(rf"\p{{Script={name}}}") for name in _SCRIPTS}
_LATIN_LETTER = regex.compile(r"\p{Script=Latin}")


def fold(text: str) -> str:
    """Return one spelling for all variants: NFKD, lower case, no accents, nothing invisible; then NFC."""
    visible = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text))
    lower = _HIDDEN_I.sub(CAPITAL_I, _ACCENTS.sub("", visible)).casefold()
    return unicodedata.normalize("NFC", lower).translate(_TO_PLAIN)


def read_as_latin(folded: str) -> str:
    """Replace every look-alike of another script by its Latin letter."""
    return folded.translate(_TO_LATIN)


def skeleton(folded: str) -> str:
    """Replace look-alikes of other scripts in a folded text where they are used as Latin letters."""
    imitating = {
        name
        for name, letter in _LETTER_OF.items()
        if all(found in _SCRIPTS[name] for found in letter.findall(folded))
    }

    def read(word: regex.Match[str]) -> str:
        scripts = [name for name, letter in _LETTER_OF.items() if letter.search(word[0])]
        mixed = len(scripts) > 1 or (scripts and _LATIN_LETTER.search(word[0]))
        return read_as_latin(word[0]) if mixed or imitating.issuperset(scripts) else word[0]

    return _WORD.sub(read, folded)
