"""The buttons under results: what each does, and who may use it."""

from __future__ import annotations

import pytest

from bot.discord.request import PLATFORM
from storage.errors import NotFound
from storage.history import History
from storage.servers import Servers
from tests.bot.discord.conftest import ANN, BEN, PORTRAIT, Start, edit_of, edited, labels, posted
from tests.discord_server import DiscordServer, objects


async def test_every_result_has_seven_buttons(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await edited(server, ANN, "pink hair")
        assert labels(first) == ["Less", "More", "Undo", "Compare", "Variations", "Type a change…", "Delete"]
        await server.press(ANN, first, "More")
        assert "“pink hair” is at 150 %" in (await server.answer_to(first))["content"]
        await server.press(ANN, first, "Compare")
        assert "Before and after" in (await server.answer_to(first))["content"]
        await server.press(ANN, first, "Variations")
        assert "variations" in (await server.answer_to(first))["content"]


async def test_a_form_continues_from_its_picture(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await edited(server, ANN, "pink hair")
        pressed = await server.press(ANN, first, "Type a change…")
        await server.callback_of(pressed)
    async with start():  # the form was opened before the restart
        await server.submit(ANN, pressed, {"Your change": "glasses"})
        assert "glasses" in (await server.answer_to(first))["content"]


async def test_deletion_is_confirmed_and_complete(
    server: DiscordServer, start: Start, history: History
) -> None:
    async with start():
        first = await edited(server, ANN, "pink hair")
        edit = await edit_of(history, first)
        question = await server.original_response(await server.press(ANN, first, "Delete"))
        assert question["flags"] & 64
        assert first["id"] in server.messages
        await server.press(ANN, question, "Yes, delete it")
        await server.gone(first)
        await server.settled(
            question, lambda m: "Nothing of it is left" in m["content"] and not m["components"]
        )
        with pytest.raises(NotFound):
            await history.edit(edit.id)


async def test_buttons_of_others_are_refused_privately(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await edited(server, ANN, "pink hair")
        for label in labels(first):
            refused = await server.callback_of(await server.press(BEN, first, label))
            assert refused["data"]["flags"] & 64
            assert "belong to the person who sent the picture" in refused["data"]["content"]


async def test_a_server_may_share_all_buttons_except_delete(
    server: DiscordServer, start: Start, history: History
) -> None:
    await Servers(history.database).change(PLATFORM, objects.GUILD, open_buttons=True)
    async with start():
        first = await edited(server, ANN, "pink hair")
        await server.press(BEN, first, "Less")
        assert "60 %" in (await server.answer_to(first))["content"]
        refused = await server.callback_of(await server.press(BEN, first, "Delete"))
        assert refused["data"]["flags"] & 64
        assert (
            "60 %"
            in (await server.answer_to(await server.say(ANN, "show the adjustments")))["embeds"][0][
                "description"
            ]
        )


async def test_buttons_of_deleted_pictures_and_unknown_buttons_explain_themselves(
    server: DiscordServer, start: Start
) -> None:
    async with start() as bot:
        first = await edited(server, ANN, "pink hair")
        old = await edited(server, ANN, "pink hair")
        edit = await edit_of(bot.services.history, first)
        await bot.services.retention.forget_edit(edit.id)
        gone = await server.callback_of(await server.press(ANN, first, "More"))
        assert "deleted" in gone["data"]["content"]
        old["components"][0]["components"][0]["custom_id"] = "paint:1"
        stale = await server.callback_of(await server.press(ANN, old, "Less"))
        assert stale["data"]["flags"] & 64
        assert "too old" in stale["data"]["content"]


async def test_the_context_menu_edits_own_pictures_only(server: DiscordServer, start: Start) -> None:
    async with start():
        sent = await server.say(ANN, "look at me", mention=False, files=PORTRAIT)
        opened = await server.message_menu(ANN, "Edit this picture", sent)
        await server.callback_of(opened)
        made = await posted(server, await server.submit(ANN, opened, {"Your change": "pink hair"}))
        assert "pink hair" in made["attachments"][0]["description"]
        refused = await server.callback_of(await server.message_menu(BEN, "Edit this picture", sent))
        assert "other members" in refused["data"]["content"]
        refused = await server.callback_of(await server.message_menu(BEN, "Edit this picture", made))
        assert "other members" in refused["data"]["content"]
        bare = await server.callback_of(
            await server.message_menu(BEN, "Edit this picture", await server.say(BEN, "hi", mention=False))
        )
        assert "no picture" in bare["data"]["content"]


async def test_anybody_can_see_what_was_done(server: DiscordServer, start: Start) -> None:
    async with start() as bot:
        first = await edited(server, ANN, "pink hair")
        await edit_of(bot.services.history, first)
        told = await server.callback_of(await server.message_menu(BEN, "What was done here?", first))
        assert "pink hair" in told["data"]["embeds"][0]["description"]
        assert told["data"]["flags"] & 64
        told = await server.callback_of(
            await server.message_menu(BEN, "What was done here?", await server.say(BEN, "hi", mention=False))
        )
        assert "didn't make" in told["data"]["content"]


async def test_a_request_is_answered_as_soon_as_its_member_agrees(
    server: DiscordServer, start: Start, history: History
) -> None:
    """Nobody can agree for somebody else; a member without a waiting request is asked to make one."""
    await Servers(history.database).change(PLATFORM, objects.GUILD, require_consent=True)
    async with start():
        sent = await server.say(ANN, "pink hair", files=PORTRAIT)
        question = await server.answer_to(sent)
        assert "agree" in str(labels(question))
        assert not question["attachments"]
        told = await server.callback_of(await server.press(BEN, question, "I agree"))
        assert "Please ask me again" in told["data"]["content"]
        assert len(server.answers_to(sent)) == 1
        await server.press(ANN, question, "I agree")
        assert "pink hair" in (await server.answer_to(sent))["content"]
        await server.press(ANN, question, "I agree")
        assert "glasses" in (await server.answer_to(await server.say(ANN, "glasses")))["content"]
        assert len(server.answers_to(sent)) == 2
