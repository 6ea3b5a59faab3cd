"""Settings from .env reach the editor's commands, as its own processes are started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from editor.lab.benchmarks import startup
from editor.serving.settings import read_dotenv

ROOT = Path(__file__).parents[3]


def test_a_file_says_what_the_environment_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR_BATCH", "4")
    monkeypatch.setenv("EDITOR_MEMORY_GB", "")
    for name in ("RAY_ADDRESS", "EDITOR_REPLICAS", "DISCORD_TOKEN"):
        monkeypatch.setenv(name, "")  # so that they are as before once the test is over
        monkeypatch.delenv(name)
    file = tmp_path / ".env"
    file.write_text(
        "EDITOR_BATCH=2\nEDITOR_MEMORY_GB=3\nRAY_ADDRESS=head:6379  # a comment\nEDITOR_REPLICAS=\nDISCORD_TOKEN=secret\n"
    )
    read_dotenv(file)
    assert os.environ["EDITOR_BATCH"] == "4"
    assert os.environ["EDITOR_MEMORY_GB"] == "3"
    assert os.environ["RAY_ADDRESS"] == "head:6379"
    assert "EDITOR_REPLICAS" not in os.environ
    assert "DISCORD_TOKEN" not in os.environ
    read_dotenv(tmp_path / "none")


@pytest.mark.parametrize(
    ("line", "said"), [("EDITOR_BATCH=99", "EDITOR_BATCH"), ("EDITOR_EXECUTOR=moon", "'moon'")]
)
def test_an_editor_is_told_where_its_file_makes_no_sense(tmp_path: Path, line: str, said: str) -> None:
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
    assert said in ended.stderr


def test_a_start_is_timed_where_the_file_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("EDITOR_TOKEN=secret\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("EDITOR_TOKEN", "")  # so that it is as before once the test is over
    read_dotenv()
    assert startup.measure()["ready_s"] > 0
