"""Paint hair, brows and beards of portraits of people."""

from __future__ import annotations

import math

import numpy as np
import skia

from editor.lab.training.drawing import (
    INK,
    Colour,
    Pen,
    Point,
    fill,
    line,
    mirrored,
    mix,
    smoothstep,
    vertical,
)


class HairPainter(Pen):
    """Paints the hair of one portrait. ``a`` are the visible scalars, ``c`` the colours."""

    def __init__(self, canvas: skia.Canvas, a: dict[str, float], c: dict[str, Colour]) -> None:
        super().__init__(canvas)
        self.a, self.c = a, c
        child = max(0.0, 1 - 2 * a["age"])
        self.child = child
        self.elder = max(0.0, 2 * a["age"] - 1)
        self.fem = a["gender_presentation"]
        cute = a["cuteness"]
        self.skin = c["skin"]
        self.shadow = c["skin"] * np.array((0.80, 0.69, 0.68))
        self.hair = c["hair_color"]
        self.hair_dark = self.hair * 0.76
        self.hair_light = np.clip(self.hair * 1.10 + 0.05, 0, 1)
        self.half = 21.5 + 6.0 * (a["face_width"] - 0.5) * 1.3 + 1.8 * cute - 0.9 * self.fem + 1.2 * child
        self.top = 20.0 + 1.0 * child
        self.chin = 84.5 - 5.0 * cute - 5.0 * child + 1.8 * (1 - self.fem) + 1.2 * self.elder
        self.eye_y = 50.5 + 2.6 * cute + 4.2 * child - 1.2 * self.elder
        self.eye_x = 10.6 + 0.16 * (self.half - 21.5) + 0.5 * cute
        self.eye_r = 4.2 + 3.6 * (0.75 * a["eye_size"] + 0.25 * cute)
        self.mouth_y = self.chin - 11.2 + 1.0 * cute + 1.8 * child
        self.volume = (3.0 + 5.0 * a["hair_volume"] + 3.0 * a["curliness"]) * (1 - a["baldness"])

    def _wave(self, index: int, size: float) -> float:
        return size * self.a["curliness"] * (1 if index % 2 else -1)

    def _back_hair(self) -> None:
        a = self.a
        grown = (1 - smoothstep(a["baldness"], 0.1, 0.8)) * (1 - smoothstep(a["mohawk"], 0.1, 0.8))
        length = a["hair_length"] * grown
        reach = 55.0 + 42.0 * length
        wide = self.half + (0.5 + 0.62 * self.volume + 2.5 * length) * grown - 3.0 * (1 - grown)
        top = self.top - self.volume * grown
        points: list[Point] = [(50, top), (50 + 0.55 * wide, top + 4.5)]
        rows = 8
        for i in range(rows):
            t = i / (rows - 1)
            y = top + 15 + (reach - top - 15) * t
            x = 50 + wide * (0.93 + 0.09 * math.sin(math.pi * min(1.0, 0.25 + 0.8 * t))) + self._wave(i, 2.6)
            points.append((x - (2.6 if i == rows - 1 else 0), y))
        points += [
            (50 + 0.62 * wide, reach + 1.5 + self._wave(1, 1.4)),
            (50 + 0.3 * wide, reach + 0.5),
            (50, reach),
        ]
        self.symmetric(points, vertical(top, self.hair * 0.84, reach, self.hair_dark * 0.86))

    def _stubble_scalp(self) -> None:
        """Paint the shaved sides of a mohawk."""
        shaved = smoothstep(self.a["mohawk"], 0.1, 0.7)
        if shaved > 0.01:
            edge = [
                (50, self.top - 4),
                (50 + self.half + 6, self.top),
                (50 + self.half + 6, 50),
                (50 + self.half - 2.2, 50),
                (50 + self.half * 0.86, 38),
                (50 + self.half * 0.5, 32),
                (50, 31),
            ]
            self.symmetric(edge, fill(mix(self.skin, self.hair_dark, 0.5), 0.55 * shaved))

    def _beard_on_face(self) -> None:
        size = self.a["beard"]
        if size <= 0.01:
            return
        half, chin, mouth = self.half, self.chin, self.mouth_y
        rise = 16.0 * smoothstep(size, 0.0, 0.8)
        shape = [
            (50, mouth + 4.4),
            (50 + 6, mouth + 3.6),
            (50 + 10.4, mouth + 0.5),
            (50 + half * 0.72, mouth - 1.5),
            (50 + half * 0.90, chin - 8 - rise),
            (50 + half + 3, chin - 10 - rise),
            (50 + half + 3, chin + 8),
            (50, chin + 8),
        ]
        self.symmetric(shape, fill(self.hair_dark, smoothstep(size, 0.02, 0.45)))

    def _beard_below(self) -> None:
        length = smoothstep(self.a["beard"], 0.35, 1.0)
        if length > 0.01:
            half, chin = self.half, self.chin
            shape = [
                (50, chin - 4),
                (50 + half * 0.55, chin - 6),
                (50 + half * 0.50, chin + 3.5 * length),
                (50 + half * 0.22, chin + 6.5 * length),
                (50, chin + 7 * length),
            ]
            self.symmetric(shape, fill(self.hair_dark, min(1.0, 3 * length)))

    def _moustache(self) -> None:
        size = self.a["moustache"]
        if size > 0.02:
            y = self.mouth_y - 4.9 - 0.35 * self.a["mouth_open"] * 6.6
            s = 0.35 + 0.65 * size
            shape = [
                (50, y - 1.3 * s),
                (50 + 5 * s, y - 1.9 * s),
                (50 + 10.8 * s, y + 1.3),
                (50 + 12.6 * s, y + 3.6 * s),
                (50 + 6.0 * s, y + 2.5 * s),
                (50, y + 1.6 * s),
            ]
            self.symmetric(shape, fill(self.hair_dark, min(1.0, 2.5 * size)))

    def _front_hair(self) -> None:
        a = self.a
        hair = (1 - smoothstep(a["baldness"], 0.05, 0.95)) * (1 - smoothstep(a["mohawk"], 0.05, 0.75))
        if hair <= 0.02:
            return
        half, top, fringe = self.half, self.top - self.volume * hair, a["fringe"] * hair
        hairline = self.top + 7.0 + 2.0 * hair + 9.5 * fringe + 0.05 * self.eye_y
        outer: list[Point] = [(50, top - 0.3)]
        for i in range(1, 6):
            angle = i / 5 * math.pi / 2
            r = 1 + 0.045 * a["curliness"] * (1 if i % 2 else -1)
            outer.append(
                (
                    50 + (half + 0.8 + 0.5 * self.volume * hair) * math.sin(angle) * r,
                    52 - 6 * (1 - hair) - (52 - top) * math.cos(angle) * r,
                )
            )
        side = 57.5 - 3.0 * (1 - a["hair_length"]) - 8 * (1 - hair)
        outer += [(50 + half + 0.8, side), (50 + half - 1.8, side - 4.5)]
        temple = 50 + half * (0.86 + 0.04 * fringe)
        inner: list[Point] = [
            (temple, hairline + 5.5 - 1.0 * fringe),
            (50 + half * 0.55, hairline + 0.6 + 1.2 * fringe + self._wave(1, 1.0)),
            (50 + half * 0.2, hairline - 0.8 + 2.0 * fringe + self._wave(0, 1.0)),
        ]
        path = mirrored([*outer, *inner, (50, hairline - 1.6 + 2.2 * fringe)])
        paint = vertical(top, self.hair_light, 54, mix(self.hair, self.hair_dark, 0.55))
        paint.setAlphaf(smoothstep(hair, 0.02, 0.35))
        self.canvas.drawPath(path, paint)
        if fringe > 0.02:
            for x in (-0.42, 0.0, 0.42):
                tip = (50 + half * x, hairline + 0.8 + 2.0 * fringe)
                self.canvas.drawLine(
                    *tip, tip[0] - 0.8, tip[1] - 6.5 * fringe, line(self.hair_dark, 1.2, 0.65 * fringe)
                )
        shine = [(50 - half * 0.62, top + 9.5), (50 - half * 0.30, top + 5.0), (50 + half * 0.06, top + 4.0)]
        self.stroke(shine, line(np.clip(self.hair * 1.2 + 0.14, 0, 1), 2.6, 0.55 * hair))

    def _brows(self) -> None:
        a = self.a
        colour = mix(self.hair_dark * 0.72, INK, 0.25)
        thick = 1.1 + 3.4 * a["brow_thickness"]
        y = self.eye_y - 2.0 - self.eye_r * 0.98 - 2.8 - 2.0 * (a["brow_height"] - 0.5)
        slant = 4.2 * (2 * a["brow_angle"] - 1)
        for side in (1, -1):
            inner, outer = 50 + side * (self.eye_x - 6.2), 50 + side * (self.eye_x + 6.4)
            points = [
                (inner, y + 0.62 * slant),
                (50 + side * (self.eye_x + 0.6), y - 1.3),
                (outer, y + 0.6 - 0.5 * slant),
            ]
            self.stroke(points, line(colour, thick))

    def _mohawk(self) -> None:
        size = self.a["mohawk"]
        if size > 0.02:
            height, base = 14.0 * size + 0.5 * self.volume, self.top + 10.5
            width = 3.0 + 6.5 * size
            points: list[Point] = [(50, self.top - height)]
            for i, (x, y) in enumerate(((0.62, 0.94), (1.12, 0.66), (1.16, 0.30), (0.98, 0.0))):
                points.append((50 + width * x + self._wave(i, 0.8), self.top - height * y))
            points += [(50 + 0.82 * width, self.top + 6), (50, base + 1.5)]
            self.symmetric(points, vertical(self.top - height, self.hair_light, base, self.hair_dark))
