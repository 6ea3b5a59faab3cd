"""The page itself, and its pictures: samples, edits, thumbnails, previews, and what is shared."""

from __future__ import annotations

import asyncio
import html
import json
import re
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from bot.conversation import replies
from bot.conversation.preview import shrink
from bot.errors import NoSuchAdjustment, sentence_for
from bot.locales import Locale, every
from bot.pictures.sheet import before_after
from bot.web.access import PLATFORM, USER, locale_for, speaker_of
from bot.web.views import CONVERSATIONS, SAMPLES
from editor.api.errors import EditorError
from storage.errors import StorageError
from storage.records import Edit, Picture

STATIC = Path(__file__).parent / "static"
_LABELS = ("web.", "percent")
_PRIVATE = {"Cache-Control": "private, max-age=31536000, immutable"}
_PREVIEW_SIDE, _MOST_SIDE = 768, 1600
_NOT_IN_NAMES = re.compile(r"[^\w-]+")


async def page(request: web.Request) -> web.StreamResponse:
    """Send the page in the person's language."""
    return await _from_template(request, "page.html")


async def login_page(request: web.Request) -> web.StreamResponse:
    """Send the page that asks for the password."""
    return await _from_template(request, "login.html", wrong="" if "wrong" in request.query else "hidden")


async def _from_template(request: web.Request, name: str, **values: str) -> web.StreamResponse:
    """Fill in a template.

    ``{{key}}`` stands for a text of the locale, ``{{labels}}`` for all texts that the script needs.
    """
    locale = locale_for(request)
    labels = {key.removeprefix("web."): text for key, text in locale.texts.items() if key.startswith(_LABELS)}
    values |= {"lang": locale.code, "labels": json.dumps(labels, ensure_ascii=False)}
    values["languages"] = json.dumps({one.code: one.name for one in every()}, ensure_ascii=False)
    template = await asyncio.to_thread((STATIC.parent / name).read_text, encoding="utf-8")
    text = re.sub(
        r"\{\{([\w.-]+)\}\}",
        lambda match: html.escape(values[match[1]] if match[1] in values else locale.say(match[1])),
        template,
    )
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def sample(request: web.Request) -> web.StreamResponse:
    """Send a sample picture."""
    path = request.app[SAMPLES] / f"{int(request.match_info['number'])}.png"
    if not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={"Cache-Control": "max-age=86400"})


async def own_edit(request: web.Request) -> Edit:
    """Return the edit of the address, if it is the user's own.

    For edits of others the answer is 404, as for unknown ones.
    """
    history, number = request.app[CONVERSATIONS].history, int(request.match_info["edit"])
    try:
        if await history.owner(number) != (PLATFORM, request[USER]):
            raise web.HTTPNotFound
        return await history.edit(number)
    except StorageError:
        raise web.HTTPNotFound from None


async def picture(request: web.Request) -> web.StreamResponse:
    """Send the picture of an edit; with ``?size=`` a small one, with ``?download`` as a file."""
    edit = await own_edit(request)
    try:
        found = await request.app[CONVERSATIONS].history.picture(edit.picture)
    except StorageError:
        raise web.HTTPNotFound from None
    side = _number(request.query.get("size"))
    if side is not None:
        found = await asyncio.to_thread(shrink, found.data, max(16, min(_MOST_SIDE, int(side))))
    name = file_name(locale_for(request), edit, found) if "download" in request.query else None
    return _picture_response(found, name)


async def preview(request: web.Request) -> web.StreamResponse:
    """Send an edit with another strength of one adjustment: ``?target=`` and ``?strength=``."""
    edit, strength = await own_edit(request), _number(request.query.get("strength"))
    if strength is None:
        raise web.HTTPBadRequest
    try:
        made = await request.app[CONVERSATIONS].preview(
            edit, request.query.get("target", ""), strength, _PREVIEW_SIDE
        )
    except NoSuchAdjustment:
        raise web.HTTPNotFound from None
    except (StorageError, EditorError) as error:
        raise web.HTTPServiceUnavailable(text=sentence_for(error, locale_for(request))) from None
    return _picture_response(made)


async def comparison(request: web.Request) -> web.StreamResponse:
    """Send before and after as one picture, to share."""
    edit, conversations = await own_edit(request), request.app[CONVERSATIONS]
    locale = locale_for(request)
    original = await conversations.history.original(await conversations.history.source(edit.source))
    after = await conversations.history.picture(edit.picture)
    captions = (locale.say("reply.place.original"), replies.describe(locale, edit))
    sheet = await asyncio.to_thread(before_after, original, after.data, captions)
    return _picture_response(sheet, file_name(locale, edit, sheet, locale.say("web.file.comparison")))


async def animation(request: web.Request) -> web.StreamResponse:
    """Send a loop from the original to an edit and back, to share."""
    edit = await own_edit(request)
    turn = await request.app[CONVERSATIONS].animate(speaker_of(request), edit.id)
    if not turn.pictures:
        raise web.HTTPUnprocessableEntity(text=turn.reply)
    made = turn.pictures[0].picture
    return _picture_response(made, file_name(locale_for(request), edit, made))


def file_name(locale: Locale, edit: Edit, found: Picture, prefix: str = "") -> str:
    """Return a file name that says what is in the picture: "pink-hair-60-glasses.png"."""
    stem = _NOT_IN_NAMES.sub("-", f"{prefix} {replies.describe(locale, edit)}").strip("-")[:100]
    suffix = found.media_type.rpartition("/")[2].replace("jpeg", "jpg")
    return f"{stem or edit.number}.{suffix}"


def _picture_response(found: Picture, name: str | None = None) -> web.Response:
    headers = dict(_PRIVATE)
    if name is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return web.Response(body=found.data, content_type=found.media_type, headers=headers)


def _number(text: str | None) -> float | None:
    """Return a number of a query, None if it is none or out of range."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) <= 10000 else None
