"""What the pages get to see: a picture with its edits and conversation, the gallery, and what is going on."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.conversation import replies
from bot.conversation.conversion import FACE
from bot.conversation.service import Conversations
from bot.errors import sentence_for
from bot.locales import Locale, get
from bot.web.access import PLACE, PLATFORM, USER, locale_for
from bot.web.room import Room, line_json
from editor.api import protocol as wire
from editor.api.errors import EditorError
from editor.api.strength import max_strength
from storage.errors import NotFound
from storage.records import Edit
from storage.transcripts import Opened, Transcripts

CONVERSATIONS = web.AppKey("conversations", Conversations)
TRANSCRIPTS = web.AppKey("transcripts", Transcripts)
SAMPLES = web.AppKey("samples", Path)
_MOST_EXAMPLES = 12


class Views:
    """Reads the state of pictures for the pages of one application."""

    def __init__(self, conversations: Conversations, transcripts: Transcripts) -> None:
        self.conversations, self.history = conversations, conversations.history
        self.transcripts = transcripts

    async def describe(self, code: str, source: int | None) -> dict[str, Any]:
        """Return the current edit of a picture, its adjustments and all its edits, in a language."""
        locale = get(code)
        try:
            head = None if source is None else await self.transcripts.shown(source)
        except NotFound:
            head = None
        examples = {"examples": await self._examples(head, locale)}
        if head is None:
            return {"source": None, "edit": None, "adjustments": [], "history": []} | examples
        edits = await self.history.edits(head.source)
        details = (await self.history.source(head.source)).details
        return {
            "source": head.source,
            "edit": head.id,
            "adjustments": [_adjustment_json(recipe, locale) for recipe in head.recipes],
            "history": [_edit_json(edit, locale) for edit in edits],
            "geometry": details.get("geometry"),
            "faces": details.get("faces", 0),
            "title": details.get("title", ""),
        } | examples

    async def _examples(self, head: Edit | None, locale: Locale) -> list[str]:
        examples = await self.conversations.examples(head)
        return [locale.wording(example) for example in examples][:_MOST_EXAMPLES]

    async def newest(self, user: str) -> int | None:
        """Return the picture that a person used last, None without one."""
        shown = await self.history.shown(PLATFORM, user, PLACE)
        if shown is not None:
            return shown.source
        opened = await self.transcripts.opened(PLATFORM, user)
        return opened[0].source if opened else None

    async def gallery(self, user: str, locale: Locale) -> list[dict[str, Any]]:
        """Return a person's pictures, the one used last first."""
        return [_opened_json(one, locale) for one in await self.transcripts.opened(PLATFORM, user)]

    async def readiness(self, locale: Locale) -> dict[str, Any]:
        """Return whether the editor can work, and if it failed, why."""
        try:
            return {"ready": await self.conversations.editor.ready(), "trouble": None}
        except EditorError as error:
            return {"ready": False, "trouble": sentence_for(error, locale)}

    async def state(self, request: web.Request, room: Room, thread: str) -> dict[str, Any]:
        """Return all that a page needs to show a thread."""
        locale = locale_for(request)
        source = room.source_of(thread)
        if source is not None and not await self.owns(request[USER], source):
            thread, source = f"new-{secrets.token_hex(6)}", None
        lines = await room.lines(thread)
        return (
            {"thread": str(source) if source is not None else thread}
            | await self.describe(locale.code, source)
            | await self.readiness(locale)
            | {"lines": [line_json(line) for line in lines]}
            | room.work()
            | {"samples": _samples(request.app[SAMPLES]), "quality": self.conversations.jobs.options.quality}
        )

    async def owns(self, user: str, source: int) -> bool:
        """Whether a picture belongs to a person."""
        try:
            edit = await self.transcripts.shown(source)
            return await self.history.owner(edit.id) == (PLATFORM, user)
        except NotFound:
            return False


def _samples(folder: Path) -> Sequence[int]:
    return sorted(int(path.stem) for path in folder.glob("*.png"))


def _adjustment_json(recipe: dict[str, Any], locale: Locale) -> dict[str, Any]:
    """Return an adjustment in force: what it is called, and what the editor calls it (``target``)."""
    variation = recipe.get("method") == "variation"
    return {
        "prompt": replies.name_of(locale, recipe),
        "strength": recipe["strength"],
        "target": recipe["prompt"],
        "most": max_strength(recipe.get("most")),
        "usual": wire.VARIATION_STRENGTH if variation else 1.0,
        "variation": variation,
        "local": recipe.get("mask") is not None or recipe.get("region") is not None,
        "face": recipe[FACE] + 1 if FACE in recipe else None,
        "keep": list(recipe.get("keep") or ()),
    }


def _edit_json(edit: Edit, locale: Locale) -> dict[str, Any]:
    return {
        "edit": edit.id,
        "number": edit.number,
        "parent": edit.parent,
        "text": edit.text or locale.say("reply.place.original"),
        "description": replies.describe(locale, edit),
        "url": picture_url(edit),
    }


def picture_url(edit: Edit) -> str:
    """Return the address of an edit's picture; the time tells apart edits that had the same id."""
    return f"/api/pictures/{edit.id}?at={int(edit.created_at.timestamp() * 1000)}"


def _opened_json(opened: Opened, locale: Locale) -> dict[str, Any]:
    return {
        "source": opened.source,
        "title": opened.title or replies.describe(locale, opened.shown),
        "named": bool(opened.title),
        "edits": opened.edits,
        "used_at": opened.used_at.isoformat(),
        "url": picture_url(opened.shown),
        "description": replies.describe(locale, opened.shown),
    }
