"""The slash commands and message menus of members. Each becomes an asking for the desk, or shows a list to the asker alone."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import discord
from discord import app_commands

from bot.conversation import replies
from bot.discord.commands import privacy
from bot.discord.commands.translator import named
from bot.discord.dispatch import deferred, handlers
from bot.discord.errors import MenuTooOld, NothingHere
from bot.discord.requests import attachments, avatars, builders
from bot.discord.requests.request import PLATFORM, Upload, one
from bot.discord.ui import interactions, menus, modals
from bot.discord.ui import view as cards
from bot.errors import code_for
from bot.locales import Locale
from editor.api.errors import EditorAway
from editor.api.protocol import QUALITIES
from storage.history import Edit

if TYPE_CHECKING:
    from bot.discord.client import Bot

MOST_RECENT = 6
"""Of one's own wishes that are suggested again, before what the bundle answers well."""
MOST_CHOICES, MOST_CHOICE, MOST_WISH = 25, 100, 500
_SUGGEST_SECONDS = 2.0
"""For what has to be answered within three, at once: whoever is killed before that has promised nothing."""
_HEARD = "heard"
"""Names the moment at which a command came, in monotonic seconds."""
Interaction = discord.Interaction[Any]


class Tree(app_commands.CommandTree[Any]):
    """The commands of one bot; what goes wrong in one is told to the member alone."""

    def __init__(self, client: Bot) -> None:
        super().__init__(
            client,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
        )

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Nothing is forbidden here; it is where a command is first heard."""
        interaction.extras[_HEARD] = time.monotonic()
        return True

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """A sentence; a command that this version does not know was registered by another."""
        cause: Exception = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        if isinstance(error, (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)):
            cause = MenuTooOld()
        await interactions.tell(
            interaction, interactions.sentence_of(cause, interactions.locale_of(interaction))
        )
        await deferred.kept(interaction)
        counted(interaction, code_for(cause))


def counted(interaction: Interaction, outcome: str = "done") -> None:
    """A command was answered."""
    interactions.count(interaction, "command", outcome, interaction.extras.get(_HEARD, time.monotonic()))


def add_to(tree: app_commands.CommandTree[Any]) -> None:
    """Add all commands of members."""
    for command in (
        edit,
        again,
        undo,
        redo,
        history,
        compare,
        variations,
        adjust,
        animate,
        reset,
        bundles,
        help_,
        privacy.group,
    ):
        tree.add_command(command)
    for name, callback in (("edit-picture", edit_picture), ("what-was-done", what_was_done)):
        tree.add_command(app_commands.ContextMenu(name=named(f"discord.menu.{name}"), callback=callback))


def _command(name: str) -> Any:
    return app_commands.command(
        name=named(f"discord.command.{name}.name"), description=named(f"discord.command.{name}")
    )


def option(*names: str) -> Any:
    """Names and descriptions of a command's options."""

    def decorate(function: Any) -> Any:
        function = app_commands.describe(**{name: named(f"discord.option.{name}") for name in names})(
            function
        )
        return app_commands.rename(**{name: named(f"discord.option.{name}.name") for name in names})(function)

    return decorate


async def _take(interaction: Interaction, **values: Any) -> None:
    """Have it kept, acknowledged within three seconds, and done."""
    asking = await builders.of_command(interactions.bot_of(interaction), interaction, **values)
    await interactions.to_desk(interaction, asking, partial(builders.acknowledge, interaction))


async def _head(interaction: Interaction) -> Edit:
    """The edit that the member's conversation here is at. Raises NoPicture."""
    bot = interactions.bot_of(interaction)
    return await handlers.head_of(bot, await builders.of_command(bot, interaction))


async def show(interaction: Interaction, card: cards.Card) -> None:
    """A list for the asker alone."""
    view = card.view()
    options: dict[str, Any] = {"view": view} if view is not None else {}
    if (embed := card.embed()) is not None:
        options["embed"] = embed
    if interaction.response.is_done():
        await interaction.edit_original_response(content=card.content or None, **options)
    else:
        await interaction.response.send_message(card.content or None, ephemeral=True, **options)


# wishes


@_command("edit")
@option("wish", "picture", "avatar", "quality")
@app_commands.choices(
    quality=[app_commands.Choice(name=named(f"quality.{one}"), value=one) for one in QUALITIES]
)
async def edit(
    interaction: Interaction,
    wish: app_commands.Range[str, 1, MOST_WISH],
    picture: discord.Attachment | None = None,
    avatar: discord.User | discord.Member | None = None,
    quality: str | None = None,
) -> None:
    """A wish, for the picture sent along, an avatar, or the last picture."""
    uploads = attachments.of([picture]) if picture is not None else ()
    whose = avatar or avatars.whose(wish, interaction.user, [])
    if not uploads and whose is not None:
        bot, server = (
            interactions.bot_of(interaction),
            str(interaction.guild_id) if interaction.guild_id else None,
        )
        await builders.may_edit(bot, whose, interaction.user, server)
        uploads, wish = (avatars.upload(whose),), cast(Any, avatars.without(wish))
    await _take(interaction, text=wish, uploads=uploads, quality=quality)


@edit.autocomplete("wish")
async def suggest(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """What the bundle of the member's picture answers well, and what the member wished before, that contains what is typed."""
    bot, locale = interactions.bot_of(interaction), interactions.locale_of(interaction)
    server = str(interaction.guild_id) if interaction.guild_id else None
    try:
        async with asyncio.timeout(_SUGGEST_SECONDS):
            recent = [
                asked.text
                for asked in await bot.desk.inbox.recent(
                    PLATFORM, server, str(interaction.user.id), MOST_RECENT
                )
            ]
            head = await bot.history.shown(PLATFORM, str(interaction.user.id), str(interaction.channel_id))
            examples = [locale.wording(example) for example in await bot.conversations.examples(head)]
    except TimeoutError:
        return []
    return [app_commands.Choice(name=text, value=text) for text in _matching(current, [*recent, *examples])]


def _matching(current: str, texts: Iterable[str]) -> list[str]:
    """Each text once that contains what is typed and fits a choice."""
    typed = current.casefold().strip()
    found = dict.fromkeys(
        text for text in texts if text and len(text) <= MOST_CHOICE and typed in text.casefold()
    )
    return list(found)[:MOST_CHOICES]


@_command("again")
@option("picture")
async def again(interaction: Interaction, picture: discord.Attachment) -> None:
    """The look of the last picture on another one."""
    await _take(interaction, uploads=attachments.of([picture]), actions=one("transfer"))


@_command("undo")
@option("steps")
async def undo(interaction: Interaction, steps: app_commands.Range[int, 1, 50] = 1) -> None:
    """Go back."""
    await _take(interaction, actions=one("undo", steps=steps))


@_command("redo")
@option("steps")
async def redo(interaction: Interaction, steps: app_commands.Range[int, 1, 50] = 1) -> None:
    """Go forward again."""
    await _take(interaction, actions=one("redo", steps=steps))


@_command("reset")
async def reset(interaction: Interaction) -> None:
    """Back to the original."""
    await _take(interaction, actions=one("reset"))


@_command("history")
async def history(interaction: Interaction) -> None:
    """All edits of the picture, numbered, with a menu to go to one."""
    await _take(interaction, actions=one("show", what="history"))


@_command("compare")
@option("wish")
async def compare(
    interaction: Interaction, wish: app_commands.Range[str, 1, MOST_WISH] | None = None
) -> None:
    """Before beside after; with a wish, what every method makes of it."""
    if wish is None:
        await _take(interaction, actions=one("show", what="compare"))
    else:
        await _take(interaction, text=wish, kind="compare")


@_command("variations")
@option("count")
async def variations(interaction: Interaction, count: app_commands.Range[int, 1, 4] = 3) -> None:
    """Looks near the present one."""
    await _take(interaction, actions=one("variations", count=count))


@_command("animate")
async def animate(interaction: Interaction) -> None:
    """From the original to the present look, as a moving picture."""
    await _take(interaction, kind="animate")


# lists


@_command("adjust")
async def adjust(interaction: Interaction) -> None:
    """The adjustments in force, to change or to drop."""
    head, locale = await _head(interaction), interactions.locale_of(interaction)
    if head.recipes:
        await show(interaction, handlers.adjustments(head, locale))
    else:
        await show(interaction, cards.sentence(replies.adjustments(locale, head)))


@_command("bundles")
async def bundles(interaction: Interaction) -> None:
    """The domains that the editor knows."""
    bot, locale = interactions.bot_of(interaction), interactions.locale_of(interaction)
    try:
        async with asyncio.timeout(_SUGGEST_SECONDS):
            lines = [_bundle(info, locale) for info in await bot.conversations.editor.bundles()]
    except TimeoutError:
        raise EditorAway from None
    if not lines:  # it is still loading them
        raise EditorAway
    await show(interaction, cards.table(locale.say("discord.title.bundles"), lines))


def _bundle(info: Any, locale: Locale) -> str:
    examples = locale.quoted(locale.wording(example) for example in info.examples[:5])
    values = {"title": replies.title(locale, info), "resolution": info.resolution, "examples": examples}
    return locale.say("discord.bundle" if info.examples else "discord.bundle.bare", **values)


@_command("help")
async def help_(interaction: Interaction) -> None:
    """What can be said and pressed."""
    bot, locale = interactions.bot_of(interaction), interactions.locale_of(interaction)
    examples: list[str] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SUGGEST_SECONDS):
            examples = [locale.wording(example) for example in await bot.conversations.examples()][:6]
    name = bot.user.mention if bot.user is not None else ""
    lines = [
        locale.say(f"discord.help.{part}", bot=name)
        for part in ("begin", "on", "reply", "again", "avatar", "privacy")
    ]
    if examples:
        lines.insert(1, locale.say("discord.help.examples", examples=locale.quoted(examples)))
    await show(interaction, cards.table(locale.say("discord.title.help"), lines))


# message menus


async def edit_picture(interaction: Interaction, message: discord.Message) -> None:
    """A form for the wish; a result of one's own is gone on from, any other picture is a new one."""
    bot, locale = interactions.bot_of(interaction), interactions.locale_of(interaction)
    found = await bot.history.edit_of_message(PLATFORM, str(message.id))
    if found is not None and await bot.history.owner(found.id) == (PLATFORM, str(interaction.user.id)):
        await interaction.response.send_modal(modals.in_words(found.id, locale))
        return
    uploads: tuple[Upload, ...] = await builders.picture_of(bot, interaction, message, found)
    if not uploads:
        raise NothingHere
    bot.offered[str(interaction.id)] = uploads
    await interaction.response.send_modal(modals.for_picture(str(interaction.id), locale))


async def what_was_done(interaction: Interaction, message: discord.Message) -> None:
    """What the bot did to a picture, for whoever asks."""
    bot, locale = interactions.bot_of(interaction), interactions.locale_of(interaction)
    found = await bot.history.edit_of_message(PLATFORM, str(message.id))
    if found is None:
        await show(interaction, cards.sentence(locale.say("discord.done.nothing")))
        return
    lines = menus.in_force(found, locale)
    about = locale.say(
        "discord.done.original" if found.number == 0 else "discord.done.edit", number=found.number
    )
    await show(
        interaction,
        cards.table(locale.say("discord.title.done"), [about, *lines, locale.say("discord.done.made")]),
    )
