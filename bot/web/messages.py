"""What pages send and hear: messages into the queue, and the events of the room."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets

from aiohttp import web

from bot.conversation.messages import TalkRequest
from bot.errors import AttachmentTooLarge, sentence_for
from bot.language.actions import Action, from_json
from bot.web.access import COOKIE, USER, locale_for, set_cookie, speaker_of
from bot.web.room import Event, Message, QueueFull, Room
from bot.web.rooms import Rooms
from bot.web.views import CONVERSATIONS, Views
from editor.api import protocol as wire
from storage.errors import NotFound, StorageError

logger = logging.getLogger(__name__)

ROOMS = web.AppKey("rooms", Rooms)
VIEWS = web.AppKey("views", Views)
MAX_UPLOAD = web.AppKey("max_upload", int)
_HEARTBEAT_SECONDS, _READY_SECONDS = 15.0, 0.5
_MAX_THREAD = 40


async def state(request: web.Request) -> web.Response:
    """Send the state of a thread, by default that of the newest picture."""
    room = request.app[ROOMS].of(request[USER])
    thread = await _thread(request, room, request.query.get("thread"))
    return web.json_response(await request.app[VIEWS].state(request, room, thread))


async def _thread(request: web.Request, room: Room, wanted: str | None) -> str:
    """Return a thread by its name; without one that of what is running, or of the newest picture."""
    if wanted:
        return wanted[:_MAX_THREAD]
    if room.running is not None:
        return room.running.message.thread
    newest = await request.app[VIEWS].newest(request[USER])
    return str(newest) if newest is not None else f"new-{secrets.token_hex(6)}"


async def events(request: web.Request) -> web.StreamResponse:
    """Send server-sent events: the state of a thread, then everything that happens."""
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    if COOKIE not in request.cookies:
        set_cookie(response, COOKIE, request[USER])
    rooms, views = request.app[ROOMS], request.app[VIEWS]
    room = rooms.of(request[USER])
    thread = await _thread(request, room, request.query.get("thread"))
    with contextlib.suppress(ConnectionError):
        async with room.listening() as heard:
            await response.prepare(request)
            first = await views.state(request, room, thread)
            await _send(response, {"event": "state"} | first)
            ready = first["ready"]
            while True:
                try:
                    pause = _HEARTBEAT_SECONDS if ready else _READY_SECONDS
                    event = await asyncio.wait_for(heard.get(), pause)
                except TimeoutError:
                    if not ready and (now := await views.readiness(locale_for(request)))["ready"]:
                        ready = True
                        described = await views.describe(locale_for(request).code, room.source_of(thread))
                        now |= {"examples": described["examples"]}
                        await _send(response, {"event": "ready"} | now)
                    else:
                        await response.write(b":\n\n")
                    continue
                if event is None:
                    break
                await _send(response, event)
    rooms.leave(request[USER])
    return response


async def _send(response: web.StreamResponse, event: Event) -> None:
    await response.write(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")


# messages


async def post(request: web.Request) -> web.Response:
    """Put a message, a multipart form, into the queue."""
    message = await _read_message(request, request.app[ROOMS].of(request[USER]))
    await _post(request, message)
    return web.json_response({"id": message.id, "thread": message.thread}, status=202)


async def _post(request: web.Request, message: Message) -> None:
    rooms, locale = request.app[ROOMS], locale_for(request)
    if rooms.draining:
        raise web.HTTPServiceUnavailable(text=locale.say("web.stopping"))
    try:
        await rooms.of(request[USER]).post(message)
    except QueueFull:
        raise web.HTTPTooManyRequests(text=locale.say("web.queue.full")) from None


async def withdraw(request: web.Request) -> web.Response:
    """Take back a message that waits."""
    if not request.app[ROOMS].of(request[USER]).withdraw(request.match_info["message"]):
        raise web.HTTPNotFound
    return web.Response(status=204)


async def stop(request: web.Request) -> web.Response:
    """Stop what is running."""
    await request.app[ROOMS].of(request[USER]).stop()
    return web.Response(status=204)


async def talk(request: web.Request) -> web.StreamResponse:
    """Answer a message with NDJSON: progress events, then the turn.

    At the address ``/api/compare``, all methods do the edit, side by side.
    """
    room = request.app[ROOMS].of(request[USER])
    message = await _read_message(request, room, compare=request.path.endswith("/compare"))
    response = web.StreamResponse(
        headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
    )
    if COOKIE not in request.cookies:
        set_cookie(response, COOKIE, request[USER])
    async with room.listening() as heard:
        await _post(request, message)
        await response.prepare(request)
        while (event := await heard.get()) is not None:
            if event["event"] == "work" and not _is_listed(message, event):
                break  # it was taken back
            if event.get("message") != message.id:
                continue
            try:
                await response.write(json.dumps(event, ensure_ascii=False).encode() + b"\n")
            except (ConnectionError, RuntimeError):
                logger.debug("the page was closed while an answer was written")
                return response
            if event["event"] == "turn":
                break
    with contextlib.suppress(ConnectionError):
        await response.write_eof()
    return response


def _is_listed(message: Message, work: Event) -> bool:
    """Whether a message is running or waits."""
    running = [work["running"]] if work["running"] else []
    return message.id in [one["id"] for one in (*running, *work["queue"])]


async def _read_message(request: web.Request, room: Room, compare: bool = False) -> Message:
    limit, locale = request.app[MAX_UPLOAD], locale_for(request)
    too_large = sentence_for(AttachmentTooLarge(most=limit // 1048576), locale)
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise web.HTTPRequestEntityTooLarge(limit, request.content_length or 0, text=too_large) from None
    picture = _read_file(form.get("picture"), limit)
    if picture is not None and len(picture) > limit:
        raise web.HTTPRequestEntityTooLarge(limit, len(picture), text=too_large)
    current = await _thread(request, room, str(form.get("look") or form.get("thread") or ""))
    thread = str(form.get("thread") or "")[:_MAX_THREAD]
    if not thread:
        thread = current if picture is None else f"new-{secrets.token_hex(6)}"
    await _check_owner(request, room, thread, current)
    box = _read_box(form.get("box"))
    if box is not None and picture is None:  # the same picture again, with another square
        picture = await _original(request, room.source_of(current))
    quality = form.get("quality")
    talk_request = TalkRequest(
        str(form.get("text", "")),
        picture,
        actions=_read_actions(form.get("actions")),
        mask=_read_file(form.get("mask"), limit),
        quality=next((known for known in wire.QUALITIES if known == quality), None),
        box=box,
    )
    return Message(
        thread,
        talk_request,
        speaker_of(request),
        compare=compare or form.get("compare") == "yes",
        look=current,
        quiet=talk_request.actions is not None,
    )


async def _check_owner(request: web.Request, room: Room, *threads: str) -> None:
    for thread in threads:
        source = room.source_of(thread)
        if source is not None and not await request.app[VIEWS].owns(request[USER], source):
            raise web.HTTPNotFound(
                text=sentence_for(NotFound("the picture was deleted"), locale_for(request))
            )


async def _original(request: web.Request, source: int | None) -> bytes:
    """Return the bytes of a picture of the person."""
    history = request.app[CONVERSATIONS].history
    try:
        return await history.original(await history.source(source or 0))
    except StorageError:
        raise web.HTTPNotFound from None


def _read_file(part: object, limit: int) -> bytes | None:
    """Return the file of a form field, None if it is not a file; read at most a byte above the limit."""
    return part.file.read(limit + 1) if isinstance(part, web.FileField) else None


def _read_actions(field: object) -> tuple[Action, ...] | None:
    """Return the actions that a button stands for; None if there are none."""
    if not isinstance(field, str) or not field:
        return None
    try:
        return tuple(from_json(action) for action in json.loads(field))
    except (ValueError, TypeError, AttributeError):
        raise web.HTTPBadRequest from None


def _read_box(field: object) -> wire.Box | None:
    """Return a square, written as three numbers with commas between."""
    try:
        left, top, side = (float(number) for number in str(field or "").split(","))
    except ValueError:
        return None
    return (left, top, side) if side > 0 else None
