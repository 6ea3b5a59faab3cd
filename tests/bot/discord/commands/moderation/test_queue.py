"""The queue: its list, cancelling a request, pausing and draining. The editor here waits for the test between
its steps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from bot.conversation.service import Conversations
from editor.api.client import EditorClient
from editor.api.errors import BadPicture, Cancelled
from editor.serving.executor import LocalExecutor
from editor.serving.server import create_app
from storage.history import History
from storage.inbox import Inbox
from tests.bot.discord.conftest import ANN, BEN, LI, PORTRAIT, Start, words
from tests.bot.discord.moderators import MEI, MOE, appoint, asks, audits, eventually, mod, told
from tests.discord_server import DiscordServer, objects


class SlowEngine:
    """An engine that waits for the test before its second step, and then fails."""

    device = "nothing"

    def __init__(self) -> None:
        self.go, self.served, self.cancelled = threading.Semaphore(0), 0, 0

    def bundles(self) -> list[Any]:
        return []

    def run(self, request: Any, report: Callable[..., None], cancelled: Callable[[], bool]) -> Any:
        self.served += 1
        report("refine", 1, 2, None)
        while not self.go.acquire(timeout=0.02):
            if cancelled():
                self.cancelled += 1
                raise Cancelled
        raise BadPicture


@pytest.fixture
async def engine() -> AsyncIterator[SlowEngine]:
    made = SlowEngine()
    yield made
    made.go.release(100)


@pytest.fixture
async def slow(engine: SlowEngine, history: History) -> AsyncIterator[Conversations]:
    """Conversations with the slow editor."""
    async with (
        TestServer(create_app(LocalExecutor(lambda: engine))) as running,
        EditorClient(str(running.make_url(""))) as client,
    ):
        await eventually(client.ready)
        yield Conversations(history, client)
        engine.go.release(100)


async def _begun(server: DiscordServer, engine: SlowEngine, who: dict[str, Any] = ANN) -> dict[str, Any]:
    """A request that the editor is working on."""
    before = engine.served
    sent = await server.say(who, "pink hair", files=PORTRAIT)

    async def served() -> bool:
        return engine.served > before

    await eventually(served)
    return sent


async def _kept(history: History, count: int) -> None:
    async def kept() -> bool:
        return len(await Inbox(history.database).open("discord", objects.GUILD)) == count

    await eventually(kept)


async def test_the_queue_shows_the_state_of_each_request(
    server: DiscordServer, start: Start, slow: Conversations, engine: SlowEngine, history: History
) -> None:
    appoint(server, MOE, MEI)
    async with start(conversations=slow):
        assert "Nothing is waiting" in await told(server, "queue list")
        await _begun(server, engine)
        await server.say(ANN, "glasses", files=PORTRAIT)
        await server.say(
            BEN, "blue eyes", files=PORTRAIT, direct=True
        )  # a direct message is in no server's queue
        await _kept(history, 2)
        await asyncio.sleep(0.1)
        lines = (await told(server, "queue list")).splitlines()
        assert [line for line in lines if "pink hair" in line and "50 % done" in line]
        assert [
            line for line in lines if "glasses" in line and "waits for its turn" in line and ANN["id"] in line
        ]
        assert "blue eyes" not in "".join(lines)
        assert "等着轮到它" in await told(server, "queue list", who=MEI)
        engine.go.release(100)


async def test_a_cancelled_request_stops_in_the_editor_and_its_asker_is_told(
    server: DiscordServer, start: Start, slow: Conversations, engine: SlowEngine, history: History
) -> None:
    appoint(server, MOE)
    async with start(conversations=slow):
        sent = await _begun(server, engine)
        waits = await server.say(ANN, "眼镜", files=PORTRAIT)
        await _kept(history, 2)
        names = {
            c["name"]: c["value"] for c in await server.autocomplete(MOE, "mod queue cancel", "wish", "pink")
        }
        assert len(names) == 1
        key = next(iter(names.values()))
        assert "Cancelled" in await told(server, "queue cancel", {"wish": f"message:{waits['id']}"})
        assert "Cancelled" in await told(server, "queue cancel", {"wish": key, "reason": "no"})
        answer = await server.answer_to(sent)
        assert "A moderator of this server cancelled" in answer["content"]
        assert "取消" in (await server.answer_to(waits))["content"]
        await eventually(_that(lambda: engine.cancelled == 1))
        assert engine.served == 1  # the waiting request never started
        await _kept(history, 0)
        assert await history.jobs.under_way() == []
        assert (
            await Inbox(history.database).moments_since(
                "discord", objects.GUILD, ANN["id"], datetime(2020, 1, 1, tzinfo=UTC)
            )
            == []
        )
        assert {(one.action, one.target) for one in await audits(history)} == {("cancel", ANN["id"])}
        assert "answered already" in await told(server, "queue cancel", {"wish": key})
        assert [len(server.answers_to(message)) for message in (sent, waits)] == [1, 1]


async def test_a_member_who_says_stop_does_not_wait_for_what_it_stops(
    server: DiscordServer, start: Start, slow: Conversations, engine: SlowEngine
) -> None:
    async with start(conversations=slow):
        sent = await _begun(server, engine)
        stop = await server.say(ANN, "stop", direct=False)
        assert "Stopped" in (await server.answer_to(stop))["content"]
        assert "cancelled" in (await server.answer_to(sent))["content"]
        assert "moderator" not in (await server.answer_to(sent))["content"]
        assert engine.cancelled == 1


def _that(holds: Callable[[], bool]) -> Any:
    async def checked() -> bool:
        return holds()

    return checked


async def test_a_request_that_waits_for_the_editor_can_be_cancelled(
    server: DiscordServer, start: Start, history: History, tmp_path: Path
) -> None:
    appoint(server, MOE)
    async with (
        EditorClient(f"unix:{tmp_path}/nobody", patience=0.1) as client,
        start(conversations=Conversations(history, client)),
    ):
        pictures = dict.fromkeys(("one.png", "two.png"), PORTRAIT["me.png"])
        sent = await server.say(ANN, "pink hair", files=pictures)
        kept = await server.answer_to(sent)
        assert "request is saved" in kept["content"]
        assert "waits for the editor" in await told(server, "queue list")
        await mod(server, "queue cancel", {"wish": f"message:{sent['id']}"})
        await server.settled(kept, lambda m: "cancelled this request" in m["content"])
        await _kept(history, 0)
        assert len(server.answers_to(sent)) == 1  # one answer for both pictures


async def test_a_request_of_another_server_cannot_be_cancelled(
    server: DiscordServer, start: Start, slow: Conversations, engine: SlowEngine
) -> None:
    appoint(server, MOE)
    server.add_guild("elsewhere", {"700000000000000002": "theirs"})
    async with start(conversations=slow):
        sent = await server.say(ANN, "pink hair", files=PORTRAIT, channel="700000000000000002")
        await eventually(_that(lambda: engine.served == 1))
        assert "wasn't made in this server" in await told(
            server, "queue cancel", {"wish": f"message:{sent['id']}"}
        )
        engine.go.release(100)
        assert "cancelled" not in (await server.answer_to(sent))["content"]


@pytest.mark.parametrize(
    ("state", "waiting", "new"), [("pause", "break", "break"), ("drain", "not a picture", "finishing")]
)
async def test_pause_and_drain_tell_everybody_who_waits(
    server: DiscordServer,
    start: Start,
    slow: Conversations,
    engine: SlowEngine,
    history: History,
    state: str,
    waiting: str,
    new: str,
) -> None:
    """Work in progress is finished; waiting requests are refused by a pause and done by a drain; new ones are
    refused."""
    appoint(server, MOE)
    async with start(conversations=slow):
        first = await _begun(server, engine)
        second = await server.say(ANN, "glasses", files=PORTRAIT)
        await _kept(history, 2)
        said = await told(server, f"queue {state}", {"reason": "new rules"})
        assert "“/mod queue resume” to continue" in said
        third = await server.say(ANN, "blue eyes", files=PORTRAIT)
        other = await server.answer_to(await server.say(BEN, "glasses", files=PORTRAIT))
        assert new in other["content"]
        alone = await server.original_response(await server.slash(LI, "edit", {"wish": "粉色头发"}))
        assert alone["flags"] & 64
        engine.go.release(100)
        assert "not a picture" in (await server.answer_to(first))["content"]
        assert waiting in (await server.answer_to(second))["content"]
        assert new in (await server.answer_to(third))["content"]
        await _kept(history, 0)
        shown = words(await mod(server, "queue list"))
        assert "Nothing is waiting" in shown
        assert "resume" in shown
        assert "take requests again" in await told(server, "queue resume")
        assert "not a picture" in (await asks(server, ANN))["content"]
        assert [(one.action, one.reason) for one in await audits(history)] == [
            ("resume", None),
            (state, "new rules"),
        ]


async def test_only_moderators_see_the_requests_of_a_member(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE)
    async with start():
        assert "hasn't asked for anything" in await told(server, "wishes", {"member": ANN})
        made = await asks(server, ANN, "*pink* hair <@1>")
        await server.answer_to(await server.say(BEN, "glasses", files=PORTRAIT))
        await _kept(history, 0)
        shown = await told(server, "wishes", {"member": ANN})
        assert r"\*pink\* hair" in shown
        assert (
            f"[answered](https://discord.com/channels/{objects.GUILD}/{made['channel_id']}/{made['id']})"
            in shown
        )
        assert "glasses" not in shown
