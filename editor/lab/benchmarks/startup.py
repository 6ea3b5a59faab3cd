"""Time from starting the editor process to its first job, and its memory while it waits."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from editor.api.client import EditorClient
from editor.serving.settings import Settings


@contextmanager
def editor_process(threads: int | None = None) -> Iterator[str]:
    """Run an editor process for the length of the block; yield its address."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        socket = Path(folder) / "socket"
        command = [sys.executable, "-m", "editor", "serve", "--socket", str(socket), "--data", folder]
        command += ["--threads", str(threads)] if threads else []
        environment = {**os.environ, "LOG_LEVEL": "WARNING"}
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        try:
            yield f"unix:{socket}"
        finally:
            process.terminate()
            process.wait(30)


async def until_ready(client: EditorClient) -> None:
    """Wait until the editor takes jobs."""
    while not await client.ready():  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(0.05)


def measure() -> dict[str, Any]:
    """Return the seconds until ready, and the megabytes used then (None without /proc)."""

    async def start() -> tuple[float, int]:
        async with EditorClient(url, Settings.read().token) as client:
            await until_ready(client)
            return time.perf_counter() - begun, await client.process()

    begun = time.perf_counter()
    with editor_process() as url:
        seconds, pid = asyncio.run(start())
        pages = Path(f"/proc/{pid}/statm")
        memory = None
        if pages.exists():
            memory = int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
        return {"ready_s": round(seconds, 2), "idle_mb": memory}
