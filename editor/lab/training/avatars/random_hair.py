"""Paint hair and beards of portraits of people in random styles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import skia

from editor.lab.training.avatars.renderer import Painter
from editor.lab.training.drawing import (
    INK,
    Colour,
    Point,
    curve,
    fill,
    line,
    mirrored,
    mix,
    oval,
    smoothstep,
    vertical,
)

FRONTS = ("swept", "parted", "straight", "quiff", "short")
BEARDS = ("full", "chin", "strap")


class RandomHairPainter(Painter):
    """Paints the hair of one portrait in a random style; proportions vary around the usual ones."""

    def __init__(
        self, canvas: skia.Canvas, a: dict[str, float], c: dict[str, Colour], rng: np.random.Generator
    ) -> None:
        self.rng = rng
        if rng.random() < 0.25:  # an unnatural colour
            c = c | {"skin": np.clip(mix(c["skin"], rng.uniform(0.2, 1.0, 3), rng.uniform(0, 0.3)), 0, 1)}
        spread = {"hair_color": 0.05, "background_color": 0.015}
        super().__init__(
            canvas,
            a,
            {
                name: np.clip(colour + rng.normal(0, spread.get(name, 0.025), 3), 0, 1)
                for name, colour in c.items()
            },
        )
        self.outline = rng.uniform(0.6, 2.2) if rng.random() < 0.45 else 0.0
        self.shaded = rng.random() < 0.3
        self.ink = INK if rng.random() < 0.7 else self.shadow * 0.5
        self.half *= rng.uniform(0.84, 1.16)
        self.top += rng.uniform(-3, 6)
        self.chin += rng.uniform(-6, 3)
        self.eye_y += rng.uniform(-4, 4)
        self.eye_x *= rng.uniform(0.8, 1.15)
        self.mouth_y = self.chin - rng.uniform(8, 14) + 1.8 * self.child
        self.volume *= rng.uniform(0.5, 1.8)
        self.turn = rng.uniform(-7, 7) if rng.random() < 0.35 else 0.0
        self.grown = (1 - smoothstep(a["baldness"], 0.1, 0.8)) * (1 - smoothstep(a["mohawk"], 0.1, 0.8))

    def _turned(self, *parts: Callable[[], None]) -> None:
        """Paint parts of the face, shifted by as much as the head is turned."""
        self.canvas.save()
        self.canvas.translate(self.turn, 0)
        for part in parts:
            part()
        self.canvas.restore()

    def _area(self, path: skia.Path, colour: Colour, alpha: float = 1.0) -> None:
        """Paint an area in this style: flat or shaded, with or without an outline."""
        box = path.getBounds()
        paint = (
            vertical(box.top(), np.clip(colour * 1.05, 0, 1), box.bottom(), colour * 0.88)
            if self.shaded
            else fill(colour)
        )
        paint.setAlphaf(alpha)
        self.canvas.drawPath(path, paint)
        if self.outline:
            self.canvas.drawPath(path, line(self.ink, self.outline, alpha))

    def _around(self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float = 1.0) -> None:
        path = skia.Path()
        path.addOval(oval(x, y, rx, ry))
        self._area(path, colour, alpha)

    def _lines(self, points: Sequence[Point], width: float, colour: Colour | None = None) -> None:
        self.stroke(points, line(self.ink if colour is None else colour, width))

    def _tuft(self, number: int, size: float) -> float:
        return size * (0.3 + self.a["curliness"]) * (1 if number % 2 else -1)

    def _puffs(self, points: Sequence[Point], radius: float) -> None:
        """Paint curls as circles along an edge."""
        for x, y in points:
            self.circle(x, y, radius, fill(self.hair))

    def _back_hair(self) -> None:
        a, rng = self.a, self.rng
        if self.grown <= 0.05:
            return
        reach, wide = (
            52 + 44 * a["hair_length"] + rng.uniform(-3, 3),
            self.half + 1 + 0.8 * self.volume + 4 * a["hair_length"],
        )
        top, spread = self.top - self.volume, rng.uniform(-3, 6) * a["hair_length"]
        side: list[Point] = [
            (
                50 + (wide + spread * t) * math.sin(math.pi * min(0.5, 0.12 + 0.6 * t)) + self._tuft(k, 1.6),
                top + (reach - top) * t,
            )
            for k, t in enumerate(np.linspace(0.04, 1, 9))
        ]
        path = mirrored([(50, top), *side, (50 + 0.5 * wide, reach + rng.uniform(-2, 2)), (50, reach)])
        self._area(path, self.hair * (0.86 if rng.random() < 0.5 else 1.0), self.grown)
        if a["curliness"] > 0.55 and rng.random() < 0.7:
            self._puffs(
                [point for x, y in side for point in ((x, y), (100 - x, y))], 2.0 + 5.0 * a["curliness"]
            )

    def _bunches(self) -> None:
        """Paint a bun on top, or bunches on both sides."""
        rng, kind = self.rng, self.rng.random()
        if self.grown < 0.7 or kind > 0.2:
            return
        size, colour = rng.uniform(6, 12), self.hair * rng.uniform(0.85, 1.0)
        if kind < 0.12:
            self._around(
                50 + rng.uniform(-4, 4),
                self.top - self.volume - 0.5 * size,
                size,
                size * rng.uniform(0.7, 1.1),
                colour,
            )
            return
        for side in (1, -1):
            height = self.eye_y + rng.uniform(-14, 12)
            self._around(
                50 + side * (self.half + 0.7 * size), height, size, size * rng.uniform(0.9, 1.6), colour
            )

    def _band(self) -> None:
        """Paint a hair band."""
        if self.grown > 0.7 and self.a["hat"] < 0.1 and self.rng.random() < 0.08:
            y = self.top + self.rng.uniform(1, 5)
            points = [(50 - 0.9 * self.half, y + 6), (50, y), (50 + 0.9 * self.half, y + 6)]
            self._lines(points, self.rng.uniform(2.5, 5), self.rng.random(3))

    def _beard(self) -> None:
        size = self.a["beard"]
        if size <= 0.05:
            return
        kind, half, chin, mouth = self.rng.choice(BEARDS), self.half, self.chin, self.mouth_y
        colour = self.hair if self.rng.random() < 0.5 else self.hair_dark if self.rng.random() < 0.8 else INK
        low, rise = chin + 1 + self.rng.uniform(0, 7) * size, (22 if kind == "full" else 18) * size
        shape: list[Point]
        if kind == "chin":
            shape = [(50, mouth + 4), (50 + 7, mouth + 2.5), (50 + 9, chin - 4), (50 + 6, low), (50, low + 1)]
        elif kind == "strap":
            shape = [
                (50, chin - 4.5),
                (50 + half * 0.6, chin - 7),
                (50 + half * 0.92, chin - 8 - rise),
                (50 + half + 0.8, chin - 9 - rise),
                (50 + half * 0.86, chin - 4),
                (50, low),
            ]
        else:
            shape = [
                (50, mouth + 3.5),
                (50 + 8, mouth + 1),
                (50 + half * 0.7, mouth - 2),
                (50 + half * 0.95, chin - 8 - rise),
                (50 + half + 0.8, chin - 9 - rise),
                (50 + half * 0.8, chin - 2),
                (50 + half * 0.3, low),
                (50, low + 1),
            ]
        self._area(mirrored(shape), colour, smoothstep(size, 0.02, 0.4))

    def _moustache(self) -> None:
        size = self.a["moustache"]
        if size <= 0.05:
            return
        y, wide, thick = (
            self.mouth_y - self.rng.uniform(3.5, 5.5),
            (6 + 6 * size) * self.rng.uniform(0.8, 1.3),
            1 + 2 * size,
        )
        ends = self.rng.uniform(-3, 4)
        shape = [
            (50, y - thick),
            (50 + 0.5 * wide, y - thick),
            (50 + wide, y + ends),
            (50 + 0.5 * wide, y + thick),
            (50, y + 0.6 * thick),
        ]
        self._area(
            mirrored(shape), self.hair if self.rng.random() < 0.5 else self.hair_dark, min(1.0, 2.5 * size)
        )

    def _front_hair(self) -> None:
        hair, rng = self.grown, self.rng
        if hair <= 0.05:
            return
        half, top, low = (
            self.half + 0.6,
            self.top - 0.8 * self.volume,
            self.top + 6 + 11 * self.a["fringe"] + rng.uniform(-2, 2),
        )
        kind = "straight" if self.a["fringe"] > 0.7 and rng.random() < 0.6 else str(rng.choice(FRONTS))
        down = self.eye_y + rng.uniform(-8, 4)
        left, right = (50 - half, down), (50 + half, down)
        over: list[Point] = [
            (
                50 + (half + 0.4 * self.volume) * math.sin(t) * 1.02,
                50 - (50 - top) * math.cos(t) + self._tuft(k, 0.8),
            )
            for k, t in enumerate(np.linspace(-1.45, 1.45, 9))
        ]
        under: dict[str, list[Point]] = {
            "swept": [(50 + half * 0.8, low + 5), (50 + half * 0.1, low - 1), (50 - half * 0.6, low + 3)],
            "parted": [
                (50 + half * 0.85, low + 6),
                (50 + half * 0.4, low),
                (50, self.top + 2),
                (50 - half * 0.4, low),
                (50 - half * 0.85, low + 6),
            ],
            "straight": [
                (50 + half * 0.9, low + 2),
                (50 + half * 0.3, low + 2.5),
                (50 - half * 0.3, low + 2.5),
                (50 - half * 0.9, low + 2),
            ],
            "quiff": [(50 + half * 0.85, low), (50, low - 2.5), (50 - half * 0.85, low)],
            "short": [(50 + half * 0.9, low - 1), (50, low - 3), (50 - half * 0.9, low - 1)],
        }
        flipped = 1 if rng.random() < 0.5 else -1
        points = [left, *over, right, *under[kind]]
        self._area(
            curve([(50 + flipped * (x - 50), y) for x, y in points]), self.hair, smoothstep(hair, 0.02, 0.35)
        )
        if kind == "quiff":
            self._around(50 + flipped * half * 0.2, top + 1, half * 0.75, rng.uniform(4, 8), self.hair, hair)
        if self.a["curliness"] > 0.6 and rng.random() < 0.6:
            self._puffs(over, 3.0 + 4.0 * self.a["curliness"])

    def _mohawk(self) -> None:
        size = self.a["mohawk"]
        if size > 0.05:
            height, wide, low = (
                (10 + self.rng.uniform(0, 10)) * size,
                (2.5 + 6 * size) * self.rng.uniform(0.7, 1.4),
                self.top + self.rng.uniform(3, 11),
            )
            edge = [
                (50 + wide * (1 - 0.5 * t) + self._tuft(k, 0.5), low - (low - self.top + height) * t)
                for k, t in enumerate((0.0, 0.35, 0.7))
            ]
            self._area(mirrored([(50, self.top - height), *edge[::-1], (50, low + 1)]), self.hair)
