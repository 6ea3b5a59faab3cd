"""The page in a real browser: talk, buttons, history, keyboard, phone, dropped files, Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.conversation.service import Conversations
from tests.bot.web.conftest import answers, noted, say, start
from tests.conftest import make_png

CURRENT = '#tree [aria-current="true"]'


async def test_a_conversation_of_ten_turns(page: Page) -> None:
    await start(page)
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
    await expect(page.locator(CURRENT)).to_have_attribute("aria-label", "Go to edit 1: pink hair")
    await expect(page.locator("#changes .name")).to_have_text(["pink hair"])
    await expect(page.locator("#tree li")).not_to_have_count(1)


async def test_a_comparison_of_methods_shows_their_names(page: Page) -> None:
    await start(page)
    await page.locator("#more").click()
    await page.get_by_role("menuitem", name="Methods").click()
    await expect(page.get_by_label("Your message")).to_be_focused()  # nothing is written yet
    await page.get_by_label("Your message").fill("glasses")
    await page.locator("#more").click()
    await page.get_by_role("menuitem", name="Methods").click()
    assert "“glasses” by each method" in await answers(page, 2)
    cards = page.locator(".bubble.bot").nth(2).locator(".card")
    await expect(cards.locator("> span").filter(has_text="global direction")).to_have_count(1)
    await expect(page.get_by_label("Your message")).to_have_value("")
    await expect(page.locator(CURRENT)).to_have_attribute("aria-label", "Go to edit 0: the original")
    await expect(page.locator("#after")).to_have_attribute("src", re.compile("^/api/pictures/"))
    await cards.first.get_by_role("button", name="Use this").click()
    await expect(page.locator("#changes .name")).to_have_text(["glasses"])


async def test_variations_are_cards_to_choose_from(page: Page) -> None:
    await start(page)
    await page.get_by_role("button", name="Variations").click()
    assert "variations" in await answers(page, 2)
    cards = page.locator(".bubble.bot").nth(2).locator(".card")
    await expect(cards).to_have_count(3)
    await cards.nth(1).get_by_role("button", name="Use this").click()
    await noted(page, "edit 2")
    await expect(page.locator(CURRENT)).to_have_attribute("aria-label", re.compile("^Go to edit 2"))


_WATCH = """() => {
  window.seen = [];
  const look = () => window.seen.push({
    stage: document.querySelector("#stageText")?.textContent ?? null,
    kind: (document.querySelector("#after").getAttribute("src") ?? "").split(":")[0],
    inset: (document.querySelector("#inset")?.getAttribute("src") ?? "").split(":")[0],
    tools: document.querySelector("#tools").checkVisibility(),
  });
  const everything = {attributes: true, childList: true, characterData: true, subtree: true};
  new MutationObserver(look).observe(document.body, everything);
}"""


async def test_the_best_quality_shows_its_stages_and_previews(
    page: Page, conversations: Conversations
) -> None:
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("New pictures:").select_option("Closest")
    await page.keyboard.press("Escape")
    await page.evaluate(_WATCH)  # on a fast machine each stage is over too soon to be seen
    await start(page)
    seen = await page.evaluate("seen")
    stages = {one["stage"] for one in seen if one["stage"]}
    assert "Looking closely…" in stages
    assert any(one["inset"] == "data" for one in seen)
    kinds = {one["kind"] for one in seen if one["stage"]}
    assert "blob" in kinds, "the own picture is shown while it is read"
    assert "data" not in kinds, "and stays in its place"
    assert not any(one["tools"] for one in seen if one["inset"]), "an unfinished picture cannot be edited"
    await expect(page.locator("#after")).to_have_attribute("src", re.compile("^/api/pictures/"))
    await expect(page.get_by_role("button", name="Variations")).to_be_visible()
    source = await conversations.history.source(1)
    assert source.details["quality"] == "best"
    assert source.tuning is not None
    assert "Learning the details…" in stages


async def test_a_thumbnail_in_the_chat_makes_its_picture_the_current_one(page: Page) -> None:
    await start(page)
    await say(page, "glasses")
    await answers(page, 2)
    await say(page, "pink hair")
    await answers(page, 3)
    await page.locator(".bubble.bot").nth(2).locator(".thumb").click()
    await noted(page, "edit 1")
    await expect(page.locator("#changes .name")).to_have_text(["glasses"])
    shown = await page.locator("#after").get_attribute("src")
    assert shown is not None
    await expect(page.locator("#download")).to_have_attribute("href", f"{shown}&download=1")
    await say(page, "pink hair")
    await answers(page, 4)
    await expect(page.locator("#tree li")).to_have_count(4)
    await expect(page.locator("#tree")).to_have_attribute("data-branches", "true")


async def test_a_reload_restores_the_conversation(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "me.png"
    path.write_bytes(make_png())
    await page.locator("#file").set_input_files(path)
    await answers(page, 1)
    await say(page, "glasses")
    await answers(page, 2)
    told = await page.locator(".bubble").all_inner_texts()
    await page.reload()
    await expect(page.locator(".bubble.bot").first).to_contain_text("Welcome back")
    await expect(page.locator("#changes .name")).to_have_text(["glasses"])
    await expect(page.locator("#tree li")).to_have_count(2)
    await expect(page.locator(".bubble")).to_have_count(len(told))
    assert (await page.locator(".bubble").all_inner_texts())[1:] == told[1:]


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
    await expect(page.locator(".bubble.me")).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(page.locator(".bubble.me img")).to_have_count(0)


async def test_the_last_message_comes_back_with_the_arrow_key(page: Page) -> None:
    await say(page, "hello there")
    await answers(page, 1)
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_label("Your message")).to_have_value("hello there")


@pytest.mark.parametrize("page", ["zh-CN"], indirect=True)
async def test_the_page_in_chinese(page: Page) -> None:
    await expect(page).to_have_title("说句话就能修图")
    await page.get_by_label("示例图片 1", exact=True).click()
    assert "想改哪里" in await answers(page, 1)
    await page.get_by_label("你的消息").fill("把头发染成粉色")
    await page.keyboard.press("Enter")
    assert "改好了：粉色头发" in await answers(page, 2)
    slider = page.get_by_label("「粉色头发」的强度")
    await slider.focus()
    for _ in range(4):
        await page.keyboard.press("ArrowLeft")
    await noted(page, "80%")
    await expect(slider).to_have_attribute("aria-valuetext", "80%")
    await page.get_by_label("回到第 1 步：粉色头发").click()
    await noted(page, "粉色头发")
    await expect(slider).to_have_attribute("aria-valuetext", "100%")
    await page.get_by_role("button", name="变化").click()
    assert "几种变化" in await answers(page, 3)
    words = await page.locator("main").inner_text()
    assert not any(word in words for word in ("Less", "Undo", "original", "Download", "variation", "Number"))
    await page.locator("#openGallery").click()
    await expect(page.locator("#gallery small")).to_contain_text("年")
