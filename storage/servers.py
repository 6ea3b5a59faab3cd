"""What is kept of an outside server: its settings, its blocks, and the record of what moderators did.

Members are named by their outside ids. After a member's data was deleted, an *alias* replaces the id: a keyed
hash that does not reveal the id, but by which a block still applies when the member comes back.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database, add_new
from storage.schema import AUDITS, BLOCKS, SECRET, SERVERS, now

_BLOCKS = select(BLOCKS.c.member, BLOCKS.c.until, BLOCKS.c.reason, BLOCKS.c.actor, BLOCKS.c.created_at)
_AUDITS = select(*(column for column in AUDITS.c if column.name not in ("server_id", "platform")))


@dataclass(frozen=True)
class ServerSettings:
    """The settings of a server. Channels and roles are outside ids."""

    language: str | None = None
    bundle: str | None = None
    visible_mark: bool = False
    require_consent: bool = False
    require_spoilers: bool = False
    open_buttons: bool = False
    """Members may press the buttons of other members' pictures."""
    others_avatars: bool = False
    """Members may edit the avatars of other members."""
    log_channel: str | None = None
    refused_words: tuple[str, ...] = ()
    channels_allowed: tuple[str, ...] = ()
    """If there are any, the bot answers only in these."""
    channels_denied: tuple[str, ...] = ()
    age_restricted_only: bool = False
    quota_per_day: int | None = None
    role_quotas: dict[str, int] = field(default_factory=dict)
    cooldown_seconds: float = 0.0
    retention_days: int | None = None
    """None: as long as everywhere."""
    forget_leavers: bool = False
    paused: bool = False
    drained_at: float | None = None
    """Requests made before this time (seconds since 1970) are still done while paused; None: none."""


@dataclass(frozen=True)
class Block:
    """A blocked member; ``until`` is None for good.

    ``member`` is an alias if the member's data was deleted.
    """

    member: str
    until: datetime | None
    reason: str | None
    actor: str
    created_at: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether the block is still in force."""
        return self.until is None or self.until > moment


@dataclass(frozen=True)
class Audit:
    """An entry of the record: who did what to whom or what, when and why."""

    id: int
    actor: str
    action: str
    target: str | None
    reason: str | None
    details: dict[str, Any]
    created_at: datetime


def _settings(row: Row[Any] | None) -> ServerSettings:
    """The settings of a row. Names that this version does not know stay in the row and are ignored."""
    known = {one.name for one in fields(ServerSettings)}
    stored: dict[str, Any] = row.settings if row else {}
    values = {name: value for name, value in stored.items() if name in known}
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return ServerSettings(**values | lists)


async def alias(connection: AsyncConnection, platform: str, member: str) -> str:
    """Return the alias of a member: a keyed hash that starts with a tilde."""
    secret = await _secret(connection)
    if secret is None:
        await add_new(connection, SECRET, id=1, value=secrets.token_hex(32))
        secret = await _secret(connection)
        assert secret is not None
    return "~" + hmac.new(secret.encode(), f"{platform}:{member}".encode(), hashlib.sha256).hexdigest()[:40]


async def _secret(connection: AsyncConnection) -> str | None:
    return (await connection.execute(select(SECRET.c.value).where(SECRET.c.id == 1))).scalar_one_or_none()


def _is_server(platform: str, server: str) -> Any:
    return (SERVERS.c.platform == platform) & (SERVERS.c.outside_id == server)


async def _lock_server(connection: AsyncConnection, platform: str, server: str) -> Row[Any]:
    """The row of a server, added if it is new, and locked until the transaction ends."""
    await add_new(connection, SERVERS, platform=platform, outside_id=server, settings={})
    query = select(SERVERS).where(_is_server(platform, server)).with_for_update(key_share=True)
    return (await connection.execute(query)).one()


class Servers:
    """The servers of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # settings

    async def settings(self, platform: str, server: str) -> ServerSettings:
        """Return a server's settings; those never changed have their defaults."""
        async with self.database.read() as connection:
            query = select(SERVERS.c.settings).where(_is_server(platform, server))
            return _settings((await connection.execute(query)).one_or_none())

    async def change(self, platform: str, server: str, **changes: Any) -> ServerSettings:
        """Change some settings and return all; concurrent changes of others are kept.

        Raises TypeError for unknown names.
        """
        return await self._change(platform, server, lambda settings: changes)

    async def add_to(self, platform: str, server: str, name: str, value: str) -> ServerSettings:
        """Add a value to a setting that is a list, unless it is in it already."""

        def add(settings: ServerSettings) -> dict[str, Any]:
            return {name: (*(one for one in getattr(settings, name) if one != value), value)}

        return await self._change(platform, server, add)

    async def take_from(self, platform: str, server: str, name: str, value: str) -> ServerSettings:
        """Remove a value from a setting that is a list."""

        def remove(settings: ServerSettings) -> dict[str, Any]:
            return {name: tuple(one for one in getattr(settings, name) if one != value)}

        return await self._change(platform, server, remove)

    async def set_role_quota(
        self, platform: str, server: str, role: str, quota: int | None
    ) -> ServerSettings:
        """Set how many requests a day the members of a role may make; None: as many as everybody."""

        def change(settings: ServerSettings) -> dict[str, Any]:
            quotas = settings.role_quotas | {role: quota}
            return {"role_quotas": {one: count for one, count in quotas.items() if count is not None}}

        return await self._change(platform, server, change)

    async def _change(
        self, platform: str, server: str, changes: Callable[[ServerSettings], dict[str, Any]]
    ) -> ServerSettings:
        """Read, change and write settings in one transaction."""
        async with self.database.write() as connection:
            row = await _lock_server(connection, platform, server)
            before = _settings(row)
            settings = replace(before, **changes(before))
            stored = row.settings | asdict(settings)
            await connection.execute(update(SERVERS).where(SERVERS.c.id == row.id).values(settings=stored))
        return settings

    async def with_retention(self) -> list[tuple[str, str, int]]:
        """Return platform, server and days of each server that set how long pictures are kept."""
        async with self.database.read() as connection:
            rows = await connection.execute(select(SERVERS))
            found = [(row.platform, row.outside_id, _settings(row).retention_days) for row in rows]
        return [(platform, server, days) for platform, server, days in found if days is not None]

    # blocks

    async def block(
        self, platform: str, server: str, member: str, until: datetime | None, reason: str | None, actor: str
    ) -> Block:
        """Block a member until a time, or for good (None). It replaces an earlier block."""
        block = Block(member, until, reason, actor, now())
        async with self.database.write() as connection:
            number, _ = await self._lift(connection, platform, server, member)
            await connection.execute(insert(BLOCKS).values(server_id=number, **vars(block)))
        return block

    async def unblock(self, platform: str, server: str, member: str) -> bool:
        """Lift a block, also by its alias; False if there was none."""
        async with self.database.write() as connection:
            _, found = await self._lift(connection, platform, server, member)
        return found

    async def _lift(
        self, connection: AsyncConnection, platform: str, server: str, member: str
    ) -> tuple[int, bool]:
        """Delete a member's block; returns the id of the server's row, and whether there was a block."""
        number = (await _lock_server(connection, platform, server)).id
        names = (member, await alias(connection, platform, member))
        lifted = delete(BLOCKS).where(BLOCKS.c.server_id == number, BLOCKS.c.member.in_(names))
        return number, (await connection.execute(lifted)).rowcount > 0

    async def blocked(self, platform: str, server: str, member: str, moment: datetime) -> Block | None:
        """Return the block in force for a member, if any."""
        blocks = {block.member: block for block in await self.blocks(platform, server, moment)}
        if not blocks or member in blocks:
            return blocks.get(member)
        async with self.database.read() as connection:
            known = await _secret(connection) is not None
            return blocks.get(await alias(connection, platform, member)) if known else None

    async def blocks(self, platform: str, server: str, moment: datetime) -> list[Block]:
        """Return the blocks in force, newest first."""
        query = _BLOCKS.join(SERVERS, SERVERS.c.id == BLOCKS.c.server_id)
        query = query.where(_is_server(platform, server)).order_by(BLOCKS.c.id.desc())
        async with self.database.read() as connection:
            found = [Block(*row) for row in await connection.execute(query)]
        return [block for block in found if block.holds(moment)]

    # audit

    async def record(
        self,
        platform: str,
        server: str | None,
        actor: str,
        action: str,
        target: str | None = None,
        reason: str | None = None,
        **details: Any,
    ) -> Audit:
        """Record an action; ``server`` is None for what the owner of the bot did to the bot."""
        values: dict[str, Any] = {
            "platform": platform,
            "created_at": now(),
            "actor": actor,
            "action": action,
            "target": target,
            "reason": reason,
            "details": details,
        }
        async with self.database.write() as connection:
            number = None if server is None else (await _lock_server(connection, platform, server)).id
            new = insert(AUDITS).values(server_id=number, **values)
            return Audit(*(await connection.execute(new.returning(*_AUDITS.selected_columns))).one())

    async def audits(
        self,
        platform: str,
        server: str | None,
        before: int | None = None,
        limit: int = 10,
        *,
        after: int | None = None,
    ) -> list[Audit]:
        """Return at most ``limit`` entries, newest first: the latest, or those next to an id."""
        query = _AUDITS.where(AUDITS.c.platform == platform)
        if server is None:
            query = query.where(AUDITS.c.server_id.is_(None))
        else:
            query = query.join(SERVERS, SERVERS.c.id == AUDITS.c.server_id)
            query = query.where(_is_server(platform, server))
        query = query if before is None else query.where(AUDITS.c.id < before)
        query = query if after is None else query.where(AUDITS.c.id > after)
        query = query.order_by(AUDITS.c.id.desc() if after is None else AUDITS.c.id).limit(limit)
        async with self.database.read() as connection:
            found = [Audit(*row) for row in await connection.execute(query)]
        return found if after is None else found[::-1]
