"""Builds requests from what Discord sends: messages, commands, buttons, menus and forms."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import discord

from bot.discord import permission_check
from bot.discord.errors import OthersAvatar
from bot.discord.requests import attachments, avatars
from bot.discord.requests.access import Access
from bot.discord.requests.request import PLATFORM, Acknowledgement, Request, Upload
from bot.errors import NotYours
from storage.history import History
from storage.people import People
from storage.records import Edit

MAX_HEADING = 200
Interaction = discord.Interaction[Any]


class RequestBuilder:
    """Builds requests, and looks up what they need to know about members, servers and pictures."""

    def __init__(self, client: discord.Client, history: History, people: People, access: Access) -> None:
        self._client, self._history, self._people, self._access = client, history, people, access

    # messages

    def is_addressed(self, message: discord.Message) -> bool:
        """Whether a message mentions, replies to or is sent to the bot, and the bot may answer there."""
        if message.author.bot or message.type not in (discord.MessageType.default, discord.MessageType.reply):
            return False
        granted = permissions_at(message)
        thread = isinstance(message.channel, discord.Thread)
        if not (granted.send_messages_in_threads if thread else granted.send_messages):
            return False
        bot, replied = self._client.user, _replied_message(message)
        mentioned = bot is not None and bot.id in message.raw_mentions
        is_reply = replied is not None and replied.author == bot
        return (
            message.guild is None or mentioned or (is_reply and bool(message.content or message.attachments))
        )

    def from_message_header(self, message: discord.Message) -> Request:
        """What is known of a message at once: enough to store it, not yet to answer it."""
        author, channel, guild = message.author, message.channel, message.guild
        bot = self._client.user.id if self._client.user else 0
        return Request(
            key=f"message:{message.id}",
            user=str(author.id),
            place=str(channel.id),
            server=str(guild.id) if guild else None,
            reference=str(message.id),
            upload_limit=guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES,
            age_restricted=_age_restricted(channel),
            roles=_roles(author),
            moderator=_is_moderator(author, channel),
            parent=_parent(channel),
            text=re.sub(rf"<@!?{bot}>", " ", message.content).strip(),
            complete=False,
        )

    async def from_message(self, message: discord.Message) -> Request:
        """The complete request of a message.

        Raises:
            NotYours, OthersAvatar: the picture belongs to somebody else.
            MayNotAttach, MayNotReply: the bot lacks a permission in the channel.
        """
        permission_check.check_channel(permissions_at(message))
        request = self.from_message_header(message)
        text, replied = request.text, _replied_message(message)
        uploads = attachments.uploads_of(message.attachments)
        if not uploads and replied is not None and replied.author == message.author:
            uploads = attachments.uploads_of(
                replied.attachments
            )  # text that follows the author's own picture
        if not uploads and (owner := avatars.avatar_owner(text, message.author, message.mentions)):
            await self.check_avatar(owner, message.author, request.server)
            uploads, text = (avatars.upload_of(owner),), avatars.as_picture_request(text)
        reply_to = await self._replied_edit(message)
        locale = await self._locale(request, message.guild)
        return replace(request, text=text, uploads=uploads, reply_to=reply_to, locale=locale, complete=True)

    async def reload(self, request: Request) -> Request | None:
        """Complete a stored request by fetching its message again; None if the message is deleted.

        Raises:
            discord.HTTPException: the message cannot be fetched. Otherwise as ``from_message``.
        """
        await self._client.wait_until_ready()
        try:
            place = int(request.place)
            channel = self._client.get_channel(place) or await self._client.fetch_channel(place)
            if not isinstance(channel, discord.abc.Messageable):
                return None
            message = await channel.fetch_message(request.number)
        except discord.NotFound:
            return None
        fetched = await self.from_message(message)
        return replace(fetched, key=request.key, roles=request.roles, moderator=request.moderator)

    async def _replied_edit(self, message: discord.Message) -> int | None:
        """The edit whose picture a message replies to. Raises NotYours if it is someone else's."""
        if message.reference is None or message.reference.message_id is None:
            return None
        edit = await self._history.edit_of_message(PLATFORM, str(message.reference.message_id))
        if edit is None:
            return None
        if await self._history.owner(edit.id) != (PLATFORM, str(message.author.id)):
            raise NotYours
        return edit.id

    async def _locale(self, request: Request, guild: discord.Guild | None) -> str | None:
        """The language to use if the text does not show one: the member's own, or else the server's."""
        if (own := await self._people.locale(PLATFORM, request.user)) is not None:
            return own
        chosen = (await self._access.settings(request.server)).language
        return chosen or (guild.preferred_locale.value if guild else None)

    # interactions

    async def from_command(self, interaction: Interaction, **values: Any) -> Request:
        """The request of a slash command or form, to be acknowledged by ``acknowledge``.

        Args:
            interaction: the command or form.
            **values: what it asks for, as fields of ``Request``.
        """
        writes = can_write(interaction)
        command = f"/{interaction.command.name}" if interaction.command else ""
        words = " ".join(part for part in (command, values.get("text")) if part)
        heading = f"{interaction.user.mention} {discord.utils.escape_markdown(words)}"[:MAX_HEADING]
        acknowledgement: Acknowledgement = "private" if writes else "public"
        heading = heading if writes else ""
        return await self._from_interaction(interaction, acknowledgement, writes, heading=heading, **values)

    async def from_component(self, interaction: Interaction, edit: Edit, **values: Any) -> Request:
        """The request of a button, menu or form under an edit, to be acknowledged invisibly.

        Args:
            interaction: the press or choice.
            edit: the edit that the component is about.
            **values: what it asks for, as fields of ``Request``.
        """
        message = interaction.message
        public = message is not None and not message.flags.ephemeral
        return await self._from_interaction(
            interaction,
            "silent",
            can_write(interaction),
            reply_to=edit.id,
            reference=str(message.id) if message is not None and public else None,
            owner=(await self._history.owner(edit.id))[1],
            heading="" if public else interaction.user.mention,
            **values,
        )

    async def for_erasure(self, interaction: Interaction, edit: int | None) -> Request:
        """A request to delete an edit, or all data of the member; the answer replaces the question."""
        return await self._from_interaction(interaction, "private", False, kind="forget", reply_to=edit)

    async def _from_interaction(
        self, interaction: Interaction, acknowledgement: Acknowledgement, can_write: bool, **values: Any
    ) -> Request:
        await self._people.remember_locale(PLATFORM, str(interaction.user.id), interaction.locale.value)
        return replace(
            from_interaction_header(interaction, acknowledgement, can_write),
            upload_limit=interaction.filesize_limit,
            age_restricted=_age_restricted(interaction.channel),
            roles=_roles(interaction.user),
            moderator=interaction.permissions.manage_messages,
            parent=_parent(interaction.channel),
            **values,
        )

    async def pictures_of(
        self, interaction: Interaction, message: discord.Message, edit: Edit | None
    ) -> tuple[Upload, ...]:
        """The pictures of a message chosen from its menu; ``edit`` is another member's edit in it, if any.

        Raises:
            OthersAvatar: the server does not allow editing pictures of others.
        """
        of_another = edit is not None or message.author != interaction.user
        if of_another and interaction.guild_id is not None:
            settings = await self._access.settings(str(interaction.guild_id))
            if not settings.others_avatars:
                raise OthersAvatar
        return attachments.uploads_of(message.attachments)

    async def check_avatar(
        self, owner: discord.abc.User, requester: discord.abc.User, server: str | None
    ) -> None:
        """Check that a member may edit an avatar. Raises OthersAvatar if the server does not allow it."""
        if owner.id != requester.id and not (await self._access.settings(server)).others_avatars:
            raise OthersAvatar


async def acknowledge(interaction: Interaction) -> None:
    """Show "thinking…", only to the member if the result will be an ordinary message."""
    await interaction.response.defer(ephemeral=can_write(interaction), thinking=True)


def from_interaction_header(
    interaction: Interaction, acknowledgement: Acknowledgement = "private", can_write: bool = False
) -> Request:
    """Who made an interaction, where, and how it can be answered."""
    return Request(
        key=f"interaction:{interaction.id}",
        user=str(interaction.user.id),
        place=str(interaction.channel_id),
        server=str(interaction.guild_id) if interaction.guild_id else None,
        locale=interaction.locale.value,
        acknowledgement=acknowledgement,
        can_write=can_write,
        token=interaction.token,
    )


def can_write(interaction: Interaction) -> bool:
    """Whether the bot may post pictures itself where an interaction happened."""
    if interaction.guild_id is None:
        return interaction.context.dm_channel
    granted, thread = interaction.app_permissions, isinstance(interaction.channel, discord.Thread)
    writes = granted.send_messages_in_threads if thread else granted.send_messages
    is_member = interaction.client.get_guild(interaction.guild_id) is not None
    return is_member and granted.view_channel and writes and granted.attach_files


def permissions_at(message: discord.Message) -> discord.Permissions:
    """What the bot may do where a message was written.

    Everything in direct conversations, and where it cannot be told: in servers of another process, which has
    checked already, and in threads of unknown channels.
    """
    if message.guild is None or message.guild.me is None:
        return discord.Permissions.all()
    try:
        return message.channel.permissions_for(message.guild.me)
    except discord.ClientException:
        return discord.Permissions.all()


def _replied_message(message: discord.Message) -> discord.Message | None:
    replied = message.reference.resolved if message.reference else None
    return replied if isinstance(replied, discord.Message) else None


def _age_restricted(channel: Any) -> bool:
    return bool(channel is not None and hasattr(channel, "is_nsfw") and channel.is_nsfw())


def _is_moderator(user: discord.abc.User, channel: Any) -> bool:
    """Whether a user may manage messages in a channel; False in threads of unknown channels."""
    if not isinstance(user, discord.Member):
        return False
    try:
        return bool(channel.permissions_for(user).manage_messages)
    except discord.ClientException:
        return False


def _roles(user: discord.abc.User) -> tuple[str, ...]:
    return tuple(str(role.id) for role in user.roles) if isinstance(user, discord.Member) else ()


def _parent(channel: Any) -> str | None:
    return str(channel.parent_id) if isinstance(channel, discord.Thread) else None
