"""The Discord front end: mention the bot with a picture and an edit request, then reply to continue.

Imports go down only: connection > client > commands > dispatch > ui > builders, permission_check > services >
attachments, policy > request > errors.
"""

from bot.discord.client import Bot
from bot.discord.connection import DiscordConnection

__all__ = ["Bot", "DiscordConnection"]
