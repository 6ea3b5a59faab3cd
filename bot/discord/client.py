"""The Discord client: hears mentions, replies and direct messages, and answers with ordinary messages.

It holds no logic of editing: every message and every button becomes a sentence of ``Conversations.talk``. The
message-content intent is not needed, because Discord sends the content of mentions, of replies to the bot and of direct
messages without it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from typing import Any

import discord

from bot.conversation import Conversations, Speaker, Turn
from bot.discord import attachments, buttons
from bot.errors import BadToken, BotError, NotYours, sentence_for
from bot.locales import get, locale_of
from storage.errors import StorageError
from storage.history import History
from storage.retention import Retention

logger = logging.getLogger(__name__)

PLATFORM = "discord"
MOST_TEXT, MOST_FILES = 2000, 10


class Bot(discord.Client):
    """One bot over one service of conversations. ``most_upload`` is in bytes."""

    def __init__(
        self, conversations: Conversations, history: History, most_upload: int,
        cdn_hosts: Collection[str] = attachments.CDN_HOSTS, **options: Any,
    ) -> None:  # fmt: skip
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), **options)
        self.conversations, self.history = conversations, history
        self.most_upload, self.cdn_hosts = most_upload, cdn_hosts

    async def setup_hook(self) -> None:
        """Buttons of former lives are known again."""
        self.add_dynamic_items(buttons.StepButton)

    async def on_ready(self) -> None:
        """Say who we are, once connected."""
        logger.info("connected to Discord as %s, in %d servers", self.user, len(self.guilds))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server: what was done there is forgotten."""
        await Retention(self.history).forget_server(PLATFORM, str(guild.id))

    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that speaks to the bot."""
        if message.author.bot or not self._addressed(message):
            return
        try:
            async with message.channel.typing():
                turn = await self._hear(message)
            await self._answer(message, turn)
        except discord.HTTPException as error:
            logger.warning("an answer could not be sent: HTTP %d, code %d", error.status, error.code)

    def _addressed(self, message: discord.Message) -> bool:
        replied = message.reference.resolved if message.reference else None
        to_me = isinstance(replied, discord.Message) and replied.author == self.user
        mentioned = self.user is not None and self.user.id in message.raw_mentions
        return message.guild is None or mentioned or (to_me and bool(message.content or message.attachments))

    def _speaker(self, user: discord.abc.User, channel_id: int | None, locale: str | None = None) -> Speaker:
        server = str(user.guild.id) if isinstance(user, discord.Member) else None
        return Speaker(PLATFORM, str(user.id), str(channel_id), server, locale)

    async def _hear(self, message: discord.Message) -> Turn:
        text = re.sub(rf"<@!?{self.user.id if self.user else 0}>", " ", message.content).strip()
        try:
            reply_to = await self._replied_edit(message)
            upload = attachments.chosen(message.attachments) or self._picture_replied_to(message)
            picture = await attachments.download(upload, self.most_upload, self.cdn_hosts) if upload else None
        except (BotError, StorageError) as error:
            return self.conversations.failed(error, locale_of(text))
        return await self.conversations.talk(self._speaker(message.author, message.channel.id), text, picture, reply_to)

    async def _replied_edit(self, message: discord.Message) -> int | None:
        """The edit whose picture this message replies to. Raises BotError where it is someone else's."""
        if message.reference is None or message.reference.message_id is None:
            return None
        edit = await self.history.edit_of_message(PLATFORM, str(message.reference.message_id))
        if edit is None:
            return None
        if await self.history.owner(edit.id) != (PLATFORM, str(message.author.id)):
            raise NotYours
        return edit.id

    @staticmethod
    def _picture_replied_to(message: discord.Message) -> discord.Attachment | None:
        """A wish may reply to one's own message that holds the picture."""
        replied = message.reference.resolved if message.reference else None
        if isinstance(replied, discord.Message) and replied.author == message.author:
            return attachments.chosen(replied.attachments)
        return None

    async def press(self, interaction: discord.Interaction, step: str, edit: int) -> None:
        """A button under the picture of ``edit``: acknowledged at once, answered by an ordinary message."""
        locale = locale_of(preferred=interaction.locale.value)
        try:
            mine = await self.history.owner(edit) == (PLATFORM, str(interaction.user.id))
        except StorageError as error:
            await interaction.response.send_message(sentence_for(error, locale), ephemeral=True)
            return
        if not mine:
            await interaction.response.send_message(sentence_for(NotYours(), locale), ephemeral=True)
            return
        await interaction.response.defer()
        speaker = self._speaker(interaction.user, interaction.channel_id, locale.code)
        turn = await self.conversations.talk(speaker, locale.say(f"say.{step}"), reply_to=edit)
        if interaction.message is not None:
            await self._answer(interaction.message, turn)

    async def _answer(self, message: discord.Message, turn: Turn) -> None:
        """Send the turn as a reply, and remember which message shows which edit."""
        limit = message.guild.filesize_limit if message.guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        files = [await attachments.to_file(s.picture, f"edit-{s.number}", s.alt, limit) for s in turn.pictures[:MOST_FILES]]
        text = discord.utils.escape_mentions(turn.reply)[:MOST_TEXT]
        options: dict[str, Any] = {}
        if files and turn.edit is not None and turn.edit.number > 0:
            options["view"] = buttons.under(turn.edit.id, bool(turn.adjustments), get(turn.locale))
        sent = await message.channel.send(
            text, files=files, reference=message.to_reference(fail_if_not_exists=False), mention_author=False, **options
        )
        if files and turn.edit is not None:
            await self.history.link_message(PLATFORM, str(sent.id), turn.edit.id)


async def run(conversations: Conversations, history: History, token: str, most_upload: int) -> None:
    """Serve Discord until cancelled. Raises BadToken where Discord does not know the token."""
    async with Bot(conversations, history, most_upload) as bot:
        try:
            await bot.start(token)
        except discord.LoginFailure:
            raise BadToken from None
