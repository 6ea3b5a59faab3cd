"""The group ``/owner``, who may use it, and the record of what they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.translator import named
from bot.discord.dispatch import deferred
from bot.discord.errors import NotTheOwner
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import interactions
from bot.locales import Locale

Interaction = discord.Interaction[Any]

_ROLES = (discord.TeamMemberRole.admin, discord.TeamMemberRole.developer)
"""Of a team's members, those who may change the bot at Discord too; not those who only look at its figures."""

group = app_commands.Group(
    name=named("owner.command.owner.name"),
    description=named("owner.command.owner"),
    default_permissions=discord.Permissions(administrator=True),
)


def command(name: str) -> Callable[[Any], Any]:
    """A command with the texts of its name."""
    return app_commands.command(
        name=named(f"owner.command.{name}.name"), description=named(f"owner.command.{name}")
    )


def option(*names: str) -> Callable[[Any], Any]:
    """Names and descriptions of a command's options."""

    def decorate(callback: Any) -> Any:
        callback = app_commands.describe(**{name: named(f"owner.option.{name}") for name in names})(callback)
        return app_commands.rename(**{name: named(f"owner.option.{name}.name") for name in names})(callback)

    return decorate


def owners(application: discord.AppInfo) -> frozenset[int]:
    """Who owns the bot: a person, or those of a team who joined it and may change it."""
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    joined = [m for m in team.members if m.membership_state is discord.TeamMembershipState.accepted]
    return frozenset(
        {m.id for m in joined if m.role in _ROLES} | ({team.owner_id} if team.owner_id else set())
    )


async def demand_owner(interaction: Interaction) -> None:
    """Discord is asked anew each time, so that who leaves the team is out at once. Raises NotTheOwner."""
    if interaction.user.id not in owners(await interactions.bot_of(interaction).application_info()):
        raise NotTheOwner


async def begin(interaction: Interaction) -> Locale:
    """Acknowledge, to the asker alone, and let only the owner pass; returns their language. Raises NotTheOwner."""
    await deferred.make(interaction)
    await demand_owner(interaction)
    return interactions.locale_of(interaction)


async def record(
    interaction: Interaction,
    action: str,
    target: str | None = None,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Write down what was done, for nobody's server in particular."""
    servers = interactions.bot_of(interaction).access.servers
    await servers.record(PLATFORM, None, str(interaction.user.id), action, target, reason, **details)
