"""Which characters pass for which letters, so that a word is known again however it is dressed up.

``fold`` takes off what Unicode itself calls a variant (width, style, case, accents) and what cannot be seen.
``skeleton`` also reads letters of other alphabets as the Latin ones they look like, but only where they are used as
such: in a word that mixes alphabets, or in a text without any letter that only their own alphabet has. So a Russian
sentence may say "рот" (mouth) where "pot" is refused.
"""

from __future__ import annotations

import unicodedata

import regex

CAPITAL_I = "\ue000"
"""Stands for a capital I among small letters, which may be an l."""


def _pairs(written: str) -> dict[str, str]:
    return {pair[0]: pair[1] for pair in written.split()}


_ALIKE = {
    "Cyrillic": _pairs("аa еe сc оo рp хx уy іi јj ѕs ԁd һh ӏl кk мm нh тt вb гr ьb ѵv ԛq ԝw"),
    "Greek": _pairs("αa βb γy εe ηn ιi κk νv οo πn ρp τt υu χx ωw ςc"),
    "Armenian": _pairs("օo սu ոn հh զq ցg քp"),
}
_LATIN = _pairs(
    "øo łl đd ħh ŧt ɨi ƀb ɑa ɡg ıi ɩi ɪi ʟl ʙb ɢg ʜh ɴn ʀr ʏy ᴀa ᴄc ᴅd ᴇe ᴊj ᴋk ᴍm ᴏo ᴘp ᴛt ᴜu ᴠv ᴡw ᴢz ꜱs ꜰf"
)
_SQUARES = {chr(first + n): chr(ord("a") + n) for first in (0x1F150, 0x1F170, 0x1F1E6) for n in range(26)}
_PLAIN = str.maketrans(_LATIN | _SQUARES)
_READ = str.maketrans({odd: plain for table in _ALIKE.values() for odd, plain in table.items()})

_ACCENTS = regex.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")
_INVISIBLE = regex.compile(r"[[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Co}]--\s]+", regex.V1)
_HIDDEN_I = regex.compile(r"(?<=\p{Ll}I*)I(?![\p{Lu}--I])", regex.V1)
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}@$]+")
_OF = {name: regex.compile(rf"\p{{Script={name}}}") for name in _ALIKE}
_LATIN_LETTER = regex.compile(r"\p{Script=Latin}")


def fold(text: str) -> str:
    """One spelling for all variants of a character: NFKC, small letters, no accents, nothing invisible."""
    seen = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text))
    small = _HIDDEN_I.sub(CAPITAL_I, _ACCENTS.sub("", seen)).casefold()
    return unicodedata.normalize("NFC", small).translate(_PLAIN)


def read_as_latin(folded: str) -> str:
    """Every look-alike letter as the Latin one, whatever it stands for."""
    return folded.translate(_READ)


def skeleton(folded: str) -> str:
    """A folded text with letters of other alphabets read as the Latin ones they stand for, where they do."""
    spoofed = {
        name for name, letters in _OF.items() if all(one in _ALIKE[name] for one in letters.findall(folded))
    }

    def read(word: regex.Match[str]) -> str:
        scripts = [name for name, letters in _OF.items() if letters.search(word[0])]
        mixed = len(scripts) > 1 or (scripts and _LATIN_LETTER.search(word[0]))
        return read_as_latin(word[0]) if mixed or spoofed.issuperset(scripts) else word[0]

    return _WORD.sub(read, folded)
