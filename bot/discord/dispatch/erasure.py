"""Forgetting: results and members are deleted here, and the messages that show their pictures with them.

The messages go first: whoever is killed in between still knows which they were, and does all of it again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import discord

from bot.discord.requests.request import PLATFORM
from storage.history import OutsideMessage
from storage.retention import Overview, Retention

logger = logging.getLogger(__name__)


class Forgetting:
    """Deletes from the history and from Discord; what Discord refuses to delete is left there and counted."""

    def __init__(self, client: discord.Client, retention: Retention) -> None:
        self.client, self.retention = client, retention

    async def edit(self, edit: int) -> int:
        """Remove one result everywhere: row, file and messages; returns how many messages were left. Raises NotFound."""
        left = await self._delete(await self.retention.messages_of_edit(edit))
        await self.retention.forget_edit(edit)
        return left

    async def member(self, user: int) -> int:
        """Delete all that is kept about a member, and the bot's messages with their pictures; returns how many were left."""
        left = await self._delete(await self.retention.messages_of_user(PLATFORM, str(user)))
        await self.retention.forget_user(PLATFORM, str(user))
        return left

    async def leaver(self, server: int, user: int) -> None:
        """Delete what a member did in a server."""
        await self.retention.forget_member(PLATFORM, str(server), str(user))

    async def server(self, server: int) -> None:
        """Delete a server and all that was done in it."""
        await self.retention.forget_server(PLATFORM, str(server))

    async def overview(self, user: int) -> Overview:
        """Counts and dates of what is kept about a member."""
        return await self.retention.overview(PLATFORM, str(user))

    async def export(self, user: int) -> bytes:
        """All of it as a zip."""
        return await self.retention.export(PLATFORM, str(user))

    async def _delete(self, messages: Iterable[OutsideMessage]) -> int:
        left = 0
        for message in messages:
            if message.platform != PLATFORM or message.place is None:
                continue
            channel = self.client.get_partial_messageable(int(message.place))
            try:
                await channel.get_partial_message(int(message.id)).delete()
            except discord.NotFound:
                continue
            except (discord.HTTPException, OSError) as error:
                left += 1
                logger.info("a message could not be deleted: %s", type(error).__name__)
        return left
