"""``/mod audit``: the audit log in pages, with buttons to turn them."""

from __future__ import annotations

from typing import Any

from bot.discord.commands.moderation import formatting
from bot.discord.commands.moderation.context import CommandContext, check_permission, command
from bot.discord.services import Interaction
from bot.discord.ui.interactions import PersistentItem
from bot.discord.ui.view import OutgoingMessage

PER_PAGE = 10


class PageButton(PersistentItem, template=r"audit:(?P<way>newer|older):(?P<record>[0-9]{1,18})"):
    """Turns to the page before or after a record."""

    async def respond(self, interaction: Interaction) -> None:
        """Show the page, if the member is still a moderator."""
        check_permission(interaction, "moderate_members")
        await interaction.response.defer()
        limit = "before" if self.state["way"] == "older" else "after"
        context = CommandContext(interaction)
        await context.answer(await _page(context, **{limit: int(self.state["record"])}))


@command("audit", "moderate_members")
async def audit(context: CommandContext) -> OutgoingMessage:
    """Show the newest records."""
    return await _page(context)


async def _page(context: CommandContext, **limit: Any) -> OutgoingMessage:
    """The page ``before`` or ``after`` a record, newest first; without one, the newest page."""
    audits, title = context.servers.audits, context.say("mod.title.audit")
    found = await audits(*context.here, limit=PER_PAGE, **limit)
    if not found:
        return OutgoingMessage(title=title, lines=[context.say("mod.audit.empty")])
    newest, oldest = found[0].id, found[-1].id
    more = {
        ("newer", newest): bool(await audits(*context.here, limit=1, after=newest)),
        ("older", oldest): bool(await audits(*context.here, limit=1, before=oldest)),
    }
    buttons = [
        PageButton.button(f"audit:{way}:{record}", context.say(f"mod.button.{way}"), disabled=not exists)
        for (way, record), exists in more.items()
    ]
    lines = [formatting.record(entry, context.locale) for entry in found]
    return OutgoingMessage(title=title, lines=lines, items=buttons if any(more.values()) else ())
