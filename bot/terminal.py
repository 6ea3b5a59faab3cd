"""What a command says to whoever typed it."""

from __future__ import annotations

import os

from bot.errors import BotError, sentence_for
from bot.locales import locale_of


def complaint(error: BaseException) -> str:
    """The sentence for an error that ends a command, in the language of the terminal."""
    return sentence_for(error, locale_of(preferred=os.environ.get("LANG"))) if isinstance(error, BotError) else str(error)
