"""Each request is answered once, whatever is repeated, restarted or away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.app import supervisor
from bot.app.supervisor import own_editor
from bot.conversation.service import Conversations
from bot.discord.commands.moderation.context import CommandContext
from bot.discord.dispatch import deferred, dispatcher, handlers, progress
from bot.discord.request import PLATFORM
from bot.discord.ui import interactions
from editor.api.client import EditorClient
from storage.history import History
from storage.inbox import Inbox
from tests.bot.discord.conftest import ANN, BEN, PORTRAIT, Start, edit_of, edited, posted
from tests.bot.discord.moderators import MEI, MOE, appoint, told
from tests.discord_server import DiscordServer, objects


async def _until(found: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not found():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _standstill() -> tuple[asyncio.Event, Callable[..., Awaitable[None]]]:
    """A replacement for a step of the bot that never returns, and an event that is set when it is reached."""
    stopped = asyncio.Event()

    async def stop(*_: Any, **__: Any) -> None:
        stopped.set()
        await asyncio.Event().wait()

    return stopped, stop


async def _all_answered(history: History) -> None:
    async with asyncio.timeout(60):
        while await Inbox(history.database).open(PLATFORM):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_message_received_twice_is_answered_once(
    server: DiscordServer, start: Start, history: History
) -> None:
    async with start():
        sent = await server.say(ANN, "pink hair", files=PORTRAIT)
        server.world.announce("MESSAGE_CREATE", sent)
        await server.answer_to(sent)
        server.world.announce("MESSAGE_CREATE", sent)
        await server.answer_to(await server.say(ANN, "help"))
        await _all_answered(history)
        assert len(server.answers_to(sent)) == 1


@pytest.mark.parametrize("moment", ["taken", "working", "sent", "closing"])
async def test_a_killed_bot_answers_once_after_its_restart(
    server: DiscordServer, start: Start, history: History, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Killed after it took the request, during the editor's work, after it sent the answer but before it
    stored that, or before it closed the request."""
    async with start():
        first = await edited(server, ANN, "pink hair")
        await _all_answered(history)
    stopped, stop = _standstill()

    with monkeypatch.context() as patched:
        if moment == "taken":
            patched.setattr(dispatcher.RequestDispatcher, "_answer", stop)
        elif moment == "sent":
            patched.setattr(History, "link_message", stop)
        elif moment == "closing":
            patched.setattr(Inbox, "answered", stop)
        async with start() as bot:
            if moment == "working":
                run = bot.services.conversations.editor.run

                async def running(*arguments: Any) -> Any:
                    result = await run(*arguments)
                    await stop()
                    return result

                patched.setattr(bot.services.conversations.editor, "run", running)
            sent = await server.say(ANN, "more", mention=False, reply_to=first)
            await asyncio.wait_for(stopped.wait(), 20)
    async with start():
        answer = await server.answer_to(sent)
        await _all_answered(history)
        assert "150 %" in answer["content"]
        assert len(server.answers_to(sent)) == 1
        edit = await edit_of(history, answer)
        assert [one.number for one in await history.edits(edit.source)] == [0, 1, 2]
        assert await history.jobs.under_way() == []


async def test_open_requests_of_an_earlier_version_are_answered(
    server: DiscordServer, start: Start, history: History
) -> None:
    """One message that it had read, and one that it had not; the fields of its inbox had other names."""
    async with start():
        first = await edited(server, ANN, "pink hair")
        await _all_answered(history)
    read = await server.say(ANN, "more", mention=False, reply_to=first)
    unread = await server.say(ANN, "glasses")
    edit = await edit_of(history, first)
    fields = {"user": ANN["id"], "place": first["channel_id"], "server": objects.GUILD, "member": True}
    fields |= {"ack": "message", "limit": 10485760, "shown": {}, "kind": "talk", "uploads": [], "roles": []}
    for message, words, more in (
        (read, "more", {"reply_to": edit.id, "heard": True}),
        (unread, "glasses", {"reply_to": None, "heard": False}),
    ):
        key = f"message:{message['id']}"
        payload = fields | more | {"key": key, "text": words, "reference": message["id"], "counts": True}
        place = first["channel_id"]
        await Inbox(history.database).accept(
            key, PLATFORM, ANN["id"], objects.GUILD, place, payload, "desk 1"
        )
    async with start():
        assert "150 %" in (await server.answer_to(read))["content"]
        assert "glasses" in (await server.answer_to(unread))["content"]
        await _all_answered(history)
        assert [len(server.answers_to(message)) for message in (read, unread)] == [1, 1]


async def test_waiting_requests_are_answered_after_a_restart(
    server: DiscordServer, start: Start, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if a later message of somebody else was read already; a deleted message is not answered."""
    async with start():
        first = await edited(server, ANN, "pink hair")
        await _all_answered(history)
    stopped, stop = _standstill()

    with monkeypatch.context() as patched:
        patched.setattr(handlers, "handle", stop)
        async with start():
            more = await server.say(ANN, "more", mention=False, reply_to=first)
            waiting = [await server.say(ANN, words) for words in ("glasses", "a beard")]
            other = await server.say(BEN, "pink hair", files=PORTRAIT)
            await asyncio.wait_for(stopped.wait(), 20)
            inbox = Inbox(history.database)
            for message in (more, *waiting, other):
                while not await inbox.known(f"message:{message['id']}"):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
    await server.delete(waiting[1])
    async with start():
        assert "150 %" in (await server.answer_to(more))["content"]
        assert "glasses" in (await server.answer_to(waiting[0]))["content"]
        assert "pink hair" in (await server.answer_to(other))["content"]
        await _all_answered(history)
        assert server.answers_to(waiting[1]) == []


async def test_a_command_that_was_never_acknowledged_is_dropped(
    server: DiscordServer, start: Start, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord has told the member that it failed, so they will ask again."""
    async with start():
        await edited(server, ANN, "pink hair")
        await _all_answered(history)
    stopped, stop = _standstill()

    with monkeypatch.context() as patched:
        patched.setattr(interactions, "acknowledge", stop)
        async with start():
            await server.slash(ANN, "variations")
            await asyncio.wait_for(stopped.wait(), 20)
    shown = len(server.messages)
    async with start():
        await _all_answered(history)
        assert len(server.messages) == shown


async def test_a_command_is_answered_after_a_restart(
    server: DiscordServer, start: Start, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start():
        await edited(server, ANN, "pink hair")
        await server.answer_to(await server.say(ANN, "glasses"))
        await _all_answered(history)
    with monkeypatch.context() as patched:
        stopped, stop = _standstill()

        patched.setattr(progress.ProgressMessage, "finish", stop)
        async with start():
            undone = await server.slash(ANN, "undo")
            await asyncio.wait_for(stopped.wait(), 20)
    async with start():
        assert "edit 1" in (await posted(server, undone))["content"]


@pytest.mark.parametrize("moment", ["before the answer", "after the answer"])
async def test_a_deferred_command_is_never_left_thinking(
    server: DiscordServer, start: Start, history: History, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """After a restart the bot says that it does not know whether it was carried out; an answer that had
    arrived stays."""
    appoint(server, MEI)
    stopped, stop = _standstill()
    step = (CommandContext, "record") if moment == "before the answer" else (deferred, "forget_answered")
    with monkeypatch.context() as patched:
        patched.setattr(*step, stop)
        async with start():
            blocking = await server.slash(MEI, "mod block", {"member": ANN})
            await asyncio.wait_for(stopped.wait(), 20)
    inbox = Inbox(history.database)
    assert len(await inbox.open(deferred.DEFERRED_PLATFORM)) == 1
    assert await inbox.open(PLATFORM) == []  # it is in no member's queue
    async with start():
        async with asyncio.timeout(20):
            while await inbox.open(deferred.DEFERRED_PLATFORM):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        answer = await server.original_response(blocking)
        assert ("重启了" in answer["content"]) == (moment == "before the answer")
        assert "不能在这里使用我了" in await told(server, "block", {"member": ANN}, who=MEI)
        assert not await inbox.known(f"interaction:{blocking}")


async def test_a_cancelled_request_stays_cancelled_after_a_restart(
    server: DiscordServer, start: Start, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    appoint(server, MOE)
    stopped, stop = _standstill()
    with monkeypatch.context() as patched:
        patched.setattr(handlers, "handle", stop)
        async with start() as bot:
            sent = await server.say(ANN, "pink hair", files=PORTRAIT)
            await asyncio.wait_for(stopped.wait(), 20)
            patched.setattr(bot.dispatcher, "_ends", {})  # so that the work itself is not cancelled
            assert "Cancelled" in await told(server, "queue cancel", {"wish": f"message:{sent['id']}"})
    async with start():
        assert "A moderator of this server cancelled" in (await server.answer_to(sent))["content"]
        await _all_answered(history)
        assert len(server.answers_to(sent)) == 1


async def test_messages_written_while_the_bot_was_away_are_answered(
    server: DiscordServer, start: Start
) -> None:
    async with start():
        first = await edited(server, ANN, "pink hair")
        private = await edited(server, ANN, "pink hair", direct=True)
    missed = await server.say(ANN, "now less", mention=False, reply_to=first)
    alone = await server.say(ANN, "now less", reply_to=private)
    other = await server.say(ANN, "nothing for the bot", mention=False)
    async with start():
        for message in (missed, alone):
            assert "60 %" in (await server.answer_to(message))["content"]
        assert server.answers_to(other) == []


async def test_requests_of_one_member_keep_their_order(server: DiscordServer, start: Start) -> None:
    async with start():
        sent = [
            await server.say(ANN, "pink hair", files=PORTRAIT),
            await server.say(ANN, "now less"),
            await server.say(ANN, "undo"),
        ]
        answers = [await server.answer_to(message) for message in sent]
        assert "Done" in answers[0]["content"]
        assert "60 %" in answers[1]["content"]
        assert "edit 1" in answers[2]["content"]


async def test_too_many_requests_are_refused_with_a_time(server: DiscordServer, start: Start) -> None:
    async with start():
        sent = [await server.say(ANN, "pink hair", files=PORTRAIT) for _ in range(dispatcher.MAX_WAITING + 1)]
        refused = await server.answer_to(sent[-1])
        assert "too many requests" in refused["content"]
        assert "<t:" in refused["content"]
        for message in sent[:-1]:
            assert (await server.answer_to(message))["attachments"]


async def test_a_request_waits_for_an_editor_that_is_away(
    server: DiscordServer, history: History, bundles: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    monkeypatch.setattr(handlers, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 2.0)
    async with (
        own_editor(["--bundles", str(bundles)]) as running,
        EditorClient(running.url, patience=0.2) as editor,
    ):
        await _until(Path(running.url.removeprefix("unix:")).exists)
        async with start(conversations=Conversations(history, editor, "tiny")):
            first = await edited(server, ANN, "pink hair")
            assert running.process is not None
            running.process.kill()
            sent = await server.say(ANN, "now less")
            kept = await server.answer_to(sent)
            assert "request is saved" in kept["content"]
            done = await server.settled(kept, lambda m: "60 %" in m["content"])
            assert server.answers_to(sent) == [done]
            assert server.files_of(done) != server.files_of(first)


async def test_a_slow_answer_is_one_message_that_is_edited(
    server: DiscordServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(progress, "PACE_SECONDS", 0.05)
    async with start():
        sent = await server.say(ANN, "pink hair", files=PORTRAIT)
        shown = await server.answer_to(sent)
        done = await server.settled(shown, lambda m: bool(m["components"]))  # it showed previews before
        assert "Done" in done["content"]
        assert done["attachments"]
        assert server.answers_to(sent) == [done]


async def test_nothing_is_done_where_the_bot_may_not_write(
    server: DiscordServer, start: Start, history: History
) -> None:
    async with start():
        channel = server.add_channel(server.home, "quiet")
        server.overwrite(channel, objects.GUILD, deny=1 << 11)
        unheard = await server.say(ANN, "pink hair", files=PORTRAIT, channel=channel["id"])
        await server.answer_to(await server.say(ANN, "help"))
        assert not await Inbox(history.database).known(f"message:{unheard['id']}")


async def test_a_missing_permission_for_files_is_explained(server: DiscordServer, start: Start) -> None:
    async with start():
        channel = server.add_channel(server.home, "words")
        server.overwrite(channel, objects.GUILD, deny=1 << 15)
        told = await server.answer_to(
            await server.say(ANN, "pink hair", files=PORTRAIT, channel=channel["id"])
        )
        assert "I'm missing “Attach Files”" in told["content"]
