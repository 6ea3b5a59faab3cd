"""The server of the local web chat: the page, the conversation as NDJSON, and the user's own pictures."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.conversation import replies
from bot.conversation.messages import CompareRequest, Shown, Speaker, TalkRequest, Turn
from bot.conversation.service import Conversations
from bot.errors import AttachmentTooLarge, sentence_for
from bot.language.actions import to_json
from bot.locales import Locale, get, locale_of, preferring
from editor.api import protocol as wire
from editor.api.errors import EditorError
from storage.errors import NoPicture, StorageError
from storage.records import Edit

logger = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
_SHUTDOWN_SECONDS = 2.0
"""Time to finish writing answers when the server ends. Requests are drained before that."""
COOKIE, PLATFORM, PLACE = "chat", "web", "web"
_TOKEN_BYTES, _COOKIE_LENGTH = 32, 43
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
CONVERSATIONS = web.AppKey("conversations", Conversations)
SAMPLES = web.AppKey("samples", Path)
MAX_UPLOAD = web.AppKey("max_upload", int)
USER = web.RequestKey("user", str)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class _Shutdown:
    """How the server stops: first it accepts no new messages, later it stops waiting for the running ones."""

    draining: asyncio.Event = field(default_factory=asyncio.Event)
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    running: set[asyncio.Task[Turn]] = field(default_factory=set)


SHUTDOWN = web.AppKey("shutdown", _Shutdown)


def create_app(
    conversations: Conversations, samples: Path, max_upload: int, host: str = "127.0.0.1"
) -> web.Application:
    """Create the application.

    Args:
        conversations: Answers the messages.
        samples: The folder of the sample pictures.
        max_upload: Most bytes of a picture.
        host: The name that the server may be called by, besides those of loopback.
    """
    guard = _guard({*LOCAL_NAMES, host.strip("[]")})
    app = web.Application(middlewares=[guard, _identify], client_max_size=max_upload + 65536)
    app[CONVERSATIONS], app[SAMPLES], app[MAX_UPLOAD] = conversations, samples, max_upload
    app[SHUTDOWN] = _Shutdown()
    app.router.add_get("/", _page)
    app.router.add_get("/api/state", _state)
    app.router.add_post("/api/talk", _talk)
    app.router.add_post("/api/compare", _talk)
    app.router.add_get("/api/pictures/{edit:\\d+}", _picture)
    app.router.add_get("/samples/{number:\\d+}.png", _sample)
    app.router.add_static("/static", STATIC)
    app.on_response_prepare.append(_add_headers)
    return app


async def serve(app: web.Application, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve until cancelled. ``announce`` is called with the address as soon as it can be opened."""
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=False, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0]
        name = f"[{bound[0]}]" if ":" in str(bound[0]) else bound[0]
        announce(f"http://{name}:{bound[1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def drain(app: web.Application, seconds: float) -> None:
    """Accept no new messages, and finish running ones within ``seconds``; the next start does the rest."""
    shutdown = app[SHUTDOWN]
    shutdown.draining.set()
    if shutdown.running:
        await asyncio.wait(set(shutdown.running), timeout=seconds)
    shutdown.drained.set()
    for late in shutdown.running:
        late.cancel()


# access


def _guard(names: set[str]) -> Any:
    """Refuse other host names (DNS rebinding) and POSTs from other sites' pages."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = urlsplit(f"//{request.host}").hostname or ""
        if host not in names:
            raise web.HTTPForbidden(text=_locale(request).say("web.other-machine"))
        if request.method == "POST" and not _from_own_page(request):
            raise web.HTTPForbidden(text=_locale(request).say("web.other-page"))
        return await handler(request)

    return guard


def _from_own_page(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    same_origin = origin is None or urlsplit(origin).netloc == request.host
    return same_origin and request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


@web.middleware
async def _identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Identify the user by a random cookie, which a new user gets."""
    user = request.cookies.get(COOKIE, "")
    is_new = not (len(user) == _COOKIE_LENGTH and user.isascii())
    request[USER] = secrets.token_urlsafe(_TOKEN_BYTES) if is_new else user
    response = await handler(request)
    if is_new and not response.prepared:
        _set_cookie(response, request[USER])
    return response


def _set_cookie(response: web.StreamResponse, user: str) -> None:
    response.set_cookie(COOKIE, user, httponly=True, samesite="Strict", max_age=365 * 86400, path="/")


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _speaker(request: web.Request) -> Speaker:
    return Speaker(PLATFORM, request[USER], PLACE, locale=_locale(request).code)


def _locale(request: web.Request) -> Locale:
    """Return the first language that the browser accepts and the bot speaks."""
    header = request.headers.get("Accept-Language", "")
    accepted = (part.split(";")[0].strip() for part in header.split(",")[:20])
    return next((locale for code in accepted if (locale := preferring(code))), locale_of())


# pages and pictures


async def _page(request: web.Request) -> web.StreamResponse:
    """Send the page in the browser's language.

    In the template, ``{{key}}`` stands for a text of the locale, and ``{{labels}}`` for all texts that the
    script needs.
    """
    locale = _locale(request)
    labels = {
        key.removeprefix("web."): text
        for key, text in locale.texts.items()
        if key.startswith(("web.", "say.", "percent"))
    }
    values = {"lang": locale.code, "labels": json.dumps(labels, ensure_ascii=False)}
    template = await asyncio.to_thread((STATIC.parent / "page.html").read_text, encoding="utf-8")
    page = re.sub(
        r"\{\{([\w.-]+)\}\}",
        lambda match: html.escape(values.get(match[1]) or locale.say(match[1])),
        template,
    )
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language"}
    return web.Response(text=page, content_type="text/html", headers=headers)


async def _sample(request: web.Request) -> web.StreamResponse:
    path = request.app[SAMPLES] / f"{int(request.match_info['number'])}.png"
    if not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Cache-Control": "max-age=86400"})


async def _picture(request: web.Request) -> web.StreamResponse:
    """Send one of the user's own pictures. For pictures of others the answer is 404, as for unknown ones."""
    history, number = request.app[CONVERSATIONS].history, int(request.match_info["edit"])
    try:
        if await history.owner(number) != (PLATFORM, request[USER]):
            raise web.HTTPNotFound
        picture = await history.picture((await history.edit(number)).picture)
    except StorageError:
        raise web.HTTPNotFound from None
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    if "download" in request.query:
        headers["Content-Disposition"] = f'attachment; filename="edit-{number}.png"'
    return web.Response(body=picture.data, content_type=picture.media_type, headers=headers)


# the state of the conversation


async def _state(request: web.Request) -> web.Response:
    """Send the state of the conversation to a page that was just opened."""
    conversations, locale = request.app[CONVERSATIONS], _locale(request)
    speaker = _speaker(request)
    conversation = await conversations.history.conversation(speaker.platform, speaker.user, speaker.place)
    try:
        head: Edit | None = await conversations.history.head(conversation.id)
    except NoPicture:
        head = None
    try:
        ready, trouble = await conversations.editor.ready(), None
    except EditorError as error:
        ready, trouble = False, sentence_for(error, locale)
    body = await _history_json(conversations, head, locale)
    extra = {
        "ready": ready,
        "trouble": trouble,
        "samples": sorted(int(path.stem) for path in request.app[SAMPLES].glob("*.png")),
        "quality": conversations.jobs.options.quality,
        "examples": await _examples(conversations, head, locale) if ready else [],
    }
    return web.json_response(body | extra)


async def _examples(conversations: Conversations, head: Edit | None, locale: Locale) -> list[str]:
    return [locale.wording(example) for example in await conversations.examples(head)]


async def _history_json(conversations: Conversations, head: Edit | None, locale: Locale) -> dict[str, Any]:
    """Return the current edit, its adjustments, and all edits of its picture."""
    if head is None:
        return {"edit": None, "adjustments": [], "history": []}
    edits = await conversations.history.edits(head.source)
    return {
        "edit": head.id,
        "adjustments": [
            {"prompt": replies.name_of(locale, recipe), "strength": recipe["strength"]}
            for recipe in head.recipes
        ],
        "history": [_edit_json(edit, locale) for edit in edits],
    }


def _edit_json(edit: Edit, locale: Locale) -> dict[str, Any]:
    return {
        "edit": edit.id,
        "number": edit.number,
        "parent": edit.parent,
        "text": edit.text or locale.say("reply.place.original"),
        "description": replies.describe(locale, edit),
    }


# messages


async def _talk(request: web.Request) -> web.StreamResponse:
    """Answer a message, a multipart form, with NDJSON: progress events, then the turn.

    At the address ``/api/compare``, all methods do the edit, side by side.
    """
    message = await _read_message(request)
    if request.app[SHUTDOWN].draining.is_set():
        raise web.HTTPServiceUnavailable(text=_locale(request).say("web.stopping"))
    response = web.StreamResponse(
        headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
    )
    if COOKIE not in request.cookies:
        _set_cookie(response, request[USER])
    await response.prepare(request)

    async def progress(event: wire.Event) -> None:
        body = event.model_dump(mode="json", exclude={"result"})
        if body["event"] in ("queued", "started", "progress"):
            await _write_line(response, body)

    conversations, speaker = request.app[CONVERSATIONS], _speaker(request)
    if request.path.endswith("/compare"):  # changes nothing, so an interrupted one is not stored
        compared = CompareRequest(message.text, mask=message.mask)
        turn = await _finish(request, conversations.compare(speaker, compared, progress), "web.stopping")
    else:
        interrupted = "web.kept" if message.picture is None else "web.kept.picture"
        turn = await _finish(request, conversations.talk(speaker, message, progress), interrupted)
    conversations.metrics.count_answer(PLATFORM, turn.error, turn.milliseconds / 1000)
    locale = get(turn.locale)
    history = await _history_json(conversations, turn.edit, locale)
    examples = {"examples": list(turn.choices) or await _examples(conversations, turn.edit, locale)}
    await _write_line(response, {"event": "turn"} | _turn_json(turn) | history | examples)
    await response.write_eof()
    return response


async def _finish(request: web.Request, coroutine: Coroutine[Any, Any, Turn], interrupted: str) -> Turn:
    """Return the turn. It is finished even if the page is closed, which shows the result when it is opened
    again.

    If the bot stops before the turn is finished, the reply is the text of the key ``interrupted``.
    """
    shutdown, task = request.app[SHUTDOWN], asyncio.create_task(coroutine)
    shutdown.running.add(task)
    task.add_done_callback(shutdown.running.discard)
    drained = asyncio.create_task(shutdown.drained.wait())
    try:
        await asyncio.wait({task, drained}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        drained.cancel()
    if task.done() and not task.cancelled():
        return task.result()
    locale = _locale(request)
    return Turn(locale.say(interrupted), error="handed-over", locale=locale.code)


async def _write_line(response: web.StreamResponse, body: dict[str, Any]) -> None:
    try:
        await response.write(json.dumps(body, ensure_ascii=False).encode() + b"\n")
    except (ConnectionError, RuntimeError):
        logger.debug("the page was closed while an answer was written")


async def _read_message(request: web.Request) -> TalkRequest:
    limit = request.app[MAX_UPLOAD]
    too_large = sentence_for(AttachmentTooLarge(most=limit // 1048576), _locale(request))
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise web.HTTPRequestEntityTooLarge(limit, request.content_length or 0, text=too_large) from None
    picture = _read_file(form.get("picture"), limit)
    if picture is not None and len(picture) > limit:
        raise web.HTTPRequestEntityTooLarge(limit, len(picture), text=too_large)
    reply_to, quality = str(form.get("reply_to", "")), form.get("quality")
    return TalkRequest(
        str(form.get("text", "")),
        picture,
        int(reply_to) if reply_to.isdigit() else None,
        mask=_read_file(form.get("mask"), limit),
        quality=next((known for known in wire.QUALITIES if known == quality), None),
    )


def _read_file(part: object, limit: int) -> bytes | None:
    """Return the file of a form field, None if it is not a file; read at most a byte above the limit."""
    return part.file.read(limit + 1) if isinstance(part, web.FileField) else None


def _turn_json(turn: Turn) -> dict[str, Any]:
    return {
        "reply": turn.reply,
        "actions": [to_json(action) for action in turn.actions],
        "pictures": [_picture_json(shown) for shown in turn.pictures],
        "warnings": list(turn.warnings),
        "error": turn.error,
        "milliseconds": turn.milliseconds,
    }


def _picture_json(shown: Shown) -> dict[str, Any]:
    return {
        "edit": shown.edit,
        "number": shown.number,
        "url": f"/api/pictures/{shown.edit}",
        "alt": shown.alt,
        "caption": shown.caption,
    }
