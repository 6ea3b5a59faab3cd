"""Sets up and changes guilds, channels, roles and members."""

from __future__ import annotations

import json
from typing import Any

from tests.discord_server import objects, permissions
from tests.discord_server.world import Guild, Json, World


class Building:
    """What the owners of guilds can do; the bot gets the same events as from Discord."""

    world: World

    def add_guild(
        self,
        name: str,
        channels: dict[str, str] | None = None,
        *,
        number: str | None = None,
        shard: int | None = None,
        bot_in: bool = True,
        bot_permissions: int | None = None,
        locale: str = "en-US",
        premium_tier: int = 0,
    ) -> Guild:
        """Add a guild with text channels (ids to names).

        Args:
            name: its name.
            channels: its channels; one by default.
            number: its id; a new one by default.
            shard: the shard to put it on.
            bot_in: whether the bot is a member.
            bot_permissions: permissions of the bot's own role; without them it has those of @everyone.
            locale: its language.
            premium_tier: decides the upload limit.
        """
        known = number or (
            objects.snowflake() if shard is None else objects.snowflake_for(shard, self.world.shards)
        )
        guild = Guild(known, name, locale=locale, premium_tier=premium_tier, bot_in=bot_in)
        guild.roles[guild.id] = objects.role(guild.id, "@everyone", permissions.USUAL, position=0)
        guild.members[objects.OWNER] = objects.member(self.world.users[objects.OWNER])
        self.world.guilds[guild.id] = guild
        for channel_id, channel_name in (channels or {objects.snowflake(): "portraits"}).items():
            guild.channels[channel_id] = objects.channel(
                channel_id, channel_name, guild.id, position=len(guild.channels)
            )
        if bot_in:
            self.invite_bot(guild, bot_permissions)
        return guild

    def invite_bot(self, guild: Guild, bot_permissions: int | None = None) -> None:
        """Add the bot to a guild, with a role of its own if it gets permissions."""
        guild.bot_in = True
        roles: tuple[str, ...] = ()
        if bot_permissions is not None:
            role = objects.role(objects.snowflake(), "editor", bot_permissions, managed=True)
            guild.roles[role["id"]] = role
            roles = (role["id"],)
        guild.members[objects.BOT] = objects.member(objects.me(), roles)
        joined = {
            key: value for key, value in guild.created().items() if key != "unavailable"
        }  # only known guilds come back
        self._tell("GUILD_CREATE", joined, guild)

    def kick_bot(self, guild: Guild) -> None:
        """Remove the bot from a guild."""
        self.world.expel(guild)

    def add_channel(self, guild: Guild, name: str, *, nsfw: bool = False) -> Json:
        """Add a text channel, age-restricted or not."""
        channel = objects.channel(objects.snowflake(), name, guild.id, nsfw, len(guild.channels))
        guild.channels[channel["id"]] = channel
        self._tell("CHANNEL_CREATE", channel, guild)
        return channel

    def add_thread(self, parent: Json, name: str) -> Json:
        """Add a public thread to a text channel."""
        guild = self.world.guilds[parent["guild_id"]]
        thread = objects.thread(objects.snowflake(), name, parent)
        guild.channels[thread["id"]] = thread
        self._tell("THREAD_CREATE", thread | {"newly_created": True}, guild)
        return thread

    def delete_channel(self, channel: Json) -> None:
        """Delete a channel with its messages."""
        guild = self.world.guilds[channel["guild_id"]]
        self._tell("CHANNEL_DELETE", channel, guild)
        guild.channels.pop(channel["id"], None)
        for message_id in [m["id"] for m in self.world.messages.values() if m["channel_id"] == channel["id"]]:
            self.world.deleted[message_id] = self.world.messages.pop(message_id)

    def overwrite(self, channel: Json, target: Json | str, *, allow: int = 0, deny: int = 0) -> None:
        """Allow or deny permissions in a channel to a role (its object, or the guild's id for @everyone) or
        to a user."""
        guild = self.world.guilds[channel["guild_id"]]
        number = target if isinstance(target, str) else target["id"]
        kind = 0 if number in guild.roles else 1
        kept = [o for o in channel["permission_overwrites"] if o["id"] != number]
        channel["permission_overwrites"] = [
            *kept,
            {"id": number, "type": kind, "allow": str(allow), "deny": str(deny)},
        ]
        self._tell("CHANNEL_UPDATE", channel, guild)

    def add_role(self, guild: Guild, name: str, granted: int) -> Json:
        """Add a role with more permissions than @everyone."""
        role = objects.role(objects.snowflake(), name, granted, position=len(guild.roles))
        guild.roles[role["id"]] = role
        self._tell("GUILD_ROLE_CREATE", {"guild_id": guild.id, "role": role}, guild)
        return role

    def join(self, guild: Guild, user: Json, roles: tuple[Json, ...] = ()) -> Json:
        """Make a user a member of a guild."""
        self.world.users[user["id"]] = user
        member = guild.members[user["id"]] = objects.member(user, tuple(role["id"] for role in roles))
        self._tell("GUILD_MEMBER_ADD", member | {"guild_id": guild.id}, guild)
        return member

    def leave(self, guild: Guild, user: Json) -> None:
        """Remove a member from a guild."""
        guild.members.pop(user["id"], None)
        self._tell("GUILD_MEMBER_REMOVE", {"guild_id": guild.id, "user": user}, guild)

    def add_avatar(self, user: Json, data: bytes, avatar: str = "a1b2c3") -> None:
        """Give a user an avatar, served at ``discord.Asset.BASE`` (the server's ``base``)."""
        user["avatar"] = avatar
        self.world.users[user["id"]] = user
        self.world.avatars[user["id"]] = data

    def private_channel(self, *users: Json) -> Json:
        """Add a private channel among users, without the bot."""
        channel = objects.direct_channel(objects.snowflake(), list(users) * (2 if len(users) == 1 else 1))
        self.world.private[channel["id"]] = channel
        return channel

    def _tell(self, event: str, data: Any, guild: Guild) -> None:
        if guild.bot_in and hasattr(self.world, "gateway"):
            self.world.gateway.dispatch(event, json.loads(json.dumps(data)), guild.id)
