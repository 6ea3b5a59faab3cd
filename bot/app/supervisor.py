"""The bot's own editor: a child process on a Unix socket that is restarted when it dies or hangs."""

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
from editor.api.client import ANSWER_SECONDS, EditorClient
from editor.api.errors import EditorError

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.3, 30.0
"""Seconds before the first restart, and at most; each pause is twice the one before."""
HEALTHY_SECONDS = 60.0
"""An editor that ran this long starts again with the first pause."""
STOP_SECONDS = 10.0
PROBE_PAUSE = 2.0
"""Seconds between two probes."""
MAX_MISSES, MAX_MISSES_AT_START = 3, 60
"""Unanswered probes in a row after which an editor is killed: a running one, and one that is starting."""


class Supervisor:
    """Keep one editor process running.

    Args:
        socket: Unix socket on which it listens.
        arguments: Further arguments of ``python -m editor serve``.
        on_restart: Called at each start after the first.
        answer_seconds: Within which a running editor must answer a probe.
    """

    def __init__(
        self,
        socket: Path,
        arguments: Sequence[str] = (),
        on_restart: Callable[[], None] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.socket, self.on_restart, self.answer_seconds = socket, on_restart, answer_seconds
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = 0
        self._arguments = tuple(arguments)

    @property
    def url(self) -> str:
        """The address for ``EditorClient``."""
        return f"unix:{self.socket}"

    async def keep(self) -> None:
        """Start the editor, and restart it with growing pauses whenever it ends, until cancelled."""
        pause = FIRST_PAUSE
        try:
            while True:
                began = time.monotonic()
                code = await self._run_once()
                healthy = time.monotonic() - began > HEALTHY_SECONDS
                pause = FIRST_PAUSE if healthy else min(LONGEST_PAUSE, 2 * pause)
                self.restarts += 1
                if self.on_restart is not None:
                    self.on_restart()
                logger.warning("the editor ended with %s; restarting it in %.1f s", code, pause)
                await asyncio.sleep(pause)
        finally:
            await self._stop()

    async def _run_once(self) -> int:
        self.socket.unlink(missing_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "editor", "serve"),
            *("--socket", str(self.socket), "--with-parent"),
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C goes to the bot alone, which stops its editor last
        )
        watch = asyncio.create_task(self._watch(self.process))
        try:
            return await self.process.wait()
        finally:
            watch.cancel()

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Kill an editor that no longer answers."""
        misses, most = 0, MAX_MISSES_AT_START
        async with EditorClient(self.url, answer_seconds=self.answer_seconds) as client:
            while misses < most:
                await asyncio.sleep(PROBE_PAUSE)
                try:
                    await client.process()
                    misses, most = 0, MAX_MISSES
                except EditorError:
                    misses += 1
        logger.error("the editor hangs; it is killed")
        process.kill()

    async def _stop(self) -> None:
        process = self.process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def own_editor(
    arguments: Sequence[str] = (),
    on_restart: Callable[[], None] | None = None,
    answer_seconds: float = ANSWER_SECONDS,
) -> AsyncIterator[Supervisor]:
    """Supervise an editor for the length of the block. Raises EditorFailed if no process can be started."""
    with tempfile.TemporaryDirectory(prefix="editor-", ignore_cleanup_errors=True) as folder:
        supervisor = Supervisor(Path(folder) / "socket", arguments, on_restart, answer_seconds)
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
