"""A file server on loopback that can break off, stall and lie."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves ``files``. ``requests``: name and Range header of each request so far.

    ``breaks``: connections that end after ``portion`` bytes, counted down. ``stalls``: connections that fall
    silent there. ``claimed``: a Content-Length other than the true one. ``deaf``: ranges are ignored.
    ``page``: a web page instead. ``endless``: more and more, without any length. ``status``: an answer other
    than 200. ``tag``: the entity tag.
    """

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests = files, list[tuple[str, str | None]]()
        self.breaks = self.stalls = 0
        self.portion, self.claimed, self.deaf, self.page, self.endless = 10_000, 0, False, False, False
        self.status, self.tag, self.away = 200, '"one"', 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FileServer

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        server, name = self.server, self.path.lstrip("/")
        server.requests.append((name, self.headers.get("Range")))
        if server.away or name not in server.files or server.status != 200:
            server.away = max(server.away - 1, 0)
            self.send_error(
                503
                if name in server.files and server.status == 200
                else server.status
                if name in server.files
                else 404
            )
            return
        whole, start = server.files[name], 0
        asked = self.headers.get("Range")
        if asked and not server.deaf and self.headers.get("If-Range") == server.tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(whole):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header(
            "Content-Type", "text/html; charset=utf-8" if server.page else "application/octet-stream"
        )
        self.send_header("ETag", server.tag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        if not server.endless:
            self.send_header(
                "Content-Length", str(server.claimed - start if server.claimed else len(whole) - start)
            )
        self.end_headers()
        self._send(whole[start:])

    def _send(self, body: bytes) -> None:
        server = self.server
        try:
            while server.endless:
                self.wfile.write(body)
            if server.breaks or server.stalls:
                self.wfile.write(body[: server.portion])
                self.wfile.flush()
                if server.stalls:
                    server.stalls -= 1
                    time.sleep(2)
                else:
                    server.breaks -= 1
                return
            self.wfile.write(body)
        except OSError:
            return
        finally:
            self.close_connection = True


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[FileServer]:
    """A running server."""
    server = FileServer(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
