"""A member of a simulated server: acts, repeats what failed while the bot was down, and waits for the right
answer."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bot import locales
from bot.locales import Locale
from tests.bot.discord.expected_edits import ExpectedEdit, ExpectedPicture, Json
from tests.bot.discord.restarting_bot import RestartingBot
from tests.discord_server import DiscordServer, objects

PATIENCE = 240.0
"""Seconds until an answer, while both processes are killed and restarted and everything runs on few cores."""


class SimulatedUser:
    """A member in one place who acts, waits for answers, and counts them."""

    def __init__(
        self, number: int, server: DiscordServer, bot: RestartingBot, place: str | None, locale: str = "en"
    ) -> None:
        self.server, self.bot, self.place, self.number = server, bot, place, number
        self.random = random.Random(number)
        discord_locale = {"en": "en-US", "zh-CN": "zh-CN"}[locale]
        self.user = objects.user(str(810000000000000000 + number), f"member{number}") | {
            "locale": discord_locale
        }
        self.locale: Locale = locales.get(locale)
        self.albums: list[ExpectedPicture] = []
        self.head: ExpectedEdit | None = None
        self.replies: dict[str, int] = {}
        """The number of answers that each message must have in the end."""
        self.failed: list[str] = []
        """Interactions that failed because the bot was down."""
        self.commands: list[str] = []
        """The public answers to commands."""
        self.did: list[str] = []
        self.after: Callable[[], None] = lambda: None
        """Called after each action."""

    # place and words

    @property
    def where(self) -> Json:
        """The place, as arguments for the actions of ``DiscordServer``."""
        return {"direct": True} if self.place is None else {"channel": self.place}

    @property
    def channel(self) -> str:
        """The channel's id."""
        return self.place or self.server.world.direct(self.user)["id"]

    @property
    def album(self) -> ExpectedPicture:
        """The newest picture and its edits."""
        return self.albums[-1]

    def words(self, key: str, **values: Any) -> str:
        """A sentence of the bot in this member's language."""
        return self.locale.say(key, **values)

    # answers

    async def _found(self, what: str, found: Callable[[], Json | None]) -> Json:
        try:
            return await self.server.world.until(found, PATIENCE, pause=0.2)
        except TimeoutError:
            seen = [
                (text_of(message), [a["filename"] for a in message["attachments"]])
                for message in self._own()[-4:]
            ]
            raise AssertionError(
                f"{self.user['username']} got no answer to {what!r} after {self.did}, but {seen}"
            ) from None

    def _own(self) -> list[Json]:
        messages = self.server.world.messages.values()
        return [m for m in messages if m["author"]["id"] == objects.BOT and m["channel_id"] == self.channel]

    async def answer(
        self, asked: Json, what: str, holds: Callable[[Json], bool], form: str | None = None
    ) -> Json:
        """The next finished reply to a message; a form may be answered privately instead, if only with
        text."""
        self.replies[asked["id"]] = self.replies.get(asked["id"], 0) + 1
        count = self.replies[asked["id"]]

        def told() -> Json | None:
            sent = self.server.interactions[form].followups if form is not None else ()
            own = (self.server.messages[number] for number in sent if number in self.server.messages)
            return next((message for message in own if holds(message)), None)

        def found() -> Json | None:
            if (alone := told()) is not None:
                return alone
            everything = {
                **self.server.deleted,
                **self.server.messages,
            }.values()  # a deleted message was an answer too
            replies = [
                m for m in everything if m.get("message_reference", {}).get("message_id") == asked["id"]
            ]
            own = sorted((m for m in replies if m["author"]["id"] == objects.BOT), key=lambda m: int(m["id"]))
            return own[count - 1] if len(own) >= count and holds(own[count - 1]) else None

        answer = await self._found(what, found)
        if answer["flags"] & objects.EPHEMERAL:
            self.replies[asked["id"]] -= 1
        return answer

    async def private(
        self, begin: Callable[[], Awaitable[str]], what: str, holds: Callable[[Json], bool]
    ) -> Json:
        """The private answer to an interaction."""
        asked = self.server.interactions[await self.acted(begin)]

        def found() -> Json | None:
            numbers = [asked.original, *asked.followups]
            seen = [self.server.world.messages[n] for n in numbers if n in self.server.world.messages]
            return next((m for m in seen if m["flags"] & objects.EPHEMERAL and holds(m)), None)

        return await self._found(what, found)

    async def acted(self, begin: Callable[[], Awaitable[str]]) -> str:
        """Start an interaction, again whenever it fails because the bot is down; returns its id."""
        while True:
            await self.bot.here()
            begun = time.time()
            number = await begin()
            asked = self.server.interactions[number]
            try:
                await self.server.world.until(
                    lambda asked=asked: asked.callback, self.server.world.patience + 0.5
                )  # type: ignore[misc]
            except TimeoutError:
                ended = time.time()
                await self.bot.here()
                assert self.bot.was_away(begun, ended), f"no answer to an interaction after {self.did}"
                self.failed.append(number)
            else:
                return number

    # conditions for answers

    def shows(self, node_number: int | None, *texts: str) -> Callable[[Json], bool]:
        """A condition: the message shows the edit of that number and contains all these texts."""

        def holds(message: Json) -> bool:
            names = [attachment["filename"] for attachment in message["attachments"]]
            right = any(
                name.rsplit(".", 1)[0].endswith(f"-{node_number}") for name in names if "preview" not in name
            )
            return right and all(text in text_of(message) for text in texts)

        return holds

    @staticmethod
    def says(*texts: str) -> Callable[[Json], bool]:
        """A condition: the message contains all these texts."""
        return lambda message: all(text in text_of(message) for text in texts)

    async def command(self, name: str, holds: Callable[[Json], bool], options: Json | None = None) -> Json:
        """Run a slash command; returns its public answer."""
        number = await self.acted(lambda: self.server.slash(self.user, name, options, **self.where))

        def found() -> Json | None:
            said = f"<@{self.user['id']}> /{name}"
            return next(
                (m for m in self._own() if int(m["id"]) > int(number) and said in m["content"] and holds(m)),
                None,
            )

        answer = await self._found(f"/{name}", found)
        self.commands.append(answer["id"])
        return answer


def text_of(message: Json) -> str:
    embeds = [
        f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.get("embeds") or []
    ]
    return "\n".join([message.get("content") or "", *embeds])


def is_done(message: Json) -> bool:
    return not message["flags"] & objects.LOADING
