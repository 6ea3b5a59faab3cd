"""The bot's client of the editor's HTTP API. Never imports torch."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import aiohttp
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
_AWAY = (aiohttp.ClientError, OSError, TimeoutError)


class EditorClient:
    """Talks to one editor at ``http://host:port`` or ``unix:/path``. An async context manager."""

    def __init__(self, url: str, token: str | None = None, patience: float = 60.0) -> None:
        """``patience``: seconds without a connection after which a job fails with EditorAway."""
        self._base = "http://editor" if url.startswith("unix:") else url.rstrip("/")
        self._socket = url.removeprefix("unix:") if url.startswith("unix:") else None
        self._token, self.patience = token, patience
        self._session: aiohttp.ClientSession | None = None
        self._sent: OrderedDict[str, None] = OrderedDict()

    async def __aenter__(self) -> Self:
        connector = aiohttp.UnixConnector(self._socket) if self._socket else aiohttp.TCPConnector()
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        timeout = aiohttp.ClientTimeout(total=None, connect=5.0, sock_read=None)
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
        pause, silent_since = FIRST_PAUSE, time.monotonic()
        while True:
            try:
                async with aclosing(self._events(identifier, frame)) as events:
                    async for event in events:
                        pause, silent_since = FIRST_PAUSE, time.monotonic()
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
            except (Draining, *_AWAY):
                pass  # a new editor runs the job again; its first events are seen twice
            if time.monotonic() - silent_since > self.patience:
                raise EditorAway()
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 1.7 * pause)

    async def _events(self, identifier: str, frame: Frame) -> AsyncGenerator[Event]:
        """Put a job and yield its events; ends early when the connection is lost cleanly."""
        known = {a.sha256 for a in frame.attachments if a.sha256 and a.sha256 in self._sent}
        request = self._http.put(
            f"{self._base}/v1/jobs/{identifier}",
            data=frame.encode(known),
            headers={"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE},
        )
        async with request as response:
            await _raise_for(response)
            self._remember(frame)
            reader = FrameReader(MAX_MESSAGE)
            async for chunk in response.content.iter_any():
                for answer in reader.feed(chunk):
                    self._remember(answer)
                    yield answer.parse(EVENTS)

    def _remember(self, frame: Frame) -> None:
        for attachment in frame.attachments:
            if attachment.sha256:
                self._sent[attachment.sha256] = None
                self._sent.move_to_end(attachment.sha256)
        while len(self._sent) > MAX_REMEMBERED:
            self._sent.popitem(last=False)

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
        answer = await self._call("POST", "bundles/reload")
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

    async def _call(self, method: str, path: str) -> Any:
        try:
            async with self._http.request(method, f"{self._base}/v1/{path}") as response:
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
