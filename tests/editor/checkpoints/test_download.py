"""Downloads from a server that breaks off, stalls, lies or sends other bytes."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from editor.api.errors import BadCheckpoint, DiskFull
from editor.checkpoints import download as downloading
from editor.checkpoints.catalogue import PublishedFile, catalogue
from editor.checkpoints.download import NoDownload, Patience, Progress, matches
from tests.editor.checkpoints.file_server import FileServer, serving

CONTENT = np.random.default_rng(0).integers(0, 256, 100_000, dtype=np.uint8).tobytes()
PATIENCE = Patience(stall=0.3, tries=3, pause=0.01)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "PATIENCE", PATIENCE)


def download(
    part: PublishedFile, folder: Path, progress: Progress = lambda *_: None, address: str | None = None
) -> Path:
    return downloading.download(part, folder, progress, address or part.address)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving({"x.bin": CONTENT}) as running:
        yield running


@pytest.fixture
def part(server: FileServer) -> PublishedFile:
    known = hashlib.sha256(CONTENT).hexdigest()
    return PublishedFile("nvidia", "generator", "x.bin", f"{server.address}/x.bin", 0.1, "MIT", sha256=known)


def fetched(part: PublishedFile, folder: Path) -> bytes:
    path = download(part, folder)
    assert [entry.name for entry in folder.iterdir()] == ["x.bin"]
    return path.read_bytes()


def test_a_plain_download_tells_its_progress(server: FileServer, part: PublishedFile, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    download(part, tmp_path / "d", lambda have, total: told.append((have, total)))
    assert told[-1] == (100_000, 100_000)
    assert fetched(part, tmp_path / "d") == CONTENT
    assert len(server.requests) == 1  # what is there and right is not asked for again


def test_a_connection_that_breaks_off_is_resumed(
    server: FileServer, part: PublishedFile, tmp_path: Path
) -> None:
    server.breaks = 5  # more often than there are tries, but with progress every time
    assert fetched(part, tmp_path / "d") == CONTENT
    assert [asked for _, asked in server.requests] == [
        None,
        *(f"bytes={10_000 * times}-" for times in range(1, 6)),
    ]


def test_a_connection_that_stalls_is_dropped_and_resumed(
    server: FileServer, part: PublishedFile, tmp_path: Path
) -> None:
    server.stalls = 1
    assert fetched(part, tmp_path / "d") == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=10000-"]


def test_a_server_without_progress_fails_and_the_partial_file_is_kept(
    server: FileServer, part: PublishedFile, tmp_path: Path
) -> None:
    server.breaks, server.deaf = 100, True
    with pytest.raises(NoDownload, match="does not go on: the connection breaks off"):
        download(part, tmp_path)
    assert (tmp_path / "x.bin.part").stat().st_size == 10_000
    server.breaks, server.deaf = 0, False
    assert fetched(part, tmp_path) == CONTENT
    assert server.requests[-1] == ("x.bin", "bytes=10000-")


def test_another_version_of_the_file_is_not_appended_to_the_partial_file(
    server: FileServer, part: PublishedFile, tmp_path: Path
) -> None:
    server.breaks, server.deaf = 100, True
    with pytest.raises(NoDownload):
        download(part, tmp_path)
    other = CONTENT[::-1]
    server.files["x.bin"], server.tag, server.breaks, server.deaf = other, '"two"', 0, False
    newer = replace(part, sha256=hashlib.sha256(other).hexdigest())
    assert fetched(newer, tmp_path) == other


def test_a_server_that_is_away_for_a_while(server: FileServer, part: PublishedFile, tmp_path: Path) -> None:
    server.away = 2
    assert fetched(part, tmp_path / "d") == CONTENT


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_final_status_fails_at_once(
    status: int, server: FileServer, part: PublishedFile, tmp_path: Path
) -> None:
    server.status = status
    with pytest.raises(
        NoDownload, match=rf"answers {status}\. Get it by hand, save it as x\.bin, and use --from\."
    ):
        download(part, tmp_path)
    assert len(server.requests) == 1


def test_a_page_instead_of_the_file(server: FileServer, part: PublishedFile, tmp_path: Path) -> None:
    server.page = True
    with pytest.raises(NoDownload, match="answers with a page instead"):
        download(part, tmp_path)


def test_other_bytes_are_deleted(server: FileServer, part: PublishedFile, tmp_path: Path) -> None:
    server.files["x.bin"] = b"\0" + CONTENT[1:]
    with pytest.raises(BadCheckpoint, match="hash is another"):
        download(part, tmp_path)
    assert list(tmp_path.glob("x.bin*")) in ([], [tmp_path / "x.bin.part.json"])


def test_a_length_that_is_too_large_is_not_believed(
    server: FileServer, part: PublishedFile, tmp_path: Path
) -> None:
    server.claimed = 10**12
    with pytest.raises(NoDownload, match=r"has a x\.bin of 1000000000000 bytes; published are about 0\.1 MB"):
        download(part, tmp_path)


def test_a_server_that_has_less_than_it_states(
    server: FileServer, part: PublishedFile, tmp_path: Path
) -> None:
    server.claimed = 150_000
    with pytest.raises(NoDownload, match=r"has less of x\.bin than it says"):
        download(part, tmp_path)


def test_a_length_that_is_too_small_leaves_a_file_that_is_refused(
    server: FileServer, part: PublishedFile, tmp_path: Path
) -> None:
    server.claimed = 50_000
    with pytest.raises(BadCheckpoint, match="hash is another"):
        download(part, tmp_path)


def test_a_published_size_must_match(server: FileServer, part: PublishedFile, tmp_path: Path) -> None:
    with pytest.raises(NoDownload, match="published are 99999 bytes"):
        download(replace(part, size=99_999), tmp_path)


def test_an_endless_answer_is_stopped(server: FileServer, part: PublishedFile, tmp_path: Path) -> None:
    server.endless = True
    with pytest.raises(NoDownload, match="far more than"):
        download(part, tmp_path)
    assert (tmp_path / "x.bin.part").stat().st_size <= part.max_size


def test_a_full_disk_is_noticed_before_the_download(
    server: FileServer, part: PublishedFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=50_000))
    with pytest.raises(DiskFull):
        download(part, tmp_path)


def test_a_server_that_does_not_answer(part: PublishedFile, tmp_path: Path) -> None:
    with pytest.raises(NoDownload, match="does not go on"):
        download(part, tmp_path, address="http://127.0.0.1:9/x.bin")


def test_the_hash_of_git_is_checked(part: PublishedFile, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"hello\n")
    stated = replace(part, sha256=None, git="ce013625030ba8dba906f756967f9e9ca394464a")
    assert matches(stated, tmp_path / "file")
    assert not matches(replace(stated, git="0" * 40), tmp_path / "file")


def test_the_catalogue_is_complete() -> None:
    assert {"ffhq", "afhqcat", "afhqdog", "afhqwild", "ffhq-256", "metfaces"} <= set(catalogue())
    for model in catalogue().values():
        assert model.parts[0].kind == "nvidia"
        for part in model.parts:
            assert part.address.startswith("https://")
            assert part.licence
            assert part.about > 0
            assert part.sha256 is None or len(part.sha256) == 64
            assert part.git is None or len(part.git) == 40
