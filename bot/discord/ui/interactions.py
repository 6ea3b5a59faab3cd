"""Answering interactions: commands, forms, and buttons and menus that work in messages of any age.

discord.py only logs an exception in a persistent item and tells the member nothing. Callbacks therefore run
inside ``errors_reported``, which answers the member with a private sentence.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

import discord
from discord import app_commands

from bot.discord import builders
from bot.discord.errors import DiscordError, http_error_logged, log_http_error
from bot.discord.request import PLATFORM, Request
from bot.discord.services import Interaction, locale_of, server_of, services_of
from bot.errors import code_for, sentence_for
from storage.records import Edit

_DISPATCHED = "dispatched"  # marks interactions that the dispatcher answers and counts


@asynccontextmanager
async def errors_reported(interaction: Interaction, origin: str = "press") -> AsyncIterator[None]:
    """Tell the member privately about any error inside, and count the outcome."""
    outcome, locale = "done", locale_of(interaction)
    try:
        yield
    except discord.HTTPException as error:
        outcome = "lost"
        log_http_error("an interaction could not be answered", error)
        await reply_privately(interaction, locale.say("error.unforeseen"))
    except Exception as error:
        told = error
        if isinstance(error, app_commands.MissingPermissions):
            names = [locale.say(f"mod.permission.{name}") for name in error.missing_permissions]
            told = DiscordError("discord.error.may-not-moderate", permissions=locale.quoted(names))
        outcome = code_for(error)
        await reply_privately(interaction, sentence_for(told, locale))
    count(interaction, origin, outcome)


def count(interaction: Interaction, origin: str, outcome: str) -> None:
    """Count an answered interaction unless the dispatcher does."""
    if _DISPATCHED not in interaction.extras:
        seconds = (discord.utils.utcnow() - interaction.created_at).total_seconds()
        services_of(interaction).metrics.count_answer(origin, outcome, max(0.0, seconds))


async def dispatch(interaction: Interaction, request: Request) -> None:
    """Have a request stored, acknowledged and answered in its turn."""
    interaction.extras[_DISPATCHED] = True
    await interaction.client.dispatcher.take(request, partial(acknowledge, interaction, request))


async def acknowledge(interaction: Interaction, request: Request) -> None:
    """Show "thinking…" as the request says; a component needs no sign."""
    component = interaction.type is discord.InteractionType.component
    thinking = request.acknowledgement != "silent" and not component
    await interaction.response.defer(ephemeral=request.acknowledgement == "private", thinking=thinking)


async def dispatch_edit(interaction: Interaction, edit: Edit, **values: Any) -> None:
    """Dispatch what a component under an edit asks for; ``values`` are fields of ``Request``."""
    await dispatch(interaction, await builders.from_component(interaction, edit, **values))


async def reply_privately(interaction: Interaction, text: str) -> None:
    """Send a sentence only to the member, whether or not the interaction is acknowledged already."""
    done = interaction.response.is_done()
    send = interaction.followup.send if done else interaction.response.send_message
    with http_error_logged("an interaction could not be answered", logging.WARNING):
        await send(text, ephemeral=True)


async def edit_for(interaction: Interaction, number: str, shared: bool = True) -> Edit:
    """The edit that a component is about; a ``shared`` one is for others too if the server allows that.

    Raises:
        NotFound: the edit is deleted.
        DiscordError: it belongs to somebody else.
    """
    services = services_of(interaction)
    edit = await services.history.edit(int(number))
    if await services.history.owner(edit.id) == (PLATFORM, str(interaction.user.id)):
        return edit
    if not (shared and (await services.settings(server_of(interaction))).open_buttons):
        raise DiscordError("discord.error.not-your-button")
    return edit


class PersistentItem(
    discord.ui.DynamicItem[discord.ui.Button[Any] | discord.ui.Select[Any]], template=r"(?!)"
):
    """Base of all buttons and menus. ``template`` of a subclass matches its custom ids and names their parts.

    Custom ids in old messages never change, so a template may only be extended.
    """

    def __init__(self, item: discord.ui.Button[Any] | discord.ui.Select[Any]) -> None:
        super().__init__(item)
        match = self.template.fullmatch(self.custom_id)
        assert match is not None  # the base class checks it
        self.state: dict[str, str] = match.groupdict()

    @classmethod
    def button(
        cls,
        custom_id: str,
        label: str,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
    ) -> Self:
        """A button to show."""
        return cls(discord.ui.Button(custom_id=custom_id, label=label, style=style, disabled=disabled))

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the item from what Discord sends when it is used."""
        assert isinstance(item, discord.ui.Button | discord.ui.Select)
        return cls(item)

    async def callback(self, interaction: Interaction) -> None:
        """Respond to a press or choice; called by discord.py."""
        async with errors_reported(interaction):
            await self.respond(interaction)

    async def respond(self, interaction: Interaction) -> None:
        """Do what the item is for. Errors are told to the member."""
        raise NotImplementedError

    @property
    def chosen(self) -> str:
        """The chosen option of a menu."""
        assert isinstance(self.item, discord.ui.Select)
        return str(self.item.values[0])


def view_of(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """A view that never expires.

    It may hold only persistent items: discord.py forgets those of a mixed view when the view stops.
    """
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view
