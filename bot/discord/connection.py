"""Keeps the bot connected to Discord: reconnects while Discord cannot be reached, and stops gracefully."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time

import aiohttp
import discord

from bot.conversation.service import Conversations
from bot.discord import client
from bot.discord.errors import IntentMissing, ShardsRefused
from bot.discord.request import PLATFORM
from bot.errors import BadToken, BotError
from bot.settings import Settings
from storage.history import History

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0  # seconds between two attempts to connect
HEALTHY_SECONDS = 60.0  # after a connection of this length the pauses start from the shortest again
_TOKEN_REFUSED = 4004
_SHARDS_REFUSED = (4010, 4011)  # codes with which Discord closes a connection


class DiscordConnection:
    """One bot, connected to Discord while ``serve`` runs."""

    def __init__(self, conversations: Conversations, history: History, settings: Settings) -> None:
        assert settings.discord_token is not None
        self._conversations, self._history, self._settings = conversations, history, settings
        self._token = settings.discord_token.get_secret_value()
        self._bot: client.Bot | None = None
        self._stopping = asyncio.Event()

    async def serve(self) -> None:
        """Serve until cancelled or drained.

        Raises:
            BadToken, IntentMissing, ShardsRefused: only the operator can fix this.
        """
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                await self._connect()
            except (OSError, aiohttp.ClientError, discord.DiscordException) as error:
                if (fatal := _fatal(error)) is not None:
                    raise fatal from None
                if time.monotonic() - started > HEALTHY_SECONDS:
                    pause = FIRST_PAUSE
                name = type(error).__name__
                logger.warning("Discord cannot be reached (%s); trying again in %g seconds", name, pause)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
                pause = min(LONGEST_PAUSE, 2 * pause)

    async def _connect(self) -> None:
        """Run one client until it ends; discord.py resumes lost connections by itself."""
        settings = self._settings
        async with client.Bot(
            self._conversations,
            self._history,
            settings.max_upload_mb * 1024 * 1024,
            notice_leavers=settings.hear_leavers,
            owner_server=settings.owner_server,
            data_dir=settings.data_dir,
            shard_count=settings.shard_count,
            shard_ids=settings.shards,
        ) as self._bot:
            try:
                await self._bot.start(self._token)
            finally:
                self._bot = None

    async def drain(self, seconds: float) -> None:
        """Begin nothing new, finish the work in progress within so many seconds, and hand over the rest."""
        self._stopping.set()
        if self._bot is not None:
            await self._bot.dispatcher.drain(seconds)

    async def connected(self) -> bool:
        """Whether every shard is connected."""
        shards = self._bot.shards.values() if self._bot is not None else ()
        return bool(shards) and not any(shard.is_closed() for shard in shards)

    async def measure(self) -> None:
        """Update the metrics of the shards and of the open requests."""
        metrics, bot = self._conversations.metrics, self._bot
        shards = bot.shards if bot is not None else {}
        states = {number: (not shard.is_closed(), shard.latency) for number, shard in shards.items()}
        metrics.set_shards(states or {0: (False, math.nan)})
        if bot is not None:
            metrics.set_open_requests(await bot.services.inbox.count_open(PLATFORM))


def _fatal(error: Exception) -> BotError | None:
    """The error for the operator, if waiting does not help."""
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return IntentMissing(intent="Server Members Intent")  # the only privileged intent the bot asks for
    code = error.code if isinstance(error, discord.ConnectionClosed) else None
    if isinstance(error, discord.LoginFailure) or code == _TOKEN_REFUSED:
        return BadToken()
    return ShardsRefused() if code in _SHARDS_REFUSED else None
