"""The Discord front end: mention the bot with a picture and a wish, reply to go on."""

from bot.discord.client import Bot
from bot.discord.service import Service

__all__ = ["Bot", "Service"]
