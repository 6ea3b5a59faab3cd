"""From a message to clauses, with what is to be kept and where it is to happen taken out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.language.chinese import words
from bot.language.chinese.phrase import describe
from bot.language.chinese.segments import CONTENT, NOUNS, Token, read
from bot.language.clauses import MOST_CLAUSES

_KEEP = tuple(re.compile(pattern) for pattern in words.KEEP)
_REGION = tuple(re.compile(pattern) for pattern in words.REGION)
_SIDES = tuple(re.compile(pattern) for pattern in words.SIDES)
_JOINING = re.compile(words.JOINING)
_REWRITES = tuple((re.compile(pattern), replacement) for pattern, replacement in words.REWRITES)
_SPACES = re.compile(r"(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")


@dataclass(frozen=True)
class Message:
    """A message taken apart; ``unknown`` are words to keep that are in no lexicon."""

    clauses: list[str]
    keep: tuple[str, ...]
    region: str | None
    unknown: tuple[str, ...]


def listed(tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens taken apart at 和, 、 and the like; no group is empty."""
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "list":
            groups.append([])
        else:
            groups[-1].append(token)
    return [group for group in groups if group]


def _things(text: str) -> list[list[Token]]:
    """The content words of each item of a list."""
    found = [[token for token in group if token.kind in CONTENT] for group in listed(read(text))]
    return [group for group in found if group]


def _take_kept(text: str) -> tuple[str, list[str], list[str]]:
    kept: list[str] = []
    unknown: list[str] = []
    for pattern in _KEEP:
        for match in pattern.finditer(text):
            named = next(value for value in match.groupdict().values() if value)
            if any(rest in named for rest in words.REST):
                continue
            for group in _things(named):
                strange = [token.text for token in group if token.kind == "unknown"]
                unknown.extend(strange)
                kept.extend([] if strange else [describe(group).english])
        text = pattern.sub(",", text)
    return text, list(dict.fromkeys(kept)), unknown


def _take_region(text: str) -> tuple[str, str | None]:
    """Only noun phrases are regions: 只改左眼, but not 只是可爱一点."""
    for number, pattern in enumerate(_REGION):
        match = pattern.search(text)
        if match is None:
            continue
        named = next(value for value in match.groupdict().values() if value)
        groups = _things(named)
        if not groups or any(token.kind not in NOUNS for group in groups for token in group):
            continue
        rest = named if number in (1, 3) else ""  # "only turn the left eye green" goes on speaking of it
        return text[: match.start()] + rest + text[match.end() :], " ".join(
            describe(group).english for group in groups
        )
    return text, None


def _take_side(text: str) -> tuple[str, str | None]:
    """The text with 头发 for 左半边头发, and that region ("left hair")."""
    for pattern in _SIDES:
        if (match := pattern.search(text)) is not None:
            thing = match["thing"]
            region = f"{words.SIDE_NAMES[match['side']]} {describe(read(thing)).english}"
            return text[: match.start()] + thing + text[match.end() :], region
    return text, None


def take_apart(text: str) -> Message:
    """Take a whole (cleaned) message apart."""
    text = _SPACES.sub("", text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text, side = _take_side(text)
    text, region = _take_region(text)
    text, kept, unknown = _take_kept(text)
    parts = [part.strip() for sentence in re.split(r"[,.:]", text) for part in _JOINING.split(sentence)]
    return Message(
        [part for part in parts if part][:MOST_CLAUSES], tuple(kept), side or region, tuple(unknown)
    )
