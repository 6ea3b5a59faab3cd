"""Every way in which a server's rules say no.

PolicyError
├── Paused              nobody is served here for now
│   └── Draining        … and what was asked before is being finished
├── Blocked             the member may not use the bot in this server
│   └── BlockedUntil    ``until`` a time
├── ChannelClosed       not in this channel
├── AgeRestrictedOnly   only in age-restricted channels
├── ConsentNeeded       the member has not agreed to the notice
├── SpoilerNeeded       pictures have to be sent as spoilers
├── RefusedWord         a word that the server does not want; which ``word``, only its moderators are told
├── NoQuota             the member's roles may ask for nothing
├── CoolingDown         again in ``count`` seconds
│   └── Resting         again at ``again``, which is some time off
└── QuotaSpent          ``count`` wishes a day are used up; again at ``again``
BadRefusedWord          an ``entry`` that cannot be looked for
BadDuration             no length of time (``text``)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import BotError


@dataclass(frozen=True)
class Moment:
    """A point in time inside a sentence; a front end that shows each reader their own time puts its own text in its place."""

    at: datetime

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class PolicyError(BotError):
    """Base of what a server's rules refuse."""

    key = "policy.refused"


class Paused(PolicyError):
    """Nobody is served in this server for now."""

    key = "policy.paused"


class Draining(Paused):
    """Nothing new is taken in this server for now; what was asked before is being finished."""

    key = "policy.draining"


class Blocked(PolicyError):
    """The member may not use the bot in this server."""

    key = "policy.blocked"


class BlockedUntil(Blocked):
    """The member may not use the bot in this server ``until`` a Moment."""

    key = "policy.blocked-until"


class ChannelClosed(PolicyError):
    """The bot is not for this channel."""

    key = "policy.channel-closed"


class AgeRestrictedOnly(PolicyError):
    """The bot is only for age-restricted channels."""

    key = "policy.age-restricted-only"


class ConsentNeeded(PolicyError):
    """The member has to agree to the notice first."""

    key = "policy.consent-needed"


class SpoilerNeeded(PolicyError):
    """Pictures have to be marked as spoilers."""

    key = "policy.spoiler-needed"


class RefusedWord(PolicyError):
    """The wish has a ``word`` in it that the server does not want; the sentence does not repeat it."""

    key = "policy.refused-word"


class CoolingDown(PolicyError):
    """The member may ask again in ``count`` seconds."""

    key = "policy.cooling-down"


class Resting(CoolingDown):
    """The member may ask ``again`` at a Moment, further off than one counts in seconds."""

    key = "policy.resting"


class QuotaSpent(PolicyError):
    """The member has used up ``count`` wishes a day, and may ask ``again`` at a Moment."""

    key = "policy.quota-spent"


class NoQuota(PolicyError):
    """The moderators let the member's roles ask for nothing."""

    key = "policy.quota-none"


class BadRefusedWord(BotError):
    """An ``entry`` for the list of refused words that cannot be looked for."""

    key = "policy.bad-refused-word"


class BadDuration(BotError):
    """A ``text`` that names no length of time."""

    key = "policy.bad-duration"
