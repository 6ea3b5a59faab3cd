"""Slips of the keyboard: a word that the grammar does not know becomes the known word one slip away, if there is one."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.language.lexicon import Lexicon

SHORTEST = 4
_RUN = re.compile(r"(.)\1{2,}")


def one_slip(typed: str, meant: str) -> bool:
    """Whether one letter was dropped, doubled, mistaken or swapped with its neighbour (the first letter stands)."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    left, right = typed[start:], meant[start:]
    if sorted(left[:2]) == sorted(right[:2]) and left[2:] == right[2:]:
        return len(left) >= 2
    if start == 0 or (len(typed) <= SHORTEST and len(typed) >= len(meant)):
        return False
    return left[1:] == right[1:] or left[1:] == right or left == right[1:]


class Speller:
    """Corrects words against the vocabulary of one language; real words that only look misspelt are left alone."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._known = lexicon.vocabulary | lexicon.common | lexicon.rewrites.keys()
        self._first: dict[str, list[str]] = {}
        for word in sorted(lexicon.vocabulary):
            if len(word) >= SHORTEST:
                self._first.setdefault(word[0], []).append(word)
        self.correct = lru_cache(maxsize=4096)(self._correct)

    def _correct(self, word: str) -> str:
        if len(word) < SHORTEST or word in self._known or not word.isalpha():
            return word
        for shorter in (_RUN.sub(r"\1\1", word), _RUN.sub(r"\1", word)):
            if shorter != word and shorter in self._known:
                return shorter
        candidates = self._first.get(word[0], []) + (self._first.get(word[1], []) if word[0] != word[1] else [])
        near = [known for known in candidates if one_slip(word, known)]
        return min(near, key=lambda known: (sorted(known) != sorted(word), known)) if near else word
