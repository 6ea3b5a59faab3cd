"""The Discord client: hears mentions, replies, direct messages, commands and presses, and has them answered at the desk.

It holds no logic of editing. The message-content intent is not needed, because Discord sends the content of mentions, of
replies to the bot's ordinary messages and of direct messages without it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Collection
from typing import Any

import discord

from bot.conversation.service import Conversations
from bot.discord import permission_check
from bot.discord.commands import members, moderation, owner, registration
from bot.discord.commands.translator import Translator
from bot.discord.dispatch import deferred, replay
from bot.discord.dispatch.dispatcher import Desk
from bot.discord.dispatch.erasure import Forgetting
from bot.discord.errors import MenuTooOld
from bot.discord.requests import attachments, builders
from bot.discord.requests.access import Access
from bot.discord.requests.request import Upload
from bot.discord.ui import buttons, interactions, menus, modals
from bot.moderation.policy import Policy
from storage.history import History
from storage.inbox import Inbox
from storage.people import People
from storage.retention import Retention
from storage.servers import Servers

logger = logging.getLogger(__name__)

ITEMS: tuple[type[discord.ui.DynamicItem[Any]], ...] = (
    buttons.EditButton,
    buttons.ForgetButton,
    buttons.ConsentButton,
    menus.GoToMenu,
    menus.AdjustMenu,
    menus.StrengthMenu,
    *moderation.ITEMS,
)
ENDING_SECONDS = 5.0
"""What those that are told to end at once are given at most for it."""
IDENTIFY_SECONDS = 5.0
MOST_OFFERED = 500
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
"""A bot without a voice need not be told what it would take to have one."""


class Offered(OrderedDict[str, tuple[Upload, ...]]):
    """Pictures whose form was opened and not sent in yet; the oldest are forgotten."""

    def __setitem__(self, number: str, uploads: tuple[Upload, ...]) -> None:
        super().__setitem__(number, uploads)
        while len(self) > MOST_OFFERED:
            self.popitem(last=False)


class Bot(discord.AutoShardedClient):
    """One bot over one service of conversations. ``most_upload`` is in bytes.

    ``leavers``: hear of members who leave, which needs the privileged intent of members. ``owner_server``: where the commands
    of the bot's owner are offered.
    """

    def __init__(
        self,
        conversations: Conversations,
        history: History,
        most_upload: int,
        cdn_hosts: Collection[str] = attachments.CDN_HOSTS,
        leavers: bool = False,
        owner_server: int | None = None,
        **options: Any,
    ) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, members=leavers)
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), **options)
        self.conversations, self.history = conversations, history
        self.most_upload, self.cdn_hosts, self.owner_server = most_upload, cdn_hosts, owner_server
        self.people = People(history.database)
        servers, inbox = Servers(history.database), Inbox(history.database)
        self.access = Access(servers, Policy(servers, inbox))
        self.forgetting = Forgetting(self, Retention(history))
        self.desk = Desk(self, inbox)
        self.offered = Offered()
        self.tree = members.Tree(self)
        self._tasks: set[asyncio.Task[None]] = set()
        self.registered = asyncio.Event()
        self._templates: list[re.Pattern[str]] = []

    # connecting

    async def setup_hook(self) -> None:
        """Buttons of former lives are known again, commands are registered, and what was left open is taken up."""
        self.add_dynamic_items(*ITEMS)
        members.add_to(self.tree)
        moderation.add_to(self.tree)
        if self.owner_server is not None:
            owner.add_to(self.tree, self.owner_server)
        await self.tree.set_translator(Translator())
        await self.desk.begin()
        self._keep(asyncio.create_task(self.desk.look_out()))
        self._keep(asyncio.create_task(self._register()))

    def add_dynamic_items(self, *items: type[discord.ui.DynamicItem[Any]]) -> None:
        """Know these buttons and menus, in messages of any life of the bot."""
        super().add_dynamic_items(*items)
        self._templates.extend(item.__discord_ui_compiled_template__ for item in items)

    async def _register(self) -> None:
        try:
            await registration.register(self.tree)
            if self.owner_server is not None:
                await registration.register(self.tree, self.owner_server)
        except discord.HTTPException as error:
            logger.warning("the commands could not be registered: HTTP %d, code %d", error.status, error.code)
        finally:
            self.registered.set()

    def owns(self, server: int | None) -> bool:
        """Whether a server, or what is private (None), is with the shards of this process."""
        return self.shard_ids is None or ((server or 0) >> 22) % (self.shard_count or 1) in self.shard_ids

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Discord takes one new connection in five seconds, from all processes together."""
        if self.shard_ids is None:
            await super().before_identify_hook(shard_id, initial=initial)
        else:
            async with self.history.database.lock("identify"):
                await asyncio.sleep(IDENTIFY_SECONDS)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def on_ready(self) -> None:
        """Say who we are, and answer what was said meanwhile."""
        logger.info("connected to Discord as %s, in %d servers", self.user, len(self.guilds))
        self._keep(asyncio.create_task(self._catch_up()))
        await permission_check.report(self, self.access.settings, self.guilds)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Say what a new server does not give."""
        await permission_check.report(self, self.access.settings, [guild])

    async def _catch_up(self) -> None:
        for message in await replay.missed(self):
            self._keep(asyncio.create_task(self.on_message(message)))

    # who is gone

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server: what was done there is forgotten."""
        await self.forgetting.server(guild.id)

    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """A member left: forgotten, where their server wants that."""
        if (await self.access.settings(str(payload.guild_id))).forget_leavers:
            await self.forgetting.leaver(payload.guild_id, payload.user.id)

    async def close(self) -> None:
        """Disconnect; what is under way stays open in the inbox for the next start."""
        self.desk.stop()
        for task in self._tasks:
            task.cancel()
        # a query that is broken off gives its connection back only in its own time; nobody may close the database before
        if ending := (self._tasks | self.desk.tasks) - {asyncio.current_task()}:
            await asyncio.wait(ending, timeout=ENDING_SECONDS)
        await self.desk.end()
        await super().close()

    # hearing

    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that speaks to the bot."""
        if builders.addressed(self, message):
            await self.desk.take(
                builders.bare(self, message), hear=lambda: builders.of_message(self, message)
            )

    async def on_app_command_completion(self, interaction: discord.Interaction, _: Any) -> None:
        """A command was answered; the desk and the tree's errors count for themselves."""
        await deferred.kept(interaction)
        members.counted(interaction)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Forms, and presses of what no version of the bot knows any more; the library calls all others itself."""
        if interaction.type is discord.InteractionType.modal_submit:
            known = await modals.submitted(interaction)
        elif interaction.type is discord.InteractionType.component:
            known = any(template.fullmatch(modals.custom_id_of(interaction)) for template in self._templates)
        else:
            return
        if not known:
            async with interactions.answered(interaction):
                raise MenuTooOld
