"""The bot's client of the editor's HTTP API. Never imports torch."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import aiohttp
from cachetools import LRUCache
from pydantic import TypeAdapter

from editor.api.errors import BadRequest, Draining, EditorAway, EditorError, PictureUnknown, error_for
from editor.api.framing import CONTENT_TYPE, Frame, FrameReader
from editor.api.protocol import BundleInfo, Done, EditorStatus, Event, Failed, Job, Result

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
OnEvent = Callable[[Event], Awaitable[None] | None]
MAX_MESSAGE = 256 * 1024 * 1024
"""Bytes of one event: a lossless picture of 50 megapixels takes 150 MB."""
MAX_REMEMBERED = 4096
"""Hashes of pictures that the editor has seen; it may have forgotten some of them."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between attempts to reach an editor that is away."""
ANSWER_SECONDS, RELOAD_SECONDS = 10.0, 600.0
"""Within which a living editor answers, and within which it has read all bundles again."""
STREAM_TIMEOUT = aiohttp.ClientTimeout(connect=5.0, sock_read=600.0)
"""A connection that has brought nothing for that long may be dead although the editor is not: a new one is
made."""
_AWAY = (aiohttp.ClientError, OSError, TimeoutError)


class EditorClient:
    """Talks to one editor at ``http://host:port`` or ``unix:/path``. An async context manager."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        patience: float = 60.0,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Connect to nothing yet.

        Args:
            patience: Seconds without an answer of any kind after which a job fails with EditorAway.
            answer_seconds: After so long without an event, the editor is asked whether it still answers,
                which it must do within the same time.
        """
        self._base = "http://editor" if url.startswith("unix:") else url.rstrip("/")
        self._socket = url.removeprefix("unix:") if url.startswith("unix:") else None
        self._token, self.patience, self.answer_seconds = token, patience, answer_seconds
        self._session: aiohttp.ClientSession | None = None
        self._sent: LRUCache[str, None] = LRUCache(MAX_REMEMBERED)

    async def __aenter__(self) -> Self:
        connector = aiohttp.UnixConnector(self._socket) if self._socket else aiohttp.TCPConnector()
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        timeout = aiohttp.ClientTimeout(total=self.answer_seconds, connect=5.0)
        self._session = aiohttp.ClientSession(
            connector=connector, headers=headers, timeout=timeout, read_bufsize=2**20
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def run(self, identifier: str, job: Job, on_event: OnEvent | None = None) -> Result:
        """Run a job once and return its result, through lost connections and restarts of the editor.

        The same id attaches to a job that runs already. An editor that lost it runs it again, with the same
        result. Large attachments that the editor has seen are sent as hashes, and as bytes where it has
        forgotten them. Raises the EditorError that the job failed with, or EditorAway when the editor is
        silent for ``patience`` seconds.
        """
        frame = Frame.of(job)
        pause, heard = FIRST_PAUSE, time.monotonic()
        while True:
            try:
                async with aclosing(self._events(identifier, frame)) as events:
                    async for event in events:
                        pause, heard = FIRST_PAUSE, time.monotonic()
                        if event is None:
                            continue
                        if on_event is not None and inspect.isawaitable(answer := on_event(event)):
                            await answer
                        if isinstance(event, Done):
                            return event.result
                        if isinstance(event, Failed):
                            raise error_for(event.code, event.sentence, event.detail)
            except PictureUnknown:
                for sha256 in [attachment.sha256 for attachment in frame.attachments]:
                    self._sent.pop(sha256 or "", None)
                continue
            except (Draining, EditorAway, *_AWAY):
                pass  # a new editor runs the job again; its first events are seen twice
            if time.monotonic() - heard > self.patience:
                raise EditorAway()
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 1.7 * pause)

    async def _events(self, identifier: str, frame: Frame) -> AsyncGenerator[Event | None]:
        """Put a job and yield its events, and None while there are none but the editor answers.

        Ends early when the connection is lost cleanly. Raises EditorAway when the editor hangs.
        """
        known = {a.sha256 for a in frame.attachments if a.sha256 and a.sha256 in self._sent}
        request = self._http.put(
            f"{self._base}/v1/jobs/{identifier}",
            data=frame.encode(known),
            headers={"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE},
            timeout=STREAM_TIMEOUT,
        )
        opening = asyncio.ensure_future(request)
        async for _ in self._while_silent(opening):
            yield None
        async with opening.result() as response:
            await _raise_for(response)
            self._remember(frame)
            reader = FrameReader(MAX_MESSAGE)
            while True:
                reading = asyncio.ensure_future(response.content.readany())
                async for _ in self._while_silent(reading):
                    yield None
                if not (chunk := reading.result()):
                    return
                for answer in reader.feed(chunk):
                    self._remember(answer)
                    yield answer.parse(EVENTS)

    async def _while_silent(self, waiting: asyncio.Future[Any]) -> AsyncGenerator[None]:
        """Wait, and yield each time that the editor still answers. Raises EditorAway when it does not."""
        try:
            while not (await asyncio.wait({waiting}, timeout=self.answer_seconds))[0]:
                await self.process()
                yield
        finally:
            waiting.cancel()

    def _remember(self, frame: Frame) -> None:
        self._sent.update((a.sha256, None) for a in frame.attachments if a.sha256)

    async def ready(self) -> bool:
        """Return whether jobs can run now.

        Raises EditorError with the reason when the editor failed to load.
        """
        try:
            async with self._http.get(f"{self._base}/v1/ready") as response:
                if response.status == 500:
                    raise EditorError((await response.json()).get("sentence"))
                return response.status == 200
        except _AWAY:
            return False

    async def process(self) -> int:
        """Return the editor's process id. Raises EditorAway."""
        return int((await self._call("GET", "health"))["pid"])

    async def bundles(self) -> list[BundleInfo]:
        """List the domains that the editor knows. Raises EditorAway."""
        answer = await self._call("GET", "bundles")
        return [BundleInfo.model_validate(info) for info in answer["bundles"]]

    async def reload(self) -> list[BundleInfo]:
        """Make the editor read all bundles again, and list them. Raises EditorError, EditorAway."""
        answer = await self._call("POST", "bundles/reload", RELOAD_SECONDS)
        return [BundleInfo.model_validate(info) for info in answer["bundles"]]

    async def status(self) -> EditorStatus:
        """Return the state of the editor. Raises EditorAway."""
        return EditorStatus.model_validate(await self._call("GET", "status"))

    async def cancel(self, identifier: str) -> None:
        """Ask a job to stop. Raises UnknownJob, EditorAway."""
        await self._call("DELETE", f"jobs/{identifier}")

    @property
    def _http(self) -> aiohttp.ClientSession:
        assert self._session is not None, "use 'async with'"
        return self._session

    async def _call(self, method: str, path: str, seconds: float | None = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=seconds or self.answer_seconds, connect=5.0)
        try:
            async with self._http.request(method, f"{self._base}/v1/{path}", timeout=timeout) as response:
                await _raise_for(response)
                return await response.json()
        except _AWAY as error:
            raise EditorAway() from error


async def _raise_for(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    try:
        body = await response.json()
        raise error_for(body["code"], body["sentence"], body.get("detail"))
    except (aiohttp.ContentTypeError, ValueError, KeyError, TypeError):
        raise BadRequest(f"The editor answered {response.status}.") from None
