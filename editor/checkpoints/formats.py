"""What a file is by its first bytes, so that one of another format is called by its name before anything reads it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from editor.api.errors import BadCheckpoint

ZIP, PICKLE = b"PK\x03\x04", b"\x80"
OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How ``torch.save`` began before it wrote archives."""
_HEAD = 512


def check(path: Path, pickled: bool) -> None:
    """Is it a plain pickle, as NVIDIA's networks are (``pickled``), or else a file of PyTorch's? Raises BadCheckpoint."""
    if path.is_dir():
        raise BadCheckpoint(f"{path} is a folder; name the file in it.")
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if _is_text(head):
        raise BadCheckpoint(
            f"{path.name} is text and no weights: perhaps a web page that was saved instead of the file."
        )
    if head.startswith(ZIP) and not zipfile.is_zipfile(path):
        raise BadCheckpoint(f"{path.name} ends too early: the download was cut off.")
    if pickled and head.startswith((ZIP, OLD_TORCH)):
        raise BadCheckpoint(
            f"{path.name} is a file of PyTorch's (.pt), and none of NVIDIA's network pickles (.pkl)."
        )
    if not pickled and head.startswith(PICKLE) and not head.startswith(OLD_TORCH):
        raise BadCheckpoint(
            f"{path.name} is a plain pickle, as NVIDIA's networks are (.pkl), and no file of PyTorch's (.pt)."
        )


def _is_text(head: bytes) -> bool:
    return len(head) > 0 and all(byte >= 32 or byte in b"\t\n\r\f" for byte in head) and b"\x7f" not in head
