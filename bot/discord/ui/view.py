"""A message of the bot before it is sent: text, pictures, an embed, buttons and menus.

A result is plain text over plain attachments, with rows of buttons below; lists and explanations are an
embed. Why not otherwise:

- A Components V2 message has no content, so its notification, its line above a reply and the search are all
  empty, and it can never become a plain message again: one message could not go from "waiting" to the result.
- A picture in an embed is at most 400 pixels wide on a desktop, and screen readers do not reach its
  alternative text. An attachment fills a phone's width, opens at full size, and keeps its description and its
  spoiler.
- A list in an embed keeps its columns on a desktop and folds into lines on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.conversation.messages import Turn
from bot.discord.requests import attachments
from bot.discord.requests.request import Request
from bot.discord.ui import buttons
from bot.discord.ui.interactions import Interaction
from bot.discord.ui.items import view_of
from bot.locales import get
from storage.records import Picture

MAX_TEXT, MAX_FILES, MAX_TITLE, MAX_EMBED = 2000, 10, 256, 4096
COLOUR = discord.Colour(0x5B6EE1)


@dataclass(frozen=True)
class AttachedPicture:
    """One picture of a message: its alternative text, and the number in its file name."""

    picture: Picture
    alt: str
    number: int = 0


@dataclass(frozen=True)
class OutgoingMessage:
    """Everything that a message of the bot shows. ``title`` and ``lines`` make the embed."""

    text: str = ""
    heading: str = ""
    """A small line above the text that repeats the request if no reply shows it."""
    pictures: tuple[AttachedPicture, ...] = ()
    title: str = ""
    lines: tuple[str, ...] = ()
    items: tuple[discord.ui.Item[Any], ...] = ()
    """Persistent buttons and menus only."""
    spoiler: bool = False
    tag: str = "edit"
    """The start of the file names."""

    @property
    def content(self) -> str:
        """The text as Discord takes it: mentions escaped, and shortened to the limit."""
        text = discord.utils.escape_mentions(self.text)
        parts = (self.heading and f"-# {self.heading}", text)
        return shortened("\n".join(part for part in parts if part), MAX_TEXT)

    def embed(self) -> discord.Embed | None:
        """The embed, if there is a title or a list."""
        if not self.lines and not self.title:
            return None
        text = shortened("\n".join(self.lines), MAX_EMBED)
        return discord.Embed(title=self.title[:MAX_TITLE], description=text, colour=COLOUR)

    def view(self) -> discord.ui.View | None:
        """The buttons and menus, if there are any."""
        return view_of(*self.items) if self.items else None

    async def files(self, limit: int) -> list[discord.File]:
        """The pictures as files of at most ``limit`` bytes each."""
        return [
            await attachments.to_file(
                shown.picture, f"{self.tag}-{shown.number}", shown.alt, limit, self.spoiler
            )
            for shown in self.pictures[:MAX_FILES]
        ]


def shortened(text: str, limit: int) -> str:
    """The text cut to ``limit`` characters with an ellipsis, at the end of a line if possible."""
    if len(text) <= limit:
        return text
    lines, newline, _ = text[: limit - 2].rpartition("\n")
    return f"{lines}\n…" if newline else f"{text[: limit - 1]}…"


def of_turn(turn: Turn, request: Request, spoiler: bool) -> OutgoingMessage:
    """The answer of the conversation; it has buttons if it shows an edit."""
    items: tuple[discord.ui.Item[Any], ...] = ()
    if turn.edit is not None and turn.error is None:
        items = buttons.choice_buttons(turn.edit.id, turn.choices)
        if turn.pictures:
            edited, adjusted = turn.edit.number > 0, bool(turn.adjustments)
            items += buttons.result_buttons(turn.edit.id, edited, adjusted, get(turn.locale))
    return OutgoingMessage(
        turn.reply, pictures=pictures_of(turn), items=items, spoiler=spoiler, tag=answer_tag(request)
    )


def pictures_of(turn: Turn) -> tuple[AttachedPicture, ...]:
    """The pictures of an answer."""
    return tuple(AttachedPicture(shown.picture, shown.alt, shown.number) for shown in turn.pictures)


def answer_tag(request: Request) -> str:
    """The start of the file names of an answer, by which a restarted bot finds the answer."""
    return f"edit-{request.nonce()[:8]}"


def sentence(text: str, *items: discord.ui.Item[Any]) -> OutgoingMessage:
    """A message of text only."""
    return OutgoingMessage(text, items=items)


def table(title: str, lines: Sequence[str], *items: discord.ui.Item[Any]) -> OutgoingMessage:
    """A message with a list."""
    return OutgoingMessage(title=title, lines=tuple(lines), items=items)


async def show_privately(interaction: Interaction, message: OutgoingMessage) -> None:
    """Answer an interaction with a message that only the member sees."""
    content, embed, view = message.content or None, message.embed(), message.view()
    if interaction.response.is_done():
        await interaction.edit_original_response(content=content, embed=embed, view=view)
        return
    options: dict[str, Any] = {
        name: value for name, value in (("embed", embed), ("view", view)) if value is not None
    }
    await interaction.response.send_message(content, ephemeral=True, **options)
