"""The parts that commands, buttons and handlers work with, so that they need not know the client class."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

import discord
from cachetools import LRUCache

from bot.conversation.service import Conversations
from bot.discord.requests.access import Access
from bot.discord.requests.attachments import CDN_HOSTS
from bot.discord.requests.builders import RequestBuilder
from bot.discord.requests.request import Upload
from bot.metrics import Metrics
from bot.moderation.policy import Policy
from storage.history import History
from storage.inbox import Inbox
from storage.people import People
from storage.retention import Retention
from storage.servers import Servers

MAX_PENDING_FORMS = 500


@dataclass(frozen=True)
class Services:
    """Everything behind one Discord client. ``max_upload`` is in bytes."""

    client: discord.AutoShardedClient
    conversations: Conversations
    history: History
    inbox: Inbox
    people: People
    servers: Servers
    access: Access
    requests: RequestBuilder
    retention: Retention
    max_upload: int
    cdn_hosts: Collection[str] = CDN_HOSTS
    """The hosts that attachments are downloaded from."""
    forms: LRUCache[str, tuple[Upload, ...]] = field(default_factory=lambda: LRUCache(MAX_PENDING_FORMS))
    """Pictures whose form is open, by the id of the interaction that opened it."""
    holder: str = field(default_factory=lambda: f"dispatcher {uuid.uuid4().hex}")
    """The database lock that this process holds; if it is free, others may claim its requests."""

    @classmethod
    def create(
        cls,
        client: discord.AutoShardedClient,
        conversations: Conversations,
        history: History,
        max_upload: int,
        cdn_hosts: Collection[str] = CDN_HOSTS,
    ) -> Self:
        """The services of a client over one database."""
        people, servers = People(history.database), Servers(history.database)
        inbox = Inbox(history.database)
        access = Access(servers, Policy(servers, inbox))
        return cls(
            client=client,
            conversations=conversations,
            history=history,
            inbox=inbox,
            people=people,
            servers=servers,
            access=access,
            requests=RequestBuilder(client, history, people, access),
            retention=Retention(history),
            max_upload=max_upload,
            cdn_hosts=cdn_hosts,
        )

    @property
    def metrics(self) -> Metrics:
        """The counters that operators watch."""
        return self.conversations.metrics
