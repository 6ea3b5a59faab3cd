"""Less, More and Undo under a result. Their state is the edit's number in the custom id, so they outlive restarts."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, Self

import discord

from bot.locales import Locale, locale_of

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)


class StepButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"edit:(?P<step>less|more|undo):(?P<edit>[0-9]{1,18})"):
    """One of the three buttons under the picture of one edit."""

    def __init__(self, step: str, edit: int, locale: Locale) -> None:
        label, custom_id = locale.say(f"discord.{step}"), f"edit:{step}:{edit}"
        super().__init__(discord.ui.Button(label=label, style=discord.ButtonStyle.secondary, custom_id=custom_id))
        self.step, self.edit = step, edit

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /) -> Self:
        """Rebuilt from what Discord sends back."""
        return cls(match["step"], int(match["edit"]), locale_of(preferred=interaction.locale.value))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Do what the button says; errors of dynamic items are only logged by the library, so they are met here."""
        bot: Bot = interaction.client  # type: ignore[assignment]
        try:
            await bot.press(interaction, self.step, self.edit)
        except discord.HTTPException as error:
            logger.warning("an answer to a button could not be sent: HTTP %d, code %d", error.status, error.code)


def under(edit: int, adjusted: bool, locale: Locale) -> discord.ui.View:
    """The buttons of one edit; without adjustments there is nothing to make less or more of."""
    view = discord.ui.View(timeout=None)
    for step in ("less", "more", "undo") if adjusted else ("undo",):
        view.add_item(StepButton(step, edit, locale))
    return view
