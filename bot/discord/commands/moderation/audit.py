"""``/mod audit``: the audit log in pages, with buttons to turn them."""

from __future__ import annotations

import discord

from bot.discord.commands.moderation import audit_log
from bot.discord.commands.moderation.context import CommandContext
from bot.discord.commands.moderation.decorators import check_permission, command
from bot.discord.requests.request import PLATFORM
from bot.discord.ui.interactions import Interaction
from bot.discord.ui.items import PersistentItem
from bot.discord.ui.view import OutgoingMessage, table
from bot.locales import Locale

PER_PAGE = 10


class PageButton(PersistentItem, template=r"audit:(?P<way>newer|older):(?P<record>[0-9]{1,18})"):
    """Turns to the page before or after a record."""

    @classmethod
    def create(cls, way: str, record: int, locale: Locale, enabled: bool) -> PageButton:
        """The button for "newer" or "older" records."""
        label, custom_id = locale.say(f"mod.button.{way}"), f"audit:{way}:{record}"
        return cls(discord.ui.Button(label=label, custom_id=custom_id, disabled=not enabled))

    async def respond(self, interaction: Interaction) -> None:
        """Show the page, if the member is still a moderator."""
        check_permission(interaction, "moderate_members")
        await interaction.response.defer()
        context, record = CommandContext.of(interaction), int(self.state["record"])
        older = self.state["way"] == "older"
        await context.show(await _page(context, **{"before" if older else "after": record}))


@command("audit", "moderate_members")
async def audit(context: CommandContext) -> None:
    """Show the newest records."""
    await context.show(await _page(context))


async def _page(
    context: CommandContext, before: int | None = None, after: int | None = None
) -> OutgoingMessage:
    """Return the page before or after the given record, newest first; without one, the newest page."""
    servers, locale = context.servers, context.locale
    found = await servers.audits(PLATFORM, context.server, before, PER_PAGE, after=after)
    title = locale.say("mod.title.audit")
    if not found:
        return table(title, [locale.say("mod.audit.empty")])
    newest, oldest = found[0].id, found[-1].id
    newer = bool(await servers.audits(PLATFORM, context.server, None, 1, after=newest))
    older = bool(await servers.audits(PLATFORM, context.server, oldest, 1))
    buttons = (
        PageButton.create("newer", newest, locale, newer),
        PageButton.create("older", oldest, locale, older),
    )
    lines = [audit_log.sentence(record, locale) for record in found]
    return table(title, lines, *(buttons if newer or older else ()))
