"""Promises: commands that are acknowledged at once and answered within seconds, to the asker alone.

They are not wishes, which the desk does again under their own key after a restart: a moderator's command may have been
carried out or not when the bot was killed, so doing it again on its own could undo what somebody decided meanwhile. Its
acknowledgement is written down instead, and whoever waits for an answer is told at the next start to look, and ask again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import discord

from bot.discord.dispatch.responder import Outlet
from bot.discord.requests import builders
from bot.discord.requests.request import Asking
from bot.discord.ui.view import Card
from bot.locales import locale_of

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

PLATFORM = "discord-promises"
"""Their own in the inbox: they wait in nobody's queue and count for no quota."""
_PROMISED = "promised"
"""Marks interactions that are promised an answer, with the key under which that is kept."""


async def make(interaction: discord.Interaction[Any]) -> None:
    """Acknowledge: "thinking…", for the asker alone. Kept first, so that no killed bot leaves it at that."""
    bot: Bot = interaction.client
    asking = builders.of_promise(interaction)
    await bot.desk.inbox.accept(
        asking.key, PLATFORM, asking.user, asking.server, asking.place, asking.payload(), holder=bot.desk.name
    )
    interaction.extras[_PROMISED] = asking.key
    await interaction.response.defer(ephemeral=True, thinking=True)


async def kept(interaction: discord.Interaction[Any]) -> None:
    """It was answered, one way or another: nothing of it stays."""
    bot: Bot = interaction.client
    if (key := interaction.extras.pop(_PROMISED, None)) is not None:
        await bot.desk.inbox.forget(key)


async def resume(bot: Bot) -> None:
    """Tell those whom an earlier life or another process left waiting."""
    for asked in await bot.desk.inbox.take_over(PLATFORM, bot.desk.name):
        asking = Asking.of(asked.payload)
        outlet = Outlet(bot, asking)
        try:
            if await outlet.thinks():
                await outlet.whisper(Card(locale_of(preferred=asking.locale).say("discord.interrupted")))
        except discord.HTTPException as error:
            logger.warning(
                "an interrupted command could not be answered: HTTP %d, code %d", error.status, error.code
            )
            if error.status >= 500:
                continue
        await bot.desk.inbox.forget(asked.key)
