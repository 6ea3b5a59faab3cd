"""Builds requests from what Discord sends: messages, commands, buttons, menus and forms."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import discord

from bot.discord import attachments
from bot.discord.errors import DiscordError
from bot.discord.request import PLATFORM, Acknowledgement, Request, Upload
from bot.discord.services import Interaction, Services, server_of, services_of
from bot.errors import NotYours
from storage.records import Edit

MAX_HEADING = 200


# messages


def is_addressed(client: discord.Client, message: discord.Message) -> bool:
    """Whether a message mentions, replies to or is sent to the bot, and the bot may answer there."""
    if message.author.bot or message.type not in (discord.MessageType.default, discord.MessageType.reply):
        return False
    granted = _permissions_at(message)
    thread = isinstance(message.channel, discord.Thread)
    if not (granted.send_messages_in_threads if thread else granted.send_messages):
        return False
    bot, replied = client.user, _replied_message(message)
    if message.guild is None or (bot is not None and bot.id in message.raw_mentions):
        return True
    return replied is not None and replied.author == bot and bool(message.content or message.attachments)


def from_message(client: discord.Client, message: discord.Message) -> Request:
    """What is known of a message at once: enough to store it; ``complete`` finds out the rest."""
    bot, guild = client.user.id if client.user else 0, message.guild
    return Request(
        key=f"message:{message.id}",
        place=str(message.channel.id),
        server=str(guild.id) if guild else None,
        reference=str(message.id),
        upload_limit=guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES,
        moderator=_is_moderator(message.author, message.channel),
        text=re.sub(rf"<@!?{bot}>", " ", message.content).strip(),
        complete=False,
        **_circumstances(message.author, message.channel),
    )


async def complete(
    services: Services, request: Request, message: discord.Message | None = None
) -> Request | None:
    """The complete request of a message, which is fetched if it is not given; None if it is deleted.

    Raises:
        NotYours, OthersAvatar: the picture belongs to somebody else.
        MayNotAttach, MayNotReply: the bot lacks a permission in the channel.
        discord.HTTPException: the message cannot be fetched.
    """
    if message is None and (message := await _fetch(services.client, request)) is None:
        return None
    granted = _permissions_at(message)
    if not granted.attach_files:
        raise DiscordError("discord.error.may-not-attach")
    if not granted.read_message_history:
        raise DiscordError("discord.error.may-not-reply")
    text, replied, author = request.text, _replied_message(message), message.author
    uploads = attachments.uploads_of(message.attachments)
    if not uploads and replied is not None and replied.author == author:
        uploads = attachments.uploads_of(replied.attachments)  # text that follows the author's own picture
    if not uploads and (owner := attachments.avatar_owner(text, author, message.mentions)):
        uploads = (await avatar_upload(services, owner, author, request.server),)
        text = attachments.without_avatar(text)
    reply_to = await _replied_edit(services, message)
    locale = await services.people.locale(PLATFORM, request.user)  # their own, or else the server's
    locale = locale or (await services.settings(request.server)).language
    locale = locale or (message.guild.preferred_locale.value if message.guild else None)
    return replace(request, text=text, uploads=uploads, reply_to=reply_to, locale=locale, complete=True)


async def _fetch(client: discord.Client, request: Request) -> discord.Message | None:
    await client.wait_until_ready()
    try:
        channel = client.get_channel(int(request.place)) or await client.fetch_channel(int(request.place))
        if isinstance(channel, discord.abc.Messageable):
            return await channel.fetch_message(request.number)
    except discord.NotFound:
        pass
    return None


async def _replied_edit(services: Services, message: discord.Message) -> int | None:
    """The edit whose picture a message replies to. Raises NotYours if it is someone else's."""
    if message.reference is None or message.reference.message_id is None:
        return None
    edit = await services.history.edit_of_message(PLATFORM, str(message.reference.message_id))
    if edit is None:
        return None
    if await services.history.owner(edit.id) != (PLATFORM, str(message.author.id)):
        raise NotYours
    return edit.id


# interactions


async def from_command(interaction: Interaction, **values: Any) -> Request:
    """The request of a slash command or form; ``values`` are what it asks for, as fields of ``Request``."""
    command = f"/{interaction.command.name}" if interaction.command else ""
    words = " ".join(part for part in (command, values.get("text")) if part)
    heading = f"{interaction.user.mention} {discord.utils.escape_markdown(words)}"[:MAX_HEADING]
    if _can_write(interaction):
        return await _from_interaction(interaction, "private", can_write=True, heading=heading, **values)
    return await _from_interaction(interaction, "public", can_write=False, **values)


async def from_component(interaction: Interaction, edit: Edit, **values: Any) -> Request:
    """The request of a button, menu or form under an edit; ``values`` as for ``from_command``."""
    message = interaction.message
    public = message is not None and not message.flags.ephemeral
    return await _from_interaction(
        interaction,
        "silent",
        can_write=_can_write(interaction),
        reply_to=edit.id,
        reference=str(message.id) if message is not None and public else None,
        owner=(await services_of(interaction).history.owner(edit.id))[1],
        heading="" if public else interaction.user.mention,
        **values,
    )


async def for_erasure(interaction: Interaction, edit: int | None) -> Request:
    """A request to delete an edit, or all data of the member; the answer replaces the question."""
    return await _from_interaction(interaction, "private", can_write=False, kind="forget", reply_to=edit)


async def _from_interaction(
    interaction: Interaction, acknowledgement: Acknowledgement, **values: Any
) -> Request:
    people = services_of(interaction).people
    await people.remember_locale(PLATFORM, str(interaction.user.id), interaction.locale.value)
    return replace(from_interaction(interaction), acknowledgement=acknowledgement, **values)


def from_interaction(interaction: Interaction) -> Request:
    """Who made an interaction, where, and how it can be answered: privately, unless changed."""
    return Request(
        key=f"interaction:{interaction.id}",
        place=str(interaction.channel_id),
        server=server_of(interaction),
        locale=interaction.locale.value,
        acknowledgement="private",
        can_write=False,
        token=interaction.token,
        upload_limit=interaction.filesize_limit,
        moderator=interaction.permissions.manage_messages,
        **_circumstances(interaction.user, interaction.channel),
    )


async def avatar_upload(
    services: Services, owner: discord.abc.User, requester: discord.abc.User, server: str | None
) -> Upload:
    """The avatar of a member. Raises OthersAvatar if the server does not let the requester edit it."""
    if owner.id != requester.id and not (await services.settings(server)).others_avatars:
        raise DiscordError("discord.error.others-avatar")
    return attachments.avatar_of(owner)


# what Discord knows of members and channels


def _circumstances(user: discord.abc.User, channel: Any) -> dict[str, Any]:
    """The member, and what the rules of a server depend on, as fields of ``Request``."""
    return {
        "user": str(user.id),
        "roles": tuple(str(role.id) for role in user.roles) if isinstance(user, discord.Member) else (),
        "age_restricted": hasattr(channel, "is_nsfw") and channel.is_nsfw(),
        "parent": str(channel.parent_id) if isinstance(channel, discord.Thread) else None,
    }


def _can_write(interaction: Interaction) -> bool:
    """Whether the bot may post pictures itself where an interaction happened."""
    if interaction.guild_id is None:
        return interaction.context.dm_channel
    granted, thread = interaction.app_permissions, isinstance(interaction.channel, discord.Thread)
    writes = granted.send_messages_in_threads if thread else granted.send_messages
    is_member = interaction.client.get_guild(interaction.guild_id) is not None
    return is_member and granted.view_channel and writes and granted.attach_files


def _permissions_at(message: discord.Message) -> discord.Permissions:
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


def _is_moderator(user: discord.abc.User, channel: Any) -> bool:
    """Whether a user may manage messages in a channel; False in threads of unknown channels."""
    try:
        return isinstance(user, discord.Member) and channel.permissions_for(user).manage_messages
    except discord.ClientException:
        return False


def _replied_message(message: discord.Message) -> discord.Message | None:
    replied = message.reference.resolved if message.reference else None
    return replied if isinstance(replied, discord.Message) else None
