"""Sentences for errors that end a command."""

from __future__ import annotations

import os

from bot.errors import BotError, sentence_for
from bot.locales import locale_of
from editor.api.errors import EditorError
from storage.errors import DatabaseAway, StorageError


def sentence_of(error: BaseException) -> str:
    """Say what went wrong, in the terminal's language (``LANG``)."""
    locale = locale_of(preferred=os.environ.get("LANG"))
    if isinstance(error, DatabaseAway):
        return locale.say("start.database-away", reason=error.reason)
    if isinstance(error, BotError | StorageError | EditorError):
        return sentence_for(error, locale)
    return str(error)
