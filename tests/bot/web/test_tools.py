"""What one does to the picture: compare, zoom, brush, square, strengths, sharing, gallery, settings."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import FloatRect, Page, expect

from bot.conversation.messages import Turn
from bot.conversation.service import Conversations
from tests.bot.web.conftest import answers, noted, say, start
from tests.conftest import make_png

pytestmark = pytest.mark.slow


async def box_of(page: Page, selector: str) -> FloatRect:
    box = await page.locator(selector).bounding_box()
    assert box is not None
    return box


async def send(page: Page, folder: Path, width: int, height: int) -> None:
    path = folder / "me.png"
    path.write_bytes(make_png(width, height))
    await page.locator("#file").set_input_files(path)
    await answers(page, 1)


async def test_buttons_history_and_compare(page: Page) -> None:
    await start(page, 2)
    await expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    await expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    await say(page, "glasses")
    await answers(page, 2)
    await expect(page.get_by_role("button", name="Redo")).to_be_disabled()
    slider = page.get_by_role("slider", name="Strength of “glasses”")
    await slider.focus()
    for _ in range(8):
        await page.keyboard.press("ArrowLeft")
    await noted(page, "60 %")
    await expect(slider).to_be_focused()
    await page.get_by_role("button", name="Undo").click()
    await noted(page, "Undone")
    await expect(page.locator("#changes .value")).to_have_text(["100 %"])
    await page.keyboard.press("Shift+Control+z")
    await noted(page, "Redone")
    await page.keyboard.press("Control+z")
    await noted(page, "Undone")
    await page.get_by_label("Go to edit 2: glasses 60 %").click()
    await noted(page, "edit 2")
    await expect(page.locator("#changes .value")).to_have_text(["60 %"])
    await page.get_by_role("button", name="Compare").click()
    handle = page.get_by_role("slider", name="Before and after")
    await expect(handle).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(handle).to_have_attribute("aria-valuenow", "55")
    box = await box_of(page, "#frame")
    await page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 50)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 50)
    await page.mouse.up()
    await expect(handle).to_have_attribute("aria-valuenow", "20")
    await page.keyboard.press("Escape")
    await expect(handle).to_be_hidden()


async def test_a_new_result_ends_comparing(page: Page) -> None:
    await start(page)
    await say(page, "glasses")
    await answers(page, 2)
    await page.get_by_role("button", name="Compare").click()
    await say(page, "pink hair")
    await answers(page, 3)
    await expect(page.get_by_role("slider", name="Before and after")).to_be_hidden()
    await page.locator("#more").click()
    await page.get_by_role("menuitem", name="Side by side").click()
    boxes = [await box_of(page, selector) for selector in ("#beside", "#frame")]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    await page.keyboard.press("Escape")
    await expect(page.locator("#beside")).to_be_hidden()


async def test_the_original_is_seen_as_long_as_the_picture_is_held(page: Page) -> None:
    await start(page)
    await say(page, "pink hair")
    await answers(page, 2)
    box = await box_of(page, "#frame")
    await page.mouse.move(box["x"] + 40, box["y"] + 90)
    await page.mouse.down()
    await expect(page.locator("#before")).to_be_visible()
    await expect(page.locator("#tag")).to_have_text("Original")
    await page.mouse.up()
    await expect(page.locator("#before")).to_be_hidden()
    await page.locator("#log").focus()
    await page.keyboard.down("o")
    await expect(page.locator("#before")).to_be_visible()
    await page.keyboard.up("o")
    await expect(page.locator("#before")).to_be_hidden()


async def test_the_wheel_and_keys_enlarge_the_picture(page: Page) -> None:
    await start(page)
    before = await box_of(page, "#frame")
    await page.mouse.move(before["x"] + 100, before["y"] + 100)
    await page.mouse.wheel(0, -500)
    await expect(page.locator("#zoomReset")).to_be_visible()
    enlarged = await box_of(page, "#frame")
    assert enlarged["width"] > 1.5 * before["width"]
    share = [(100 + before[axis] - box[axis]) / box["width"] for box, axis in ((enlarged, "x"),)]
    assert share[0] == pytest.approx(100 / before["width"], abs=0.02), "the point under the pointer stays"
    await page.locator("#zoomReset").click()
    assert (await box_of(page, "#frame"))["width"] == pytest.approx(before["width"], abs=1)
    await page.keyboard.press("+")
    assert (await box_of(page, "#frame"))["width"] > 1.3 * before["width"]
    await page.keyboard.press("0")
    await expect(page.locator("#zoomReset")).to_be_hidden()


@pytest.fixture
def masks(conversations: Conversations, monkeypatch: pytest.MonkeyPatch) -> list[bytes | None]:
    """The masks of all messages, on their way to the conversations."""
    talk, found = conversations.talk, []

    async def record(*arguments: Any, **options: Any) -> Turn:
        found.append(arguments[1].mask)
        return await talk(*arguments, **options)

    monkeypatch.setattr(conversations, "talk", record)
    return found


def area_of(mask: bytes | None) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a mask's white area as shares of its size."""
    assert mask is not None
    pixels = np.asarray(Image.open(io.BytesIO(mask)).convert("L"))
    rows, columns = (pixels > 128).nonzero()
    height, width = pixels.shape
    return columns.min() / width, rows.min() / height, columns.max() / width, rows.max() / height


@pytest.mark.parametrize("size", [(480, 160), (160, 480), (256, 256)])
async def test_a_painted_area_is_sent_with_the_next_request(
    page: Page, masks: list[bytes | None], tmp_path: Path, size: tuple[int, int]
) -> None:
    await send(page, tmp_path, *size)
    await page.get_by_role("button", name="Brush").click()
    text = page.get_by_label("Your message")
    await expect(text).to_have_attribute("placeholder", "What should change there?")
    box = await box_of(page, "#after")
    await page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    await page.mouse.down()
    await page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"], steps=5)
    await page.mouse.up()
    await say(page, "pink hair")
    await answers(page, 2)
    left, top, right, bottom = area_of(masks[1])
    radius = 0.045 * max(size)
    assert (left, right) == pytest.approx((0.3 - radius / size[0], 0.7 + radius / size[0]), abs=0.02)
    assert (top, bottom) == pytest.approx((0.3 - radius / size[1], 0.3 + radius / size[1]), abs=0.02)
    await expect(page.locator("#paint")).to_be_hidden()
    await expect(text).to_have_attribute("placeholder", "Tell me what to change…")
    await say(page, "less")
    await answers(page, 3)
    assert masks[0] is masks[2] is None


async def test_the_brush_by_keyboard(page: Page, masks: list[bytes | None]) -> None:
    await start(page)
    await page.locator("#log").focus()
    await page.keyboard.press("b")
    await expect(page.locator("#paint")).to_be_focused()
    for _ in range(4):
        await page.keyboard.press("ArrowUp")
    await page.keyboard.down(" ")
    for _ in range(3):
        await page.keyboard.press("ArrowLeft")
    await page.keyboard.up(" ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Your message")).to_be_focused()
    await page.keyboard.type("pink hair")
    await page.keyboard.press("Enter")
    await answers(page, 2)
    left, top, right, bottom = area_of(masks[1])
    assert left < 0.4 < right < 0.6
    assert 0.2 < top < bottom < 0.5


async def test_only_the_painted_half_keeps_a_change(page: Page, masks: list[bytes | None]) -> None:
    await start(page)
    await say(page, "pink hair")
    await answers(page, 2)
    await page.get_by_role("button", name="More for “pink hair”").click()
    await page.get_by_role("menuitem", name="Only where I paint").click()
    await page.get_by_role("button", name="Left half").click()
    await page.get_by_role("button", name="Apply").click()
    await expect(page.locator('#changes .change[data-local="true"]')).to_have_count(1)
    left, top, right, bottom = area_of(masks[-1])
    assert (left, top) == pytest.approx((0, 0), abs=0.01)
    assert (right, bottom) == pytest.approx((0.5, 1), abs=0.01)
    await page.get_by_role("button", name="Take off “pink hair”").click()
    await expect(page.locator("#changes .change")).to_have_count(0)


async def test_the_square_of_a_tall_picture_is_shown_and_moved(
    page: Page, conversations: Conversations, tmp_path: Path
) -> None:
    await send(page, tmp_path, 160, 480)
    await expect(page.locator("#squareBox")).to_be_visible()  # for a moment
    await say(page, "pink hair")
    await answers(page, 2)
    await page.locator("#more").click()
    await page.get_by_role("menuitem", name="Edited square").click()
    square = page.locator("#squareBox")
    await expect(square).to_be_focused()
    before = await box_of(page, "#squareBox")
    await page.mouse.move(before["x"] + 20, before["y"] + 20)
    await page.mouse.down()
    await page.mouse.move(before["x"] + 20, before["y"] - 400, steps=4)
    await page.mouse.up()
    await page.keyboard.press("ArrowDown")
    frame, moved = await box_of(page, "#frame"), await box_of(page, "#squareBox")
    top = (moved["y"] - frame["y"]) / frame["height"] * 480
    await page.get_by_role("button", name="Use this square").click()
    await expect(page.locator("#changes .name")).to_have_text(["pink hair"])
    await expect(page.locator("#tree li")).to_have_count(2)
    geometry = (await conversations.history.source(2)).details["geometry"]
    assert geometry["center_y"] - geometry["side"] / 2 == pytest.approx(top, abs=3)
    assert (await conversations.history.source(1)).details["geometry"]["center_y"] != geometry["center_y"]


async def test_dragging_a_strength_shows_previews_and_makes_one_edit(page: Page) -> None:
    await start(page)
    await say(page, "pink hair")
    await answers(page, 2)
    box = await box_of(page, "#changes input")
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + 0.5 * box["width"], middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 0.3 * box["width"], middle)
    await expect(page.locator("#blend")).to_be_visible()
    for step in range(40):
        await page.mouse.move(box["x"] + (0.3 + 0.4 * (step % 20) / 20) * box["width"], middle)
        await asyncio.sleep(0.02)
    drawn = await page.evaluate("import('/static/strength.js').then(module => module.statistics)")
    assert drawn["frames"] >= 8
    assert drawn["milliseconds"] / drawn["frames"] < 1000 / 8, "fewer than eight pictures a second"
    await page.mouse.move(box["x"] + 0.25 * box["width"], middle)
    await page.mouse.up()
    await noted(page, "%")
    await expect(page.locator("#blend")).to_be_hidden()
    await expect(page.locator("#tree li")).to_have_count(3)


async def test_a_change_again_on_another_picture(page: Page, tmp_path: Path) -> None:
    await start(page)
    await say(page, "pink hair")
    await answers(page, 2)
    path = tmp_path / "me.png"
    path.write_bytes(make_png())
    await page.get_by_role("button", name="More for “pink hair”").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("menuitem", name="Again on another picture").click()
    await (await chooser.value).set_files(path)
    await expect(page.locator("#tree li")).to_have_count(2)
    await expect(page.locator("#changes .name")).to_have_text(["pink hair"])
    await page.go_back()
    await expect(page.locator(".bubble.me")).to_have_count(2)


async def test_files_say_what_is_in_them(page: Page) -> None:
    await start(page)
    await say(page, "pink hair")
    await answers(page, 2)
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="Download").click()
    assert (await saved.value).suggested_filename == "pink-hair.png"
    for entry, name in (
        ("Save before and after", "before-after-pink-hair.webp"),
        ("Save as an animation", "pink-hair.webp"),
    ):
        await page.locator("#more").click()
        async with page.expect_download() as made:
            await page.get_by_role("menuitem", name=entry).click()
        assert (await made.value).suggested_filename == name


async def test_the_gallery_keeps_all_pictures_with_their_conversations(page: Page) -> None:
    await start(page)
    await say(page, "pink hair")
    await answers(page, 2)
    await page.get_by_role("button", name="New picture").click()
    await expect(page.locator("#welcome")).to_be_visible()
    await start(page, 2)
    opener = page.get_by_role("button", name="Your pictures")
    await opener.click()
    names = page.locator("#galleryList .name")
    await expect(names).to_have_text(["the original", "pink hair"])
    await page.get_by_role("button", name="Rename “pink hair”").click()
    await page.keyboard.type("Aunt Ann")
    await page.keyboard.press("Enter")
    await expect(names).to_have_text(["the original", "Aunt Ann"])
    await page.get_by_role("button", name="Open “Aunt Ann”").click()
    await expect(opener).to_be_focused()
    await expect(page.locator("#changes .name")).to_have_text(["pink hair"])
    await expect(page.locator(".bubble.me")).to_have_count(2)
    await opener.click()
    await page.get_by_role("button", name="Delete “Aunt Ann”").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(names).to_have_text(["the original"])
    await page.keyboard.press("Escape")
    await expect(page.locator("#welcome")).to_be_visible()


async def test_my_data_is_told_taken_along_and_deleted(page: Page) -> None:
    await start(page)
    await page.get_by_role("button", name="Settings").click()
    await expect(page.locator("#kept")).to_contain_text("pictures: 1, edits: 0")
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="Take it along").click()
    with zipfile.ZipFile(await (await saved.value).path()) as archive:
        assert "history.json" in archive.namelist()
    await page.get_by_role("button", name="Delete everything").click()
    await page.locator("#confirmYes").click()
    await expect(page.locator("#welcome")).to_be_visible()
    await page.locator("#openGallery").click()
    await expect(page.locator("#galleryList .open")).to_have_count(0)


async def test_language_and_theme_are_chosen_and_stay(page: Page) -> None:
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("Appearance").select_option("dark")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.get_by_label("Language").select_option("zh-CN")
    await expect(page).to_have_title(re.compile("修图"))
    await page.reload()
    await expect(page).to_have_title(re.compile("修图"))
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
