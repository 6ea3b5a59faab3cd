"""Forms for free text: "something else…" under a result, and an edit of the picture in any message.

discord.py forgets its forms at a restart, so submitted forms are recognised by their custom id alone.
"""

from __future__ import annotations

import re
from typing import Any, Literal, cast

import discord

from bot.discord import builders
from bot.discord.errors import DiscordError
from bot.discord.services import Interaction, services_of
from bot.discord.ui.interactions import dispatch, dispatch_edit, edit_for, errors_reported
from bot.locales import Locale

MAX_TEXT, MAX_TITLE, MAX_PLACEHOLDER = 500, 45, 100
_FIELD = "words"
_CUSTOM_ID = re.compile(r"words:(?P<what>edit|picture):(?P<number>[0-9]{1,20})")
_TIMEOUT_SECONDS = 900.0


def form(what: Literal["edit", "picture"], number: int, locale: Locale) -> discord.ui.Modal:
    """The form under an edit with this id, or for the pictures in ``Services.forms`` under this key."""
    title, label = (locale.say(f"discord.form.{name}")[:MAX_TITLE] for name in ("title", "label"))
    placeholder = locale.say("discord.form.placeholder")[:MAX_PLACEHOLDER]
    field = discord.ui.TextInput[Any](custom_id=_FIELD, max_length=MAX_TEXT, placeholder=placeholder)
    modal = discord.ui.Modal(title=title, custom_id=f"words:{what}:{number}", timeout=_TIMEOUT_SECONDS)
    return modal.add_item(discord.ui.Label(text=label, component=field))


async def answer_form(interaction: Interaction) -> bool:
    """Answer a submitted form; False if it is none of these."""
    data = cast(dict[str, Any], interaction.data)
    match = _CUSTOM_ID.fullmatch(data["custom_id"])
    if match is None:
        return False
    async with errors_reported(interaction):
        text = _text_of(data["components"])
        if match["what"] == "edit":
            await dispatch_edit(interaction, await edit_for(interaction, match["number"]), text=text)
            return True
        uploads = services_of(interaction).forms.pop(match["number"], None)
        if uploads is None:
            raise DiscordError("discord.error.menu-too-old")
        await dispatch(interaction, await builders.from_command(interaction, text=text, uploads=uploads))
    return True


def _text_of(components: list[dict[str, Any]]) -> str:
    """The value of the text field, which is inside a label, or inside a row in older Discord apps."""
    for component in components:
        if component.get("custom_id") == _FIELD:
            return str(component.get("value", ""))
        inner = component.get("components") or ([component["component"]] if "component" in component else [])
        if found := _text_of(inner):
            return found
    return ""
