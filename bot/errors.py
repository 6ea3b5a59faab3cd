"""Every way in which the bot says no, and the one place where errors of all folders become the user's words.

BotError
├── NothingSaid           neither a wish nor a picture
├── AttachmentRefused     an attachment is too large, elsewhere, or cannot be fetched
├── EditorFailed          the bot's own editor process does not start
└── BadSettings           a setting makes no sense
"""

from __future__ import annotations

import logging

from editor.errors import EditorAway, EditorError
from storage.errors import (
    BlobDamaged,
    DatabaseTooNew,
    DiskFull,
    NoPicture,
    NotFound,
    NothingToRedo,
    NothingToUndo,
    StorageError,
    UnknownEdit,
)  # fmt: skip

logger = logging.getLogger(__name__)


class BotError(Exception):
    """Base of all; its text is for people."""


class NothingSaid(BotError):
    """Neither a wish nor a picture."""


class AttachmentRefused(BotError):
    """An attachment is too large, lies elsewhere, or cannot be fetched."""


class EditorFailed(BotError):
    """The bot's own editor process does not start."""


class BadSettings(BotError):
    """A setting makes no sense."""


_STORAGE: tuple[tuple[type[StorageError], str], ...] = (
    (NothingToUndo, "This is the picture as you sent it: there is nothing to undo."),
    (NothingToRedo, "There is nothing to redo: no step was undone from here."),
    (NoPicture, "I have no picture of yours yet. Send me a portrait, and tell me what to change."),
    (BlobDamaged, "The stored picture is damaged, so I cannot go on from it. Please send the picture again."),
    (DiskFull, "There is no space left to keep the result. Nothing was lost; please tell whoever runs this bot."),
    (DatabaseTooNew, "My memory was written by a newer version of me. Please tell whoever runs this bot."),
    (NotFound, "That picture was deleted, so I cannot go on from it. Please send it again."),
)
_REFUSED = "The editor did not accept my access token. Please tell whoever runs this bot."
_AWAY = "The editor is away at the moment. Nothing was lost: please ask again in a minute."


def sentence_for(error: Exception) -> str:
    """What to tell the user; an unforeseen error is logged (without what the user said or sent) and apologised for."""
    if isinstance(error, UnknownEdit):
        return f"There is no edit {error.number} of this picture; the last one is {error.last}, and 0 is the original."
    if isinstance(error, StorageError):
        return next((text for kind, text in _STORAGE if isinstance(error, kind)), "I could not remember that. Please try again.")
    if isinstance(error, EditorAway):
        return _AWAY
    if isinstance(error, EditorError):
        return _REFUSED if error.code == "not-authorised" else str(error)
    if isinstance(error, BotError):
        return str(error)
    logger.error("unforeseen %s", type(error).__name__, exc_info=error)
    return "Something went wrong on my side. Nothing was lost; please try again."


def code_for(error: Exception) -> str:
    """A stable word for programs."""
    return error.code if isinstance(error, EditorError) else type(error).__name__
