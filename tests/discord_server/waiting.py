"""Waits for what the bot does."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.discord_server import objects
from tests.discord_server.world import Json, World


class Waiting:
    """Each method returns as soon as the bot did something, and raises TimeoutError if it does not."""

    world: World
    _answered: set[str]

    async def answer_to(self, message: Json, seconds: float = 60.0) -> Json:
        """The bot's newest reply to a message, each returned once."""

        def found() -> Json | None:
            own = [
                m
                for m in self.world.messages.values()
                if m["author"]["id"] == objects.BOT and m["id"] not in self._answered
            ]
            replies = [m for m in own if m.get("message_reference", {}).get("message_id") == message["id"]]
            return replies[-1] if replies else None

        answer = await self.world.until(found, seconds)
        self._answered.add(answer["id"])
        return answer

    def answers_to(self, message: Json) -> list[Json]:
        """All replies of the bot to a message so far."""
        own = [m for m in self.world.messages.values() if m["author"]["id"] == objects.BOT]
        return [m for m in own if m.get("message_reference", {}).get("message_id") == message["id"]]

    async def callback_of(self, interaction: str, seconds: float = 10.0) -> Json:
        """How the bot answered an interaction: ``{"type": …, "data": …}`` as it sent it."""
        asked = self.world.interactions[interaction]
        return await self.world.until(lambda: asked.callback, seconds)

    async def original_response(self, interaction: str, seconds: float = 60.0) -> Json:
        """The message that answers an interaction, once it is no longer "thinking"."""
        asked = self.world.interactions[interaction]

        def found() -> Json | None:
            message = self.world.messages.get(asked.original or "")
            return message if message is not None and not message["flags"] & objects.LOADING else None

        return await self.world.until(found, seconds)

    async def followups(self, interaction: str, count: int = 1, seconds: float = 60.0) -> list[Json]:
        """The follow-ups of an interaction, once there are at least ``count``."""
        asked = self.world.interactions[interaction]

        def found() -> list[Json] | None:
            sent = [
                self.world.messages[number] for number in asked.followups if number in self.world.messages
            ]
            return sent if len(sent) >= count else None

        return await self.world.until(found, seconds)

    async def settled(self, message: Json, holds: Callable[[Json], bool], seconds: float = 60.0) -> Json:
        """A message, once ``holds`` is true for it; asked again after each change."""

        def found() -> Json | None:
            current = self.world.messages.get(message["id"])
            return current if current is not None and holds(current) else None

        return await self.world.until(found, seconds)

    async def gone(self, message: Json, seconds: float = 60.0) -> None:
        """Wait until a message is deleted."""
        await self.world.until(lambda: message["id"] not in self.world.messages, seconds)

    async def connected(self, seconds: float = 20.0, shards: int = 1) -> None:
        """Wait until a bot is connected with at least so many shards."""
        await self.world.until(lambda: len(self.world.gateway.live()) >= shards, seconds)

    def files_of(self, message: Json) -> list[bytes]:
        """The pictures of a message: its attachments, or else those inside its embeds."""
        numbers = [attachment["id"] for attachment in message["attachments"]]
        urls = [(embed.get("image") or {}).get("url", "") for embed in message["embeds"]]
        shown = [found[1] for url in urls if (found := re.search(r"/attachments/\d+/(\d+)/", url))]
        return [self.world.files[number][0] for number in numbers or shown]
