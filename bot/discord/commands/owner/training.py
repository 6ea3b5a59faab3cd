"""``/owner train``: train a mapper for one prompt and notify the owner when it is ready."""

from __future__ import annotations

from functools import partial

from discord import app_commands

from bot.discord.commands.owner.group import Interaction, check_owner, command, option, record
from bot.discord.requests import builders
from bot.discord.ui.interactions import dispatch, services_of

MAX_TRAINING_PROMPT = 200
"""Characters."""
MAX_MINUTES = 120.0


@command("train")
@option("prompt", "minutes")
async def train(
    interaction: Interaction,
    prompt: app_commands.Range[str, 1, MAX_TRAINING_PROMPT],
    minutes: app_commands.Range[float, 0.1, MAX_MINUTES] = 3.0,
) -> None:
    """Train a mapper and keep it; if the bot is stopped meanwhile, it continues at its next start."""
    await check_owner(interaction)
    await record(interaction, "train", target=prompt, minutes=minutes)
    request = await services_of(interaction).requests.from_command(
        interaction, text=prompt, kind="train", minutes=minutes
    )
    await dispatch(interaction, request, partial(builders.acknowledge, interaction))
