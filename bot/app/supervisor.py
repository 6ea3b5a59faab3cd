"""The bot's own editor: a child process on a Unix socket that is restarted when it dies or hangs."""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
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
    """Keeps one editor process running on a Unix socket.

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
        on_restart: Callable[[], None] = lambda: None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.url = f"unix:{socket}"
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = 0
        self._socket, self._arguments = socket, arguments
        self._on_restart, self._answer_seconds = on_restart, answer_seconds

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
                self._on_restart()
                logger.warning("the editor ended with %s; restarting it in %.1f s", code, pause)
                await asyncio.sleep(pause)
        finally:
            if self.process is not None and self.process.returncode is None:
                await _stop(self.process)

    async def _run_once(self) -> int:
        self._socket.unlink(missing_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "editor", "serve", "--socket", str(self._socket), "--with-parent"),
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
        async with EditorClient(self.url, answer_seconds=self._answer_seconds) as client:
            while misses < most:
                await asyncio.sleep(PROBE_PAUSE)
                try:
                    await client.process()
                    misses, most = 0, MAX_MISSES
                except EditorError:
                    misses += 1
        logger.error("the editor hangs; it is killed")
        process.kill()


async def _stop(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


@asynccontextmanager
async def own_editor(
    arguments: Sequence[str] = (),
    on_restart: Callable[[], None] = lambda: None,
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
            with suppress(asyncio.CancelledError):
                await task
