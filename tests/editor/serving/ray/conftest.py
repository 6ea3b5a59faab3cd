"""A cluster of two nodes on this machine, and two front servers that share it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Running:
    """Addresses of two fronts on one cluster, and of an editor without one; the nodes' process ids."""

    fronts: tuple[str, str]
    local: str
    nodes: tuple[int, ...]

    def processes(self, title: str) -> list[int]:
        """Ids of the processes on our own nodes that have this in their title."""
        return [pid for pid in _descendants(self.nodes) if title.encode() in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _descendants(roots: tuple[int, ...]) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = [], list(roots)
    while todo:
        todo += (below := children.get(todo.pop(), []))
        found += below
    return found


@contextmanager
def process(command: list[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the length of the block."""
    started = subprocess.Popen(
        command, env=os.environ | QUIET | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(ready: object, process: subprocess.Popen[bytes], what: str) -> None:
    deadline = time.monotonic() + 90
    while not ready():  # type: ignore[operator]
        assert process.poll() is None, f"{what} ended"
        assert time.monotonic() < deadline, f"{what} takes too long to start"
        time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def running(bundles: Path) -> Iterator[Running]:
    """Two Ray nodes of one processor each, two fronts on one to two replicas, and an editor without Ray."""
    pytest.importorskip("ray")
    ray = [
        sys.executable,
        "-m",
        "ray.scripts.scripts",
        "start",
        "--block",
        "--num-cpus",
        "1",
        "--node-ip-address",
        "127.0.0.1",
    ]
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as name, ExitStack() as stack:
        folder, port = Path(name), _free_port()
        memory = ["--object-store-memory", str(100 * 2**20), "--temp-dir", name]
        head = stack.enter_context(
            process([*ray, "--head", "--port", str(port), "--include-dashboard", "false", *memory])
        )
        _until(lambda: _listens(port), head, "the head node")
        worker = stack.enter_context(process([*ray, "--address", f"127.0.0.1:{port}", *memory[:2]]))

        def serve(socket: str, *options: str, **environment: str) -> str:
            command = [
                sys.executable,
                "-m",
                "editor",
                "serve",
                "--socket",
                str(folder / socket),
                "--bundles",
                str(bundles),
            ]
            started = stack.enter_context(process([*command, "--data", name, *options], **environment))
            _until((folder / socket).exists, started, "an editor")
            return f"unix:{folder / socket}"

        cluster = {"EDITOR_EXECUTOR": "ray", "RAY_ADDRESS": f"127.0.0.1:{port}", "EDITOR_REPLICAS": "1-2"}
        fronts = (serve("one", **cluster), serve("two", **cluster))
        yield Running(fronts, serve("local", "--threads", "1"), (head.pid, worker.pid))
