"""A bot in its own process, which a test can kill and restart, and whose editor it can kill."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.discord_server import DiscordServer

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.loopback-token-of-a-test-0123456789"


class RestartingBot:
    """``python -m bot`` with Discord, its own editor and its data in ``folder``. ``absences`` are the times
    when it was down."""

    def __init__(self, server: DiscordServer, folder: Path, bundles: Path) -> None:
        self.server, self.folder = server, folder
        self.absences: list[tuple[float, float]] = []
        self.settings = {
            "DISCORD_TOKEN": TOKEN,
            "DATA_DIR": str(folder),
            "BUNDLES_DIR": str(bundles),
            "BUNDLE": "tiny",
            "WEB_PORT": "0",
            "QUALITY": "draft",
            "SEARCH_SECONDS": "1",  # the quality of edits does not matter here
        }
        self._here = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def database(self) -> str:
        """Its SQLAlchemy URL."""
        return f"sqlite+aiosqlite:///{self.folder / 'history.sqlite'}"

    @property
    def log(self) -> str:
        """Everything it logged."""
        return (self.folder / "log").read_text(encoding="utf-8")

    async def start(self) -> None:
        """Start it, and wait until it is connected with all shards and its commands are known."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.discord_server.process",
                self.server.base,
                env=os.environ | self.settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await self.server.connected(60, self.server.world.shards)
        await self.server.world.until(lambda: self.server.world.commands.get(None), 30)
        self._here.set()

    async def kill(self) -> None:
        """Kill it at once, and start another."""
        assert self._process is not None
        self._here.clear()
        begun = time.time()
        self._process.kill()
        await self._process.wait()
        await self.server.world.until(lambda: not self.server.world.gateway.live(), 20)
        await asyncio.sleep(
            1.0
        )  # the time a service manager takes; messages sent meanwhile are answered later
        await self.start()
        self.absences.append((begun, time.time()))

    def kill_editor(self) -> int:
        """Kill its editor, which the bot restarts; returns the process id."""
        assert self._process is not None
        children = (
            Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
            .read_text(encoding="ascii")
            .split()
        )
        editors = [
            int(child)
            for child in children
            if b"editor" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        ]
        os.kill(editors[0], signal.SIGKILL)
        return editors[0]

    async def stop(self) -> None:
        """Stop it gracefully."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await asyncio.wait_for(self._process.wait(), 30)

    async def here(self) -> None:
        """Wait until it is connected."""
        await self._here.wait()

    def was_away(self, begun: float, ended: float) -> bool:
        """Whether it was not connected for some of this time."""
        now = not self._here.is_set()
        return now or any(begun <= until and ended >= since for since, until in self.absences)


@asynccontextmanager
async def running(server: DiscordServer, folder: Path, bundles: Path) -> AsyncIterator[RestartingBot]:
    """Run a bot inside the block."""
    process = RestartingBot(server, folder, bundles)
    try:
        await process.start()
        yield process
    finally:
        await process.stop()
