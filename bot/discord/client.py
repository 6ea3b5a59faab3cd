"""The Discord client: receives messages, commands, buttons and forms, and passes them to the dispatcher.

It does not need the privileged message-content intent: Discord sends the content of mentions, of replies to
the bot's ordinary messages, and of direct messages without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import discord

from bot.conversation.service import Conversations
from bot.discord import builders, permission_check
from bot.discord.attachments import CDN_HOSTS
from bot.discord.commands.tree import CommandTree
from bot.discord.dispatch import deferred
from bot.discord.dispatch.dispatcher import RequestDispatcher
from bot.discord.errors import DiscordError, http_error_logged, log_http_error
from bot.discord.request import PLATFORM
from bot.discord.services import Interaction, Services
from bot.discord.ui.buttons import answer_form
from bot.discord.ui.interactions import PersistentItem, count, errors_reported
from storage.history import History

logger = logging.getLogger(__name__)

ITEMS = tuple(PersistentItem.__subclasses__())
"""All buttons and menus; the modules that define them are imported by those above."""
CLOSE_SECONDS = 5.0  # how long cancelled tasks may take to end
IDENTIFY_SECONDS = 5.0  # Discord accepts one new connection in this time, from all processes together
MAX_PLACES, MAX_MESSAGES = 50, 100  # channels, and messages of each, that are searched for missed ones
ACTIVE_WITHIN, MAX_AGE = timedelta(days=7), timedelta(hours=24)  # of the last request; of missed messages
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot does not use voice


class Bot(discord.AutoShardedClient):
    """The Discord front end of one service of conversations.

    Args:
        max_upload: Size in bytes of the largest picture that is downloaded.
        cdn_hosts: The hosts that pictures are downloaded from.
        notice_leavers: Whether to notice leaving members, which needs the privileged members intent.
        owner_server: Id of the server that gets the commands for the bot's owner, if any.
        data_dir: Folder that records which commands were registered; None to register them each time.
    """

    def __init__(
        self,
        conversations: Conversations,
        history: History,
        max_upload: int,
        cdn_hosts: Collection[str] = CDN_HOSTS,
        notice_leavers: bool = False,
        owner_server: int | None = None,
        data_dir: Path | None = None,
        **options: Any,
    ) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, members=notice_leavers)
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), **options)
        self.services = Services(self, conversations, history, max_upload, cdn_hosts)
        self.dispatcher = RequestDispatcher(self.services)
        self.tree = CommandTree(self)
        self._owner_server, self._data_dir = owner_server, data_dir
        self._tasks: set[asyncio.Task[None]] = set()
        self.registered = asyncio.Event()

    # connecting

    async def setup_hook(self) -> None:
        """Recognise the buttons of old messages, answer what was left open, and register the commands."""
        self.add_dynamic_items(*ITEMS)
        await self.tree.add_all(self._owner_server)
        await self.dispatcher.start()
        self._run(self.dispatcher.take_over_forever())
        self._run(self._register())

    async def _register(self) -> None:
        try:
            for server in dict.fromkeys((None, self._owner_server)):
                await self.tree.register(self._data_dir, server)
        except discord.HTTPException as error:
            log_http_error("the commands could not be registered", error)
        finally:
            self.registered.set()

    def _owns(self, server: int | None) -> bool:
        """Whether a server, or None for direct conversations, belongs to the shards of this process."""
        return self.shard_ids is None or ((server or 0) >> 22) % (self.shard_count or 1) in self.shard_ids

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Keep Discord's pause between new connections, also between processes."""
        if self.shard_ids is None:
            await super().before_identify_hook(shard_id, initial=initial)
        else:
            async with self.services.history.database.lock("identify"):
                await asyncio.sleep(IDENTIFY_SECONDS)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background; it is cancelled when the client closes."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def on_ready(self) -> None:
        """Answer what was said while the bot was away, and check its permissions."""
        logger.info("connected to Discord as %s, in %d servers", self.user, len(self.guilds))
        self._run(self._replay())
        await permission_check.report(self.services, self.guilds)

    async def _replay(self) -> None:
        """Answer the mentions and replies that were written while the bot was not connected."""
        now = discord.utils.utcnow()
        messages: list[discord.Message] = []
        places = await self.services.inbox.active_places(PLATFORM, now - ACTIVE_WITHIN)
        for place, last_seen in places[:MAX_PLACES]:
            after = discord.Object(max(int(last_seen), discord.utils.time_snowflake(now - MAX_AGE)))
            with http_error_logged("missed messages of a channel could not be read"):  # deleted, or closed
                channel = self.get_channel(int(place)) or await self.fetch_channel(int(place))
                guild = getattr(channel, "guild", None)
                if isinstance(channel, discord.abc.Messageable) and self._owns(guild.id if guild else None):
                    newer = channel.history(after=after, limit=MAX_MESSAGES, oldest_first=True)
                    messages += [message async for message in newer]
        for message in sorted(messages, key=lambda message: message.id):
            self._run(self.on_message(message))

    async def close(self) -> None:
        """Disconnect; the work in progress stays open in the inbox for the next start."""
        self.dispatcher.stop()
        for task in self._tasks:
            task.cancel()
        # a cancelled query returns its connection a little later, and the database must not be closed before
        if ending := (self._tasks | self.dispatcher.tasks) - {asyncio.current_task()}:
            await asyncio.wait(ending, timeout=CLOSE_SECONDS)
        await self.dispatcher.release()
        await super().close()

    # servers and members

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Check the permissions in a new server."""
        await permission_check.report(self.services, [guild])

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Delete everything about a server that removed the bot."""
        await self.services.retention.forget_server(PLATFORM, str(guild.id))

    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Delete what a leaving member did in a server, if the server wants that."""
        server = str(payload.guild_id)
        if (await self.services.settings(server)).forget_leavers:
            await self.services.retention.forget_member(PLATFORM, server, str(payload.user.id))

    # requests

    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is addressed to the bot."""
        if builders.is_addressed(self, message):
            await self.dispatcher.take(builders.from_message(self, message), message=message)

    async def on_app_command_completion(self, interaction: Interaction, _: Any) -> None:
        """Close and count a command that succeeded."""
        await deferred.forget_answered(interaction)
        count(interaction, "command", "done")

    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle submitted forms, and report components that are not known; discord.py handles the rest."""
        if interaction.type is discord.InteractionType.modal_submit:
            known = await answer_form(interaction)
        elif interaction.type is discord.InteractionType.component:
            custom_id = cast(dict[str, Any], interaction.data)["custom_id"]
            known = any(item.__discord_ui_compiled_template__.fullmatch(custom_id) for item in ITEMS)
        else:
            return
        if not known:
            async with errors_reported(interaction):
                raise DiscordError("discord.error.menu-too-old")
