"""A person's pictures and data: the gallery, names, deleting, and everything as a zip."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.web.access import PLATFORM, USER, locale_for
from bot.web.messages import ROOMS, VIEWS
from bot.web.views import CONVERSATIONS, TRANSCRIPTS
from storage import export
from storage.errors import NotFound
from storage.retention import Retention


async def gallery(request: web.Request) -> web.Response:
    """List the person's pictures."""
    return web.json_response(await request.app[VIEWS].gallery(request[USER], locale_for(request)))


async def _own_source(request: web.Request) -> int:
    source = int(request.match_info["source"])
    if not await request.app[VIEWS].owns(request[USER], source):
        raise web.HTTPNotFound
    return source


async def rename(request: web.Request) -> web.Response:
    """Give a picture a name."""
    source = await _own_source(request)
    try:
        title = str((await request.json())["title"])
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest from None
    await request.app[TRANSCRIPTS].rename(source, title)
    request.app[ROOMS].of(request[USER]).tell({"event": "gallery"})
    return web.Response(status=204)


async def delete(request: web.Request) -> web.Response:
    """Delete a picture with its edits and its conversation."""
    source = await _own_source(request)
    history = request.app[CONVERSATIONS].history
    try:
        [original, *_] = await history.edits(source)
        await Retention(history).forget_edit(original.id)
    except (NotFound, ValueError):
        raise web.HTTPNotFound from None
    request.app[ROOMS].of(request[USER]).tell({"event": "gallery", "deleted": source})
    return web.Response(status=204)


async def data(request: web.Request) -> web.Response:
    """Say how much is kept of the person, and for how long."""
    conversations = request.app[CONVERSATIONS]
    kept = await export.overview(conversations.history, PLATFORM, request[USER])
    opened = await request.app[TRANSCRIPTS].opened(PLATFORM, request[USER])
    answer: dict[str, Any] = {
        "pictures": len(opened),
        "edits": sum(one.edits for one in opened),
        "bytes": kept.bytes,
        "since": kept.since.isoformat() if kept.since else None,
        "days": conversations.jobs.options.retention_days,
    }
    return web.json_response(answer)


async def data_zip(request: web.Request) -> web.Response:
    """Send all that is kept of the person as a zip."""
    body = await export.export(request.app[CONVERSATIONS].history, PLATFORM, request[USER])
    headers = {"Content-Disposition": 'attachment; filename="my-pictures.zip"', "Cache-Control": "no-store"}
    return web.Response(body=body, content_type="application/zip", headers=headers)


async def delete_data(request: web.Request) -> web.Response:
    """Delete all that is kept of the person."""
    room = request.app[ROOMS].of(request[USER])
    room.waiting.clear()
    await room.stop()
    room.drafts.clear()
    await Retention(request.app[CONVERSATIONS].history).forget_user(PLATFORM, request[USER])
    room.tell({"event": "gallery", "deleted": "all"})
    return web.Response(status=204)
