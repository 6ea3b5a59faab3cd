"""What bot and storage add to the editor's own time in a conversation, and how that grows with the history.

A real editor process and a real SQLite file; run it with ``python -m bot.app.benchmark PICTURE BUNDLE
MOST_EDITS``.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from bot.app.supervisor import own_editor
from bot.conversation.messages import Speaker, TalkRequest
from bot.conversation.service import Conversations
from bot.settings import load
from editor.api import protocol as wire
from editor.api.client import EditorClient, OnEvent
from storage.history import History
from storage.records import Edit
from storage.schema import CONVERSATIONS, EDITS

SPEAKER = Speaker("benchmark", "ann", "here")
LENGTHS = (10, 100, 1000, 10_000)
PAIRS, RENEW_EVERY = 12, 4
"""How often each pair of messages is sent (the second undoes the first), and after how many pairs the change
is asked for again: "more" after "less" does not lead back exactly, and a weak adjustment is removed."""
CHANGE = "pink hair"
STRENGTHS, MOVES = ("now less", "more"), ("undo", "redo")


class TimedClient(EditorClient):
    """A client that adds up the milliseconds that the editor reports for its jobs."""

    spent = 0.0

    async def run(self, identifier: str, job: wire.Job, on_event: OnEvent | None = None) -> wire.Result:
        """Run a job, and add its time."""

        def add(event: wire.Event) -> Any:
            if isinstance(event, wire.Done):
                self.spent += event.milliseconds
            return on_event(event) if on_event is not None else None

        return await super().run(identifier, job, add)


async def say(bot: Conversations, text: str, picture: bytes | None = None) -> Edit:
    """Send a message and wait for its answer. Raises RuntimeError if it fails."""
    turn = await bot.talk(SPEAKER, TalkRequest(text, picture))
    if turn.error or turn.edit is None:
        raise RuntimeError(turn.reply)
    return turn.edit


async def time_messages(bot: Conversations, editor: TimedClient, texts: Sequence[str]) -> dict[str, Any]:
    """Time messages in turn: milliseconds of each in all and without the editor's, and processor time."""
    whole, added, processor = [], [], 0.0
    for pair in range(PAIRS):
        if texts is STRENGTHS and pair % RENEW_EVERY == 0:
            await say(bot, CHANGE)
        for text in texts:
            spent, begun, worked = editor.spent, time.perf_counter(), time.process_time()
            await say(bot, text)
            processor += time.process_time() - worked
            whole.append(1000 * (time.perf_counter() - begun))
            added.append(whole[-1] - (editor.spent - spent))
    return {
        "whole": _spread(whole),
        "added": _spread(added),
        "processor": round(1000 * processor / len(whole), 2),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    p95 = sorted(values)[int(0.95 * (len(values) - 1))]
    return {"p50": round(statistics.median(values), 2), "p95": round(p95, 2)}


async def lengthen(history: History, last: Edit, count: int) -> None:
    """Append copies of the last edit until the picture has ``count``, and show the newest."""
    ids = range(last.id + 1, last.id + 1 + count - last.number)
    if not ids:
        return
    async with history.database.write() as connection:
        found = await connection.execute(select(EDITS).where(EDITS.c.id == last.id))
        like: dict[str, Any] = {**found.mappings().one(), "redo_id": None, "job": None}
        rows = [like | {"id": id, "parent_id": id - 1, "number": last.number + id - last.id} for id in ids]
        await connection.execute(insert(EDITS), rows)
        here = CONVERSATIONS.c.id == last.conversation
        await connection.execute(update(CONVERSATIONS).where(here).values(head_id=ids[-1]))


async def measure(picture: bytes, bundle: str, most: int, folder: Path) -> dict[str, Any]:
    """Time follow-ups and moves in a new conversation, and as it grows to ``most`` edits."""
    secret = load().editor_token
    token = secret.get_secret_value() if secret is not None else None
    async with (
        own_editor(["--data", str(folder)]) as process,
        TimedClient(process.url, token) as editor,
        History.open(f"sqlite+aiosqlite:///{folder}/history.sqlite", folder / "pictures") as history,
    ):
        bot = Conversations(history, editor, bundle)
        await say(bot, CHANGE, picture)
        await time_messages(bot, editor, STRENGTHS)  # warm up
        report: dict[str, Any] = {"growth": {"history: less, more": [], "history: undo, redo": []}}
        report["follow_up"] = await time_messages(bot, editor, STRENGTHS)
        report["move"] = await time_messages(bot, editor, MOVES)
        for count in (length for length in LENGTHS if length <= most):
            await lengthen(history, await say(bot, "more"), count)
            for name, texts in zip(report["growth"], (STRENGTHS, MOVES), strict=True):
                figures = await time_messages(bot, editor, texts)
                report["growth"][name].append([float(count), figures["added"]["p50"]])
        return report


if __name__ == "__main__":
    picture, bundle, most = Path(sys.argv[1]).read_bytes(), sys.argv[2], int(sys.argv[3])
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(picture, bundle, most, Path(folder)))))
