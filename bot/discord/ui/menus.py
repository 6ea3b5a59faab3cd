"""Menus that go to an edit of the history, and change or drop an adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord

from bot.conversation import replies
from bot.discord.services import Interaction, locale_of, services_of
from bot.discord.ui.interactions import PersistentItem, dispatch_edit, edit_for, view_of
from bot.language.actions import Goto, Remove, Set
from bot.locales import Locale
from storage.records import Edit

MAX_OPTIONS, MAX_LABEL, MAX_PLACEHOLDER = 25, 100, 150
STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)


class GoToMenu(PersistentItem, template=r"goto:(?P<edit>[0-9]{1,18})"):
    """Goes to an edit of the picture by its number."""

    async def respond(self, interaction: Interaction) -> None:
        """Show the chosen edit."""
        edit = await edit_for(interaction, self.state["edit"])
        await dispatch_edit(interaction, edit, actions=(Goto(int(self.chosen)),))


class AdjustMenu(PersistentItem, template=r"adjust:(?P<edit>[0-9]{1,18})"):
    """Chooses an adjustment, whose strengths are then offered."""

    async def respond(self, interaction: Interaction) -> None:
        """Offer the strengths of the chosen adjustment."""
        edit = await edit_for(interaction, self.state["edit"])
        items = adjustment_menus(edit, locale_of(interaction), int(self.chosen))
        await interaction.response.edit_message(view=view_of(*items))


class StrengthMenu(PersistentItem, template=r"strength:(?P<edit>[0-9]{1,18}):(?P<index>[0-9]{1,3})"):
    """Chooses the strength of one adjustment, or drops the adjustment."""

    async def respond(self, interaction: Interaction) -> None:
        """Render the picture with the chosen strength; 0 drops the adjustment."""
        edit, strength = await edit_for(interaction, self.state["edit"]), float(self.chosen)
        target = edit.recipes[int(self.state["index"])]["prompt"]
        action = Set(target, strength) if strength else Remove(target)
        await dispatch_edit(interaction, edit, actions=(action,))
        message = interaction.message
        if message is None or not message.flags.ephemeral:
            return
        # a private list shows the new strengths, so that the next change starts from them
        head = await services_of(interaction).history.head(edit.conversation)
        locale = locale_of(interaction)
        embed = message.embeds[0] if message.embeds else discord.Embed()
        embed.description = "\n".join(adjustment_lines(head, locale)) or replies.adjustments(locale, head)
        view = view_of(*adjustment_menus(head, locale))
        await interaction.edit_original_response(embed=embed, view=view)


def bar(fraction: float) -> str:
    """A bar of ten blocks, filled from 0 to 1."""
    filled = max(0, min(10, round(10 * fraction)))
    return f"`{'█' * filled}{'░' * (10 - filled)}`"


def adjustment_lines(edit: Edit, locale: Locale) -> list[str]:
    """The adjustments as lines with a bar, which is half full at strength 1, the strength and the name."""
    return [
        f"{bar(abs(float(recipe['strength'])) / 2)} {locale.percent(recipe['strength'])}  "
        f"{discord.utils.escape_markdown(replies.name_of(locale, recipe))}"
        for recipe in edit.recipes
    ]


def goto_menu(edit: Edit, choices: Sequence[tuple[int, str]], locale: Locale) -> GoToMenu:
    """A menu of edits by number and description; the newest if there are too many."""
    menu = discord.ui.Select[Any](placeholder=locale.say("discord.menu.goto"), custom_id=f"goto:{edit.id}")
    for number, description in choices[-MAX_OPTIONS:]:
        label = locale.say("discord.menu.edit", number=number, description=description)
        menu.add_option(label=label[:MAX_LABEL], value=str(number))
    return GoToMenu(menu)


def adjustment_menus(edit: Edit, locale: Locale, index: int | None = None) -> list[PersistentItem]:
    """The menus of ``/adjust``: which adjustment, and, once it is chosen or the only one, which strength."""
    names = [replies.name_of(locale, recipe) for recipe in edit.recipes][:MAX_OPTIONS]
    strengths = [float(recipe["strength"]) for recipe in edit.recipes]
    index = 0 if len(names) == 1 else index
    items: list[PersistentItem] = []
    if len(names) > 1:
        placeholder = locale.say("discord.menu.adjustment")
        menu = discord.ui.Select[Any](placeholder=placeholder, custom_id=f"adjust:{edit.id}")
        for number, name in enumerate(names):
            percent, chosen = locale.percent(strengths[number]), number == index
            menu.add_option(label=name[:MAX_LABEL], description=percent, value=str(number), default=chosen)
        items.append(AdjustMenu(menu))
    if index is not None and index < len(names):
        menu = _strength_menu(names[index], strengths[index], locale)
        menu.custom_id = f"strength:{edit.id}:{index}"
        items.append(StrengthMenu(menu))
    return items


def _strength_menu(name: str, present: float, locale: Locale) -> discord.ui.Select[Any]:
    placeholder = locale.say("discord.menu.strength", name=name, percent=locale.percent(present))
    menu = discord.ui.Select[Any](placeholder=placeholder[:MAX_PLACEHOLDER])
    for strength in STRENGTHS:
        signed = strength if present >= 0 else -strength
        menu.add_option(label=locale.percent(signed), value=str(signed), default=abs(signed - present) < 0.01)
    menu.add_option(label=locale.say("discord.menu.drop"), value="0")
    return menu
