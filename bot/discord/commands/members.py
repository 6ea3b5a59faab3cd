"""The slash commands and context menus of members.

Each becomes a request for the dispatcher, or shows a list to the requester alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from functools import partial
from typing import Any

import discord
from discord import app_commands

from bot.conversation import replies
from bot.discord import attachments, builders
from bot.discord.commands.descriptions import choices, described, named, options
from bot.discord.dispatch import deferred
from bot.discord.dispatch.handlers import adjustments_message, head_of
from bot.discord.errors import DiscordError
from bot.discord.request import PLATFORM, Kind
from bot.discord.services import Interaction, locale_of, server_of, services_of
from bot.discord.ui.buttons import ask_to_erase, form
from bot.discord.ui.interactions import dispatch
from bot.discord.ui.menus import adjustment_lines
from bot.discord.ui.view import OutgoingMessage, show_privately
from bot.language.actions import Action, Redo, Reset, Show, Transfer, Undo, Variations
from editor.api.errors import EditorAway
from editor.api.protocol import QUALITIES
from storage import export as user_data

MAX_RECENT = 6  # suggested requests that the member made before; the bundle's examples follow
MAX_TEXT = 500
_TIMEOUT_SECONDS = 2.0  # for answers that are not acknowledged first; Discord waits three seconds
Text = app_commands.Range[str, 1, MAX_TEXT]
Steps = app_commands.Range[int, 1, 50]
_options = partial(options, "discord.option")


def _command(name: str) -> Any:
    return app_commands.command(**described(f"discord.command.{name}"))


async def _dispatch(interaction: Interaction, *actions: Action, **values: Any) -> None:
    """Have a command stored, acknowledged and answered; ``values`` are fields of ``Request``."""
    request = await builders.from_command(interaction, actions=actions or None, **values)
    await dispatch(interaction, request)


# edits


@_command("edit")
@_options("picture", "avatar", "quality", text="wish")
@app_commands.choices(
    quality=[app_commands.Choice(name=named(f"quality.{name}"), value=name) for name in QUALITIES]
)
async def edit(
    interaction: Interaction,
    text: Text,
    picture: discord.Attachment | None = None,
    avatar: discord.User | discord.Member | None = None,
    quality: str | None = None,
) -> None:
    """Edit the attached picture, an avatar, or the last picture."""
    uploads = attachments.uploads_of([picture]) if picture is not None else ()
    owner = avatar or attachments.avatar_owner(text, interaction.user, [])
    if not uploads and owner is not None:
        services, server = services_of(interaction), server_of(interaction)
        uploads = (await builders.avatar_upload(services, owner, interaction.user, server),)
        text = attachments.without_avatar(text)
    await _dispatch(interaction, text=text, uploads=uploads, quality=quality)


@edit.autocomplete("text")
async def suggest(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Suggest what the member asked for before, and what the bundle of their picture does well."""
    services, locale = services_of(interaction), locale_of(interaction)
    user, place, server = str(interaction.user.id), str(interaction.channel_id), server_of(interaction)
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            recent = await services.inbox.recent(PLATFORM, server, user, MAX_RECENT)
            head = await services.history.shown(PLATFORM, user, place)
            examples = await services.conversations.examples(head)
    except TimeoutError:
        return []
    texts = dict.fromkeys([*(item.text for item in recent), *map(locale.wording, examples)])
    return choices(current, ((text, text) for text in texts))


@_command("again")
@_options("picture")
async def again(interaction: Interaction, picture: discord.Attachment) -> None:
    """Apply the current adjustments to another picture."""
    await _dispatch(interaction, Transfer(), uploads=attachments.uploads_of([picture]))


def _steps(name: str, action: type[Undo | Redo]) -> Any:
    """A command that goes some steps back or forward."""

    @_command(name)
    @_options("steps")
    async def go(interaction: Interaction, steps: Steps = 1) -> None:
        await _dispatch(interaction, action(steps))

    return go


def _plain(name: str, *actions: Action, kind: Kind = "talk") -> Any:
    """A command without options."""

    @_command(name)
    async def show(interaction: Interaction) -> None:
        await _dispatch(interaction, *actions, kind=kind)

    return show


@_command("compare")
@_options(text="wish")
async def compare(interaction: Interaction, text: Text | None = None) -> None:
    """Show before and after; with a text, show what every method makes of it."""
    if text is None:
        await _dispatch(interaction, Show("compare"))
    else:
        await _dispatch(interaction, text=text, kind="compare")


@_command("variations")
@_options("count")
async def variations(interaction: Interaction, count: app_commands.Range[int, 1, 4] = 3) -> None:
    """Show looks similar to the current one."""
    await _dispatch(interaction, Variations(count))


# lists


@_command("adjust")
async def adjust(interaction: Interaction) -> None:
    """List the adjustments with menus to change or drop them."""
    services, locale = services_of(interaction), locale_of(interaction)
    head = await head_of(services, await builders.from_command(interaction))
    bare = OutgoingMessage(replies.adjustments(locale, head))
    await show_privately(interaction, adjustments_message(head, locale) if head.recipes else bare)


@_command("bundles")
async def bundles(interaction: Interaction) -> None:
    """List the bundles that the editor has loaded."""
    locale = locale_of(interaction)
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            found = await services_of(interaction).conversations.editor.bundles()
    except TimeoutError:
        raise EditorAway from None
    if not found:  # the editor is still loading them
        raise EditorAway
    lines = []
    for info in found:
        examples = locale.quoted(locale.wording(example) for example in info.examples[:5])
        values = {"title": replies.title(locale, info), "resolution": info.resolution, "examples": examples}
        lines.append(locale.say("discord.bundle" if info.examples else "discord.bundle.bare", **values))
    await show_privately(interaction, OutgoingMessage(title=locale.say("discord.title.bundles"), lines=lines))


@_command("help")
async def help_(interaction: Interaction) -> None:
    """Explain how to use the bot."""
    services, locale = services_of(interaction), locale_of(interaction)
    examples: list[str] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            examples = [locale.wording(example) for example in await services.conversations.examples()][:6]
    bot = services.client.user
    parts = ("begin", "on", "reply", "again", "avatar", "privacy")
    lines = [locale.say(f"discord.help.{part}", bot=bot.mention if bot else "") for part in parts]
    if examples:
        lines.insert(1, locale.say("discord.help.examples", examples=locale.quoted(examples)))
    await show_privately(interaction, OutgoingMessage(title=locale.say("discord.title.help"), lines=lines))


# what is kept about a member

privacy = app_commands.Group(
    **described("discord.command.privacy"),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
)


@privacy.command(**described("discord.command.privacy-see"))
async def see(interaction: Interaction) -> None:
    """Show how much is kept, and since when."""
    kept = await user_data.overview(services_of(interaction).history, PLATFORM, str(interaction.user.id))
    text = locale_of(interaction).say("discord.privacy.nothing")
    if kept.since is not None and kept.latest is not None:
        text = locale_of(interaction).say(
            "discord.privacy.kept",
            pictures=kept.pictures,
            edits=kept.edits,
            megabytes=f"{kept.bytes / 1048576:.1f}",
            since=discord.utils.format_dt(kept.since, "D"),
            latest=discord.utils.format_dt(kept.latest, "D"),
        )
    await interaction.response.send_message(text, ephemeral=True)


@privacy.command(**described("discord.command.privacy-export"))
async def export(interaction: Interaction) -> None:
    """Send everything as a zip file."""
    await deferred.defer(interaction)
    locale = locale_of(interaction)
    data = await user_data.export(services_of(interaction).history, PLATFORM, str(interaction.user.id))
    if len(data) > interaction.filesize_limit:
        text = locale.say("discord.privacy.too-large", megabytes=f"{len(data) / 1048576:.0f}")
        await interaction.edit_original_response(content=text)
        return
    file = discord.File(io.BytesIO(data), "my-pictures.zip")
    await interaction.edit_original_response(content=locale.say("discord.privacy.export"), attachments=[file])


@privacy.command(**described("discord.command.privacy-delete"))
async def delete(interaction: Interaction) -> None:
    """Ask with a button before everything is deleted."""
    await ask_to_erase(interaction, "all")


# context menus of messages


async def edit_picture(interaction: Interaction, message: discord.Message) -> None:
    """Open a form: continue from the member's own result, or edit any other picture as a new one.

    Raises:
        OthersAvatar: the server does not allow editing pictures of others.
        NothingHere: the message has no picture.
    """
    services, locale, user = services_of(interaction), locale_of(interaction), interaction.user
    server = server_of(interaction)
    found = await services.history.edit_of_message(PLATFORM, str(message.id))
    if found is not None and await services.history.owner(found.id) == (PLATFORM, str(user.id)):
        await interaction.response.send_modal(form("edit", found.id, locale))
        return
    of_another = found is not None or message.author != user
    if of_another and server is not None and not (await services.settings(server)).others_avatars:
        raise DiscordError("discord.error.others-avatar")
    uploads = attachments.uploads_of(message.attachments)
    if not uploads:
        raise DiscordError("discord.error.nothing-here")
    services.forms[str(interaction.id)] = uploads
    await interaction.response.send_modal(form("picture", interaction.id, locale))


async def what_was_done(interaction: Interaction, message: discord.Message) -> None:
    """Tell anybody what the bot did to a picture."""
    services, locale = services_of(interaction), locale_of(interaction)
    found = await services.history.edit_of_message(PLATFORM, str(message.id))
    if found is None:
        await show_privately(interaction, OutgoingMessage(locale.say("discord.done.nothing")))
        return
    which = "original" if found.number == 0 else "edit"
    lines = [
        locale.say(f"discord.done.{which}", number=found.number),
        *adjustment_lines(found, locale),
        locale.say("discord.done.made"),
    ]
    await show_privately(interaction, OutgoingMessage(title=locale.say("discord.title.done"), lines=lines))


COMMANDS: tuple[Any, ...] = (
    *(edit, again, compare, variations, adjust, bundles, help_, privacy),
    *(_steps("undo", Undo), _steps("redo", Redo)),
    *(_plain("reset", Reset()), _plain("history", Show("history")), _plain("animate", kind="animate")),
    app_commands.ContextMenu(name=named("discord.menu.edit-picture"), callback=edit_picture),
    app_commands.ContextMenu(name=named("discord.menu.what-was-done"), callback=what_was_done),
)
