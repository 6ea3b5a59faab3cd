"""The gateway: the sessions of shards, the events that each gets, and how a lost session is resumed."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_server import objects
from tests.discord_server.world import Json, World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 8, 9, 10, 11
PRESENCE, VOICE = 3, 4
GUILDS, GUILD_MEMBERS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = (
    1 << 0,
    1 << 1,
    1 << 9,
    1 << 12,
    1 << 15,
)
PRESENCES = 1 << 8
PRIVILEGED = GUILD_MEMBERS | PRESENCES | MESSAGE_CONTENT
_CONTENT = {"content": "", "attachments": [], "embeds": [], "components": []}


def _needed(event: str, guild_id: str | None) -> int:
    """The intent that an event needs; 0 for none."""
    if event.startswith("MESSAGE_"):
        return GUILD_MESSAGES if guild_id else DIRECT_MESSAGES
    if event.startswith("GUILD_MEMBER_"):
        return GUILD_MEMBERS
    return GUILDS if event.startswith(("GUILD_", "CHANNEL_", "THREAD_")) else 0


def blanked(message: Json, intents: int, in_guild: bool) -> Json:
    """A message as a bot with these intents gets it.

    Without the message-content intent the content is empty, except in direct messages, in the bot's own
    messages and in those that mention it. A reply mentions the bot unless its author turned the ping off. The
    same goes for the message replied to.
    """
    if inner := message.get("referenced_message"):
        message = message | {"referenced_message": blanked(inner, intents, in_guild)}
    mine = message["author"]["id"] == objects.BOT
    mentioned = any(user["id"] == objects.BOT for user in message["mentions"])
    return message if not in_guild or mine or mentioned or intents & MESSAGE_CONTENT else message | _CONTENT


@dataclass(eq=False)
class Session:
    """The session of one shard; it outlives its connection, so that it can be resumed."""

    id: str
    shard: int
    shards: int
    intents: int
    socket: web.WebSocketResponse | None
    log: list[Json] = field(default_factory=list)
    outgoing: asyncio.Queue[Json] = field(default_factory=asyncio.Queue)

    def wants(self, event: str, guild_id: str | None) -> bool:
        """Whether an event is for this session: it belongs to the shard, and the intents cover it."""
        shard = (int(guild_id) >> 22) % self.shards if guild_id else 0
        needed = _needed(event, guild_id)
        return shard == self.shard and (not needed or bool(self.intents & needed))

    def push(self, event: str, data: Json) -> None:
        """Send an event now, or when the session is resumed."""
        self.log.append({"op": DISPATCH, "t": event, "s": len(self.log) + 1, "d": data})
        if self.socket is not None:
            self.outgoing.put_nowait(self.log[-1])


class Gateway:
    """All sessions of the bot."""

    def __init__(self, world: World, token: str, url: str, heartbeat: float) -> None:
        self.world, self.token, self.url, self.heartbeat = world, token, url, heartbeat
        self.sessions: list[Session] = []
        self.heartbeats = self.resumes = self.identifies = 0
        self.away = False
        """While it is set nobody can connect, as during an outage of Discord."""

    def dispatch(self, event: str, data: Json, guild_id: str | None = None) -> list[Session]:
        """Send an event to the sessions that it is for; returns them."""
        concerned = [session for session in self.sessions if session.wants(event, guild_id)]
        for session in concerned:
            shown = (
                blanked(data, session.intents, guild_id is not None)
                if "author" in data and "mentions" in data
                else data
            )
            # a copy, so that later changes of the object do not change what was sent
            session.push(event, json.loads(json.dumps(shown)))
        return concerned

    def live(self) -> list[Session]:
        """The connected sessions."""
        return [session for session in self.sessions if session.socket is not None]

    async def close(self, code: int = 4000, resumable: bool = True, shard: int | None = None) -> None:
        """Drop the connections of one shard or of all, as Discord does now and then."""
        for session in [s for s in self.live() if shard is None or s.shard == shard]:
            socket, session.socket = session.socket, None
            if not resumable:
                self.sessions.remove(session)
            with suppress(ConnectionError):
                await socket.close(code=code)  # type: ignore[union-attr]

    async def say(self, op: int, data: Any = None) -> None:
        """Send an opcode to every connection: RECONNECT, or INVALID with whether to resume."""
        for session in self.live():
            await session.socket.send_json({"op": op, "t": None, "s": None, "d": data})  # type: ignore[union-attr]

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection."""
        if self.away:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(
            {"op": HELLO, "t": None, "s": None, "d": {"heartbeat_interval": int(self.heartbeat * 1000)}}
        )
        writer: asyncio.Task[None] | None = None
        session: Session | None = None
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    break
                body = json.loads(frame.data)
                if body["op"] in (IDENTIFY, RESUME) and session is None:
                    session = await self._opened(socket, body)
                    writer = asyncio.create_task(self._write(session, socket)) if session else None
                    await self.world.tell()
                else:
                    await self._heard(socket, session, body)
        finally:
            if writer is not None:
                writer.cancel()
            if session is not None and session.socket is socket:
                session.socket = None
                if socket.close_code in (1000, 1001) and session in self.sessions:
                    self.sessions.remove(
                        session
                    )  # a client that closes the connection properly has ended its session
            await self.world.tell()
        return socket

    async def _write(self, session: Session, socket: web.WebSocketResponse) -> None:
        with suppress(ConnectionError):
            while session.socket is socket:
                await socket.send_json(await session.outgoing.get())

    async def _heard(self, socket: web.WebSocketResponse, session: Session | None, body: Json) -> None:
        if body["op"] == HEARTBEAT:
            self.heartbeats += 1
            await socket.send_json({"op": ACK, "t": None, "s": None, "d": None})
        elif session is None:
            await socket.close(code=4003)
        elif body["op"] == MEMBERS:
            self._members(session, body["d"])
        elif body["op"] not in (PRESENCE, VOICE):
            self.world.complaints.append(f"the gateway knows no opcode {body['op']} here")

    def _members(self, session: Session, asked: Json) -> None:
        guild = self.world.guilds[str(asked["guild_id"])]
        ids = [str(number) for number in asked.get("user_ids") or []]
        members = [m for m in guild.members.values() if not ids or m["user"]["id"] in ids]
        chunk = {
            "guild_id": guild.id,
            "members": members,
            "chunk_index": 0,
            "chunk_count": 1,
            "nonce": asked.get("nonce"),
        }
        session.push("GUILD_MEMBERS_CHUNK", chunk)

    async def _opened(self, socket: web.WebSocketResponse, body: Json) -> Session | None:
        if body["d"]["token"] != self.token:
            await socket.close(code=4004)
            return None
        if body["d"].get("intents", 0) & PRIVILEGED & ~self.world.privileged:
            await socket.close(code=4014)
            return None
        return (
            self._identified(socket, body["d"])
            if body["op"] == IDENTIFY
            else await self._resumed(socket, body["d"])
        )

    async def _resumed(self, socket: web.WebSocketResponse, asked: Json) -> Session | None:
        session = next((s for s in self.sessions if s.id == asked["session_id"]), None)
        if session is None:
            await socket.send_json({"op": INVALID, "t": None, "s": None, "d": False})
            return None
        self.resumes += 1
        session.socket, session.outgoing = socket, asyncio.Queue()
        for missed in session.log[asked["seq"] :]:
            session.outgoing.put_nowait(missed)
        session.push("RESUMED", {})
        return session

    def _identified(self, socket: web.WebSocketResponse, asked: Json) -> Session:
        self.identifies += 1
        shard, shards = asked.get("shard") or (0, 1)
        # a new session replaces the lost one of the same shard, since a killed bot never closes it
        self.sessions = [
            s for s in self.sessions if s.socket is not None or (s.shard, s.shards) != (shard, shards)
        ]
        session = Session(objects.snowflake(), shard, shards, asked["intents"], socket)
        self.sessions.append(session)
        guilds = [g for g in self.world.guilds.values() if g.bot_in and (int(g.id) >> 22) % shards == shard]
        session.push(
            "READY",
            {
                "v": 10,
                "user": objects.me() | {"verified": True, "mfa_enabled": False, "email": None},
                "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "resume_gateway_url": self.url,
                "application": {"id": objects.APPLICATION, "flags": 0},
                "private_channels": [],
                "shard": [shard, shards],
            },
        )
        for guild in guilds:
            if session.wants("GUILD_CREATE", guild.id):
                session.push("GUILD_CREATE", json.loads(json.dumps(guild.created())))
        return session
