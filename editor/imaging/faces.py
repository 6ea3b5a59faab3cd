"""Finding faces and their five landmarks with YuNet (Wu et al. 2023, "YuNet: a tiny millisecond-level face detector") through
OpenCV: the optional extra ``faces``. The model is a file that the operator names; none comes with the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from editor.api.errors import BadCheckpoint

LONGEST = (1280, 480)
"""Longer side in pixels at which faces are looked for: at the second, where none was found at the first, those that fill
the picture."""
LEAST_SCORE, OVERLAP = 0.7, 0.3
MISSING = "Finding faces needs the packages of the extra 'faces': pip install 'styleclip-bot[faces]'."


@dataclass(frozen=True)
class Face:
    """``box``: x, y, width, height. ``points`` [5, 2] as one looks at the picture: left eye, right eye, nose, left and right
    corner of the mouth. All in pixels."""

    box: tuple[float, float, float, float]
    points: np.ndarray
    score: float

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.box[2] * self.box[3]


class FaceFinder:
    """Faces of a picture, from left to right."""

    def __init__(self, model: Path) -> None:
        if find_spec("cv2") is None:
            raise BadCheckpoint(MISSING)
        if not model.is_file():
            raise BadCheckpoint(f"There is no face model at {model}.")
        import cv2

        try:
            self._detector = cv2.FaceDetectorYN.create(str(model), "", (320, 320), LEAST_SCORE, OVERLAP)
            self.find(np.zeros((64, 64, 3), np.uint8))
        except cv2.error as error:
            raise BadCheckpoint(f"{model.name} is no YuNet face model (.onnx).") from error

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Faces in uint8 RGB [H, W, 3]."""
        for longest in LONGEST:
            found = self._find_at(pixels, longest)
            if found:
                return sorted(found, key=lambda face: face.box[0] + face.box[2] / 2)
        return []

    def _find_at(self, pixels: np.ndarray, longest: int) -> list[Face]:
        height, width = pixels.shape[:2]
        scale = min(1.0, longest / max(height, width))
        small = np.asarray(
            Image.fromarray(pixels).resize((max(1, round(width * scale)), max(1, round(height * scale))))
        )
        self._detector.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._detector.detect(np.ascontiguousarray(small[:, :, ::-1]))
        ratio = np.array([width / small.shape[1], height / small.shape[0]])
        return [_face(row, ratio) for row in (rows if rows is not None else [])]


def _face(row: np.ndarray, ratio: np.ndarray) -> Face:
    """YuNet gives a box, then points from the person's own right to left, then a score."""
    values = row.astype(np.float64)
    x, y, width, height = (values[:4].reshape(2, 2) * ratio).ravel()
    return Face(
        (float(x), float(y), float(width), float(height)),
        values[4:14].reshape(5, 2) * ratio,
        float(values[14]),
    )
