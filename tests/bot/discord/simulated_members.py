"""Members at a server's evening: each keeps in mind what the bot's answers have to be, and checks every one of them."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bot import locales
from bot.locales import Locale
from tests.bot.discord.restarting_bot import RestartingBot
from tests.conftest import make_png
from tests.discord_server import DiscordServer, objects

Json = dict[str, Any]
Layers = tuple[tuple[str, float], ...]
WISHES = {
    "en": ("pink hair", "glasses", "a beard", "freckles", "blue eyes"),
    "zh-CN": ("粉色头发", "眼镜", "络腮胡", "雀斑"),
}
NAMES = {"a beard": "beard"}
STEPS = {"en": (("less", 0.6), ("more", 1.5)), "zh-CN": (("less", 0.8), ("more", 1.25))}
"""What the buttons do: in Chinese they say "a little"."""
PATIENCE = 240.0
"""Seconds until an answer; both processes are killed and started again meanwhile, and everything is done on few cores."""


@dataclass(eq=False)
class Node:
    """One edit as the member knows it. ``layers``: wishes with their strengths, None where nobody told the member."""

    number: int
    parent: Node | None
    layers: Layers | None = ()
    message: Json | None = None


@dataclass
class Album:
    """One picture and all edits of it."""

    picture: bytes
    nodes: list[Node] = field(default_factory=list)

    @property
    def next(self) -> int:
        """The number that the next edit gets."""
        return max((node.number for node in self.nodes), default=-1) + 1

    def add(self, parent: Node | None, layers: Layers | None) -> Node:
        """The next edit."""
        node = Node(self.next, parent, layers)
        self.nodes.append(node)
        return node

    def remove(self, node: Node) -> None:
        """What deleting one leaves: its children hang on its parent."""
        self.nodes.remove(node)
        for other in self.nodes:
            if other.parent is node:
                other.parent = node.parent

    def shape(self) -> list[tuple[int, int | None, Layers | None]]:
        """To be compared with what the bot has kept: numbers, parents, adjustments."""
        return [
            (node.number, node.parent.number if node.parent else None, node.layers) for node in self.nodes
        ]


class SimulatedMember:
    """One member in one place."""

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
        self.albums: list[Album] = []
        self.head: Node | None = None
        self.replies: dict[str, int] = {}
        """How many answers each message must have in the end."""
        self.failed: list[str] = []
        """Interactions that Discord had to call failed, because the bot was not there."""
        self.commands: list[str] = []
        """The answers to commands that all can see."""
        self.did: list[str] = []
        self.after: Callable[[], None] = lambda: None
        """Called after each action."""

    # where

    @property
    def where(self) -> Json:
        """For the loopback's actions."""
        return {"direct": True} if self.place is None else {"channel": self.place}

    @property
    def channel(self) -> str:
        """The channel's id."""
        return self.place or self.server.world.direct(self.user)["id"]

    @property
    def album(self) -> Album:
        """The newest picture's."""
        return self.albums[-1]

    def words(self, key: str, **values: Any) -> str:
        """What the bot says in this member's language."""
        return self.locale.say(key, **values)

    # what arrives

    async def _found(self, what: str, found: Callable[[], Json | None]) -> Json:
        try:
            return await self.server.world.until(found, PATIENCE, pause=0.2)
        except TimeoutError:
            seen = [
                (_read(message), [a["filename"] for a in message["attachments"]])
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
        """The next reply to a message, once it is no longer in the making; words alone may answer a form in private."""
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
            }.values()  # what was deleted was an answer too
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
        """The answer to an interaction that this member alone sees."""
        asked = self.server.interactions[await self.acted(begin)]

        def found() -> Json | None:
            numbers = [asked.original, *asked.followups]
            seen = [self.server.world.messages[n] for n in numbers if n in self.server.world.messages]
            return next((m for m in seen if m["flags"] & objects.EPHEMERAL and holds(m)), None)

        return await self._found(what, found)

    async def acted(self, begin: Callable[[], Awaitable[str]]) -> str:
        """Press or type, again whenever Discord says that it failed because the bot was away."""
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

    # pictures in answers

    def shows(self, node_number: int | None, *texts: str) -> Callable[[Json], bool]:
        """Whether a message shows the edit of that number, and says all this."""

        def holds(message: Json) -> bool:
            names = [attachment["filename"] for attachment in message["attachments"]]
            right = any(
                name.rsplit(".", 1)[0].endswith(f"-{node_number}") for name in names if "preview" not in name
            )
            return right and all(text in _read(message) for text in texts)

        return holds

    @staticmethod
    def says(*texts: str) -> Callable[[Json], bool]:
        """Whether a message has all this in its words."""
        return lambda message: all(text in _read(message) for text in texts)

    def name_of(self, wish: str) -> str:
        return NAMES.get(wish, wish)

    def _took(self, message: Json, wish: str) -> bool:
        """Whether the wish was followed; the bot may say instead that this picture cannot show it."""
        followed, refused = self._outcomes(wish)
        text = _read(message)
        assert any(sentence in text for sentence in followed + refused), f"{wish!r} was answered by {text!r}"
        return any(sentence in text for sentence in followed)

    # what they do

    async def portrait(self) -> None:
        """A new picture with a wish, in a message or by the command."""
        wish = self.random.choice(WISHES[self.locale.code])
        picture = make_png(seed=100 * self.number + len(self.albums))
        if self.random.random() < 0.3:
            options = {"wish": wish, "picture": ("me.png", picture, "image/png")}
            answer = await self.command(
                "edit", lambda m: bool(m["attachments"]) and self._about(m, wish), options
            )
        else:
            asked = await self.server.say(
                self.user, wish, files={"me.png": (picture, "image/png")}, **self.where
            )
            answer = await self.answer(asked, wish, lambda m: bool(m["attachments"]) and self._about(m, wish))
        self.albums.append(Album(picture))
        first = self.album.add(None, ())
        self.head = first
        if self._took(answer, wish):
            self.head = self.album.add(first, ((wish, 1.0),))
        assert self.shows(self.head.number)(answer), answer["attachments"]
        self.head.message = answer

    def _about(self, message: Json, wish: str) -> bool:
        """Whether a message says what became of a wish."""
        return any(sentence in _read(message) for sentences in self._outcomes(wish) for sentence in sentences)

    def _outcomes(self, wish: str) -> tuple[list[str], list[str]]:
        """How it is told that a wish was followed, and that this picture cannot show it."""
        name = self.name_of(wish)
        followed = [
            self.words("reply.done", names=self.locale.quoted([name])),
            self.words("reply.weak", name=name),
        ]
        return followed, [
            self.words(f"reply.{why}", name=name) for why in ("not-here", "no-response", "satisfied")
        ]

    async def wish(self) -> None:
        """One more wish, for the last picture or in reply to an older one."""
        node, reply = self._somewhere()
        used = {name for name, _ in node.layers or ()}
        left = [one for one in WISHES[self.locale.code] if one not in used]
        if not left:
            return await self.portrait()
        wish, sent = self.random.choice(left), None
        if node.message is not None and self.random.random() < 0.3:
            asked = node.message
            opened = await self._press(asked, "discord.button.words")
            form = {self.words("discord.form.label"): wish}
            sent = await self.acted(lambda: self.server.submit(self.user, opened, form))
        else:
            asked = await self._say(wish, reply)
        answer = await self.answer(asked, wish, lambda m: self._about(m, wish), sent)
        self.head = node
        if self._took(answer, wish):
            answer = await self.server.settled(answer, lambda m: bool(m["attachments"]))
            self._made(node, None if node.layers is None else (*node.layers, (wish, 1.0)), answer)
        return None

    def _made(self, parent: Node, layers: Layers | None, answer: Json) -> None:
        self.head = self.album.add(parent, layers)
        self.head.message = answer
        assert self.shows(self.head.number)(answer), (answer["attachments"], self.head.number, self.did)

    async def _say(self, words: str, reply: Json | None) -> Json:
        options = {"reply_to": reply, "mention": self.random.random() < 0.5} if reply is not None else {}
        return await self.server.say(self.user, words, **self.where | options)

    def _somewhere(self) -> tuple[Node, Json | None]:
        """The edit to go on from: the one that is shown, or an older one by a reply to its message."""
        assert self.head is not None
        seen = [node for node in self.album.nodes if node.message is not None]
        if seen and self.random.random() < 0.5:
            node = self.random.choice(seen)
            return node, node.message
        return self.head, None

    async def scale(self) -> None:
        """Less or more of it, in words or by a button under an older picture."""
        step, factor = self.random.choice(STEPS[self.locale.code])
        node, reply = self._somewhere()
        if not node.layers:
            return await self.wish()
        name, strength = node.layers[-1]
        strength = round(min(3.0, factor * strength), 4)
        if strength < 0.05:
            return await self.wish()
        says = self.words("reply.strength", name=self.name_of(name), percent=self.locale.percent(strength))
        holds = self.shows(self.album.next, says)
        if node.message is not None and self.random.random() < 0.5:
            await self._press(node.message, f"discord.button.{step}")
            answer = await self.answer(node.message, step, holds)
        else:
            answer = await self.answer(await self._say(self.words(f"say.{step}"), reply), step, holds)
        self._made(node, (*node.layers[:-1], (name, strength)), answer)
        return None

    async def _press(self, message: Json, key: str) -> str:
        return await self.acted(lambda: self.server.press(self.user, message, self.words(key)))

    async def undo(self) -> None:
        """By a command, a word or the button, and then by a command forward again."""
        assert self.head is not None
        node, parent = self.head, self.head.parent
        if parent is None:
            return await self.wish()
        holds = self.shows(parent.number, re.split("[.。]", self.words("reply.moved.undo", place=""))[0])
        if node.message is not None and self.random.random() < 0.4:
            await self._press(node.message, "discord.button.undo")
            await self.answer(node.message, "undo", holds)
        elif self.random.random() < 0.5:
            await self.answer(await self._say(self.words("say.undo"), None), "undo", holds)
        else:
            await self.command("undo", holds)
        self.head = parent
        if self.random.random() < 0.5:
            await self.command("redo", self.shows(node.number))
            self.head = node
        return None

    async def command(self, name: str, holds: Callable[[Json], bool], options: Json | None = None) -> Json:
        """A slash command whose answer all can see."""
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

    async def look(self) -> None:
        """Commands and buttons that only look."""
        assert self.head is not None
        what = self.random.choice(("history", "compare", "adjust", "help", "bundles", "privacy see", "done"))
        if what == "history":
            await self.command("history", self.shows(self.head.number))
        elif what == "compare" and self.head.message is not None and self.head.layers:
            await self._press(self.head.message, "discord.button.compare")
            await self.answer(
                self.head.message, what, self.shows(self.head.number, self.words("reply.compared"))
            )
        elif what == "done" and self.head.message is not None:
            message, title = self.head.message, self.words("discord.title.done")
            holds = self.says(title, *(self.name_of(name) for name, _ in self.head.layers or ()))
            menu = "What was done here?"
            await self.private(lambda: self.server.message_menu(self.user, menu, message), what, holds)
        else:
            name = what if what in ("adjust", "help", "bundles", "privacy see") else "adjust"
            texts = [self.name_of(wish) for wish, _ in self.head.layers or ()]
            if name != "adjust":
                texts = [self.words(f"discord.title.{name}")] if name != "privacy see" else []
            says, away = self.says(*texts), self.words("error.editor.editor-away")
            begin = partial(self.server.slash, self.user, name, **self.where)
            while away in _read(
                await self.private(begin, name, lambda m: _done(m) and (says(m) or away in _read(m)))
            ):
                assert name == "bundles", "nothing else needs the editor"
                await asyncio.sleep(1.0)  # it is being started again

    async def variations(self) -> None:
        """Two looks near the present one, as edits of their own."""
        assert self.head is not None
        first = self.album.next
        await self.command(
            "variations", self.shows(self.head.number, str(first), str(first + 1)), {"count": 2}
        )
        for _ in range(2):
            self.album.add(self.head, None)

    async def wrong_file(self) -> None:
        """No picture at all."""
        asked = await self.server.say(
            self.user, "pink hair", files={"me.txt": (b"dear bot", "text/plain")}, **self.where
        )
        await self.answer(
            asked, "a text file", lambda m: not m["attachments"] and _done(m) and bool(_read(m))
        )

    async def delete(self) -> None:
        """The newest edit, for good."""
        node = next(
            (n for n in reversed(self.album.nodes) if n.message is not None and n.parent is not None), None
        )
        if node is None:
            return await self.wish()
        message = node.message
        assert message is not None
        question = await self.private(
            lambda: self.server.press(self.user, message, self.words("discord.button.delete")),
            "delete",
            self.says(self.words("discord.confirm.edit")),
        )
        await self.acted(
            lambda: self.server.press(self.user, question, self.words("discord.button.forget-edit"))
        )
        await self.server.gone(message, PATIENCE)
        await self.server.settled(question, self.says(self.words("discord.forgotten.edit")), PATIENCE)
        self.album.remove(node)
        if self.head is node:
            self.head = node.parent
        return None

    async def meddle(self, other: SimulatedMember) -> None:
        """Somebody else's buttons are not for this member."""
        node = next(
            (n for n in reversed(other.album.nodes if other.albums else []) if n.message is not None), None
        )
        if node is None or node.message is None or node.message["id"] not in self.server.world.messages:
            return await self.look()
        message, words = node.message, other.words("discord.button.words")
        if self.place is None or not any(
            b.get("label") == words for r in message["components"] for b in r["components"]
        ):
            return await self.look()
        text = self.words("discord.error.not-your-button")
        await self.private(lambda: self.server.press(self.user, message, words), "meddling", self.says(text))
        return None

    async def blocked(self, moderator: Json) -> None:
        """A moderator blocks this member, who is told so, and lets them back in."""
        await self._moderated(
            moderator, "mod block", {"member": self.user, "for": "2h", "reason": "too loud"}, "mod.done.block"
        )
        asked = await self.server.say(
            self.user, "glasses", files={"me.png": (make_png(), "image/png")}, **self.where
        )
        told = self.words("policy.blocked-until", until="|").split("|")[0]
        await self.answer(asked, "a wish of a blocked member", self.says(told.strip()))
        await self._moderated(moderator, "mod unblock", {"member": self.user}, "mod.done.unblock")

    async def removed(self, moderator: Json) -> None:
        """A moderator removes the newest result of this member."""
        node = next(
            (n for n in reversed(self.album.nodes) if n.message is not None and n.parent is not None), None
        )
        if node is None or node.message is None:
            return
        await self._moderated(moderator, "mod remove", {"message": node.message["id"]}, "mod.done.remove")
        assert node.message["id"] not in self.server.world.messages
        self.album.remove(node)
        if self.head is node:
            self.head = node.parent

    async def _moderated(self, moderator: Json, command: str, options: Json, done: str) -> None:
        said = locales.get("en").say(done, member=f"<@{self.user['id']}>", until="|").split("|")[0].strip()
        unsure = locales.get("en").say("discord.interrupted")
        begin = partial(self.server.slash, moderator, command, options, **self.where)
        answer = await self.private(begin, command, lambda m: said in _read(m) or unsure in _read(m))
        while unsure in _read(answer):  # the bot was killed in the middle: once more, unless it had been done
            if command == "mod remove" and options["message"] not in self.server.world.messages:
                return
            answer = await self.private(begin, command, lambda m: bool(_read(m)) and _done(m))
            if "unblock" in command and locales.get("en").say(
                "mod.not-blocked", member=f"<@{self.user['id']}>"
            ) in _read(answer):
                return
        assert said in _read(answer), answer

    async def spend(self, actions: int, others: list[SimulatedMember], moderator: Json | None = None) -> None:
        """The whole evening of this member; ``moderator``: who blocks them for a while, and removes a result."""
        await self.did_one("portrait", self.portrait())
        for number in range(1, actions):
            await asyncio.sleep(self.random.uniform(0.0, 0.5))
            what = self.random.choices(
                ("wish", "scale", "undo", "look", "variations", "wrong_file", "delete", "meddle", "portrait"),
                (22, 22, 14, 14, 5, 5, 5, 5, 8),
            )[0]
            if moderator is not None and number in (4, 7):
                what = "blocked" if number == 4 else "removed"
                doing = self.blocked(moderator) if number == 4 else self.removed(moderator)
            elif what == "meddle":
                doing = self.meddle(self.random.choice([other for other in others if other is not self]))
            else:
                doing = getattr(self, what)()
            await self.did_one(what, doing)

    async def did_one(self, what: str, doing: Awaitable[None]) -> None:
        """Do it, and count it."""
        self.did.append(what)
        await doing
        self.after()


def _read(message: Json) -> str:
    embeds = [
        f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.get("embeds") or []
    ]
    return "\n".join([message.get("content") or "", *embeds])


def _done(message: Json) -> bool:
    return not message["flags"] & objects.LOADING
