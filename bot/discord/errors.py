"""What only Discord's members can run into.

BotError
├── NotYourButton      the buttons under a picture are its owner's
├── OthersAvatar       another member's picture or avatar, where the server does not allow it
├── NothingHere        a message without a picture
├── MenuTooOld         a form whose message is not known any more
├── MayNotAttach       no permission to send pictures here
├── MayNotReply        no permission to read what was said here before, and so none to reply
├── MayNotModerate     no ``permissions`` for what only moderators do
├── WishCancelled      a moderator ended the wish
└── TooMany            too many wishes waiting (``when`` to come back)
"""

from __future__ import annotations

from bot.errors import BotError


class NotYourButton(BotError):
    """The buttons under a picture are its owner's."""

    key = "discord.error.not-your-button"


class OthersAvatar(BotError):
    """Another member's picture or avatar, where the server does not allow it."""

    key = "discord.error.others-avatar"


class NothingHere(BotError):
    """The message holds no picture."""

    key = "discord.error.nothing-here"


class MenuTooOld(BotError):
    """The form's message is not known any more."""

    key = "discord.error.menu-too-old"


class MayNotReply(BotError):
    """The bot may write in a channel, and may not read its history, which replies need."""

    key = "discord.error.may-not-reply"


class MayNotModerate(BotError):
    """The member lacks ``permissions`` for what only moderators do."""

    key = "discord.error.may-not-moderate"


class WishCancelled(BotError):
    """A moderator ended the wish."""

    key = "discord.error.wish-cancelled"


class TooMany(BotError):
    """A member has too many wishes waiting; ``when`` to come back, as Discord writes times."""

    key = "discord.error.too-many"


class MayNotAttach(BotError):
    """The bot may write in a channel, and may not send files."""

    key = "discord.error.may-not-attach"
