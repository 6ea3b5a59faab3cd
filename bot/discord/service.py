"""The Discord front end as a service: connects, tries again while Discord cannot be reached, and stops gracefully."""

from __future__ import annotations

import asyncio
import logging
import math
import time

import aiohttp
import discord

from bot.conversation.service import Conversations
from bot.discord import client
from bot.discord.errors import IntentMissing, ShardsRefused
from bot.discord.requests.request import PLATFORM
from bot.errors import BadToken
from bot.settings import Settings
from storage.history import History

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE, HEALTHY_SECONDS = 2.0, 300.0, 60.0
_TOKEN_REFUSED = 4004
_SHARDS_REFUSED = (4010, 4011)
_FAILURES = (
    OSError,
    TimeoutError,
    aiohttp.ClientError,
    discord.HTTPException,
    discord.GatewayNotFound,
    discord.ConnectionClosed,
    discord.LoginFailure,
    discord.PrivilegedIntentsRequired,
)


class Service:
    """Keeps one bot connected to Discord for as long as ``serve`` runs."""

    def __init__(self, conversations: Conversations, history: History, settings: Settings) -> None:
        assert settings.discord_token is not None
        self._conversations, self._history, self._settings = conversations, history, settings
        self._token = settings.discord_token.get_secret_value()
        self._bot: client.Bot | None = None
        self._stopping = asyncio.Event()

    async def serve(self) -> None:
        """Serve until cancelled or drained. Raises BadToken, IntentMissing and ShardsRefused, which no waiting would mend."""
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await self._once()
            except _FAILURES as error:
                if (trouble := _trouble(error)) is not None:
                    raise trouble from None
                if time.monotonic() - began > HEALTHY_SECONDS:
                    pause = FIRST_PAUSE
                logger.warning(
                    "Discord cannot be reached (%s); trying again in %g seconds", type(error).__name__, pause
                )
                await _sleep(self._stopping, pause)
                pause = min(LONGEST_PAUSE, 2 * pause)

    async def _once(self) -> None:
        """One connection, which the library takes up again by itself once it stood."""
        settings = self._settings
        async with client.Bot(
            self._conversations,
            self._history,
            settings.max_upload_mb * 1024 * 1024,
            leavers=settings.hear_leavers,
            owner_server=settings.owner_server,
            shard_count=settings.shard_count,
            shard_ids=settings.shards,
        ) as bot:
            self._bot = bot
            try:
                await bot.start(self._token)
            finally:
                self._bot = None

    async def drain(self, seconds: float) -> None:
        """Begin nothing new; finish what was begun within so many seconds, or hand it over to the next start."""
        self._stopping.set()
        if self._bot is not None:
            await self._bot.desk.drain(seconds)

    async def connected(self) -> bool:
        """Whether every shard is connected now."""
        shards = self._bot.shards.values() if self._bot is not None else ()
        return bool(shards) and not any(shard.is_closed() for shard in shards)

    async def measure(self) -> None:
        """Show in the metrics how the shards and the inbox stand."""
        metrics, bot = self._conversations.metrics, self._bot
        shards = bot.shards if bot is not None else {}
        standing = {number: (not shard.is_closed(), shard.latency) for number, shard in shards.items()}
        metrics.gateways(standing or {0: (False, math.nan)})
        if bot is not None:
            metrics.inbox(await bot.desk.inbox.count_open(PLATFORM))


def _trouble(error: Exception) -> BadToken | IntentMissing | ShardsRefused | None:
    """What only the operator can mend; None where waiting may."""
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return IntentMissing(intent="Server Members Intent")  # the only one that is ever asked for
    code = error.code if isinstance(error, discord.ConnectionClosed) else None
    if isinstance(error, discord.LoginFailure) or code == _TOKEN_REFUSED:
        return BadToken()
    return ShardsRefused() if code in _SHARDS_REFUSED else None


async def _sleep(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, unless the bot stops."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
