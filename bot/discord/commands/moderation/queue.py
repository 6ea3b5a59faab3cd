"""The requests of a server: what is open and how far it is, cancelling one request, and pausing all of them.

A server is in one of three states, and none keeps a member waiting without a word:

- *open*: requests are answered.
- *paused*: the work in progress is finished; whatever waits, and every new request, is refused at once with
  the reason. Nothing is kept for later, so no request is done hours after its member forgot about it.
- *draining*: paused, but everything asked before is done first. For a change of rules or an upgrade.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import discord
from discord import app_commands

from bot.discord.commands.descriptions import MAX_CHOICE_LENGTH, choices
from bot.discord.commands.moderation import formatting
from bot.discord.commands.moderation.context import (
    Answer,
    CommandContext,
    Member,
    Reason,
    command,
    option,
    subgroup,
)
from bot.discord.dispatch.dispatcher import RequestDispatcher
from bot.discord.errors import DiscordError
from bot.discord.services import Interaction
from bot.discord.ui.view import OutgoingMessage
from editor.api import protocol as wire
from storage.inbox import InboxItem

MAX_SHOWN, MAX_SHOWN_OF_MEMBER = 20, 15

group = subgroup("queue")


def _dispatcher(context: CommandContext) -> RequestDispatcher:
    dispatcher: RequestDispatcher = context.interaction.client.dispatcher
    return dispatcher


async def _open(context: CommandContext) -> list[InboxItem]:
    return await context.services.inbox.open(*context.here)


@command("queue-list", "moderate_members", parent=group)
async def listed(context: CommandContext) -> Answer:
    """List all open requests, oldest first."""
    found, say = await _open(context), context.say
    lines = [
        formatting.request("mod.queue.line", item, _progress_of(item, context), context.locale)
        for item in found[:MAX_SHOWN]
    ] or [say("mod.queue.empty")]
    if len(found) > MAX_SHOWN:
        lines.append(say("mod.more", count=len(found) - MAX_SHOWN))
    settings = await context.settings()
    if settings.paused:
        lines.append(say("mod.state.paused" if settings.drained_at is None else "mod.state.draining"))
    return OutgoingMessage(title=say("mod.title.queue", count=len(found)), lines=lines)


def _progress_of(item: InboxItem, context: CommandContext) -> str:
    """How far an open request is, as the dispatcher and the editor know it."""
    locale, dispatcher = context.locale, _dispatcher(context)
    if item.key not in dispatcher.working:
        return locale.say("mod.stands.waiting")
    progress = dispatcher.working[item.key]
    if progress is not None and progress.editor_away:
        return locale.say("mod.stands.away")
    match progress.event if progress is not None else None:
        case wire.Queued(position=position) if position:
            return locale.say("mod.stands.queued", number=position)
        case wire.Progress(step=step, total=total):
            return locale.say("mod.stands.working", percent=locale.percent(step / max(1, total)))
        case _:
            return locale.say("mod.stands.begun")


@command("queue-cancel", "moderate_members", parent=group)
@option("reason", key="wish")
async def cancel(
    context: CommandContext, key: app_commands.Range[str, 1, 100], reason: Reason | None = None
) -> Answer:
    """Cancel one request of this server; the member who asked is told when the request's turn comes."""
    chosen = next((item for item in await _open(context) if item.key == key), None)
    if chosen is None or not await _dispatcher(context).cancel(chosen.key):
        raise DiscordError("mod.error.answered-already")
    await context.record("cancel", chosen.user, reason)
    return context.say("mod.done.cancel", member=formatting.member(chosen.user, context.locale))


@cancel.autocomplete("key")
async def _suggest(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    if not interaction.permissions.moderate_members:
        return []
    context = CommandContext(interaction)
    return choices(current, [(_choice_name(item, context), item.key) for item in await _open(context)])


def _choice_name(item: InboxItem, context: CommandContext) -> str:
    """The name of a choice, which is plain text: mentions would not be rendered."""
    guild, say = context.guild, context.say
    member = guild.get_member(int(item.user)) if isinstance(guild, discord.Guild) else None
    name = member.display_name if member is not None else item.user
    words = item.text or say("mod.wish.wordless")
    text = say("mod.queue.choice", member=name, text=words, state=_progress_of(item, context))
    return text if len(text) <= MAX_CHOICE_LENGTH else f"{text[: MAX_CHOICE_LENGTH - 1]}…"


def _state(action: Literal["pause", "drain", "resume"]) -> None:
    """Add a command that puts the server in another state."""

    @command(f"queue-{action}", "moderate_members", parent=group)
    @option("reason")
    async def change(context: CommandContext, reason: Reason | None = None) -> Answer:
        drained_at = datetime.now(UTC).timestamp() if action == "drain" else None
        await context.servers.change(*context.here, paused=action != "resume", drained_at=drained_at)
        await context.record(action, reason=reason)
        waiting = len(await _open(context))
        empty = "-empty" if action == "drain" and not waiting else ""
        return context.say(f"mod.done.{action}{empty}", count=waiting)


_state("pause")
_state("drain")
_state("resume")


@command("wishes", "moderate_members")
@option("member")
async def member_requests(context: CommandContext, member: Member) -> Answer:
    """List what a member asked of the bot in this server lately, newest first."""
    found = await context.services.inbox.recent(*context.here, str(member.id), MAX_SHOWN_OF_MEMBER)
    if not found:
        return context.say("mod.no-wishes", member=member.mention)
    title = context.say("mod.title.wishes", member=member.display_name)
    lines = [
        formatting.request("mod.wish.line", item, _answer_to(item, context), context.locale) for item in found
    ]
    return OutgoingMessage(title=title, lines=lines)


def _answer_to(item: InboxItem, context: CommandContext) -> str:
    """Whether it was answered, with a link to the answer; the link to a private answer opens nothing."""
    if item.answered_at is None:
        return context.say("mod.wish.open")
    if item.message is None:
        return context.say("mod.wish.silent")
    url = f"https://discord.com/channels/{context.server}/{item.place}/{item.message}"
    return f"[{context.say('mod.wish.answered')}]({url})"
