"""``/owner reload``: the editor reads its bundles anew, so that a new model is there without a restart."""

from __future__ import annotations

from bot.discord.commands import members
from bot.discord.commands.owner.group import Interaction, begin, command, record
from bot.discord.ui import interactions, view


@command("reload")
async def reload(interaction: Interaction) -> None:
    """Have the bundles read, and say what is there and what is not any more."""
    locale, conversations = await begin(interaction), interactions.bot_of(interaction).conversations
    before = {bundle.name for bundle in await conversations.editor.bundles()}
    now = [bundle.name for bundle in await conversations.bundles.reload()]
    await record(interaction, "reload", bundles=now)
    lines = [locale.say("owner.reloaded", names=locale.quoted(now))]
    if gone := sorted(before - set(now)):
        lines.append(locale.say("owner.reloaded.gone", names=locale.quoted(gone)))
    await members.show(interaction, view.sentence(locale.joined(lines)))
