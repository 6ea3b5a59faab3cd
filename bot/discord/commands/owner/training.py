"""``/owner train``: a mapper for one prompt, which takes minutes; its message lives until it is ready, and then says so anew."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.conversation.messages import job_of
from bot.discord.commands.owner.group import Interaction, command, demand_owner, option, record
from bot.discord.dispatch.progress import LiveMessage
from bot.discord.requests import builders
from bot.discord.requests.request import Asking, one
from bot.discord.ui import interactions
from bot.discord.ui.view import Card
from bot.locales import locale_of
from editor.api import protocol as wire

if TYPE_CHECKING:
    from bot.discord.client import Bot

MOST_PROMPT, MOST_MINUTES = 200, 120.0
_READY = 9
"""Attempt of the nonce under which the owner is called, however often the bot is killed meanwhile."""


@command("train")
@option("prompt", "minutes")
async def train(
    interaction: Interaction,
    prompt: app_commands.Range[str, 1, MOST_PROMPT],
    minutes: app_commands.Range[float, 0.1, MOST_MINUTES] = 3.0,
) -> None:
    """Have a mapper trained and kept; a bot that is stopped goes on with it at its next start."""
    await demand_owner(interaction)
    await record(interaction, "train", target=prompt, minutes=minutes)
    asking = await builders.of_command(
        interactions.bot_of(interaction),
        interaction,
        text=prompt,
        kind="train",
        actions=one("train", minutes=minutes),
    )
    await interactions.to_desk(interaction, asking, partial(builders.acknowledge, interaction))


async def trained(bot: Bot, asking: Asking, live: LiveMessage) -> Card:
    """Have it done by the editor, and call the owner. Raises EditorError."""
    minutes = (asking.actions or ())[0]["minutes"]
    request = wire.TrainMapperRequest(bundle=bot.conversations.bundle, prompt=asking.text, minutes=minutes)
    job = wire.Job(user=asking.user, request=request)
    result = await bot.conversations.editor.run(job_of(asking.key), job, live.progress)
    assert isinstance(result, wire.TrainMapperResult)
    locale = locale_of(preferred=asking.locale)
    text = locale.say(
        "owner.trained" if result.kept else "owner.trained.not-kept",
        prompt=discord.utils.escape_markdown(result.prompt),
    )
    if live.message is not None:  # it took a while: a message that changes calls nobody
        called = f"<@{asking.user}> {discord.utils.escape_mentions(text)}"
        mentions = discord.AllowedMentions(everyone=False, roles=False, users=True)
        await live.outlet.channel.send(called, nonce=asking.nonce(_READY), allowed_mentions=mentions)
    return Card(text)
