"""Work under way: the queue, Stop, reloading meanwhile, two tabs, a lost connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from bot.conversation.messages import Turn
from bot.conversation.service import Conversations
from tests.bot.web.conftest import answers, expected_errors, say, start
from tests.conftest import make_png


@pytest.fixture
async def gate(conversations: Conversations, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncio.Event]:
    """Hold every message until the event is set; the rest of the way is real."""
    talk, opened = conversations.talk, asyncio.Event()
    opened.set()

    async def wait_and_talk(*arguments: Any, **options: Any) -> Turn:
        await opened.wait()
        return await talk(*arguments, **options)

    monkeypatch.setattr(conversations, "talk", wait_and_talk)
    yield opened
    opened.set()


async def test_messages_wait_in_a_queue_and_can_be_taken_back(page: Page, gate: asyncio.Event) -> None:
    await start(page)
    gate.clear()
    for text in ("glasses", "pink hair", "less"):
        await say(page, text)
    queue = page.get_by_role("list", name="Waiting messages").get_by_role("listitem")
    await expect(queue).to_have_count(2)
    await expect(queue.locator(".name")).to_have_text(["pink hair", "less"])
    await page.get_by_role("button", name="Take back “pink hair”").click()
    await expect(queue.locator(".name")).to_have_text(["less"])
    await expect(page.get_by_label("Your message")).to_have_value("pink hair")
    gate.set()
    await answers(page, 3)
    await expect(queue).to_have_count(0)
    await expect(page.locator(".bubble.me")).to_have_count(3)
    await expect(page.locator("#changes .name")).to_have_text(["glasses"])
    await expect(page.locator("#changes .value")).to_have_text(["60 %"])


async def test_a_file_chosen_while_another_is_read_waits_too(
    page: Page, gate: asyncio.Event, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    first.write_bytes(make_png(seed=1))
    second.write_bytes(make_png(seed=2))
    gate.clear()
    await page.locator("#file").set_input_files(first)
    await expect(page.locator("#work")).to_be_visible()
    await page.locator("#file").set_input_files(second)
    await expect(page.locator("#queue li")).to_have_count(1)
    gate.set()
    await answers(page, 1)
    await page.locator("#openGallery").click()
    await expect(page.locator("#galleryList .open")).to_have_count(2)


LONG_EDIT = """import("/static/send.js").then(
    module => module.act([{do: "add", prompt: "glasses", method: "optimization"}])
)"""


@pytest.mark.parametrize("way", ["button", "typed"])
async def test_stop_leaves_the_picture_as_it_was(page: Page, way: str) -> None:
    await start(page)
    await page.evaluate(LONG_EDIT)
    stop = page.get_by_role("button", name="Stop")
    await expect(stop).to_be_visible()
    if way == "button":
        await stop.click()
    else:
        await say(page, "stop")
    await expect(page.locator("#work")).to_have_count(0)
    await expect(page.locator("#log > .note")).to_contain_text("Stopped")
    await expect(page.locator("#changes .change")).to_have_count(0)


async def test_a_reload_in_the_middle_shows_what_is_under_way(page: Page, gate: asyncio.Event) -> None:
    await start(page)
    gate.clear()
    await say(page, "glasses")
    await say(page, "pink hair")
    await expect(page.locator("#queue li")).to_have_count(1)
    await page.reload()
    await expect(page.locator("#work")).to_be_visible()
    await expect(page.locator(".bubble.me").last).to_contain_text("glasses")
    await expect(page.locator("#queue .name")).to_have_text(["pink hair"])
    gate.set()
    await answers(page, 3)
    await expect(page.locator("#changes .name")).to_have_text(["glasses", "pink hair"])


async def test_a_reload_while_a_new_picture_is_read(page: Page, gate: asyncio.Event) -> None:
    gate.clear()
    await page.get_by_label("Sample picture 1", exact=True).click()
    await expect(page.locator("#work")).to_be_visible()
    await page.reload()
    await expect(page.locator("#work")).to_be_visible()
    gate.set()
    await answers(page, 1)
    await expect(page.locator("#after")).to_be_visible()


async def test_two_tabs_follow_each_other_but_keep_their_picture(page: Page, address: str) -> None:
    await start(page)
    other = await page.context.new_page()
    await other.goto(address)
    await expect(other.locator("#after")).to_be_visible()
    await say(page, "glasses")
    await answers(page, 2)
    await expect(other.locator("#changes .name")).to_have_text(["glasses"])
    await expect(other.locator(".bubble.me").last).to_contain_text("glasses")
    await other.get_by_role("button", name="New picture").click()
    await other.get_by_label("Sample picture 2", exact=True).click()
    await expect(other.locator("#tools")).to_be_visible()
    await expect(page.locator("#changes .name")).to_have_text(["glasses"])
    await say(page, "pink hair")  # continues with the picture of this tab
    await answers(page, 3)
    await expect(page.locator("#changes .name")).to_have_text(["glasses", "pink hair"])
    await expect(other.locator("#changes .name")).to_have_count(0)


async def test_offline_text_and_picture_stay_in_the_box(page: Page, tmp_path: Path) -> None:
    expected_errors.append("Failed to load resource: net::ERR_INTERNET_DISCONNECTED")
    path = tmp_path / "me.png"
    path.write_bytes(make_png())
    await expect(page.locator("#samples button").first).to_be_visible()
    context: BrowserContext = page.context
    await context.set_offline(True)
    await page.get_by_label("Your message").fill("glasses")
    await page.locator("#file").set_input_files(path)
    await expect(page.locator("#toast")).to_contain_text("Connection lost")
    await expect(page.get_by_label("Your message")).to_have_value("glasses")
    await expect(page.locator("#attachment")).to_contain_text("me.png")
    await context.set_offline(False)
    await page.get_by_role("button", name="Send", exact=True).click()
    await answers(page, 1)
    await expect(page.locator("#changes .name")).to_have_text(["glasses"])
    await expect(page.locator("#attachment")).to_be_hidden()
    await expect(page.get_by_label("Your message")).to_have_value("")


async def test_a_page_that_is_closed_leaves_no_traceback(
    page: Page, gate: asyncio.Event, caplog: pytest.LogCaptureFixture, conversations: Conversations
) -> None:
    await start(page)
    gate.clear()
    await say(page, "glasses")
    await expect(page.locator("#work")).to_be_visible()
    await page.close()
    gate.set()
    for _ in range(200):
        if len(await conversations.history.edits(1)) == 2:
            break
        await asyncio.sleep(0.05)
    assert len(await conversations.history.edits(1)) == 2
    await asyncio.sleep(0.3)
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []
