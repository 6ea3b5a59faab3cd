"""Names: members, channels, times and values as they are written in a message, without pinging anybody."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import discord

from bot import locales
from bot.locales import Locale

_FORGOTTEN = re.compile(r"<?(?:@[!&]?)?~[0-9a-f]{40}>?")
MOST_QUOTED = 200


def member(outside_id: str, locale: Locale) -> str:
    """A mention, or that the member was forgotten."""
    return locale.say("mod.forgotten-member") if outside_id.startswith("~") else f"<@{outside_id}>"


def channel(outside_id: str) -> str:
    """A mention of a channel."""
    return f"<#{outside_id}>"


def role(outside_id: str) -> str:
    """A mention of a role."""
    return f"<@&{outside_id}>"


def moment(at: datetime, style: Any = "f") -> str:
    """A time as each reader's own."""
    return discord.utils.format_dt(at, style)


def until(at: datetime | None, locale: Locale) -> str:
    """How long a block lasts."""
    return locale.say("mod.for-good") if at is None else locale.say("mod.until", moment=moment(at))


def quoted(text: str, locale: Locale) -> str:
    """Words of somebody else: in one line, not too long, and without their markup."""
    line = " ".join(text.split())
    line = line if len(line) <= MOST_QUOTED else f"{line[:MOST_QUOTED]}…"
    known = _FORGOTTEN.sub(lambda _: locale.say("mod.forgotten-member"), line)
    return discord.utils.escape_markdown(discord.utils.escape_mentions(known))


def value(name: str, what: Any, locale: Locale) -> str:
    """The value of a setting in words."""
    if isinstance(what, bool):
        return locale.say("mod.value.on" if what else "mod.value.off")
    if not what and what != 0:
        return (
            locale.say(f"mod.unset.{name}")
            if f"mod.unset.{name}" in locale.texts
            else locale.say("mod.value.none")
        )
    if name == "cooldown_seconds":
        return length(float(what), locale)
    if name == "language":
        return locales.get(what).name if what in {one.code for one in locales.every()} else str(what)
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
