"""What only the commands of the bot's owner can run into.

BotError
└── NotTheOwner     whoever asks does not own the bot's application
"""

from __future__ import annotations

from bot.errors import BotError


class NotTheOwner(BotError):
    """The commands are for whoever owns the application at Discord, alone or as one of a team."""

    key = "owner.error.not-the-owner"
