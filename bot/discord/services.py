"""The parts that commands, buttons and handlers work with, so that they need not know the client class."""

from __future__ import annotations

import uuid
from collections.abc import Collection
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
from storage.retention import Retention
from storage.servers import Servers, ServerSettings

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
