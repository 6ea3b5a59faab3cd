"""Settings from .env reach the editor's commands, as its own processes are started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from editor.api.errors import BadRequest
from editor.lab.benchmarks import startup
from editor.serving.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def in_empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and no setting of the editor in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR_BATCH", "4")
    monkeypatch.setenv("EDITOR_MEMORY_GB", "")
    (tmp_path / ".env").write_text(
        "EDITOR_BATCH=2\nEDITOR_MEMORY_GB=3\nRAY_ADDRESS=head:6379  # a comment\nEDITOR_REPLICAS=\n"
        "DISCORD_TOKEN=secret\n"
    )
    settings = Settings.read()
    assert settings.editor_batch == 4
    assert settings.editor_memory_gb == 3
    assert settings.ray_address == "head:6379"
    assert settings.replicas == (1, 4)
    assert "RAY_ADDRESS" not in os.environ
    assert "secret" not in repr(settings)


def test_without_a_file_there_are_defaults() -> None:
    settings = Settings.read()
    assert (settings.editor_executor, settings.editor_batch, settings.token) == ("local", 1, None)
    assert (settings.bundles_dir, settings.data_dir) == (Path("bundles"), Path("data"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EDITOR_BATCH", "0"),
        ("EDITOR_BATCH", "33"),
        ("EDITOR_BATCH", "many"),
        ("EDITOR_REPLICAS", "4-1"),
        ("EDITOR_REPLICAS", "1-2-3"),
        ("EDITOR_REPLICAS", "0"),
        ("EDITOR_REPLICA_BUNDLES", "0"),
        ("EDITOR_REPLICA_CPUS", "two"),
        ("EDITOR_MEMORY_GB", "0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadRequest, match=f"{name}='{value}'"):
        Settings.read()


def test_a_single_number_of_replicas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR_REPLICAS", "3")
    assert Settings.read().replicas == (3, 3)


@pytest.mark.parametrize(
    ("line", "named"), [("EDITOR_BATCH=99", "EDITOR_BATCH"), ("EDITOR_EXECUTOR=moon", "'moon'")]
)
def test_an_editor_names_a_setting_that_makes_no_sense(tmp_path: Path, line: str, named: str) -> None:
    (tmp_path / ".env").write_text(line + "\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EDITOR_")}
    ended = subprocess.run(
        [sys.executable, "-m", "editor", "serve", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**environment, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert ended.returncode == 2
    assert named in ended.stderr


def test_a_start_is_timed_where_the_file_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("EDITOR_TOKEN=secret\n")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert startup.measure()["ready_s"] > 0
