"""From a message's tokens to clauses, with what is to be kept and where it is to happen taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.language import english
from bot.language.phrases import ends, find, positive, starts, trim
from bot.language.wish import subject

MOST_CLAUSES = 12


@dataclass(frozen=True)
class Message:
    """A message taken apart."""

    clauses: list[list[str]]
    keep: tuple[str, ...]
    region: str | None


def sentences(tokens: Sequence[str]) -> list[list[str]]:
    """Split at full stops."""
    found: list[list[str]] = [[]]
    for token in tokens:
        if token == ".":
            found.append([])
        else:
            found[-1].append(token)
    return [sentence for sentence in found if sentence]


def _verbs(word: str) -> bool:
    return (
        word in english.MAKING
        or word in english.SHAPING
        or word in ("remove", "lose", "drop", "delete", "erase", "take", "undo")
    )


def _end_of_list(words: Sequence[str]) -> int:
    """How far a list of nouns ("the hair or the eyes") goes: up to a verb or a comma before one."""
    for place, word in enumerate(words):
        rest = [w for w in words[place + 1 : place + 3] if w not in english.DROPPED_BETWEEN]
        if (
            word in (",", "and", "but", "then")
            and rest
            and (_verbs(rest[0]) or rest[0] in ("older", "younger"))
        ):
            return place
        if word in (":",) or (word == "but" and place):
            return place
    return len(words)


def _nouns(words: Sequence[str]) -> list[str]:
    """The noun phrases of "the hair or the eyes"."""
    groups: list[list[str]] = [[]]
    for word in words:
        if word in ("and", "or", ",", "nor"):
            groups.append([])
        elif word not in english.ARTICLES and word not in ("at", "all", "with", "please"):
            groups[-1].append(word)
    return [" ".join(group) for group in groups if group]


def take_kept(sentence: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """The sentence without "… without changing X", and each X."""
    kept: list[str] = []
    words = sentence
    while (found := find(words, english.KEEPING)) is not None:
        place, length = found
        tail = words[place + length :]
        if tail[:1] in (["it"], ["going"], ["on"], ["that"]) or not tail:
            break
        until = _end_of_list(tail)
        phrase = tail[:until]
        if cut := ends(phrase, english.UNCHANGED):
            phrase = phrase[:-cut]
        if not starts(phrase, english.REST):
            kept.extend(_nouns(phrase))
        words = trim([*words[:place], *tail[until:]]) if words[:place] or tail[until:] else []
    return words, tuple(kept)


def take_region(sentence: list[str]) -> tuple[list[str], str | None]:
    """The sentence without "only the left eye: …", "…, but only the left eye" or "only" beside a verb, and that region."""
    if (side := _take_side(sentence)) is not None:
        return side
    if (place := _only_beside_verb(sentence)) is not None:
        rest = [word for number, word in enumerate(sentence) if number != place]
        return rest, " ".join(subject(rest[1:])[0]) or None
    found = find(sentence, english.REGION_MARKS)
    if found is None:
        return sentence, None
    place, length = found
    tail = sentence[place + length :]
    if place == 0:
        cut = next((i for i, word in enumerate(tail) if word in (":", ",")), None)
        if cut is None:
            return sentence, None
        return tail[cut + 1 :], " ".join(_nouns(tail[:cut])) or None
    if (
        tail[:1]
        and (tail[0] in english.ARTICLES or sentence[place + length - 1] in ("on", "in"))
        and tail[0] not in ("a", "an")
    ):
        return trim(sentence[:place]), " ".join(_nouns(tail)) or None
    return sentence, None


def _take_side(sentence: list[str]) -> tuple[list[str], str] | None:
    """The sentence without "left half of" in "make the left half of the hair pink" or "pink on the left side of the hair", and
    that region ("left hair"); None where it names no half of a thing."""
    places = (
        n
        for n, word in enumerate(sentence)
        if word in english.SIDES and sentence[n + 1 : n + 3] in english.HALVES
    )
    place = next(places, None)
    if place is None:
        return None
    tail = sentence[place + 3 :]
    end = next((n for n, word in enumerate(tail) if word in english.THINGS), None)
    if end is None:
        return None
    noun = [word for word in tail[: end + 1] if word not in english.ARTICLES | english.POSSESSIVES]
    before = sentence[:place]
    while before and before[-1] in english.ARTICLES | english.POSSESSIVES:
        before.pop()
    apart = before[-1:] in (["on"], ["in"], ["at"], ["to"], ["over"])
    if apart:
        before.pop()
    named = apart and any(
        word in english.THINGS for word in before
    )  # "blue lips on the left side of the face"
    return [*before, *([] if named else noun), *tail[end + 1 :]], " ".join([sentence[place], *noun])


def _only_beside_verb(sentence: Sequence[str]) -> int | None:
    """Where "only" or "just" stands in "only make the left eye blue" and "change just the background to white"."""
    for place, verb, article in ((0, 1, 2), (1, 0, 2)):
        marked = (
            len(sentence) > 3 and sentence[place] in ("only", "just") and sentence[verb] in english.MAKING
        )
        if marked and sentence[article] in english.ARTICLES | english.POSSESSIVES:
            return place
    return None


def _continues(before: Sequence[str], after: Sequence[str]) -> bool:
    """Does "short and curly hair" go on over the conjunction? Only bare adjectives before a noun phrase of their own."""
    if (
        not before
        or not after
        or before[-1] not in english.SHAPES
        or any(w in english.THINGS for w in before)
    ):
        return False
    if _verbs(before[0]) and any(word in english.THINGS for word in before):
        return False
    return after[0] in english.SHAPES and any(word in english.THINGS for word in after)


def split(sentence: Sequence[str]) -> list[list[str]]:
    """Clauses of a sentence: cut at commas and conjunctions, but not inside a noun phrase."""
    parts: list[list[str]] = [[]]
    for word in sentence:
        if word in english.CONJUNCTIONS:
            parts.append([])
        else:
            parts[-1].append(word)
    found: list[list[str]] = []
    for part in (p for p in parts if p):
        bare = bool(found) and positive(found[-1][-1]) is None
        if bare and _continues(found[-1], part):
            found[-1] = [*found[-1], *part]
        else:
            found.append(part)
    return found[:MOST_CLAUSES]


def read(tokens: Sequence[str]) -> Message:
    """Take a whole message apart."""
    clauses: list[list[str]] = []
    keep: list[str] = []
    region: str | None = None
    for sentence in sentences(tokens):
        rest, kept = take_kept(sentence)
        keep.extend(kept)
        rest, where = take_region(rest)
        region = region or where
        clauses.extend(split(rest))
    return Message(clauses[:MOST_CLAUSES], tuple(keep), region)
