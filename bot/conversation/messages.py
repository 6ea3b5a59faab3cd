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
    """A person in one place of a platform: each such pair has one conversation.

    Attributes:
        server: The platform's server that the place belongs to.
        locale: Preferred language, for sentences that do not show theirs.
    """

    platform: str
    user: str
    place: str
    server: str | None = None
    locale: str | None = None


@dataclass(frozen=True)
class TalkRequest:
    """One message: text, a picture, or both.

    Attributes:
        text: What the person wrote.
        picture: An encoded picture to edit.
        reply_to: Id of the edit to continue from; the newest one if None.
        actions: What a button or menu means; the text is not read then.
        key: Name that a front end gives to a message that it stores itself. Sent again under the same key,
            the message starts from the same edit and makes each of its edits once, so a restarted bot can
            simply repeat it.
        hidden: The picture is a spoiler, and so are all results made from it.
        bundle: Bundle for a new picture; the usual one if None.
        mask: Where changes may act, painted white on black over the whole picture, in any size.
        quality: Quality of a new picture's inversion; the usual one if None.
        box: Square of a new picture to edit (left, top, side in pixels), instead of a detected face.
    """

    text: str = ""
    picture: bytes | None = field(default=None, repr=False)
    reply_to: int | None = None
    actions: tuple[Action, ...] | None = None
    key: str | None = None
    hidden: bool = False
    bundle: str | None = None
    mask: bytes | None = field(default=None, repr=False)
    quality: wire.Quality | None = None
    box: wire.Box | None = None


@dataclass(frozen=True)
class CompareRequest:
    """The first change in ``text``, to be made by several methods side by side.

    Attributes:
        edit: Id of the edit to start from; the newest one if None.
        key: As for `TalkRequest`.
        methods: Names of the methods; those of the bundle if empty.
        mask: As for `TalkRequest`.
    """

    text: str
    edit: int | None = None
    key: str | None = None
    methods: tuple[wire.MethodName, ...] = ()
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
    """The answer to one message.

    Attributes:
        reply: The sentences to show, in the language ``locale``.
        actions: What the message was understood as.
        edit: The edit shown now.
        adjustments: Prompts and strengths in force.
        warnings: Stable codes.
        choices: What to say next, for buttons: the readings of an unclear message, or what could be asked for
            instead.
        error: A stable code if the message could not be followed.
        hidden: The pictures are spoilers.
    """

    reply: str
    actions: tuple[Action, ...] = ()
    edit: Edit | None = None
    pictures: tuple[Shown, ...] = ()
    adjustments: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()
    milliseconds: float = 0.0
    error: str | None = None
    locale: str = locales.DEFAULT
    hidden: bool = False
    choices: tuple[str, ...] = ()


def job_of(key: str | None) -> str:
    """Return the editor's job name for a front end's key (the same each time), or a new one without a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key is not None else uuid.uuid4().hex


def strengths(edit: Edit) -> tuple[tuple[str, float], ...]:
    """Return the prompts and strengths in force at an edit."""
    return tuple((recipe["prompt"], float(recipe["strength"])) for recipe in edit.recipes)
