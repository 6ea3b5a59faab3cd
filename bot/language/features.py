"""What the reader's network sees of each token: hashed pieces of words, and kinds from the lexicons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

from bot.language import lexicon
from bot.language.chinese.segments import read
from bot.language.text import Token, has_han, single
from bot.language.words import positive

BUCKETS = 2**15


def _hash(piece: str) -> int:
    return crc32(piece.encode()) % BUCKETS


@lru_cache(maxsize=65536)
def _word(typed: str) -> tuple[int, ...]:
    """The word itself, its character 3- and 4-grams and its kind; numbers by their size and form."""
    word = lexicon.without_accents(typed)
    if word[0].isdigit() or word[1:2].isdigit():
        shape = "%" if word.endswith("%") else "." if "." in word else str(min(len(word), 4))
        return tuple(map(_hash, (f"#{shape}", f"#{word[0] in '+-'}{word[-1] == '%'}", f"w:{word[:2]}")))
    if not word[0].isalpha():
        return (_hash(f"p:{word}"),)
    framed = f"<{word}>"
    pieces = [f"w:{word}"]
    pieces += [f"g:{framed[i : i + n]}" for n in (3, 4) for i in range(max(1, len(framed) - n + 1))]
    base = positive(word)
    kind = lexicon.english_kinds().get(base or word) or lexicon.foreign_kinds().get(word)
    pieces += [f"k:{kind}:{bool(base)}"] * 3 if kind else ["c:"] if base else []
    return tuple(map(_hash, pieces))


@lru_cache(maxsize=65536)
def _character(before: str, character: str, after: str, kind: str) -> tuple[int, ...]:
    pieces = (f"h:{character}", f"l:{before}{character}", f"r:{character}{after}", f"z:{kind}", f"z:{kind}")
    return tuple(map(_hash, (*pieces, f"t:{before}{character}{after}")))


def features(tokens: Sequence[Token]) -> list[tuple[int, ...]]:
    """The feature numbers of each token, each below `BUCKETS`."""
    found: list[tuple[int, ...]] = []
    kinds = _kinds_of_characters(tokens)
    for place, token in enumerate(tokens):
        if single(token.text):
            before = tokens[place - 1].text if place else "^"
            after = tokens[place + 1].text if place + 1 < len(tokens) else "$"
            found.append(_character(before, token.text, after, kinds[place]))
        else:
            found.append(_word(token.text))
    return found


def _kinds_of_characters(tokens: Sequence[Token]) -> list[str]:
    """For each Chinese character, the kind of the known word around it and whether it begins that word."""
    if not any(has_han(token.text) for token in tokens):
        return [""] * len(tokens)
    kinds = [""] * len(tokens)
    for word in read("".join(token.text[0] for token in tokens)):  # one character a token keeps the places
        for offset in range(len(word.text)):
            kinds[word.start + offset] = f"{word.kind}{'B' if not offset else 'I'}"
    return kinds
