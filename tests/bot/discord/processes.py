"""``python -m bot`` as a process on a loopback Discord, and a way to freeze its editor."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.discord_server import DiscordServer

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"


class Process:
    """``python -m bot`` with a token, a web chat and metrics; ``said`` are its lines so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process, self.said = process, [""]
        self._news = asyncio.Condition()
        self._reading = [
            asyncio.create_task(self._read(stream)) for stream in (process.stdout, process.stderr)
        ]

    async def _read(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        async for line in stream:
            async with self._news:
                self.said.append(line.decode())
                self._news.notify_all()

    async def hears(self, pattern: str, seconds: float = 60.0) -> str:
        """Wait until it logs a line that matches; returns the first group."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: re.search(pattern, "".join(self.said)))
        match = re.search(pattern, "".join(self.said))
        assert match is not None
        return match[match.re.groups]

    async def stopped(self, number: int = signal.SIGTERM, seconds: float = 60.0) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), seconds)


@asynccontextmanager
async def process(
    server: DiscordServer, editor_url: str, folder: Path, **settings: str
) -> AsyncIterator[Process]:
    """Run a connected bot inside the block; it is killed at the end if it is still running."""
    environment = os.environ | {
        "DISCORD_TOKEN": TOKEN,
        "EDITOR_URL": editor_url,
        "BUNDLE": "tiny",
        "DATA_DIR": str(folder),
        "WEB_PORT": "0",
        "METRICS_PORT": "0",
        "LANG": "C",
        "QUALITY": "draft",
        "SEARCH_SECONDS": "1",
        **settings,
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.discord_server.process",
        server.base,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    running = Process(started)
    try:
        await running.hears("connected to Discord")
        await running.hears("the editor is ready")
        yield running
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()
        await server.disconnect()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Freeze the editor inside the block, so that its jobs stay in progress."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def done(server: DiscordServer, message: dict[str, Any]) -> dict[str, Any]:
    """The finished answer with picture and buttons; progress and previews may come before."""
    return await server.settled(
        await server.answer_to(message), lambda answer: bool(answer["attachments"] and answer["components"])
    )
