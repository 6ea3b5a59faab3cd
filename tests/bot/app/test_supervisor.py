"""An editor that hangs: a real process that is stopped, so that it keeps its socket and answers nothing."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app.supervisor import own_editor
from editor.api.client import EditorClient
from editor.api.errors import EditorAway
from editor.api.protocol import InvertRequest, InvertResult, Job
from tests.conftest import make_png

pytestmark = pytest.mark.slow
JOB = Job(user="ann", request=InvertRequest(picture=make_png()))


async def test_a_hung_editor_is_restarted_and_its_job_is_done(bundles: Path) -> None:
    async with (
        own_editor(["--bundles", str(bundles)], answer_seconds=1.0) as supervisor,
        EditorClient(supervisor.url) as client,
    ):
        expected = await client.run("before", JOB)
        hung: list[int] = []

        def stop(event: Any) -> None:
            if event.event == "progress" and not hung:
                assert supervisor.process is not None
                hung.append(supervisor.process.pid)
                os.kill(hung[0], signal.SIGSTOP)

        async with asyncio.timeout(120):
            assert await client.run("during", JOB, stop) == expected
        assert supervisor.restarts == 1
        assert await client.process() not in hung


async def test_an_editor_that_answers_is_left_alone(bundles: Path) -> None:
    async with (
        own_editor(["--bundles", str(bundles)], answer_seconds=1.0) as supervisor,
        EditorClient(supervisor.url) as client,
    ):
        assert isinstance(await client.run("one", JOB), InvertResult)
        await asyncio.sleep(8)
        assert supervisor.restarts == 0


async def test_no_request_waits_for_ever_for_a_hung_editor(bundles: Path) -> None:
    async with (
        own_editor(["--bundles", str(bundles)]) as supervisor,
        EditorClient(supervisor.url, patience=1.0, answer_seconds=1.0) as client,
    ):
        async with asyncio.timeout(120):
            while not await client.ready():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        pid = await client.process()
        os.kill(pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(20):
                assert not await client.ready()
                with pytest.raises(EditorAway):
                    await client.status()
                with pytest.raises(EditorAway):
                    await client.cancel("any")
                with pytest.raises(EditorAway):
                    await client.run("during", JOB)
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_the_bot_ends_in_time_although_its_editor_hangs(bundles: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path / "data"),
        "BUNDLES_DIR": str(bundles),
        "BUNDLE": "tiny",
        "WEB_PORT": "0",
        "STOP_SECONDS": "1",
    }
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"), env=environment, stdout=-1, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert bot.stdout is not None
        async with asyncio.timeout(120):
            text = (await bot.stdout.readuntil(b"browser")).decode()
            url = re.findall(r"http://\S+", text)[0]
            editor = await _editor_of(url, bot.pid)
        os.kill(editor, signal.SIGSTOP)
        async with aiohttp.ClientSession() as page:
            form = aiohttp.FormData({"text": "pink hair"})
            form.add_field("picture", make_png(), filename="portrait.png")
            talking = asyncio.create_task(page.post(f"{url}/api/talk", data=form))
            await asyncio.sleep(1)
            began = time.monotonic()
            bot.terminate()
            assert await asyncio.wait_for(bot.wait(), 30) == 0
            assert time.monotonic() - began < 25
            talking.cancel()
        with pytest.raises(ProcessLookupError):
            os.kill(editor, 0)
    finally:
        if bot.returncode is None:
            bot.kill()


async def _editor_of(url: str, bot: int) -> int:
    """The bot's editor process, as soon as it can work."""
    async with aiohttp.ClientSession() as page:
        while not (await (await page.get(f"{url}/api/state")).json())["ready"]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return await asyncio.to_thread(_child_of, bot)


def _child_of(bot: int) -> int:
    children = Path(f"/proc/{bot}/task/{bot}/children").read_text().split()
    return next(int(pid) for pid in children if b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes())
