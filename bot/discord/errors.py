"""All errors that only Discord can cause, from starting the client to the commands of owners."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import discord

from bot.errors import BotError, StartError

logger = logging.getLogger(__name__)

Reason = Literal[
    "discord.error.not-your-button",  # the buttons under a picture belong to somebody else
    "discord.error.others-avatar",  # the server does not allow editing another member's picture or avatar
    "discord.error.nothing-here",  # the message has no picture
    "discord.error.menu-too-old",  # this version does not know the button, menu, form or command
    "discord.error.may-not-attach",  # the bot may write in this channel, but not send files
    "discord.error.may-not-reply",  # … but not read its history, which replies need
    "discord.error.wish-cancelled",  # a moderator cancelled the request
    "discord.error.too-many",  # too many requests of the member wait; they may try again at ``when``
    "discord.error.may-not-moderate",  # the member lacks ``permissions`` that a moderator needs
    "policy.paused",  # the bot serves nobody in this server for now
    "policy.draining",  # … and finishes earlier requests
    "policy.blocked",  # the member may not use the bot in this server
    "policy.blocked-until",  # … ``until`` a time
    "policy.channel-closed",  # the bot may not be used in this channel
    "policy.age-restricted-only",  # the bot may be used only in age-restricted channels
    "policy.consent-needed",  # the member has not agreed to the privacy notice
    "policy.spoiler-needed",  # pictures must be marked as spoilers
    "policy.refused-word",  # the request contains a refused ``word``, which only moderators are told
    "policy.no-quota",  # the member's roles may make no requests
    "policy.cooling-down",  # the member may ask again in ``count`` seconds
    "policy.resting",  # … or, if that is long, ``again`` at a time
    "policy.quota-spent",  # the ``count`` requests of a day are used up until ``again``
    "mod.error.oneself",  # moderators cannot block themselves
    "mod.error.the-bot",  # the bot cannot be blocked
    "mod.error.moderator",  # ``member`` moderates this server too, and cannot be blocked
    "mod.error.not-a-result",  # the message shows no picture that the bot made in this server
    "mod.error.no-such-message",  # the text is neither a link to a message of this server nor an id
    "mod.error.too-many-words",  # the list of refused words already has ``most`` entries
    "mod.error.unknown-choice",  # ``text`` is not one of the choices (``known``)
    "mod.error.answered-already",  # the request to cancel is already answered
    "owner.error.not-the-owner",  # the command is only for the owner of the bot's application
]


class DiscordError(BotError):
    """What a member or moderator is told; ``reason`` is the key of its text, and ``values`` fill it in."""

    def __init__(self, reason: Reason, **values: Any) -> None:
        self.key = reason
        super().__init__(**values)

    @property
    def code(self) -> str:
        """The last part of the reason, written like a class."""
        return self.key.rpartition(".")[2].title().replace("-", "")


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


@contextmanager
def http_error_logged(problem: str, level: int = logging.INFO) -> Iterator[None]:
    """Log an error of Discord's HTTP API inside the block as ``problem``, and carry on after the block."""
    try:
        yield
    except discord.HTTPException as error:
        log_http_error(problem, error, level)


def log_http_error(problem: str, error: discord.HTTPException, level: int = logging.WARNING) -> None:
    """Log an error of Discord's HTTP API as ``problem``."""
    logger.log(level, "%s: HTTP %d, code %d", problem, error.status, error.code)
