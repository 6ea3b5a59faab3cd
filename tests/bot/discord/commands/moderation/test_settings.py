"""Settings of a server are stored, shown and applied."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from bot.app.supervisor import own_editor
from bot.conversation.service import Conversations
from editor.api.client import EditorClient
from storage.history import History
from storage.servers import Servers, ServerSettings
from tests.bot.discord.conftest import ANN, BEN, Start, edit_of, edited, words
from tests.bot.discord.moderators import MEI, MOE, appoint, asks, audits, eventually, mod, told
from tests.discord_server import DiscordServer, objects
from tests.tiny import write_bundle


async def _settings(history: History) -> ServerSettings:
    return await Servers(history.database).settings("discord", objects.GUILD)


async def test_all_settings_are_listed(server: DiscordServer, start: Start, history: History) -> None:
    appoint(server, MOE, MEI)
    async with start():
        fresh = await told(server, "settings show")
        assert "unlimited" in fresh
        assert "I'm taking requests" in fresh
        await mod(server, "settings retention", {"days": 1})
        await mod(server, "settings open-buttons", {"on": True})
        await mod(server, "settings language", {"language": "zh-CN"})
        await mod(server, "channel deny", {"channel": server.home.channels["700000000000000001"]})
        shown = await told(server, "settings show")
        for line in (
            "**Pictures are kept**: one day after",
            "**Anybody may press the buttons**: on",
            "**Language**: 简体中文",
            "**Channels I don't work in**: <#700000000000000001>",
        ):
            assert line in shown
        assert "**图片保存多久**：最后一次使用后 1 天" in await told(server, "settings show", who=MEI)
        await mod(server, "settings retention")
        await mod(server, "settings language", {"language": "-"})
        kept = await _settings(history)
        assert (kept.retention_days, kept.language, kept.open_buttons) == (None, None, True)


async def test_members_of_unknown_language_get_that_of_the_server(
    server: DiscordServer, start: Start
) -> None:
    appoint(server, MOE)
    async with start():
        await mod(server, "settings language", {"language": "zh-CN"})
        await mod(server, "queue pause")
        assert "暂停服务" in (await server.answer_to(await server.say(BEN, "?")))["content"]


async def test_visible_mark_and_shared_buttons(server: DiscordServer, start: Start) -> None:
    appoint(server, MOE)
    async with start():
        plain = await edited(server, ANN, "pink hair")
        await mod(server, "settings visible-mark", {"on": True})
        marked = await edited(server, ANN, "pink hair")
        with (
            Image.open(io.BytesIO(server.files_of(plain)[0])) as one,
            Image.open(io.BytesIO(server.files_of(marked)[0])) as two,
        ):
            assert one.size == two.size
            assert one.tobytes() != two.tobytes()
        await mod(server, "settings open-buttons", {"on": True})
        await server.press(BEN, plain, "Less")
        assert "60 %" in (await server.answer_to(plain))["content"]


async def test_new_pictures_are_edited_with_the_bundle_of_the_server(
    server: DiscordServer, start: Start, history: History, tmp_path: Path
) -> None:
    appoint(server, MOE)
    for name, seed in (("first", 0), ("second", 1)):
        write_bundle(tmp_path / "both" / name, seed=seed)
    async with (
        own_editor(["--bundles", str(tmp_path / "both")]) as running,
        EditorClient(running.url) as editor,
        start(conversations=Conversations(history, editor, "first")),
    ):
        await eventually(editor.ready, 60)
        offered = [
            choice["value"] for choice in await server.autocomplete(MOE, "mod settings model", "model", "")
        ]
        assert {"first", "second"} <= set(offered)
        assert "no model named “third”" in await told(server, "settings model", {"model": "third"})
        before = await edit_of(history, await edited(server, ANN, "pink hair"))
        await mod(server, "settings model", {"model": "second"})
        after = await edit_of(history, await edited(server, ANN, "pink hair"))
        assert [(await history.source(edit.source)).bundle for edit in (before, after)] == ["first", "second"]


async def test_a_bot_that_cannot_notice_leaving_members_says_so(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE)
    async with start():
        asked = await server.slash(MOE, "mod settings forget-leavers", {"on": True})
        (note,) = await server.followups(asked)
        assert note["flags"] & 64
        assert "when members leave" in note["content"]
        assert (await _settings(history)).forget_leavers


async def test_data_of_leaving_members_is_deleted_if_set(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE)
    async with start(notice_leavers=True):
        asked = await server.slash(MOE, "mod settings forget-leavers", {"on": True})
        assert "on" in words(await server.original_response(asked))
        first = await edited(server, ANN, "pink hair")
        await edit_of(history, first)
        server.leave(server.home, ANN)

        async def forgotten() -> bool:
            return await history.edit_of_message("discord", first["id"]) is None

        await eventually(forgotten)
        assert server.interactions[asked].followups == []


async def test_nothing_is_lost_when_the_log_channel_is_closed_or_deleted(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE)
    log = server.add_channel(server.home, "log")
    async with start():
        assert "can't write" not in await told(server, "settings log", {"channel": log})
        server.overwrite(log, objects.GUILD, deny=1 << 11)
        said = await told(server, "block", {"member": ANN})
        assert "can't use me" in said
        assert f"can't write in the log channel <#{log['id']}>" in said
        server.delete_channel(log)
        assert "can't write in the log channel" in await told(server, "unblock", {"member": ANN})
        assert [one.action for one in await audits(history)] == ["unblock", "block", "setting"]
        assert (await asks(server, ANN))["attachments"]
        assert "can't write" not in await told(server, "settings log")
        assert words(await mod(server, "settings show"))
