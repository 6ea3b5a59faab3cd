"""What only moderators can run into.

BotError
├── Untouchable       a member who cannot be blocked
│   ├── Oneself
│   ├── TheBot
│   └── Moderator     another moderator of this server
├── NotAResult        a message that shows no result made in this server
├── NoSuchMessage     a ``text`` that is neither a link to a message of this server nor an id
├── TooManyWords      the list of refused words holds ``most``
├── UnknownChoice     a ``text`` that is not among what can be chosen
└── AnsweredAlready   the wish to cancel is done
"""

from __future__ import annotations

from bot.errors import BotError


class Untouchable(BotError):
    """A member who cannot be blocked."""


class Oneself(Untouchable):
    """Whoever runs the command."""

    key = "mod.error.oneself"


class TheBot(Untouchable):
    """The bot."""

    key = "mod.error.the-bot"


class Moderator(Untouchable):
    """Another moderator of this server."""

    key = "mod.error.moderator"


class NotAResult(BotError):
    """The message shows no result made in this server."""

    key = "mod.error.not-a-result"


class NoSuchMessage(BotError):
    """The ``text`` is neither a link to a message of this server nor an id."""

    key = "mod.error.no-such-message"


class TooManyWords(BotError):
    """The list of refused words holds ``most`` already."""

    key = "mod.error.too-many-words"


class UnknownChoice(BotError):
    """The ``text`` is not among what can be chosen."""

    key = "mod.error.unknown-choice"


class AnsweredAlready(BotError):
    """The wish to cancel is done, or was never there."""

    key = "mod.error.answered-already"
