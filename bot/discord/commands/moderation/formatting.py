"""Members, channels, times and values as text in a message, without pinging anybody."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import discord

from bot import locales
from bot.locales import Locale
from storage.inbox import InboxItem

MAX_QUOTED = 200
_ERASED = re.compile(r"<?(?:@[!&]?)?~[0-9a-f]{40}>?")
"""The name that storage gives to a member whose data was erased."""


def member(external_id: str, locale: Locale) -> str:
    """A mention, or that the member's data was erased."""
    return locale.say("mod.forgotten-member") if external_id.startswith("~") else f"<@{external_id}>"


def channel(external_id: str) -> str:
    """A mention of a channel."""
    return f"<#{external_id}>"


def role(external_id: str) -> str:
    """A mention of a role."""
    return f"<@&{external_id}>"


def moment(at: datetime, style: Any = "f") -> str:
    """A time that Discord shows in each reader's time zone."""
    return discord.utils.format_dt(at, style)


def until(at: datetime | None, locale: Locale) -> str:
    """How long a block lasts; for good if None."""
    return locale.say("mod.for-good") if at is None else locale.say("mod.until", moment=moment(at))


def quoted(text: str, locale: Locale) -> str:
    """Somebody else's words in one line, shortened, with markup and mentions escaped."""
    line = " ".join(text.split())
    line = line if len(line) <= MAX_QUOTED else f"{line[:MAX_QUOTED]}…"
    line = _ERASED.sub(lambda _: locale.say("mod.forgotten-member"), line)
    return discord.utils.escape_markdown(discord.utils.escape_mentions(line))


def request_text(item: InboxItem, locale: Locale) -> str:
    """The words of a request; buttons and some commands have none."""
    if not item.text:
        return locale.say("mod.wish.wordless")
    return locale.say("list.quote", item=quoted(item.text, locale))


def setting_text(name: str, what: Any, locale: Locale) -> str:
    """Return the value of a setting in words."""
    if isinstance(what, bool):
        return locale.say("mod.value.on" if what else "mod.value.off")
    if not what and what != 0:
        unset = f"mod.unset.{name}"
        return locale.say(unset if unset in locale.texts else "mod.value.none")
    if name == "cooldown_seconds":
        return length(float(what), locale)
    if name == "language":
        return next((language.name for language in locales.every() if language.code == what), str(what))
    if name in ("log_channel", "channels_allowed", "channels_denied"):
        return locale.listed([channel(one) for one in ([what] if isinstance(what, str) else what)])
    if name in ("quota_per_day", "retention_days"):
        return locale.say(f"mod.count.{name}", count=what)
    return str(what)


def length(seconds: float, locale: Locale) -> str:
    """A length of time in its largest whole unit."""
    if not seconds:
        return locale.say("mod.unset.cooldown_seconds")
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size and seconds % size == 0:
            return locale.say(f"mod.length.{unit}", count=int(seconds // size))
    return locale.say("mod.length.seconds", count=round(seconds))
