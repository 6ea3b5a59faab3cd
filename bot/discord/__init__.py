"""The Discord front end: mention the bot with a picture and a wish, reply to go on."""

from bot.discord.client import Bot, run

__all__ = ["Bot", "run"]
