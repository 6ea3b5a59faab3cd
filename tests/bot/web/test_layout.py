"""Everybody can use the page: axe-core, room on all screens, less motion, little to load."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from bot.web.pages import STATIC
from tests.bot.web.conftest import answers, say, start
from tests.conftest import make_png


async def violations(page: Page) -> list[tuple[Any, ...]]:
    """Return what axe-core finds, with the elements."""
    found = await Axe().run(page)
    return [
        (one["id"], one["help"], [node["html"][:120] for node in one["nodes"]])
        for one in found.response["violations"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing(page: Page, theme: str) -> None:
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    await expect(page.locator("#samples button").first).to_be_visible()
    assert await violations(page) == []
    await start(page)
    await say(page, "pink hair")
    await answers(page, 2)
    await page.get_by_role("button", name="Variations").click()
    await answers(page, 3)
    assert await violations(page) == []
    await page.get_by_role("button", name="Compare").click()
    assert await violations(page) == []
    await page.get_by_role("button", name="Brush").click()
    assert await violations(page) == []
    await page.get_by_role("button", name="End painting").click()
    for opener in ("#more", "#openGallery", "#openSettings"):
        await page.locator(opener).click()
        await page.wait_for_timeout(200)
        assert await violations(page) == [], opener
        await page.keyboard.press("Escape")


SCREENS = {
    "phone": (390, 844),
    "small phone": (360, 640),
    "phone on its side": (844, 390),
    "desktop at 200 %": (720, 450),
    "laptop at 200 %": (640, 360),
    "desktop": (1440, 900),
    "large": (1920, 1080),
}


@pytest.mark.slow
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("picture", [(480, 160), (160, 480), (256, 256)])
async def test_everything_is_in_reach(
    page: Page, tmp_path: Path, screen: str, picture: tuple[int, int]
) -> None:
    width, height = SCREENS[screen]
    await page.set_viewport_size({"width": width, "height": height})
    path = tmp_path / "me.png"
    path.write_bytes(make_png(*picture))
    await page.locator("#file").set_input_files(path)
    await answers(page, 1)
    await say(page, "pink hair")
    await answers(page, 2)
    for selector in (
        *("#undo", "#redo", "#compare", "#variations", "#more", "#download", "#openGallery", "#new"),
        *("#openSettings", "#full", "#text", "#send", "#attach", "#brush", "#changes input"),
    ):
        box = await page.locator(selector).bounding_box()
        assert box is not None, selector
        assert box["x"] >= -0.5, selector
        assert box["y"] >= -0.5, selector
        assert box["x"] + box["width"] <= width + 0.5, selector
        assert box["y"] + box["height"] <= height + 0.5, selector
        if "input" not in selector:
            assert min(box["width"], box["height"]) >= 32, f"{selector} is too small to touch"
    log, frame = await page.locator("#log").bounding_box(), await page.locator("#frame").bounding_box()
    area = await page.locator("#area").bounding_box()
    assert log is not None
    assert frame is not None
    assert area is not None
    assert log["height"] >= 0.4 * height, "the conversation has too little room"
    assert frame["width"] / frame["height"] == pytest.approx(picture[0] / picture[1], rel=0.02)
    fills = max(frame["width"] / area["width"], frame["height"] / area["height"])
    assert fills == pytest.approx(1, abs=0.01), "the picture does not use the room"
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


async def test_a_large_screen_shows_a_large_picture(page: Page) -> None:
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await start(page)
    box = await page.locator("#frame").bounding_box()
    assert box is not None
    assert box["height"] > 800


async def test_scripts_and_styles_are_small(page: Page, address: str) -> None:
    files = [path for path in STATIC.iterdir() if path.suffix in (".js", ".css")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < 60_000
    answer = await page.request.get(f"{address}static/app.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] in ("gzip", "deflate")


async def test_nothing_moves_where_less_motion_is_wished_for(page: Page) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await start(page)
    moving = await page.evaluate("document.getAnimations().length")
    assert moving == 0
