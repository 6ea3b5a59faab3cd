"""Downloads that survive a bad line: what is there stays, the rest is asked for, and nothing is believed that was not checked."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editor.api.errors import BadCheckpoint, DiskFull, EditorError
from editor.checkpoints.catalogue import Published

logger = logging.getLogger(__name__)

BLOCK = 1 << 18
BROKEN = (OSError, http.client.HTTPException)
"""What a line that breaks off or stalls raises; urllib's own errors are OSErrors."""
MOST_RESTARTS = 2
"""How often a download begins again because its server contradicts itself."""
FINAL = (400, 401, 403, 404, 410, 451)
"""Answers that another try would not change."""


class NoDownload(EditorError):
    """A file could not be had; the sentence says why and what can be done."""

    code, status = "no-download", 502


@dataclass(frozen=True)
class Patience:
    """``stall``: seconds without a byte after which a connection is given up. ``tries`` in a row without any progress, with
    ``pause`` seconds before the second and twice as many before each further one."""

    stall: float = 30.0
    tries: int = 6
    pause: float = 1.0


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to something less."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise NoDownload(f"{req.host} sends this download over an open line; it was not followed.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(
    part: Published,
    folder: Path,
    progress: Callable[[int, int | None], None] | None = None,
    patience: Patience | None = None,
    address: str | None = None,
) -> Path:
    """The file of a part in ``folder``, checked. A beginning that lies there is gone on with.

    ``progress(have, total)`` is told bytes. ``address`` replaces the published one (a mirror). Raises NoDownload, DiskFull,
    or BadCheckpoint where the content is not what its publisher states.
    """
    path = folder / part.file
    if path.exists() and is_right(part, path):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    fetch = _Fetch(
        part, address or part.address, path.with_name(f"{path.name}.part"), progress or (lambda *_: None)
    )
    fetch.run(patience or Patience())
    check(part, fetch.path)
    fetch.path.replace(path)
    fetch.notes.unlink(missing_ok=True)
    return path


class _Fetch:
    """One file on its way."""

    def __init__(
        self, part: Published, address: str, path: Path, progress: Callable[[int, int | None], None]
    ) -> None:
        self.part, self.address, self.path, self.progress = part, address, path, progress
        self.notes = path.with_name(f"{path.name}.json")
        self.total: int | None = None
        self.restarts = 0

    @property
    def have(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def run(self, patience: Patience) -> None:
        """Ask until all of it is there."""
        failures = 0
        while True:
            before = self.have
            try:
                if self._ask(patience):
                    return
                trouble = "the connection breaks off"
            except urllib.error.HTTPError as error:
                if error.code in FINAL:
                    raise NoDownload(
                        f"{self._host} has no {self.part.file} for us: it answers {error.code}. {self._by_hand}"
                    ) from error
                trouble = f"the server answers {error.code}"
            except TimeoutError:
                trouble = "it stalls"
            except BROKEN as error:
                trouble = str(getattr(error, "reason", "") or error) or "the connection breaks off"
            failures = 0 if self.have > before else failures + 1
            if failures >= patience.tries:
                raise NoDownload(
                    f"The download of {self.part.file} does not go on: {trouble}. Asking again goes on from here."
                )
            logger.info("download of %s: %s; trying again", self.part.file, trouble)
            time.sleep(patience.pause * 2 ** max(failures - 1, 0) if failures else 0)

    @property
    def _host(self) -> str:
        return self.address.split("/")[2]

    @property
    def _by_hand(self) -> str:
        return f"Get it by hand, save it as {self.part.file}, and use --from."

    def _ask(self, patience: Patience) -> bool:
        """One request for what is missing; is everything there after it?"""
        request = urllib.request.Request(  # noqa: S310
            self.address, headers={"User-Agent": "styleclip-bot", "Accept-Encoding": "identity"}
        )
        have, validator = self.have, self._validator()
        if have and validator:
            request.add_header("Range", f"bytes={have}-")
            request.add_header("If-Range", validator)
        elif have:
            self.path.unlink()
        opener = urllib.request.build_opener(_Redirects)
        try:
            answer = opener.open(request, timeout=patience.stall)
        except urllib.error.HTTPError as error:
            if error.code != 416:
                raise
            self._start_again()
            return False
        except urllib.error.URLError as error:
            if isinstance(error.reason, socket.timeout):
                raise TimeoutError from error
            raise
        with answer:
            return self._take(answer)

    def _start_again(self) -> None:
        """What is here is longer than what is there, though the server said otherwise."""
        self.path.unlink(missing_ok=True)
        self.restarts += 1
        if self.restarts > MOST_RESTARTS:
            raise NoDownload(f"{self._host} has less of {self.part.file} than it says.")

    def _validator(self) -> str | None:
        """What names the version of the file that the beginning here belongs to."""
        try:
            return json.loads(self.notes.read_text(encoding="utf-8"))["validator"]
        except (OSError, ValueError, KeyError):
            return None

    def _take(self, answer: Any) -> bool:
        start, length = self._start(answer), answer.headers.get("Content-Length")
        self.total = start + int(length) if length is not None else None
        self._check_answer(answer)
        self.notes.write_text(json.dumps({"validator": _strong(answer.headers)}), encoding="utf-8")
        have = start
        with self.path.open("r+b" if start else "wb") as out:
            out.seek(start)
            out.truncate()
            while block := answer.read1(BLOCK):
                have += len(block)
                if have > self.part.most:
                    raise NoDownload(
                        f"{self._host} sends far more than {self.part.file} can be; the download was stopped."
                    )
                _write(out, block)
                self.progress(have, self.total)
        return have == self.total if self.total is not None else True

    def _start(self, answer: Any) -> int:
        """From which byte the answer goes on; 0 where the server begins again."""
        said = answer.headers.get("Content-Range", "")
        if answer.status != 206:
            return 0
        start = said.removeprefix("bytes ").partition("-")[0]
        if not start.isdigit() or int(start) != self.have:
            raise http.client.HTTPException("the server answers with another range than was asked for")
        return int(start)

    def _check_answer(self, answer: Any) -> None:
        if answer.headers.get_content_type() == "text/html":
            raise NoDownload(f"{self._host} answers with a page instead of {self.part.file}. {self._by_hand}")
        if self.total is None:
            return
        if self.total > self.part.most or (self.part.size is not None and self.total != self.part.size):
            wanted = (
                f"{self.part.size} bytes" if self.part.size is not None else f"about {self.part.about:g} MB"
            )
            raise NoDownload(
                f"{self._host} has a {self.part.file} of {self.total} bytes; published are {wanted}."
            )
        if shutil.disk_usage(self.path.parent).free < self.total - self.have:
            raise DiskFull()


def _write(out: Any, block: bytes) -> None:
    try:
        out.write(block)
    except OSError as error:
        if error.errno == 28:
            raise DiskFull() from error
        raise


def _strong(headers: Any) -> str | None:
    """An entity tag that stands for the very bytes, else the date of the last change."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")


# checking


def sha256(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_blob(path: Path) -> str:
    """The name that git gives to a file's content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def is_right(part: Published, path: Path) -> bool:
    """Is a file what its publisher states, as far as that is known?"""
    if part.size is not None and path.stat().st_size != part.size:
        return False
    if part.sha256 is not None and sha256(path) != part.sha256:
        return False
    return part.git is None or git_blob(path) == part.git


def check(part: Published, path: Path) -> None:
    """Raise BadCheckpoint, with the file removed, where it is not what its publisher states."""
    if not is_right(part, path):
        path.unlink()
        raise BadCheckpoint(
            f"{part.file} is not the published file: its hash is another. It was thrown away."
        )
