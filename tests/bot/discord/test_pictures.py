"""Several pictures at once, avatars, spoilers, size limits and marks; and user installs."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from bot.discord.request import PLATFORM
from bot.pictures.mark import is_marked
from storage import export as user_data
from storage.history import History
from storage.servers import Servers
from tests.bot.discord.conftest import ANN, BEN, LI, PORTRAIT, Start, edited, labels, posted, words
from tests.conftest import make_png
from tests.discord_server import DiscordServer, objects


async def test_each_of_several_pictures_is_answered(server: DiscordServer, start: Start) -> None:
    files = {f"{number}.png": (make_png(seed=number), "image/png") for number in (3, 4)}
    async with start():
        sent = await server.say(ANN, "glasses", files=files)
        first, second = await server.answer_to(sent), await server.answer_to(sent)
        assert "glasses" in first["content"]
        assert "glasses" in second["content"]
        assert server.files_of(first) != server.files_of(second)


async def test_avatars_of_others_are_edited_only_if_the_server_allows_it(
    server: DiscordServer, start: Start, history: History
) -> None:
    ann, ben = dict(ANN), dict(BEN)
    server.add_avatar(ann, make_png(seed=3))
    server.add_avatar(ben, make_png(seed=4))
    async with start():
        own = await server.answer_to(await server.say(ann, "give my avatar glasses"))
        assert "glasses" in own["attachments"][0]["description"]
        wish = f"give <@{ben['id']}>'s avatar glasses"
        assert "other members" in (await server.answer_to(await server.say(ann, wish)))["content"]
        refused = await server.original_response(
            await server.slash(ann, "edit", {"wish": "glasses", "avatar": ben})
        )
        assert refused["flags"] & 64
        assert "other members" in refused["content"]
        await Servers(history.database).change(PLATFORM, objects.GUILD, others_avatars=True)
        allowed = await server.answer_to(await server.say(ann, wish))
        assert "glasses" in allowed["attachments"][0]["description"]
        assert server.files_of(allowed) != server.files_of(own)


async def test_spoilers_stay_spoilers(server: DiscordServer, start: Start) -> None:
    async with start():
        sent = await server.say(ANN, "pink hair", files={"SPOILER_me.png": PORTRAIT["me.png"]})
        first = await server.answer_to(sent)
        await server.press(ANN, first, "Less")
        less = await server.answer_to(first)
        sheet = await posted(server, await server.slash(ANN, "history"))
        moving = await posted(server, await server.slash(ANN, "animate"))
        for message in (first, less, sheet, moving):
            assert all(one["filename"].startswith("SPOILER_") for one in message["attachments"]), message[
                "content"
            ]
            assert message["attachments"]


async def test_results_fit_the_upload_limit(server: DiscordServer, start: Start) -> None:
    """A picture of noise is large, and this Discord accepts less than it announces."""
    server.home.upload_limit = 300_000
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (700, 700, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    async with start(max_upload=25 * 1024 * 1024):
        sent = await server.say(ANN, "pink hair", files={"noise.png": (buffer.getvalue(), "image/png")})
        answer = await server.answer_to(sent)
        assert 0 < answer["attachments"][0]["size"] <= 300_000


async def test_results_are_marked_and_visibly_if_the_server_wants_it(
    server: DiscordServer, start: Start, history: History
) -> None:
    async with start():
        plain = server.files_of(await edited(server, ANN, "pink hair"))[0]
        await Servers(history.database).change(PLATFORM, objects.GUILD, visible_mark=True)
        seen = server.files_of(await edited(server, ANN, "pink hair"))[0]
        assert is_marked(plain)
        assert is_marked(seen)
        with Image.open(io.BytesIO(plain)) as one, Image.open(io.BytesIO(seen)) as other:
            assert one.size == other.size
            assert one.convert("RGB").tobytes() != other.convert("RGB").tobytes()


async def test_threads_have_their_own_conversation(server: DiscordServer, start: Start) -> None:
    async with start():
        thread = server.add_thread(next(iter(server.channels.values())), "cute things")
        await edited(server, ANN, "pink hair")
        told = await server.answer_to(await server.say(ANN, "more", channel=thread["id"]))
        assert "nothing to make weaker" in told["content"]
        within = await edited(server, ANN, "pink hair", channel=thread["id"])
        assert (
            "150 %"
            in (await server.answer_to(await server.say(ANN, "more", mention=False, reply_to=within)))[
                "content"
            ]
        )


async def test_a_chinese_member_sees_only_chinese(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await edited(server, LI, "粉色头发")
        assert "改好了" in first["content"]
        assert labels(first) == ["弱一点", "强一点", "撤销", "对比", "换几种样子", "说说想怎么改…", "删除"]
        await server.press(LI, first, "弱一点")
        assert "80%" in (await server.answer_to(first))["content"]
        assert "说句话就能修图" in words(await server.original_response(await server.slash(LI, "help")))
        command = next(one for one in server.world.commands[None] if one["name"] == "edit")
        assert command["name_localizations"]["zh-CN"] == "修图"


async def test_a_user_install_works_where_the_bot_is_not_a_member(
    server: DiscordServer, start: Start
) -> None:
    """Only the interaction can answer there, at most five times; buttons under the answer work the same
    way."""
    place = server.private_channel(ANN, BEN)["id"]
    async with start():
        options = {"wish": "pink hair", "picture": ("me.png", PORTRAIT["me.png"][0], "image/png")}
        answer = await server.original_response(await server.slash(ANN, "edit", options, channel=place))
        assert "pink hair" in answer["content"]
        assert not answer["flags"] & 64
        for step in ("Less", "More", "Undo"):
            (after,) = await server.followups(await server.press(ANN, answer, step))
            assert after["attachments"]
        refused = await server.callback_of(await server.press(BEN, answer, "Less"))
        assert refused["data"]["flags"] & 64
        redone = await server.original_response(await server.slash(ANN, "redo", channel=place))
        assert redone["attachments"]
        await server.original_response(await server.slash(ANN, "undo", channel=place))
        (told,) = await server.followups(await server.slash(ANN, "undo", channel=place))
        assert told["flags"] & 64
        assert "nothing to undo" in told["content"]


async def test_privacy_shows_exports_and_deletes_all(
    server: DiscordServer, start: Start, history: History
) -> None:
    async with start():
        first = await edited(server, ANN, "pink hair")
        others = await edited(server, BEN, "glasses")
        seen = words(await server.original_response(await server.slash(ANN, "privacy see")))
        assert "Your pictures here: 2" in seen
        exported = await server.original_response(await server.slash(ANN, "privacy export"))
        with zipfile.ZipFile(io.BytesIO(server.files_of(exported)[0])) as archive:
            names = archive.namelist()
            assert "history.json" in names
            assert len(names) == 3
        question = await server.original_response(await server.slash(ANN, "privacy delete"))
        await server.press(ANN, question, "Yes, delete everything")
        await server.gone(first)
        await server.settled(question, lambda message: "is deleted" in message["content"])
        assert "keep no picture" in words(
            await server.original_response(await server.slash(ANN, "privacy see"))
        )
        assert others["id"] in server.messages
        assert ANN["id"].encode() not in b"".join(
            one.read_bytes() for one in history.blobs.root.parent.rglob("*") if one.is_file()
        )


@pytest.mark.parametrize("wanted", [True, False])
async def test_data_of_members_who_leave_is_deleted_if_the_server_wants_it(
    server: DiscordServer, start: Start, history: History, wanted: bool
) -> None:
    await Servers(history.database).change(PLATFORM, objects.GUILD, forget_leavers=wanted)
    async with start(notice_leavers=True):
        await edited(server, ANN, "pink hair")
        await edited(server, BEN, "pink hair")
        server.leave(server.home, ANN)
        await server.answer_to(await server.say(BEN, "help"))
        overview = await user_data.overview(history, PLATFORM, ANN["id"])
        assert (overview.edits == 0) is wanted
        assert (await user_data.overview(history, PLATFORM, BEN["id"])).edits
