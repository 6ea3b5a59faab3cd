"""Slash commands, from the member's side."""

from __future__ import annotations

import asyncio
import copy
import io
from typing import Any

import pytest
from PIL import Image

from bot.conversation.jobs import Options
from bot.discord.dispatch import progress
from storage.history import History
from tests.bot.discord.conftest import ANN, BEN, PORTRAIT, Start, edit_of, edited, labels, posted, words
from tests.conftest import make_png
from tests.discord_server import DiscordServer

OTHER = ("other.png", make_png(seed=3), "image/png")
OWN = ("me.png", PORTRAIT["me.png"][0], "image/png")


async def test_the_result_of_edit_is_an_ordinary_message_that_repeats_the_request(
    server: DiscordServer, start: Start
) -> None:
    async with start():
        message = await posted(server, await server.slash(ANN, "edit", {"wish": "pink hair", "picture": OWN}))
        assert "/edit pink hair" in message["content"]
        assert message["attachments"][0]["description"]
        assert message["mentions"] == []
        again = await server.answer_to(await server.say(ANN, "now less", mention=False, reply_to=message))
        assert "60 %" in again["content"]


async def test_undo_redo_and_reset(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await edited(server, ANN, "pink hair")
        second = await server.answer_to(await server.say(ANN, "glasses"))
        assert server.files_of(await posted(server, await server.slash(ANN, "undo"))) == server.files_of(
            first
        )
        assert server.files_of(await posted(server, await server.slash(ANN, "redo"))) == server.files_of(
            second
        )
        assert "original" in (await posted(server, await server.slash(ANN, "reset")))["content"]
        refused = await server.original_response(await server.slash(ANN, "undo"))
        assert refused["flags"] & 64
        assert "nothing to undo" in refused["content"]


async def test_again_applies_the_adjustments_to_another_picture(server: DiscordServer, start: Start) -> None:
    async with start():
        await edited(server, ANN, "pink hair")
        assert (
            "pink hair"
            in (await posted(server, await server.slash(ANN, "again", {"picture": OTHER})))["content"]
        )


async def test_history_is_a_numbered_sheet_with_a_menu(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await edited(server, ANN, "pink hair")
        await server.answer_to(await server.say(ANN, "glasses"))
        sheet = await posted(server, await server.slash(ANN, "history"))
        assert "you are here" in sheet["attachments"][0]["description"]
        with Image.open(io.BytesIO(server.files_of(sheet)[0])) as image:
            assert image.width > 160
        await server.choose(ANN, sheet, "1: pink hair")
        there = await server.answer_to(sheet)
        assert server.files_of(there) == server.files_of(first)
        refused = await server.callback_of(await server.choose(BEN, sheet, "1: pink hair"))
        assert refused["data"]["flags"] & 64


async def test_compare_shows_before_and_after_as_one_picture(server: DiscordServer, start: Start) -> None:
    async with start():
        await edited(server, ANN, "pink hair")
        both = await posted(server, await server.slash(ANN, "compare"))
        assert "pink hair" in both["attachments"][0]["description"]
        with Image.open(io.BytesIO(server.files_of(both)[0])) as image:
            assert image.width > 1.5 * image.height


async def test_compare_with_text_shows_every_method_to_choose_from(
    server: DiscordServer, start: Start
) -> None:
    async with start():
        await edited(server, ANN, "pink hair")
        sheet = await posted(server, await server.slash(ANN, "compare", {"wish": "glasses"}))
        assert len(sheet["attachments"]) == 1
        assert "global direction" in sheet["attachments"][0]["description"]
        assert "“glasses” by each method" in sheet["content"]
        await server.choose(ANN, sheet, "3")
        assert "edit 3" in (await server.answer_to(sheet))["content"]


async def test_one_of_the_numbered_variations_is_chosen(server: DiscordServer, start: Start) -> None:
    async with start():
        await edited(server, ANN, "pink hair")
        several = await posted(server, await server.slash(ANN, "variations", {"count": 2}))
        assert len(several["attachments"]) == 1
        await server.choose(ANN, several, "3")
        assert "edit 3" in (await server.answer_to(several))["content"]


async def test_adjust_changes_strengths_one_after_the_other(server: DiscordServer, start: Start) -> None:
    async with start():
        await edited(server, ANN, "pink hair")
        await server.answer_to(await server.say(ANN, "glasses"))
        shown = await server.original_response(await server.slash(ANN, "adjust"))
        assert shown["flags"] & 64
        assert "pink hair" in words(shown)
        await server.choose(ANN, shown, "pink hair")
        shown = await server.settled(shown, lambda m: len(m["components"]) == 2)
        await server.choose(ANN, shown, "50 %", menu="“pink hair” is at 100 %. Change it to…")
        shown = await server.settled(shown, lambda m: "50 %" in words(m))
        await server.choose(ANN, shown, "glasses")
        shown = await server.settled(shown, lambda m: len(m["components"]) == 2)
        await server.choose(ANN, shown, "Remove it", menu="“glasses” is at 100 %. Change it to…")
        shown = await server.settled(shown, lambda m: "glasses" not in words(m))
        assert "50 %" in words(shown)


async def test_animate_sends_a_moving_picture(server: DiscordServer, start: Start) -> None:
    async with start():
        nothing = await server.original_response(await server.slash(ANN, "animate"))
        assert "no picture" in nothing["content"]
        await edited(server, ANN, "pink hair")
        moving = await posted(server, await server.slash(ANN, "animate"))
        with Image.open(io.BytesIO(server.files_of(moving)[0])) as image:
            assert image.n_frames > 4
        assert "pink hair" in moving["attachments"][0]["description"]


async def test_only_the_asker_sees_help_and_bundles(server: DiscordServer, start: Start) -> None:
    async with start() as bot:
        while not await bot.services.conversations.editor.ready():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for command, word in (("help", "mention"), ("bundles", "128 pixels")):
            shown = await server.original_response(await server.slash(ANN, command))
            assert shown["flags"] & 64
            assert word in words(shown)


async def test_own_requests_and_examples_of_the_bundle_are_suggested(
    server: DiscordServer, start: Start
) -> None:
    async with start():
        await edited(server, ANN, "very pink hair")
        names = [c["name"] for c in await server.autocomplete(ANN, "edit", "wish", "")]
        assert names[0] == "very pink hair"
        assert len(names) > 1
        assert all("pink" in c["name"] for c in await server.autocomplete(ANN, "edit", "wish", "PINK"))
        assert "very pink hair" not in [c["name"] for c in await server.autocomplete(BEN, "edit", "wish", "")]


@pytest.mark.parametrize("wish", ["now less", "undo", "show the history"])
async def test_requests_without_a_picture_are_refused_privately(
    server: DiscordServer, start: Start, wish: str
) -> None:
    async with start():
        answer = await server.original_response(await server.slash(BEN, "edit", {"wish": wish}))
        assert answer["flags"] & 64
        assert answer["content"]
        assert labels(answer) == []


async def test_the_quality_can_be_chosen(
    server: DiscordServer, start: Start, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start() as bot:
        command = next(c for c in server.world.commands[None] if c["name"] == "edit")
        option = next(o for o in command["options"] if o["name"] == "quality")
        assert [choice["value"] for choice in option["choices"]] == ["draft", "standard", "best"]
        assert option["name_localizations"]["zh-CN"] == "精细"
        assert option["choices"][2]["name_localizations"]["zh-CN"] == "最精细"
        message = await posted(
            server, await server.slash(ANN, "edit", {"wish": "pink hair", "picture": OWN, "quality": "draft"})
        )
        source = await history.source((await edit_of(history, message)).source)
        assert (source.details["quality"], source.details["fidelity"]["quality"]) == ("draft", "draft")
        monkeypatch.setattr(bot.services.conversations.jobs, "options", Options("draft"))
        message = await posted(
            server, await server.slash(BEN, "edit", {"wish": "pink hair", "picture": OWN, "quality": "best"})
        )
        source = await history.source((await edit_of(history, message)).source)
        assert (source.details["quality"], source.details["fidelity"]["quality"]) == ("best", "best")
        assert source.tuning is not None


async def test_slow_inversion_shows_previews(
    server: DiscordServer, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every message has a preview once there is one, as a spoiler like the picture."""
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(progress, "PACE_SECONDS", 0.02)
    seen: list[dict[str, Any]] = []
    announce = server.world.announce

    def heard(event: str, message: dict[str, Any]) -> None:
        seen.append(copy.deepcopy(message))
        announce(event, message)

    monkeypatch.setattr(server.world, "announce", heard)
    async with start():
        picture = ("SPOILER_me.png", *OWN[1:])
        await server.slash(ANN, "edit", {"wish": "pink hair", "picture": picture, "quality": "best"})
        async with asyncio.timeout(240):
            while not (seen and "Done" in seen[-1]["content"]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    first = next(place for place, message in enumerate(seen) if message["attachments"])
    assert all("preview" in message["attachments"][0]["filename"] for message in seen[first:-1])
    assert all(one["filename"].startswith("SPOILER_") for message in seen for one in message["attachments"])
    for stage in ("Looking closely", "Learning the details"):
        assert any(stage in message["content"] for message in seen[first:])
