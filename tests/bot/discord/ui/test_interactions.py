"""Buttons and menus in messages of earlier versions still work: their custom ids never change."""

from __future__ import annotations

import discord
import pytest

from bot.discord.client import ITEMS
from bot.discord.commands.moderation.audit import PageButton
from bot.discord.commands.moderation.removal import RemoveButton
from bot.discord.ui.buttons import ConsentButton, EditButton, EraseButton
from bot.discord.ui.interactions import PersistentItem
from bot.discord.ui.menus import AdjustMenu, GoToMenu, StrengthMenu

EDIT_STEPS = ("less", "more", "undo", "compare", "variations", "delete", "words")


@pytest.mark.parametrize(
    ("custom_id", "kind", "state"),
    [
        *((f"edit:{step}:12", EditButton, {"step": step, "edit": "12"}) for step in EDIT_STEPS),
        ("forget:edit:12", EraseButton, {"what": "edit", "edit": "12"}),
        ("forget:all:0", EraseButton, {"what": "all", "edit": "0"}),
        ("consent", ConsentButton, {"message": None}),
        ("consent:900000000000000001", ConsentButton, {"message": "900000000000000001"}),
        ("audit:newer:7", PageButton, {"way": "newer", "record": "7"}),
        ("audit:older:7", PageButton, {"way": "older", "record": "7"}),
        ("remove:one:12", RemoveButton, {"what": "one", "edit": "12"}),
        ("remove:all:12", RemoveButton, {"what": "all", "edit": "12"}),
        ("goto:12", GoToMenu, {"edit": "12"}),
        ("adjust:12", AdjustMenu, {"edit": "12"}),
        ("strength:12:3", StrengthMenu, {"edit": "12", "index": "3"}),
    ],
)
def test_every_custom_id_has_its_item(
    custom_id: str, kind: type[PersistentItem], state: dict[str, str | None]
) -> None:
    known = [item for item in ITEMS if item.__discord_ui_compiled_template__.fullmatch(custom_id)]
    assert known == [kind]
    component = (
        discord.ui.Select if custom_id.split(":")[0] in ("goto", "adjust", "strength") else discord.ui.Button
    )
    assert kind(component(custom_id=custom_id)).state == state
