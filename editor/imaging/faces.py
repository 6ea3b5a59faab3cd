"""Face detection with five landmarks by YuNet (Wu et al. 2023, "YuNet: a tiny millisecond-level face
detector").

It needs OpenCV, the optional extra ``faces``, and a model file that the operator provides.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from editor.api.errors import BadCheckpoint

LONGER_SIDES = (1280, 480)
"""Longer side in pixels at which faces are looked for. The second try finds those that fill the picture."""
MIN_SCORE, MAX_OVERLAP = 0.7, 0.3
MISSING = "Finding faces needs the extra 'faces': pip install 'styleclip-bot[faces]'."


@dataclass(frozen=True)
class Face:
    """A face in a picture, in pixels.

    Attributes:
        box: x, y, width and height.
        points: [5, 2], as seen in the picture: left eye, right eye, nose, left and right corner of the mouth.
        score: confidence in [0, 1].
    """

    box: tuple[float, float, float, float]
    points: np.ndarray
    score: float

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.box[2] * self.box[3]


class FaceFinder:
    """A face detector. Raises BadCheckpoint if OpenCV or the model is missing, or the file is no model."""

    def __init__(self, model: Path) -> None:
        if find_spec("cv2") is None:
            raise BadCheckpoint(MISSING)
        if not model.is_file():
            raise BadCheckpoint(f"There is no face model at {model}. Please check the path.")
        import cv2

        try:
            self._detector = cv2.FaceDetectorYN.create(str(model), "", (320, 320), MIN_SCORE, MAX_OVERLAP)
            self.find(np.zeros((64, 64, 3), np.uint8))
        except cv2.error as error:
            raise BadCheckpoint(f"{model.name} is not a YuNet face model (.onnx).") from error

    def find(self, pixels: np.ndarray) -> list[Face]:
        """Find faces in uint8 RGB [H, W, 3], from left to right."""
        for longer in LONGER_SIDES:
            found = self._find_at(pixels, longer)
            if found:
                return sorted(found, key=lambda face: face.box[0] + face.box[2] / 2)
        return []

    def _find_at(self, pixels: np.ndarray, longer: int) -> list[Face]:
        height, width = pixels.shape[:2]
        scale = min(1.0, longer / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = np.asarray(Image.fromarray(pixels).resize(size))
        self._detector.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._detector.detect(np.ascontiguousarray(small[:, :, ::-1]))
        ratio = np.array([width / small.shape[1], height / small.shape[0]])
        return [_face(row, ratio) for row in (rows if rows is not None else [])]


def _face(row: np.ndarray, ratio: np.ndarray) -> Face:
    """Read a row of YuNet: the box, the points from the person's own right to left, the score."""
    values = row.astype(np.float64)
    x, y, width, height = (values[:4].reshape(2, 2) * ratio).ravel()
    points = values[4:14].reshape(5, 2) * ratio
    return Face((float(x), float(y), float(width), float(height)), points, float(values[14]))
