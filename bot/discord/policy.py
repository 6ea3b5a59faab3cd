"""Decides whether a server's rules allow a member's request."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta

from bot.discord.errors import DiscordError
from bot.discord.request import PLATFORM, Request
from bot.moderation.words import refused
from storage.inbox import Inbox, InboxItem
from storage.people import People
from storage.servers import Servers, ServerSettings

DAY = timedelta(days=1)
MAX_COUNTDOWN = timedelta(minutes=2)  # a member is told a wait up to this in seconds, a longer one by its end


class Policy:
    """Applies the rules of all servers. Earlier requests are looked up in the inbox."""

    def __init__(self, servers: Servers, inbox: Inbox, people: People) -> None:
        self.servers, self.inbox, self.people = servers, inbox, people

    async def admit(
        self, request: Request, item: InboxItem | None = None, now: datetime | None = None
    ) -> ServerSettings:
        """Return the settings of the server if its rules allow a request.

        Members may always delete their own data. A refused request should be closed as not counted
        (``Inbox.answered(..., counts=False)``), so that it does not use up the quota.

        Args:
            request: The request.
            item: The request in the inbox. It and later ones do not count against it, so that of several
                requests at once the first are allowed.
            now: The current time.

        Raises:
            DiscordError: the rules do not allow the request.
        """
        if request.server is None:
            return ServerSettings()
        settings = await self.servers.settings(PLATFORM, request.server)
        if request.kind == "forget":
            return settings
        now = now or datetime.now(UTC)
        # paused, except for those that were accepted before a drain began
        if settings.paused:
            if settings.drained_at is None:
                raise DiscordError("policy.paused")
            if item is None or item.created_at.timestamp() > settings.drained_at:
                raise DiscordError("policy.draining")
        block = await self.servers.blocked(PLATFORM, request.server, request.user, now)
        if block is not None:
            if block.until is not None:
                raise DiscordError("policy.blocked-until", until=block.until)
            raise DiscordError("policy.blocked")
        _check_channel(request, settings)
        if settings.require_consent and await self.people.consented(PLATFORM, request.user) is None:
            raise DiscordError("policy.consent-needed")
        if settings.require_spoilers and request.uploads and not request.spoiler:
            raise DiscordError("policy.spoiler-needed")
        words, text = refused(settings.refused_words), request.text
        word = await asyncio.to_thread(words.found, text) if words.slow else words.found(text)
        if word is not None:
            raise DiscordError("policy.refused-word", word=word)
        if request.needs_editor and not request.moderator:
            await self._check_limits(request, settings, now, item)
        return settings

    async def _check_limits(
        self, request: Request, settings: ServerSettings, now: datetime, item: InboxItem | None
    ) -> None:
        """Check the cooldown, and the quota of the last 24 hours."""
        quota, cooldown = quota_of(request, settings), timedelta(seconds=settings.cooldown_seconds)
        if quota == 0:
            raise DiscordError("policy.no-quota")
        if quota is None and not cooldown:
            return
        since = now - max(DAY, cooldown)
        moments = await self.inbox.moments_since(PLATFORM, request.server, request.user, since)
        earlier = [moment for moment in moments if item is None or moment < item.created_at]
        if cooldown and earlier and (left := earlier[-1] + cooldown - now) > timedelta(0):
            if left > MAX_COUNTDOWN:
                raise DiscordError("policy.resting", again=now + left)
            raise DiscordError("policy.cooling-down", count=math.ceil(left / timedelta(seconds=1)))
        today = [moment for moment in earlier if moment > now - DAY]
        if quota is not None and len(today) >= quota:
            raise DiscordError("policy.quota-spent", count=quota, again=today[-quota] + DAY)


def quota_of(request: Request, settings: ServerSettings) -> int | None:
    """Return how many requests a member may make in 24 hours, None for any number.

    The highest quota of the member's roles counts; without one, the quota of the server.
    """
    quotas = [quota for role, quota in settings.role_quotas.items() if role in request.roles]
    return max(quotas, default=settings.quota_per_day)


def _check_channel(request: Request, settings: ServerSettings) -> None:
    """Refuse denied channels, and all others than the allowed ones if there are any."""
    channel = request.parent or request.place
    elsewhere = settings.channels_allowed and channel not in settings.channels_allowed
    if elsewhere or channel in settings.channels_denied:
        raise DiscordError("policy.channel-closed")
    if settings.age_restricted_only and not request.age_restricted:
        raise DiscordError("policy.age-restricted-only")
