"""The Discord client: receives messages, commands, buttons and forms, and passes them to the dispatcher.

It does not need the privileged message-content intent: Discord sends the content of mentions, of replies to
the bot's ordinary messages, and of direct messages without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import discord

from bot.conversation.service import Conversations
from bot.discord import permission_check
from bot.discord.commands import moderation, registration
from bot.discord.commands.tree import CommandTree
from bot.discord.dispatch.dispatcher import RequestDispatcher
from bot.discord.dispatch.missed_messages import missed_messages
from bot.discord.errors import MenuTooOld
from bot.discord.requests.attachments import CDN_HOSTS
from bot.discord.requests.request import PLATFORM
from bot.discord.services import Services
from bot.discord.ui import buttons, interactions, menus, modals
from bot.discord.ui.interactions import Interaction
from bot.discord.ui.items import PersistentItem
from storage.history import History

logger = logging.getLogger(__name__)

ITEMS: tuple[type[PersistentItem], ...] = (
    buttons.EditButton,
    buttons.EraseButton,
    buttons.ChoiceButton,
    buttons.ConsentButton,
    menus.GoToMenu,
    menus.AdjustMenu,
    menus.StrengthMenu,
    *moderation.ITEMS,
)
CLOSE_SECONDS = 5.0
"""How long cancelled tasks may take to end."""
IDENTIFY_SECONDS = 5.0
"""Discord accepts one new connection in this time, from all processes together."""
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot does not use voice


class Bot(discord.AutoShardedClient):
    """The Discord front end of one service of conversations.

    Args:
        conversations: The service that edits pictures.
        history: The stored pictures and edits.
        max_upload: Size in bytes of the largest picture that is downloaded.
        cdn_hosts: The hosts that pictures are downloaded from.
        notice_leavers: Whether to notice members who leave a server, which needs the privileged members
            intent.
        owner_server: Id of the server that gets the commands for the bot's owner, if any.
        data_dir: Folder that records which commands were registered; None to register them each time.
        **options: Options of discord.py's client.
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
        self.services = Services.create(self, conversations, history, max_upload, cdn_hosts)
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
        self._keep(asyncio.create_task(self.dispatcher.take_over_forever()))
        self._keep(asyncio.create_task(self._register()))

    async def _register(self) -> None:
        try:
            await registration.register(self.tree, self._data_dir)
            if self._owner_server is not None:
                await registration.register(self.tree, self._data_dir, self._owner_server)
        except discord.HTTPException as error:
            logger.warning("the commands could not be registered: HTTP %d, code %d", error.status, error.code)
        finally:
            self.registered.set()

    def owns(self, server: int | None) -> bool:
        """Whether a server, or None for direct conversations, belongs to the shards of this process."""
        return self.shard_ids is None or ((server or 0) >> 22) % (self.shard_count or 1) in self.shard_ids

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Keep Discord's pause between new connections, also between processes."""
        if self.shard_ids is None:
            await super().before_identify_hook(shard_id, initial=initial)
        else:
            async with self.services.history.database.lock("identify"):
                await asyncio.sleep(IDENTIFY_SECONDS)

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Hold a reference to a task until it ends, and cancel it when the client closes."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def on_ready(self) -> None:
        """Answer what was said while the bot was away, and check its permissions."""
        logger.info("connected to Discord as %s, in %d servers", self.user, len(self.guilds))
        self._keep(asyncio.create_task(self._replay()))
        await permission_check.report(self, self.services.access.settings, self.guilds)

    async def _replay(self) -> None:
        for message in await missed_messages(self.services, self.owns):
            self._keep(asyncio.create_task(self.on_message(message)))

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
        await permission_check.report(self, self.services.access.settings, [guild])

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Delete everything about a server that removed the bot."""
        await self.services.retention.forget_server(PLATFORM, str(guild.id))

    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Delete what a leaving member did in a server, if the server wants that."""
        server = str(payload.guild_id)
        if (await self.services.access.settings(server)).forget_leavers:
            await self.services.retention.forget_member(PLATFORM, server, str(payload.user.id))

    # requests

    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is addressed to the bot."""
        requests = self.services.requests
        if requests.is_addressed(message):
            request = requests.from_message_header(message)
            await self.dispatcher.take(request, complete=lambda: requests.from_message(message))

    async def on_app_command_completion(self, interaction: Interaction, _: Any) -> None:
        """Count a command that succeeded."""
        await self.tree.finish(interaction)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Handle submitted forms, and report buttons and menus that this version does not know.

        discord.py handles all other interactions itself.
        """
        if interaction.type is discord.InteractionType.modal_submit:
            known = await modals.answer_form(interaction)
        elif interaction.type is discord.InteractionType.component:
            custom_id = modals.custom_id_of(interaction)
            known = any(item.__discord_ui_compiled_template__.fullmatch(custom_id) for item in ITEMS)
        else:
            return
        if not known:
            async with interactions.errors_reported(interaction):
                raise MenuTooOld
