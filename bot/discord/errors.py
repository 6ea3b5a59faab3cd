"""All errors that only Discord can cause, from starting the client to the commands of owners.

StartError (bot.errors)
├── PermissionsMissing   the bot lacks ``permissions`` in the server or channel ``place``
├── IntentMissing        Discord does not grant the bot the privileged ``intent``
├── LeaversUnheard       the server ``place`` wants data of leaving members erased, but HEAR_LEAVERS is off
└── ShardsRefused        Discord does not accept SHARD_COUNT
BotError (bot.errors)
├── NotYourButton        the buttons under a picture belong to somebody else
├── OthersAvatar         the server does not allow editing another member's picture or avatar
├── NothingHere          the message has no picture
├── MenuTooOld           the bot no longer knows what this button, menu, form or command was for
├── MayNotAttach         the bot may write in this channel, but not send files
├── MayNotReply          the bot may write in this channel, but not read its history, which replies need
├── WishCancelled        a moderator cancelled the request
├── TooMany              the member already has too many requests waiting; try again at ``when``
├── MayNotModerate       the member lacks ``permissions`` that a command for moderators needs
├── CannotBlock          base of members who cannot be blocked
│   ├── Oneself          the moderator who runs the command
│   ├── TheBot           the bot
│   └── Moderator        another moderator of this server, ``member``
├── NotAResult           the message shows no picture that the bot made in this server
├── NoSuchMessage        the text is neither a link to a message of this server nor a message id
├── TooManyWords         the list of refused words already has ``most`` entries
├── UnknownChoice        ``text`` is not one of the choices (``known``)
├── AnsweredAlready      the request to cancel is already answered
└── NotTheOwner          the command is only for the owner of the bot's application

The class names are also the ``outcome`` labels of the metrics.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import discord

from bot.errors import BotError, StartError

logger = logging.getLogger(__name__)


class PermissionsMissing(StartError):
    key = "start.permissions"


class IntentMissing(StartError):
    key = "start.intent"


class LeaversUnheard(StartError):
    key = "start.leavers"


class ShardsRefused(StartError):
    key = "start.shards"


class NotYourButton(BotError):
    key = "discord.error.not-your-button"


class OthersAvatar(BotError):
    key = "discord.error.others-avatar"


class NothingHere(BotError):
    key = "discord.error.nothing-here"


class MenuTooOld(BotError):
    key = "discord.error.menu-too-old"


class MayNotAttach(BotError):
    key = "discord.error.may-not-attach"


class MayNotReply(BotError):
    key = "discord.error.may-not-reply"


class WishCancelled(BotError):
    key = "discord.error.wish-cancelled"


class TooMany(BotError):
    key = "discord.error.too-many"


class MayNotModerate(BotError):
    key = "discord.error.may-not-moderate"


class CannotBlock(BotError):
    pass


class Oneself(CannotBlock):
    key = "mod.error.oneself"


class TheBot(CannotBlock):
    key = "mod.error.the-bot"


class Moderator(CannotBlock):
    key = "mod.error.moderator"


class NotAResult(BotError):
    key = "mod.error.not-a-result"


class NoSuchMessage(BotError):
    key = "mod.error.no-such-message"


class TooManyWords(BotError):
    key = "mod.error.too-many-words"


class UnknownChoice(BotError):
    key = "mod.error.unknown-choice"


class AnsweredAlready(BotError):
    key = "mod.error.answered-already"


class NotTheOwner(BotError):
    key = "owner.error.not-the-owner"


@contextmanager
def http_error_logged(problem: str, level: int = logging.INFO) -> Iterator[None]:
    """Log an error of Discord's HTTP API inside the block as ``problem``, and carry on after the block."""
    try:
        yield
    except discord.HTTPException as error:
        logger.log(level, "%s: HTTP %d, code %d", problem, error.status, error.code)
