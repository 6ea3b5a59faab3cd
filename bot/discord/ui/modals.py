"""Forms for free words: "something else…" under a result, and a wish for the picture of any message.

The library forgets its forms when it restarts. These are answered by their custom id alone, from whichever life of the bot.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, cast

import discord

from bot.discord.errors import MenuTooOld
from bot.discord.requests import builders
from bot.discord.ui import interactions
from bot.locales import Locale

MOST_WORDS = 500
_FIELD = "words"
_TEMPLATE = re.compile(r"words:(?P<what>edit|picture):(?P<number>[0-9]{1,20})")
_FORGET_SECONDS = 900.0


def in_words(edit: int, locale: Locale) -> discord.ui.Modal:
    """The form under the result ``edit``."""
    return _form(f"words:edit:{edit}", locale)


def for_picture(number: str, locale: Locale) -> discord.ui.Modal:
    """The form for a picture that the bot remembers under ``number``."""
    return _form(f"words:picture:{number}", locale)


def _form(custom_id: str, locale: Locale) -> discord.ui.Modal:
    form = discord.ui.Modal(
        title=locale.say("discord.form.title")[:45], custom_id=custom_id, timeout=_FORGET_SECONDS
    )
    words: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=_FIELD,
        max_length=MOST_WORDS,
        required=True,
        placeholder=locale.say("discord.form.placeholder")[:100],
    )
    form.add_item(discord.ui.Label(text=locale.say("discord.form.label")[:45], component=words))
    return form


async def submitted(interaction: discord.Interaction) -> bool:
    """Answer a form that was sent in; False where it is none of these."""
    match = _TEMPLATE.fullmatch(custom_id_of(interaction))
    if match is None:
        return False
    async with interactions.answered(interaction):
        text = _words(_data(interaction).get("components", []))
        if match["what"] == "edit":
            await interactions.take(
                interaction, await interactions.edit_of(interaction, int(match["number"])), text=text
            )
        else:
            await _edit_picture(interaction, match["number"], text)
    return True


def _data(interaction: discord.Interaction) -> dict[str, Any]:
    return cast(dict[str, Any], interaction.data or {})


def custom_id_of(interaction: discord.Interaction) -> str:
    """The custom id of what was pressed or sent in."""
    return str(_data(interaction).get("custom_id", ""))


def _words(components: list[dict[str, Any]]) -> str:
    """The one field's value, wherever it lies: in a label, or in a row as older clients send it."""
    for component in components:
        inner = component.get("components") or ([component["component"]] if "component" in component else [])
        if component.get("custom_id") == _FIELD:
            return str(component.get("value", ""))
        if found := _words(inner):
            return found
    return ""


async def _edit_picture(interaction: discord.Interaction, number: str, text: str) -> None:
    bot = interactions.bot_of(interaction)
    uploads = bot.offered.pop(number, None)
    if uploads is None:
        raise MenuTooOld
    asking = await builders.of_command(bot, interaction, text=text, uploads=uploads)
    await interactions.to_desk(interaction, asking, partial(builders.acknowledge, interaction))
