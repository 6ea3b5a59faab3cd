"""A throw-away PostgreSQL: a cluster in a temporary folder that listens on a socket in it, and a database
for each test."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAMS = ("initdb", "pg_ctl", "createdb", "dropdb")
_QUICK = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=200",
)


def binaries() -> Path | None:
    """The folder of the newest server's programs, None where none is installed."""
    folders = [
        *map(Path, os.get_exec_path()),
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version),
    ]
    return next((one for one in reversed(folders) if all((one / name).exists() for name in _PROGRAMS)), None)


def _version(folder: Path) -> float:
    return float(folder.parent.name)


class Cluster:
    """A running server. It does as its one user ``bot`` says who comes through the socket."""

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self.programs, self.folder, self.user = programs, folder, user

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs."""
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(command, user=self.user, cwd="/", capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def restart(self) -> None:
        """Break all connections off, and start again."""
        self.stop("fast")
        self.start()

    def start(self) -> None:
        options = " ".join(
            f"-c {option}"
            for option in (*_QUICK, "listen_addresses=", f"unix_socket_directories={self.folder}")
        )
        self.run(
            "pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", mode, "stop")

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of an empty database, which is dropped at the end."""
        name = f"test_{uuid.uuid4().hex}"
        self.run("createdb", "-h", str(self.folder), "-U", "bot", name)
        try:
            yield f"postgresql+asyncpg://bot@/{name}?host={self.folder}"
        finally:
            self.run("dropdb", "-h", str(self.folder), "-U", "bot", "--force", name)


@contextmanager
def cluster(programs: Path) -> Iterator[Cluster]:
    """A server for the length of the block. Root has it run by somebody else, as the server demands."""
    user = None if os.geteuid() else _somebody()
    with tempfile.TemporaryDirectory(
        prefix="postgres-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:  # a socket's path is short
        made = Cluster(programs, Path(name), user)
        if user is not None:
            shutil.chown(name, user)
        made.run(
            "initdb",
            "-D",
            f"{name}/data",
            "-A",
            "trust",
            "-U",
            "bot",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        )
        made.start()
        try:
            yield made
        finally:
            made.stop()


def _somebody() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
