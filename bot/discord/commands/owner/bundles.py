"""``/owner reload``: the editor reads its bundles again, so that a new model needs no restart."""

from __future__ import annotations

from bot.discord.commands.owner.group import Interaction, begin, command, record
from bot.discord.ui.interactions import services_of
from bot.discord.ui.view import sentence, show_privately


@command("reload")
async def reload(interaction: Interaction) -> None:
    """Reload the bundles, and say which are there and which are gone."""
    locale, conversations = await begin(interaction), services_of(interaction).conversations
    before = {bundle.name for bundle in await conversations.editor.bundles()}
    now = [bundle.name for bundle in await conversations.bundles.reload()]
    await record(interaction, "reload", bundles=now)
    lines = [locale.say("owner.reloaded", names=locale.quoted(now))]
    if gone := sorted(before - set(now)):
        lines.append(locale.say("owner.reloaded.gone", names=locale.quoted(gone)))
    await show_privately(interaction, sentence(locale.joined(lines)))
