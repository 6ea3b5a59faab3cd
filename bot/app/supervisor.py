"""The bot's own editor: a child process on a Unix socket, started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.errors import EditorFailed

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE, HEALTHY_SECONDS = 0.3, 30.0, 60.0


class Supervisor:
    """Keeps one editor process running; ``url`` is where it listens, ``on_restart`` hears of each start after the first."""

    def __init__(
        self, socket: Path, arguments: Sequence[str] = (), on_restart: Callable[[], None] | None = None
    ) -> None:
        self.socket, self.on_restart = socket, on_restart
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = 0
        self._arguments, self._first = tuple(arguments), asyncio.Event()

    @property
    def url(self) -> str:
        """For EditorClient."""
        return f"unix:{self.socket}"

    async def keep(self) -> None:
        """Start the editor, and again with growing pauses whenever it ends, until cancelled."""
        pause = FIRST_PAUSE
        try:
            while True:
                began = time.monotonic()
                code = await self._once()
                pause = (
                    FIRST_PAUSE
                    if time.monotonic() - began > HEALTHY_SECONDS
                    else min(LONGEST_PAUSE, 2 * pause)
                )
                self.restarts += 1
                if self.on_restart is not None:
                    self.on_restart()
                logger.warning("the editor ended with %s; starting it again in %.1f s", code, pause)
                await asyncio.sleep(pause)
        finally:
            await self._stop()

    async def _once(self) -> int:
        self.socket.unlink(missing_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "editor",
            "serve",
            "--socket",
            str(self.socket),
            "--with-parent",
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C in a terminal is for the bot alone, which stops its editor when it is done
        )
        return await self.process.wait()

    async def _stop(self) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def own_editor(
    arguments: Sequence[str] = (), on_restart: Callable[[], None] | None = None
) -> AsyncIterator[Supervisor]:
    """A supervised editor for the length of the block. Raises EditorFailed where no process can be started at all."""
    with tempfile.TemporaryDirectory(prefix="editor-", ignore_cleanup_errors=True) as folder:
        supervisor = Supervisor(Path(folder) / "socket", arguments, on_restart)
        task = asyncio.create_task(supervisor.keep())
        await asyncio.sleep(0)
        try:
            if task.done() and task.exception():
                raise EditorFailed from task.exception()
            yield supervisor
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
