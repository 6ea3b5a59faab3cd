"""The bot's side of the editor's API. Never imports torch."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import aiohttp
from pydantic import TypeAdapter

from editor.api.errors import BadRequest, EditorAway, EditorError, error_for
from editor.api.protocol import BundleInfo, Done, EditorStatus, Event, Failed, Job, Result

EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
OnEvent = Callable[[Event], Awaitable[None] | None]
MOST_LINE = 224 * 1024 * 1024
"""A picture of 50 megapixels without loss, in base64."""


class EditorClient:
    """Talks to one editor at ``http://host:port`` or ``unix:/path``; an async context manager."""

    def __init__(self, url: str, token: str | None = None, patience: float = 60.0) -> None:
        """``patience``: seconds without any connection after which a job gives up with EditorAway."""
        self._base = "http://editor" if url.startswith("unix:") else url.rstrip("/")
        self._socket = url.removeprefix("unix:") if url.startswith("unix:") else None
        self._token, self.patience = token, patience
        self._session: aiohttp.ClientSession | None = None

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

    @property
    def _http(self) -> aiohttp.ClientSession:
        assert self._session is not None, "use 'async with'"
        return self._session

    async def run(self, identifier: str, job: Job, on_event: OnEvent | None = None) -> Result:
        """Do a job once and return its result, through lost connections and restarts of the editor.

        The same id attaches to work already under way; an editor that lost it does it again, which gives the same
        result. Raises the EditorError that the job failed with, or EditorAway when nobody answers for ``patience``.
        """
        body, seen, pause = job.model_dump_json().encode(), 0, 0.1
        silent_since = time.monotonic()
        while True:
            try:
                async with self._http.put(
                    f"{self._base}/v1/jobs/{identifier}",
                    params={"after": seen},
                    data=body,
                    headers={"Content-Type": "application/json"},
                ) as response:
                    await _raise_for(response)
                    silent_since, pause = time.monotonic(), 0.1
                    async for line in _lines(response):
                        event = EVENTS.validate_json(line)
                        seen = event.number
                        if on_event is not None:
                            answer = on_event(event)
                            if inspect.isawaitable(answer):
                                await answer
                        if isinstance(event, Done):
                            return event.result
                        if isinstance(event, Failed):
                            if event.code == "draining":
                                raise ConnectionResetError("the editor is restarting")
                            raise error_for(event.code, event.sentence, event.detail)
                    raise ConnectionResetError("the stream ended early")
            except EditorError as error:
                if error.code != "draining":
                    raise
                seen = 0
            except (aiohttp.ClientError, OSError, TimeoutError):
                seen = 0  # a new editor numbers its events anew; replayed ones are only seen twice
            if time.monotonic() - silent_since > self.patience:
                raise EditorAway()
            await asyncio.sleep(pause)
            pause = min(2.0, 1.7 * pause)

    async def ready(self) -> bool:
        """Can jobs be run now? Raises EditorError with the editor's reason when it failed to load."""
        try:
            async with self._http.get(f"{self._base}/v1/ready") as response:
                if response.status == 500:
                    raise EditorError((await response.json()).get("sentence"))
                return response.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def process(self) -> int:
        """The editor's process id. Raises EditorAway."""
        try:
            async with self._http.get(f"{self._base}/v1/health") as response:
                await _raise_for(response)
                return int((await response.json())["pid"])
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EditorAway() from error

    async def bundles(self) -> list[BundleInfo]:
        """The domains that the editor knows. Raises EditorAway."""
        try:
            async with self._http.get(f"{self._base}/v1/bundles") as response:
                await _raise_for(response)
                return [BundleInfo.model_validate(info) for info in (await response.json())["bundles"]]
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EditorAway() from error

    async def reload(self) -> list[BundleInfo]:
        """Have all bundles read anew from their files; returns what is there now. Raises EditorError, EditorAway."""
        try:
            async with self._http.post(f"{self._base}/v1/bundles/reload") as response:
                await _raise_for(response)
                return [BundleInfo.model_validate(info) for info in (await response.json())["bundles"]]
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EditorAway() from error

    async def status(self) -> EditorStatus:
        """How the editor stands. Raises EditorAway."""
        try:
            async with self._http.get(f"{self._base}/v1/status") as response:
                await _raise_for(response)
                return EditorStatus.model_validate(await response.json())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EditorAway() from error

    async def cancel(self, identifier: str) -> None:
        """Ask a job to stop. Raises UnknownJob, EditorAway."""
        try:
            async with self._http.delete(f"{self._base}/v1/jobs/{identifier}") as response:
                await _raise_for(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EditorAway() from error


async def _raise_for(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    try:
        body = await response.json()
        raise error_for(body["code"], body["sentence"], body.get("detail"))
    except (aiohttp.ContentTypeError, ValueError, KeyError, TypeError):
        raise BadRequest(f"The editor answered {response.status}.") from None


async def _lines(response: aiohttp.ClientResponse):  # type: ignore[no-untyped-def]
    """NDJSON lines of any length (aiohttp's own line reader has a small limit)."""
    pending = bytearray()
    async for chunk in response.content.iter_any():
        pending += chunk
        if len(pending) > MOST_LINE:
            raise BadRequest("The editor's answer is too long.")
        while (end := pending.find(b"\n")) >= 0:
            line, pending = bytes(pending[:end]), pending[end + 1 :]
            if line:
                yield line
