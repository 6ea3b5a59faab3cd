"""The editor's HTTP API (aiohttp).

A job is an idempotent resource that answers with a stream of numbered events.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import TypeAdapter, ValidationError

from editor.api import framing
from editor.api.errors import BadRequest, Draining, EditorAway, EditorError, NotAuthorised
from editor.api.protocol import Event
from editor.serving.metrics import CONTENT_TYPE as METRICS_TYPE
from editor.serving.uploads import AttachmentCache, ByteBudget, declared_size, parse_job, read_body

if TYPE_CHECKING:
    from editor.serving.jobs import LocalJobs
    from editor.serving.ray.client import ClusterJobs

log = logging.getLogger(__name__)

IDLE_SECONDS = 75.0
"""After this long, a connection is closed that is idle or has sent half of its headers."""
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
JOBS: web.AppKey[LocalJobs | ClusterJobs] = web.AppKey("jobs")
READY = web.AppKey("ready", asyncio.Event)
FAILURE = web.AppKey("failure", list[BaseException])
BUDGET = web.AppKey("budget", ByteBudget)
CACHE = web.AppKey("cache", AttachmentCache)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except EditorError as error:
        headers = {"Retry-After": str(error.detail["retry_after"])} if "retry_after" in error.detail else {}
        body = {"code": error.code, "sentence": str(error), "detail": error.detail}
        return web.json_response(body, status=error.status, headers=headers)


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
    jobs, ready, failures = request.app[JOBS], request.app[READY], request.app[FAILURE]
    if failures:
        return web.json_response({"status": "failed", "sentence": str(failures[0])}, status=500)
    if ready.is_set() and not jobs.draining:
        return web.json_response({"status": "ready"})
    return web.json_response({"status": "draining" if jobs.draining else "loading"}, status=503)


async def _bundles(request: web.Request) -> web.Response:
    infos = [info.model_dump(mode="json") for info in await request.app[JOBS].bundles()]
    return web.json_response({"bundles": infos})


async def _reload(request: web.Request) -> web.Response:
    """Read the files of all bundles again, and answer as ``_bundles`` does."""
    await request.app[READY].wait()
    await request.app[JOBS].reload()
    request.app[FAILURE].clear()
    return await _bundles(request)


async def _status(request: web.Request) -> web.Response:
    return web.json_response((await request.app[JOBS].status()).model_dump(mode="json"))


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(body=await request.app[JOBS].metrics(), headers={"Content-Type": METRICS_TYPE})


async def _put_job(request: web.Request) -> web.StreamResponse:
    """Start or attach to a job. Its bytes count against the budget until it is over."""
    try:
        after = max(0, int(request.query.get("after", "0")))
    except ValueError:
        raise BadRequest("'after' must be a whole number.") from None
    async with request.app[BUDGET].hold(declared_size(request)):
        await _start_job(request)
        return await _stream(request, after)


async def _start_job(request: web.Request) -> None:
    jobs, body = request.app[JOBS], await read_body(request.content)
    try:
        job, digest = await asyncio.to_thread(parse_job, body, request.content_type, request.app[CACHE])
    except ValidationError as error:
        places = {".".join(map(str, item["loc"])) for item in error.errors(include_input=False)}
        fields = ", ".join(sorted(places)[:5])
        raise BadRequest(f"This request could not be understood: {fields}.") from error
    del body  # as large as the job's attachments
    if jobs.draining:
        raise Draining()
    await request.app[READY].wait()
    if request.app[FAILURE]:
        raise EditorAway("The editor could not load its models.")
    await jobs.put(request.match_info["id"], job, digest)


async def _stream(request: web.Request, after: int) -> web.StreamResponse:
    """Send the events of a job, as frames to clients that accept them, else as NDJSON.

    Returns when the job is over, even if the client has left.
    """
    framed, connected = framing.CONTENT_TYPE in request.headers.get("Accept", ""), True
    kind = framing.CONTENT_TYPE if framed else "application/x-ndjson"
    response = web.StreamResponse(headers={"Content-Type": kind, "Cache-Control": "no-store"})
    with suppress(ConnectionError):
        await response.prepare(request)
    with suppress(ConnectionError):  # a lost cluster ends the stream early; the client asks again
        async for frame in request.app[JOBS].events(request.match_info["id"], after):
            if not connected:
                continue
            try:
                await response.write(frame.encode() if framed else _json_line(frame))
            except ConnectionError:  # the job goes on; the client may come back with ?after=N
                connected = False
        await response.write_eof()
    return response


def _json_line(frame: framing.Frame) -> bytes:
    event: Event = frame.parse(EVENTS)
    return event.model_dump_json().encode() + b"\n"


async def _get_job(request: web.Request) -> web.Response:
    state = await request.app[JOBS].state(request.match_info["id"])
    return web.json_response(state.model_dump())


async def _delete_job(request: web.Request) -> web.Response:
    state = await request.app[JOBS].cancel(request.match_info["id"])
    return web.json_response(state.model_dump(include={"id", "state"}), status=202)


def create_app(jobs: LocalJobs | ClusterJobs, token: str | None = None) -> web.Application:
    """Return the application for a job service, which starts in the background (see ``/v1/ready``)."""
    app = web.Application(middlewares=[_errors, _guard(token)])
    app[JOBS], app[READY], app[FAILURE] = jobs, asyncio.Event(), []
    app[BUDGET], app[CACHE] = ByteBudget(), AttachmentCache()
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
            web.get("/metrics", _metrics),
        ]
    )
    app.cleanup_ctx.append(_job_service)
    return app


async def _job_service(app: web.Application) -> AsyncIterator[None]:
    async def start() -> None:
        try:
            await app[JOBS].start()
        except Exception as error:
            app[FAILURE].append(error)
            log.error("the editor could not load: %s", error)
            if not isinstance(error, EditorError):
                log.debug("details", exc_info=True)
        app[READY].set()

    starting = asyncio.create_task(start())
    yield
    await asyncio.gather(starting, return_exceptions=True)
    await app[JOBS].stop()


def check_exposure(host: str, token: str | None) -> None:
    """Raise BadRequest if the editor would listen beyond this machine without a token."""
    local = host == "localhost"
    with suppress(ValueError):
        local = local or ip_address(host).is_loopback
    if not local and not token:
        raise BadRequest("Set EDITOR_TOKEN before the editor listens beyond this machine.")


@dataclass(frozen=True)
class Address:
    """Where the editor listens: a host and port, or a Unix socket if there is one."""

    host: str
    port: int
    socket: Path | None = None


async def serve(app: web.Application, address: Address) -> None:
    """Listen until SIGTERM or SIGINT, then drain: finish what runs and fail what waits."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=False, shutdown_timeout=5.0, keepalive_timeout=IDLE_SECONDS
    )
    await runner.setup()
    try:
        if address.socket is None:
            await web.TCPSite(runner, address.host, address.port).start()
            url = f"http://{address.host}:{runner.addresses[0][1]}"
        else:
            await _listen_privately(runner, address.socket)
            url = f"unix:{address.socket}"
        print(f"editor listening on {url}", flush=True)
        await stop.wait()
        await app[JOBS].drain()
    finally:
        await runner.cleanup()


async def _listen_privately(runner: web.AppRunner, socket: Path) -> None:
    """Listen on a Unix socket that only this user may open."""
    socket.unlink(missing_ok=True)  # noqa: ASYNC240 - once, before anything is served
    old = os.umask(0o177)
    try:
        await web.UnixSite(runner, str(socket)).start()
    finally:
        os.umask(old)
