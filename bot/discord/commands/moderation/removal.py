"""Removes a result everywhere: its messages, its file, and its place in the history."""

from __future__ import annotations

import re

import discord
from discord import app_commands

from bot.discord.commands.definitions import named
from bot.discord.commands.moderation.blocks import Reason
from bot.discord.commands.moderation.context import CommandContext
from bot.discord.commands.moderation.decorators import CONTEXTS, INSTALLS, check_permission, command, option
from bot.discord.dispatch.erasure import erase_edit
from bot.discord.errors import NoSuchMessage, NotAResult
from bot.discord.requests.request import PLATFORM
from bot.discord.ui.interactions import Interaction
from bot.discord.ui.items import PersistentItem, view_of
from bot.locales import Locale
from storage.errors import NotFound
from storage.records import Edit

_LINK = re.compile(
    r"<?https://(?:\w+\.)?discord(?:app)?\.com/channels/(?P<server>\d+)/(?P<channel>\d+)/(?P<message>\d+)/?>?"
)
_ID = re.compile(r"(?:(?P<channel>\d{15,20})-)?(?P<message>\d{15,20})")


class RemoveButton(PersistentItem, template=r"remove:(?P<what>one|all):(?P<edit>[0-9]{1,18})"):
    """Confirms the removal of one result, or of a picture with everything made from it."""

    @classmethod
    def create(cls, what: str, edit: int, locale: Locale) -> RemoveButton:
        """The button that removes ``what``: "one" or "all"."""
        label, style = locale.say(f"mod.button.remove-{what}"), discord.ButtonStyle.danger
        return cls(discord.ui.Button(label=label, style=style, custom_id=f"remove:{what}:{edit}"))

    async def respond(self, interaction: Interaction) -> None:
        """Remove, and say so in place of the question."""
        check_permission(interaction, "manage_messages")
        await interaction.response.defer()
        context = CommandContext.of(interaction)
        edit = await _edit_of_server(context, int(self.state["edit"]))
        sentences = await _remove(context, edit, self.state["what"] == "all", None)
        await interaction.edit_original_response(content="\n".join(filter(None, sentences)), view=None)


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
    await context.tell(*await _remove(context, edit, everything, reason))


@app_commands.checks.has_permissions(manage_messages=True)
async def remove_this(interaction: Interaction, message: discord.Message) -> None:
    """Remove the result in a message, after a question, since nothing brings it back."""
    context = await CommandContext.begin(interaction)
    edit = await _edit_in_message(context, str(message.id))
    whats = ("one", "all") if edit.number else ("all",)
    view = view_of(*(RemoveButton.create(what, edit.id, context.locale) for what in whats))
    await interaction.edit_original_response(content=context.locale.say("mod.confirm.remove"), view=view)


menu = app_commands.ContextMenu(name=named("mod.menu.remove"), callback=remove_this)
menu.default_permissions = discord.Permissions(manage_messages=True)
menu.allowed_contexts, menu.allowed_installs = CONTEXTS, INSTALLS


def _message_id(text: str, context: CommandContext) -> str:
    """The id of a message of this server from a link or an id. Raises NoSuchMessage."""
    link, number = _LINK.fullmatch(text.strip()), _ID.fullmatch(text.strip())
    if link is not None and link["server"] == context.server:
        return link["message"]
    if number is None:
        raise NoSuchMessage
    return number["message"]


async def _edit_in_message(context: CommandContext, message: str) -> Edit:
    """The edit that a message of this server shows. Raises NotAResult."""
    found = await context.services.history.edit_of_message(PLATFORM, message)
    if found is None:
        raise NotAResult
    return await _edit_of_server(context, found.id)


async def _edit_of_server(context: CommandContext, number: int) -> Edit:
    """An edit that was made in this server. Raises NotAResult if it is deleted or of another server."""
    history = context.services.history
    try:
        edit = await history.edit(number)
        conversation = await history.conversation_by_id(edit.conversation)
    except NotFound:
        raise NotAResult from None
    if conversation.server != context.server:
        raise NotAResult
    return edit


async def _remove(context: CommandContext, edit: Edit, everything: bool, reason: str | None) -> list[str]:
    """Remove, record that, and return what to say, some of which may be empty."""
    history, say = context.services.history, context.locale.say
    _, owner = await history.owner(edit.id)
    chosen = (await history.edits(edit.source))[0] if everything else edit
    left = await erase_edit(context.services, chosen.id)
    action = "remove-all" if chosen.number == 0 else "remove"
    warning = await context.record(action, owner, reason)
    return [say(f"mod.done.{action}"), say("mod.left", count=left) if left else "", warning]
