"""A bot without a front end, as a separate process: ``python -m tests.bot.hammer DATABASE PICTURES EDITOR
NAME TURNS``.

It takes requests for three conversations that it shares with other processes, answers them, and then answers
what the others have left, until nothing is open.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from bot.conversation.messages import Speaker, TalkRequest, job_of
from bot.conversation.service import Conversations
from bot.language.actions import Set
from editor.api.client import EditorClient
from storage.history import History
from storage.inbox import Inbox, InboxItem

USERS = ("ann", "ben", "cleo")


async def answer(bot: Conversations, inbox: Inbox, asked: InboxItem) -> None:
    """Do one wish, once, however often it is begun."""
    action = Set("pink hair", asked.payload["strength"])
    turn = await bot.talk(Speaker("test", asked.user, "here"), TalkRequest(key=asked.key, actions=(action,)))
    assert turn.error is None, turn.reply
    await inbox.answered(asked.key, jobs=[job_of(asked.key)])
    print(asked.key, flush=True)


async def hammer(history: History, bot: Conversations, name: str, turns: int) -> None:
    inbox, desk = Inbox(history.database), f"desk {name}"
    dice = random.Random(name)
    wishes = [(number, user) for number in range(turns) for user in USERS]
    async with history.database.lock(desk):
        mine = []
        for number, user in sorted(wishes, key=lambda _: dice.random()):
            strength = round(0.2 + 0.01 * number + (0.005 if name == "first" else 0.0), 3)
            asked = await inbox.accept(
                f"{name}-{user}-{number}", "test", user, None, "here", {"strength": strength}, desk
            )
            assert asked is not None
            mine.append(asked)
        await asyncio.gather(*(answer(bot, inbox, asked) for asked in mine))
        while await inbox.count_open("test"):
            for asked in await inbox.take_over("test", desk):
                await answer(bot, inbox, asked)
            await asyncio.sleep(0.2)


async def main() -> None:
    database, pictures, editor_url, name, turns = sys.argv[1:]
    async with History.open(database, Path(pictures)) as history, EditorClient(editor_url) as editor:
        await hammer(history, Conversations(history, editor, "tiny"), name, int(turns))


if __name__ == "__main__":
    asyncio.run(main())
