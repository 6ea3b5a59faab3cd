"""All errors that only Discord can cause, from starting the client to the commands of owners.

The class names are also the ``outcome`` labels of the metrics.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import discord

from bot.errors import BotError, StartError

logger = logging.getLogger(__name__)


class PermissionsMissing(StartError):
    """The bot lacks ``permissions`` in the server or channel ``place``."""

    key = "start.permissions"


class IntentMissing(StartError):
    """Discord does not grant the bot the privileged ``intent``."""

    key = "start.intent"


class LeaversUnheard(StartError):
    """The server ``place`` wants data of leaving members erased, but HEAR_LEAVERS is off."""

    key = "start.leavers"


class ShardsRefused(StartError):
    """Discord does not accept SHARD_COUNT."""

    key = "start.shards"


class DiscordError(BotError):
    """Base of what members are told. The key of a text is the prefix and the class's name with hyphens."""

    prefix: ClassVar[str] = "discord.error"

    def __init_subclass__(cls) -> None:
        if "key" not in vars(cls):
            cls.key = f"{cls.prefix}.{re.sub(r'(?<!^)(?=[A-Z])', '-', cls.__name__).lower()}"


class NotYourButton(DiscordError):
    """The buttons under a picture belong to somebody else."""


class OthersAvatar(DiscordError):
    """The server does not allow editing another member's picture or avatar."""


class NothingHere(DiscordError):
    """The message has no picture."""


class MenuTooOld(DiscordError):
    """The bot no longer knows what this button, menu, form or command was for."""


class MayNotAttach(DiscordError):
    """The bot may write in this channel, but not send files."""


class MayNotReply(DiscordError):
    """The bot may write in this channel, but not read its history, which replies need."""


class WishCancelled(DiscordError):
    """A moderator cancelled the request."""


class TooMany(DiscordError):
    """The member already has too many requests waiting; they may try again at ``when``."""


class MayNotModerate(DiscordError):
    """The member lacks ``permissions`` that a command for moderators needs."""


class NotTheOwner(DiscordError):
    """The command is only for the owner of the bot's application."""

    prefix = "owner.error"


class ModeratorError(DiscordError):
    """Base of what moderators are told."""

    prefix, key = "mod.error", "error.unforeseen"


class Oneself(ModeratorError):
    """Moderators cannot block themselves."""


class TheBot(ModeratorError):
    """The bot cannot be blocked."""


class Moderator(ModeratorError):
    """Another moderator of this server, ``member``, cannot be blocked."""


class NotAResult(ModeratorError):
    """The message shows no picture that the bot made in this server."""


class NoSuchMessage(ModeratorError):
    """The text is neither a link to a message of this server nor a message id."""


class TooManyWords(ModeratorError):
    """The list of refused words already has ``most`` entries."""


class UnknownChoice(ModeratorError):
    """``text`` is not one of the choices (``known``)."""


class AnsweredAlready(ModeratorError):
    """The request to cancel is already answered."""


class PolicyError(DiscordError):
    """A server's rules do not allow the request."""

    prefix, key = "policy", "policy.refused"


class Paused(PolicyError):
    """The bot serves nobody in this server for now."""


class Draining(Paused):
    """… and finishes earlier requests."""


class Blocked(PolicyError):
    """The member may not use the bot in this server."""


class BlockedUntil(Blocked):
    """… ``until`` a time."""


class ChannelClosed(PolicyError):
    """The bot may not be used in this channel."""


class AgeRestrictedOnly(PolicyError):
    """The bot may be used only in age-restricted channels."""


class ConsentNeeded(PolicyError):
    """The member has not agreed to the privacy notice."""


class SpoilerNeeded(PolicyError):
    """Pictures must be marked as spoilers."""


class RefusedWord(PolicyError):
    """The request contains a refused ``word``, which only moderators are told."""


class NoQuota(PolicyError):
    """The member's roles may make no requests."""

    key = "policy.quota-none"


class CoolingDown(PolicyError):
    """The member may ask again in ``count`` seconds."""


class Resting(CoolingDown):
    """… or, if that is long, ``again`` at a time."""


class QuotaSpent(PolicyError):
    """The ``count`` requests of a day are used up; the member may ask ``again`` at a time."""


@contextmanager
def http_error_logged(problem: str, level: int = logging.INFO) -> Iterator[None]:
    """Log an error of Discord's HTTP API inside the block as ``problem``, and carry on after the block."""
    try:
        yield
    except discord.HTTPException as error:
        logger.log(level, "%s: HTTP %d, code %d", problem, error.status, error.code)
