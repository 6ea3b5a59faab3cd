"""Removal of a result everywhere: its messages, its file, and its place in the history."""

from __future__ import annotations

import re
from typing import Any, Self

import discord
from discord import app_commands

from bot.discord.commands.moderation.blocks import Reason
from bot.discord.commands.moderation.context import Act
from bot.discord.commands.moderation.group import command, option
from bot.discord.errors import NoSuchMessage, NotAResult
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import interactions
from bot.locales import Locale
from storage.errors import NotFound
from storage.history import Edit

_LINK = re.compile(
    r"<?https://(?:\w+\.)?discord(?:app)?\.com/channels/(?P<server>\d+)/(?P<channel>\d+)/(?P<message>\d+)/?>?"
)
_ID = re.compile(r"(?:(?P<channel>\d{15,20})-)?(?P<message>\d{15,20})")
Interaction = discord.Interaction[Any]


class RemoveButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"remove:(?P<what>one|all):(?P<edit>[0-9]{1,18})"
):
    """The second press that removing by the menu needs: this result, or the picture with all that was made of it."""

    def __init__(self, what: str, edit: int, locale: Locale) -> None:
        label = locale.say(f"mod.button.remove-{what}")
        super().__init__(
            discord.ui.Button(
                label=label, style=discord.ButtonStyle.danger, custom_id=f"remove:{what}:{edit}"
            )
        )
        self.what, self.edit = what, edit

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuilt from what Discord sends back."""
        return cls(match["what"], int(match["edit"]), interactions.locale_of(interaction))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Remove, and say so in place of the question."""
        async with interactions.answered(interaction):
            _permitted(interaction)
            await interaction.response.defer()
            act = Act.of(interaction)
            said = await removed(act, await _here(act, self.edit), self.what == "all", None)
            await interaction.edit_original_response(content="\n".join(said), view=None)


def _permitted(interaction: Interaction) -> None:
    """Raises MissingPermissions."""
    if not interaction.permissions.manage_messages:
        raise app_commands.MissingPermissions(["manage_messages"])


@command("remove", "manage_messages")
@option("message", "everything", "reason")
async def remove(
    interaction: Interaction,
    message: app_commands.Range[str, 15, 200],
    everything: bool = False,
    reason: Reason | None = None,
) -> None:
    """A result by the link to its message, or the message's id."""
    act = await Act.begin(interaction)
    edit = await shown_by(act, _number(message, act))
    await act.tell(*await removed(act, edit, everything, reason))


@app_commands.checks.has_permissions(manage_messages=True)
async def remove_this(interaction: Interaction, message: discord.Message) -> None:
    """The same from the message's menu; asks once more, as nothing brings it back."""
    act = await Act.begin(interaction)
    edit = await shown_by(act, str(message.id))
    view = discord.ui.View(timeout=None)
    for what in ("one", "all") if edit.number else ("all",):
        view.add_item(RemoveButton(what, edit.id, act.locale))
    await interaction.edit_original_response(content=act.locale.say("mod.confirm.remove"), view=view)


def _number(text: str, act: Act) -> str:
    """The message's id from what was typed. Raises NoSuchMessage."""
    link, number = _LINK.fullmatch(text.strip()), _ID.fullmatch(text.strip())
    if link is not None and link["server"] == act.server:
        return link["message"]
    if number is None:
        raise NoSuchMessage
    return number["message"]


async def shown_by(act: Act, message: str) -> Edit:
    """The edit that a message of this server shows. Raises NotAResult."""
    found = await act.bot.history.edit_of_message(PLATFORM, message)
    if found is None:
        raise NotAResult
    return await _here(act, found.id)


async def _here(act: Act, number: int) -> Edit:
    """An edit that was made in this server; moderators of one have no say in another. Raises NotAResult."""
    try:
        edit = await act.bot.history.edit(number)
        conversation = await act.bot.history.conversation_by_id(edit.conversation)
    except NotFound:
        raise NotAResult from None
    if conversation.server != act.server:
        raise NotAResult
    return edit


async def removed(act: Act, edit: Edit, everything: bool, reason: str | None) -> list[str]:
    """Remove, write that down, and return what to say."""
    _, owner = await act.bot.history.owner(edit.id)
    chosen = (await act.bot.history.edits(edit.source))[0] if everything else edit
    left = await act.bot.forgetting.edit(chosen.id)
    action = "remove-all" if chosen.number == 0 else "remove"
    note = await act.record(action, owner, reason)
    said = act.locale.say(f"mod.done.{action}")
    return [one for one in (said, act.locale.say("mod.left", count=left) if left else "", note) if one]
