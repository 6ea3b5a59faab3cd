"""Removing results everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import NotFound
from storage.history import History
from tests.bot.discord.conftest import ANN, Start, edit_of, edited
from tests.bot.discord.moderators import MEI, MOE, appoint, audits, told
from tests.discord_server import DiscordServer, objects, permissions

HERE = f"https://discord.com/channels/{objects.GUILD}"


def _files(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in (folder / "pictures").rglob("*") if path.is_file()}


async def test_after_a_removal_nothing_is_left(
    server: DiscordServer, start: Start, history: History, tmp_path: Path
) -> None:
    appoint(server, MOE)
    async with start():
        first = await edited(server, ANN, "pink hair")
        second = await server.answer_to(await server.say(ANN, "glasses"))
        edit, kept = await edit_of(history, first), await edit_of(history, second)
        stored = (await history.picture(edit.picture)).data
        assert stored in _files(tmp_path)
        link = f"{HERE}/{first['channel_id']}/{first['id']}"
        assert "Removed: the message" in await told(server, "remove", {"message": link, "reason": "not here"})
        assert first["id"] not in server.messages
        with pytest.raises(NotFound):
            await history.edit(edit.id)
        assert stored not in _files(tmp_path)
        assert stored not in (tmp_path / "history.sqlite").read_bytes()
        assert (
            await history.edit(kept.id)
        ).parent == edit.parent  # edits made from it stay, and undo skips it
        (record,) = await audits(history)
        assert (record.action, record.actor, record.target, record.reason) == (
            "remove",
            MOE["id"],
            ANN["id"],
            "not here",
        )
        assert "removed already" in await told(server, "remove", {"message": link})


async def test_everything_made_from_a_picture_is_removed_with_it(
    server: DiscordServer, start: Start, history: History, tmp_path: Path
) -> None:
    appoint(server, MOE)
    async with start():
        shown = [
            await edited(server, ANN, "pink hair"),
            await server.answer_to(await server.say(ANN, "glasses")),
        ]
        await edit_of(history, shown[1])
        assert "everything made from it" in await told(
            server, "remove", {"message": shown[1]["id"], "everything": True}
        )
        assert not {message["id"] for message in shown} & set(server.messages)
        assert _files(tmp_path) == set()
        assert [one.action for one in await audits(history)] == ["remove-all"]


async def test_the_context_menu_asks_before_removing(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE, granted=permissions.MANAGE_MESSAGES)
    async with start():
        first = await edited(server, ANN, "pink hair")
        await edit_of(history, first)
        question = await server.original_response(await server.message_menu(MOE, "Remove this result", first))
        assert question["flags"] & 64
        assert first["id"] in server.messages
    async with start():  # the buttons work after a restart
        refused = await server.callback_of(await server.press(ANN, question, "Remove this result"))
        assert "“Manage Messages”" in refused["data"]["content"]
        await server.press(MOE, question, "Remove this result")
        await server.gone(first)
        await server.settled(question, lambda m: "Removed" in m["content"] and not m["components"])
        assert [one.action for one in await audits(history)] == ["remove"]


async def test_only_results_of_this_server_are_removed(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE, MEI)
    elsewhere = server.add_guild("elsewhere", {"700000000000000002": "theirs"})
    async with start():
        theirs = await edited(server, ANN, "pink hair", channel="700000000000000002")
        private = await edited(server, ANN, "pink hair", direct=True)
        for message in (theirs, private):
            await edit_of(history, message)
            assert "no result that I made in this server" in await told(
                server, "remove", {"message": message["id"]}
            )
        link = f"https://discord.com/channels/{elsewhere.id}/{theirs['channel_id']}/{theirs['id']}"
        assert "Copy Message Link" in await told(server, "remove", {"message": link})
        assert "复制消息链接" in await told(server, "remove", {"message": "the one with the hat"}, who=MEI)
        asked = await server.say(ANN, "look at me", mention=False)
        refused = await server.original_response(await server.message_menu(MOE, "Remove this result", asked))
        assert "no result" in refused["content"]
        assert {theirs["id"], private["id"], asked["id"]} <= set(server.messages)
        assert await audits(history) == []


async def test_moderators_of_another_server_cannot_use_a_button_of_this_one(
    server: DiscordServer, start: Start, history: History
) -> None:
    """Knowing the id of an edit is not enough."""
    appoint(server, MOE)
    elsewhere = server.add_guild("elsewhere", {"700000000000000002": "theirs"})
    server.join(elsewhere, MOE, (server.add_role(elsewhere, "moderators", permissions.MANAGE_MESSAGES),))
    async with start():
        mine, theirs = (
            await edited(server, ANN, "pink hair"),
            await edited(server, ANN, "pink hair", channel="700000000000000002"),
        )
        own, other = await edit_of(history, mine), await edit_of(history, theirs)
        question = await server.original_response(await server.message_menu(MOE, "Remove this result", mine))
        button = server.messages[question["id"]]["components"][0]["components"][0]
        button["custom_id"] = button["custom_id"].replace(str(own.id), str(other.id))
        (refused,) = await server.followups(await server.press(MOE, question, "Remove this result"))
        assert "no result" in refused["content"]
        assert theirs["id"] in server.messages
