"""Looking for phrases in lists of words, and the forms of words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from bot.language import english

Phrase = tuple[str, ...]
Value = TypeVar("Value")


def starts(words: Sequence[str], phrases: Iterable[Phrase]) -> int:
    """Length of the first phrase with which the words start, 0 for none."""
    return next((len(phrase) for phrase in phrases if tuple(words[: len(phrase)]) == phrase), 0)


def ends(words: Sequence[str], phrases: Iterable[Phrase]) -> int:
    """Length of the first phrase with which the words end, 0 for none."""
    return next(
        (
            len(phrase)
            for phrase in phrases
            if len(words) >= len(phrase) and tuple(words[-len(phrase) :]) == phrase
        ),
        0,
    )


def find(words: Sequence[str], phrases: Iterable[Phrase]) -> tuple[int, int] | None:
    """Place and length of the first phrase found anywhere; the earliest place, then the longest phrase."""
    listed = tuple(phrases)
    for place in range(len(words)):
        if length := starts(words[place:], listed):
            return place, length
    return None


def valued(words: Sequence[str], table: Mapping[Value, Sequence[Phrase]]) -> tuple[int, int, Value] | None:
    """Place, length and value of the longest phrase of a table found anywhere."""
    best: tuple[int, int, Value] | None = None
    for value, phrases in table.items():
        found = find(words, phrases)
        if found and (best is None or found[1] > best[1]):
            best = (*found, value)
    return best


def without(words: Sequence[str], place: int, length: int) -> list[str]:
    """The words less ``length`` of them from ``place`` on."""
    return [*words[:place], *words[place + length :]]


def trim(words: Sequence[str]) -> list[str]:
    """Words without politeness and talk at both ends; at least one word stays if there was one."""
    result = list(words)
    changed = True
    while changed and result:
        changed = False
        opening = 0 if starts(result, english.REMOVING) else starts(result, english.OPENINGS)
        for length in (opening, starts(result, ((",",), (".",), (":",)))):
            if length and length < len(result):
                result, changed = result[length:], True
        for length in (ends(result, english.CLOSINGS), ends(result, ((",",), (".",), (":",)))):
            if length and length < len(result):
                result, changed = result[:-length], True
    return result


def positive(word: str) -> str | None:
    """The base of a comparative or superlative ("older" -> "old"), None for other words."""
    if word in english.IRREGULAR:
        return english.IRREGULAR[word]
    for ending in ("er", "est"):
        if not word.endswith(ending) or len(word) < len(ending) + 3:
            continue
        base = word[: -len(ending)]
        for candidate in (base, base + "e", base[:-1] + "y" if base.endswith("i") else base, base[:-1]):
            if candidate in english.ADJECTIVES and (candidate != base[:-1] or base[-1] == base[-2]):
                return candidate
    return None


def stem(word: str) -> str:
    """What forms of a word share: "smiling", "smile" and "smiles" -> "smil"."""
    base = positive(word) or word
    for ending in ("ing", "ed", "es", "s", "e", "y"):
        if base.endswith(ending) and len(base) - len(ending) >= 3:
            shorter = base[: -len(ending)]
            return (
                shorter[:-1]
                if len(shorter) > 3 and shorter[-1] == shorter[-2] and ending in ("ing", "ed")
                else shorter
            )
    return base


def matching(content: Sequence[str], prompts: Sequence[str]) -> str | None:
    """The newest prompt that holds all the content words, None when there is none or no content."""
    wanted = {stem(word) for word in content}
    for prompt in reversed(prompts):
        if wanted and wanted <= {stem(word) for word in prompt.lower().split()}:
            return prompt
    return None
