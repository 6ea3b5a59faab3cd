"""Forms for free text: "something else…" under a result, and an edit of the picture in any message.

discord.py forgets its forms at a restart, so submitted forms are recognised by their custom id alone.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, cast

import discord

from bot.discord.errors import MenuTooOld
from bot.discord.requests import builders
from bot.discord.ui.interactions import (
    Interaction,
    dispatch,
    dispatch_edit,
    edit_for,
    errors_reported,
    services_of,
)
from bot.locales import Locale

MAX_TEXT, MAX_TITLE, MAX_PLACEHOLDER = 500, 45, 100
_FIELD = "words"
_CUSTOM_ID = re.compile(r"words:(?P<what>edit|picture):(?P<number>[0-9]{1,20})")
_TIMEOUT_SECONDS = 900.0


def edit_form(edit: int, locale: Locale) -> discord.ui.Modal:
    """The form under the result of an edit."""
    return _form(f"words:edit:{edit}", locale)


def picture_form(key: str, locale: Locale) -> discord.ui.Modal:
    """The form for the picture in ``Services.forms`` under ``key``."""
    return _form(f"words:picture:{key}", locale)


def _form(custom_id: str, locale: Locale) -> discord.ui.Modal:
    title, label = (locale.say(f"discord.form.{name}")[:MAX_TITLE] for name in ("title", "label"))
    placeholder = locale.say("discord.form.placeholder")[:MAX_PLACEHOLDER]
    field = discord.ui.TextInput[Any](
        custom_id=_FIELD, max_length=MAX_TEXT, required=True, placeholder=placeholder
    )
    form = discord.ui.Modal(title=title, custom_id=custom_id, timeout=_TIMEOUT_SECONDS)
    return form.add_item(discord.ui.Label(text=label, component=field))


async def answer_form(interaction: Interaction) -> bool:
    """Answer a submitted form; False if it is none of these."""
    match = _CUSTOM_ID.fullmatch(custom_id_of(interaction))
    if match is None:
        return False
    async with errors_reported(interaction):
        text = _text_of(_data(interaction).get("components", []))
        if match["what"] == "edit":
            await dispatch_edit(interaction, await edit_for(interaction, int(match["number"])), text=text)
        else:
            services = services_of(interaction)
            uploads = services.forms.pop(match["number"], None)
            if uploads is None:
                raise MenuTooOld
            request = await services.requests.from_command(interaction, text=text, uploads=uploads)
            await dispatch(interaction, request, partial(builders.acknowledge, interaction))
    return True


def custom_id_of(interaction: Interaction) -> str:
    """The custom id of the component or form that was used."""
    return str(_data(interaction).get("custom_id", ""))


def _data(interaction: Interaction) -> dict[str, Any]:
    return cast(dict[str, Any], interaction.data or {})


def _text_of(components: list[dict[str, Any]]) -> str:
    """The value of the text field, which is inside a label, or inside a row in older Discord apps."""
    for component in components:
        if component.get("custom_id") == _FIELD:
            return str(component.get("value", ""))
        inner = component.get("components") or ([component["component"]] if "component" in component else [])
        if found := _text_of(inner):
            return found
    return ""
