"""REST, gateway and CDN of a small Discord on loopback, with what a test needs to act as a member and to look."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_server import objects, schema

API = "/api/v10"
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
MESSAGE_CONTENT = 1 << 15


class DiscordServer:
    """Start with ``async with``; ``complaints`` collects whatever a real Discord would not have accepted or sent."""

    def __init__(self, token: str = "token-of-a-test", channels: dict[str, str] | None = None) -> None:
        self.token, self.channels = token, channels or {"700000000000000001": "portraits"}
        self.messages: dict[str, dict[str, Any]] = {}
        self.callbacks: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.files: dict[str, tuple[bytes, str]] = {}
        self.typing = 0
        self.intents = 0
        self._news = asyncio.Condition()
        self._sockets: list[web.WebSocketResponse] = []
        self._sequence = 0
        self._answered: set[str] = set()

    async def __aenter__(self) -> DiscordServer:
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.add_routes([
            web.get("/gateway/", self._gateway), web.get("/attachments/{channel}/{id}/{name}", self._cdn),
            web.route("*", API + "/{path:.*}", self._rest),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()
        await self._runner.cleanup()

    @property
    def api(self) -> str:
        """For ``discord.http.Route.BASE``."""
        return self.base + API

    @property
    def gateway(self) -> str:
        """For ``DiscordWebSocket.DEFAULT_GATEWAY``."""
        return self.base.replace("http", "ws") + "/gateway/"

    # acting as a member

    async def say(
        self, author: dict[str, Any], content: str, *, mention: bool = True, files: dict[str, tuple[bytes, str]] | None = None,
        reply_to: dict[str, Any] | None = None, direct: bool = False, channel: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """A member writes; content and attachments are blanked where Discord blanks them."""
        me = objects.user(objects.BOT, "editor", bot=True)
        mentions = [me] if mention else []
        if reply_to is not None and reply_to["author"]["id"] == objects.BOT:
            mentions = [me]  # replies ping by default
        text = f"<@{objects.BOT}> {content}" if mention and not direct else content
        extra: dict[str, Any] = {"mentions": mentions}
        if files:
            extra["attachments"] = [self._upload(name, *file) for name, file in files.items()]
        if reply_to is not None:
            extra |= {"type": 19, "referenced_message": self.messages.get(reply_to["id"]),
                      "message_reference": {"message_id": reply_to["id"], "channel_id": reply_to["channel_id"]}}  # fmt: skip
        message = objects.message(channel or ("700000000000000009" if direct else next(iter(self.channels))), author, text, **extra)
        self.messages[message["id"]] = message
        sent = dict(message)
        if not direct:
            sent |= {"guild_id": objects.GUILD, "member": {"roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False,
                                                           "mute": False, "flags": 0}}  # fmt: skip
        if not (direct or mentions or self.intents & MESSAGE_CONTENT):
            sent |= {"content": "", "attachments": [], "embeds": [], "components": []}
        await self._dispatch("MESSAGE_CREATE", sent)
        return message

    async def press(self, presser: dict[str, Any], message: dict[str, Any], label: str) -> str:
        """Press a button of a message by its label; returns the interaction's id."""
        buttons = [button for row in message["components"] for button in row["components"]]
        custom_id = next(button["custom_id"] for button in buttons if button["label"] == label)
        number = objects.snowflake()
        await self._dispatch("INTERACTION_CREATE", {
            "id": number, "application_id": objects.APPLICATION, "type": 3, "token": f"interaction-{number}", "version": 1,
            "guild_id": objects.GUILD, "channel_id": message["channel_id"], "locale": "en-US", "guild_locale": "en-US",
            "channel": {"id": message["channel_id"], "type": 0, "name": "portraits", "guild_id": objects.GUILD, "position": 0,
                        "permission_overwrites": []},
            "data": {"component_type": 2, "custom_id": custom_id}, "message": message | {"guild_id": objects.GUILD},
            "member": {"user": presser, "roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False,
                       "permissions": str((1 << 50) - 1), "flags": 0},
            "entitlements": [], "authorizing_integration_owners": {"0": objects.GUILD}, "context": 0, "app_permissions": "0",
            "attachment_size_limit": 10 * 1024 * 1024,
        })  # fmt: skip
        return number

    async def answer_to(self, message: dict[str, Any], seconds: float = 60.0) -> dict[str, Any]:
        """The bot's (newest) reply to a message, waited for."""

        def found() -> dict[str, Any] | None:
            replies = [m for m in self.messages.values() if m.get("message_reference", {}).get("message_id") == message["id"]
                       and m["author"]["id"] == objects.BOT and m["id"] not in self._answered]  # fmt: skip
            return replies[-1] if replies else None

        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: found() is not None)
            answer = found()
        assert answer is not None
        self._answered.add(answer["id"])
        return answer

    async def callback_of(self, interaction: str, seconds: float = 10.0) -> dict[str, Any]:
        """How the bot answered an interaction, waited for."""

        def found() -> dict[str, Any] | None:
            return next((c for c in self.callbacks if c["interaction"] == interaction), None)

        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: found() is not None)
        answer = found()
        assert answer is not None
        return answer["body"]

    def files_of(self, message: dict[str, Any]) -> list[bytes]:
        """The pictures of a message."""
        return [self.files[attachment["id"]][0] for attachment in message["attachments"]]

    async def remove_bot(self) -> None:
        """The server's owner removes the bot from it."""
        await self._dispatch("GUILD_DELETE", {"id": objects.GUILD})

    async def disconnect(self) -> None:
        """Close every gateway connection, as Discord does now and then."""
        for socket in self._sockets:
            with suppress(ConnectionError):
                await socket.close(code=4000)
        self._sockets.clear()

    async def connected(self, seconds: float = 20.0) -> None:
        """Wait until a bot is identified."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: bool(self._sockets))

    # the machinery

    def _upload(self, name: str, data: bytes, content_type: str) -> dict[str, Any]:
        attachment = objects.attachment(self.base, name, data, content_type)
        self.files[attachment["id"]] = (data, content_type)
        return attachment

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _dispatch(self, event: str, data: dict[str, Any]) -> None:
        self._sequence += 1
        for socket in self._sockets:
            await socket.send_json({"op": DISPATCH, "t": event, "s": self._sequence, "d": data})

    async def _cdn(self, request: web.Request) -> web.Response:
        data, content_type = self.files.get(request.match_info["id"], (b"", ""))
        return web.Response(body=data, content_type=content_type) if data else web.Response(status=404)

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "t": None, "s": None, "d": {"heartbeat_interval": 41250}})
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            body = json.loads(frame.data)
            if body["op"] == HEARTBEAT:
                await socket.send_json({"op": ACK, "t": None, "s": None, "d": None})
            elif body["op"] in (IDENTIFY, RESUME):
                if body["d"]["token"] != self.token:
                    await socket.close(code=4004)
                    break
                await self._welcome(socket, body)
        if socket in self._sockets:
            self._sockets.remove(socket)
        return socket

    async def _welcome(self, socket: web.WebSocketResponse, body: dict[str, Any]) -> None:
        self._sockets.append(socket)
        if body["op"] == RESUME:
            await self._dispatch("RESUMED", {})
        else:
            self.intents = body["d"]["intents"]
            me = objects.user(objects.BOT, "editor", bot=True) | {"verified": True, "mfa_enabled": False, "email": None}
            await self._dispatch("READY", {
                "v": 10, "user": me, "guilds": [{"id": objects.GUILD, "unavailable": True}], "session_id": "session",
                "resume_gateway_url": self.gateway, "application": {"id": objects.APPLICATION, "flags": 0}, "private_channels": [],
            })  # fmt: skip
            await self._dispatch("GUILD_CREATE", objects.guild(self.channels))
        await self._tell()

    async def _rest(self, request: web.Request) -> web.Response:
        path = "/" + request.match_info["path"]
        if not path.startswith("/interactions/") and request.headers.get("Authorization") != f"Bot {self.token}":
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        body, uploads = await self._body(request)
        if body is not None:
            self.complaints += schema.problems(request.method, path, body)
        status, answer = await self._handle(request, path, body or {}, uploads)
        if answer is None:
            return web.Response(status=status)
        self.complaints += schema.problems(request.method, path, answer, status)
        # exactly "application/json": discord.py reads JSON of no other content type
        return web.Response(body=json.dumps(answer).encode(), status=status, headers={"Content-Type": "application/json"})

    async def _body(self, request: web.Request) -> tuple[Any, list[tuple[str, bytes, str]]]:
        if request.content_type != "multipart/form-data":
            data = await request.read()
            return (json.loads(data) if data else None), []
        payload, uploads = None, []
        async for part in await request.multipart():
            if part.name == "payload_json":
                payload = await part.json()
            else:
                uploads.append((part.filename, bytes(await part.read()), part.headers.get("Content-Type", "image/png")))
        return payload, uploads

    async def _handle(
        self, request: web.Request, path: str, body: dict[str, Any], uploads: list[tuple[str, bytes, str]]
    ) -> tuple[int, Any]:
        if path == "/users/@me":
            return 200, objects.user(objects.BOT, "editor", bot=True) | {"mfa_enabled": False, "locale": "en-US"}
        if path == "/oauth2/applications/@me":
            return 200, objects.application()
        if path == "/gateway/bot":
            limit = {"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1}
            return 200, {"url": self.gateway, "session_start_limit": limit, "shards": 1}
        if re.fullmatch(r"/channels/\d+/typing", path):
            self.typing += 1
            return 204, None
        if match := re.fullmatch(r"/channels/(\d+)/messages", path):
            return 200, await self._create(match[1], body, uploads)
        if match := re.fullmatch(r"/interactions/(\d+)/[^/]+/callback", path):
            self.callbacks.append({"interaction": match[1], "body": body})
            await self._tell()
            interaction = {"id": match[1], "type": 3}
            return (200, {"interaction": interaction}) if "with_response" in request.query else (204, None)
        self.complaints.append(f"{request.method} {path} is not served here")
        return 404, {"message": "404: Not Found", "code": 0}

    async def _create(self, channel: str, body: dict[str, Any], uploads: list[tuple[str, bytes, str]]) -> dict[str, Any]:
        me = objects.user(objects.BOT, "editor", bot=True)
        message = objects.message(channel, me, body.get("content") or "", components=_components(body.get("components") or []))
        described = {int(row["id"]): row.get("description") for row in body.get("attachments", [])}
        for number, (name, data, kind) in enumerate(uploads):
            extra = {"description": described[number]} if described.get(number) else {}
            message["attachments"].append(self._upload(name, data, kind) | extra)
        if reference := body.get("message_reference"):
            message |= {
                "type": 19,
                "message_reference": {"type": 0, "message_id": str(reference["message_id"]), "channel_id": channel},
            }
        if len(message["content"]) > 2000 or not (message["content"] or uploads):
            self.complaints.append("a message was empty or over 2000 characters")
        self.messages[message["id"]] = message
        await self._tell()
        return message


def _components(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows and buttons as Discord sends them back: each with an id of its own."""
    number = 0
    result = json.loads(json.dumps(rows))
    for row in result:
        for component in (row, *row.get("components", [])):
            number += 1
            component["id"] = number
    return result
