"""What moderators did, as sentences, and the log channel where a server may show them.

A record is stored before it is posted, so nothing is lost when the log channel is gone or closed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import discord

from bot import locales
from bot.discord.commands.moderation import formatting
from bot.discord.errors import http_error_logged
from bot.discord.services import Services
from bot.locales import Locale
from storage.servers import Audit


async def post(services: Services, guild: discord.Object | discord.Guild, record: Audit) -> str | None:
    """Post a record in the server's log channel, if any; returns its id if it is closed to the bot."""
    settings = await services.access.settings(str(guild.id))
    if settings.log_channel is None:
        return None
    preferred = guild.preferred_locale.value if isinstance(guild, discord.Guild) else None
    locale = locales.locale_of(preferred=settings.language or preferred)
    with http_error_logged("a log channel cannot be written to"):
        channel = services.client.get_partial_messageable(int(settings.log_channel), guild_id=guild.id)
        await channel.send(sentence(record, locale), silent=True)
        return None
    return settings.log_channel


def sentence(record: Audit, locale: Locale) -> str:
    """A record as one line: when, who, what, whom and why."""
    key = f"mod.did.{record.action}"
    text = locale.say(key if key in locale.texts else "mod.did.unknown", **_values(record, locale))
    line = locale.say("mod.entry", moment=formatting.moment(record.created_at), what=text)
    if record.reason:
        reason = formatting.quoted(record.reason, locale)
        line = locale.say("mod.entry.why", entry=line, reason=reason)
    return line


def _values(record: Audit, locale: Locale) -> dict[str, Any]:
    """The values in the sentence of a record. Unknown details, of other versions of the bot, are ignored."""
    details, target = record.details, record.target or ""
    values: dict[str, Any] = {"actor": formatting.member(record.actor, locale), "action": record.action}
    if record.action.startswith("channel-"):
        values["target"] = formatting.channel(target)
    elif record.action == "role-quota":
        count = details.get("count")
        values["target"] = formatting.role(target)
        values["value"] = (
            locale.say("mod.value.none")
            if count is None
            else formatting.setting_text("quota_per_day", count, locale)
        )
    elif record.action == "setting":
        name = f"mod.setting.{target}"
        values["name"] = locale.say(name) if name in locale.texts else target
        values["value"] = formatting.setting_text(target, details.get("value"), locale)
    elif record.action.startswith("word-"):
        values["target"] = formatting.quoted(str(details.get("word", "")), locale)
    else:
        until = details.get("until")
        values["target"] = formatting.member(target, locale) if target else ""
        values["until"] = formatting.until(datetime.fromisoformat(until) if until else None, locale)
    return values
