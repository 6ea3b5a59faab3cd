"""Every way in which the bot says no, and the one place where errors become the user's words.

BotError
├── NothingSaid               neither text nor a picture was sent
├── AttachmentTooLarge        it has more than ``most`` megabytes
├── AttachmentElsewhere       it is on a host that pictures are not fetched from
├── AttachmentLost            it could not be fetched
├── NotYours                  the picture belongs to somebody else
├── UnusableMask              a painted mask is not a picture, or nothing is painted
├── NothingToAnimate          no adjustment is in force, so nothing would move
├── NoSuchAdjustment          the adjustment to preview is not in force
├── NothingToCompare          methods are compared on a change, and none was named
├── NoFaces                   a face was named in a picture without detected faces
├── UnreadableFile            the file ``name`` on the command line cannot be read for a ``reason``
│   └── NoSuchSample          there is no sample ``name``, only those from ``first`` to ``last``
├── StartError                keeps the bot from starting; ``key`` says why
├── EditorFailed              the bot's own editor process does not start
└── BadSettings               the setting ``name`` is not valid for a ``reason``
    └── BadToken              Discord does not know the token

No error holds a sentence: ``key`` names it in the locales, and ``values`` fill its placeholders.
"""

from __future__ import annotations

import logging
import os
import re
from typing import Any

from bot.locales import Locale, locale_of
from editor.api.errors import EditorError
from storage.errors import DatabaseAway, StorageError

logger = logging.getLogger(__name__)


class BotError(Exception):
    key = "error.unforeseen"

    def __init__(self, key: str | None = None, /, **values: Any) -> None:
        self.key = key or self.key
        super().__init__(self.key)
        self.values = values

    @property
    def code(self) -> str:
        """A stable code for programs."""
        return type(self).__name__


class NothingSaid(BotError):
    key = "error.nothing-said"


class AttachmentTooLarge(BotError):
    key = "error.attachment-too-large"


class AttachmentElsewhere(BotError):
    key = "error.attachment-elsewhere"


class AttachmentLost(BotError):
    key = "error.attachment-lost"


class NotYours(BotError):
    key = "error.not-yours"


class UnusableMask(BotError):
    key = "error.unusable-mask"


class NothingToAnimate(BotError):
    key = "error.nothing-to-animate"


class NoSuchAdjustment(BotError):
    key = "ask.no-target"


class NoFaces(BotError):
    key = "error.no-faces"


class NothingToCompare(BotError):
    key = "error.nothing-to-compare"


class UnreadableFile(BotError):
    key = "error.unreadable-file"


class NoSuchSample(UnreadableFile):
    key = "error.no-such-sample"


class StartError(BotError):
    pass


class EditorFailed(BotError):
    key = "error.editor-failed"


class BadSettings(BotError):
    key = "error.bad-setting"


class BadToken(BadSettings):
    key = "error.bad-token"


def sentence_for(error: Exception, locale: Locale) -> str:
    """Return what to tell the user. An unforeseen error is logged, without what the user said or sent."""
    match error:
        case BotError():
            return locale.say(error.key, **error.values)
        case StorageError():
            return _of_storage(error, locale)
        case EditorError():
            return _of_editor(error, locale)
    logger.error("unforeseen %s", type(error).__name__, exc_info=error)
    return locale.say("error.unforeseen")


def sentence_for_terminal(error: BaseException) -> str:
    """Return what to tell the operator, in the terminal's language (``LANG``)."""
    locale = locale_of(preferred=os.environ.get("LANG"))
    if isinstance(error, DatabaseAway):
        return locale.say("start.database-away", reason=error.reason)
    if isinstance(error, BotError | StorageError | EditorError):
        return sentence_for(error, locale)
    return str(error)


def _of_storage(error: StorageError, locale: Locale) -> str:
    """Return the text named after the error's class, or after the nearest base that has one."""
    for kind in type(error).__mro__:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
        if f"error.storage.{name}" in locale.texts:
            return locale.say(f"error.storage.{name}", **vars(error))
    return locale.say("error.storage")


def _of_editor(error: EditorError, locale: Locale) -> str:
    """Return the text for the error's code and reason, or the editor's own sentence if a text or a value is
    missing."""
    for key in (f"error.editor.{error.code}.{error.detail.get('reason')}", f"error.editor.{error.code}"):
        try:
            return locale.say(key, **error.detail)
        except KeyError:
            continue
    return str(error)


def code_for(error: Exception) -> str:
    """Return a stable code for programs."""
    return error.code if isinstance(error, EditorError | BotError) else type(error).__name__
