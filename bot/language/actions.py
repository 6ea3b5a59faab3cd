"""What a sentence asks for: one small immutable type per action, and their JSON.

`Action` is the union of all. `to_json` gives an object with the key ``do`` that every front end and test
speaks: absent regions and methods are null, and an empty ``keep`` is an empty list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, TypeAlias, get_args

MAX_STRENGTH = 3.0
"""Adjustments stay within -MAX_STRENGTH and MAX_STRENGTH; 1 is the standard step."""

ALL = "all"
"""The target that means every adjustment in force."""

Method = Literal["mapper", "direction", "optimization"]
What = Literal["history", "original", "compare", "adjustments", "help"]
_Chat = Literal["greeting", "thanks", "praise", "insult", "smalltalk", "stop"]
_Question = Literal["who", "price", "privacy", "delete-data", "age", "link", "language", "whole-picture"]
Topic = Literal[_Chat, _Question]


@dataclass(frozen=True, slots=True)
class Add:
    """A new change. A negative strength asks for the opposite of the prompt.

    ``said`` are the user's own words if the prompt is a translation of them.
    """

    prompt: str
    strength: float = 1.0
    region: str | None = None
    keep: tuple[str, ...] = ()
    method: Method | None = None
    said: str | None = None
    do: ClassVar[str] = "add"


@dataclass(frozen=True, slots=True)
class Scale:
    """Multiply the strength of an adjustment (named by its prompt), or of `ALL`, by a factor above 0."""

    target: str
    factor: float
    do: ClassVar[str] = "scale"


@dataclass(frozen=True, slots=True)
class Set:
    """Give an adjustment, or `ALL`, this strength."""

    target: str
    strength: float
    do: ClassVar[str] = "set"


@dataclass(frozen=True, slots=True)
class Remove:
    """Take an adjustment out of force and leave the others."""

    target: str
    do: ClassVar[str] = "remove"


@dataclass(frozen=True, slots=True)
class Undo:
    """Go back this many edits."""

    steps: int = 1
    do: ClassVar[str] = "undo"


@dataclass(frozen=True, slots=True)
class Redo:
    """Go forward again this many edits."""

    steps: int = 1
    do: ClassVar[str] = "redo"


@dataclass(frozen=True, slots=True)
class Goto:
    """Go to an edit by its number: 0 is the original picture, 1 the first edit."""

    edit: int
    do: ClassVar[str] = "goto"


@dataclass(frozen=True, slots=True)
class Reset:
    """Start over from the original picture."""

    do: ClassVar[str] = "reset"


@dataclass(frozen=True, slots=True)
class Variations:
    """Show this many variations of the present look."""

    count: int = 3
    do: ClassVar[str] = "variations"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Carry the present look to another picture, the one sent along or next."""

    do: ClassVar[str] = "transfer"


@dataclass(frozen=True, slots=True)
class Show:
    """Show something without editing."""

    what: What
    do: ClassVar[str] = "show"


@dataclass(frozen=True, slots=True)
class Face:
    """What follows is about this face of the picture.

    ``place`` 1 is the first from the left, -1 the first from the right, 0 the one in the middle, None all.
    """

    place: int | None = None
    do: ClassVar[str] = "face"


@dataclass(frozen=True, slots=True)
class Ask:
    """Nothing can be done yet; ``question`` is the key of what to answer in the locales.

    ``word`` is the word that is not known, ``choices`` are what the message may have meant.
    """

    question: str
    word: str | None = None
    choices: tuple[tuple[Action, ...], ...] = ()
    do: ClassVar[str] = "ask"


@dataclass(frozen=True, slots=True)
class Answer:
    """Nothing is to be edited; the bot has an answer of its own for this topic."""

    topic: Topic
    do: ClassVar[str] = "answer"


Change: TypeAlias = Add | Scale | Set | Remove | Variations | Transfer
Move: TypeAlias = Undo | Redo | Goto | Reset
Action: TypeAlias = Change | Move | Show | Face | Ask | Answer
_KINDS: dict[str, type[Action]] = {kind.do: kind for kind in get_args(Action)}


def to_json(action: Action) -> dict[str, Any]:
    """The action as a JSON object: its name under ``do``, then its fields."""
    values = {field.name: _plain(getattr(action, field.name)) for field in fields(action)}
    if values.get("choices") == []:
        del values["choices"]
    return {"do": action.do, **values}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return to_json(value) if hasattr(value, "do") else value


def from_json(values: Mapping[str, Any]) -> Action:
    """The action that `to_json` wrote. A null field takes its default, an unknown field is ignored.

    Raises:
        ValueError: The name under ``do`` is unknown, or a field without a default is missing.
    """
    kind = _KINDS.get(values.get("do", ""))
    if kind is None:
        raise ValueError(f"unknown action {values.get('do')!r}")
    given = {field.name: values[field.name] for field in fields(kind) if values.get(field.name) is not None}
    if "keep" in given:
        given["keep"] = tuple(given["keep"])
    if "choices" in given:
        given["choices"] = tuple(tuple(map(from_json, choice)) for choice in given["choices"])
    try:
        return kind(**given)
    except TypeError as error:
        raise ValueError(f"incomplete action {values['do']!r}") from error
