"""The buttons under a result, the ones that confirm a deletion, and the one that agrees to the notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import discord

from bot.discord.requests.request import PLATFORM
from bot.discord.ui import modals
from bot.discord.ui.interactions import (
    Interaction,
    dispatch,
    dispatch_edit,
    dispatcher_of,
    edit_for,
    locale_of,
    reply_privately,
    services_of,
)
from bot.discord.ui.items import PersistentItem, view_of
from bot.language.actions import Action, Show, Undo, Variations
from bot.locales import Locale

STEPS = ("less", "more", "undo", "compare", "variations")
_ACTIONS: dict[str, tuple[Action, ...]] = {
    "undo": (Undo(1),),
    "compare": (Show("compare"),),
    "variations": (Variations(3),),
}
"""Steps with a fixed meaning; "less" and "more" are sent as words, which the conversation interprets."""
MAX_CHOICE = 76
"""Characters of a choice that fit into a custom id; a longer one can be answered by its number only."""
_DANGER = discord.ButtonStyle.danger


class EditButton(
    PersistentItem,
    template=r"edit:(?P<step>less|more|undo|compare|variations|delete|words):(?P<edit>[0-9]{1,18})",
):
    """One of the buttons under the picture of an edit."""

    @classmethod
    def create(cls, step: str, edit: int, locale: Locale) -> EditButton:
        """The button for one step from an edit."""
        label, style = locale.say(f"discord.button.{step}"), discord.ButtonStyle.secondary
        return cls(discord.ui.Button(label=label, style=style, custom_id=f"edit:{step}:{edit}"))

    async def respond(self, interaction: Interaction) -> None:
        """Take the step, open the form for other words, or ask before deleting."""
        step, number, locale = self.state["step"], int(self.state["edit"]), locale_of(interaction)
        edit = await edit_for(interaction, number, shared=step != "delete")
        if step == "words":
            await interaction.response.send_modal(modals.edit_form(number, locale))
        elif step == "delete":
            view = view_of(EraseButton.create("edit", number, locale))
            await interaction.response.send_message(
                locale.say("discord.confirm.edit"), view=view, ephemeral=True
            )
        else:
            text = "" if step in _ACTIONS else locale.say(f"say.{step}")
            await dispatch_edit(interaction, edit, actions=_ACTIONS.get(step), text=text)


class ChoiceButton(PersistentItem, template=r"say:(?P<edit>[0-9]{1,18}):(?P<text>.{1,76})"):
    """Says one of the choices of a question; the conversation reads it as if it were typed."""

    @classmethod
    def create(cls, edit: int, text: str) -> ChoiceButton:
        """The button that says ``text``, of at most `MAX_CHOICE` characters, about an edit."""
        style = discord.ButtonStyle.primary
        return cls(discord.ui.Button(label=text, style=style, custom_id=f"say:{edit}:{text}"))

    async def respond(self, interaction: Interaction) -> None:
        """Say it."""
        edit = await edit_for(interaction, int(self.state["edit"]))
        await dispatch_edit(interaction, edit, text=self.state["text"])


class EraseButton(PersistentItem, template=r"forget:(?P<what>edit|all):(?P<edit>[0-9]{1,18})"):
    """Confirms deleting an edit with its messages, or all data of the member."""

    @classmethod
    def create(cls, what: str, edit: int, locale: Locale) -> EraseButton:
        """The button that deletes ``what``: "edit" or "all"."""
        label = locale.say(f"discord.button.forget-{what}")
        return cls(discord.ui.Button(label=label, style=_DANGER, custom_id=f"forget:{what}:{edit}"))

    async def respond(self, interaction: Interaction) -> None:
        """Delete, and say so in place of the question."""
        edit = None
        if self.state["what"] == "edit":
            edit = (await edit_for(interaction, int(self.state["edit"]), shared=False)).id
        request = await services_of(interaction).requests.for_erasure(interaction, edit)
        await dispatch(interaction, request, interaction.response.defer)


class ConsentButton(PersistentItem, template=r"consent(?::(?P<message>[0-9]{1,20}))?"):
    """Agrees to the notice about pictures, for any member who presses it."""

    @classmethod
    def create(cls, locale: Locale, message: str | None = None) -> ConsentButton:
        """The button; ``message`` is the message whose request is answered after its author agrees."""
        label, style = locale.say("discord.button.consent"), discord.ButtonStyle.primary
        custom_id = f"consent:{message}" if message else "consent"
        return cls(discord.ui.Button(label=label, style=style, custom_id=custom_id))

    async def respond(self, interaction: Interaction) -> None:
        """Store the consent, then answer the request that was waiting for it."""
        services, locale = services_of(interaction), locale_of(interaction)
        await services.people.consent(PLATFORM, str(interaction.user.id), datetime.now(UTC))
        message = await self._waiting_message(interaction)
        if message is None:
            await reply_privately(interaction, locale.say("discord.consented"))
            return
        await reply_privately(interaction, locale.say("discord.consented.at-once"))
        request = services.requests.from_message_header(message)
        request = replace(request, key=f"message:{message.id}/consented")
        await dispatcher_of(interaction).take(request, complete=partial(services.requests.reload, request))

    async def _waiting_message(self, interaction: Interaction) -> discord.Message | None:
        """The member's own message that asked before they agreed, if it still exists."""
        if self.state["message"] is None or not isinstance(interaction.channel, discord.abc.Messageable):
            return None
        try:
            message = await interaction.channel.fetch_message(int(self.state["message"]))
        except discord.HTTPException:
            return None
        return message if message.author.id == interaction.user.id else None


def choice_buttons(edit: int, choices: Sequence[str]) -> tuple[discord.ui.Item[Any], ...]:
    """The buttons under a question, one for each choice that is short enough."""
    return tuple(ChoiceButton.create(edit, text) for text in choices[:5] if len(text) <= MAX_CHOICE)


def result_buttons(
    edit: int, edited: bool, adjusted: bool, locale: Locale
) -> tuple[discord.ui.Item[Any], ...]:
    """The buttons under an edit.

    Args:
        edit: its id.
        edited: whether it differs from the original picture, so that there is a step to undo.
        adjusted: whether it has adjustments, which can be made less or more of.
        locale: the language of the labels.
    """
    steps = [
        step
        for step in STEPS
        if (adjusted or step not in ("less", "more")) and (edited or step == "variations")
    ]
    return tuple(EditButton.create(step, edit, locale) for step in (*steps, "words", "delete"))
