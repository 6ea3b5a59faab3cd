"""What is missing is said in one sentence, before anything starts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import locales
from bot.app import checks
from bot.errors import StartError, sentence_for
from bot.settings import Settings

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"


def sentences(settings: Settings) -> list[str]:
    return [sentence_for(problem, locales.get("en")) for problem in checks.problems(settings)]


def test_all_is_well_and_the_folder_is_made(tmp_path: Path) -> None:
    assert sentences(Settings(data_dir=tmp_path / "data", discord_token=SecretStr(TOKEN))) == []
    assert (tmp_path / "data").is_dir()
    assert list((tmp_path / "data").iterdir()) == []


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"no database at all" * 100)
    url = f"sqlite+aiosqlite:///{damaged}"
    told = sentences(
        Settings(data_dir=tmp_path / "data", database_url=url, discord_token=SecretStr("Bot " + TOKEN))
    )
    assert len(told) == 3
    assert "DATA_DIR" in told[0]
    assert "not a database" in told[1]
    assert "DISCORD_TOKEN does not look like" in told[2]
    assert not any(TOKEN in sentence for sentence in told)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StartError, match=r"start.data-folder"):
        checks.check_folder(tmp_path / "data")


def test_too_little_space(tmp_path: Path) -> None:
    checks.check_space(tmp_path / "not" / "yet", least=1)
    with pytest.raises(StartError, match=r"start.disk-full"):
        checks.check_space(tmp_path / "not" / "yet", least=10**9)


@pytest.mark.parametrize(
    "url", ["nonsense", "sqlite+aiosqlite:////nowhere/yet.sqlite", "postgresql+asyncpg://host/bot"]
)
def test_addresses_of_databases(url: str) -> None:
    if url == "nonsense":
        with pytest.raises(StartError, match=r"start.database"):
            checks.check_database(url)
    else:
        checks.check_database(url)


@pytest.mark.parametrize(
    "token", ["", "x", "Bot " + TOKEN, TOKEN + "\n", f'"{TOKEN}"', TOKEN.replace(".", "")]
)
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(StartError, match=r"start.token"):
        checks.check_token(SecretStr(token))


def spoilt(name: str) -> Callable[[Path], dict[str, str]]:
    def newer(folder: Path) -> dict[str, str]:
        import sqlite3

        (folder / "data").mkdir()
        connection = sqlite3.connect(folder / "data" / "history.sqlite")
        connection.executescript(
            "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')"
        )
        connection.close()
        return {}

    return {
        "newer": newer,
        "token": lambda _: {"DISCORD_TOKEN": "swordfish"},
        "certificate": lambda folder: {
            "C2PA_CERTIFICATE": str(folder / "none.pem"),
            "C2PA_KEY": str(folder / "none.pem"),
        },
        "level": lambda _: {"LOG_LEVEL": "LOUD"},
        "host": lambda _: {"WEB_HOST": "0.0.0.0"},
        "bundle": lambda _: {"BUNDLE": "no-such-bundle"},
    }[name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("newer", "newer version"),
        ("token", "DISCORD_TOKEN does not look like"),
        ("certificate", "C2PA_CERTIFICATE names cannot be read"),
        ("level", "The setting LOG_LEVEL is not valid"),
        ("host", "set WEB_PASSWORD too"),
        ("bundle", "no bundle “no-such-bundle”, which BUNDLE names"),
    ],
)
def test_the_command_says_one_sentence_and_ends(tmp_path: Path, name: str, words: str) -> None:
    environment = os.environ | {"WEB_PORT": "0", "LANG": "C"} | spoilt(name)(tmp_path)
    command = [sys.executable, "-m", "bot"]
    ran = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment | {"DATA_DIR": str(tmp_path / "data")},
    )
    assert ran.returncode == 2
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "swordfish" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "chat.example"])
def test_other_machines_need_a_password(host: str) -> None:
    with pytest.raises(StartError, match=r"start.host-open"):
        checks.check_host(Settings(web_host=host))
    checks.check_host(Settings(web_host=host, web_password=SecretStr("long enough")))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_loopback_needs_no_password(host: str) -> None:
    checks.check_host(Settings(web_host=host))


def test_a_port_that_is_taken_and_an_address_of_another_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=r"start.port-taken") as caught:
            checks.check_port("WEB", "127.0.0.1", port)
        sentence = sentence_for(caught.value, locales.get("en"))
        assert "WEB_PORT" in sentence
        assert str(port) in sentence
    checks.check_port("WEB", "127.0.0.1", port)
    checks.check_port("METRICS", "127.0.0.1", None)
    with pytest.raises(StartError, match=r"start.host-unknown") as unknown:
        checks.check_port("METRICS", "192.0.2.7", 0)
    assert "METRICS_HOST" in sentence_for(unknown.value, locales.get("en"))


def test_a_bundle_that_is_not_installed() -> None:
    checks.check_bundle(None, ["avatar"])
    checks.check_bundle("avatar", ["avatar", "critters"])
    with pytest.raises(StartError, match=r"start.bundle") as caught:
        checks.check_bundle("faces", ["avatar", "critters"])
    sentence = sentence_for(caught.value, locales.get("en"))
    assert "BUNDLE" in sentence
    assert "avatar, critters" in sentence
