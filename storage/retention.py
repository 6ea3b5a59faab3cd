"""Forgetting: after a time, on request, and when a member or a server is gone.

Rows go in one transaction; then the files that no row names any more are removed, the database file is written anew, so
that no copy of a row is left in it, and its write-ahead log is emptied. Where others still need a fact about a forgotten
member (a block, a moderator's record), an alias takes the place of the id (``storage.servers``).
"""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.errors import BlobDamaged, NotFound
from storage.history import History
from storage.people import conversation_owner, find_person
from storage.records import OutsideMessage
from storage.schema import (
    AuditRow,
    BlockRow,
    ConversationRow,
    CursorRow,
    DeltaRow,
    EditRow,
    InboxItemRow,
    MessageRow,
    PictureRow,
    ServerRow,
    SourceRow,
    UserRow,
    now,
    utc,
)
from storage.servers import Servers, alias, find_server

_MOST_NAMES = 5000
"""In one query; databases limit it."""
DAYS = 30
"""How long pictures are kept when nothing else was decided."""


@dataclass(frozen=True)
class Overview:
    """What is kept of a person."""

    pictures: int
    edits: int
    conversations: int
    bytes: int
    since: datetime | None
    latest: datetime | None


def _shown_with(row: EditRow) -> ColumnElement[bool]:
    """The edits that go when this one goes: the original takes all of its picture along."""
    return EditRow.source_id == row.source_id if row.number == 0 else EditRow.id == row.id


class Retention:
    """Deletes from one history, and tells a person what is in it."""

    def __init__(self, history: History) -> None:
        self.history, self.database, self.blobs = history, history.database, history.blobs
        self.servers = Servers(history.database)

    # after a time

    async def expire(self, days: int = DAYS, moment: datetime | None = None) -> int:
        """Delete pictures, with all their edits, that were not used for ``days`` or for what their server set; how many."""
        moment = moment or now()
        special = await self.servers.with_retention()
        rules = [
            (and_(UserRow.platform == platform, ConversationRow.server == server), own)
            for platform, server, own in special
        ]
        others = (
            and_(*(or_(ConversationRow.server.is_(None), ~rule) for rule, _ in rules)) if rules else true()
        )
        count, gone = 0, set[tuple[int, str]]()
        for rule, limit in (*rules, (others, days)):
            before = moment - timedelta(days=limit)
            for user in await self._with_old(rule, before):
                async with self.database.write() as session:
                    if await session.get(UserRow, user, with_for_update={"key_share": True}) is None:
                        continue
                    old = [
                        source
                        for _, source in await self._old(session, and_(rule, UserRow.id == user), before)
                    ]
                    await session.execute(delete(SourceRow).where(SourceRow.id.in_(old)))
                    count += len(old)
                    gone |= await self._prune(session, [user])
        async with self.database.write() as session:
            words = await self._expire_asked(session, special, days, moment)
        if count or words or gone:  # writing the database anew is no work for every hour
            await self._clean(gone)
        return count

    async def _with_old(self, rule: ColumnElement[bool], before: datetime) -> list[int]:
        """Whose pictures were not used since a moment: one person is one transaction, so that nobody waits for all."""
        async with self.database.read() as session:
            return sorted({user for user, _ in await self._old(session, rule, before)})

    @staticmethod
    async def _old(
        session: AsyncSession, rule: ColumnElement[bool], before: datetime
    ) -> list[tuple[int, int]]:
        """Owner and id of the sources of some conversations whose last use was before a moment."""
        used = (
            select(EditRow.source_id, func.max(EditRow.created_at).label("at"))
            .group_by(EditRow.source_id)
            .subquery()
        )
        shown = select(EditRow.source_id).where(EditRow.id == ConversationRow.head_id).scalar_subquery()
        query = select(UserRow.id, SourceRow.id, used.c.at, ConversationRow.updated_at, shown)
        query = query.join(ConversationRow, ConversationRow.id == SourceRow.conversation_id)
        query = query.join(UserRow, UserRow.id == ConversationRow.user_id)
        query = query.join(used, used.c.source_id == SourceRow.id, isouter=True)
        old = []
        for user, source, edited, moved, head in (await session.execute(query.where(rule))).all():
            latest = (
                max(utc(at) for at in (edited, moved if head == source else None) if at is not None)
                if edited
                else None
            )
            if latest is None or latest < before:
                old.append((user, source))
        return old

    @staticmethod
    async def _expire_asked(
        session: AsyncSession, special: list[tuple[str, str, int]], days: int, moment: datetime
    ) -> int:
        """Forget answered requests, whose words are no less personal, after the same times; how many."""
        own = [
            (and_(InboxItemRow.platform == platform, InboxItemRow.server == server), limit)
            for platform, server, limit in special
        ]
        longer = or_(*(rule for rule, _ in own)) if own else None
        others = (
            InboxItemRow.key.is_not(None) if longer is None else or_(InboxItemRow.server.is_(None), ~longer)
        )
        count = 0
        for rule, limit in (*own, (others, days)):
            query = delete(InboxItemRow).where(
                rule, InboxItemRow.answered_at < moment - timedelta(days=limit)
            )
            count += len((await session.execute(query.returning(InboxItemRow.key))).all())
        return count

    # on request

    async def forget_user(self, platform: str, user: str) -> bool:
        """Delete a person with everything that hangs on them, rows and files; False when nothing is kept of them."""
        async with self.database.write() as session:
            await self._forget_names(session, platform, user)
            await session.execute(
                delete(InboxItemRow).where(InboxItemRow.platform == platform, InboxItemRow.user == user)
            )
            row = await find_person(session, platform, user)
            gone: set[tuple[int, str]] = set()
            if row is not None:
                gone = await self._pictures_of(session, row.id)
                private = select(ConversationRow.place).where(
                    ConversationRow.user_id == row.id, ConversationRow.server.is_(None)
                )
                await session.execute(
                    delete(CursorRow).where(CursorRow.platform == platform, CursorRow.place.in_(private))
                )
                await session.execute(delete(UserRow).where(UserRow.id == row.id))
        await self._clean(gone)
        return row is not None

    async def forget_edit(self, edit: int) -> list[OutsideMessage]:
        """Remove one result everywhere; returns the outside messages that showed it, for whoever can delete them.

        Edits made from it stay and hang on its parent: they are pictures of their own. Undo from them then leads past it.
        The original (number 0) takes everything made of the picture with it. Raises NotFound.
        """
        async with self.database.write() as session:
            made_in = (
                await session.execute(select(EditRow.conversation_id).where(EditRow.id == edit))
            ).scalar_one_or_none()
            user = (
                await conversation_owner(await session.connection(), made_in) if made_in is not None else None
            )
            row = await session.get(EditRow, edit)
            if row is None or user is None:
                raise NotFound("the edit was deleted")
            messages = await self._messages(session, _shown_with(row))
            if row.number == 0:
                await session.execute(delete(SourceRow).where(SourceRow.id == row.source_id))
            else:
                await self._take_out(session, row)
            gone = await self._prune(session, [user])
        await self._clean(gone)
        return messages

    @staticmethod
    async def _take_out(session: AsyncSession, row: EditRow) -> None:
        """Unhook an edit from the tree: children, redo and head pass to its neighbours."""
        await session.execute(
            update(EditRow).where(EditRow.parent_id == row.id).values(parent_id=row.parent_id)
        )
        await session.execute(update(EditRow).where(EditRow.redo_id == row.id).values(redo_id=row.redo_id))
        await session.execute(
            update(ConversationRow).where(ConversationRow.head_id == row.id).values(head_id=row.parent_id)
        )
        await session.execute(delete(EditRow).where(EditRow.id == row.id))

    async def messages_of_edit(self, edit: int) -> list[OutsideMessage]:
        """The outside messages that ``forget_edit`` would return. Raises NotFound."""
        async with self.database.read() as session:
            row = await session.get(EditRow, edit)
            if row is None:
                raise NotFound("the edit was deleted")
            return await self._messages(session, _shown_with(row))

    async def messages_of_user(self, platform: str, user: str) -> list[OutsideMessage]:
        """The outside messages that show a person's pictures."""
        async with self.database.read() as session:
            mine = select(ConversationRow.id).join(UserRow, UserRow.id == ConversationRow.user_id)
            mine = mine.where(UserRow.platform == platform, UserRow.outside_id == user)
            return await self._messages(session, EditRow.conversation_id.in_(mine))

    # when somebody is gone

    async def forget_member(self, platform: str, server: str, user: str) -> bool:
        """Delete what a person did in one server, and their name from its records; False when there were no pictures."""
        gone: set[tuple[int, str]] = set()
        found: list[int] = []
        async with self.database.write() as session:
            where = (
                InboxItemRow.platform == platform,
                InboxItemRow.server == server,
                InboxItemRow.user == user,
            )
            await session.execute(delete(InboxItemRow).where(*where))
            await self._forget_names(session, platform, user, server)
            row = await find_person(session, platform, user)
            if (
                row is not None
                and await session.get(UserRow, row.id, with_for_update={"key_share": True}) is not None
            ):
                query = select(ConversationRow.id).where(
                    ConversationRow.user_id == row.id, ConversationRow.server == server
                )
                found = list((await session.execute(query)).scalars())
                await session.execute(delete(ConversationRow).where(ConversationRow.id.in_(found)))
                gone = await self._prune(session, [row.id]) | await self._drop_idle(session, [row.id])
        await self._clean(gone)
        return bool(found)

    async def forget_server(self, platform: str, server: str) -> None:
        """Delete a server: its settings, blocks and records, and all that was done in it."""
        async with self.database.write() as session:
            await session.execute(
                delete(InboxItemRow).where(InboxItemRow.platform == platform, InboxItemRow.server == server)
            )
            mine = select(UserRow.id).where(UserRow.platform == platform)
            here = and_(ConversationRow.server == server, ConversationRow.user_id.in_(mine))
            theirs = (
                select(UserRow.id)
                .where(UserRow.id.in_(select(ConversationRow.user_id).where(here)))
                .order_by(UserRow.id)
            )
            users = list((await session.execute(theirs.with_for_update(key_share=True))).scalars())
            places = select(ConversationRow.place).where(here)
            await session.execute(
                delete(CursorRow).where(CursorRow.platform == platform, CursorRow.place.in_(places))
            )
            await session.execute(delete(ConversationRow).where(here))
            found = await find_server(session, platform, server)
            if found is not None:
                await session.delete(found)
            gone = await self._prune(session, users) | await self._drop_idle(session, users)
        await self._clean(gone)

    # what is kept

    async def overview(self, platform: str, user: str) -> Overview:
        """Counts and dates of what is kept of a person."""
        async with self.database.read() as session:
            row = await find_person(session, platform, user)
            if row is None:
                return Overview(0, 0, 0, 0, None, None)
            conversations = select(ConversationRow.id).where(ConversationRow.user_id == row.id)
            query = select(func.count(), func.max(EditRow.created_at)).where(
                EditRow.conversation_id.in_(conversations)
            )
            edits, latest = (await session.execute(query)).one()
            count = (
                await session.execute(select(func.count()).select_from(conversations.subquery()))
            ).scalar_one()
            names = await self._pictures_of(session, row.id)
            since = utc(row.created_at)
        size = await asyncio.to_thread(self.blobs.size, names)
        return Overview(len(names), edits, count, size, since, utc(latest) if latest else None)

    async def export(self, platform: str, user: str) -> bytes:
        """All that is kept of a person as a zip: the pictures, and ``history.json`` which says what they are."""
        overview = await self.overview(platform, user)
        edits: list[dict[str, Any]] = []
        files: dict[str, tuple[int, str]] = {}
        async with self.database.read() as session:
            row = await find_person(session, platform, user)
            query = (
                select(InboxItemRow)
                .where(InboxItemRow.platform == platform, InboxItemRow.user == user)
                .order_by(InboxItemRow.created_at)
            )
            asked = [
                {
                    "at": one.created_at,
                    "server": one.server,
                    "place": one.place,
                    "text": one.payload.get("text"),
                }
                for one in (await session.execute(query)).scalars()
            ]
            if row is not None:
                edits, files = await self._edits_of(session, row.id)
        about = {
            "platform": platform,
            "user": user,
            "language": row.locale if row else None,
            "agreed_at": row.consented_at if row else None,
            "kept": asdict(overview),
        }
        document = {"about": about, "asked": asked, "edits": edits}
        return await asyncio.to_thread(self._zip, document, files)

    @staticmethod
    async def _edits_of(
        session: AsyncSession, user: int
    ) -> tuple[list[dict[str, Any]], dict[str, tuple[int, str]]]:
        query = select(EditRow, ConversationRow, PictureRow).join(
            ConversationRow, ConversationRow.id == EditRow.conversation_id
        )
        query = query.join(PictureRow, PictureRow.id == EditRow.picture_id).where(
            ConversationRow.user_id == user
        )
        rows, files = [], {}
        for edit, conversation, picture in await session.execute(
            query.order_by(EditRow.source_id, EditRow.number)
        ):
            suffix = picture.media_type.rpartition("/")[2].replace("jpeg", "jpg")
            name = f"pictures/{edit.source_id}/{edit.number:03d}.{suffix}"
            files[name] = (picture.user_id, picture.sha256)
            recipes = [
                {k: v for k, v in one.items() if k not in ("delta", "mask")} for one in edit.adjustments
            ]
            rows.append(
                {
                    "file": name,
                    "at": edit.created_at,
                    "server": conversation.server,
                    "place": conversation.place,
                    "text": edit.text,
                    "adjustments": recipes,
                }
            )
        return rows, files

    def _zip(self, document: dict[str, Any], files: dict[str, tuple[int, str]]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(
                "history.json", json.dumps(document, indent=2, ensure_ascii=False, default=_plain)
            )
            for name, blob in files.items():
                with suppress(BlobDamaged):  # the rest is theirs all the same
                    archive.writestr(name, self.blobs.read(*blob))
        return buffer.getvalue()

    # the machinery

    @staticmethod
    async def _pictures_of(session: AsyncSession, user: int) -> set[tuple[int, str]]:
        rows = await session.execute(
            select(PictureRow.user_id, PictureRow.sha256).where(PictureRow.user_id == user)
        )
        return {(owner, name) for owner, name in rows}

    @staticmethod
    async def _messages(session: AsyncSession, condition: ColumnElement[bool]) -> list[OutsideMessage]:
        query = select(MessageRow).join(EditRow, EditRow.id == MessageRow.edit_id).where(condition)
        return [
            OutsideMessage(row.platform, row.outside_id, row.place)
            for row in (await session.execute(query)).scalars()
        ]

    @classmethod
    async def _prune(cls, session: AsyncSession, users: Iterable[int]) -> set[tuple[int, str]]:
        """Delete pictures and deltas of some persons that nothing uses any more; returns the pictures' files."""
        await session.flush()
        gone: set[tuple[int, str]] = set()
        for user in users:
            gone |= await cls._prune_pictures(session, user)
            await cls._prune_deltas(session, user)
        return gone

    @staticmethod
    async def _prune_pictures(session: AsyncSession, user: int) -> set[tuple[int, str]]:
        edits = select(EditRow.picture_id).join(
            ConversationRow, ConversationRow.id == EditRow.conversation_id
        )
        sources = select(SourceRow.picture_id).join(
            ConversationRow, ConversationRow.id == SourceRow.conversation_id
        )
        used = edits.where(ConversationRow.user_id == user).union(
            sources.where(ConversationRow.user_id == user)
        )
        query = (
            delete(PictureRow)
            .where(PictureRow.user_id == user, PictureRow.id.not_in(used))
            .returning(PictureRow.sha256)
        )
        return {(user, name) for name in (await session.execute(query)).scalars()}

    @staticmethod
    async def _prune_deltas(session: AsyncSession, user: int) -> None:
        query = select(EditRow.adjustments).join(
            ConversationRow, ConversationRow.id == EditRow.conversation_id
        )
        rows = (await session.execute(query.where(ConversationRow.user_id == user))).scalars()
        kept = {entry["delta"] for adjustments in rows for entry in adjustments}
        deltas = await session.execute(select(DeltaRow.id, DeltaRow.sha256).where(DeltaRow.user_id == user))
        old = [number for number, name in deltas if name not in kept]
        await session.execute(delete(DeltaRow).where(DeltaRow.id.in_(old)))

    async def _drop_idle(self, session: AsyncSession, users: Iterable[int]) -> set[tuple[int, str]]:
        """Delete persons who have no conversation left."""
        gone: set[tuple[int, str]] = set()
        for user in users:
            query = select(func.count()).select_from(ConversationRow).where(ConversationRow.user_id == user)
            if (await session.execute(query)).scalar_one() == 0:
                gone |= await self._pictures_of(session, user)
                await session.execute(delete(UserRow).where(UserRow.id == user))
        return gone

    @staticmethod
    async def _forget_names(
        session: AsyncSession, platform: str, user: str, server: str | None = None
    ) -> None:
        """Put an alias in the place of a person's id in what moderators wrote down, everywhere or in one server."""
        name = await alias(session, platform, user)
        servers = select(ServerRow.id).where(ServerRow.platform == platform)
        servers = servers if server is None else servers.where(ServerRow.outside_id == server)
        for block in (
            await session.execute(select(BlockRow).where(BlockRow.server_id.in_(servers)))
        ).scalars():
            block.member = name if block.member == user else block.member
            block.actor = name if block.actor == user else block.actor
            block.reason = block.reason.replace(user, name) if block.reason else block.reason
        query = select(AuditRow).where(AuditRow.platform == platform)
        query = query if server is None else query.where(AuditRow.server_id.in_(servers))
        for row in (await session.execute(query)).scalars():
            row.actor = name if row.actor == user else row.actor
            row.target = name if row.target == user else row.target
            row.reason = row.reason.replace(user, name) if row.reason else row.reason
            written = json.dumps(row.details, ensure_ascii=False)
            if user in written:
                row.details = json.loads(written.replace(user, name))

    async def _clean(self, files: set[tuple[int, str]]) -> None:
        """Remove files that lost their row (unless the same picture was stored anew meanwhile), and what rows left behind."""
        kept: set[tuple[int, str]] = set()
        async with self.database.read() as session:
            for names in _batched(sorted({name for _, name in files}), _MOST_NAMES):
                query = select(PictureRow.user_id, PictureRow.sha256).where(PictureRow.sha256.in_(names))
                kept.update((user, name) for user, name in await session.execute(query))
        await asyncio.to_thread(self.blobs.remove, files - kept)
        await self.database.scrub()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return utc(value).isoformat()
    raise TypeError(type(value).__name__)


def _batched(names: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """The names, at most so many at once."""
    return (names[start : start + most] for start in range(0, len(names), most))
