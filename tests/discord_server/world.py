"""The state of the server: guilds, channels, members, messages, files, commands, and a clock that tests can
advance."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tests.discord_server import objects, permissions

if TYPE_CHECKING:
    from tests.discord_server.gateway import Gateway
    from tests.discord_server.interactions import Interaction

Json = dict[str, Any]
Found = TypeVar("Found")
MIB = 1024 * 1024
_UPLOADS = {0: 10 * MIB, 1: 10 * MIB, 2: 50 * MIB, 3: 100 * MIB}


class Clock:
    """Seconds since 1970; ``advance`` moves it forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """The current time."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._ahead += seconds


@dataclass
class Guild:
    """A guild; its objects have the shape that Discord sends. ``bot_in``: whether the bot is a member."""

    id: str
    name: str
    owner_id: str = objects.OWNER
    roles: dict[str, Json] = field(default_factory=dict)
    channels: dict[str, Json] = field(default_factory=dict)
    members: dict[str, Json] = field(default_factory=dict)
    premium_tier: int = 0
    locale: str = "en-US"
    bot_in: bool = True
    system_channel: str | None = None
    upload_limit: int | None = None
    """In bytes; None for the limit of the tier."""

    def max_upload(self) -> int:
        """The largest attachment in bytes."""
        return self.upload_limit or _UPLOADS[self.premium_tier]

    def member(self, user: Json) -> Json:
        """The user as a member; an unknown user becomes one."""
        return self.members.setdefault(user["id"], objects.member(user))

    def permissions(self, user: Json, channel: Json | None = None) -> int:
        """A member's permissions; those of a thread are its channel's."""
        if channel is not None and channel["type"] == objects.THREAD:
            channel = self.channels[channel["parent_id"]]
        return permissions.computed(self.id, self.owner_id, self.roles, self.member(user), channel)

    def partial(self) -> Json:
        """The guild as interactions contain it."""
        return {"id": self.id, "features": [], "locale": self.locale}

    def rest(self) -> Json:
        """The guild as REST sends it."""
        nothing = (
            "icon",
            "description",
            "home_header",
            "splash",
            "discovery_splash",
            "banner",
            "application_id",
            "afk_channel_id",
            "widget_channel_id",
            "max_presences",
            "vanity_url_code",
            "rules_channel_id",
            "safety_alerts_channel_id",
            "public_updates_channel_id",
            "incidents_data",
        )
        return dict.fromkeys(nothing) | {
            "id": self.id,
            "name": self.name,
            "features": [],
            "owner_id": self.owner_id,
            "region": "deprecated",
            "system_channel_id": self.system_channel,
            "afk_timeout": 300,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "verification_level": 0,
            "roles": list(self.roles.values()),
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_members": 500000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "premium_tier": self.premium_tier,
            "premium_subscription_count": 0,
            "preferred_locale": self.locale,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
        }

    def created(self) -> Json:
        """The guild as GUILD_CREATE sends it: without the presences intent, the bot is the only member in
        it."""
        channels = [c for c in self.channels.values() if c["type"] != objects.THREAD]
        threads = [c for c in self.channels.values() if c["type"] == objects.THREAD]
        return self.rest() | {
            "channels": channels,
            "threads": threads,
            "members": [self.member(objects.me())],
            "member_count": len(self.members),
            "large": False,
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
            "unavailable": False,
            "joined_at": objects.JOINED,
        }


class World:
    """The whole state; ``complaints`` collects what the real Discord would not have accepted."""

    def __init__(self) -> None:
        self.base = ""
        self.clock = Clock()
        self.guilds: dict[str, Guild] = {}
        self.private: dict[str, Json] = {}
        self.users: dict[str, Json] = {
            objects.BOT: objects.me(),
            objects.OWNER: objects.user(objects.OWNER, "owner"),
        }
        self.messages: dict[str, Json] = {}
        self.deleted: dict[str, Json] = {}
        self.files: dict[str, tuple[bytes, str]] = {}
        self.avatars: dict[str, bytes] = {}
        self.commands: dict[str | None, list[Json]] = {}
        self.interactions: dict[str, Interaction] = {}
        self.nonces: dict[tuple[str, str], tuple[float, str]] = {}
        self.closed_to_bot: set[str] = set()
        self.complaints: list[str] = []
        self.typing = 0
        self.patience = 3.0
        self.shards = 1
        self.privileged = 0
        self.gateway: Gateway
        self._news = asyncio.Condition()

    # looking up

    def guild_of(self, channel_id: str) -> Guild | None:
        """The guild of a channel; None for direct messages."""
        return next((guild for guild in self.guilds.values() if channel_id in guild.channels), None)

    def channel(self, channel_id: str) -> Json | None:
        """A channel of any kind."""
        guild = self.guild_of(channel_id)
        return guild.channels[channel_id] if guild else self.private.get(channel_id)

    def direct(self, user: Json) -> Json:
        """The bot's direct channel with a user."""
        self.users.setdefault(user["id"], user)
        own = (c for c in self.private.values() if [r["id"] for r in c["recipients"]] == [user["id"]])
        if (known := next(own, None)) is None:
            known = objects.direct_channel(objects.snowflake(), [user])
            self.private[known["id"]] = known
        return known

    def bot_permissions(self, channel_id: str) -> int:
        """The bot's permissions in a channel; none where it is not a member."""
        guild = self.guild_of(channel_id)
        if guild is None:
            own = self.private.get(channel_id, {}).get("type") == objects.DIRECT
            return permissions.DIRECT if own else 0
        return guild.permissions(objects.me(), guild.channels[channel_id]) if guild.bot_in else 0

    def rendered(self, message: Json) -> Json:
        """A message as it is sent, with the message that it replies to."""
        reference = message.get("message_reference")
        if message["type"] != 19 or reference is None:
            return dict(message)
        return message | {"referenced_message": self.messages.get(reference["message_id"])}

    def upload(self, channel_id: str, name: str, data: bytes, content_type: str | None = None) -> Json:
        """Put a file on the CDN; returns its attachment."""
        attachment = objects.attachment(self.base, name, data, content_type, channel_id)
        self.files[attachment["id"]] = (data, attachment["content_type"])
        return attachment

    # changes

    async def tell(self) -> None:
        """Wake everybody who waits for a change."""
        async with self._news:
            self._news.notify_all()

    async def until(self, found: Callable[[], Found | None], seconds: float, pause: float = 0.01) -> Found:
        """Return what ``found`` returns, as soon as it is true. Raises TimeoutError.

        ``pause`` is the least number of seconds between two calls, so that many waiting tests do not slow
        everything down.
        """
        async with asyncio.timeout(seconds):
            while True:
                async with self._news:
                    if result := found():
                        return result
                    await self._news.wait()
                await asyncio.sleep(pause)

    # events of messages

    def announce(self, event: str, message: Json) -> None:
        """Send MESSAGE_CREATE or MESSAGE_UPDATE, unless only one member can see the message."""
        guild = self.guild_of(message["channel_id"])
        if message["flags"] & objects.EPHEMERAL or (
            guild is not None and not self.visible(message["channel_id"])
        ):
            return
        channel = self.channel(message["channel_id"])
        if guild is None and (channel is None or channel["type"] == objects.GROUP):
            return
        sent = self.rendered(message)
        if guild is not None:
            sent["guild_id"] = guild.id
            if message["author"]["id"] in guild.members:
                sent["member"] = {
                    k: v for k, v in guild.members[message["author"]["id"]].items() if k != "user"
                }
        self.gateway.dispatch(event, sent, guild.id if guild else None)

    def expel(self, guild: Guild) -> None:
        """Remove the bot from a guild: it was kicked, or it left."""
        self.gateway.dispatch("GUILD_DELETE", {"id": guild.id}, guild.id)
        guild.bot_in = False
        guild.members.pop(objects.BOT, None)

    def visible(self, channel_id: str) -> bool:
        """Whether the bot can see a channel."""
        return bool(self.bot_permissions(channel_id) & permissions.VIEW_CHANNEL)

    def remove(self, message: Json) -> None:
        """Delete a message."""
        if self.messages.pop(message["id"], None) is not None:
            self.deleted[message["id"]] = message
        guild = self.guild_of(message["channel_id"])
        if message["flags"] & objects.EPHEMERAL or (
            guild is not None and not self.visible(message["channel_id"])
        ):
            return
        gone = {"id": message["id"], "channel_id": message["channel_id"]} | (
            {"guild_id": guild.id} if guild else {}
        )
        self.gateway.dispatch("MESSAGE_DELETE", gone, guild.id if guild else None)
