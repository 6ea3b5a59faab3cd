"""Whether a member may ask for something here and now, by the rules of the server. Knows no front end."""

from __future__ import annotations

import asyncio
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
COUNTED = timedelta(minutes=2)
"""A pause up to this is told in seconds, a longer one by when it ends."""


@dataclass(frozen=True)
class Member:
    """Who asks, and where. All ids are the platform's own.

    ``server`` is None in private; ``channel`` is the channel that a thread belongs to; ``age_restricted`` is the channel's.
    """

    platform: str
    id: str
    server: str | None
    channel: str
    roles: frozenset[str] = frozenset()
    is_moderator: bool = False
    age_restricted: bool = False


class Policy:
    """The rules of the servers, and what counts against them in the inbox."""

    def __init__(self, servers: Servers, inbox: Inbox) -> None:
        self.servers, self.inbox, self.people = servers, inbox, People(servers.database)

    async def admit(
        self,
        member: Member,
        text: str,
        picture: bool,
        spoiler: bool,
        now: datetime,
        asked: InboxItem | None = None,
    ) -> ServerSettings:
        """The settings to serve a member by. Raises a PolicyError where they may not ask for this.

        ``picture`` says whether one was sent along, ``spoiler`` whether it was marked as one. ``asked`` is what the inbox
        let in for this: it and what came after it do not count against it, so that of several at once the first are served.
        Whoever is told no should close it as not counted (``Inbox.answered(..., counts=False)``): a refusal costs nothing.
        """
        if member.server is None:
            return ServerSettings()
        settings = await self.servers.settings(member.platform, member.server)
        _open(settings, asked)
        await self._blocked(member, now)
        _channel(member, settings)
        await self._consent(member, settings)
        if settings.require_spoilers and picture and not spoiler:
            raise SpoilerNeeded
        await _words(text, settings)
        if not member.is_moderator:
            await self._often(member, settings, now, asked)
        return settings

    async def _blocked(self, member: Member, now: datetime) -> None:
        assert member.server is not None
        block = await self.servers.blocked(member.platform, member.server, member.id, now)
        if block is not None and block.until is not None:
            raise BlockedUntil(until=Moment(block.until))
        if block is not None:
            raise Blocked

    async def _consent(self, member: Member, settings: ServerSettings) -> None:
        if settings.require_consent and await self.people.consented(member.platform, member.id) is None:
            raise ConsentNeeded

    async def _often(
        self, member: Member, settings: ServerSettings, now: datetime, asked: InboxItem | None
    ) -> None:
        """The cooldown and the quota of the last 24 hours."""
        quota, pause = quota_of(member, settings), timedelta(seconds=settings.cooldown_seconds)
        if quota == 0:
            raise NoQuota
        if quota is None and not pause:
            return
        since = now - max(DAY, pause)
        moments = await self.inbox.moments_since(member.platform, member.server, member.id, since)
        earlier = [moment for moment in moments if asked is None or moment < asked.created_at]
        if pause and earlier and (left := earlier[-1] + pause - now) > timedelta(0):
            if left > COUNTED:
                raise Resting(again=Moment(now + left))
            raise CoolingDown(count=max(1, -(-left // timedelta(seconds=1))))
        counted = [moment for moment in earlier if moment > now - DAY]
        if quota is not None and len(counted) >= quota:
            raise QuotaSpent(count=quota, again=Moment(counted[-quota] + DAY))


def quota_of(member: Member, settings: ServerSettings) -> int | None:
    """How much a member may ask for in 24 hours: the most that one of their roles has, else what everybody has."""
    of_roles = [quota for role, quota in settings.role_quotas.items() if role in member.roles]
    return max(of_roles) if of_roles else settings.quota_per_day


def _open(settings: ServerSettings, asked: InboxItem | None) -> None:
    """Whether anybody is served: while paused only what was let in before a drain began."""
    if not settings.paused:
        return
    if settings.drained_at is None:
        raise Paused
    if asked is None or asked.created_at.timestamp() > settings.drained_at:
        raise Draining


def _channel(member: Member, settings: ServerSettings) -> None:
    """Denied wins over allowed."""
    elsewhere = settings.channels_allowed and member.channel not in settings.channels_allowed
    if elsewhere or member.channel in settings.channels_denied:
        raise ChannelClosed
    if settings.age_restricted_only and not member.age_restricted:
        raise AgeRestrictedOnly


async def _words(text: str, settings: ServerSettings) -> None:
    words = refused(settings.refused_words)
    found = await asyncio.to_thread(words.found, text) if words.slow else words.found(text)
    if found is not None:
        raise RefusedWord(word=found)
