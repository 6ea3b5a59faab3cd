"""The queue of a server: what is open and where it stands; cancelling one wish, and pausing all of them.

Three states, and none keeps a member waiting without a word:

- *open*: wishes are done.
- *paused*: what the editor is at is finished; what still waits for its turn, and whatever is asked from then on, is told at
  once that the bot takes a break. Nothing is kept for later, so nobody's wish is done hours after they forgot about it.
- *draining*: paused, but all that was asked before is done first. For a change of the rules, or before an upgrade.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.moderation import names
from bot.discord.commands.moderation.blocks import Reason
from bot.discord.commands.moderation.context import Act
from bot.discord.commands.moderation.group import command, option, subgroup
from bot.discord.commands.moderation.limits import MOST_CHOICE, MOST_CHOICES
from bot.discord.commands.moderation.member_requests import said
from bot.discord.errors import AnsweredAlready
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import view
from editor.api import protocol as wire
from storage.inbox import InboxItem

MOST_SHOWN = 20
Interaction = discord.Interaction[Any]

group = subgroup("queue")


@command("queue-list", "moderate_members", parent=group)
async def listed(interaction: Interaction) -> None:
    """All open wishes, oldest first."""
    act = await Act.begin(interaction)
    found = await _open(act)
    lines = [_line(one, act) for one in found[:MOST_SHOWN]] or [act.locale.say("mod.queue.empty")]
    if len(found) > MOST_SHOWN:
        lines.append(act.locale.say("mod.more", count=len(found) - MOST_SHOWN))
    settings = await act.settings()
    if settings.paused:
        lines.append(
            act.locale.say("mod.state.paused" if settings.drained_at is None else "mod.state.draining")
        )
    await act.show(view.table(act.locale.say("mod.title.queue", count=len(found)), lines))


async def _open(act: Act) -> list[InboxItem]:
    return await act.bot.desk.inbox.open(PLATFORM, act.server)


def _line(asked: InboxItem, act: Act) -> str:
    return act.locale.say(
        "mod.queue.line",
        member=names.member(asked.user, act.locale),
        channel=names.channel(asked.place),
        moment=names.moment(asked.created_at, "R"),
        text=said(asked, act.locale),
        state=standing(asked, act),
    )


def standing(asked: InboxItem, act: Act) -> str:
    """Where a wish stands, as the desk and the editor know it."""
    desk = act.bot.desk
    if asked.key not in desk.open:
        return act.locale.say("mod.stands.waiting")
    live = desk.live.get(asked.key)
    event = live.event if live is not None else None
    if live is not None and live.waits_for_editor:
        return act.locale.say("mod.stands.away")
    if isinstance(event, wire.Queued) and event.position:
        return act.locale.say("mod.stands.queued", number=event.position)
    if isinstance(event, wire.Progress):
        return act.locale.say(
            "mod.stands.working", percent=act.locale.percent(event.step / max(1, event.total))
        )
    return act.locale.say("mod.stands.begun")


@command("queue-cancel", "moderate_members", parent=group)
@option("wish", "reason")
async def cancel(
    interaction: Interaction, wish: app_commands.Range[str, 1, 100], reason: Reason | None = None
) -> None:
    """End one wish; its asker is told in its turn."""
    act = await Act.begin(interaction)
    chosen = next((one for one in await _open(act) if one.key == wish), None)  # never one of another server
    if chosen is None or not await act.bot.desk.cancel(chosen.key):
        raise AnsweredAlready
    note = await act.record("cancel", chosen.user, reason)
    await act.say("mod.done.cancel", note, member=names.member(chosen.user, act.locale))


@cancel.autocomplete("wish")
async def _suggest(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    if not interaction.permissions.moderate_members:
        return []
    act = Act.of(interaction)
    found = [(_name(one, act), one.key) for one in await _open(act)]
    typed = current.casefold()
    return [app_commands.Choice(name=name, value=key) for name, key in found if typed in name.casefold()][
        :MOST_CHOICES
    ]


def _name(asked: InboxItem, act: Act) -> str:
    """Plain text, as choices are: mentions would not be read there."""
    guild = act.guild if isinstance(act.guild, discord.Guild) else None
    member = guild.get_member(int(asked.user)) if guild is not None else None
    who = member.display_name if member is not None else asked.user
    words = asked.text or act.locale.say("mod.wish.wordless")
    text = act.locale.say("mod.queue.choice", member=who, text=words, state=standing(asked, act))
    return text if len(text) <= MOST_CHOICE else f"{text[: MOST_CHOICE - 1]}…"


@command("queue-pause", "moderate_members", parent=group)
@option("reason")
async def pause(interaction: Interaction, reason: Reason | None = None) -> None:
    """Do nothing for now, and say so to whoever asks."""
    act = await Act.begin(interaction)
    await act.servers.change(PLATFORM, act.server, paused=True, drained_at=None)
    await act.say("mod.done.pause", await act.record("pause", reason=reason))


@command("queue-drain", "moderate_members", parent=group)
@option("reason")
async def drain(interaction: Interaction, reason: Reason | None = None) -> None:
    """Finish what was asked, and take nothing new."""
    act = await Act.begin(interaction)
    await act.servers.change(PLATFORM, act.server, paused=True, drained_at=datetime.now(UTC).timestamp())
    note = await act.record("drain", reason=reason)
    if waiting := len(await _open(act)):
        await act.say("mod.done.drain", note, count=waiting)
    else:
        await act.say("mod.done.drain-empty", note)


@command("queue-resume", "moderate_members", parent=group)
@option("reason")
async def resume(interaction: Interaction, reason: Reason | None = None) -> None:
    """Serve everybody again."""
    act = await Act.begin(interaction)
    await act.servers.change(PLATFORM, act.server, paused=False, drained_at=None)
    await act.say("mod.done.resume", await act.record("resume", reason=reason))
