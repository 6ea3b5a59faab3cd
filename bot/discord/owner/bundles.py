"""``/owner reload``: the editor reads its bundles anew, so that a new model is there without a restart."""

from __future__ import annotations

from bot.discord import cards, commands, presses
from bot.discord.owner.group import Interaction, begin, command, record


@command("reload")
async def reload(interaction: Interaction) -> None:
    """Have the bundles read, and say what is there and what is not any more."""
    locale, conversations = await begin(interaction), presses.bot_of(interaction).conversations
    before = {bundle.name for bundle in await conversations.editor.bundles()}
    now = [bundle.name for bundle in await conversations.reload_bundles()]
    await record(interaction, "reload", bundles=now)
    lines = [locale.say("owner.reloaded", names=locale.quoted(now))]
    if gone := sorted(before - set(now)):
        lines.append(locale.say("owner.reloaded.gone", names=locale.quoted(gone)))
    await commands.show(interaction, cards.sentence(locale.joined(lines)))
