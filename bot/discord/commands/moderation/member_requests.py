"""Wishes: what a member asked of the bot in this server lately."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord.commands.moderation import names
from bot.discord.commands.moderation.context import Act
from bot.discord.commands.moderation.group import command, option
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import view
from bot.locales import Locale
from storage.inbox import InboxItem

MOST_SHOWN = 15
Interaction = discord.Interaction[Any]


@command("wishes", "moderate_members")
@option("member")
async def wishes(interaction: Interaction, member: discord.User | discord.Member) -> None:
    """The newest first; for the moderator alone."""
    act = await Act.begin(interaction)
    found = await act.bot.desk.inbox.recent(PLATFORM, act.server, str(member.id), MOST_SHOWN)
    if not found:
        await act.say("mod.no-wishes", member=member.mention)
        return
    title = act.locale.say("mod.title.wishes", member=member.display_name)
    await act.show(view.table(title, [_line(one, act) for one in found]))


def _line(asked: InboxItem, act: Act) -> str:
    return act.locale.say(
        "mod.wish.line",
        moment=names.moment(asked.created_at, "R"),
        channel=names.channel(asked.place),
        text=said(asked, act.locale),
        state=_state(asked, act),
    )


def _state(asked: InboxItem, act: Act) -> str:
    """Whether it was answered, with a link to the answer; one that only the asker could see it does not open."""
    if asked.answered_at is None:
        return act.locale.say("mod.wish.open")
    if asked.message is None:
        return act.locale.say("mod.wish.silent")
    url = f"https://discord.com/channels/{act.server}/{asked.place}/{asked.message}"
    return f"[{act.locale.say('mod.wish.answered')}]({url})"


def said(asked: InboxItem, locale: Locale) -> str:
    """The words of a wish; presses of buttons and some commands have none."""
    return (
        locale.say("list.quote", item=names.quoted(asked.text, locale))
        if asked.text
        else locale.say("mod.wish.wordless")
    )
