"""The page in a real browser: talk, buttons, compare, history, keyboard, phone, dropped files."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Page, async_playwright, expect

from bot import samples
from bot.conversation.messages import Turn
from bot.conversation.service import Conversations
from bot.web.server import create_app
from tests.conftest import make_png

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the tests of the page need Chromium")
TIMEOUT = 60_000


@pytest.fixture
async def page(
    request: pytest.FixtureRequest, conversations: Conversations, aiohttp_server: Callable[..., Any]
) -> AsyncIterator[Page]:
    """Open the page in the language of the fixture's parameter. Errors in its console fail the test."""
    server = await aiohttp_server(create_app(conversations, samples.FOLDER, 1024 * 1024))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(
            viewport={"width": 1280, "height": 860}, locale=getattr(request, "param", "en-GB")
        )
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith(("blob:", "data:", str(server.make_url("/"))))
                else errors.append(r.url)
            ),
        )
        await page.goto(str(server.make_url("/")))
        expect.set_options(timeout=TIMEOUT)
        yield page
        await browser.close()
        assert errors == []


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Your message").fill(text)
    await page.keyboard.press("Enter")


async def answers(page: Page, count: int) -> str:
    """Wait for the bot's ``count``-th answer after its greeting and return it."""
    bubble = page.locator(".bubble.bot").nth(count)
    await expect(bubble).to_be_visible()
    await expect(page.locator("#busy")).to_be_hidden()
    return await bubble.inner_text()


async def test_a_conversation_of_ten_turns(page: Page) -> None:
    await page.get_by_label("Sample picture 1", exact=True).click()
    assert "What would you like to change" in await answers(page, 1)
    turns = (
        "pink hair",
        "now less",
        "add glasses",
        "undo",
        "redo",
        "make it stronger",
        "remove the glasses",
        "back to the original",
        "go to 1",
    )
    for number, text in enumerate(turns, start=2):
        await say(page, text)
        assert await answers(page, number)
    current = page.locator('#strip [aria-current="true"]')
    await expect(current).to_have_attribute("aria-label", "Go to edit 1: pink hair")
    await expect(page.locator("#pills li")).to_have_text(["pink hair"])
    await expect(page.locator("#strip li")).not_to_have_count(1)


async def test_a_comparison_of_methods_shows_their_names(page: Page) -> None:
    await page.get_by_label("Sample picture 1", exact=True).click()
    await answers(page, 1)
    await page.get_by_role("button", name="Methods").click()
    await expect(page.get_by_label("Your message")).to_be_focused()  # nothing is written yet
    await page.get_by_label("Your message").fill("glasses")
    await page.get_by_role("button", name="Methods").click()
    assert "“glasses” by each method" in await answers(page, 2)
    captions = page.locator(".bubble.bot").nth(2).locator(".thumbs span")
    await expect(captions.filter(has_text="global direction")).to_have_count(1)
    await expect(page.get_by_label("Your message")).to_have_value("")
    await expect(page.locator('#strip [aria-current="true"]')).to_have_attribute(
        "aria-label", "Go to edit 0: the original"
    )
    await expect(page.locator("#after")).to_have_attribute("src", re.compile("^/api/pictures/"))


_WATCH = """() => {
  window.seen = [];
  const look = () => window.seen.push({
    stage: document.querySelector("#stageText").textContent,
    busy: document.querySelector("#busy").checkVisibility(),
    kind: (document.querySelector("#after").getAttribute("src") ?? "").split(":")[0],
    buttons: [...document.querySelectorAll("button")].some(
      button => button.textContent === "Less" && button.checkVisibility()),
  });
  const everything = {attributes: true, childList: true, characterData: true, subtree: true};
  new MutationObserver(look).observe(document.body, everything);
}"""


async def test_the_best_quality_shows_its_stages_and_previews(
    page: Page, conversations: Conversations
) -> None:
    await page.get_by_label("New pictures:").select_option("Closest")
    await page.evaluate(_WATCH)  # on a fast machine each stage is over too soon to be seen
    await page.get_by_label("Sample picture 1", exact=True).click()
    await answers(page, 1)
    seen = await page.evaluate("seen")
    stages = {one["stage"].strip() for one in seen if one["busy"]}
    assert "Looking closely…" in stages
    assert [one["kind"] for one in seen if one["busy"]].index("blob") < [one["kind"] for one in seen].index(
        "data"
    )
    assert not any(one["buttons"] for one in seen if one["kind"] == "data"), (
        "an unfinished picture cannot be edited"
    )
    await expect(page.locator("#after")).to_have_attribute("src", re.compile("^/api/pictures/"))
    await expect(page.get_by_role("button", name="Less")).to_be_visible()
    source = await conversations.history.source(1)
    assert source.details["quality"] == "best"
    assert source.tuning is not None
    assert "Learning the details…" in stages


async def test_a_painted_area_is_sent_with_the_next_request(
    page: Page, conversations: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, masks = conversations.talk, []

    async def record_mask(*arguments: Any, **options: Any) -> Turn:
        masks.append(arguments[1].mask)
        return await talk(*arguments, **options)

    monkeypatch.setattr(conversations, "talk", record_mask)
    await page.get_by_label("Sample picture 1", exact=True).click()
    await answers(page, 1)
    await page.get_by_role("button", name="Brush").click()
    await expect(page.get_by_label("Your message")).to_have_attribute(
        "placeholder", "What should change there?"
    )
    box = await page.locator("#frame").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    await page.mouse.down()
    await page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.2 * box["height"], steps=5)
    await page.mouse.up()
    await say(page, "pink hair")
    await answers(page, 2)
    mask = np.asarray(Image.open(io.BytesIO(masks[1])).convert("L"))
    rows, columns = mask.nonzero()
    height, width = mask.shape
    assert [round(float(value), 1) for value in (columns.min() / width, columns.max() / width)] == [0.3, 0.7]
    assert 0.1 < rows.min() / height < rows.max() / height < 0.3
    await expect(page.locator("#paint")).to_be_hidden()
    await expect(page.get_by_label("Your message")).to_have_attribute(
        "placeholder", "Tell me what to change…"
    )
    await say(page, "less")
    await answers(page, 3)
    assert masks[0] is masks[2] is None


async def test_buttons_history_and_compare(page: Page) -> None:
    await page.get_by_label("Sample picture 2", exact=True).click()
    await answers(page, 1)
    await say(page, "glasses")
    await answers(page, 2)
    await page.get_by_role("button", name="Less").click()
    assert "60 %" in await answers(page, 3)
    await page.get_by_role("button", name="Undo").click()
    await answers(page, 4)
    await expect(page.locator("#pills li")).to_have_text(["glasses"])
    await page.get_by_label("Go to edit 2: glasses 60 %").click()
    await answers(page, 5)
    await expect(page.locator("#pills li")).to_have_text(["glasses 60 %"])
    await page.get_by_role("button", name="Compare").click()
    handle = page.get_by_role("slider", name="Before and after")
    await expect(handle).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(handle).to_have_attribute("aria-valuenow", "55")
    box = await page.locator("#frame").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 50)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 50)
    await page.mouse.up()
    await expect(handle).to_have_attribute("aria-valuenow", "20")
    await page.keyboard.press("Escape")
    await expect(handle).to_be_hidden()


async def test_a_reload_restores_the_conversation(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "me.png"
    path.write_bytes(make_png())
    await page.locator("#file").set_input_files(path)
    await answers(page, 1)
    await say(page, "glasses")
    await answers(page, 2)
    await page.reload()
    await expect(page.locator(".bubble.bot").first).to_contain_text("Welcome back")
    await expect(page.locator("#pills li")).to_have_text(["glasses"])
    await expect(page.locator("#strip li")).to_have_count(2)


async def test_the_keyboard_is_enough_on_a_small_screen(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_label("Sample picture 3", exact=True).focus()
    await page.keyboard.press("Enter")
    await answers(page, 1)
    await expect(page.get_by_label("Your message")).to_be_focused()
    await page.keyboard.type("glasses")
    await page.keyboard.press("Enter")
    await answers(page, 2)
    overflow = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0, "the page scrolls sideways"
    box = await page.locator("#frame").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390, "the picture is cut off"
    for element in ("#after", "#text", "#send"):
        await expect(page.locator(element)).to_be_in_viewport()


async def test_a_dropped_file_that_is_not_a_picture(page: Page) -> None:
    transfer = await page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(['<svg/>'], 'x.png', {type: 'image/png'}));
            return transfer;
        }"""
    )
    await page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    assert "not a picture" in await answers(page, 1)
    await expect(page.locator("#welcome")).to_be_visible()


async def test_messages_are_text_and_never_markup(page: Page) -> None:
    await say(page, "<img src=x onerror=alert(1)>")
    await answers(page, 1)
    await expect(page.locator(".bubble.me")).to_have_text("<img src=x onerror=alert(1)>")


@pytest.mark.parametrize("page", ["zh-CN"], indirect=True)
async def test_the_page_in_chinese(page: Page) -> None:
    await expect(page).to_have_title("说句话就能修图")
    await page.get_by_label("示例图片 1", exact=True).click()
    assert "想改哪里" in await answers(page, 1)
    await page.get_by_label("你的消息").fill("把头发染成粉色")
    await page.keyboard.press("Enter")
    assert "改好了：粉色头发" in await answers(page, 2)
    await page.get_by_role("button", name="弱一点", exact=True).click()
    assert "%" in await answers(page, 3)
    await expect(page.locator("#pills li")).to_have_text(["粉色头发 80%"])
    await page.get_by_label("回到第 1 步：粉色头发").click()
    await answers(page, 4)
    await expect(page.locator("#pills li")).to_have_text(["粉色头发"])
    words = await page.locator("main").inner_text()
    assert not any(word in words for word in ("Less", "Undo", "original", "Download"))
