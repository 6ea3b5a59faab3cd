"""What front ends say to the conversation service, and what they get back."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot import locales
from bot.language.actions import Action
from editor.api import protocol as wire
from storage.records import Edit, Picture

OnProgress = Callable[[wire.Event], Awaitable[None] | None]


@dataclass(frozen=True)
class Speaker:
    """A person in one place (of a ``server``) of a platform: each such pair has one conversation.

    ``locale`` is the preferred language, for sentences that do not show theirs.
    """

    platform: str
    user: str
    place: str
    server: str | None = None
    locale: str | None = None


@dataclass(frozen=True)
class TalkRequest:
    """One message: text, an encoded picture to edit, or both."""

    text: str = ""
    picture: bytes | None = field(default=None, repr=False)
    reply_to: int | None = None
    """Id of the edit to continue from; the newest one if None."""
    actions: tuple[Action, ...] | None = None
    """What a button or menu means; the text is not read then."""
    key: str | None = None
    """Name that a front end gives to a message that it stores itself. Sent again under the same key, the
    message starts from the same edit and makes each of its edits once, so a restarted bot can repeat it."""
    hidden: bool = False
    """The picture is a spoiler, and so are all results made from it."""
    bundle: str | None = None
    """Bundle for a new picture; the usual one if None."""
    mask: bytes | None = field(default=None, repr=False)
    """Where changes may act, painted white on black over the whole picture, in any size."""
    quality: wire.Quality | None = None
    """Quality of a new picture's inversion; the usual one if None."""
    box: wire.Box | None = None
    """Square of a new picture to edit (left, top, side in pixels), instead of a detected face."""
    fresh: bool = False
    """Start without a picture if ``reply_to`` is None, instead of from the newest edit."""


@dataclass(frozen=True)
class CompareRequest:
    """The first change in ``text``, to be made by several methods side by side.

    ``key`` and ``mask`` are as for `TalkRequest`.
    """

    text: str
    edit: int | None = None
    """Id of the edit to start from; the newest one if None."""
    key: str | None = None
    methods: tuple[wire.MethodName, ...] = ()
    """Those of the bundle if empty."""
    mask: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Shown:
    """A picture in an answer, with alternative text; ``caption`` names the method if methods are compared."""

    edit: int
    number: int
    picture: Picture
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Turn:
    """The answer to one message: the sentences to show, and what the message was understood as."""

    reply: str
    actions: tuple[Action, ...] = ()
    edit: Edit | None = None
    """The edit shown now."""
    pictures: tuple[Shown, ...] = ()
    adjustments: tuple[tuple[str, float], ...] = ()
    """Prompts and strengths in force."""
    warnings: tuple[str, ...] = ()
    """Stable codes."""
    milliseconds: float = 0.0
    error: str | None = None
    """A stable code if the message could not be followed."""
    locale: str = locales.DEFAULT
    """The language of the reply."""
    hidden: bool = False
    """The pictures are spoilers."""


def job_of(key: str | None) -> str:
    """Return the editor's job name for a front end's key (the same each time), or a new one without a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key is not None else uuid.uuid4().hex


def strengths(edit: Edit) -> tuple[tuple[str, float], ...]:
    """Return the prompts and strengths in force at an edit."""
    return tuple((recipe["prompt"], float(recipe["strength"])) for recipe in edit.recipes)
