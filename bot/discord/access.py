"""Access: what a server allows, and whether a member may have a wish done there."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.discord.asking import PLATFORM, Asking
from storage.servers import Servers, ServerSettings


class Gate(Protocol):
    """Whoever decides; raises a BotError, which is told to the member, where the answer is no."""

    async def admit(self, asking: Asking, moment: datetime) -> ServerSettings:
        """The settings that the wish is done under."""


class Access:
    """The settings of servers, and the gate in front of every wish; without a gate everybody may have everything."""

    def __init__(self, servers: Servers, gate: Gate | None = None) -> None:
        self.servers, self.gate = servers, gate

    async def settings(self, server: str | None) -> ServerSettings:
        """A server's settings; the defaults in private."""
        return await self.servers.settings(PLATFORM, server) if server is not None else ServerSettings()

    async def admit(self, asking: Asking) -> ServerSettings:
        """Let a wish in. Raises BotError."""
        if self.gate is None:
            return await self.settings(asking.server)
        return await self.gate.admit(asking, datetime.now().astimezone())
