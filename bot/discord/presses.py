"""Presses of buttons, choices of menus and words of forms: whose they are, and how each gets an answer.

The library only logs what goes wrong in a dynamic item, and tells the member nothing; so every callback runs in
``answered``, which turns errors into a private sentence.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import discord

from bot import locales
from bot.discord import hearing
from bot.discord.asking import PLATFORM, Kind
from bot.discord.errors import NotYourButton
from bot.errors import sentence_for
from bot.locales import Locale
from storage.history import Edit

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)


def bot_of(interaction: discord.Interaction) -> Bot:
    """The bot that hears it."""
    return interaction.client  # type: ignore[return-value]


def locale_of(interaction: discord.Interaction) -> Locale:
    """The language of whoever presses, as their own Discord is set."""
    return locales.locale_of(preferred=interaction.locale.value)


@asynccontextmanager
async def answered(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Whatever goes wrong inside is told to the member alone."""
    try:
        yield
    except discord.HTTPException as error:
        logger.warning("an interaction could not be answered: HTTP %d, code %d", error.status, error.code)
    except Exception as error:
        await tell(interaction, sentence_for(error, locale_of(interaction)))


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
    interaction: discord.Interaction, edit: Edit, text: str = "", actions: tuple[dict[str, Any], ...] | None = None,
    kind: Kind = "talk",
) -> None:  # fmt: skip
    """Acknowledge without a trace, do what was pressed, and answer with a reply to the message under which it was."""
    bot = bot_of(interaction)
    asking = await hearing.of_press(bot, interaction, edit, text=text, actions=actions, kind=kind)
    await bot.desk.take(asking, interaction.response.defer)
