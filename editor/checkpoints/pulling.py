"""``python -m editor pull``: a published model as a bundle, in one command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from tqdm import tqdm

from editor.api.errors import BadCheckpoint, EditorError
from editor.bundle.manifest import missing_parts, preparation_hint, read_manifest
from editor.checkpoints.catalogue import MEGABYTE, Model, Published, catalogue
from editor.checkpoints.download import NoDownload, Patience, download, is_right, sha256
from editor.checkpoints.importing import Wanted, bring, default_root

DOWNLOADS = ".downloads"
"""Folder beside the bundles where files wait until they are imported."""


def described(model: Model, local: bool) -> str:
    """What will be downloaded, for a person to agree to."""
    lines = [f"{model.title}: {'files' if local else 'downloads'}"]
    for part in model.parts:
        known = "hash published" if part.is_known else "no hash published"
        lines += [
            f"  {part.file:<30} {part.about:>5g} MB  {part.what}",
            f"  {'':<30} {part.licence} ({known})",
        ]
        lines += [] if local else [f"  {'':<30} {part.address}"]
    return "\n".join(
        [
            *lines,
            f"About {sum(part.about for part in model.parts):g} MB in all. The licences bind whoever uses the bundle.",
        ]
    )


def agreed() -> bool:
    """Does the person at the terminal agree? No terminal is no."""
    try:
        return input("Agree to these licences and go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def pull(
    model: Model,
    root: Path,
    name: str,
    source: Path | None = None,
    mirror: str | None = None,
    patience: Patience | None = None,
) -> list[str]:
    """Get and import all parts that the bundle has not; what it still lacks, in words.

    ``source``: a folder with the files, and nothing is downloaded. ``mirror``: an address under which they lie by name.
    Raises EditorError, with the parts imported so far in place and the downloads kept: the next call goes on.
    """
    folder = root / DOWNLOADS
    if source is not None:
        _check_all_there(model, root / name, source)
    for kind, group in groupby(model.parts, key=lambda part: part.kind):
        parts = list(group)
        if _has(root / name, parts):
            continue
        try:
            paths = [
                _local(part, source) if source else _fetched(part, folder, mirror, patience) for part in parts
            ]
            _bring(model, root, name, kind, paths, parts if source is None else ())
        except EditorError as error:
            if not all(part.optional for part in parts):
                raise
            print(f"{error} The bundle does without this {kind}.", file=sys.stderr)
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
    return missing_parts(read_manifest(root / name))


def _has(folder: Path, parts: Sequence[Published]) -> bool:
    """Was all of this imported into the bundle before?"""
    if not (folder / "bundle.toml").exists():
        return False
    sources = read_manifest(folder).get("sources", {})
    return all(part.file in sources for part in parts)


def _check_all_there(model: Model, folder: Path, source: Path) -> None:
    """Before anything is imported. Raises NoDownload."""
    if not source.is_dir():
        raise NoDownload(f"There is no folder {source}.")
    wanted = [part for part in model.parts if not part.optional and not _has(folder, [part])]
    lacking = [part.file for part in wanted if _found(part, source) is None]
    if len(lacking) > 1:
        raise NoDownload(
            f"{source} lacks {', '.join(lacking[:-1])} and {lacking[-1]}; without --from they are downloaded."
        )


def _found(part: Published, source: Path) -> Path | None:
    names = (part.file, part.address.split("?")[0].rsplit("/", 1)[-1])
    return next((source / name for name in names if (source / name).is_file()), None)


def _local(part: Published, source: Path) -> Path:
    """A file that the person has already, checked but never touched."""
    path = _found(part, source)
    if path is not None:
        if not is_right(part, path):
            raise BadCheckpoint(f"{path} is not the published file: its hash is another.")
        return path
    raise NoDownload(f"{source} has no {part.file}. It is published at {part.address}")


def _fetched(part: Published, folder: Path, mirror: str | None, patience: Patience | None) -> Path:
    address = f"{mirror.rstrip('/')}/{part.file}" if mirror else None
    with _bar(part) as progress:
        return download(part, folder, progress, patience, address)


@contextmanager
def _bar(part: Published) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on a terminal; elsewhere nothing."""
    with tqdm(
        total=int(part.about * MEGABYTE), desc=part.file, unit="B", unit_scale=True, disable=None
    ) as bar:

        def progress(have: int, total: int | None) -> None:
            bar.total = total or bar.total
            bar.update(have - bar.n)

        yield progress


def _bring(
    model: Model, root: Path, name: str, kind: str, paths: Sequence[Path], downloaded: Sequence[Published]
) -> None:
    """Import the files of one kind; those that were downloaded are not needed after it, nor when they are no weights."""
    sources = (
        dict(read_manifest(root / name).get("sources", {})) if (root / name / "bundle.toml").exists() else {}
    )
    sources |= {path.name: sha256(path) for path in paths}
    said = {
        "title": model.title,
        "domain": model.domain,
        "neutral": list(model.neutral),
        "licence": model.licence,
    }
    said["alignment"] = model.alignment
    try:
        bring(Wanted(kind, tuple(paths), name, root, said=said | {"sources": sources}))
    except BadCheckpoint:
        for part, path in zip(downloaded, paths, strict=False):
            if not part.is_known:  # it may be the line's fault: next time it is downloaded anew
                path.unlink()
        raise
    print(f"{' and '.join(path.name for path in paths)}: imported.")
    for path in paths if downloaded else ():
        path.unlink()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    lines = "\n".join(f"  {name:<10} {model.title}" for name, model in catalogue().items())
    made = argparse.ArgumentParser(
        prog="python -m editor pull",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Download a published model and turn it into a bundle.\n\nmodels:\n{lines}",
        epilog="The same command goes on with a pull that was interrupted.",
    )
    made.add_argument("model", choices=catalogue(), metavar="MODEL", help="which one")
    made.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR",
        help="take the files from this folder; download nothing",
    )
    made.add_argument(
        "--mirror", metavar="ADDRESS", help="download from below this address instead of the publishers'"
    )
    made.add_argument("--yes", action="store_true", help="agree to the licences without being asked")
    made.add_argument(
        "--without-optional", action="store_true", help="leave out what the model can do without"
    )
    made.add_argument("--name", help="the bundle's name (default: the model's)")
    made.add_argument(
        "--to", type=Path, metavar="DIR", help="folder of bundles (default: BUNDLES_DIR, else ./bundles)"
    )
    return made


def main(argv: Sequence[str], patience: Patience | None = None) -> int:
    """Pull one model; 1 where it was refused or could not be had."""
    options = parser().parse_args(argv)
    model = catalogue()[options.model]
    if options.without_optional:
        kept = tuple(part for part in model.parts if not part.optional)
        model = replace(model, parts=kept)
    print(described(model, local=options.source is not None))
    if not options.yes and not agreed():
        print("Nothing was downloaded.")
        return 1
    name = options.name or options.model
    if options.mirror and not options.mirror.startswith(("http://", "https://")):
        print("A mirror's address begins with https:// or http://.", file=sys.stderr)
        return 1
    try:
        lacking = pull(model, options.to or default_root(), name, options.source, options.mirror, patience)
    except EditorError as error:
        print(error, file=sys.stderr)
        return 1
    folder = (options.to or default_root()) / name
    print(
        f"The bundle '{name}' is there in {folder}; BUNDLES_DIR={folder.parent} makes the bot use it."
        + (f" It still lacks {' and '.join(lacking)}." if lacking else "")
    )
    unsaid = preparation_hint(folder, read_manifest(folder))
    if unsaid:
        print(unsaid)
    return 0
