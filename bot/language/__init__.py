"""What people say, as actions. Pure: text and the prompts of the adjustments in force in, actions out; no model.

``english`` holds the words, ``text`` cleans, ``clauses`` takes a message apart, and each clause is read as a command
(``commands``), a change of strength (``strength``) or a wish (``wish``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.language import clauses, commands, english, faces, strength, wish
from bot.language.actions import ALL, Action, Add, Ask, Remove, Scale, Set
from bot.language.phrases import find, matching, starts, trim, without
from bot.language.text import clean, tokenise

MOST_PROMPT = 200


class _Reader:
    """Reads one message against the adjustments in force."""

    def __init__(self, after: Sequence[str], keep: tuple[str, ...], region: str | None) -> None:
        self.prompts, self.keep, self.region = list(after), keep, region
        self.verb: str | None = None
        self.removing = False

    @property
    def last(self) -> str | None:
        """The newest adjustment in force."""
        return self.prompts[-1] if self.prompts else None

    def clause(self, words: list[str]) -> list[Action]:
        """The actions of one clause."""
        command = commands.read(words)
        if command is not None:
            return [command]
        if tuple(words) in english.OPENINGS or tuple(words) in english.CLOSINGS:
            return []
        replaced = self._replaced(words)
        if replaced is not None:
            return replaced
        change = strength.read(trim(words))
        if change is not None and (found := self._changed(change)) is not None:
            return found
        return self._wish(words)

    def _changed(self, change: strength.Change) -> list[Action] | None:
        """The actions of a change of strength; None where it is a wish of its own ("more wrinkles" of nothing)."""
        if change.everything and not change.content:
            target: str | None = ALL if self.prompts else None
        elif change.content:
            target = matching(change.content, self.prompts)
            if target is None:
                return None if change.level is None and change.sense >= 0 else self._less(change)
        else:
            target = self.last
        if target is None:
            return [Ask("ask.no-target")]
        if change.factor is not None:
            return [Scale(target, round(change.factor, 4)) if change.factor > 0 else Remove(target)]
        assert change.level is not None
        return [Set(target, round(change.level, 4))] if change.level > 0 else [Remove(target)]

    def _less(self, change: strength.Change) -> list[Action] | None:
        """ "less serious" with no such adjustment: the opposite of serious."""
        if change.level is not None or change.factor is None:
            return None
        prompt = " ".join(change.content)
        if change.content[-1] in english.THINGS:
            return [Add(f"no {prompt}", 1.0, self.region, self.keep)]
        return [Add(prompt, -change.degree, self.region, self.keep)]

    def _replaced(self, words: list[str]) -> list[Action] | None:
        """ "red instead", "swap the hat for a beanie", "instead of glasses, a hat"."""
        found = find(words, english.INSTEAD)
        if words[:1] and words[0] in ("swap", "replace", "exchange", "trade", "substitute"):
            place = next((i for i, word in enumerate(words) if word in ("for", "with", "by") and i > 1), None)
            if place is not None:
                return self._swap(words[1:place], words[place + 1 :])
        if found is None:
            return None
        rest = without(words, *found)
        if words[found[0] + 1 : found[0] + 2] == ["of"]:
            return self._swap(words[found[0] + 2 :], words[: found[0]])
        if self.last is None or not rest:
            return None
        made = [action for action in self._wish(rest) if not isinstance(action, Ask)]
        removed = self.last
        made = [
            Add(_carried(a.prompt, removed), a.strength, a.region, a.keep) if isinstance(a, Add) else a
            for a in made
        ]
        return [Remove(removed), *made]

    def _swap(self, old: list[str], new: list[str]) -> list[Action]:
        words = list(wish.read(["remove", *old]).words)
        target, made = matching(words, self.prompts), self._wish(new) if new else []
        if not words:  # "pink hair instead of that"
            target = self.last
        if target is not None or not words:
            return [Remove(target), *made] if target is not None else made
        shown = " ".join(words)  # something that the picture came with
        made = [
            Add(_carried(a.prompt, shown), a.strength, a.region, a.keep) if isinstance(a, Add) else a
            for a in made
        ]
        alike = any(
            isinstance(a, Add) and a.prompt.endswith(words[-1]) for a in made
        )  # pink hair for blonde hair
        return made if alike or not made else [Add(f"no {shown}", 1.0, self.region, self.keep), *made]

    def _wish(self, words: list[str]) -> list[Action]:
        trimmed = trim(words)
        if self.removing and trimmed and not _has_verb(trimmed):
            trimmed = ["remove", *trimmed]
        self.removing = bool(starts(trimmed, english.REMOVING)) and trimmed[0] not in (
            "no",
            "without",
            "with",
        )
        wished = wish.read(trimmed)
        described = [word for word in wished.words if word not in (",", ":", ".", "#", "/")]
        if not described or all(word in english.IDLE or word in english.MAKING for word in described):
            return []
        prompt = " ".join(described)[:MOST_PROMPT]
        if wished.gone or wished.opposite:
            target = matching(described, self.prompts)
            if target is not None:
                self.prompts.remove(target)
                return [Remove(target)]
            if wished.gone:
                return [Add(f"no {prompt}", 1.0, self.region, self.keep)]
            return [Add(prompt, -1.0, self.region, self.keep)]
        return [Add(prompt, wished.strength, self.region, self.keep)]


def _has_verb(words: Sequence[str]) -> bool:
    return words[0] in english.MAKING or words[0] in english.SHAPING or bool(starts(words, english.REMOVING))


def _carried(prompt: str, replaced: str) -> str:
    """ "blue" in place of "pink hair" is blue hair."""
    noun = replaced.split()[-1]
    bare = prompt in english.COLOURS or prompt in english.SHAPES
    return f"{prompt} {noun}" if bare and noun in english.THINGS else prompt


def _instead_of(tokens: list[str]) -> list[str]:
    """ "instead of glasses, a hat" -> "a hat instead of glasses", so that one clause holds both."""
    if tokens[:2] == ["instead", "of"] and "," in tokens:
        place = tokens.index(",")
        return [*tokens[place + 1 :], *tokens[:place]]
    return tokens


def parse(text: str, after: Sequence[str] = ()) -> list[Action]:
    """The actions that a message asks for, given the prompts of the adjustments in force, oldest first.

    Never raises and never returns nothing: what is not understood is an ``Ask``. Text beyond 2000 characters is ignored.
    """
    return faces.read(clean(text), _FACES, lambda part: _parse(part, after)) or _parse(text, after)


def _without_face(before: str, behind: str) -> str:
    """ "give the left one a hat" -> "give them a hat"; "the hat of the left one, red" -> "the hat, red"."""
    behind = re.sub(r"^'s\b", " their", behind)
    plain = re.sub(r"\b(?:on|for|to|of|from|only|just|with|at)\s*$", "", before)
    if (
        plain == before
        and re.search(r"\b(?:make|give|let|turn|change|put|edit|have|get)\s*$", before)
        and "their" not in behind[:7]
    ):
        return f"{before} them {behind}"
    if (
        re.match(r"\s*(?:should|must|could|would|can|is|has|needs|wears|looks)\b", behind)
        and not plain.strip()
    ):
        return f"they {behind}"
    return plain + " " + re.sub(r"^[\s,:]+", "", behind)


_FACES = faces.Phrases(english.FACES, english.ORDINALS, english.FACE_SEPARATORS, _without_face)


def _parse(text: str, after: Sequence[str]) -> list[Action]:
    """Of a message, or of a part of it, that names no face."""
    tokens = _instead_of(tokenise(text))
    if (command := commands.read(tokens)) is not None:
        return [command]
    message = clauses.read(tokens)
    reader = _Reader(after, message.keep, message.region)
    actions: list[Action] = []
    for clause in message.clauses:
        actions.extend(reader.clause(clause))
    found: list[Action] = [action for action in actions if not isinstance(action, Ask)]
    found = [
        action for place, action in enumerate(found) if isinstance(action, Add) or action not in found[:place]
    ]
    if found:
        return [*found, *[action for action in actions if action == commands.BEYOND][:1]]
    return actions[:1] or [_question(tokens, after)]


def _question(tokens: Sequence[str], after: Sequence[str]) -> Ask:
    words = [token for token in tokens if token not in ".,:"]
    return Ask("ask.unclear" if len(words) > 2 else "ask.nothing")


__all__ = ["Action", "parse"]
