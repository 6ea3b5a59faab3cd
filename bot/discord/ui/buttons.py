"""The buttons under a result, and the forms for free text that they and the menu of any message open.

discord.py forgets its forms at a restart, so submitted forms are recognised by their custom id alone.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal, cast

import discord

from bot.discord import builders
from bot.discord.errors import DiscordError
from bot.discord.request import PLATFORM
from bot.discord.services import Interaction, locale_of, services_of
from bot.discord.ui.interactions import (
    PersistentItem,
    dispatch,
    dispatch_edit,
    edit_for,
    errors_reported,
    reply_privately,
    view_of,
)
from bot.language.actions import Action, Show, Undo, Variations
from bot.locales import Locale

MAX_TEXT, MAX_TITLE, MAX_PLACEHOLDER = 500, 45, 100
_FIELD = "words"
_CUSTOM_ID = re.compile(r"words:(?P<what>edit|picture):(?P<number>[0-9]{1,20})")
_TIMEOUT_SECONDS = 900.0
_ACTIONS: dict[str, tuple[Action, ...]] = {
    "undo": (Undo(1),),
    "compare": (Show("compare"),),
    "variations": (Variations(3),),
}
"""Steps with a fixed meaning; "less" and "more" are sent as words, which the conversation interprets."""


class EditButton(
    PersistentItem,
    template=r"edit:(?P<step>less|more|undo|compare|variations|delete|words):(?P<edit>[0-9]{1,18})",
):
    """One of the buttons under the picture of an edit."""

    async def respond(self, interaction: Interaction) -> None:
        """Take the step, open the form for other words, or ask before deleting."""
        step, locale = self.state["step"], locale_of(interaction)
        edit = await edit_for(interaction, self.state["edit"], shared=step != "delete")
        if step == "words":
            await interaction.response.send_modal(form("edit", edit.id, locale))
        elif step == "delete":
            await ask_to_erase(interaction, "edit", edit.id)
        else:
            text = "" if step in _ACTIONS else locale.say(f"say.{step}")
            await dispatch_edit(interaction, edit, actions=_ACTIONS.get(step), text=text)


class EraseButton(PersistentItem, template=r"forget:(?P<what>edit|all):(?P<edit>[0-9]{1,18})"):
    """Confirms deleting an edit with its messages, or all data of the member."""

    async def respond(self, interaction: Interaction) -> None:
        """Delete, and say so in place of the question."""
        edit = None
        if self.state["what"] == "edit":
            edit = (await edit_for(interaction, self.state["edit"], shared=False)).id
        await dispatch(interaction, await builders.for_erasure(interaction, edit))


async def ask_to_erase(interaction: Interaction, what: str, edit: int = 0) -> None:
    """Ask privately before deleting ``what``: an "edit", or "all" data of the member."""
    locale = locale_of(interaction)
    label = locale.say(f"discord.button.forget-{what}")
    button = EraseButton.button(f"forget:{what}:{edit}", label, discord.ButtonStyle.danger)
    await interaction.response.send_message(
        locale.say(f"discord.confirm.{what}"), view=view_of(button), ephemeral=True
    )


class ConsentButton(PersistentItem, template=r"consent(?::(?P<message>[0-9]{1,20}))?"):
    """Agrees to the notice about pictures, for any member who presses it."""

    async def respond(self, interaction: Interaction) -> None:
        """Store the consent, then answer the request that was waiting for it."""
        services, locale = services_of(interaction), locale_of(interaction)
        await services.people.consent(PLATFORM, str(interaction.user.id), datetime.now(UTC))
        message = await self._waiting_message(interaction)
        if message is None:
            await reply_privately(interaction, locale.say("discord.consented"))
            return
        await reply_privately(interaction, locale.say("discord.consented.at-once"))
        request = builders.from_message(services.client, message)
        request = replace(request, key=f"message:{message.id}/consented")
        await interaction.client.dispatcher.take(request, message=message)

    async def _waiting_message(self, interaction: Interaction) -> discord.Message | None:
        """The member's own message that asked before they agreed, if it still exists."""
        if self.state["message"] is None or not isinstance(interaction.channel, discord.abc.Messageable):
            return None
        try:
            message = await interaction.channel.fetch_message(int(self.state["message"]))
        except discord.HTTPException:
            return None
        return message if message.author.id == interaction.user.id else None


def consent_button(locale: Locale, message: str | None) -> ConsentButton:
    """The button; ``message`` is the one whose request is answered once its author agrees."""
    custom_id, label = f"consent:{message}" if message else "consent", locale.say("discord.button.consent")
    return ConsentButton.button(custom_id, label, discord.ButtonStyle.primary)


def result_buttons(
    edit: int, edited: bool, adjusted: bool, locale: Locale
) -> tuple[discord.ui.Item[Any], ...]:
    """The buttons under an edit: undo only where it was ``edited``, less and more only of adjustments."""
    steps = [
        *(["less", "more"] if edited and adjusted else []),
        *(["undo", "compare"] if edited else []),
        *("variations", "words", "delete"),
    ]
    return tuple(
        EditButton.button(f"edit:{step}:{edit}", locale.say(f"discord.button.{step}")) for step in steps
    )


# forms


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
