"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
    for name in ("DISCORD_TOKEN", "EDITOR_URL", "EDITOR_TOKEN", "BUNDLE", "BUNDLES_DIR", "DATABASE_URL", "WEB_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return
