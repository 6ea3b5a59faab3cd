"""``/mod wishes``: what a member asked of the bot in this server lately."""

from __future__ import annotations

import discord

from bot.discord.commands.moderation import formatting
from bot.discord.commands.moderation.context import CommandContext
from bot.discord.commands.moderation.decorators import command, option
from bot.discord.requests.request import PLATFORM
from bot.discord.ui.view import table
from storage.inbox import InboxItem

MAX_SHOWN = 15


@command("wishes", "moderate_members")
@option("member")
async def member_requests(context: CommandContext, member: discord.User | discord.Member) -> None:
    """List a member's requests, newest first."""
    found = await context.services.inbox.recent(PLATFORM, context.server, str(member.id), MAX_SHOWN)
    if not found:
        await context.say("mod.no-wishes", member=member.mention)
        return
    title = context.locale.say("mod.title.wishes", member=member.display_name)
    await context.show(table(title, [_line(item, context) for item in found]))


def _line(item: InboxItem, context: CommandContext) -> str:
    return context.locale.say(
        "mod.wish.line",
        moment=formatting.moment(item.created_at, "R"),
        channel=formatting.channel(item.place),
        text=formatting.request_text(item, context.locale),
        state=_state(item, context),
    )


def _state(item: InboxItem, context: CommandContext) -> str:
    """Whether it was answered, with a link to the answer; the link to a private answer opens nothing."""
    say = context.locale.say
    if item.answered_at is None:
        return say("mod.wish.open")
    if item.message is None:
        return say("mod.wish.silent")
    url = f"https://discord.com/channels/{context.server}/{item.place}/{item.message}"
    return f"[{say('mod.wish.answered')}]({url})"
