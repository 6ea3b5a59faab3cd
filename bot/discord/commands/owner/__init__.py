"""``/owner``: what the owner of the bot can do inside Discord, in the one server that OWNER_SERVER names."""

from bot.discord.commands.owner.broadcast import announce
from bot.discord.commands.owner.bundles import reload
from bot.discord.commands.owner.group import group
from bot.discord.commands.owner.status import status
from bot.discord.commands.owner.training import train

__all__ = ["group"]

for _command in (status, reload, train, announce):
    group.add_command(_command)
