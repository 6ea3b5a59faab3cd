"""Definitions of commands: texts in every language, options, and the choices suggested while typing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import discord
from discord import app_commands

from bot.locales import DEFAULT, every, get

MAX_CHOICES, MAX_CHOICE_LENGTH = 25, 100


def named(key: str) -> app_commands.locale_str:
    """The English text of a key, which ``Translator`` translates by the key."""
    return app_commands.locale_str(get(DEFAULT).say(key), key=key)


def described(key: str) -> dict[str, Any]:
    """The name and description of a command or group."""
    return {"name": named(f"{key}.name"), "description": named(key)}


def options(prefix: str, *names: str, **keys: str) -> Callable[[Any], Any]:
    """A decorator that names and describes the options of a command by the keys of their texts.

    ``keys`` has the key of each parameter for which it is not the parameter's name.
    """
    texts = {name: f"{prefix}.{key}" for name, key in ({name: name for name in names} | keys).items()}

    def decorate(callback: Any) -> Any:
        callback = app_commands.describe(**{name: named(key) for name, key in texts.items()})(callback)
        return app_commands.rename(**{name: named(f"{key}.name") for name, key in texts.items()})(callback)

    return decorate


def choices(typed: str, found: Iterable[tuple[str, str]]) -> list[app_commands.Choice[str]]:
    """The pairs of name and value whose name contains what is typed, as many as Discord shows."""
    typed = typed.casefold().strip()
    fitting = (
        app_commands.Choice(name=name, value=value)
        for name, value in found
        if name and typed in name.casefold() and len(name) <= MAX_CHOICE_LENGTH
    )
    return list(islice(fitting, MAX_CHOICES))


class Translator(app_commands.Translator):
    """Translates the texts of commands into Discord's languages."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """The text in a language; None for English and for languages without a translation."""
        key = string.extras.get("key")
        languages = (one for one in every() if locale.value in one.discord and one.code != DEFAULT)
        language = next(languages, None)
        return language.texts.get(key) if language is not None and key is not None else None
