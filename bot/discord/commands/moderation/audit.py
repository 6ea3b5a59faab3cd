"""The audit: pages through what moderators did, with buttons that outlive restarts."""

from __future__ import annotations

import re
from typing import Any, Self

import discord
from discord import app_commands

from bot.discord.commands.moderation import audit_log
from bot.discord.commands.moderation.context import Act
from bot.discord.commands.moderation.group import command
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import interactions, view
from bot.discord.ui.view import Card
from bot.locales import Locale

PER_PAGE = 10
Interaction = discord.Interaction[Any]


class PageButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"audit:(?P<way>newer|older):(?P<record>[0-9]{1,18})",
):
    """Turns to the page next to a record."""

    def __init__(self, way: str, record: int, locale: Locale, shut: bool = False) -> None:
        label, custom_id = locale.say(f"mod.button.{way}"), f"audit:{way}:{record}"
        super().__init__(discord.ui.Button(label=label, custom_id=custom_id, disabled=shut))
        self.way, self.record = way, record

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuilt from what Discord sends back."""
        return cls(match["way"], int(match["record"]), interactions.locale_of(interaction))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Turn the page, for those who are moderators still."""
        async with interactions.answered(interaction):
            if not interaction.permissions.moderate_members:
                raise app_commands.MissingPermissions(["moderate_members"])
            await interaction.response.defer()
            act = Act.of(interaction)
            await act.show(await page(act, **{"before" if self.way == "older" else "after": self.record}))


@command("audit", "moderate_members")
async def audit(interaction: Interaction) -> None:
    """The newest records."""
    act = await Act.begin(interaction)
    await act.show(await page(act))


async def page(act: Act, before: int | None = None, after: int | None = None) -> Card:
    """The records next to one, newest first; the newest of all without one."""
    found = await act.servers.audits(PLATFORM, act.server, before, PER_PAGE, after=after)
    title = act.locale.say("mod.title.audit")
    if not found:
        return view.table(title, [act.locale.say("mod.audit.empty")])
    newest, oldest = found[0].id, found[-1].id
    newer = bool(await act.servers.audits(PLATFORM, act.server, None, 1, after=newest))
    older = bool(await act.servers.audits(PLATFORM, act.server, oldest, 1))
    buttons = (
        PageButton("newer", newest, act.locale, not newer),
        PageButton("older", oldest, act.locale, not older),
    )
    return view.table(
        title, [audit_log.entry(one, act.locale) for one in found], *(buttons if newer or older else ())
    )
