"""One message that lives: nothing at first, then the place in the queue and the progress, in the end the result.

A quick answer is just posted. Only what takes longer gets a message early, which is then edited: never more often than
Discord's limit allows (five changes in five seconds for a channel, shared by all members there).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Self

import discord

from bot.conversation.conversion import stored_picture
from bot.discord.dispatch.responder import Outlet
from bot.discord.ui.view import Card, Shot
from bot.locales import Locale
from editor.api import protocol as wire

logger = logging.getLogger(__name__)

PATIENCE_SECONDS, PACE_SECONDS = 3.0, 2.5
"""After how long the message appears, and the least time between two changes of it."""


class LiveMessage:
    """The answer to one asking while it is being made; an async context manager around the work."""

    def __init__(self, outlet: Outlet, locale: Locale, message: int | None = None) -> None:
        self.outlet, self.locale, self.message = outlet, locale, message
        self._event: wire.Event | None = None
        self._preview: wire.PictureData | None = None
        """The last one: most steps come without."""
        self.waits_for_editor = False
        self.spoiler = False
        """Whether previews must be covered."""
        self._news, self._ended = asyncio.Event(), asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._typing = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._typing.enter_async_context(self.outlet.typing())
        self._pump = asyncio.create_task(self._tell())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """No more changes on its own; a change under way is finished first, so that it cannot overtake the result."""
        pump, self._pump = self._pump, None
        if pump is not None:
            self._ended.set()
            self._news.set()
            await asyncio.wait([pump])
        await self._typing.aclose()

    @property
    def event(self) -> wire.Event | None:
        """The last word of the editor."""
        return self._event

    def progress(self, event: wire.Event) -> None:
        """What the editor says about the job. Only remembered here: the editor's stream never waits for Discord."""
        self.waits_for_editor = False
        if isinstance(event, (wire.Queued, wire.Progress)):
            self._event = event
            self._preview = getattr(event, "preview", None) or self._preview
            self._news.set()

    async def away(self) -> None:
        """The editor cannot be reached: say that the wish is kept, at once."""
        self._event, self.waits_for_editor = None, True
        try:
            await self.say(Card(self.locale.say("discord.away")))
        except discord.HTTPException as error:
            logger.info("progress could not be shown: HTTP %d, code %d", error.status, error.code)

    async def say(self, card: Card) -> None:
        """Show the card in the message now, made if need be. Raises discord.HTTPException."""
        if self.message is None:
            self.message = await self.outlet.post(card)
            return
        try:
            await self.outlet.edit(self.message, card)
        except discord.NotFound:  # somebody deleted it meanwhile
            self.message = await self.outlet.post(card)

    async def finish(self, card: Card, private: bool = False) -> int:
        """Show the answer for good; returns the message's id. ``private`` ones are told to the asker alone."""
        await self.stop()
        if private and self.message is None:
            return await self.outlet.whisper(card)
        await self.say(card)
        await self.outlet.close()
        assert self.message is not None
        return self.message

    async def keep(self) -> int | None:
        """Say that the bot stops and goes on with this when it is back: in the message, or to the asker alone where there is
        none yet and only they can see that something was asked. Returns the message that can be changed later.
        """
        await self.stop()
        card = Card(self.locale.say("discord.kept"))
        try:
            if self.message is None and self.outlet.asking.ack in ("private", "silent"):
                await self.outlet.whisper(card)
            else:
                await self.say(card)
        except discord.HTTPException as error:
            logger.info("a member could not be told: HTTP %d, code %d", error.status, error.code)
        return self.message

    async def _tell(self) -> None:
        await self._rest(0.0 if self.message is not None else PATIENCE_SECONDS)
        while not self._ended.is_set():
            await self._news.wait()
            self._news.clear()
            if not self._ended.is_set():
                await self._show()
            await self._rest(PACE_SECONDS)

    async def _rest(self, seconds: float) -> None:
        """Wait, but not once the answer is there."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)

    async def _show(self) -> None:
        if self._event is None:
            return
        try:
            await self.say(card_of(self._event, self.locale, self._preview, self.spoiler))
        except discord.HTTPException as error:
            logger.info("progress could not be shown: HTTP %d, code %d", error.status, error.code)


def card_of(
    event: wire.Event, locale: Locale, preview: wire.PictureData | None = None, spoiler: bool = False
) -> Card:
    """Where a job stands, in words, with the preview that slow work gives, covered as a ``spoiler``."""
    if isinstance(event, wire.Queued):
        text = (
            locale.say("web.waiting", number=event.position) if event.position else locale.say("web.starting")
        )
    else:
        assert isinstance(event, wire.Progress)
        text = " ".join((locale.say(f"web.stage.{event.stage}"), _bar(event.step, event.total)))
    if preview is None:
        return Card(text)
    return Card(
        text,
        shots=(Shot(stored_picture(preview), locale.say("discord.preview")),),
        spoiler=spoiler,
        tag="preview",
    )


def _bar(step: int, total: int) -> str:
    filled = round(10 * step / max(1, total))
    return f"`{'█' * filled}{'░' * (10 - filled)}`"
