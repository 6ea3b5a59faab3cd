"""Members, times, settings and audit records as text in a message, without pinging anybody."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import discord

from bot import locales
from bot.locales import Locale
from storage.inbox import InboxItem
from storage.servers import Audit

MAX_QUOTED = 200
_ERASED = re.compile(r"<?(?:@[!&]?)?~[0-9a-f]{40}>?")
"""The name that storage gives to a member whose data was erased."""


def member(external_id: str, locale: Locale) -> str:
    """A mention, or that the member's data was erased."""
    return locale.say("mod.forgotten-member") if external_id.startswith("~") else f"<@{external_id}>"


def until(at: datetime | None, locale: Locale) -> str:
    """How long a block lasts; for good if None."""
    if at is None:
        return locale.say("mod.for-good")
    return locale.say("mod.until", moment=discord.utils.format_dt(at, "f"))


def quoted(text: str, locale: Locale) -> str:
    """Somebody else's words in one line, shortened, with markup and mentions escaped."""
    line = " ".join(text.split())
    line = line if len(line) <= MAX_QUOTED else f"{line[:MAX_QUOTED]}…"
    line = _ERASED.sub(lambda _: locale.say("mod.forgotten-member"), line)
    return discord.utils.escape_markdown(discord.utils.escape_mentions(line))


def with_reason(line: str, reason: str | None, locale: Locale) -> str:
    """A line with the reason that a moderator gave, if any."""
    return locale.say("mod.entry.why", entry=line, reason=quoted(reason, locale)) if reason else line


def request(key: str, item: InboxItem, state: str, locale: Locale) -> str:
    """A request as one line; buttons and some commands have no words."""
    quote = locale.say("list.quote", item=quoted(item.text, locale))
    return locale.say(
        key,
        member=member(item.user, locale),
        channel=f"<#{item.place}>",
        moment=discord.utils.format_dt(item.created_at, "R"),
        text=quote if item.text else locale.say("mod.wish.wordless"),
        state=state,
    )


def setting(name: str, value: Any, locale: Locale) -> str:
    """The value of a setting in words."""
    if isinstance(value, bool):
        return locale.say("mod.value.on" if value else "mod.value.off")
    if not value and (value != 0 or name == "cooldown_seconds"):
        unset = f"mod.unset.{name}"
        return locale.say(unset if unset in locale.texts else "mod.value.none")
    match name:
        case "cooldown_seconds":
            return _length(float(value), locale)
        case "language":
            return next((language.name for language in locales.every() if language.code == value), str(value))
        case "log_channel" | "channels_allowed" | "channels_denied":
            return locale.listed([f"<#{one}>" for one in ([value] if isinstance(value, str) else value)])
        case "quota_per_day" | "retention_days":
            return locale.say(f"mod.count.{name}", count=value)
    return str(value)


def _length(seconds: float, locale: Locale) -> str:
    """A length of time in its largest whole unit."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size and seconds % size == 0:
            return locale.say(f"mod.length.{unit}", count=int(seconds // size))
    return locale.say("mod.length.seconds", count=round(seconds))


def record(entry: Audit, locale: Locale) -> str:
    """A record of the audit log as one line: when, who, what, whom and why."""
    key = f"mod.did.{entry.action}"
    values = {"actor": member(entry.actor, locale), "action": entry.action} | _values(entry, locale)
    text = locale.say(key if key in locale.texts else "mod.did.unknown", **values)
    moment = discord.utils.format_dt(entry.created_at, "f")
    return with_reason(locale.say("mod.entry", moment=moment, what=text), entry.reason, locale)


def _values(entry: Audit, locale: Locale) -> dict[str, str]:
    """The values in the sentence of a record. Unknown details, of other versions of the bot, are ignored."""
    details, target = entry.details, entry.target or ""
    if entry.action.startswith("channel-"):
        return {"target": f"<#{target}>"}
    if entry.action == "role-quota":
        count = details.get("count")
        none = locale.say("mod.value.none")
        value = none if count is None else setting("quota_per_day", count, locale)
        return {"target": f"<@&{target}>", "value": value}
    if entry.action == "setting":
        name = f"mod.setting.{target}"
        value = setting(target, details.get("value"), locale)
        return {"name": locale.say(name) if name in locale.texts else target, "value": value}
    if entry.action.startswith("word-"):
        return {"target": quoted(str(details.get("word", "")), locale)}
    end = details.get("until")
    ends = until(datetime.fromisoformat(end) if end else None, locale)
    return {"target": member(target, locale) if target else "", "until": ends}
