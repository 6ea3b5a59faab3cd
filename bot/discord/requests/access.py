"""Access: what a server allows, and whether a member may have a wish done there."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.discord.requests.request import PLATFORM, Asking
from bot.moderation.policy import Member, Policy
from storage.inbox import InboxItem
from storage.servers import Servers, ServerSettings


class Access:
    """The settings of servers, and the policy in front of every wish."""

    def __init__(self, servers: Servers, policy: Policy) -> None:
        self.servers, self.policy = servers, policy

    async def settings(self, server: str | None) -> ServerSettings:
        """A server's settings; the defaults in private."""
        return await self.servers.settings(PLATFORM, server) if server is not None else ServerSettings()

    async def admit(self, asking: Asking, asked: InboxItem | None) -> ServerSettings:
        """The settings to do a wish by. Raises PolicyError where it may not be done; deleting what is one's own always may."""
        if asking.kind == "forget":
            return await self.settings(asking.server)
        return await self.policy.admit(
            member_of(asking), asking.text, bool(asking.uploads), asking.spoiler, datetime.now(UTC), asked
        )


def member_of(asking: Asking) -> Member:
    """Who asks, and where. What takes no work is limited for nobody, as nothing is for moderators."""
    return Member(
        PLATFORM,
        asking.user,
        asking.server,
        asking.parent or asking.place,
        frozenset(asking.roles),
        asking.moderator or not asking.counts,
        asking.age_restricted,
    )
