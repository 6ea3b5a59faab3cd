"""Hearing: a message, a press or a command of Discord's, as an asking."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord

from bot.discord import permission_check
from bot.discord.errors import OthersAvatar
from bot.discord.requests import attachments, avatars
from bot.discord.requests.request import PLATFORM, Ack, Asking, Kind, Upload, one
from bot.errors import NotYours
from editor.api.protocol import Quality
from storage.history import Edit

if TYPE_CHECKING:
    from bot.discord.client import Bot

MOST_HEADING = 200


# messages


def addressed(bot: Bot, message: discord.Message) -> bool:
    """Whether a message speaks to the bot, where it may answer: in private, by a mention, or by a reply to it."""
    if message.author.bot or message.type not in (discord.MessageType.default, discord.MessageType.reply):
        return False
    may = permissions(message)
    if not (
        may.send_messages_in_threads if isinstance(message.channel, discord.Thread) else may.send_messages
    ):
        return False
    mentioned = bot.user is not None and bot.user.id in message.raw_mentions
    replied = _replied_author(message) == bot.user and bool(message.content or message.attachments)
    return message.guild is None or mentioned or replied


def permissions(message: discord.Message) -> discord.Permissions:
    """What the bot may do where a message was written."""
    if (
        message.guild is None or message.guild.me is None
    ):  # private, or a server of another process, which has looked at this
        return discord.Permissions.all()
    try:
        return message.channel.permissions_for(message.guild.me)
    except discord.ClientException:  # a thread of a channel that is not known
        return discord.Permissions.all()


def _replied(message: discord.Message) -> discord.Message | None:
    replied = message.reference.resolved if message.reference else None
    return replied if isinstance(replied, discord.Message) else None


def _replied_author(message: discord.Message) -> discord.abc.User | None:
    replied = _replied(message)
    return replied.author if replied else None


def bare(bot: Bot, message: discord.Message) -> Asking:
    """What is known of a message at once: enough to keep it, not yet to do what it wishes."""
    author, channel = message.author, message.channel
    guild = message.guild
    return Asking(
        key=f"message:{message.id}",
        user=str(author.id),
        place=str(channel.id),
        server=str(guild.id) if guild else None,
        reference=str(message.id),
        limit=guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES,
        age_restricted=_age_restricted(channel),
        roles=_roles(author),
        moderator=_moderates(author, channel),
        parent=_parent(channel),
        text=_words(bot, message),
        heard=False,
    )


def _words(bot: Bot, message: discord.Message) -> str:
    return re.sub(rf"<@!?{bot.user.id if bot.user else 0}>", " ", message.content).strip()


async def of_message(bot: Bot, message: discord.Message) -> Asking:
    """The wish of a message that is addressed. Raises NotYours, OthersAvatar, MayNotAttach, MayNotReply."""
    permission_check.check_channel(permissions(message))
    asking = bare(bot, message)
    text = asking.text
    replied = _replied(message)
    uploads = attachments.of(message.attachments)
    if not uploads and replied is not None and replied.author == message.author:
        uploads = attachments.of(replied.attachments)  # the wish follows one's own picture
    if not uploads and (user := avatars.whose(text, message.author, message.mentions)) is not None:
        await may_edit(bot, user, message.author, asking.server)
        uploads, text = (avatars.upload(user),), avatars.without(text)
    reply_to = await _replied_edit(bot, message)
    locale = await locale_code(bot, asking, message.guild)
    return replace(asking, text=text, uploads=uploads, reply_to=reply_to, locale=locale, heard=True)


async def again(bot: Bot, asking: Asking) -> Asking | None:
    """The wish of a message that was kept and not listened to yet; None where it is deleted.

    Raises what ``of_message`` does, and discord.HTTPException.
    """
    await bot.wait_until_ready()
    try:
        channel = bot.get_channel(int(asking.place)) or await bot.fetch_channel(int(asking.place))
        if not isinstance(channel, discord.abc.Messageable):
            return None
        message = await channel.fetch_message(asking.number)
    except discord.NotFound:
        return None
    return replace(
        await of_message(bot, message), key=asking.key, roles=asking.roles, moderator=asking.moderator
    )


async def _replied_edit(bot: Bot, message: discord.Message) -> int | None:
    """The edit whose picture this message replies to. Raises NotYours where it is someone else's."""
    if message.reference is None or message.reference.message_id is None:
        return None
    edit = await bot.history.edit_of_message(PLATFORM, str(message.reference.message_id))
    if edit is None:
        return None
    if await bot.history.owner(edit.id) != (PLATFORM, str(message.author.id)):
        raise NotYours
    return edit.id


async def may_edit(bot: Bot, owner: discord.abc.User, asker: discord.abc.User, server: str | None) -> None:
    """Another member's picture is edited only where their server allows it. Raises OthersAvatar."""
    if owner.id != asker.id and not (await bot.access.settings(server)).others_avatars:
        raise OthersAvatar


async def locale_code(bot: Bot, asking: Asking, guild: discord.Guild | None) -> str | None:
    """What is known of a member's language where the message itself shows none: their own, else their server's."""
    if (own := await bot.people.locale(PLATFORM, asking.user)) is not None:
        return own
    chosen = (await bot.access.settings(asking.server)).language
    return chosen or (guild.preferred_locale.value if guild else None)


# interactions


def can_write(bot: Bot, interaction: discord.Interaction) -> bool:
    """Whether the bot itself may post pictures where the interaction happened."""
    if interaction.guild_id is None:
        return interaction.context.dm_channel
    allowed = interaction.app_permissions
    writes = (
        allowed.send_messages_in_threads
        if isinstance(interaction.channel, discord.Thread)
        else allowed.send_messages
    )
    return (
        bot.get_guild(interaction.guild_id) is not None
        and allowed.view_channel
        and writes
        and allowed.attach_files
    )


async def acknowledge(interaction: discord.Interaction) -> None:
    """Within three seconds: "thinking…", for the member alone where the result will be an ordinary message."""
    bot: Bot = interaction.client  # type: ignore[assignment]
    await interaction.response.defer(ephemeral=can_write(bot, interaction), thinking=True)


async def of_command(
    bot: Bot,
    interaction: discord.Interaction,
    *,
    text: str = "",
    uploads: tuple[Upload, ...] = (),
    actions: tuple[dict[str, Any], ...] | None = None,
    kind: Kind = "talk",
    reply_to: int | None = None,
    quality: Quality | None = None,
) -> Asking:
    """A slash command or a form, to be acknowledged by ``acknowledge``."""
    writes = can_write(bot, interaction)
    command = f"/{interaction.command.name}" if interaction.command else ""
    words = discord.utils.escape_markdown(" ".join(part for part in (command, text) if part))
    heading = f"{interaction.user.mention} {words}"[:MOST_HEADING] if writes else ""
    return await _of(
        bot,
        interaction,
        "private" if writes else "public",
        writes,
        text=text,
        uploads=uploads,
        actions=actions,
        kind=kind,
        reply_to=reply_to,
        quality=quality,
        heading=heading,
    )


async def of_press(
    bot: Bot,
    interaction: discord.Interaction,
    edit: Edit,
    *,
    text: str = "",
    actions: tuple[dict[str, Any], ...] | None = None,
    kind: Kind = "talk",
) -> Asking:
    """A button or menu that is about an edit, to be acknowledged without a trace."""
    owner = (await bot.history.owner(edit.id))[1]
    message = interaction.message
    seen = message is not None and not message.flags.ephemeral
    return await _of(
        bot,
        interaction,
        "silent",
        can_write(bot, interaction),
        text=text,
        actions=actions,
        kind=kind,
        reply_to=edit.id,
        reference=str(message.id) if message is not None and seen else None,
        owner=owner,
        heading="" if seen else interaction.user.mention,
    )


async def of_forgetting(bot: Bot, interaction: discord.Interaction, edit: int | None) -> Asking:
    """What a member wants deleted, an edit or everything; the answer takes the place of the question."""
    return await _of(bot, interaction, "private", False, kind="forget", actions=one("forget"), reply_to=edit)


def of_promise(interaction: discord.Interaction[Any]) -> Asking:
    """A command that is answered within seconds, as far as its asker can be told what became of it."""
    return _asking(interaction, "private", False)


async def _of(bot: Bot, interaction: discord.Interaction, ack: Ack, writes: bool, **values: Any) -> Asking:
    await bot.people.remember_locale(PLATFORM, str(interaction.user.id), interaction.locale.value)
    return _asking(
        interaction,
        ack,
        writes,
        limit=interaction.filesize_limit,
        age_restricted=_age_restricted(interaction.channel),
        roles=_roles(interaction.user),
        moderator=interaction.permissions.manage_messages,
        parent=_parent(interaction.channel),
        **values,
    )


def _asking(interaction: discord.Interaction[Any], ack: Ack, writes: bool, **values: Any) -> Asking:
    """Whose interaction it is, where, and how it can be answered."""
    return Asking(
        key=f"interaction:{interaction.id}",
        user=str(interaction.user.id),
        place=str(interaction.channel_id),
        server=str(interaction.guild_id) if interaction.guild_id else None,
        locale=interaction.locale.value,
        ack=ack,
        member=writes,
        token=interaction.token,
        **values,
    )


async def picture_of(
    bot: Bot, interaction: discord.Interaction, message: discord.Message, edit: Edit | None
) -> tuple[Upload, ...]:
    """The pictures of a message that a member chose from its menu; ``edit`` is another's that it shows. Raises OthersAvatar."""
    if edit is not None or message.author != interaction.user:
        server = await bot.access.settings(str(interaction.guild_id) if interaction.guild_id else None)
        if interaction.guild_id is not None and not server.others_avatars:
            raise OthersAvatar
    return attachments.of(message.attachments)


# of both


def _age_restricted(channel: Any) -> bool:
    return bool(channel is not None and hasattr(channel, "is_nsfw") and channel.is_nsfw())


def _moderates(user: discord.abc.User, channel: Any) -> bool:
    """By the permission to manage messages; a thread whose channel is not known tells none."""
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
