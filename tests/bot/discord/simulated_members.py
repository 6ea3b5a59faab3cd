"""Members who use the bot at random: each knows the right answer to every action, and checks it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from functools import partial

from bot import locales
from tests.bot.discord.expected_edits import ExpectedEdit, ExpectedPicture, Json, Layers
from tests.bot.discord.simulated_user import PATIENCE, SimulatedUser, is_done, text_of
from tests.conftest import make_png

WISHES = {
    "en": ("pink hair", "glasses", "a beard", "freckles", "blue eyes"),
    "zh-CN": ("粉色头发", "眼镜", "络腮胡", "雀斑"),
}
NAMES = {"a beard": "beard"}
STEPS = {"en": (("less", 0.6), ("more", 1.5)), "zh-CN": (("less", 0.8), ("more", 1.25))}
"""The buttons and their factors: in Chinese they mean "a little"."""


class SimulatedMember(SimulatedUser):
    """A member who does random things; ``spend`` does a number of them."""

    def name_of(self, wish: str) -> str:
        """The name of a request in answers."""
        return NAMES.get(wish, wish)

    def _took(self, message: Json, wish: str) -> bool:
        """Whether the request was followed; the bot may answer instead that this picture cannot show it."""
        followed, refused = self._outcomes(wish)
        text = text_of(message)
        assert any(sentence in text for sentence in followed + refused), f"{wish!r} was answered by {text!r}"
        return any(sentence in text for sentence in followed)

    # actions

    async def portrait(self) -> None:
        """Send a new picture with a request, in a message or by the command."""
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
        self.albums.append(ExpectedPicture(picture))
        first = self.album.add(None, ())
        self.head = first
        if self._took(answer, wish):
            self.head = self.album.add(first, ((wish, 1.0),))
        assert self.shows(self.head.number)(answer), answer["attachments"]
        self.head.message = answer

    def _about(self, message: Json, wish: str) -> bool:
        """Whether a message tells the outcome of a request."""
        return any(
            sentence in text_of(message) for sentences in self._outcomes(wish) for sentence in sentences
        )

    def _outcomes(self, wish: str) -> tuple[list[str], list[str]]:
        """The sentences for a request that was followed, and for one that this picture cannot show."""
        name = self.name_of(wish)
        followed = [
            self.words("reply.done", names=self.locale.listed([name])),
            self.words("reply.weak", name=name),
        ]
        return followed, [
            self.words(f"reply.{why}", name=name) for why in ("not-here", "no-response", "satisfied")
        ]

    async def wish(self) -> None:
        """Make another request, for the last picture or in reply to an older one."""
        edit, reply = self._somewhere()
        used = {name for name, _ in edit.layers or ()}
        left = [one for one in WISHES[self.locale.code] if one not in used]
        if not left:
            return await self.portrait()
        wish, sent = self.random.choice(left), None
        if edit.message is not None and self.random.random() < 0.3:
            asked = edit.message
            opened = await self._press(asked, "discord.button.words")
            form = {self.words("discord.form.label"): wish}
            sent = await self.acted(lambda: self.server.submit(self.user, opened, form))
        else:
            asked = await self._say(wish, reply)
        answer = await self.answer(asked, wish, lambda m: self._about(m, wish), sent)
        self.head = edit
        if self._took(answer, wish):
            answer = await self.server.settled(answer, lambda m: bool(m["attachments"]))
            self._made(edit, None if edit.layers is None else (*edit.layers, (wish, 1.0)), answer)
        return None

    def _made(self, parent: ExpectedEdit, layers: Layers | None, answer: Json) -> None:
        self.head = self.album.add(parent, layers)
        self.head.message = answer
        assert self.shows(self.head.number)(answer), (answer["attachments"], self.head.number, self.did)

    async def _say(self, words: str, reply: Json | None) -> Json:
        options = {"reply_to": reply, "mention": self.random.random() < 0.5} if reply is not None else {}
        return await self.server.say(self.user, words, **self.where | options)

    def _somewhere(self) -> tuple[ExpectedEdit, Json | None]:
        """The edit to continue from: the current one, or an older one by a reply to its message."""
        assert self.head is not None
        seen = [edit for edit in self.album.edits if edit.message is not None]
        if seen and self.random.random() < 0.5:
            edit = self.random.choice(seen)
            return edit, edit.message
        return self.head, None

    async def scale(self) -> None:
        """Ask for less or more, in words or with a button under an older picture."""
        step, factor = self.random.choice(STEPS[self.locale.code])
        edit, reply = self._somewhere()
        if not edit.layers:
            return await self.wish()
        name, strength = edit.layers[-1]
        strength = round(min(3.0, factor * strength), 4)
        if strength < 0.05:
            return await self.wish()
        says = self.words("reply.strength", name=self.name_of(name), percent=self.locale.percent(strength))
        holds = self.shows(self.album.next, says)
        if edit.message is not None and self.random.random() < 0.5:
            await self._press(edit.message, f"discord.button.{step}")
            answer = await self.answer(edit.message, step, holds)
        else:
            answer = await self.answer(await self._say(self.words(f"say.{step}"), reply), step, holds)
        self._made(edit, (*edit.layers[:-1], (name, strength)), answer)
        return None

    async def _press(self, message: Json, key: str) -> str:
        return await self.acted(lambda: self.server.press(self.user, message, self.words(key)))

    async def undo(self) -> None:
        """Undo with a command, a word or the button, and sometimes redo with a command."""
        assert self.head is not None
        edit, parent = self.head, self.head.parent
        if parent is None:
            return await self.wish()
        holds = self.shows(parent.number, re.split("[.。]", self.words("reply.moved.undo", place=""))[0])
        if edit.message is not None and self.random.random() < 0.4:
            await self._press(edit.message, "discord.button.undo")
            await self.answer(edit.message, "undo", holds)
        elif self.random.random() < 0.5:
            await self.answer(await self._say(self.words("say.undo"), None), "undo", holds)
        else:
            await self.command("undo", holds)
        self.head = parent
        if self.random.random() < 0.5:
            await self.command("redo", self.shows(edit.number))
            self.head = edit
        return None

    async def look(self) -> None:
        """Use commands and buttons that change nothing."""
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
            while away in text_of(
                await self.private(begin, name, lambda m: is_done(m) and (says(m) or away in text_of(m)))
            ):
                assert name == "bundles", "nothing else needs the editor"
                await asyncio.sleep(1.0)  # the editor is being restarted

    async def variations(self) -> None:
        """Ask for two variations, which become edits."""
        assert self.head is not None
        first = self.album.next
        await self.command(
            "variations", self.shows(self.head.number, str(first), str(first + 1)), {"count": 2}
        )
        for _ in range(2):
            self.album.add(self.head, None)

    async def wrong_file(self) -> None:
        """Send a file that is not a picture."""
        asked = await self.server.say(
            self.user, "pink hair", files={"me.txt": (b"dear bot", "text/plain")}, **self.where
        )
        await self.answer(
            asked, "a text file", lambda m: not m["attachments"] and is_done(m) and bool(text_of(m))
        )

    async def delete(self) -> None:
        """Delete the newest edit."""
        edit = next(
            (n for n in reversed(self.album.edits) if n.message is not None and n.parent is not None), None
        )
        if edit is None:
            return await self.wish()
        message = edit.message
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
        self.album.remove(edit)
        if self.head is edit:
            self.head = edit.parent
        return None

    async def meddle(self, other: SimulatedMember) -> None:
        """Press a button of somebody else, which is refused."""
        edit = next(
            (n for n in reversed(other.album.edits if other.albums else []) if n.message is not None), None
        )
        if edit is None or edit.message is None or edit.message["id"] not in self.server.world.messages:
            return await self.look()
        message, words = edit.message, other.words("discord.button.words")
        if self.place is None or not any(
            b.get("label") == words for r in message["components"] for b in r["components"]
        ):
            return await self.look()
        text = self.words("discord.error.not-your-button")
        await self.private(lambda: self.server.press(self.user, message, words), "meddling", self.says(text))
        return None

    async def blocked(self, moderator: Json) -> None:
        """Be blocked by a moderator, try a request, and be unblocked."""
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
        """Have the newest result removed by a moderator."""
        edit = next(
            (n for n in reversed(self.album.edits) if n.message is not None and n.parent is not None), None
        )
        if edit is None or edit.message is None:
            return
        await self._moderated(moderator, "mod remove", {"message": edit.message["id"]}, "mod.done.remove")
        assert edit.message["id"] not in self.server.world.messages
        self.album.remove(edit)
        if self.head is edit:
            self.head = edit.parent

    async def _moderated(self, moderator: Json, command: str, options: Json, done: str) -> None:
        said = locales.get("en").say(done, member=f"<@{self.user['id']}>", until="|").split("|")[0].strip()
        unsure = locales.get("en").say("discord.interrupted")
        begin = partial(self.server.slash, moderator, command, options, **self.where)
        answer = await self.private(begin, command, lambda m: said in text_of(m) or unsure in text_of(m))
        while unsure in text_of(
            answer
        ):  # the bot was killed in between: try again, unless it was carried out
            if command == "mod remove" and options["message"] not in self.server.world.messages:
                return
            answer = await self.private(begin, command, lambda m: bool(text_of(m)) and is_done(m))
            if "unblock" in command and locales.get("en").say(
                "mod.not-blocked", member=f"<@{self.user['id']}>"
            ) in text_of(answer):
                return
        assert said in text_of(answer), answer

    async def spend(self, actions: int, others: list[SimulatedMember], moderator: Json | None = None) -> None:
        """Do random things; ``moderator`` blocks this member for a while and removes a result."""
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
        """Wait for an action, and report it."""
        self.did.append(what)
        await doing
        self.after()
