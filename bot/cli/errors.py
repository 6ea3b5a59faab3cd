"""What a command says to whoever typed it."""

from __future__ import annotations

import os

from bot.errors import BotError, sentence_for
from bot.locales import locale_of
from editor.api.errors import EditorError
from storage.errors import DatabaseAway, StorageError


def complaint(error: BaseException) -> str:
    """The sentence for an error that ends a command, in the language of the terminal."""
    if isinstance(error, DatabaseAway):
        return locale_of(preferred=os.environ.get("LANG")).say("start.database-away", reason=error.reason)
    if isinstance(error, BotError | StorageError | EditorError):
        return sentence_for(error, locale_of(preferred=os.environ.get("LANG")))
    return str(error)
