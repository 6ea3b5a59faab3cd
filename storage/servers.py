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

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database, added
from storage.schema import AuditRow, BlockRow, SecretRow, ServerRow, now, utc


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


def _settings(row: ServerRow | None) -> ServerSettings:
    """The settings of a row. Names that this version does not know stay in the row and are ignored."""
    known = {one.name: one for one in fields(ServerSettings)}
    values = {name: value for name, value in (row.settings if row else {}).items() if name in known}
    listed: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return ServerSettings(**listed)


def _listing(settings: ServerSettings, name: str, value: str, keep: bool) -> ServerSettings:
    """The settings with ``value`` at the end of the list ``name``, or without it."""
    others = tuple(one for one in getattr(settings, name) if one != value)
    listed: dict[str, Any] = {name: (*others, value) if keep else others}
    return replace(settings, **listed)


def _block(row: BlockRow) -> Block:
    return Block(
        row.member, utc(row.until) if row.until else None, row.reason, row.actor, utc(row.created_at)
    )


def _audit(row: AuditRow) -> Audit:
    return Audit(row.id, row.actor, row.action, row.target, row.reason, row.details, utc(row.created_at))


async def alias(session: AsyncSession, platform: str, member: str) -> str:
    """Return the alias of a member: a keyed hash that starts with a tilde."""
    row = await session.get(SecretRow, 1)
    if row is None:
        await added(session, SecretRow, id=1, value=secrets.token_hex(32))
        row = await session.get_one(SecretRow, 1)
    return (
        "~" + hmac.new(row.value.encode(), f"{platform}:{member}".encode(), hashlib.sha256).hexdigest()[:40]
    )


async def find_server(session: AsyncSession, platform: str, server: str) -> ServerRow | None:
    """Return the row of a server, if there is one."""
    query = select(ServerRow).where(ServerRow.platform == platform, ServerRow.outside_id == server)
    return (await session.execute(query)).scalar_one_or_none()


async def _server_row(session: AsyncSession, platform: str, server: str) -> ServerRow:
    """The row of a server, made if it is new, and locked until the transaction ends."""
    if await find_server(session, platform, server) is None:
        await added(session, ServerRow, platform=platform, outside_id=server, settings={})
    query = select(ServerRow).where(ServerRow.platform == platform, ServerRow.outside_id == server)
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one()


class Servers:
    """The servers of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # settings

    async def settings(self, platform: str, server: str) -> ServerSettings:
        """Return a server's settings; those never changed have their defaults."""
        async with self.database.read() as session:
            return _settings(await find_server(session, platform, server))

    async def change(self, platform: str, server: str, **changes: Any) -> ServerSettings:
        """Change some settings and return all; concurrent changes of others are kept.

        Raises TypeError for unknown names.
        """
        return await self._changed(platform, server, lambda settings: replace(settings, **changes))

    async def add_to(self, platform: str, server: str, name: str, value: str) -> ServerSettings:
        """Add a value to a setting that is a list, unless it is in it already."""
        return await self._changed(
            platform, server, lambda settings: _listing(settings, name, value, keep=True)
        )

    async def take_from(self, platform: str, server: str, name: str, value: str) -> ServerSettings:
        """Remove a value from a setting that is a list."""
        return await self._changed(
            platform, server, lambda settings: _listing(settings, name, value, keep=False)
        )

    async def _changed(
        self, platform: str, server: str, make: Callable[[ServerSettings], ServerSettings]
    ) -> ServerSettings:
        """Read, change and write settings in one transaction."""
        async with self.database.write() as session:
            row = await _server_row(session, platform, server)
            settings = make(_settings(row))
            row.settings = row.settings | asdict(settings)
            return settings

    async def set_role_quota(
        self, platform: str, server: str, role: str, quota: int | None
    ) -> ServerSettings:
        """Set how many requests a day the members of a role may make; None: as many as everybody."""

        def changed(settings: ServerSettings) -> ServerSettings:
            others = {one: count for one, count in settings.role_quotas.items() if one != role}
            return replace(settings, role_quotas=others if quota is None else others | {role: quota})

        return await self._changed(platform, server, changed)

    async def with_retention(self) -> list[tuple[str, str, int]]:
        """Return platform, server and days of each server that set how long pictures are kept."""
        async with self.database.read() as session:
            rows = (await session.execute(select(ServerRow))).scalars()
            found = [(row.platform, row.outside_id, _settings(row).retention_days) for row in rows]
        return [(platform, server, days) for platform, server, days in found if days is not None]

    # blocks

    async def block(
        self, platform: str, server: str, member: str, until: datetime | None, reason: str | None, actor: str
    ) -> Block:
        """Block a member until a time, or for good (None). It replaces an earlier block."""
        async with self.database.write() as session:
            row = await _server_row(session, platform, server)
            names = (member, await alias(session, platform, member))
            await session.execute(
                delete(BlockRow).where(BlockRow.server_id == row.id, BlockRow.member.in_(names))
            )
            made = BlockRow(
                server_id=row.id, member=member, until=until, reason=reason, actor=actor, created_at=now()
            )
            session.add(made)
            return _block(made)

    async def unblock(self, platform: str, server: str, member: str) -> bool:
        """Lift a block, also by its alias; False if there was none."""
        async with self.database.write() as session:
            row = await _server_row(session, platform, server)
            names = (member, await alias(session, platform, member))
            query = select(BlockRow).where(BlockRow.server_id == row.id, BlockRow.member.in_(names))
            found = list((await session.execute(query)).scalars())
            for one in found:
                await session.delete(one)
            return bool(found)

    async def blocked(self, platform: str, server: str, member: str, moment: datetime) -> Block | None:
        """Return the block in force for a member, if any."""
        blocks = {block.member: block for block in await self.blocks(platform, server, moment)}
        if not blocks:
            return None
        if member in blocks:
            return blocks[member]
        async with self.database.read() as session:
            secret = await session.get(SecretRow, 1)
            return blocks.get(await alias(session, platform, member)) if secret else None

    async def blocks(self, platform: str, server: str, moment: datetime) -> list[Block]:
        """Return the blocks in force, newest first."""
        async with self.database.read() as session:
            query = select(BlockRow).join(ServerRow, ServerRow.id == BlockRow.server_id)
            query = query.where(ServerRow.platform == platform, ServerRow.outside_id == server).order_by(
                BlockRow.id.desc()
            )
            found = [_block(row) for row in (await session.execute(query)).scalars()]
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
        async with self.database.write() as session:
            number = None if server is None else (await _server_row(session, platform, server)).id
            row = AuditRow(
                server_id=number,
                platform=platform,
                actor=actor,
                action=action,
                target=target,
                reason=reason,
                details=details,
                created_at=now(),
            )
            session.add(row)
            await session.flush()
            return _audit(row)

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
        query = select(AuditRow).where(AuditRow.platform == platform)
        if server is None:
            query = query.where(AuditRow.server_id.is_(None))
        else:
            query = query.join(ServerRow, ServerRow.id == AuditRow.server_id)
            query = query.where(ServerRow.platform == platform, ServerRow.outside_id == server)
        query = query if before is None else query.where(AuditRow.id < before)
        query = query if after is None else query.where(AuditRow.id > after)
        query = query.order_by(AuditRow.id.desc() if after is None else AuditRow.id).limit(limit)
        async with self.database.read() as session:
            found = [_audit(row) for row in (await session.execute(query)).scalars()]
        return found if after is None else found[::-1]
