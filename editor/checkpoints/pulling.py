"""Published models become bundles: downloaded, or taken from a folder, and imported part by part."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tqdm import tqdm

from editor.api.errors import BadCheckpoint, EditorError
from editor.bundle.manifest import file_hash, read_manifest
from editor.checkpoints.catalogue import MEGABYTE, PublishedFile, PublishedModel
from editor.checkpoints.download import NoDownload, Progress, download, matches
from editor.checkpoints.importing import ImportRequest, import_files

DOWNLOADS = ".downloads"
"""Folder among the bundles where files wait until they are imported."""


@dataclass(frozen=True)
class PullRequest:
    """One pull.

    Attributes:
        root: folder of bundles.
        name: name of the bundle.
        source: a folder with the files; then nothing is downloaded.
        mirror: an address that has the files by name.
    """

    model: PublishedModel
    root: Path
    name: str
    source: Path | None = None
    mirror: str | None = None

    @property
    def folder(self) -> Path:
        """The bundle's folder."""
        return self.root / self.name


def describe(model: PublishedModel, local: bool) -> str:
    """Describe what will be downloaded, for a person to agree to."""
    lines = [f"{model.title}: {'files' if local else 'downloads'}"]
    for part in model.parts:
        known = "hash published" if part.has_hash else "no hash published"
        lines += [
            f"  {part.file:<30} {part.about:>5g} MB  {part.what}",
            f"  {'':<30} {part.licence} ({known})",
        ]
        lines += [] if local else [f"  {'':<30} {part.address}"]
    total = sum(part.about for part in model.parts)
    lines.append(f"About {total:g} MB in all. The licences apply to everybody who uses the bundle.")
    return "\n".join(lines)


def pull(request: PullRequest) -> None:
    """Get and import all parts that the bundle does not have yet.

    Raises EditorError. Parts imported so far stay, and so do downloads: the next call resumes.
    """
    if request.source is not None:
        _check_source(request, request.source)
    for kind, group in groupby(request.model.parts, key=lambda part: part.kind):
        parts = list(group)
        if all(part.file in _sources(request.folder) for part in parts):
            continue
        try:
            _import(request, kind, [_get(part, request) for part in parts], parts)
        except EditorError as error:
            if not all(part.optional for part in parts):
                raise
            print(f"{error} The bundle works without this {kind}.", file=sys.stderr)
    downloads = request.root / DOWNLOADS
    if downloads.exists() and not any(downloads.iterdir()):
        downloads.rmdir()


def _sources(folder: Path) -> dict[str, str]:
    """Return the hashes of the files that a bundle was made from, by name."""
    return read_manifest(folder).get("sources", {}) if (folder / "bundle.toml").exists() else {}


def _check_source(request: PullRequest, source: Path) -> None:
    """Check that the folder has all files before anything is imported. Raises NoDownload."""
    if not source.is_dir():
        raise NoDownload(f"There is no folder {source}.")
    there = _sources(request.folder)
    wanted = [part for part in request.model.parts if not part.optional and part.file not in there]
    lacking = [part.file for part in wanted if _find(part, source) is None]
    if len(lacking) > 1:
        raise NoDownload(
            f"{source} lacks {', '.join(lacking[:-1])} and {lacking[-1]}; without --from they are downloaded."
        )


def _find(part: PublishedFile, source: Path) -> Path | None:
    names = (part.file, part.address.split("?")[0].rsplit("/", 1)[-1])
    return next((source / name for name in names if (source / name).is_file()), None)


def _get(part: PublishedFile, request: PullRequest) -> Path:
    """Return a file from the person's folder, checked but not touched, or download it."""
    if request.source is None:
        address = f"{request.mirror.rstrip('/')}/{part.file}" if request.mirror else part.address
        with _progress_bar(part) as progress:
            return download(part, request.root / DOWNLOADS, progress, address)
    path = _find(part, request.source)
    if path is None:
        raise NoDownload(f"{request.source} has no {part.file}. It is published at {part.address}")
    if not matches(part, path):
        raise BadCheckpoint(f"{path} is not the published file: its hash is another.")
    return path


@contextmanager
def _progress_bar(part: PublishedFile) -> Iterator[Progress]:
    """Show a progress bar on a terminal."""
    total = int(part.about * MEGABYTE)
    with tqdm(total=total, desc=part.file, unit="B", unit_scale=True, disable=None) as bar:

        def progress(have: int, total: int | None) -> None:
            bar.total = total or bar.total
            bar.update(have - bar.n)

        yield progress


def _import(request: PullRequest, kind: str, paths: Sequence[Path], parts: Sequence[PublishedFile]) -> None:
    """Import the files of one kind, and delete those that were downloaded."""
    model, downloaded = request.model, request.source is None
    description = {
        "title": model.title,
        "domain": model.domain,
        "neutral": model.neutral,
        "licence": model.licence,
        "alignment": model.alignment,
        "sources": _sources(request.folder) | {path.name: file_hash(path) for path in paths},
    }
    try:
        import_files(ImportRequest(kind, tuple(paths), request.root, request.name, description=description))
    except BadCheckpoint:
        for part, path in zip(parts, paths, strict=True):
            if downloaded and not part.has_hash:  # the connection may have damaged it: download it again
                path.unlink()
        raise
    print(f"{' and '.join(path.name for path in paths)}: imported.")
    for path in paths if downloaded else ():
        path.unlink()
