"""The message that answers one request: the place in the queue and the progress first, the result in the end.

A quick answer is simply posted. Slower work gets its message early, and edits it no more often than Discord's
limit allows: five changes in five seconds for a channel, shared by all its members.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Self

import discord

from bot.conversation.conversion import stored_picture
from bot.discord.dispatch.responder import Responder
from bot.discord.errors import http_error_logged
from bot.discord.ui.menus import bar
from bot.discord.ui.view import AttachedPicture, OutgoingMessage
from bot.locales import Locale
from editor.api import protocol as wire

PATIENCE_SECONDS = 3.0  # how long the work may take before the message appears
PACE_SECONDS = 2.5  # the least time between two edits of the message


class ProgressMessage:
    """The answer to one request while it is being made; an async context manager around the work.

    ``message`` is the message to edit, if a killed process already sent one.
    """

    def __init__(self, responder: Responder, locale: Locale, message: int | None = None) -> None:
        self.responder, self.locale, self.message = responder, locale, message
        self.event: wire.Queued | wire.Progress | None = None  # the latest news of the editor
        self.editor_away = False
        self.spoiler = False  # whether previews must be hidden until clicked
        self._preview: wire.PictureData | None = None
        self._news, self._ended = asyncio.Event(), asyncio.Event()
        self._updates: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._updates = asyncio.create_task(self._update())
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self._stop()

    async def _stop(self) -> None:
        """Stop the updates. One in flight is finished first, so that it cannot overwrite the result."""
        updates, self._updates = self._updates, None
        if updates is not None:
            self._ended.set()
            self._news.set()
            await asyncio.wait([updates])

    def on_event(self, event: wire.Event) -> None:
        """Remember an event of the editor; its stream must not wait for Discord, so nothing is sent here."""
        self.editor_away = False
        if isinstance(event, wire.Queued | wire.Progress):
            self.event = event
            self._preview = getattr(event, "preview", None) or self._preview
            self._news.set()

    async def show_editor_away(self) -> None:
        """Tell the requester at once that the editor cannot be reached and that the request is kept."""
        self.event, self.editor_away = None, True
        with http_error_logged("progress could not be shown"):
            await self._show(OutgoingMessage(self.locale.say("discord.away")))

    async def finish(self, answer: OutgoingMessage) -> int:
        """Show the answer for good; returns the message's id. Raises discord.HTTPException.

        Text without a picture is shown only to the requester, unless there is a progress message already.
        """
        await self._stop()
        if not answer.pictures and self.message is None:
            return await self.responder.send(answer, private=True)
        number = await self._show(answer)
        await self.responder.close()
        return number

    async def hand_over(self) -> int | None:
        """Say that the bot stops and continues with this request when it is back.

        Returns the message that can be edited later, None if only the requester was told.
        """
        await self._stop()
        notice = OutgoingMessage(self.locale.say("discord.kept"))
        private = self.responder.request.acknowledgement in ("private", "silent")
        with http_error_logged("a member could not be told that the bot stops"):
            if self.message is None and private:
                await self.responder.send(notice, private=True)
            else:
                await self._show(notice)
        return self.message

    async def _show(self, answer: OutgoingMessage) -> int:
        """Edit the message, or post it if there is none. Raises discord.HTTPException."""
        if self.message is not None:
            with contextlib.suppress(discord.NotFound):  # somebody deleted it
                await self.responder.edit(self.message, answer)
                return self.message
        self.message = await self.responder.send(answer)
        return self.message

    async def _update(self) -> None:
        """Show the news, at the right pace, until stopped."""
        async with self.responder.typing():
            await self._pause(0.0 if self.message is not None else PATIENCE_SECONDS)
            while not self._ended.is_set():
                await self._news.wait()
                self._news.clear()
                if self.event is not None and not self._ended.is_set():
                    with http_error_logged("progress could not be shown"):
                        await self._show(self._state(self.event))
                await self._pause(PACE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        """Sleep, or return early once the answer is ready."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    def _state(self, event: wire.Queued | wire.Progress) -> OutgoingMessage:
        """The state of the work in words, with the latest preview."""
        say = self.locale.say
        if isinstance(event, wire.Progress):
            text = f"{say(f'web.stage.{event.stage}')} {bar(event.step / max(1, event.total))}"
        else:
            text = say("web.waiting", number=event.position) if event.position else say("web.starting")
        pictures = []
        if self._preview is not None:
            pictures.append(AttachedPicture(stored_picture(self._preview), say("discord.preview")))
        return OutgoingMessage(text, pictures=pictures, spoiler=self.spoiler, tag="preview")
