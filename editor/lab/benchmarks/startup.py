"""From starting the editor process to its first job, and what it holds in memory while it waits."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

from editor.api.client import EditorClient
from editor.lab.benchmarks.load_test import an_editor
from editor.serving.settings import Settings


def measure() -> dict[str, Any]:
    """Seconds until ready, and megabytes held then."""
    begun = time.perf_counter()
    with an_editor(None) as url:
        asyncio.run(_ready(url))
        seconds = time.perf_counter() - begun
        return {"ready_s": round(seconds, 2), "idle_mb": asyncio.run(_memory(url))}


async def _ready(url: str) -> None:
    async with EditorClient(url, Settings.read().token) as client:
        while not await client.ready():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


async def _memory(url: str) -> int | None:
    """Resident megabytes, by the process id that the editor itself tells; None where there is no /proc."""
    async with EditorClient(url, Settings.read().token) as client:
        pid = await client.process()
    pages = Path(f"/proc/{pid}/statm")
    return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20 if pages.exists() else None  # noqa: ASYNC240
