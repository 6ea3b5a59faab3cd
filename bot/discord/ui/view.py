"""Cards: what a message of the bot shows, before it becomes a message.

A result is ordinary text over ordinary attachments, with rows of buttons below; lists and explanations are an embed. Both
layouts of Discord were tried with the same answers and read as data and as rendered:

- Components V2 would allow a button beside each picture, but a message of that kind has no content: its notification, the
  line shown where somebody replies to it and the search are all empty, which is where a conversation by replies is read
  most; and it can never become an ordinary message again, so that one message could not live from "waiting" to the result.
- A picture in an embed is drawn at most 400 pixels wide on a desktop, and its alternative text is out of a screen reader's
  reach. As an attachment it fills the width of a phone, opens at full size, and carries its description and its spoiler.
- A list in an embed keeps its columns of name and strength on a desktop and folds into lines on a phone; as plain text the
  same list is a wall of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.conversation.messages import Shown, Turn
from bot.discord.requests import attachments
from bot.discord.requests.request import Asking
from bot.discord.ui import buttons
from bot.locales import get
from storage.history import Picture

MOST_TEXT, MOST_FILES, MOST_EMBED = 2000, 10, 4096
COLOUR = discord.Colour(0x5B6EE1)


@dataclass(frozen=True)
class Shot:
    """One picture of a card: its alternative text, and the number that its file is named by."""

    picture: Picture
    alt: str
    number: int = 0


@dataclass(frozen=True)
class Card:
    """Text, pictures, an embed and what can be pressed. ``title`` and ``lines`` make the embed."""

    text: str = ""
    heading: str = ""
    """A small line above the text that says what was asked, where no reply shows it."""
    shots: tuple[Shot, ...] = ()
    title: str = ""
    lines: tuple[str, ...] = ()
    items: tuple[discord.ui.Item[Any], ...] = ()
    spoiler: bool = False
    tag: str = "edit"
    """Begins the names of its files."""

    @property
    def content(self) -> str:
        """The text as Discord takes it: no mention of anybody, and not too long."""
        text = discord.utils.escape_mentions(self.text)
        return shortened(
            "\n".join(part for part in (self.heading and f"-# {self.heading}", text) if part), MOST_TEXT
        )

    def embed(self) -> discord.Embed | None:
        """The list, if there is one."""
        if not self.lines and not self.title:
            return None
        return discord.Embed(
            title=self.title[:256], description=shortened("\n".join(self.lines), MOST_EMBED), colour=COLOUR
        )

    def view(self) -> discord.ui.View | None:
        """The buttons and menus; every item is dynamic, or the library would forget them all when one message ends."""
        if not self.items:
            return None
        view = discord.ui.View(timeout=None)
        for item in self.items:
            view.add_item(item)
        return view

    async def files(self, limit: int) -> list[discord.File]:
        """The pictures as uploads of at most ``limit`` bytes each."""
        return [
            await attachments.to_file(
                shot.picture, f"{self.tag}-{shot.number}", shot.alt, limit, self.spoiler
            )
            for shot in self.shots[:MOST_FILES]
        ]


def shortened(text: str, most: int) -> str:
    """The text, cut at a line's end with an ellipsis where it is too long."""
    if len(text) <= most:
        return text
    kept = text[: most - 2].rsplit("\n", 1)[0] if "\n" in text[: most - 2] else text[: most - 1]
    return f"{kept}\n…" if "\n" in text[: most - 2] else f"{kept}…"


def of_turn(turn: Turn, asking: Asking, spoiler: bool) -> Card:
    """An answer. Only an edit has buttons; the original picture has none to go back from."""
    locale = get(turn.locale)
    items: tuple[discord.ui.Item[Any], ...] = ()
    if turn.edit is not None and turn.pictures and turn.error is None:
        items = buttons.under(turn.edit.id, turn.edit.number > 0, bool(turn.adjustments), locale)
    return Card(turn.reply, shots=shots(turn.pictures), items=items, spoiler=spoiler, tag=tag(asking))


def shots(pictures: Sequence[Shown]) -> tuple[Shot, ...]:
    """The pictures of an answer."""
    return tuple(Shot(shown.picture, shown.alt, shown.number) for shown in pictures)


def tag(asking: Asking) -> str:
    """How the files of an answer begin: they show a later life of the bot that this asking was answered."""
    return f"edit-{asking.nonce()[:8]}"


def sentence(text: str, *items: discord.ui.Item[Any]) -> Card:
    """A card of words only."""
    return Card(text, items=items)


def table(title: str, lines: Sequence[str], *items: discord.ui.Item[Any]) -> Card:
    """A card with a list."""
    return Card(title=title, lines=tuple(lines), items=items)
