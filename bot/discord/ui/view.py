"""A message of the bot before it is sent: text, pictures, an embed, buttons and menus.

A result is plain text over plain attachments, with rows of buttons below; lists and explanations are an
embed. A Components V2 message has no content for notifications and the search, and can never become a plain
message again. A picture in an embed is small, and screen readers do not reach its alternative text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord

from bot.discord.attachments import to_file
from bot.discord.services import Interaction
from bot.discord.ui.interactions import view_of
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
    heading: str = ""  # a small line above the text that repeats the request if no reply shows it
    pictures: Sequence[AttachedPicture] = ()
    title: str = ""
    lines: Sequence[str] = ()
    items: Sequence[discord.ui.Item[Any]] = ()
    """Persistent buttons and menus only."""
    spoiler: bool = False
    tag: str = "edit"  # the start of the file names

    @property
    def content(self) -> str:
        """The text as Discord takes it: mentions escaped, and shortened to the limit."""
        text = discord.utils.escape_mentions(self.text)
        return shortened("\n".join(filter(None, (self.heading and f"-# {self.heading}", text))), MAX_TEXT)

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
            await to_file(shown.picture, f"{self.tag}-{shown.number}", shown.alt, limit, self.spoiler)
            for shown in self.pictures[:MAX_FILES]
        ]


def shortened(text: str, limit: int) -> str:
    """The text cut to ``limit`` characters with an ellipsis, at the end of a line if possible."""
    if len(text) <= limit:
        return text
    lines, newline, _ = text[: limit - 2].rpartition("\n")
    return f"{lines}\n…" if newline else f"{text[: limit - 1]}…"


async def show_privately(interaction: Interaction, message: OutgoingMessage) -> None:
    """Answer an interaction with a message that only the member sees, and that pings nobody."""
    content, embed, view = message.content or None, message.embed(), message.view()
    if interaction.response.is_done():
        await interaction.edit_original_response(content=content, embed=embed, view=view)
        return
    options: dict[str, Any] = {"embed": embed, "view": view}
    options = {name: value for name, value in options.items() if value is not None}
    await interaction.response.send_message(content, ephemeral=True, **options)
