"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.conversation.service import Conversations
from editor.api.client import EditorClient
from storage.blobs import Access
from storage.history import History
from tests import postgres as postgres_server
from tests.tiny import write_bundle


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of bundles with one in it, named tiny."""
    folder = tmp_path_factory.mktemp("bundles")
    write_bundle(folder / "tiny")
    return folder


def make_png(width: int = 160, height: int = 128, seed: int = 0) -> bytes:
    """A picture with something in it."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    coarse.resize((width, height), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def picture() -> bytes:
    """A small PNG."""
    return make_png()


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting of whoever runs the tests reaches them."""
    names = (
        "DISCORD_TOKEN",
        "SHARD_COUNT",
        "SHARD_IDS",
        "BLOBS_URL",
        "HEAR_LEAVERS",
        "OWNER_SERVER",
        "STOP_SECONDS",
        "EDITOR_URL",
        "EDITOR_TOKEN",
        "BUNDLE",
        "BUNDLES_DIR",
        "DATABASE_URL",
        "WEB_HOST",
        "WEB_PASSWORD",
        "WEB_PORT",
        "RETENTION_DAYS",
        "QUALITY",
        "INVERSION_SECONDS",
        "SEARCH_SECONDS",
        "EDITOR_MEMORY_GB",
    )
    for name in (
        *names,
        "C2PA_CERTIFICATE",
        "C2PA_KEY",
        "METRICS_HOST",
        "METRICS_PORT",
        "LOG_LEVEL",
        "LOG_FORMAT",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return


@pytest.fixture(scope="session")
def editor_url(bundles: Path) -> Iterator[str]:
    """A real editor process with the tiny bundle, shared by all tests of a run."""
    with tempfile.TemporaryDirectory(prefix="editor-") as folder:
        socket = Path(folder) / "socket"
        command = [
            sys.executable,
            "-m",
            "editor",
            "serve",
            "--socket",
            str(socket),
            "--bundles",
            str(bundles),
            "--data",
            folder,
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not socket.exists():
            assert process.poll() is None, "the editor did not start"
            assert time.monotonic() < deadline, "the editor takes too long to start"
            time.sleep(0.05)
        try:
            yield f"unix:{socket}"
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture(scope="session")
def postgres() -> Iterator[postgres_server.Cluster]:
    """A PostgreSQL server of our own, shared by all tests of a run."""
    programs = postgres_server.binaries()
    if programs is None or find_spec("asyncpg") is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql): its tests are left out")
    with postgres_server.cluster(programs) as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database, of either kind."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/history.sqlite"
        return
    cluster: postgres_server.Cluster = request.getfixturevalue("postgres")
    with cluster.database() as url:
        yield url


@pytest.fixture(scope="session")
def s3() -> Iterator[Access]:
    """A server on loopback that speaks as S3 does, with a bucket named ``pictures``."""
    if find_spec("moto") is None or find_spec("obstore") is None:
        pytest.skip("moto or obstore is not installed: nothing is kept in S3")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    urllib.request.urlopen(
        urllib.request.Request(f"http://{host}:{port}/pictures", method="PUT"), timeout=20
    ).close()
    yield Access("key", "secret", "us-east-1", f"http://{host}:{port}")
    server.stop()


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    """A fresh history."""
    async with History.open(
        f"sqlite+aiosqlite:///{tmp_path}/history.sqlite", tmp_path / "pictures"
    ) as opened:
        yield opened


@pytest.fixture
async def conversations(history: History, editor_url: str) -> AsyncIterator[Conversations]:
    """The service of conversations on the tiny bundle."""
    async with EditorClient(editor_url) as editor:
        yield Conversations(history, editor, "tiny")
