"""``python -m editor pull``: download a published model and turn it into a bundle."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from tqdm import tqdm

from editor.api.errors import BadCheckpoint, EditorError
from editor.bundle.manifest import missing_parts, preparation_hint, read_manifest
from editor.checkpoints.catalogue import MEGABYTE, PublishedFile, PublishedModel, catalogue
from editor.checkpoints.download import NoDownload, Patience, Progress, download, matches, sha256
from editor.checkpoints.importing import ImportRequest, import_files

DOWNLOADS = ".downloads"
"""Folder among the bundles where files wait until they are imported."""


@dataclass(frozen=True)
class PullRequest:
    """One pull.

    Attributes:
        model: what to pull.
        root: folder of bundles.
        name: name of the bundle.
        source: a folder with the files; then nothing is downloaded.
        mirror: an address that has the files by name.
        patience: how long to try a download.
    """

    model: PublishedModel
    root: Path
    name: str
    source: Path | None = None
    mirror: str | None = None
    patience: Patience | None = None

    @property
    def folder(self) -> Path:
        """Folder of the bundle."""
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


def confirm() -> bool:
    """Ask the person at the terminal. Without a terminal the answer is no."""
    try:
        return input("Agree to these licences and go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def pull(request: PullRequest) -> list[str]:
    """Get and import all parts that the bundle does not have yet.

    Returns:
        What the bundle still lacks, in words.

    Raises:
        EditorError: parts imported so far stay, and so do downloads; the next call resumes.
    """
    if request.source is not None:
        _check_source(request, request.source)
    for kind, group in groupby(request.model.parts, key=lambda part: part.kind):
        parts = list(group)
        if _was_imported(request.folder, parts):
            continue
        try:
            paths = [_get(part, request) for part in parts]
            _import(request, kind, paths, parts)
        except EditorError as error:
            if not all(part.optional for part in parts):
                raise
            print(f"{error} The bundle works without this {kind}.", file=sys.stderr)
    downloads = request.root / DOWNLOADS
    if downloads.exists() and not any(downloads.iterdir()):
        downloads.rmdir()
    return missing_parts(read_manifest(request.folder))


def _was_imported(folder: Path, parts: Sequence[PublishedFile]) -> bool:
    if not (folder / "bundle.toml").exists():
        return False
    sources = read_manifest(folder).get("sources", {})
    return all(part.file in sources for part in parts)


def _check_source(request: PullRequest, source: Path) -> None:
    """Check that the folder has all files before anything is imported. Raises NoDownload."""
    if not source.is_dir():
        raise NoDownload(f"There is no folder {source}.")
    wanted = [
        part
        for part in request.model.parts
        if not part.optional and not _was_imported(request.folder, [part])
    ]
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
        address = f"{request.mirror.rstrip('/')}/{part.file}" if request.mirror else None
        with _progress_bar(part) as progress:
            return download(part, request.root / DOWNLOADS, progress, request.patience, address)
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
    model, folder = request.model, request.folder
    sources = read_manifest(folder).get("sources", {}) if (folder / "bundle.toml").exists() else {}
    description = {
        "title": model.title,
        "domain": model.domain,
        "neutral": list(model.neutral),
        "licence": model.licence,
        "alignment": model.alignment,
        "sources": sources | {path.name: sha256(path) for path in paths},
    }
    downloaded = request.source is None
    try:
        import_files(ImportRequest(kind, tuple(paths), request.name, request.root, description=description))
    except BadCheckpoint:
        for part, path in zip(parts, paths, strict=True):
            if downloaded and not part.has_hash:  # the connection may have damaged it: download it again
                path.unlink()
        raise
    print(f"{' and '.join(path.name for path in paths)}: imported.")
    for path in paths if downloaded else ():
        path.unlink()


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    models = "\n".join(f"  {name:<10} {model.title}" for name, model in catalogue().items())
    made = argparse.ArgumentParser(
        prog="python -m editor pull",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Download a published model and turn it into a bundle.\n\nmodels:\n{models}",
        epilog="The same command resumes a pull that was interrupted.",
    )
    add = made.add_argument
    add("model", choices=catalogue(), metavar="MODEL", help="which model")
    add("--from", dest="source", type=Path, metavar="DIR", help="take the files from here; download nothing")
    add("--mirror", metavar="ADDRESS", help="download the files from this address")
    add("--yes", action="store_true", help="agree to the licences without being asked")
    add("--without-optional", action="store_true", help="leave out files that the model works without")
    add("--name", help="name of the bundle (default: the model's)")
    add("--to", type=Path, metavar="DIR", help="folder of bundles (default: BUNDLES_DIR, else ./bundles)")
    return made


def main(argv: Sequence[str], patience: Patience | None = None, bundles_dir: Path = Path("bundles")) -> int:
    """Pull one model. Returns 1 if it was refused or could not be downloaded."""
    options = parser().parse_args(argv)
    model = catalogue()[options.model]
    if options.without_optional:
        model = replace(model, parts=tuple(part for part in model.parts if not part.optional))
    print(describe(model, local=options.source is not None))
    if not options.yes and not confirm():
        print("Nothing was downloaded.")
        return 1
    if options.mirror and not options.mirror.startswith(("http://", "https://")):
        print("A mirror's address begins with https:// or http://.", file=sys.stderr)
        return 1
    root, name = options.to or bundles_dir, options.name or options.model
    request = PullRequest(model, root, name, options.source, options.mirror, patience)
    try:
        lacking = pull(request)
    except EditorError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The bundle '{name}' is ready in {request.folder}; BUNDLES_DIR={root} makes the bot use it.")
    if lacking:
        print(f"It still lacks {' and '.join(lacking)}.")
    note = preparation_hint(request.folder, read_manifest(request.folder))
    if note:
        print(note)
    return 0
