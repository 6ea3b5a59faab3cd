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
from dataclasses import dataclass, field
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
PAIRS = 12
"""How often each pair of messages is sent; the second message undoes the first."""
RENEW_EVERY = 4
"""After how many pairs the change is asked for again.

"more" after "less" does not lead back exactly, and an adjustment that becomes too weak is removed.
"""
CHANGE = "pink hair"


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


@dataclass
class Talk:
    """A conversation and the milliseconds of each message: in all, and without the editor's own time."""

    conversations: Conversations
    editor: TimedClient
    whole: list[float] = field(default_factory=list)
    added: list[float] = field(default_factory=list)

    async def say(self, text: str, picture: bytes | None = None) -> Edit:
        """Send a message and wait for its answer. Raises RuntimeError if it fails."""
        spent, begun = self.editor.spent, time.perf_counter()
        turn = await self.conversations.talk(SPEAKER, TalkRequest(text, picture))
        took = 1000 * (time.perf_counter() - begun)
        if turn.error or turn.edit is None:
            raise RuntimeError(turn.reply)
        self.whole.append(took)
        self.added.append(took - (self.editor.spent - spent))
        return turn.edit

    async def figures(self, texts: Sequence[str], change: str | None = None) -> dict[str, Any]:
        """Time the messages in turn, several times; the ``change`` they are about is renewed now and then,
        untimed."""
        whole, added, processor = [], [], 0.0
        for pair in range(PAIRS):
            if change is not None and pair % RENEW_EVERY == 0:
                await self.say(change)
            self.whole.clear()
            self.added.clear()
            begun = time.process_time()
            for text in texts:
                await self.say(text)
            processor += time.process_time() - begun
            whole += self.whole
            added += self.added
        return {
            "whole": _spread(whole),
            "added": _spread(added),
            "processor": round(1000 * processor / len(whole), 2),
        }


def _spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
    }


async def lengthen(history: History, last: Edit, count: int) -> None:
    """Append copies of the last edit until the picture has ``count``, and show the newest."""
    fields = ("conversation_id", "source_id", "picture_id", "adjustments", "effects", "text")
    ids = range(last.id + 1, last.id + 1 + count - last.number)
    if not ids:
        return
    async with history.database.write() as connection:
        like = (await connection.execute(select(EDITS).where(EDITS.c.id == last.id))).one()
        shared = {name: getattr(like, name) for name in fields}
        rows = [shared | {"id": id, "parent_id": id - 1, "number": last.number + id - last.id} for id in ids]
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
        talk = Talk(Conversations(history, editor, bundle), editor)
        await talk.say("", picture)
        await talk.say(CHANGE)
        await talk.figures(("now less", "more"), CHANGE)  # warm up
        report: dict[str, Any] = {
            "follow_up": await talk.figures(("now less", "more"), CHANGE),
            "move": await talk.figures(("undo", "redo")),
        }
        growth: dict[str, list[list[float]]] = {"history: less, more": [], "history: undo, redo": []}
        for count in (length for length in LENGTHS if length <= most):
            last = await talk.say("more")
            await lengthen(history, last, count)
            for name, texts, change in zip(
                growth, (("now less", "more"), ("undo", "redo")), (CHANGE, None), strict=True
            ):
                growth[name].append([float(count), (await talk.figures(texts, change))["added"]["p50"]])
        return report | {"growth": growth}


def main(argv: Sequence[str]) -> int:
    """Measure, and print one JSON object."""
    picture, bundle, most = Path(argv[0]).read_bytes(), argv[1], int(argv[2])
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(measure(picture, bundle, most, Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
