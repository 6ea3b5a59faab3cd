"""The page in a real browser, for all tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from bot import samples
from bot.conversation.jobs import Options
from bot.conversation.service import Conversations
from bot.web.server import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TIMEOUT = 60_000
MAX_UPLOAD = 1024 * 1024


@pytest.fixture
async def address(conversations: Conversations, aiohttp_server: Callable[..., Any]) -> str:
    """The address of a running web chat, which reads new pictures quickly."""
    conversations.jobs.options = Options(quality="draft")
    server = await aiohttp_server(create_app(conversations, samples.FOLDER, MAX_UPLOAD))
    return str(server.make_url("/"))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("the tests of the page need Chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def page(request: pytest.FixtureRequest, address: str, browser: Browser) -> AsyncIterator[Page]:
    """Open the page in the language of the fixture's parameter. Errors in its console fail the test."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 860}, locale=getattr(request, "param", "en-GB")
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request",
        lambda r: None if r.url.startswith(("blob:", "data:", address)) else errors.append(r.url),
    )
    await page.goto(address)
    expect.set_options(timeout=TIMEOUT)
    yield page
    await context.close()
    assert [error for error in errors if error not in expected_errors] == []
    expected_errors.clear()


expected_errors: list[str] = []
"""Console errors that a test provokes."""


async def say(page: Page, text: str) -> None:
    """Send a message."""
    await page.locator("#text").fill(text)
    await page.keyboard.press("Enter")


async def answers(page: Page, count: int) -> str:
    """Wait for the bot's ``count``-th answer after its greeting and return it."""
    bubble = page.locator(".bubble.bot").nth(count)
    await expect(bubble).to_be_visible()
    await expect(page.locator("#work")).to_have_count(0)
    return await bubble.inner_text()


async def noted(page: Page, text: str) -> None:
    """Wait for the note that says what a button did."""
    await expect(page.locator("#log > :last-child.note")).to_contain_text(text)
    await expect(page.locator("#work")).to_have_count(0)


async def start(page: Page, number: int = 1) -> None:
    """Send a sample picture and wait until it can be edited."""
    await page.get_by_label(f"Sample picture {number}", exact=True).click()
    assert "What would you like to change" in await answers(page, 1)
