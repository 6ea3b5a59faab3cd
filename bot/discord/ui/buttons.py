"""The buttons under a result. Their state is the edit's number in the custom id, so they outlive restarts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self

import discord

from bot.discord.requests import builders
from bot.discord.requests.request import PLATFORM, one
from bot.discord.ui import interactions, modals
from bot.locales import Locale

STEPS = ("less", "more", "undo", "compare", "variations")
_DANGER, _PLAIN = discord.ButtonStyle.danger, discord.ButtonStyle.secondary
Step = str


class EditButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"edit:(?P<step>less|more|undo|compare|variations|delete|words):(?P<edit>[0-9]{1,18})",
):
    """One of the buttons under the picture of one edit."""

    def __init__(self, step: Step, edit: int, locale: Locale, row: int | None = None) -> None:
        label, custom_id = locale.say(f"discord.button.{step}"), f"edit:{step}:{edit}"
        super().__init__(discord.ui.Button(label=label, style=_PLAIN, custom_id=custom_id, row=row))
        self.step, self.edit = step, edit

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuilt from what Discord sends back."""
        return cls(match["step"], int(match["edit"]), interactions.locale_of(interaction))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Do what the button says."""
        async with interactions.answered(interaction):
            edit = await interactions.edit_of(interaction, self.edit, shared=self.step != "delete")
            if self.step == "words":
                await interaction.response.send_modal(
                    modals.in_words(self.edit, interactions.locale_of(interaction))
                )
            elif self.step == "delete":
                await _confirm(interaction, self.edit)
            else:
                await interactions.take(
                    interaction, edit, actions=_actions(self.step), text=_said(self.step, interaction)
                )


class ForgetButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"forget:(?P<what>edit|all):(?P<edit>[0-9]{1,18})",
):
    """The second press that deleting needs: an edit with its messages, or all that is kept about a member."""

    def __init__(self, what: str, edit: int, locale: Locale) -> None:
        label = locale.say(f"discord.button.forget-{what}")
        super().__init__(discord.ui.Button(label=label, style=_DANGER, custom_id=f"forget:{what}:{edit}"))
        self.what, self.edit = what, edit

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuilt from what Discord sends back."""
        return cls(match["what"], int(match["edit"]), interactions.locale_of(interaction))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Delete, and say so in place of the question."""
        async with interactions.answered(interaction):
            bot, edit = interactions.bot_of(interaction), None
            if self.what == "edit":
                edit = (await interactions.edit_of(interaction, self.edit, shared=False)).id
            asking = await builders.of_forgetting(bot, interaction, edit)
            await interactions.to_desk(interaction, asking, interaction.response.defer)


class ConsentButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"consent(?::(?P<message>[0-9]{1,20}))?"
):
    """Agree to how pictures are treated, for whoever presses it; the wish of the message ``message`` is then done at once."""

    def __init__(self, locale: Locale, message: str | None = None) -> None:
        label, style = locale.say("discord.button.consent"), discord.ButtonStyle.primary
        custom_id = f"consent:{message}" if message else "consent"
        super().__init__(discord.ui.Button(label=label, style=style, custom_id=custom_id))
        self.message = message

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuilt from what Discord sends back."""
        return cls(interactions.locale_of(interaction), match["message"])

    async def callback(self, interaction: discord.Interaction) -> None:
        """Remember it, and go on."""
        async with interactions.answered(interaction):
            bot, locale = interactions.bot_of(interaction), interactions.locale_of(interaction)
            await bot.people.consent(PLATFORM, str(interaction.user.id), datetime.now(UTC))
            wish = await self._wish(interaction)
            if wish is None:
                await interactions.tell(interaction, locale.say("discord.consented"))
                return
            await interactions.tell(interaction, locale.say("discord.consented.at-once"))
            asking = replace(builders.bare(bot, wish), key=f"message:{wish.id}/consented")
            await bot.desk.take(asking, hear=partial(builders.again, bot, asking))

    async def _wish(self, interaction: discord.Interaction) -> discord.Message | None:
        """The message that asked before the member had agreed, if it is theirs and still there."""
        if self.message is None or not isinstance(interaction.channel, discord.abc.Messageable):
            return None
        try:
            wish = await interaction.channel.fetch_message(int(self.message))
        except discord.HTTPException:
            return None
        return wish if wish.author.id == interaction.user.id else None


def under(edit: int, edited: bool, adjusted: bool, locale: Locale) -> tuple[discord.ui.Item[Any], ...]:
    """The buttons of one edit; without adjustments there is nothing to make less or more of."""
    steps = [
        step
        for step in STEPS
        if (adjusted or step not in ("less", "more")) and (edited or step == "variations")
    ]
    first = [EditButton(step, edit, locale) for step in steps]
    return (*first, EditButton("words", edit, locale), EditButton("delete", edit, locale))


async def _confirm(interaction: discord.Interaction, edit: int) -> None:
    locale, view = interactions.locale_of(interaction), discord.ui.View(timeout=None)
    view.add_item(ForgetButton("edit", edit, locale))
    await interaction.response.send_message(locale.say("discord.confirm.edit"), view=view, ephemeral=True)


def _actions(step: Step) -> tuple[dict[str, Any], ...] | None:
    """What needs no reading; "less" and "more" are said in the words of the chat, which know what they are about."""
    fixed = {
        "undo": one("undo", steps=1),
        "compare": one("show", what="compare"),
        "variations": one("variations", count=3),
    }
    return fixed.get(step)


def _said(step: Step, interaction: discord.Interaction) -> str:
    return interactions.locale_of(interaction).say(f"say.{step}") if step in ("less", "more") else ""
