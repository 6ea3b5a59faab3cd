"""A real process of the bot is stopped in the middle of its work, which it finishes in time or after the
restart."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot import samples
from storage.history import History
from storage.inbox import Inbox
from tests.bot.discord.conftest import ANN, BEN, LI
from tests.bot.discord.processes import TOKEN, done, frozen, process
from tests.conftest import make_png
from tests.discord_server import DiscordServer, point_library

PORTRAIT = {"me.png": (samples.path_of(1).read_bytes(), "image/png")}
"""A portrait on which edits of any strength are visible."""


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    async with DiscordServer(TOKEN) as running:
        point_library(running.base, monkeypatch.setattr)
        yield running
        assert running.complaints == []


@pytest.fixture
async def editor_pid(editor_url: str) -> int:
    connector = aiohttp.UnixConnector(editor_url.removeprefix("unix:"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get("http://editor/v1/health") as answer,
    ):
        return int((await answer.json())["pid"])


async def _open(folder: Path) -> list[str]:
    async with History.open(f"sqlite+aiosqlite:///{folder}/history.sqlite", folder / "pictures") as history:
        return [asked.user for asked in await Inbox(history.database).open("discord")]


async def test_work_in_progress_is_finished_before_the_bot_stops(
    server: DiscordServer, editor_url: str, editor_pid: int, tmp_path: Path
) -> None:
    async with process(server, editor_url, tmp_path) as bot:
        with frozen(editor_pid):
            sent = await server.say(ANN, "pink hair", files=PORTRAIT)
            await server.world.until(lambda: server.typing > 0, 20)
            bot.process.send_signal(signal.SIGTERM)
            await bot.hears("stopping: current work has 30 seconds")
        assert "Done" in (await done(server, sent))["content"]
        assert await asyncio.wait_for(bot.process.wait(), 30) == 0
    assert await _open(tmp_path) == []


async def test_unfinished_work_is_done_after_the_restart(
    server: DiscordServer, editor_url: str, editor_pid: int, tmp_path: Path
) -> None:
    async with process(server, editor_url, tmp_path, STOP_SECONDS="0.5") as bot:
        first = await done(server, await server.say(BEN, "pink hair", files=PORTRAIT))
        with frozen(editor_pid):
            under_way = await server.say(ANN, "pink hair", files=PORTRAIT)
            waiting = await server.say(ANN, "now less")
            pressed = await server.press(BEN, first, "More")
            chinese = await server.say(LI, "粉色头发", files=PORTRAIT)
            await server.world.until(lambda: server.typing > 2, 20)
            assert await bot.stopped() == 0
    kept = [await server.answer_to(message) for message in (under_way, waiting, chinese)]
    assert [("request is saved" in m["content"], "已保存" in m["content"]) for m in kept] == [
        (True, False)
    ] * 2 + [(False, True)]
    (told,) = await server.followups(pressed)
    assert "request is saved" in told["content"]
    assert told["flags"] & 64, "only Ben sees it"
    assert sorted(await _open(tmp_path)) == sorted([ANN["id"], ANN["id"], BEN["id"], LI["id"]])
    async with process(server, editor_url, tmp_path) as bot:
        for message, words in zip(kept, ("Done", "60 %", "粉色头发"), strict=True):
            await server.settled(
                message, lambda m, words=words: words in m["content"] and bool(m["attachments"])
            )  # type: ignore[misc]
        assert "150 %" in (await done(server, first))["content"]
        assert [len(server.answers_to(m)) for m in (under_way, waiting, chinese)] == [1, 1, 1]
        assert await bot.stopped(signal.SIGINT) == 0
    assert await _open(tmp_path) == []


async def test_a_second_signal_does_not_wait(
    server: DiscordServer, editor_url: str, editor_pid: int, tmp_path: Path
) -> None:
    async with process(server, editor_url, tmp_path, STOP_SECONDS="600") as bot:
        with frozen(editor_pid):
            await server.say(ANN, "pink hair", files=PORTRAIT)
            await server.world.until(lambda: server.typing > 0, 20)
            bot.process.send_signal(signal.SIGTERM)
            await bot.hears("stopping")
            begun = time.monotonic()
            assert await bot.stopped() == 0
            assert time.monotonic() - begun < 30
    assert await _open(tmp_path) == [ANN["id"]]


async def test_the_web_chat_says_that_the_request_is_kept(
    server: DiscordServer, editor_url: str, editor_pid: int, tmp_path: Path
) -> None:
    async with process(server, editor_url, tmp_path, STOP_SECONDS="0.5") as bot:
        address = await bot.hears(r"Open (http://\S+)")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            form = aiohttp.FormData({"text": "pink hair"})
            form.add_field("picture", make_png(), filename="me.png", content_type="image/png")
            async with session.post(f"{address}/api/talk", data=form) as answer:
                assert '"error": null' in (await answer.text()).splitlines()[-1]
            with frozen(editor_pid):
                async with session.post(f"{address}/api/talk", data={"text": "glasses"}) as answer:
                    bot.process.send_signal(signal.SIGTERM)
                    last = (await answer.text()).splitlines()[-1]
                    assert "request is saved" in last
                    assert '"error": "handed-over"' in last
                assert await asyncio.wait_for(bot.process.wait(), 30) == 0
    async with process(server, editor_url, tmp_path) as bot:
        await bot.hears("finished 1 requests of an earlier run")


def _answers(figures: dict[str, float]) -> float:
    return sum(value for name, value in figures.items() if name.startswith("bot_answers_total"))


async def test_every_metric_is_counted(server: DiscordServer, editor_url: str, tmp_path: Path) -> None:
    """Every metric, read where Prometheus reads it."""
    async with process(server, editor_url, tmp_path) as bot:
        first = await done(server, await server.say(ANN, "pink hair", files=PORTRAIT))
        await done(server, await server.say(ANN, "glasses", files=PORTRAIT, direct=True))
        await server.press(ANN, first, "Undo")
        await done(server, first)
        refused = await server.callback_of(await server.press(BEN, first, "More"))
        assert refused["data"]["flags"] & 64
        for command in ("help", "animate"):
            await server.original_response(await server.slash(BEN, command))
        address = await bot.hears(r"metrics at (http://\S+/metrics)")
        async with aiohttp.ClientSession() as session:

            async def figures() -> dict[str, float]:
                async with session.get(address) as answer:
                    lines = [
                        line.rsplit(" ", 1)
                        for line in (await answer.text()).splitlines()
                        if not line.startswith("#")
                    ]
                return {name: float(value) for name, value in lines}

            async def health() -> int:
                async with session.get(address.replace("/metrics", "/health")) as answer:
                    return answer.status

            async with asyncio.timeout(20):
                while _answers(now := await figures()) < 6 or now["bot_inbox_open"]:  # noqa: ASYNC110 - counted a moment after it is there
                    await asyncio.sleep(0.1)
            for kind, outcome in [
                ("message", "done"),
                ("direct", "done"),
                ("press", "done"),
                ("press", "NotYourButton"),
                ("command", "done"),
                ("command", "NoPicture"),
            ]:
                assert now[f'bot_answers_total{{kind="{kind}",outcome="{outcome}"}}'] == 1, (
                    kind,
                    outcome,
                    now,
                )
            assert now['bot_answer_seconds_count{kind="command"}'] == 2
            assert 0 < now['bot_answer_seconds_sum{kind="message"}'] < 60
            assert now['bot_wishes_total{verdict="done"}'] >= 1
            assert now["bot_queue_position_count"] >= 2, "a picture and its change are one job"
            assert (now["bot_inbox_open"], now["bot_editor_restarts_total"]) == (0, 0)
            assert now['bot_gateway_up{shard="0"}'] == 1
            assert now["process_resident_memory_bytes"] > 0
            assert await health() == 200
            server.world.gateway.away = True
            await server.disconnect()
            async with asyncio.timeout(20):
                while await health() != 503:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
