"""Which square of a picture is edited: what the user marked, a face in the position its generator knows, or what fits best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from editor.api.errors import BadRequest, NoSuchFace
from editor.api.protocol import Geometry
from editor.imaging.align import ffhq_square
from editor.imaging.faces import Face, FaceFinder

ALIGNMENTS = ("square", "ffhq")
"""Of a bundle: its pictures are any squares, or faces aligned as FFHQ has them."""


@dataclass(frozen=True)
class Squares:
    """Squares worth trying, the likeliest first, and codes of what the user should know: not-aligned (no face model is
    installed), no-face, several-faces (the largest is taken unless one is named). ``face`` of ``faces`` from the left is in
    them, None where no face was looked for or found."""

    found: tuple[Geometry, ...]
    notes: tuple[str, ...] = ()
    face: int | None = None
    faces: int = 0


@dataclass(frozen=True)
class Look:
    """How a picture is looked at: what finds faces, if anything; ``box``: left, top and side in pixels of the square that the
    user marked; ``face``: number of the one that is meant, 0 the first from the left, -1 the first from the right."""

    finder: FaceFinder | None = None
    box: tuple[float, float, float] | None = None
    face: int | None = None


def squares(pixels: np.ndarray, alignment: str, look: Look) -> Squares:
    """Squares of uint8 [H, W, 3] for a bundle's alignment. Raises NoSuchFace where there is none of that number, and
    BadRequest for a square beside the picture."""
    finder, face = look.finder, look.face
    height, width = pixels.shape[:2]
    if look.box is not None:
        return Squares((_named(look.box, width, height),))
    if alignment == "square":
        return Squares(tuple(candidate_squares(width, height)))
    if finder is None:
        return Squares(tuple(candidate_squares(width, height)), ("not-aligned",))
    faces = finder.find(pixels)
    if not faces:
        return Squares(tuple(candidate_squares(width, height)), ("no-face",))
    if face is not None and not -len(faces) <= face < len(faces):
        number, end = (face + 1, "left") if face >= 0 else (-face, "right")
        raise NoSuchFace(
            f"There is no face number {number} from the {end} in this picture; {len(faces)} were found.",
            number=number,
            reason=end,
            faces=len(faces),
        )
    number = (
        face % len(faces) if face is not None else max(range(len(faces)), key=lambda place: faces[place].area)
    )
    several = len(faces) > 1 and face is None
    notes = ("several-faces",) if several else ()
    return Squares((_aligned(faces[number], width, height),), notes, number, len(faces))


def _named(box: tuple[float, float, float], width: int, height: int) -> Geometry:
    """A square that the user gave. Raises BadRequest where it lies beside the picture, or is far larger."""
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


def _aligned(face: Face, width: int, height: int) -> Geometry:
    return ffhq_square(face.points, width, height)


def candidate_squares(width: int, height: int) -> list[Geometry]:
    """The centred square first, then both ends of the long side, each whole and a fifth smaller."""
    short = min(width, height)
    found = []
    for share in (1.0, 0.8):
        side = share * short
        places = [0.5] if max(width, height) < 1.05 * short and share == 1.0 else [0.5, 0.0, 1.0]
        for place in places:
            x = side / 2 + place * (width - side) if width >= height else width / 2
            y = side / 2 + place * (height - side) if height >= width else height / 2
            found.append(Geometry(center_x=x, center_y=y, side=side, width=width, height=height))
    return found
