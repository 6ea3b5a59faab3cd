"""Every way in which a server's rules refuse a request.

PolicyError
├── Paused              the bot serves nobody in this server for now
│   └── Draining        … and finishes earlier requests
├── Blocked             the member may not use the bot in this server
│   └── BlockedUntil    … ``until`` a Moment
├── ChannelClosed       the bot may not be used in this channel
├── AgeRestrictedOnly   the bot may be used only in age-restricted channels
├── ConsentNeeded       the member has not agreed to the privacy notice
├── SpoilerNeeded       pictures must be marked as spoilers
├── RefusedWord         the request contains a refused ``word``, which only moderators are told
├── NoQuota             the member's roles may make no requests
├── CoolingDown         the member may ask again in ``count`` seconds
│   └── Resting         … or, if that is long, ``again`` at a Moment
└── QuotaSpent          the ``count`` requests of a day are used up; the member may ask ``again`` at a Moment
BadRefusedWord          an ``entry`` for the list of refused words cannot be searched for
BadDuration             a ``text`` is not a length of time

The name of each class is also the outcome that metrics and logs show.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import BotError


@dataclass(frozen=True)
class Moment:
    """A point in time in a sentence. A front end may replace it by text in the reader's own time zone."""

    at: datetime

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class PolicyError(BotError):
    key = "policy.refused"


class Paused(PolicyError):
    key = "policy.paused"


class Draining(Paused):
    key = "policy.draining"


class Blocked(PolicyError):
    key = "policy.blocked"


class BlockedUntil(Blocked):
    key = "policy.blocked-until"


class ChannelClosed(PolicyError):
    key = "policy.channel-closed"


class AgeRestrictedOnly(PolicyError):
    key = "policy.age-restricted-only"


class ConsentNeeded(PolicyError):
    key = "policy.consent-needed"


class SpoilerNeeded(PolicyError):
    key = "policy.spoiler-needed"


class RefusedWord(PolicyError):
    key = "policy.refused-word"


class CoolingDown(PolicyError):
    key = "policy.cooling-down"


class Resting(CoolingDown):
    key = "policy.resting"


class QuotaSpent(PolicyError):
    key = "policy.quota-spent"


class NoQuota(PolicyError):
    key = "policy.quota-none"


class BadRefusedWord(BotError):
    key = "policy.bad-refused-word"


class BadDuration(BotError):
    key = "policy.bad-duration"
