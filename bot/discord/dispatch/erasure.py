"""Deletes results and members from the history, and the messages that show their pictures.

The messages go first: if the bot is killed in between, it still knows which they were and can do all of it
again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import discord

from bot.discord.request import PLATFORM
from bot.discord.services import Services
from storage.records import OutsideMessage

logger = logging.getLogger(__name__)


async def erase_edit(services: Services, edit: int) -> int:
    """Delete an edit with its picture and messages; returns how many messages are left. Raises NotFound."""
    left = await _delete(services.client, await services.retention.messages_of_edit(edit))
    await services.retention.forget_edit(edit)
    return left


async def erase_member(services: Services, user: str) -> int:
    """Delete all data of a member and their messages; returns how many messages are left."""
    left = await _delete(services.client, await services.retention.messages_of_user(PLATFORM, user))
    await services.retention.forget_user(PLATFORM, user)
    return left


async def _delete(client: discord.Client, messages: Iterable[OutsideMessage]) -> int:
    left = 0
    for message in messages:
        if message.platform != PLATFORM or message.place is None:
            continue
        channel = client.get_partial_messageable(int(message.place))
        try:
            await channel.get_partial_message(int(message.id)).delete()
        except discord.NotFound:
            continue
        except (discord.HTTPException, OSError) as error:
            left += 1
            logger.info("a message could not be deleted: %s", type(error).__name__)
    return left
