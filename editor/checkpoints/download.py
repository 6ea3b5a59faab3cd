"""Downloads that resume after a broken connection. Nothing is accepted unchecked."""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import logging
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editor.api.errors import BadCheckpoint, DiskFull, EditorError
from editor.bundle.manifest import file_hash
from editor.checkpoints.catalogue import PublishedFile

logger = logging.getLogger(__name__)

BLOCK = 1 << 18
MAX_RESTARTS = 2
"""Restarts of a download whose server contradicts itself."""
FINAL = (400, 401, 403, 404, 410, 451)
"""HTTP statuses that another try would not change."""

Progress = Callable[[int, int | None], None]
"""Receives the bytes that are there, and the total if it is known."""


class NoDownload(EditorError):
    """A file could not be downloaded; the message says why and what to do."""

    code, status = "no-download", 502


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        stall: seconds without a byte after which a connection is dropped.
        tries: tries in a row that bring nothing before the download fails.
        pause: seconds before the second try; each further pause is twice as long.
    """

    stall: float = 30.0
    tries: int = 6
    pause: float = 1.0


PATIENCE = Patience()


class _SecureRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but not from https to an open connection."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise NoDownload(
                f"{req.host} redirects this download to an open connection; it was not followed."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(part: PublishedFile, folder: Path, progress: Progress, address: str) -> Path:
    """Download a file into a folder and check it. A partial download there is resumed.

    ``address`` is the published one or a mirror's.

    Raises:
        NoDownload: the file could not be downloaded.
        DiskFull: there is no space.
        BadCheckpoint: the content is not what the publisher states.
    """
    path = folder / part.file
    if path.exists() and matches(part, path):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    transfer = _Transfer(part, address, path.with_name(f"{path.name}.part"), progress)
    transfer.run(PATIENCE)
    if not matches(part, transfer.path):
        transfer.path.unlink()
        raise BadCheckpoint(f"{part.file} is not the published file: its hash is another. It was deleted.")
    transfer.path.replace(path)
    transfer.notes.unlink(missing_ok=True)
    return path


class _Transfer:
    """The download of one file to ``path``.

    The file ``notes`` stores which version of the file the partial download belongs to.
    """

    def __init__(self, part: PublishedFile, address: str, path: Path, progress: Progress) -> None:
        self.part, self.address, self.path, self.progress = part, address, path, progress
        self.notes = path.with_name(f"{path.name}.json")
        self.host = address.split("/")[2]
        self.by_hand = f"Get it by hand, save it as {part.file}, and use --from."
        self.restarts = 0

    @property
    def have(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def run(self, patience: Patience) -> None:
        """Request the missing bytes until all are there. Raises NoDownload."""
        failures = 0
        while True:
            before, trouble = self.have, "the connection breaks off"
            try:
                if self._request(patience.stall):
                    return
            except urllib.error.HTTPError as error:
                if error.code in FINAL:
                    raise NoDownload(
                        f"{self.host} does not give us {self.part.file}: it answers {error.code}. "
                        f"{self.by_hand}"
                    ) from error
                trouble = f"the server answers {error.code}"
            except (OSError, http.client.HTTPException) as error:  # those of urllib are OSErrors
                reason = getattr(error, "reason", error)
                trouble = "it stalls" if isinstance(reason, TimeoutError) else str(reason) or trouble
            failures = 0 if self.have > before else failures + 1
            if failures >= patience.tries:
                raise NoDownload(
                    f"The download of {self.part.file} does not go on: {trouble}. The same command resumes "
                    "it."
                )
            logger.info("The download of %s is tried again: %s.", self.part.file, trouble)
            time.sleep(patience.pause * 2 ** max(failures - 1, 0) if failures else 0)

    def _request(self, stall: float) -> bool:
        """Request the missing bytes once. Returns whether all are there now."""
        headers = {"User-Agent": "styleclip-bot", "Accept-Encoding": "identity"}
        if (have := self.have) and (validator := self._stored_validator()):
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        request = urllib.request.Request(self.address, headers=headers)  # noqa: S310
        try:
            answer = urllib.request.build_opener(_SecureRedirects).open(request, timeout=stall)
        except urllib.error.HTTPError as error:
            if error.code != 416:
                raise
            self._restart()
            return False
        with answer:
            return self._receive(answer)

    def _restart(self) -> None:
        """Start again: the partial download is longer than the file, though the server stated otherwise."""
        self.path.unlink(missing_ok=True)
        self.restarts += 1
        if self.restarts > MAX_RESTARTS:
            raise NoDownload(f"{self.host} has less of {self.part.file} than it says.")

    def _stored_validator(self) -> str | None:
        try:
            return json.loads(self.notes.read_text(encoding="utf-8"))["validator"]
        except (OSError, ValueError, KeyError):
            return None

    def _receive(self, answer: Any) -> bool:
        have, length = self._start(answer), answer.headers.get("Content-Length")
        total = have + int(length) if length is not None else None
        self._check_answer(answer, total)
        self.notes.write_text(json.dumps({"validator": _strong_validator(answer.headers)}), encoding="utf-8")
        with self.path.open("r+b" if have else "wb") as out:
            out.seek(have)
            out.truncate()
            while block := answer.read1(BLOCK):
                have += len(block)
                if have > self.part.max_size:
                    raise NoDownload(
                        f"{self.host} sends far more than {self.part.file} can have; the download was "
                        "stopped."
                    )
                _write(out, block)
                self.progress(have, total)
        return total is None or have == total

    def _start(self, answer: Any) -> int:
        """Return the first byte of the answer: 0 if the server starts again."""
        if answer.status != 206:
            return 0
        start = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
        if not start.isdigit() or int(start) != self.have:
            raise http.client.HTTPException("the server answers with another range than was requested")
        return int(start)

    def _check_answer(self, answer: Any, total: int | None) -> None:
        part = self.part
        if answer.headers.get_content_type() == "text/html":
            raise NoDownload(f"{self.host} answers with a page instead of {part.file}. {self.by_hand}")
        if total is None:
            return
        if total > part.max_size or (part.size is not None and total != part.size):
            wanted = f"{part.size} bytes" if part.size is not None else f"about {part.about:g} MB"
            raise NoDownload(f"{self.host} has a {part.file} of {total} bytes; published are {wanted}.")
        if shutil.disk_usage(self.path.parent).free < total - self.have:
            raise DiskFull()


def _write(out: Any, block: bytes) -> None:
    try:
        out.write(block)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull() from error
        raise


def _strong_validator(headers: Any) -> str | None:
    """Return an entity tag that identifies the exact bytes, or the date of the last change."""
    tag = headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")


def matches(part: PublishedFile, path: Path) -> bool:
    """Whether a file has the size and the hashes that its publisher states."""
    if part.size is not None and path.stat().st_size != part.size:
        return False
    if part.sha256 is not None and file_hash(path) != part.sha256:
        return False
    return part.git is None or _git_blob(path) == part.git


def _git_blob(path: Path) -> str:
    """Return the name that git gives to a file's content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
