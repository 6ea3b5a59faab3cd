"""Makes the picture of the web chat in the README, from a real conversation with the embedded models.

    python docs/conversation.py [FILE]      docs/conversation.png by default

It needs Chromium and the extra "test". With ``--states FOLDER`` it also takes a picture of every state that a
change of the page should be looked at in.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

HERE = Path(__file__).parent
DESKTOP, PHONE, ZOOMED = (1440, 900), (390, 844), (720, 450)
TURNS = ("pink hair", "add round glasses", "a hat instead of the glasses", "undo", "freckles")
CHINESE = ("把头发染成粉色", "戴上眼镜")
TIMEOUT = 120_000


@asynccontextmanager
async def running_bot(address: str | None) -> AsyncIterator[str]:
    """Give the address of a bot: the one named, or one of its own with an empty data folder."""
    if address is not None:
        yield address
        return
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot"),
            env=os.environ | {"WEB_PORT": "0", "DATA_DIR": folder, "DISCORD_TOKEN": "", "LANG": "en"},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            while line := (await process.stdout.readline()).decode():
                if found := re.search(r"http://\S+", line):
                    yield found[0]
                    break
        finally:
            process.terminate()
            await process.wait()


async def open_page(
    browser: Browser, address: str, size: tuple[int, int], locale: str = "en-GB", theme: str = "light"
) -> Page:
    """Open the chat as a new person."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=locale,
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await page.goto(address)
    await expect(page.locator("#samples button").first).to_be_visible()
    return page


async def settled(page: Page) -> None:
    """Wait until nothing is under way."""
    await page.wait_for_timeout(400)
    await expect(page.locator("#work")).to_have_count(0)
    await expect(page.locator("#queue li")).to_have_count(0)


async def converse(page: Page, turns: tuple[str, ...], sample: int = 1) -> None:
    """Send a sample picture, then some messages."""
    await page.locator("#samples button").nth(sample - 1).click()
    await settled(page)
    for turn in turns:
        await page.locator("#text").fill(turn)
        await page.keyboard.press("Enter")
        await settled(page)
    await page.wait_for_timeout(500)


async def take_states(browser: Browser, address: str, folder: Path) -> None:
    """Take a picture of every state."""

    async def take(page: Page, name: str) -> None:
        await page.screenshot(path=folder / f"{name}.png")

    page = await open_page(browser, address, DESKTOP)
    await take(page, "welcome")
    await page.locator("#samples button").nth(3).click()
    await expect(page.locator("#workBar")).to_be_visible()
    await page.wait_for_timeout(700)
    await take(page, "working")
    for text in ("glasses", "a beard", "older"):
        await page.locator("#text").fill(text)
        await page.keyboard.press("Enter")
    await page.wait_for_timeout(300)
    await take(page, "queue")
    await settled(page)
    await take(page, "desktop")
    await page.locator("#variations").click()
    await settled(page)
    await page.wait_for_timeout(500)
    await take(page, "variations")
    await page.locator("#compare").click()
    await take(page, "compare")
    await page.locator("#brush").click()
    box = await page.locator("#frame").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    await page.mouse.down()
    await page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"], steps=9)
    await page.mouse.up()
    await take(page, "brush")
    await page.locator("#brushClose").click()
    for opener, name in (("#openGallery", "gallery"), ("#openSettings", "settings"), ("#more", "menu")):
        await page.locator(opener).click()
        await page.wait_for_timeout(800)
        await take(page, name)
        await page.keyboard.press("Escape")
    await page.locator("#full").click()
    await page.wait_for_timeout(500)
    await take(page, "full-screen")
    await page.keyboard.press("Escape")
    await page.context.set_offline(True)
    await page.locator("#text").fill("a hat")
    await page.keyboard.press("Enter")
    await expect(page.locator("#toast")).to_be_visible()
    await take(page, "error")
    for name, size, locale, theme, turns in (
        ("dark", DESKTOP, "en-GB", "dark", TURNS[:2]),
        ("chinese", DESKTOP, "zh-CN", "light", CHINESE),
        ("phone", PHONE, "en-GB", "light", TURNS[:2]),
        ("phone-on-its-side", PHONE[::-1], "en-GB", "dark", TURNS[:2]),
        ("zoomed", ZOOMED, "en-GB", "light", TURNS[:2]),
    ):
        page = await open_page(browser, address, size, locale, theme)
        await converse(page, turns, sample=2)
        await take(page, name)


async def main() -> None:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=HERE / "conversation.png")
    parser.add_argument("--states", type=Path)
    parser.add_argument("--address", help="of a bot that runs already")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    expect.set_options(timeout=TIMEOUT)
    async with running_bot(options.address) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        if options.states:
            options.states.mkdir(parents=True, exist_ok=True)
            await take_states(browser, address, options.states)
        page = await open_page(browser, address, (1280, 860))
        await converse(page, TURNS)
        await page.screenshot(path=options.file)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
