"""The settings of servers, and whether they let a member make a request."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.discord.requests.request import PLATFORM, Request
from bot.moderation.policy import Member, Policy
from storage.inbox import InboxItem
from storage.servers import Servers, ServerSettings


class Access:
    """Reads the settings of servers and applies their policy to requests."""

    def __init__(self, servers: Servers, policy: Policy) -> None:
        self._servers, self._policy = servers, policy

    async def settings(self, server: str | None) -> ServerSettings:
        """The settings of a server; the defaults in a direct conversation."""
        return ServerSettings() if server is None else await self._servers.settings(PLATFORM, server)

    async def admit(self, request: Request, item: InboxItem | None) -> ServerSettings:
        """Return the settings to answer a request by. Members may always delete their own data.

        Raises:
            PolicyError: the server does not allow the request.
        """
        if request.kind == "forget":
            return await self.settings(request.server)
        member = Member(
            PLATFORM,
            request.user,
            request.server,
            request.parent or request.place,
            frozenset(request.roles),
            request.moderator or not request.needs_editor,  # quotas limit neither moderators nor idle actions
            request.age_restricted,
        )
        uploads = bool(request.uploads)
        return await self._policy.admit(
            member, request.text, uploads, request.spoiler, datetime.now(UTC), item
        )
