"""REST, gateway and CDN of a small Discord on loopback, and what a test needs to act as a member and to wait
for answers."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from aiohttp import BodyPartReader, web

from tests.discord_server import commands, interactions, messages, objects, resources, routes, schema
from tests.discord_server.building import Building
from tests.discord_server.gateway import INVALID, PRIVILEGED, RECONNECT, Gateway
from tests.discord_server.members import Members
from tests.discord_server.ratelimits import RateLimits
from tests.discord_server.refusals import Refused
from tests.discord_server.waiting import Waiting
from tests.discord_server.world import MIB, Clock, Guild, Json, World

API = "/api/v10"
HANDLERS = (commands, interactions, messages, resources)
"""Importing them fills the table of routes."""


class DiscordServer(Members, Waiting, Building):
    """Start it with ``async with``; ``complaints`` collects what the real Discord would not have accepted or
    sent.

    Args:
        token: the bot's token.
        channels: the channels (ids to names) of the first guild, ``objects.GUILD``.
        shards: the number of shards that it recommends.
        limits: the rate limits.
        heartbeat: seconds between two heartbeats of the gateway.
        privileged: the privileged intents that are on for the application.
        patience: seconds in which an interaction must be answered.
    """

    def __init__(
        self,
        token: str = "token-of-a-test",
        channels: dict[str, str] | None = None,
        *,
        shards: int = 1,
        limits: RateLimits | None = None,
        heartbeat: float = 41.25,
        privileged: int = PRIVILEGED,
        patience: float = 3.0,
    ) -> None:
        self.token, self.world, self.limits, self._heartbeat = (
            token,
            World(),
            limits or RateLimits(),
            heartbeat,
        )
        self.world.shards, self.world.privileged, self.world.patience = shards, privileged, patience
        self._answered: set[str] = set()
        self.watches: set[asyncio.Task[None]] = set()
        self.home = self.add_guild(
            "a server", channels or {"700000000000000001": "portraits"}, number=objects.GUILD
        )

    async def __aenter__(self) -> DiscordServer:
        app = web.Application(client_max_size=128 * MIB)
        app.add_routes(
            [
                web.get("/gateway/", self._gateway),
                web.get("/attachments/{channel}/{id}/{name}", self._attachment),
                web.get("/avatars/{user}/{name}", self._avatar),
                web.get("/embed/avatars/{name}", self._avatar),
                web.get("/guilds/{guild}/users/{user}/avatars/{name}", self._avatar),
                web.route("*", API + "/{path:.*}", self._rest),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.world.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.world.gateway = Gateway(self.world, self.token, self.gateway, self._heartbeat)
        return self

    async def __aexit__(self, *_: object) -> None:
        for watch in list(self.watches):
            watch.cancel()
        await self.disconnect()
        await self._runner.cleanup()

    # addresses and state

    @property
    def base(self) -> str:
        """For ``discord.Asset.BASE``."""
        return self.world.base

    @property
    def api(self) -> str:
        """For ``discord.http.Route.BASE``."""
        return self.base + API

    @property
    def gateway(self) -> str:
        """For ``DiscordWebSocket.DEFAULT_GATEWAY``."""
        return self.base.replace("http", "ws") + "/gateway/"

    @property
    def channels(self) -> dict[str, Json]:
        """Channels of the first guild."""
        return self.home.channels

    @property
    def guilds(self) -> dict[str, Guild]:
        """All guilds by id."""
        return self.world.guilds

    @property
    def messages(self) -> dict[str, Json]:
        """Every message in its current state, including those that only one member sees."""
        return self.world.messages

    @property
    def deleted(self) -> dict[str, Json]:
        """Deleted messages in their last state."""
        return self.world.deleted

    @property
    def files(self) -> dict[str, tuple[bytes, str]]:
        """The files on the CDN: bytes and content type by attachment id."""
        return self.world.files

    @property
    def interactions(self) -> dict[str, interactions.Interaction]:
        """Every interaction by id."""
        return self.world.interactions

    @property
    def unanswered(self) -> list[str]:
        """Ids of interactions without an answer: the bot was away, or it failed, which is also a
        complaint."""
        return [
            number for number, interaction in self.world.interactions.items() if interaction.callback is None
        ]

    @property
    def complaints(self) -> list[str]:
        """What the real Discord would not have accepted or sent."""
        return self.world.complaints

    @property
    def typing(self) -> int:
        """How often the bot showed the typing indicator."""
        return self.world.typing

    @property
    def clock(self) -> Clock:
        """The clock that tokens and nonces expire by."""
        return self.world.clock

    # the weather

    async def disconnect(self, *, resumable: bool = True, shard: int | None = None) -> None:
        """Close gateway connections, as Discord does now and then; without ``resumable`` their sessions are
        forgotten."""
        await self.world.gateway.close(resumable=resumable, shard=shard)

    async def reconnect(self) -> None:
        """Ask every shard to reconnect and resume."""
        await self.world.gateway.say(RECONNECT)

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Tell every shard that its session is invalid."""
        if not resumable:
            for session in self.world.gateway.live():
                session.id = objects.snowflake()  # so that it cannot be resumed
        await self.world.gateway.say(INVALID, resumable)

    # helpers

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        return await self.world.gateway.serve(request)

    async def _attachment(self, request: web.Request) -> web.Response:
        data, content_type = self.world.files.get(request.match_info["id"], (b"", ""))
        return web.Response(body=data, content_type=content_type) if data else web.Response(status=404)

    async def _avatar(self, request: web.Request) -> web.Response:
        # users without an avatar have a plain one
        data = (
            self.world.avatars.get(request.match_info["user"])
            if "user" in request.match_info
            else objects.plain_avatar()
        )
        return web.Response(body=data, content_type="image/png") if data else web.Response(status=404)

    async def _rest(self, request: web.Request) -> web.Response:
        path = "/" + request.match_info["path"]
        own_token = re.match(r"/(interactions|webhooks)/", path)
        if not own_token and request.headers.get("Authorization") != f"Bot {self.token}":
            return _json(401, {"message": "401: Unauthorized", "code": 0})
        known = routes.find(request.method, path)
        if known is None:
            self.complaints.append(f"{request.method} {path} is not served here")
            return _json(404, {"message": "404: Not Found", "code": 0})
        route, parameters = known
        body, uploads = await _body(request)
        passed, headers = self.limits.admit(route.bucket(parameters), not own_token, self.complaints.append)
        if not passed:
            wait = float(headers["X-RateLimit-Reset-After"])
            limited = {
                "message": "You are being rate limited.",
                "retry_after": wait,
                "global": "X-RateLimit-Global" in headers,
            }
            return _json(429, limited, headers)
        if body is not None:
            self.complaints.extend(schema.problems(request.method, path, body))
        status, answer = self._answer(
            route, parameters, routes.Call(self.world, body, uploads, request.query)
        )
        await self.world.tell()
        if answer is None:
            return web.Response(status=status, headers=headers)
        self.complaints.extend(schema.problems(request.method, path, answer, status))
        return _json(status, answer, headers)

    def _answer(self, route: routes.Route, parameters: dict[str, str], call: routes.Call) -> tuple[int, Any]:
        try:
            return route.handler(call, **parameters)
        except Refused as refusal:
            if refusal.status == 400 and refusal.code in (50006, 50035):
                self.complaints.append(f"{route.method} {route.template}: {refusal}")
            return refusal.status, refusal.body


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    # discord.py reads JSON only of exactly this type, and takes a 429 without Via for a ban
    always = {"Content-Type": "application/json", "Via": "1.1 loopback"}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=always | (headers or {}))


async def _body(request: web.Request) -> tuple[Any, list[tuple[int, str, bytes]]]:
    """The JSON of a request, and its files with their numbers and names."""
    if request.content_type != "multipart/form-data":
        data = await request.read()
        return (json.loads(data) if data else None), []
    payload, uploads = None, []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.name == "payload_json":
            payload = await part.json()
        elif numbered := re.fullmatch(r"files\[(\d+)\]", part.name or ""):
            uploads.append((int(numbered[1]), part.filename or "unknown", bytes(await part.read())))
    return payload, uploads
