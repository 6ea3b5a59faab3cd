"""The parts that commands, buttons and handlers work with, so that they need not know the client class."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable
from typing import Any

import discord
from cachetools import LRUCache

from bot import locales
from bot.conversation.service import Conversations
from bot.discord.attachments import CDN_HOSTS
from bot.discord.policy import Policy
from bot.discord.request import PLATFORM, Upload
from bot.locales import Locale
from storage.history import History
from storage.inbox import Inbox
from storage.people import People
from storage.records import OutsideMessage
from storage.retention import Retention
from storage.servers import Servers, ServerSettings

logger = logging.getLogger(__name__)

MAX_PENDING_FORMS = 500
Interaction = discord.Interaction[Any]


class Services:
    """Everything behind one Discord client, over one database. ``max_upload`` is in bytes."""

    def __init__(
        self,
        client: discord.AutoShardedClient,
        conversations: Conversations,
        history: History,
        max_upload: int,
        cdn_hosts: Collection[str] = CDN_HOSTS,
    ) -> None:
        self.client, self.conversations, self.metrics = client, conversations, conversations.metrics
        self.history, self.retention = history, Retention(history)
        self.inbox, self.people = Inbox(history.database), People(history.database)
        self.servers = Servers(history.database)
        self.policy = Policy(self.servers, self.inbox, self.people)
        self.max_upload, self.cdn_hosts = max_upload, cdn_hosts
        self.forms: LRUCache[str, tuple[Upload, ...]] = LRUCache(MAX_PENDING_FORMS)
        """Pictures whose form is open, by the id of the interaction that opened it."""
        self.holder = f"dispatcher {uuid.uuid4().hex}"
        """The database lock that this process holds; if it is free, others may claim its requests."""

    async def settings(self, server: str | None) -> ServerSettings:
        """The settings of a server; the defaults in a direct conversation."""
        return ServerSettings() if server is None else await self.servers.settings(PLATFORM, server)

    async def erase_edit(self, edit: int) -> int:
        """Delete an edit, its picture and its messages; returns how many are left. Raises NotFound."""
        left = await self._delete(await self.retention.messages_of_edit(edit))
        await self.retention.forget_edit(edit)
        return left

    async def erase_member(self, user: str) -> int:
        """Delete all data of a member and their messages; returns how many messages are left."""
        left = await self._delete(await self.retention.messages_of_user(PLATFORM, user))
        await self.retention.forget_user(PLATFORM, user)
        return left

    async def _delete(self, messages: Iterable[OutsideMessage]) -> int:
        """Delete messages, before the data that names them: a killed bot can then do all of it again."""
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


def services_of(interaction: Interaction) -> Services:
    """The services of the client that received an interaction."""
    services: Services = interaction.client.services
    return services


def locale_of(interaction: Interaction) -> Locale:
    """The language of the member's own Discord."""
    return locales.locale_of(preferred=interaction.locale.value)


def server_of(interaction: Interaction) -> str | None:
    """The id of the server where it happened; None in direct conversations."""
    return str(interaction.guild_id) if interaction.guild_id else None
