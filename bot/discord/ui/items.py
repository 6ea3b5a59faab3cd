"""Buttons and menus with their state in their custom id, which work in messages of any age."""

from __future__ import annotations

import re
from typing import Any, Self

import discord

from bot.discord.services import Interaction
from bot.discord.ui.interactions import errors_reported


class PersistentItem(
    discord.ui.DynamicItem[discord.ui.Button[Any] | discord.ui.Select[Any]], template=r"(?!)"
):
    """Base of all buttons and menus. ``template`` of a subclass matches its custom ids and names their parts.

    Custom ids in old messages never change, so a template may only be extended.
    """

    def __init__(self, item: discord.ui.Button[Any] | discord.ui.Select[Any]) -> None:
        super().__init__(item)
        match = self.template.fullmatch(self.custom_id)
        assert match is not None  # the base class checks it
        self.state: dict[str, str] = match.groupdict()

    @classmethod
    def button(
        cls,
        custom_id: str,
        label: str,
        style: discord.ButtonStyle = discord.ButtonStyle.secondary,
        disabled: bool = False,
    ) -> Self:
        """A button to show."""
        return cls(discord.ui.Button(custom_id=custom_id, label=label, style=style, disabled=disabled))

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the item from what Discord sends when it is used."""
        assert isinstance(item, discord.ui.Button | discord.ui.Select)
        return cls(item)

    async def callback(self, interaction: Interaction) -> None:
        """Respond to a press or choice; called by discord.py."""
        async with errors_reported(interaction):
            await self.respond(interaction)

    async def respond(self, interaction: Interaction) -> None:
        """Do what the item is for. Errors are told to the member."""
        raise NotImplementedError

    @property
    def chosen(self) -> str:
        """The chosen option of a menu."""
        assert isinstance(self.item, discord.ui.Select)
        return str(self.item.values[0])


def view_of(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """A view that never expires.

    It may hold only persistent items: discord.py forgets those of a mixed view when the view stops.
    """
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view
