"""Presses of buttons, choices of menus and words of forms: whose they are, and how each gets an answer.

The library only logs what goes wrong in a dynamic item, and tells the member nothing; so every callback runs in
``answered``, which turns errors into a private sentence.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot import locales
from bot.discord.errors import MayNotModerate, NotYourButton
from bot.discord.requests import builders
from bot.discord.requests.request import PLATFORM, Asking, Kind
from bot.errors import code_for, sentence_for
from bot.locales import Locale
from storage.history import Edit

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

Acknowledge = Callable[[], Awaitable[Any]]
_AT_DESK = "at desk"
"""Marks interactions that the desk answers."""


def bot_of(interaction: discord.Interaction) -> Bot:
    """The bot that hears it."""
    return interaction.client  # type: ignore[return-value]


def locale_of(interaction: discord.Interaction) -> Locale:
    """The language of whoever presses, as their own Discord is set."""
    return locales.locale_of(preferred=interaction.locale.value)


@asynccontextmanager
async def answered(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Whatever goes wrong inside is told to the member alone, and how it went is counted."""
    begun, outcome = time.monotonic(), "done"
    try:
        yield
    except discord.HTTPException as error:
        outcome = "lost"
        logger.warning("an interaction could not be answered: HTTP %d, code %d", error.status, error.code)
    except Exception as error:
        outcome = code_for(error)
        await tell(interaction, sentence_of(error, locale_of(interaction)))
    count(interaction, "press", outcome, begun)


def count(interaction: discord.Interaction, way: str, outcome: str, begun: float) -> None:
    """Count an interaction that was answered at once; what went to the desk is counted there. ``begun``: monotonic seconds."""
    if _AT_DESK not in interaction.extras:
        bot_of(interaction).conversations.metrics.answered(way, outcome, time.monotonic() - begun)


async def to_desk(interaction: discord.Interaction, asking: Asking, acknowledge: Acknowledge) -> None:
    """Have an asking kept, acknowledged and done in its turn."""
    interaction.extras[_AT_DESK] = True
    await bot_of(interaction).desk.take(asking, acknowledge)


def sentence_of(error: Exception, locale: Locale) -> str:
    """What to tell the member, also of what the library finds wrong."""
    if isinstance(error, app_commands.MissingPermissions):
        missing = [
            locale.say("list.quote", item=locale.say(f"mod.permission.{one}"))
            for one in error.missing_permissions
        ]
        return sentence_for(MayNotModerate(permissions=locale.listed(missing)), locale)
    return sentence_for(error, locale)


async def tell(interaction: discord.Interaction, text: str, **options: Any) -> None:
    """A sentence for the member alone, whether the interaction was acknowledged before or not."""
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True, **options)
        else:
            await interaction.response.send_message(text, ephemeral=True, **options)
    except discord.HTTPException as error:
        logger.warning("an interaction could not be answered: HTTP %d, code %d", error.status, error.code)


async def edit_of(interaction: discord.Interaction, edit: int, shared: bool = True) -> Edit:
    """The edit that a button is about, if it may be pressed. Raises NotFound, NotYourButton.

    ``shared``: a server may let others press it too.
    """
    bot = bot_of(interaction)
    found = await bot.history.edit(edit)
    if await bot.history.owner(edit) == (PLATFORM, str(interaction.user.id)):
        return found
    settings = await bot.access.settings(str(interaction.guild_id) if interaction.guild_id else None)
    if not (shared and settings.open_buttons):
        raise NotYourButton
    return found


async def take(
    interaction: discord.Interaction,
    edit: Edit,
    text: str = "",
    actions: tuple[dict[str, Any], ...] | None = None,
    kind: Kind = "talk",
) -> None:
    """Acknowledge without a trace, do what was pressed, and answer with a reply to the message under which it was."""
    asking = await builders.of_press(
        bot_of(interaction), interaction, edit, text=text, actions=actions, kind=kind
    )
    await to_desk(interaction, asking, interaction.response.defer)
