"""The editor's HTTP surface (aiohttp): jobs as idempotent resources that answer with a stream of numbered events."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import ValidationError

from editor.api.errors import BadRequest, Draining, EditorAway, EditorError, NotAuthorised
from editor.api.protocol import Job
from editor.serving.executor import Executor
from editor.serving.jobs import Desk, Jobs
from editor.serving.metrics import CONTENT_TYPE

log = logging.getLogger(__name__)

MOST_BODY = 224 * 1024 * 1024
"""A picture of 50 megapixels without loss, in base64."""
DESK: web.AppKey[Desk] = web.AppKey("desk")
READY = web.AppKey("ready", asyncio.Event)
FAILURE = web.AppKey("failure", list[BaseException])


def _answer(error: EditorError) -> web.Response:
    headers = {"Retry-After": str(error.detail["retry_after"])} if "retry_after" in error.detail else {}
    body = {"code": error.code, "sentence": str(error), "detail": error.detail}
    return web.json_response(body, status=error.status, headers=headers)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except EditorError as error:
        return _answer(error)


def _guard(token: str | None) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise NotAuthorised()
        return await handler(request)

    return guard


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "alive", "pid": os.getpid()})


async def _ready(request: web.Request) -> web.Response:
    desk, ready, failures = request.app[DESK], request.app[READY], request.app[FAILURE]
    if failures:
        return web.json_response({"status": "failed", "sentence": str(failures[0])}, status=500)
    if ready.is_set() and not desk.draining:
        return web.json_response({"status": "ready"})
    return web.json_response({"status": "draining" if desk.draining else "loading"}, status=503)


async def _bundles(request: web.Request) -> web.Response:
    infos = [info.model_dump(mode="json") for info in await request.app[DESK].bundles()]
    return web.json_response({"bundles": infos})


async def _reload(request: web.Request) -> web.Response:
    """The files of all bundles are read anew; answers as ``_bundles`` does."""
    await request.app[READY].wait()
    await request.app[DESK].reload()
    request.app[FAILURE].clear()
    return await _bundles(request)


async def _status(request: web.Request) -> web.Response:
    return web.json_response((await request.app[DESK].status()).model_dump(mode="json"))


async def _figures(request: web.Request) -> web.Response:
    return web.Response(body=await request.app[DESK].figures(), headers={"Content-Type": CONTENT_TYPE})


def _after(request: web.Request) -> int:
    try:
        return max(0, int(request.query.get("after", "0")))
    except ValueError:
        raise BadRequest("'after' must be a whole number.") from None


async def _put_job(request: web.Request) -> web.StreamResponse:
    after, body = _after(request), await request.read()
    try:
        job = await asyncio.to_thread(
            Job.model_validate_json, body
        )  # megabytes of base64: off the event loop
    except ValidationError as error:
        fields = sorted(
            {".".join(str(part) for part in item["loc"]) for item in error.errors(include_input=False)}
        )
        raise BadRequest("This request could not be understood: " + ", ".join(fields[:5]) + ".") from error
    desk, identifier = request.app[DESK], request.match_info["id"]
    if desk.draining:
        raise Draining()
    await request.app[READY].wait()
    if request.app[FAILURE]:
        raise EditorAway("The editor could not load its models.")
    await desk.put(identifier, job)
    response = web.StreamResponse(
        headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    with suppress(ConnectionError):  # whoever left can come back with ?after=N; the job goes on
        async for line in desk.events(identifier, after):
            await response.write(line)
        await response.write_eof()
    return response


async def _get_job(request: web.Request) -> web.Response:
    state = await request.app[DESK].state(request.match_info["id"])
    return web.json_response(state.model_dump())


async def _delete_job(request: web.Request) -> web.Response:
    state = await request.app[DESK].cancel(request.match_info["id"])
    return web.json_response(state.model_dump(include={"id", "state"}), status=202)


def create_app(executor: Executor, token: str | None = None, per_user: int = 8) -> web.Application:
    """The application around an executor, which is started in the background: readiness fails until it is up."""
    return app_around(Jobs(executor, per_user), token)


def app_around(desk: Desk, token: str | None = None) -> web.Application:
    """The application around whoever keeps the jobs."""
    guards: list[Middleware] = [_errors, _guard(token)]
    app = web.Application(middlewares=guards, client_max_size=MOST_BODY)
    app[DESK], app[READY], app[FAILURE] = desk, asyncio.Event(), []
    app.add_routes(
        [
            web.get("/v1/health", _health),
            web.get("/v1/ready", _ready),
            web.get("/v1/bundles", _bundles),
            web.post("/v1/bundles/reload", _reload),
            web.get("/v1/status", _status),
            web.put("/v1/jobs/{id:[A-Za-z0-9_.-]{1,100}}", _put_job),
            web.get("/v1/jobs/{id}", _get_job),
            web.delete("/v1/jobs/{id}", _delete_job),
            web.get("/metrics", _figures),
        ]
    )
    app.cleanup_ctx.append(_desk_lifetime)
    return app


async def _desk_lifetime(app: web.Application):  # type: ignore[no-untyped-def]  # aiohttp's own signature
    async def load() -> None:
        try:
            await app[DESK].start()
        except Exception as error:
            app[FAILURE].append(error)
            app[READY].set()
            log.error("the editor could not load: %s", error)
            if not isinstance(error, EditorError):
                log.debug("details", exc_info=True)
        else:
            app[READY].set()

    loading = asyncio.create_task(load())
    yield
    await asyncio.gather(loading, return_exceptions=True)
    await app[DESK].stop()


def check_exposure(host: str, token: str | None) -> None:
    """Raises BadRequest when the editor would listen beyond this machine without a token."""
    local = host == "localhost"
    with suppress(ValueError):
        local = local or ip_address(host).is_loopback
    if not local and not token:
        raise BadRequest("Set EDITOR_TOKEN before the editor listens beyond this machine.")


async def serve(
    app: web.Application, host: str, port: int, socket: Path | None, announce: Callable[[str], None]
) -> None:
    """Listen until SIGTERM or SIGINT, then drain: what runs is finished, what waits is told."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=False, shutdown_timeout=5.0)
    await runner.setup()
    if socket is not None:
        socket.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before anything is served
        old = os.umask(0o177)
        try:
            await web.UnixSite(runner, str(socket)).start()
        finally:
            os.umask(old)
        announce(f"unix:{socket}")
    else:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        announce(f"http://{host}:{bound}")
    try:
        await stop.wait()
        await app[DESK].drain()
    finally:
        await runner.cleanup()
