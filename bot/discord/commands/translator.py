"""Names and descriptions of commands in the languages of Discord's locales, from the files of languages."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.locales import DEFAULT, every, get


def named(key: str) -> app_commands.locale_str:
    """The text of a key for a command: English, with the other languages found by the key."""
    return app_commands.locale_str(get(DEFAULT).say(key), key=key)


class Translator(app_commands.Translator):
    """Looks a text's key up in the language that serves the locale; English is what the texts are in anyway."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """The text in the locale, None where it is the default or not translated."""
        key = string.extras.get("key")
        found = next((one for one in every() if locale.value in one.discord and one.code != DEFAULT), None)
        return found.texts.get(key) if found is not None and key is not None else None
