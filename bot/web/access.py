"""Who may use the web chat, and who they are: host names, a password, a random cookie for each browser."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.conversation.messages import Speaker
from bot.locales import Locale, locale_of, preferring

PLATFORM, PLACE = "web", "web"
COOKIE, PASS_COOKIE, LANGUAGE_COOKIE = "chat", "pass", "language"
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}
USER = web.RequestKey("user", str)
_TOKEN_BYTES, _COOKIE_LENGTH = 32, 43
_YEAR = 365 * 86400
_WRONG_PASSWORD_SECONDS = 1.0
_OPEN_PATHS = ("/login", "/static/")
"""Paths that need no password."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def locale_for(request: web.Request) -> Locale:
    """Return the chosen language, or the first that the browser accepts and the bot speaks."""
    header = f"{request.cookies.get(LANGUAGE_COOKIE, '')},{request.headers.get('Accept-Language', '')}"
    accepted = (part.split(";")[0].strip() for part in header.split(",")[:20])
    return next((locale for code in accepted if code and (locale := preferring(code))), locale_of())


def speaker_of(request: web.Request) -> Speaker:
    """Return the person whose browser sent a request."""
    return Speaker(PLATFORM, request[USER], PLACE, locale=locale_for(request).code)


def guard(host: str, password: str | None) -> Any:
    """Return a middleware that refuses other host names (DNS rebinding) and changes by other sites' pages.

    With a password any host name may be used, because a rebound name does not have the cookie.
    """
    names = {*LOCAL_NAMES, host.strip("[]")}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        name = urlsplit(f"//{request.host}").hostname or ""
        if password is None and name not in names:
            raise web.HTTPForbidden(text=locale_for(request).say("web.other-machine"))
        if request.method not in ("GET", "HEAD") and not _from_own_page(request):
            raise web.HTTPForbidden(text=locale_for(request).say("web.other-page"))
        return await handler(request)

    return check


def _from_own_page(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    same_origin = origin is None or urlsplit(origin).netloc == request.host
    return same_origin and request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Identify the user by a random cookie, which a new user gets."""
    user = request.cookies.get(COOKIE, "")
    is_new = not (len(user) == _COOKIE_LENGTH and user.isascii())
    request[USER] = secrets.token_urlsafe(_TOKEN_BYTES) if is_new else user
    response = await handler(request)
    if is_new and not response.prepared:
        set_cookie(response, COOKIE, request[USER])
    return response


def set_cookie(response: web.StreamResponse, name: str, value: str) -> None:
    """Set a cookie that scripts cannot read, for a year."""
    response.set_cookie(name, value, httponly=True, samesite="Strict", max_age=_YEAR, path="/")


class Password:
    """Asks for a password; a browser that gave it keeps a cookie that proves it."""

    def __init__(self, password: str, page: Handler) -> None:
        """``page`` answers GET /login with a form."""
        self._proof = hmac.new(password.encode(), b"web chat", hashlib.sha256).hexdigest()
        self._password, self._page = password.encode(), page
        self._checking = asyncio.Lock()

    @property
    def middleware(self) -> Any:
        """The middleware that lets nobody through without the cookie."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(_OPEN_PATHS) or self._is_known(request):
                return await handler(request)
            if request.path == "/":
                raise web.HTTPSeeOther("/login")
            raise web.HTTPUnauthorized(text=locale_for(request).say("web.login.needed"))

        return check

    def _is_known(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.cookies.get(PASS_COOKIE, "").encode(), self._proof.encode())

    def add_routes(self, app: web.Application) -> None:
        """Add the page that asks for the password."""
        app.router.add_get("/login", self._page)
        app.router.add_post("/login", self._login)

    async def _login(self, request: web.Request) -> web.StreamResponse:
        given = str((await request.post()).get("password", "")).encode()
        async with self._checking:  # one guess at a time
            if not hmac.compare_digest(given, self._password):
                await asyncio.sleep(_WRONG_PASSWORD_SECONDS)
                raise web.HTTPSeeOther("/login?wrong")
        answer = web.HTTPSeeOther("/")
        set_cookie(answer, PASS_COOKIE, self._proof)
        raise answer
