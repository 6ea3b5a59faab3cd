"""What is kept of an outside server: its settings, who is blocked in it, and what its moderators did.

Names of members are their outside ids. Once a member had everything about them deleted, an *alias* stands in their
place: a keyed hash from which the id cannot be found again, but by which a block still holds when they come back.
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
    """What the moderators of a server decide. Channels and roles are outside ids."""

    language: str | None = None
    bundle: str | None = None
    visible_mark: bool = False
    require_consent: bool = False
    require_spoilers: bool = False
    open_buttons: bool = False
    """Others than a picture's owner may press its buttons."""
    others_avatars: bool = False
    """The avatar of another member may be edited."""
    log_channel: str | None = None
    refused_words: tuple[str, ...] = ()
    channels_allowed: tuple[str, ...] = ()
    """Only these, where there are any."""
    channels_denied: tuple[str, ...] = ()
    age_restricted_only: bool = False
    quota_per_day: int | None = None
    role_quotas: dict[str, int] = field(default_factory=dict)
    cooldown_seconds: float = 0.0
    retention_days: int | None = None
    """None: as long as the bot keeps pictures anyway."""
    forget_leavers: bool = False
    paused: bool = False
    drained_at: float | None = None
    """While paused: what was asked before is still done. Seconds since 1970; None: nothing more is done."""


@dataclass(frozen=True)
class Block:
    """``until`` None: for good. ``member`` is an alias where the member was forgotten."""

    member: str
    until: datetime | None
    reason: str | None
    actor: str
    created_at: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether it is still in force."""
        return self.until is None or self.until > moment


@dataclass(frozen=True)
class Audit:
    """Who (``actor``) did what (``action``) to whom or what (``target``), when and why."""

    id: int
    actor: str
    action: str
    target: str | None
    reason: str | None
    details: dict[str, Any]
    created_at: datetime


def _settings(row: ServerRow | None) -> ServerSettings:
    """Settings as stored; names that this version does not know are left alone in the row and ignored."""
    known = {one.name: one for one in fields(ServerSettings)}
    values = {name: value for name, value in (row.settings if row else {}).items() if name in known}
    listed: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    return ServerSettings(**listed)


def _listing(settings: ServerSettings, name: str, value: str, keep: bool) -> ServerSettings:
    """Settings whose list ``name`` ends with ``value``, or lacks it."""
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
    """The name by which a forgotten member is still known again: a keyed hash, marked by a tilde."""
    row = await session.get(SecretRow, 1)
    if row is None:
        await added(session, SecretRow, id=1, value=secrets.token_hex(32))
        row = await session.get_one(SecretRow, 1)
    return (
        "~" + hmac.new(row.value.encode(), f"{platform}:{member}".encode(), hashlib.sha256).hexdigest()[:40]
    )


async def find_server(session: AsyncSession, platform: str, server: str) -> ServerRow | None:
    """The row of a server, if there is one."""
    query = select(ServerRow).where(ServerRow.platform == platform, ServerRow.outside_id == server)
    return (await session.execute(query)).scalar_one_or_none()


async def _server_row(session: AsyncSession, platform: str, server: str) -> ServerRow:
    """The row of a server, made when it is new; nobody else changes it until the transaction ends."""
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
        """A server's settings; the defaults for one that never changed any."""
        async with self.database.read() as session:
            return _settings(await find_server(session, platform, server))

    async def change(self, platform: str, server: str, **changes: Any) -> ServerSettings:
        """Change some settings and return all; concurrent changes of others are kept. Raises TypeError for unknown names."""
        return await self._changed(platform, server, lambda settings: replace(settings, **changes))

    async def add_to(self, platform: str, server: str, name: str, value: str) -> ServerSettings:
        """Add a value to a setting that is a list, once."""
        return await self._changed(
            platform, server, lambda settings: _listing(settings, name, value, keep=True)
        )

    async def take_from(self, platform: str, server: str, name: str, value: str) -> ServerSettings:
        """Take a value out of a setting that is a list."""
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
        """How much the members of a role may ask for in a day; None: no more and no less than everybody."""

        def changed(settings: ServerSettings) -> ServerSettings:
            others = {one: count for one, count in settings.role_quotas.items() if one != role}
            return replace(settings, role_quotas=others if quota is None else others | {role: quota})

        return await self._changed(platform, server, changed)

    async def with_retention(self) -> list[tuple[str, str, int]]:
        """Platform, server and days of every server that set its own retention."""
        async with self.database.read() as session:
            rows = (await session.execute(select(ServerRow))).scalars()
            found = [(row.platform, row.outside_id, _settings(row).retention_days) for row in rows]
        return [(platform, server, days) for platform, server, days in found if days is not None]

    # blocks

    async def block(
        self, platform: str, server: str, member: str, until: datetime | None, reason: str | None, actor: str
    ) -> Block:
        """Block a member until a time, or for good; a later block takes an earlier one's place."""
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
        """Lift a block, also by its alias; False where there was none."""
        async with self.database.write() as session:
            row = await _server_row(session, platform, server)
            names = (member, await alias(session, platform, member))
            query = select(BlockRow).where(BlockRow.server_id == row.id, BlockRow.member.in_(names))
            found = list((await session.execute(query)).scalars())
            for one in found:
                await session.delete(one)
            return bool(found)

    async def blocked(self, platform: str, server: str, member: str, moment: datetime) -> Block | None:
        """The block that holds for a member, if any."""
        blocks = {block.member: block for block in await self.blocks(platform, server, moment)}
        if not blocks:
            return None
        if member in blocks:
            return blocks[member]
        async with self.database.read() as session:
            secret = await session.get(SecretRow, 1)
            return blocks.get(await alias(session, platform, member)) if secret else None

    async def blocks(self, platform: str, server: str, moment: datetime) -> list[Block]:
        """The blocks in force, newest first."""
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
        """Write down what was done; ``server`` None for what the owner of the bot does to the bot."""
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
        """Records of a server, newest first: the newest of all, or those next to one id, ``before`` or ``after`` it in time."""
        async with self.database.read() as session:
            number = None
            if server is not None:
                row = await find_server(session, platform, server)
                if row is None:
                    return []
                number = row.id
            query = select(AuditRow).where(AuditRow.platform == platform, AuditRow.server_id == number)
            query = query if before is None else query.where(AuditRow.id < before)
            query = query if after is None else query.where(AuditRow.id > after)
            rows = await session.execute(
                query.order_by(AuditRow.id.desc() if after is None else AuditRow.id).limit(limit)
            )
            found = [_audit(row) for row in rows.scalars()]
        return found if after is None else found[::-1]
