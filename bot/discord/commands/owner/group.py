"""The group ``/owner``, who may use it, and the audit log of its commands."""

from __future__ import annotations

from functools import partial
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.definitions import described, options
from bot.discord.dispatch import deferred
from bot.discord.errors import NotTheOwner
from bot.discord.requests.request import PLATFORM
from bot.discord.ui.interactions import Interaction, locale_of, services_of
from bot.locales import Locale

_ROLES = (discord.TeamMemberRole.admin, discord.TeamMemberRole.developer)
"""Members of a team who may change the application at Discord; others may only see its statistics."""

group = app_commands.Group(
    **described("owner.command.owner"), default_permissions=discord.Permissions(administrator=True)
)
option = partial(options, "owner.option")


def command(name: str) -> Any:
    """A decorator for a command of the group."""
    return app_commands.command(**described(f"owner.command.{name}"))


def owners(application: discord.AppInfo) -> frozenset[int]:
    """The ids of the application's owner, or of the members of its team who joined and may change it."""
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    joined = [m for m in team.members if m.membership_state is discord.TeamMembershipState.accepted]
    owner = {team.owner_id} if team.owner_id else set()
    return frozenset({m.id for m in joined if m.role in _ROLES} | owner)


async def check_owner(interaction: Interaction) -> None:
    """Check that the owner asks. Discord is asked each time, so that a former team member is out at once.

    Raises:
        NotTheOwner: somebody else asks.
    """
    if interaction.user.id not in owners(await interaction.client.application_info()):
        raise NotTheOwner


async def begin(interaction: Interaction) -> Locale:
    """Acknowledge a command privately; returns the owner's language. Raises NotTheOwner."""
    await deferred.defer(interaction)
    await check_owner(interaction)
    return locale_of(interaction)


async def record(
    interaction: Interaction,
    action: str,
    target: str | None = None,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Record what the owner did in the audit log, under no server."""
    actor = str(interaction.user.id)
    await services_of(interaction).servers.record(PLATFORM, None, actor, action, target, reason, **details)
