"""The journal: what moderators did, as a sentence, written down for good and told in the server's log channel.

Written down first: a log channel that is gone or closed loses nothing.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

import discord

from bot import locales
from bot.discord.commands.moderation import names
from bot.discord.requests.request import PLATFORM
from bot.locales import Locale
from storage.servers import Audit, ServerSettings

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)


async def record(
    bot: Bot,
    guild: discord.Object | discord.Guild,
    actor: int,
    action: str,
    target: str | None = None,
    reason: str | None = None,
    **details: Any,
) -> str | None:
    """Write down what a moderator did, and tell the log channel; returns the id of that channel where it cannot be told."""
    server = str(guild.id)
    audit = await bot.access.servers.record(PLATFORM, server, str(actor), action, target, reason, **details)
    settings = await bot.access.settings(server)
    if settings.log_channel is None:
        return None
    try:
        channel = bot.get_partial_messageable(int(settings.log_channel), guild_id=guild.id)
        await channel.send(entry(audit, language(settings, guild)), silent=True)
    except discord.HTTPException as error:
        logger.info("a log channel cannot be written to: HTTP %d, code %d", error.status, error.code)
        return settings.log_channel
    return None


def language(settings: ServerSettings, guild: discord.Object | discord.Guild) -> Locale:
    """The language of a server: as its moderators chose, else as it is set in Discord."""
    own = guild.preferred_locale.value if isinstance(guild, discord.Guild) else None
    return locales.locale_of(preferred=settings.language or own)


def entry(audit: Audit, locale: Locale) -> str:
    """A record as one line: when, who, what, whom and why."""
    key = f"mod.did.{audit.action}"
    said = locale.say(key if key in locale.texts else "mod.did.unknown", **_values(audit, locale))
    line = locale.say("mod.entry", moment=names.moment(audit.created_at), what=said)
    if audit.reason:
        line = locale.say("mod.entry.why", entry=line, reason=names.quoted(audit.reason, locale))
    return line


def _values(audit: Audit, locale: Locale) -> dict[str, Any]:
    """What a sentence of the journal may speak of; details of other versions of the bot are left alone."""
    details = audit.details
    target = audit.target or ""
    values: dict[str, Any] = {"actor": names.member(audit.actor, locale), "action": audit.action}
    if audit.action.startswith("channel-"):
        values["target"] = names.channel(target)
    elif audit.action == "role-quota":
        values["target"] = names.role(target)
        count = details.get("count")
        values["value"] = (
            locale.say("mod.value.none") if count is None else names.value("quota_per_day", count, locale)
        )
    elif audit.action == "setting":
        values["name"] = (
            locale.say(f"mod.setting.{target}") if f"mod.setting.{target}" in locale.texts else target
        )
        values["value"] = names.value(target, details.get("value"), locale)
    elif audit.action.startswith("word-"):
        values["target"] = names.quoted(str(details.get("word", "")), locale)
    else:
        values["target"] = names.member(target, locale) if target else ""
        until = details.get("until")
        values["until"] = names.until(datetime.fromisoformat(until) if until else None, locale)
    return values
