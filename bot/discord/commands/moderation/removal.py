"""Removes a result everywhere: its messages, its file, and its place in the history."""

from __future__ import annotations

import re

import discord
from discord import app_commands

from bot.discord.commands.descriptions import named
from bot.discord.commands.moderation.context import (
    CONTEXTS,
    INSTALLS,
    CommandContext,
    Reason,
    check_permission,
    command,
    option,
)
from bot.discord.errors import DiscordError
from bot.discord.request import PLATFORM
from bot.discord.services import Interaction
from bot.discord.ui.interactions import PersistentItem, view_of
from storage.errors import NotFound
from storage.records import Edit

_LINK = re.compile(
    r"<?https://(?:\w+\.)?discord(?:app)?\.com/channels/(?P<server>\d+)/(?P<channel>\d+)/(?P<message>\d+)/?>?"
)
_ID = re.compile(r"(?:(?P<channel>\d{15,20})-)?(?P<message>\d{15,20})")


class RemoveButton(PersistentItem, template=r"remove:(?P<what>one|all):(?P<edit>[0-9]{1,18})"):
    """Confirms the removal of one result, or of a picture with everything made from it."""

    async def respond(self, interaction: Interaction) -> None:
        """Remove, and say so in place of the question."""
        check_permission(interaction, "manage_messages")
        await interaction.response.defer()
        context = CommandContext(interaction)
        edit = await _edit_of_server(context, int(self.state["edit"]))
        await _remove(context, edit, self.state["what"] == "all", None)


@command("remove", "manage_messages")
@option("message", "everything", "reason")
async def remove(
    context: CommandContext,
    message: app_commands.Range[str, 15, 200],
    everything: bool = False,
    reason: Reason | None = None,
) -> None:
    """Remove a result, given a link to its message or the message's id."""
    edit = await _edit_in_message(context, _message_id(message, context))
    await _remove(context, edit, everything, reason)


@app_commands.checks.has_permissions(manage_messages=True)
async def remove_this(interaction: Interaction, message: discord.Message) -> None:
    """Remove the result in a message, after a question, since nothing brings it back."""
    context = await CommandContext.begin(interaction)
    edit = await _edit_in_message(context, str(message.id))
    danger = discord.ButtonStyle.danger
    buttons = [
        RemoveButton.button(f"remove:{what}:{edit.id}", context.say(f"mod.button.remove-{what}"), danger)
        for what in (("one", "all") if edit.number else ("all",))
    ]
    await context.answer(context.say("mod.confirm.remove"), view=view_of(*buttons))


menu = app_commands.ContextMenu(name=named("mod.menu.remove"), callback=remove_this)
menu.default_permissions = discord.Permissions(manage_messages=True)
menu.allowed_contexts, menu.allowed_installs = CONTEXTS, INSTALLS


def _message_id(text: str, context: CommandContext) -> str:
    """The id of a message of this server from a link or an id. Raises NoSuchMessage."""
    link, number = _LINK.fullmatch(text.strip()), _ID.fullmatch(text.strip())
    if link is not None and link["server"] == context.server:
        return link["message"]
    if number is None:
        raise DiscordError("mod.error.no-such-message")
    return number["message"]


async def _edit_in_message(context: CommandContext, message: str) -> Edit:
    """The edit that a message of this server shows. Raises NotAResult."""
    found = await context.services.history.edit_of_message(PLATFORM, message)
    if found is None:
        raise DiscordError("mod.error.not-a-result")
    return await _edit_of_server(context, found.id)


async def _edit_of_server(context: CommandContext, number: int) -> Edit:
    """An edit that was made in this server. Raises NotAResult if it is deleted or of another server."""
    history = context.services.history
    try:
        edit = await history.edit(number)
        conversation = await history.conversation_by_id(edit.conversation)
    except NotFound:
        raise DiscordError("mod.error.not-a-result") from None
    if conversation.server != context.server:
        raise DiscordError("mod.error.not-a-result")
    return edit


async def _remove(context: CommandContext, edit: Edit, everything: bool, reason: str | None) -> None:
    """Remove an edit or its whole picture, record that, and say so in place of any question."""
    history = context.services.history
    _, owner = await history.owner(edit.id)
    chosen = (await history.edits(edit.source))[0] if everything else edit
    left = await context.services.erase_edit(chosen.id)
    action = "remove-all" if chosen.number == 0 else "remove"
    await context.record(action, owner, reason)
    remains = f"\n{context.say('mod.left', count=left)}" if left else ""
    await context.answer(context.say(f"mod.done.{action}") + remains, view=None)
