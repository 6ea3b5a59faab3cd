"""The web chat's server: access, answers, and what it never shows to others."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp.test_utils import TestClient
from PIL import Image

from bot import samples
from bot.conversation.jobs import Options
from bot.conversation.service import Conversations
from bot.web.server import create_app
from tests.conftest import make_png

MAX_UPLOAD = 1024 * 1024


@pytest.fixture
async def client(conversations: Conversations, aiohttp_client: Callable[..., Any]) -> TestClient[Any, Any]:
    return await aiohttp_client(create_app(conversations, samples.FOLDER, MAX_UPLOAD))


async def talk(
    client: TestClient[Any, Any],
    text: str,
    picture: bytes | None = None,
    mask: bytes | None = None,
    quality: str = "",
    **headers: str,
) -> list[dict[str, Any]]:
    form = aiohttp.FormData({"text": text, "quality": quality})
    if picture is not None:
        form.add_field("picture", picture, filename="me.png", content_type="image/png")
    if mask is not None:
        form.add_field("mask", mask, filename="mask.png", content_type="image/png")
    answer = await client.post("/api/talk", data=form, headers=headers)
    assert answer.status == 200, await answer.text()
    return [json.loads(line) for line in (await answer.read()).splitlines()]


def in_force(turn: dict[str, Any]) -> list[tuple[str, float]]:
    return [(adjustment["prompt"], adjustment["strength"]) for adjustment in turn["adjustments"]]


async def pixels(client: TestClient[Any, Any], url: str) -> np.ndarray:
    with Image.open(io.BytesIO(await (await client.get(url)).read())) as picture:
        return np.asarray(picture.convert("RGB"))


async def test_a_conversation_with_progress_and_history(client: TestClient[Any, Any]) -> None:
    events = await talk(client, "pink hair", make_png())
    assert {"queued", "started", "progress", "turn"} == {event["event"] for event in events}
    turn = events[-1]
    assert [row["number"] for row in turn["history"]] == [0, 1]
    assert in_force(turn) == [("pink hair", 1.0)]
    undone = (await talk(client, "undo"))[-1]
    assert undone["edit"] == turn["history"][0]["edit"]
    state = await (await client.get("/api/state")).json()
    assert (state["edit"], state["ready"]) == (undone["edit"], True)
    assert state["examples"] == ["pink hair", "glasses"]


async def test_the_quality_of_a_new_picture_is_chosen_and_stored(
    client: TestClient[Any, Any], conversations: Conversations
) -> None:
    assert (await (await client.get("/api/state")).json())["quality"] == "standard"
    seen: dict[str, list[dict[str, Any]]] = {}
    for number, (quality, kept) in enumerate(
        {"draft": "draft", "best": "best", "perfect": "standard"}.items(), start=1
    ):
        seen[quality] = await talk(client, "", make_png(), quality=quality)
        source = await conversations.history.source(number)
        assert (source.details["quality"], source.details["fidelity"]["quality"]) == (kept, kept)
    stages = [event["stage"] for event in seen["best"] if event["event"] == "progress"]
    assert {"refine", "tune"} <= set(stages)
    assert any(event.get("preview") for event in seen["best"] if event.get("stage") == "tune")
    assert not {"refine", "tune"} & {event.get("stage") for event in seen["draft"]}


async def test_a_quality_that_takes_too_long_is_explained(
    client: TestClient[Any, Any], conversations: Conversations
) -> None:
    conversations.jobs.options = Options(inversion_seconds=0.01)
    turn = (await talk(client, "", make_png(), quality="best"))[-1]
    assert "enough time" in turn["reply"]
    assert "enough time" not in (await talk(client, "", make_png(), quality="draft"))[-1]["reply"]


def mask_of(box: tuple[int, int, int, int], size: tuple[int, int]) -> bytes:
    """Return a mask that is white in a box and black elsewhere."""
    mask = Image.new("L", size)
    mask.paste(255, box)
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return buffer.getvalue()


async def test_nothing_changes_outside_the_painted_area(client: TestClient[Any, Any]) -> None:
    first = (await talk(client, "", make_png()))[-1]
    before = await pixels(client, first["pictures"][0]["url"])
    size = before.shape[1::-1]
    half = mask_of((0, 0, size[0] // 2, size[1]), size)
    turn = (await talk(client, "pink hair", mask=half))[-1]
    after = await pixels(client, turn["pictures"][0]["url"])
    changed = (before != after).any(-1)
    assert changed[:, : size[0] // 2].any()
    assert not changed[:, size[0] // 2 + size[0] // 16 :].any()
    less = await pixels(client, (await talk(client, "less"))[-1]["pictures"][0]["url"])  # the area is kept
    assert not (before != less)[:, size[0] // 2 + size[0] // 16 :].any()


@pytest.mark.parametrize("mask", [b"no picture", mask_of((0, 0, 0, 0), (16, 16))])
async def test_an_unusable_mask_is_explained_and_changes_nothing(
    client: TestClient[Any, Any], mask: bytes
) -> None:
    first = (await talk(client, "", make_png()))[-1]
    turn = (await talk(client, "pink hair", mask=mask))[-1]
    assert turn["error"] == "UnusableMask"
    assert "painted" in turn["reply"]
    assert (await (await client.get("/api/state")).json())["edit"] == first["edit"]


async def test_a_comparison_of_methods_has_previews_and_captions(client: TestClient[Any, Any]) -> None:
    await talk(client, "pink hair", make_png())
    answer = await client.post("/api/compare", data=aiohttp.FormData({"text": "glasses"}))
    events = [json.loads(line) for line in (await answer.read()).splitlines()]
    turn = events[-1]
    captions = [picture["caption"] for picture in turn["pictures"]]
    assert {"mapper for any change", "global direction"} <= set(captions)
    assert in_force(turn) == [("pink hair", 1.0)]
    assert [row["number"] for row in turn["history"]] == [
        0,
        1,
        *(picture["number"] for picture in turn["pictures"]),
    ]
    for picture in turn["pictures"]:
        assert (await client.get(picture["url"])).status == 200
    previews = [event["preview"] for event in events if event.get("preview")]
    assert all(preview["media_type"] == "image/webp" for preview in previews)


async def test_only_the_owner_of_a_picture_sees_it(client: TestClient[Any, Any]) -> None:
    url = (await talk(client, "", make_png()))[-1]["pictures"][0]["url"]
    mine = await client.get(url)
    assert (mine.status, mine.content_type) == (200, "image/png")
    saved = await client.get(url + "?download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert await saved.read() == await mine.read()
    client.session.cookie_jar.clear()
    assert (await client.get(url)).status == 404
    assert (await client.get("/api/pictures/99999")).status == 404


async def test_the_page_loads_nothing_from_other_hosts(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = await answer.text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    for path in ("/static/app.js", "/static/style.css", "/static/icon.svg", "/samples/1.png"):
        assert (await client.get(path)).status == 200
    assert (await client.get("/samples/999.png")).status == 404
    assert (await client.get("/static/../server.py")).status == 404


async def test_the_page_in_the_browsers_language(client: TestClient[Any, Any]) -> None:
    headers = {"Accept-Language": "fr;q=0.9, zh-TW;q=0.8, en;q=0.5"}
    page = await (await client.get("/", headers=headers)).text()
    assert '<html lang="zh-CN">' in page
    assert "说句话就能修图" in page
    assert "{{" not in page
    state = await (await client.get("/api/state", headers=headers)).json()
    assert state["examples"] == ["粉色头发", "眼镜"]
    turn = (await talk(client, "", make_png(), **headers))[-1]
    assert turn["reply"].startswith("收到！")
    assert turn["history"][0]["description"] == "原图"
    turn = (await talk(client, "粉色头发", **headers))[-1]
    assert in_force(turn) == [("粉色头发", 1.0)]
    assert 'lang="en"' in await (await client.get("/")).text()


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)
async def test_other_sites_cannot_send_messages_for_the_user(
    client: TestClient[Any, Any], headers: dict[str, str]
) -> None:
    answer = await client.post("/api/talk", data=aiohttp.FormData({"text": "undo"}), headers=headers)
    assert answer.status == 403


async def test_an_upload_that_is_too_large_is_explained(client: TestClient[Any, Any]) -> None:
    form = aiohttp.FormData({"text": "glasses"})
    form.add_field("picture", bytes(MAX_UPLOAD + 200_000), filename="big.png", content_type="image/png")
    answer = await client.post("/api/talk", data=form)
    assert answer.status == 413
    assert "I take up to 1 MB" in await answer.text()


async def test_a_conversation_survives_a_restart(
    client: TestClient[Any, Any], conversations: Conversations, aiohttp_client: Callable[..., Any]
) -> None:
    turn = (await talk(client, "pink hair", make_png()))[-1]
    later = await aiohttp_client(create_app(conversations, samples.FOLDER, MAX_UPLOAD))
    cookie = client.session.cookie_jar.filter_cookies(client.make_url("/"))["chat"].value
    state = await (await later.get("/api/state", headers={"Cookie": f"chat={cookie}"})).json()
    assert [(line["author"], line["text"]) for line in state["lines"]] == [
        ("person", "pink hair"),
        ("bot", turn["reply"]),
    ]
    assert state["thread"] == str(turn["source"])


async def test_messages_of_a_picture_go_on_with_that_picture(client: TestClient[Any, Any]) -> None:
    first = (await talk(client, "pink hair", make_png(seed=1)))[-1]
    second = (await talk(client, "", make_png(seed=2)))[-1]
    form = aiohttp.FormData({"text": "glasses", "thread": str(first["source"])})
    answer = await client.post("/api/talk", data=form)
    turn = json.loads((await answer.read()).splitlines()[-1])
    assert turn["source"] == first["source"] != second["source"]
    assert [name for name, _ in in_force(turn)] == ["pink hair", "glasses"]


async def test_a_new_conversation_has_no_picture_yet(client: TestClient[Any, Any]) -> None:
    await talk(client, "pink hair", make_png())
    answer = await client.post("/api/talk", data=aiohttp.FormData({"text": "glasses", "thread": "new-a"}))
    turn = json.loads((await answer.read()).splitlines()[-1])
    assert turn["error"] == "NoPicture"
    assert turn["source"] is None


async def test_nobody_reads_or_changes_the_pictures_of_others(client: TestClient[Any, Any]) -> None:
    turn = (await talk(client, "pink hair", make_png()))[-1]
    source, edit = turn["source"], turn["edit"]
    client.session.cookie_jar.clear()
    state = await (await client.get("/api/state", params={"thread": source})).json()
    assert (state["edit"], state["lines"]) == (None, [])
    form = aiohttp.FormData({"text": "glasses", "thread": str(source)})
    refused = [
        await client.post("/api/talk", data=form),
        await client.patch(f"/api/gallery/{source}", json={"title": "mine"}),
        await client.delete(f"/api/gallery/{source}"),
        await client.get(f"/api/pictures/{edit}/preview", params={"target": "pink hair", "strength": "0.5"}),
        await client.get(f"/api/pictures/{edit}/comparison"),
        await client.get(f"/api/pictures/{edit}/animation"),
    ]
    assert [answer.status for answer in refused] == [404] * len(refused)
    assert await (await client.get("/api/gallery")).json() == []


async def test_other_sites_cannot_delete(client: TestClient[Any, Any]) -> None:
    headers = {"Origin": "https://evil.example"}
    assert (await client.delete("/api/data", headers=headers)).status == 403
    assert (await client.patch("/api/gallery/1", json={"title": ""}, headers=headers)).status == 403


async def test_a_preview_has_another_strength_and_stores_nothing(
    client: TestClient[Any, Any], conversations: Conversations
) -> None:
    turn = (await talk(client, "pink hair", make_png()))[-1]
    url = f"/api/pictures/{turn['edit']}/preview"
    weaker = await pixels(client, f"{url}?target=pink+hair&strength=0.2")
    full = await pixels(client, f"{url}?target=pink+hair&strength=1")
    original = await pixels(client, f"{url}?target=pink+hair&strength=0")
    distance = [float(np.abs(one.astype(float) - original).mean()) for one in (weaker, full)]
    assert 0 < distance[0] < distance[1]
    assert len(await conversations.history.edits(turn["source"])) == 2
    assert (await client.get(f"{url}?target=wings&strength=1")).status == 404
    assert (await client.get(f"{url}?target=pink+hair&strength=nan")).status == 400


@pytest.mark.parametrize("field", ["nonsense", '[{"do": "fly"}]', "[1]", '{"do": "undo"}'])
async def test_malformed_actions_are_refused(client: TestClient[Any, Any], field: str) -> None:
    assert (await client.post("/api/messages", data={"actions": field})).status == 400


async def test_a_password_is_asked_for(
    conversations: Conversations, aiohttp_client: Callable[..., Any]
) -> None:
    app = create_app(conversations, samples.FOLDER, MAX_UPLOAD, "0.0.0.0", "open sesame")
    client = await aiohttp_client(app)
    assert (await client.get("/api/state")).status == 401
    assert (await client.post("/api/talk", data={"text": "hello"})).status == 401
    page = await client.get("/", headers={"Host": "chat.example"})
    assert page.url.path == "/login"
    assert "Password" in await page.text()
    wrong = await client.post("/login", data={"password": "open barley"})
    assert "not the password" in await wrong.text()
    assert (await client.get("/api/state")).status == 401
    entered = await client.post("/login", data={"password": "open sesame"})
    assert entered.url.path == "/"
    assert (await client.get("/api/state")).status == 200
