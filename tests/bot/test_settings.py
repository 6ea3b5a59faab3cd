"""Settings from the environment, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import BadSettings
from bot.settings import load
from storage.blobs import BlobStore


def test_shards_of_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().shards is None
    monkeypatch.setenv("SHARD_IDS", "0-2, 5")
    for count in ("", "5"):
        monkeypatch.setenv("SHARD_COUNT", count)
        with pytest.raises(BadSettings):
            load()
    monkeypatch.setenv("SHARD_COUNT", "6")
    assert load().shards == (0, 1, 2, 5)
    monkeypatch.setenv("SHARD_IDS", "all of them")
    with pytest.raises(BadSettings):
        load()


def test_passwords_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://bot:swordfish@host/bot")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "open sesame")
    assert set(load().secrets) == {"swordfish", "open sesame"}


def test_pictures_are_stored_where_the_setting_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert load().blobs.folder == tmp_path / "data" / "pictures"
    monkeypatch.setenv("BLOBS_URL", str(tmp_path / "shared"))
    assert isinstance(load().blobs, BlobStore)
    assert load().blobs.folder == tmp_path / "shared"
