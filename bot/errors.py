"""Every way in which the bot says no, and the one place where errors of all folders become the user's words.

BotError
├── NothingSaid               neither a wish nor a picture
├── AttachmentRefused
│   ├── AttachmentTooLarge    ``most`` is in megabytes
│   ├── AttachmentElsewhere   it lies on a host that pictures are not fetched from
│   └── AttachmentLost        it could not be fetched
├── NotYours                  the picture belongs to somebody else
├── UnusableMask              what was painted is no mask
├── NothingToAnimate          no adjustment is in force, so nothing would move
├── UnreadableFile            a file named on the command line (``name``, ``reason``)
│   └── NoSuchSample          ``name``, ``first``, ``last``
├── StartError                base of what keeps the bot from starting
├── EditorFailed              the bot's own editor process does not start
└── BadSettings               a setting (``name``) makes no sense (``reason``)
    └── BadToken              Discord does not know the token

No error holds a sentence: ``key`` names it in the locales, ``values`` fill it in.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from bot.locales import Locale
from editor.api.errors import EditorError
from storage.errors import (
    BlobDamaged,
    BlobsAway,
    DatabaseAway,
    DatabaseTooNew,
    DiskFull,
    NoPicture,
    NotFound,
    NothingToRedo,
    NothingToUndo,
    StorageError,
    TargetNotEmpty,
    UnknownEdit,
)

logger = logging.getLogger(__name__)


class BotError(Exception):
    """Base of all. ``values`` fill the placeholders of the sentence that ``key`` names."""

    key: ClassVar[str] = "error.unforeseen"

    def __init__(self, **values: Any) -> None:
        super().__init__(self.key)
        self.values = values


class NothingSaid(BotError):
    """Neither a wish nor a picture."""

    key = "error.nothing-said"


class AttachmentRefused(BotError):
    """Base of what is wrong with an attachment."""


class AttachmentTooLarge(AttachmentRefused):
    """An attachment has more than ``most`` megabytes."""

    key = "error.attachment-too-large"


class AttachmentElsewhere(AttachmentRefused):
    """An attachment lies on a host that pictures are not fetched from."""

    key = "error.attachment-elsewhere"


class AttachmentLost(AttachmentRefused):
    """An attachment could not be fetched."""

    key = "error.attachment-lost"


class NotYours(BotError):
    """The picture belongs to somebody else."""

    key = "error.not-yours"


class UnusableMask(BotError):
    """What was painted cannot be used as a mask: it is no picture, or nothing is painted."""

    key = "error.unusable-mask"


class NothingToAnimate(BotError):
    """No adjustment is in force, so nothing would move."""

    key = "error.nothing-to-animate"


class NoFaces(BotError):
    """A face was named in a picture in which none are told apart."""

    key = "error.no-faces"


class NothingToCompare(BotError):
    """Methods are compared on a wish, and none was said."""

    key = "error.nothing-to-compare"


class UnreadableFile(BotError):
    """The file ``name`` cannot be read for a ``reason``."""

    key = "error.unreadable-file"


class NoSuchSample(UnreadableFile):
    """There is no sample ``name``; there are those from ``first`` to ``last``."""

    key = "error.no-such-sample"


class EditorFailed(BotError):
    """The bot's own editor process does not start."""

    key = "error.editor-failed"


class StartError(BotError):
    """Base of what keeps the bot from starting, or from working in a server."""


class BadSettings(BotError):
    """The setting ``name`` makes no sense for a ``reason``."""

    key = "error.bad-setting"


class BadToken(BadSettings):
    """Discord does not know the token."""

    key = "error.bad-token"


_STORAGE: tuple[tuple[type[StorageError], str], ...] = (
    (UnknownEdit, "error.storage.unknown-edit"),
    (NothingToUndo, "error.storage.nothing-to-undo"),
    (NothingToRedo, "error.storage.nothing-to-redo"),
    (NoPicture, "error.storage.no-picture"),
    (BlobDamaged, "error.storage.blob-damaged"),
    (DiskFull, "error.storage.disk-full"),
    (DatabaseTooNew, "error.storage.database-too-new"),
    (DatabaseAway, "error.storage.database-away"),
    (TargetNotEmpty, "error.storage.target-not-empty"),
    (BlobsAway, "error.storage.blobs-away"),
    (NotFound, "error.storage.not-found"),
)


def sentence_for(error: Exception, locale: Locale) -> str:
    """What to tell the user; an unforeseen error is logged (without what the user said or sent) and apologised for."""
    if isinstance(error, StorageError):
        key = next((key for kind, key in _STORAGE if isinstance(error, kind)), "error.storage")
        return locale.say(key, **vars(error))
    if isinstance(error, EditorError):
        return _of_editor(error, locale)
    if isinstance(error, BotError):
        return locale.say(error.key, **error.values)
    logger.error("unforeseen %s", type(error).__name__, exc_info=error)
    return locale.say("error.unforeseen")


def _of_editor(error: EditorError, locale: Locale) -> str:
    """By code and reason; the editor's own English sentence where a text or a value for it is missing."""
    for key in (f"error.editor.{error.code}.{error.detail.get('reason')}", f"error.editor.{error.code}"):
        try:
            return locale.say(key, **error.detail)
        except KeyError:
            continue
    return str(error)


def code_for(error: Exception) -> str:
    """A stable word for programs."""
    return error.code if isinstance(error, EditorError) else type(error).__name__
