"""The choice of the square of a picture to edit: the user's own, an aligned face, or candidates to try."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from editor.api.errors import BadRequest, NoSuchFace
from editor.api.protocol import Geometry
from editor.imaging.align import ffhq_square
from editor.imaging.faces import Face, FaceFinder

ALIGNMENTS = ("square", "ffhq")
"""Alignments of a bundle: any square, or faces aligned as in FFHQ."""


@dataclass(frozen=True)
class CropRequest:
    """How to choose the square.

    Attributes:
        finder: the face detector, if one is installed.
        box: left, top and side in pixels of a square that the user marked.
        face: number of the requested face: 0 is the first from the left, -1 the first from the right.
    """

    finder: FaceFinder | None = None
    box: tuple[float, float, float] | None = None
    face: int | None = None


@dataclass(frozen=True)
class CropCandidates:
    """Squares to try, the likeliest first.

    Attributes:
        notes: codes for the user: "not-aligned" (no face detector is installed), "no-face", "several-faces"
            (the largest was taken, since none was named).
        face: number from the left of the chosen face, if faces were looked for and found.
        faces: number of faces found.
    """

    squares: tuple[Geometry, ...]
    notes: tuple[str, ...] = ()
    face: int | None = None
    faces: int = 0


def find_crops(pixels: np.ndarray, alignment: str, request: CropRequest) -> CropCandidates:
    """Choose squares of a picture uint8 [H, W, 3] for a bundle's alignment.

    Raises:
        NoSuchFace: the picture has no face of the requested number.
        BadRequest: the user's square is outside the picture.
    """
    height, width = pixels.shape[:2]
    if request.box is not None:
        return CropCandidates((_checked_box(request.box, width, height),))
    anywhere = tuple(candidate_squares(width, height))
    if alignment == "square":
        return CropCandidates(anywhere)
    if request.finder is None:
        return CropCandidates(anywhere, ("not-aligned",))
    faces = request.finder.find(pixels)
    if not faces:
        return CropCandidates(anywhere, ("no-face",))
    number = _choose_face(faces, request.face)
    notes = ("several-faces",) if len(faces) > 1 and request.face is None else ()
    return CropCandidates((ffhq_square(faces[number].points, width, height),), notes, number, len(faces))


def _choose_face(faces: list[Face], requested: int | None) -> int:
    """Return the number from the left of the requested face, or of the largest."""
    if requested is None:
        return max(range(len(faces)), key=lambda number: faces[number].area)
    if -len(faces) <= requested < len(faces):
        return requested % len(faces)
    number, side = (requested + 1, "left") if requested >= 0 else (-requested, "right")
    raise NoSuchFace(
        f"There is no face number {number} from the {side} in this picture; {len(faces)} were found.",
        number=number,
        reason=side,
        faces=len(faces),
    )


def _checked_box(box: tuple[float, float, float], width: int, height: int) -> Geometry:
    """Return the user's square.

    Raises BadRequest if its centre is outside the picture or it is far too large.
    """
    left, top, side = box
    x, y = left + side / 2, top + side / 2
    if not (0 <= x <= width and 0 <= y <= height and side <= 2 * max(width, height)):
        raise BadRequest(
            f"The square lies outside of the picture, which has {width} × {height} pixels.",
            reason="box",
            width=width,
            height=height,
        )
    return Geometry(center_x=x, center_y=y, side=side, width=width, height=height)


def candidate_squares(width: int, height: int) -> list[Geometry]:
    """List squares to try: the centre, both ends of the longer side, and all a fifth smaller."""
    short = min(width, height)
    found = []
    for share in (1.0, 0.8):
        side = share * short
        positions = [0.5] if max(width, height) < 1.05 * short and share == 1.0 else [0.5, 0.0, 1.0]
        for position in positions:
            x = side / 2 + position * (width - side) if width >= height else width / 2
            y = side / 2 + position * (height - side) if height >= width else height / 2
            found.append(Geometry(center_x=x, center_y=y, side=side, width=width, height=height))
    return found
