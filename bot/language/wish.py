"""From a clause to a wish: a phrase that describes the picture, how strongly, and whether it is to go away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.language import english
from bot.language.phrases import ends, find, positive, starts, trim
from bot.language.strength import degree_of


@dataclass(frozen=True)
class Wish:
    """``words`` describe what is wished for; ``gone`` asks for its absence, ``opposite`` for the contrary of a trait."""

    words: tuple[str, ...]
    strength: float = 1.0
    gone: bool = False
    opposite: bool = False


def _plain(words: Sequence[str]) -> list[str]:
    """Without articles, pronouns and the like at the start, and without prepositions left over at the end."""
    result = list(words)
    while result and (
        result[0] in english.ARTICLES
        or result[0] in ("of", "to", "for", "be", "being", "more", "even", "that", ":")
    ):
        result = result[1:]
    while result and result[-1] in (
        ":",
        ",",
        "on",
        "to",
        "with",
        "of",
        "for",
        "the",
        "a",
        "in",
        "at",
        "and",
        "it",
    ):
        result = result[:-1]
    return [positive(word) or word for word in result]


def subject(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split "her hair blonde" into the thing spoken of (nothing for a person) and what is said of it."""
    if not words:
        return [], []
    start = 0
    if words[0] in english.POSSESSIVES or words[0] in english.PRONOUNS or words[0] in ("a", "an", "some"):
        start = 1
    if start < len(words) and words[start] in english.PERSONS and start and words[0] != "a":
        start += 1
        if words[start : start + 1] == ["'s"]:
            start += 1
    until = next((i + 1 for i in range(start, len(words)) if words[i] in english.THINGS), None)
    if until is None or until - start > 3:
        return [], list(words[start:])
    while until < len(words) and words[until] in english.THINGS | english.ASPECTS:
        until += 1
    thing = [word for word in words[start:until] if word not in english.ASPECTS]
    return thing, list(words[until:])


def _joined(thing: Sequence[str], said: Sequence[str]) -> list[str]:
    """ "hair" and "very blonde" -> "blonde hair"."""
    described = _plain(said)
    if not described:
        return list(thing)
    if described[0] in ("with", "in", "without"):
        return [*thing, *described]
    return [*described, *thing] if not set(thing) <= set(described) else described


def _converted(words: Sequence[str]) -> list[str] | None:
    """ "the hair to brown" -> "brown hair"; None without a new value."""
    place = next((i for i, word in enumerate(words) if word in english.TOWARD and i), None)
    if place is None or place + 1 >= len(words) or (words[place - 1] == "look" and words[-1] in english.WAYS):
        return None
    thing, said = subject(words[:place])
    value = words[place + 1 :]
    value = value[1:] if value[:1] == ["be"] else value
    if set(value) <= english.WAYS and not said and thing and thing[-1] in ("head", "face", "eyes", "body"):
        return [*thing, "turned", *words[place:]]
    return _joined(thing, _plain(value)) if not said else _plain(value)


def _described(words: Sequence[str]) -> list[str]:
    """What a clause without command words before it says: verbs of being and having, "look like", "ten years younger"."""
    rest = list(words)
    if (
        rest[:1]
        and rest[0] in english.PRONOUNS
        and len(rest) > 1
        and (rest[1] in english.COPULAS | english.HAVING | english.MODALS)
    ):
        rest = rest[1:]
    while rest and (
        rest[0] in english.MODALS
        or rest[0] in english.COPULAS
        or rest[0] in english.HAVING
        or rest[0] in english.LIKENESS
    ):
        if len(rest) == 1 or (rest[0] == "like" and len(rest) == 1):
            break
        if (
            rest[0].startswith("look")
            and rest[1] in english.GAZING
            and (rest[1] != "to" or rest[-1] in english.WAYS)
        ):
            return ["looking", *rest[1:]]
        rest = rest[1:]
    if "years" in rest or "year" in rest:
        rest = [word for word in rest if positive(word) or word in english.ADJECTIVES] or rest
    return rest


def _after_verb(verb: str, words: Sequence[str]) -> list[str]:
    """The description in what follows a command verb."""
    if verb in english.CONVERTING and (converted := _converted(words)) is not None:
        return converted
    if verb in english.SHAPING:
        thing, _ = subject(words)
        return [english.SHAPING[verb], *(thing or _plain(words))]
    if words[:1] and words[0] in english.PRONOUNS and len(words) > 1 and words[0] not in english.POSSESSIVES:
        return _said_of_person(words[1:])
    if verb in english.GIVING:
        trimmed = (
            words[1:]
            if words[:1] and words[0] in ("her", "him", "them", "me", "us") and len(words) > 1
            else words
        )
        person = starts(
            trimmed,
            (("the", "person"), ("this", "person"), ("the", "man"), ("the", "woman"), ("this", "man")),
        )
        return _described(trimmed[person:] if person < len(trimmed) else trimmed)
    thing, said = subject(words)
    if thing and said:
        return _joined(thing, _described(said))
    return _plain(words) if thing else _said_of_person(said or words)


def _said_of_person(words: Sequence[str]) -> list[str]:
    thing, said = subject(words) if words[:1] and words[0] in english.POSSESSIVES else ([], words)
    return _joined(thing, _described(said)) if thing and said else _described(words)


def describe(words: Sequence[str]) -> list[str]:
    """The description that a clause without negation wishes for; empty when it names nothing."""
    rest = list(words)
    if len(rest) > 1 and (rest[0] in english.MAKING or rest[0] in english.SHAPING) and not _noun_first(rest):
        return _plain(_after_verb(rest[0], rest[1:]))
    if (len(rest) == 1 and rest[0] in english.MAKING) or rest == ["make", "it"]:
        return []
    if ":" in rest[1:-1]:
        place = rest.index(":")
        return _joined(
            [w for w in _plain(rest[:place]) if w not in english.ASPECTS], _plain(rest[place + 1 :])
        )
    thing, said = subject(rest)
    if thing and said and said[0] in english.MODALS | english.COPULAS | {"to", "more", "less"}:
        return _plain(_joined(thing, _described(said)))
    return _plain(_described(rest))


def _noun_first(words: Sequence[str]) -> bool:
    """ "thin lips", "open mouth": the adjective, not the verb of the same form."""
    verb_like = words[0] in english.SHAPING and words[0] in english.SHAPES and words[0] not in ("open",)
    return (verb_like and words[1] in english.THINGS) or (words[0] == "open" and words[1] in english.THINGS)


def _taken_off(words: list[str]) -> list[str] | None:
    """ "take the glasses off", "shave his beard off" -> "the glasses", "his beard"."""
    if (
        len(words) > 2
        and words[0] in ("take", "shave", "wipe", "wash", "cut", "get", "turn", "strip")
        and words[-1] in english.OFF
    ):
        return words[1:-1]
    return None


def read(clause: Sequence[str]) -> Wish:
    """The wish of a clause; empty ``words`` where it names nothing."""
    words = trim(clause)
    taken = _taken_off(words)
    if taken is not None:
        return Wish(tuple(_plain(_thing_only(taken))), gone=True)
    place = find(words, english.REMOVING)
    if place is not None and (
        place[0] == 0
        or all(
            w
            in english.PRONOUNS
            | english.MODALS
            | english.COPULAS
            | english.HAVING
            | {"make", "to", "can", "want"}
            or w in english.PERSONS
            for w in words[: place[0]]
        )
    ):
        rest = words[place[0] + place[1] :]
        return Wish(tuple(_plain(_thing_only(rest))), gone=True)
    negated = starts(words, english.NEGATING)
    if (
        not negated
        and (inner := find(words, english.NEGATING))
        and inner[0] <= 3
        and inner[0] + inner[1] < len(words)
    ):
        before = words[: inner[0]]
        if all(
            w
            in english.PRONOUNS
            | english.MODALS
            | english.COPULAS
            | english.MAKING
            | english.ARTICLES
            | english.PERSONS
            for w in before
        ):
            words, negated = words[inner[0] :], inner[1]
    if negated and negated < len(words):
        return _negated(words[negated:])
    rest, degree = degree_of(words)
    described = describe(rest) if rest else []
    if len(described) > 1 and described[0] in english.SUBTLE and english.SUBTLE[described[0]]:
        degree, described = english.SUBTLE[described[0]] or degree, described[1:]
    return Wish(tuple(described), degree)


def _negated(words: Sequence[str]) -> Wish:
    rest, _ = degree_of(words)
    described = describe(rest) if rest else []
    thing = bool(described) and described[-1] in english.THINGS
    return Wish(tuple(described), gone=thing, opposite=not thing)


def _thing_only(words: Sequence[str]) -> list[str]:
    """ "any of the glasses from her" -> "glasses"."""
    rest = [word for word in words if word not in ("any", "all", "of")]
    if rest[:1] and rest[0] in ("him", "them", "it") and len(rest) > 1:
        rest = rest[1:]
    cut = find(rest, (("from",), ("on", "her"), ("on", "him"), ("on", "the")))
    rest = rest[: cut[0]] if cut and cut[0] else rest
    if ends(rest, english.CLOSINGS):
        rest = rest[: -ends(rest, english.CLOSINGS)] or rest
    return [word for word in rest if word not in ("wear", "wearing", "give", "a", "an", "another")] or rest
