"""Decides whether a server's rules allow a member's request."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.moderation.errors import (
    AgeRestrictedOnly,
    Blocked,
    BlockedUntil,
    ChannelClosed,
    ConsentNeeded,
    CoolingDown,
    Draining,
    Moment,
    NoQuota,
    Paused,
    QuotaSpent,
    RefusedWord,
    Resting,
    SpoilerNeeded,
)
from bot.moderation.words import refused
from storage.inbox import Inbox, InboxItem
from storage.people import People
from storage.servers import Servers, ServerSettings

DAY = timedelta(days=1)
MAX_COUNTDOWN = timedelta(minutes=2)
"""A member is told a wait up to this in seconds, a longer one by its end."""


@dataclass(frozen=True)
class Member:
    """Who asks, and where. All ids are the platform's own.

    Attributes:
        platform: The front end, such as "discord".
        id: The member.
        server: None in private messages.
        channel: In a thread, the channel that the thread belongs to.
        roles: The member's roles in the server.
        is_moderator: Moderators have no quota and no cooldown.
        age_restricted: Whether the channel is.
    """

    platform: str
    id: str
    server: str | None
    channel: str
    roles: frozenset[str] = frozenset()
    is_moderator: bool = False
    age_restricted: bool = False


class Policy:
    """Applies the rules of all servers. Earlier requests are looked up in the inbox."""

    def __init__(self, servers: Servers, inbox: Inbox) -> None:
        self.servers, self.inbox, self.people = servers, inbox, People(servers.database)

    async def admit(
        self,
        member: Member,
        text: str,
        picture: bool,
        spoiler: bool,
        now: datetime,
        item: InboxItem | None = None,
    ) -> ServerSettings:
        """Return the settings of the member's server if its rules allow a request.

        A refused request should be closed as not counted (``Inbox.answered(..., counts=False)``), so that it
        does not use up the quota.

        Args:
            member: Who asks, and where.
            text: What the member wrote.
            picture: Whether a picture was sent.
            spoiler: Whether it was marked as a spoiler.
            now: The current time.
            item: The request in the inbox. It and later ones do not count against it, so that of several
                requests at once the first are allowed.

        Raises:
            PolicyError: the rules do not allow the request.
        """
        if member.server is None:
            return ServerSettings()
        settings = await self.servers.settings(member.platform, member.server)
        _check_pause(settings, item)
        await self._check_block(member, now)
        _check_channel(member, settings)
        await self._check_consent(member, settings)
        if settings.require_spoilers and picture and not spoiler:
            raise SpoilerNeeded
        await _check_words(text, settings)
        if not member.is_moderator:
            await self._check_limits(member, settings, now, item)
        return settings

    async def _check_block(self, member: Member, now: datetime) -> None:
        assert member.server is not None
        block = await self.servers.blocked(member.platform, member.server, member.id, now)
        if block is not None and block.until is not None:
            raise BlockedUntil(until=Moment(block.until))
        if block is not None:
            raise Blocked

    async def _check_consent(self, member: Member, settings: ServerSettings) -> None:
        if settings.require_consent and await self.people.consented(member.platform, member.id) is None:
            raise ConsentNeeded

    async def _check_limits(
        self, member: Member, settings: ServerSettings, now: datetime, item: InboxItem | None
    ) -> None:
        """Check the cooldown, and the quota of the last 24 hours."""
        quota, cooldown = quota_of(member, settings), timedelta(seconds=settings.cooldown_seconds)
        if quota == 0:
            raise NoQuota
        if quota is None and not cooldown:
            return
        since = now - max(DAY, cooldown)
        moments = await self.inbox.moments_since(member.platform, member.server, member.id, since)
        earlier = [moment for moment in moments if item is None or moment < item.created_at]
        if cooldown and earlier and (left := earlier[-1] + cooldown - now) > timedelta(0):
            if left > MAX_COUNTDOWN:
                raise Resting(again=Moment(now + left))
            raise CoolingDown(count=math.ceil(left / timedelta(seconds=1)))
        today = [moment for moment in earlier if moment > now - DAY]
        if quota is not None and len(today) >= quota:
            raise QuotaSpent(count=quota, again=Moment(today[-quota] + DAY))


def quota_of(member: Member, settings: ServerSettings) -> int | None:
    """Return how many requests a member may make in 24 hours, None for any number.

    The highest quota of the member's roles counts; without one, the quota of the server.
    """
    quotas = [quota for role, quota in settings.role_quotas.items() if role in member.roles]
    return max(quotas, default=settings.quota_per_day)


def _check_pause(settings: ServerSettings, item: InboxItem | None) -> None:
    """Refuse requests while paused, except those that were accepted before a drain began."""
    if not settings.paused:
        return
    if settings.drained_at is None:
        raise Paused
    if item is None or item.created_at.timestamp() > settings.drained_at:
        raise Draining


def _check_channel(member: Member, settings: ServerSettings) -> None:
    """Refuse denied channels, and all others than the allowed ones if there are any."""
    elsewhere = settings.channels_allowed and member.channel not in settings.channels_allowed
    if elsewhere or member.channel in settings.channels_denied:
        raise ChannelClosed
    if settings.age_restricted_only and not member.age_restricted:
        raise AgeRestrictedOnly


async def _check_words(text: str, settings: ServerSettings) -> None:
    words = refused(settings.refused_words)
    found = await asyncio.to_thread(words.found, text) if words.slow else words.found(text)
    if found is not None:
        raise RefusedWord(word=found)
