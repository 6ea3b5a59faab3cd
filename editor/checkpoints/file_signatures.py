"""Checks of a file by its first bytes and its table of contents, before anything reads it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from editor.api.errors import BadCheckpoint

ZIP, PICKLE = b"PK\x03\x04", b"\x80"
OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""First bytes of ``torch.save`` before it wrote zip archives."""
_HEAD = 512


def check_format(path: Path, pickled: bool) -> None:
    """Check that a file is a plain pickle, as NVIDIA's networks are (``pickled``), or else a PyTorch file.

    Raises BadCheckpoint, which names the format that was found.
    """
    if path.is_dir():
        raise BadCheckpoint(f"{path} is a folder; name the file in it.")
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if _is_text(head):
        raise BadCheckpoint(
            f"{path.name} is text and no weights: perhaps a web page was saved instead of the file."
        )
    if head.startswith(ZIP) and not zipfile.is_zipfile(path):
        raise BadCheckpoint(
            f"{path.name} ends too early: the download was cut off. Please download it again."
        )
    if pickled and head.startswith((ZIP, OLD_TORCH)):
        raise BadCheckpoint(
            f"{path.name} is a file of PyTorch's (.pt), not a network pickle of NVIDIA's (.pkl)."
        )
    if not pickled and head.startswith(PICKLE) and not head.startswith(OLD_TORCH):
        raise BadCheckpoint(
            f"{path.name} is a plain pickle, as NVIDIA's networks are (.pkl), not a file of PyTorch's (.pt)."
        )


def _is_text(head: bytes) -> bool:
    return len(head) > 0 and all(byte >= 32 or byte in b"\t\n\r\f" for byte in head) and b"\x7f" not in head


def check_archive(file: Path | io.BytesIO, name: str) -> None:
    """Check the members of a zip archive, if the file is one. Raises BadCheckpoint.

    Weights are stored uncompressed. Compressed or overlapping members could fill the memory from a small
    file. Only the code of TorchScript is compressed, and it is never read.
    """
    if not zipfile.is_zipfile(file):
        return
    size = file.stat().st_size if isinstance(file, Path) else len(file.getbuffer())
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if "/code/" not in member.filename]
    except Exception as error:  # a hostile file can raise anything
        raise BadCheckpoint(f"{name} is damaged: its table of contents cannot be read.") from error
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise BadCheckpoint(f"{name} is damaged, or not a known weights file: its parts are compressed.")
    if sum(member.file_size for member in members) > size:
        raise BadCheckpoint(f"{name} is damaged: its parts overlap.")
