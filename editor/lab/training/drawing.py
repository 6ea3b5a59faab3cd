"""Small helpers for drawing with Skia on a canvas of 100 x 100 units: splines, gradients, colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import skia

from editor.lab.training.portraits import Portraits

Point = tuple[float, float]
Colour = np.ndarray

INK = np.array((0.13, 0.10, 0.12))
WHITE = np.array((1.0, 1.0, 1.0))


def smoothstep(x: float, low: float, high: float) -> float:
    """Return 0 below ``low``, 1 above ``high``, and a smooth value between."""
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour that is ``share`` of the way from a to b."""
    return a * (1 - share) + b * share


def color4f(rgb: Colour, alpha: float = 1.0) -> skia.Color4f:
    """Convert RGB, clipped to 0..1."""
    r, g, b = (
        min(1.0, max(0.0, c)) for c in rgb.tolist()
    )  # plain numbers: a picture has some eighty colours
    return skia.Color4f(r, g, b, float(min(1.0, max(0.0, alpha))))


def fill(rgb: Colour, alpha: float = 1.0) -> skia.Paint:
    """Return paint for areas."""
    paint = skia.Paint(AntiAlias=True)
    paint.setColor4f(color4f(rgb, alpha))
    return paint


def line(rgb: Colour, width: float, alpha: float = 1.0) -> skia.Paint:
    """Return paint for round-ended lines."""
    paint = fill(rgb, alpha)
    paint.setStyle(skia.Paint.kStroke_Style)
    paint.setStrokeWidth(float(width))
    paint.setStrokeCap(skia.Paint.kRound_Cap)
    paint.setStrokeJoin(skia.Paint.kRound_Join)
    return paint


def vertical(top: float, upper: Colour, bottom: float, lower: Colour) -> skia.Paint:
    """Return paint for areas with a vertical gradient."""
    paint = skia.Paint(AntiAlias=True)
    colours = [color4f(upper).toColor(), color4f(lower).toColor()]
    paint.setShader(skia.GradientShader.MakeLinear([(0, float(top)), (0, float(bottom))], colours))
    return paint


def glow(x: float, y: float, radius: float, rgb: Colour, alpha: float) -> skia.Paint:
    """Return paint for a soft spot."""
    paint = skia.Paint(AntiAlias=True)
    colours = [
        color4f(rgb, alpha).toColor(),
        color4f(rgb, alpha * 0.75).toColor(),
        color4f(rgb, 0.0).toColor(),
    ]
    paint.setShader(
        skia.GradientShader.MakeRadial((float(x), float(y)), float(radius), colours, [0.0, 0.45, 1.0])
    )
    return paint


def curve(points: Sequence[Point], closed: bool = True) -> skia.Path:
    """Return a Catmull-Rom spline through the points."""
    path = skia.Path()
    count = len(points)
    path.moveTo(float(points[0][0]), float(points[0][1]))
    for i in range(count if closed else count - 1):
        if closed:
            p0, p1, p2, p3 = points[i - 1], points[i], points[(i + 1) % count], points[(i + 2) % count]
        else:
            p0, p1, p2, p3 = points[max(i - 1, 0)], points[i], points[i + 1], points[min(i + 2, count - 1)]
        path.cubicTo(
            float(p1[0] + (p2[0] - p0[0]) / 6),
            float(p1[1] + (p2[1] - p0[1]) / 6),
            float(p2[0] - (p3[0] - p1[0]) / 6),
            float(p2[1] - (p3[1] - p1[1]) / 6),
            float(p2[0]),
            float(p2[1]),
        )
    if closed:
        path.close()
    return path


def mirrored(points: Sequence[Point]) -> skia.Path:
    """Return the closed spline through points of the right half (x >= 50, top first) and their mirror
    images.
    """
    left = [(100 - x, y) for x, y in reversed(points) if abs(x - 50) > 0.01]
    return curve([*points, *left])


def oval(x: float, y: float, rx: float, ry: float) -> skia.Rect:
    """Return the rectangle around an oval."""
    return skia.Rect.MakeLTRB(float(x - rx), float(y - ry), float(x + rx), float(y + ry))


class Pen:
    """Draws splines, ovals and circles on a canvas."""

    def __init__(self, canvas: skia.Canvas) -> None:
        self.canvas = canvas

    def area(self, points: Sequence[Point], paint: skia.Paint) -> None:
        """Draw a closed spline."""
        self.canvas.drawPath(curve(points), paint)

    def symmetric(self, points: Sequence[Point], paint: skia.Paint) -> None:
        """Draw the closed spline through points of the right half and their mirror images."""
        self.canvas.drawPath(mirrored(points), paint)

    def stroke(self, points: Sequence[Point], paint: skia.Paint) -> None:
        """Draw an open spline."""
        self.canvas.drawPath(curve(points, closed=False), paint)

    def oval(self, x: float, y: float, rx: float, ry: float, paint: skia.Paint) -> None:
        """Draw an oval around a point."""
        self.canvas.drawOval(oval(x, y, rx, ry), paint)

    def circle(self, x: float, y: float, radius: float, paint: skia.Paint) -> None:
        """Draw a circle around a point."""
        self.canvas.drawCircle(x, y, radius, paint)


class Painter(Protocol):
    """Paints one portrait on a canvas of 100 x 100 units."""

    def paint(self) -> None:
        """Paint everything from back to front."""


MakePainter = Callable[[skia.Canvas, dict[str, float], dict[str, Colour]], Painter]
"""Makes a painter from a canvas, and a portrait's visible scalars and colours."""


def render_with(painter: MakePainter, portraits: Portraits, size: int) -> np.ndarray:
    """Draw portraits with ``painter``: uint8 RGB [N, size, size, 3]."""
    pictures = np.empty((len(portraits), size, size, 3), np.uint8)
    if not len(portraits):
        return pictures
    drawn, colours = portraits.drawn(), portraits.colours()
    surface = skia.Surface(size, size)
    for row in range(len(portraits)):
        with surface as canvas:
            canvas.resetMatrix()
            canvas.scale(size / 100, size / 100)
            painter(
                canvas,
                {name: float(values[row]) for name, values in drawn.items()},
                {name: values[row].astype(np.float64) for name, values in colours.items()},
            ).paint()
        pictures[row] = surface.toarray(colorType=skia.ColorType.kRGBA_8888_ColorType)[:, :, :3]
    return pictures
