"""Select menus: go to an edit of the history, and change or drop an adjustment. They outlive restarts as buttons do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self

import discord

from bot.conversation import replies
from bot.discord.requests.request import one
from bot.discord.ui import interactions
from bot.locales import Locale
from storage.history import Edit

MOST_OPTIONS, MOST_LABEL = 25, 100
STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
Menu = discord.ui.Select[Any]


class GoToMenu(discord.ui.DynamicItem[Menu], template=r"goto:(?P<edit>[0-9]{1,18})"):
    """Choose an edit of the picture by its number; the options are in the message."""

    def __init__(self, edit: int, menu: Menu) -> None:
        menu.custom_id = f"goto:{edit}"
        super().__init__(menu)
        self.edit = edit

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuilt from what Discord sends back."""
        assert isinstance(item, discord.ui.Select)
        return cls(int(match["edit"]), item)

    async def callback(self, interaction: discord.Interaction) -> None:
        """Go there, and show it."""
        async with interactions.answered(interaction):
            edit, number = await interactions.edit_of(interaction, self.edit), int(self.item.values[0])
            await interactions.take(interaction, edit, actions=one("goto", edit=number))


class AdjustMenu(discord.ui.DynamicItem[Menu], template=r"adjust:(?P<edit>[0-9]{1,18})"):
    """Choose an adjustment; its strengths are offered in place of this list."""

    def __init__(self, edit: int, menu: Menu) -> None:
        menu.custom_id = f"adjust:{edit}"
        super().__init__(menu)
        self.edit = edit

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuilt from what Discord sends back."""
        assert isinstance(item, discord.ui.Select)
        return cls(int(match["edit"]), item)

    async def callback(self, interaction: discord.Interaction) -> None:
        """Offer the strengths."""
        async with interactions.answered(interaction):
            edit = await interactions.edit_of(interaction, self.edit)
            view = discord.ui.View(timeout=None)
            for item in to_adjust(edit, interactions.locale_of(interaction), int(self.item.values[0])):
                view.add_item(item)
            await interaction.response.edit_message(view=view)


class StrengthMenu(
    discord.ui.DynamicItem[Menu], template=r"strength:(?P<edit>[0-9]{1,18}):(?P<index>[0-9]{1,3})"
):
    """Choose the strength of one adjustment, or drop it."""

    def __init__(self, edit: int, index: int, menu: Menu) -> None:
        menu.custom_id = f"strength:{edit}:{index}"
        super().__init__(menu)
        self.edit, self.index = edit, index

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuilt from what Discord sends back."""
        assert isinstance(item, discord.ui.Select)
        return cls(int(match["edit"]), int(match["index"]), item)

    async def callback(self, interaction: discord.Interaction) -> None:
        """Render the picture with that strength."""
        async with interactions.answered(interaction):
            edit, strength = await interactions.edit_of(interaction, self.edit), float(self.item.values[0])
            target = edit.recipes[self.index]["prompt"]
            actions = (
                one("set", target=target, strength=strength) if strength else one("remove", target=target)
            )
            await interactions.take(interaction, edit, actions=actions)
            await _refreshed(interaction, edit)


async def _refreshed(interaction: discord.Interaction, edit: Edit) -> None:
    """The list that only its reader sees shows the new strengths, so that the next change begins there."""
    if interaction.message is None or not interaction.message.flags.ephemeral:
        return
    head, locale = (
        await interactions.bot_of(interaction).history.head(edit.conversation),
        interactions.locale_of(interaction),
    )
    view = discord.ui.View(timeout=None)
    for item in to_adjust(head, locale):
        view.add_item(item)
    embed = interaction.message.embeds[0] if interaction.message.embeds else discord.Embed()
    embed.description = "\n".join(in_force(head, locale)) or replies.adjustments(locale, head)
    await interaction.edit_original_response(embed=embed, view=view)


def in_force(edit: Edit, locale: Locale) -> list[str]:
    """The adjustments as lines: a bar that is half full at the usual strength, the strength, and the name."""
    lines = []
    for recipe in edit.recipes:
        filled = max(0, min(10, round(abs(float(recipe["strength"])) / 0.2)))
        name = discord.utils.escape_markdown(replies.name_of(locale, recipe))
        lines.append(f"`{'█' * filled}{'░' * (10 - filled)}` {locale.percent(recipe['strength'])}  {name}")
    return lines


def to_go_to(edit: Edit, places: Sequence[tuple[int, str]], locale: Locale) -> GoToMenu:
    """A menu of edits: their numbers, and what they are; the newest where there are too many."""
    menu: Menu = discord.ui.Select(placeholder=locale.say("discord.menu.goto"))
    for number, words in places[-MOST_OPTIONS:]:
        label = locale.say("discord.menu.edit", number=number, description=words)
        menu.add_option(label=label[:MOST_LABEL], value=str(number), default=False)
    return GoToMenu(edit.id, menu)


def to_adjust(edit: Edit, locale: Locale, index: int | None = None) -> tuple[discord.ui.Item[Any], ...]:
    """The menus of ``/adjust``: which adjustment, and, once it is chosen or the only one, how strong."""
    names = [replies.name_of(locale, recipe) for recipe in edit.recipes][:MOST_OPTIONS]
    index = 0 if len(names) == 1 else index
    items: list[discord.ui.Item[Any]] = []
    if len(names) > 1:
        which: Menu = discord.ui.Select(placeholder=locale.say("discord.menu.adjustment"))
        for place, name in enumerate(names):
            strength = locale.percent(edit.recipes[place]["strength"])
            which.add_option(
                label=name[:MOST_LABEL], description=strength, value=str(place), default=place == index
            )
        items.append(AdjustMenu(edit.id, which))
    if index is not None and index < len(names):
        items.append(
            StrengthMenu(
                edit.id, index, _strengths(names[index], float(edit.recipes[index]["strength"]), locale)
            )
        )
    return tuple(items)


def _strengths(name: str, present: float, locale: Locale) -> Menu:
    placeholder = locale.say("discord.menu.strength", name=name, percent=locale.percent(present))
    menu: Menu = discord.ui.Select(placeholder=placeholder[:150])
    for strength in STRENGTHS:
        signed = strength if present >= 0 else -strength
        menu.add_option(label=locale.percent(signed), value=str(signed), default=abs(signed - present) < 0.01)
    menu.add_option(label=locale.say("discord.menu.drop"), value="0")
    return menu
