"""Forms of English words: comparatives, stems, misspellings."""

from __future__ import annotations

from functools import cache, lru_cache

from bot.language import lexicon


@cache
def adjectives() -> frozenset[str]:
    """The adjectives of the lexicon."""
    return lexicon.english("colours") | lexicon.english("shapes") | lexicon.english("traits")


@lru_cache(maxsize=4096)
def positive(word: str) -> str | None:
    """The base of a comparative or superlative ("older" -> "old"), None for other words."""
    if word in lexicon.table("english")["comparatives"]:
        return str(lexicon.table("english")["comparatives"][word])
    for ending in ("er", "est"):
        if not word.endswith(ending) or len(word) < len(ending) + 3:
            continue
        base = word[: -len(ending)]
        for candidate in (base, base + "e", base[:-1] + "y" if base.endswith("i") else base, base[:-1]):
            if candidate in adjectives() and (candidate != base[:-1] or base[-1] == base[-2]):
                return candidate
    return None


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """What forms of a word share: "smiling", "smile" and "smiles" -> "smil"."""
    base = positive(word) or word
    for ending in ("ing", "ed", "es", "s", "e", "y"):
        if base.endswith(ending) and len(base) - len(ending) >= 3:
            shorter = base[: -len(ending)]
            doubled = len(shorter) > 3 and shorter[-1] == shorter[-2] and ending in ("ing", "ed")
            return shorter[:-1] if doubled else shorter
    return base


def one_slip(typed: str, meant: str) -> bool:
    """Whether one letter, not the first, was dropped, doubled, mistaken or swapped with its neighbour."""
    if typed == meant or typed[0] != meant[0] or abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    left, right = typed[start:], meant[start:]
    swapped = left[:2] == right[:2][::-1] and left[2:] == right[2:]
    return swapped or left[1:] == right[1:] or left[1:] == right or left == right[1:]


@cache
def _known() -> tuple[frozenset[str], tuple[str, ...]]:
    """Words that are never taken for misspelt ones, and those that a misspelt one may mean."""
    names = ("colours", "shapes", "traits", "things", "persons", "real", "fillers")
    listed = {word for name in names for word in lexicon.english(name)}
    translated = {word for phrase in lexicon.own_words() for word in phrase.split() if word.isalpha()}
    meant = {word for word in lexicon.english("things") | adjectives() | translated if len(word) >= 5}
    known = listed | translated | set(lexicon.table("english")["states"]) | set(lexicon.foreign_kinds())
    return frozenset(known), tuple(sorted(meant))


@lru_cache(maxsize=4096)
def correct(word: str) -> str:
    """An unknown word as the known word one slip away, if there is just one."""
    known, meant = _known()
    if len(word) < 5 or not word.isascii() or not word.isalpha() or word in known or positive(word):
        return word
    near = [one for one in meant if one_slip(word, one)]
    plural = any({word, one} in ({one, one + "s"}, {word, word + "s"}) for one in near)
    inflected = word.endswith(("er", "est", "ing", "ed"))
    return near[0] if len(near) == 1 and not plural and not inflected else word
