"""The local web chat's server: the page, the conversation as NDJSON, and the user's own pictures."""

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
"""For answers that are being written when the server ends; what takes longer was drained before."""
COOKIE, PLATFORM, PLACE = "chat", "web", "web"
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
CONVERSATIONS = web.AppKey("conversations", Conversations)
SAMPLES = web.AppKey("samples", Path)
MOST_UPLOAD = web.AppKey("most_upload", int)
USER = web.RequestKey("user", str)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class _Stopping:
    """How a chat comes to its end: first nothing new is begun, then nothing is waited for any more."""

    near: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: set[asyncio.Task[Turn]] = field(default_factory=set)


STOPPING = web.AppKey("stopping", _Stopping)


def create_app(
    conversations: Conversations, samples: Path, most_upload: int, host: str = "127.0.0.1"
) -> web.Application:
    """The application; ``most_upload`` is in bytes, ``host`` the name it may be called by besides loopback's."""
    app = web.Application(
        middlewares=[_guard({*LOCAL_NAMES, host.strip("[]")}), _identify], client_max_size=most_upload + 65536
    )
    app[CONVERSATIONS], app[SAMPLES], app[MOST_UPLOAD] = conversations, samples, most_upload
    app[STOPPING] = _Stopping()
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
    """Serve until cancelled; ``announce`` gets the address once it can be opened."""
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
    """Take no new messages, and finish those under way within so many seconds; the rest is finished at the next start."""
    stopping = app[STOPPING]
    stopping.near.set()
    if stopping.under_way:
        await asyncio.wait(set(stopping.under_way), timeout=seconds)
    stopping.over.set()
    for late in stopping.under_way:
        late.cancel()


# who may ask


def _guard(names: set[str]) -> Any:
    """Answers only to its own name (against DNS rebinding), and to POSTs of its own page."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = urlsplit(f"//{request.host}").hostname or ""
        if host not in names:
            raise web.HTTPForbidden(text=_locale(request).say("web.other-machine"))
        origin = request.headers.get("Origin")
        if request.method == "POST" and origin is not None and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text=_locale(request).say("web.other-page"))
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            raise web.HTTPForbidden(text=_locale(request).say("web.other-page"))
        return await handler(request)

    return guard


@web.middleware
async def _identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A random cookie names the user; whoever opens the page gets one."""
    user = request.cookies.get(COOKIE, "")
    fresh = not (len(user) == 43 and user.isascii())
    request[USER] = secrets.token_urlsafe(32) if fresh else user
    response = await handler(request)
    if fresh and not response.prepared:
        response.set_cookie(
            COOKIE, request[USER], httponly=True, samesite="Strict", max_age=365 * 86400, path="/"
        )
    return response


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _speaker(request: web.Request) -> Speaker:
    return Speaker(PLATFORM, request[USER], PLACE, locale=_locale(request).code)


def _locale(request: web.Request) -> Locale:
    """The first language that the browser accepts and the bot speaks."""
    accepted = (
        part.split(";")[0].strip() for part in request.headers.get("Accept-Language", "").split(",")[:20]
    )
    return next((locale for code in accepted if (locale := preferring(code))), locale_of())


# what is asked


async def _page(request: web.Request) -> web.StreamResponse:
    """The page in the browser's language: ``{{key}}`` stands for a text, ``{{labels}}`` for those that the script needs."""
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
    """A picture of the user's own; anybody else's does not exist."""
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


async def _state(request: web.Request) -> web.Response:
    """Where the conversation stands, for a page that was just opened."""
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
    body = await _standing(conversations, head, locale)
    samples = sorted(int(path.stem) for path in request.app[SAMPLES].glob("*.png"))
    extra = {
        "ready": ready,
        "trouble": trouble,
        "samples": samples,
        "quality": conversations.jobs.options.quality,
        "examples": await _examples(conversations, head, locale) if ready else [],
    }
    return web.json_response(body | extra)


async def _examples(conversations: Conversations, head: Edit | None, locale: Locale) -> list[str]:
    return [locale.wording(example) for example in await conversations.examples(head)]


async def _standing(conversations: Conversations, head: Edit | None, locale: Locale) -> dict[str, Any]:
    if head is None:
        return {"edit": None, "adjustments": [], "history": []}
    edits = await conversations.history.edits(head.source)
    return {
        "edit": head.id,
        "adjustments": [
            {"prompt": replies.name_of(locale, r), "strength": r["strength"]} for r in head.recipes
        ],
        "history": [_history_row(edit, locale) for edit in edits],
    }


def _history_row(edit: Edit, locale: Locale) -> dict[str, Any]:
    return {
        "edit": edit.id,
        "number": edit.number,
        "parent": edit.parent,
        "text": edit.text or locale.say("reply.place.original"),
        "description": replies.describe(locale, edit),
    }


async def _talk(request: web.Request) -> web.StreamResponse:
    """One message as multipart form; the answer is NDJSON: progress events, then the turn.

    Under the address that compares, its wish is done by every method side by side.
    """
    message = await _message(request)
    if request.app[STOPPING].near.is_set():
        raise web.HTTPServiceUnavailable(text=_locale(request).say("web.stopping"))
    response = web.StreamResponse(
        headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
    )
    if COOKIE not in request.cookies:
        response.set_cookie(
            COOKIE, request[USER], httponly=True, samesite="Strict", max_age=365 * 86400, path="/"
        )
    await response.prepare(request)

    async def progress(event: wire.Event) -> None:
        body = event.model_dump(mode="json", exclude={"result"})
        if body["event"] in ("queued", "started", "progress"):
            await _line(response, body)

    conversations = request.app[CONVERSATIONS]
    if request.path.endswith("/compare"):  # changes nothing, so nothing is kept of one that is broken off
        compare = conversations.compare(
            _speaker(request), CompareRequest(message.text, mask=message.mask), progress
        )
        turn = await _finished(request, compare, "web.stopping")
    else:
        asked = TalkRequest(
            message.text, message.picture, message.reply_to, mask=message.mask, quality=message.quality
        )
        talk = conversations.talk(_speaker(request), asked, progress)
        turn = await _finished(request, talk, "web.kept" if message.picture is None else "web.kept.picture")
    conversations.metrics.count_answer(PLATFORM, turn.error, turn.milliseconds / 1000)
    locale = get(turn.locale)
    hints = {"examples": await _examples(conversations, turn.edit, locale)}
    await _line(
        response, {"event": "turn"} | _turn(turn) | await _standing(conversations, turn.edit, locale) | hints
    )
    await response.write_eof()
    return response


async def _finished(request: web.Request, talk: Coroutine[Any, Any, Turn], kept: str) -> Turn:
    """The turn; a page that is closed does not stop it, and its result is there when the page is opened again. Where the bot
    stops before it is done, the answer is the text of the key ``kept``.
    """
    stopping, doing = request.app[STOPPING], asyncio.create_task(talk)
    stopping.under_way.add(doing)
    doing.add_done_callback(stopping.under_way.discard)
    over = asyncio.create_task(stopping.over.wait())
    try:
        await asyncio.wait({doing, over}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        over.cancel()
    if doing.done() and not doing.cancelled():
        return doing.result()
    locale = _locale(request)
    return Turn(locale.say(kept), error="handed-over", locale=locale.code)


async def _line(response: web.StreamResponse, body: dict[str, Any]) -> None:
    try:
        await response.write(json.dumps(body, ensure_ascii=False).encode() + b"\n")
    except (ConnectionError, RuntimeError):
        logger.debug("the page was closed while an answer was written")


@dataclass(frozen=True)
class _Message:
    """What was written, the picture with the quality chosen for it, the edit replied to, and the mask that was painted."""

    text: str
    picture: bytes | None
    reply_to: int | None
    mask: bytes | None
    quality: wire.Quality | None


async def _message(request: web.Request) -> _Message:
    most = request.app[MOST_UPLOAD]
    too_large = sentence_for(AttachmentTooLarge(most=most // 1048576), _locale(request))
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise web.HTTPRequestEntityTooLarge(most, request.content_length or 0, text=too_large) from None
    picture, mask = _file(form.get("picture"), most), _file(form.get("mask"), most)
    if picture is not None and len(picture) > most:
        raise web.HTTPRequestEntityTooLarge(most, len(picture), text=too_large)
    reply_to, chosen = str(form.get("reply_to", "")), form.get("quality")
    quality = next((one for one in wire.QUALITIES if one == chosen), None)
    return _Message(
        str(form.get("text", "")), picture, int(reply_to) if reply_to.isdigit() else None, mask, quality
    )


def _file(field: object, most: int) -> bytes | None:
    """What was sent as a file, and no more than one byte above the most."""
    return field.file.read(most + 1) if isinstance(field, web.FileField) else None


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "reply": turn.reply,
        "actions": [to_json(action) for action in turn.actions],
        "pictures": [_shown(shown) for shown in turn.pictures],
        "warnings": list(turn.warnings),
        "error": turn.error,
        "milliseconds": turn.milliseconds,
    }


def _shown(shown: Shown) -> dict[str, Any]:
    return {
        "edit": shown.edit,
        "number": shown.number,
        "url": f"/api/pictures/{shown.edit}",
        "alt": shown.alt,
        "caption": shown.caption,
    }
