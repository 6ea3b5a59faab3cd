"""The server of the web chat: the page, the conversation, and the user's own pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from bot.conversation.service import Conversations
from bot.web import gallery, messages, pages
from bot.web.access import Handler, Password, guard, identify
from bot.web.rooms import Rooms
from bot.web.views import CONVERSATIONS, SAMPLES, TRANSCRIPTS, Views
from storage.transcripts import Transcripts

_SHUTDOWN_SECONDS = 2.0
"""Time to finish writing answers when the server ends. Requests are drained before that."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_COMPRESSED = ("text/html", "application/json")


def create_app(
    conversations: Conversations,
    samples: Path,
    max_upload: int,
    host: str = "127.0.0.1",
    password: str | None = None,
) -> web.Application:
    """Create the application.

    Args:
        conversations: Answers the messages.
        samples: The folder of the sample pictures.
        max_upload: Most bytes of a picture.
        host: The name that the server may be called by, besides those of loopback.
        password: What everyone is asked for; nothing if None.
    """
    middlewares = [guard(host, password), identify, _compress]
    login = None if password is None else Password(password, pages.login_page)
    if login is not None:
        middlewares.insert(1, login.middleware)
    app = web.Application(middlewares=middlewares, client_max_size=max_upload + 65536)
    transcripts = Transcripts(conversations.history.database)
    app[CONVERSATIONS], app[TRANSCRIPTS], app[SAMPLES] = conversations, transcripts, samples
    app[messages.MAX_UPLOAD] = max_upload
    app[messages.VIEWS] = Views(conversations, transcripts)
    app[messages.ROOMS] = Rooms(conversations, transcripts, app[messages.VIEWS])
    _add_routes(app)
    if login is not None:
        login.add_routes(app)
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(_let_go)
    return app


def _add_routes(app: web.Application) -> None:
    edit, source = "{edit:\\d+}", "{source:\\d+}"
    app.add_routes(
        [
            web.get("/", pages.page),
            web.get("/samples/{number:\\d+}.png", pages.sample),
            web.static("/static", pages.STATIC),
            web.get("/api/state", messages.state),
            web.get("/api/events", messages.events),
            web.post("/api/messages", messages.post),
            web.delete("/api/messages/{message}", messages.withdraw),
            web.post("/api/stop", messages.stop),
            web.post("/api/talk", messages.talk),
            web.post("/api/compare", messages.talk),
            web.get(f"/api/pictures/{edit}", pages.picture),
            web.get(f"/api/pictures/{edit}/preview", pages.preview),
            web.get(f"/api/pictures/{edit}/comparison", pages.comparison),
            web.get(f"/api/pictures/{edit}/animation", pages.animation),
            web.get("/api/gallery", gallery.gallery),
            web.patch(f"/api/gallery/{source}", gallery.rename),
            web.delete(f"/api/gallery/{source}", gallery.delete),
            web.get("/api/data", gallery.data),
            web.get("/api/data.zip", gallery.data_zip),
            web.delete("/api/data", gallery.delete_data),
        ]
    )


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
    await app[messages.ROOMS].drain(seconds)


async def _let_go(app: web.Application) -> None:
    app[messages.ROOMS].close()


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


@web.middleware
async def _compress(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Compress pages, scripts and styles; what is sent piece by piece goes out at once instead."""
    response = await handler(request)
    is_script = request.path.startswith("/static/")
    if not response.prepared and (is_script or response.content_type in _COMPRESSED):
        response.enable_compression()
    return response
