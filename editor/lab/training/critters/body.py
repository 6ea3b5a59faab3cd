"""Paint bodies, ears and accessories of animals."""

from __future__ import annotations

import math

import numpy as np
import skia

from editor.lab.training.drawing import (
    INK,
    WHITE,
    Colour,
    Pen,
    Point,
    curve,
    fill,
    glow,
    line,
    mirrored,
    mix,
    smoothstep,
    vertical,
)

CREAM = np.array((1.0, 0.97, 0.92))
PINK = np.array((0.95, 0.56, 0.60))
SIDES = (1, -1)


class BodyPainter(Pen):
    """Paints the body of one critter. ``a`` are the visible scalars and the shapes of its species, ``c``
    the colours.
    """

    def __init__(self, canvas: skia.Canvas, a: dict[str, float], c: dict[str, Colour]) -> None:
        super().__init__(canvas)
        self.a, self.c = a, c
        self.cub = cub = max(0.0, 1 - 2 * a["age"])
        self.elder = max(0.0, 2 * a["age"] - 1)
        cute = a["cuteness"]
        self.fur = fur = mix(c["fur_color"], np.array((0.80, 0.79, 0.78)), 0.20 * self.elder)
        light = float(fur @ np.array((0.3, 0.6, 0.1)))
        dusk = 1 - smoothstep(light, 0.22, 0.42)
        self.shadow = fur * 0.80
        self.marks = mix(mix(fur * 0.22, INK, 0.5), np.array((0.48, 0.47, 0.52)), dusk)
        self.lines = mix(fur * 0.30, INK, 0.55)
        self.pale = mix(mix(fur, CREAM, 0.86), mix(fur, CREAM, 0.50), dusk)
        self.half = a["half"] + 4.0 * (a["face_width"] - 0.5) + 1.4 * cute + 0.8 * cub
        self.top = a["top"] - 1.5 + 3.0 * cub
        self.chin = a["chin"] - 3.4 * cute - 5.0 * cub
        shrink = 1 - 0.16 * cute - 0.24 * cub + 0.06 * self.elder
        self.muzzle_w, self.muzzle_h = a["muzzle_w"] * (1 - 0.5 * (1 - shrink)), a["muzzle_h"] * shrink
        self.muzzle_y = a["muzzle_y"] - 2.2 * cute - 3.0 * cub
        self.eye_y = a["eye_y"] + 2.0 * cute + 3.0 * cub - 1.0 * self.elder
        self.eye_x = a["eye_x"] + 0.6 * cute
        self.eye_r = a["eye_r"] * (0.72 + 0.56 * a["eye_size"]) * (1 + 0.26 * cute + 0.20 * cub)
        self.cheek_y = a["cheek_y"]
        self.tuft = a["tuft"] * (0.45 + 0.75 * a["fluffiness"]) * (1 - 0.45 * cub) + 4.5 * (
            a["fluffiness"] - 0.35
        )

    def _body(self) -> None:
        """Paint neck, shoulders and chest."""
        a, canvas = self.a, self.canvas
        neck, shoulder = 15.5 - 3.0 * self.cub + 2.0 * a["fluffiness"], 31.0 - 8.0 * self.cub
        shape = [
            (50, 70),
            (50 + neck, 72),
            (50 + neck + 1.5, 84),
            (50 + 0.80 * shoulder, 92),
            (50 + shoulder, 102),
            (50 + shoulder + 1, 118),
            (50, 122),
        ]
        path = mirrored(shape)
        canvas.drawPath(path, vertical(78, self.fur * 0.90, 104, self.fur * 0.76))
        canvas.save()
        canvas.clipPath(path, doAntiAlias=True)
        chest = 0.30 + 0.70 * max(a["pale_cheeks"], 0.5 * a["pale_muzzle"])
        wide = 11.0 + 3.0 * a["fluffiness"]
        bib = [(50, 80), (50 + wide, 84), (50 + 0.8 * wide, 94), (50 + 0.4 * wide, 104), (50, 106)]
        self.symmetric(bib, fill(self.pale * 0.95, chest))
        for side in SIDES:
            self._band([(50 + side * 32, 92), (50 + side * 21, 94)], 2.4, a["stripes"])
            self._band([(50 + side * 33, 99), (50 + side * 20, 101)], 2.4, a["stripes"])
            for x, y in ((20.0, 92.0), (25.0, 99.0), (15.5, 100.0)):
                self._spot(50 + side * x, y, 2.3)
        self.symmetric(
            [(50, 70), (50 + 22, 72), (50 + 15, self.chin + 2), (50, self.chin + 5)],
            fill(self.shadow * 0.7, 0.45),
        )
        canvas.restore()

    def _mane(self) -> None:
        size = self.a["mane"]
        if size <= 0.02:
            return
        dark = self.fur * np.array((0.56, 0.40, 0.28)) + np.array((0.05, 0.01, 0.0))
        middle = (self.top + self.chin) / 2 + 2
        for layer, colour in ((1.0, dark), (0.55, mix(dark, self.fur * np.array((0.86, 0.66, 0.44)), 0.62))):
            reach = self.half - 5.0 + (8.0 + 11.5 * layer) * size
            tall = (self.chin - self.top) / 2 - 5.0 + (7.5 + 10.5 * layer) * size
            points: list[Point] = []
            lobes = 13
            for i in range(2 * lobes):
                angle = math.pi * i / lobes
                wave = 1.0 + (0.050 if i % 2 else -0.035) * size
                points.append((50 + reach * wave * math.sin(angle), middle - tall * wave * math.cos(angle)))
            self.area(points, fill(colour))

    def _collar(self) -> None:
        size = self.a["collar"]
        if size <= 0.02:
            return
        colour, y = self.c["accessory_color"], max(84.0, self.chin + 4.5)
        points = [
            (50 - 17.5, y - 2.0),
            (50 - 9, y + 2.2),
            (50, y + 3.2),
            (50 + 9, y + 2.2),
            (50 + 17.5, y - 2.0),
        ]
        self.stroke(points, line(colour * 0.72, 1.4 + 5.2 * size, min(1.0, 2.5 * size)))
        self.stroke(points, line(colour, 0.4 + 4.2 * size, min(1.0, 2.5 * size)))
        gold = np.array((1.0, 0.82, 0.25))
        self.circle(50, y + 6.2, 0.6 + 2.9 * size, fill(gold * 0.72, min(1.0, 2.5 * size)))
        self.circle(50, y + 6.2, 0.2 + 2.3 * size, fill(gold, min(1.0, 2.5 * size)))

    def _bow(self) -> None:
        size = self.a["bow"]
        if size <= 0.02:
            return
        colour, y, alpha = self.c["accessory_color"], max(85.5, self.chin + 5.5), min(1.0, 2.5 * size)
        wide, tall = 1.5 + 13.0 * size, 0.8 + 6.4 * size
        for side in SIDES:
            loop = [
                (50, y),
                (50 + side * 0.55 * wide, y - 0.85 * tall),
                (50 + side * wide, y - tall),
                (50 + side * 1.02 * wide, y),
                (50 + side * wide, y + tall),
                (50 + side * 0.55 * wide, y + 0.85 * tall),
            ]
            path = curve(loop)
            self.canvas.drawPath(
                path, vertical(y - tall, np.clip(colour * 1.05 + 0.04, 0, 1), y + tall, colour * 0.80)
            )
            self.canvas.drawPath(path, line(colour * 0.60, 0.9 * size, alpha))
        self.oval(50, y, 0.5 + 2.6 * size, 0.5 + 3.2 * size, fill(colour * 0.66, alpha))

    def _ear(self, side: int, alpha: float) -> None:
        """Paint an ear behind the head, and once more in front of it as far as it hangs."""
        if alpha <= 0.01:
            return
        a = self.a
        droop = smoothstep(a["ear_droop"], 0.15, 0.95)
        size = (0.70 + 0.60 * a["ear_size"]) * (1 + 0.10 * self.cub)
        outer = self._ear_points(droop, size, 1.0)
        inner = self._ear_points(droop, size, 0.58)
        flap = a["dark_ears"] * (0.35 + 0.65 * droop)
        colour = mix(self.fur * 0.94, mix(self.fur * 0.42, INK, 0.25), 0.35 * a["dark_ears"] + 0.25 * flap)
        path = curve([(50 + side * x, y) for x, y in outer])
        self.canvas.drawPath(path, fill(colour, alpha))
        dark = a["dark_ears"] * (1 - droop)
        if dark > 0.02:
            self._ear_tip(side, outer, dark * alpha)
        self.area(
            [(50 + side * x, y) for x, y in inner],
            fill(mix(mix(self.fur, PINK, 0.70), self.shadow, 0.15), alpha * (1 - 0.94 * droop)),
        )
        spot = a["ear_spot"] * (1 - droop) * alpha
        if spot > 0.02:
            tip = outer[3]
            self.circle(50 + side * tip[0], tip[1] + 3.4 * size, 1.9 * size, fill(CREAM, spot))

    def _ear_points(self, droop: float, size: float, share: float) -> list[Point]:
        """The outline of the right ear around x = 0 of the face's middle, ``share`` of its size about its
        base.
        """
        a = self.a
        x, y, wide, high = (
            a["ear_x"] + 0.35 * (self.half - a["half"]),
            a["ear_y"] + self.top - a["top"],
            a["ear_w"],
            a["ear_h"] * size,
        )
        wide *= 0.75 + 0.25 * size
        round_, lean = a["ear_round"], a["ear_lean"]
        upright = [
            (x - wide, y + 1),
            (x - wide * (0.72 + 0.26 * round_) + 0.2 * lean, y - 0.52 * high),
            (x - wide * (0.12 + 0.42 * round_) + 0.9 * lean, y - (0.93 - 0.03 * round_) * high),
            (x + lean, y - high),
            (x + wide * (0.14 + 0.46 * round_) + lean, y - (0.91 - 0.03 * round_) * high),
            (x + wide * (0.78 + 0.26 * round_) + 0.5 * lean, y - 0.48 * high),
            (x + wide, y + 4),
            (x, y + 7),
        ]
        out, long_ = self.half - 2.0, 0.85 * high + 12.0
        hanging = [
            (x - 4, y - 4),
            (0.62 * out + 3, y - 7.5),
            (out + 2.5, y - 3),
            (out + 8.0, y + 0.30 * long_),
            (out + 8.0, y + 0.72 * long_),
            (out + 2.0, y + 0.95 * long_),
            (out - 3.5, y + 0.60 * long_),
            (out - 6.0, y + 3),
        ]
        points = [
            (p[0] + (q[0] - p[0]) * droop, p[1] + (q[1] - p[1]) * droop)
            for p, q in zip(upright, hanging, strict=True)
        ]
        if share == 1.0:
            return points
        base_x, base_y = x + 0.15 * lean + (out - x) * droop, y - 0.06 * high + 0.2 * long_ * droop
        return [(base_x + share * (px - base_x), base_y + share * (py - base_y)) for px, py in points]

    def _ear_tip(self, side: int, outer: list[Point], strength: float) -> None:
        self.canvas.save()
        self.canvas.clipPath(curve([(50 + side * px, py) for px, py in outer]), doAntiAlias=True)
        tip_x, tip_y = outer[3]
        reach = 0.62 * self.a["ear_h"] * (0.70 + 0.60 * self.a["ear_size"])
        self.circle(
            50 + side * tip_x,
            tip_y,
            reach,
            glow(50 + side * tip_x, tip_y, reach, mix(self.fur * 0.2, INK, 0.6), strength),
        )
        self.canvas.restore()

    def _band(self, points: list[Point], width: float, size: float) -> None:
        """Paint a tapering stripe between two points, thick at the first."""
        if size <= 0.02:
            return
        (x0, y0), (x1, y1) = points
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        nx, ny = (
            -(y1 - y0) / length * width * 0.5 * (0.3 + 0.7 * size),
            (x1 - x0) / length * width * 0.5 * (0.3 + 0.7 * size),
        )
        end_x, end_y = x0 + (x1 - x0) * (0.35 + 0.65 * size), y0 + (y1 - y0) * (0.35 + 0.65 * size)
        path = skia.Path()
        path.moveTo(float(x0 + nx), float(y0 + ny))
        path.quadTo(float((x0 + end_x) / 2 + nx), float((y0 + end_y) / 2 + ny), float(end_x), float(end_y))
        path.quadTo(
            float((x0 + end_x) / 2 - nx), float((y0 + end_y) / 2 - ny), float(x0 - nx), float(y0 - ny)
        )
        path.close()
        self.canvas.drawPath(path, fill(self.marks, min(1.0, 2.2 * size)))

    def _spot(self, x: float, y: float, radius: float) -> None:
        size = self.a["spots"]
        if size > 0.02:
            self.oval(
                x,
                y,
                radius * (0.35 + 0.65 * size),
                0.86 * radius * (0.35 + 0.65 * size),
                fill(mix(self.marks, self.fur, 0.12), min(1.0, 2.0 * size)),
            )

    def _glasses(self) -> None:
        size = self.a["glasses"]
        if size <= 0.02:
            return
        radius = (8.6 + 0.45 * (self.eye_r - 5.5)) * (0.35 + 0.65 * size)
        frame, alpha, y = np.array((0.12, 0.10, 0.14)), min(1.0, 2 * size), self.eye_y + 0.3
        for side in SIDES:
            x = 50 + side * max(self.eye_x, radius + 1.6)
            self.circle(x, y, radius, fill(np.array((0.85, 0.94, 1.0)), 0.20 * size))
            self.circle(x, y, radius, line(frame, 2.1, alpha))
            self.canvas.drawLine(
                x + side * radius, y - 1.0, 50 + side * (self.half + 0.5), y - 2.6, line(frame, 1.8, alpha)
            )
        gap = max(self.eye_x - radius, 1.6)
        self.stroke([(50 - gap, y - 0.8), (50, y - 2.4), (50 + gap, y - 0.8)], line(frame, 2.1, alpha))

    def _hat(self) -> None:
        """Paint a small party hat between the ears."""
        size = self.a["hat"]
        if size <= 0.02:
            return
        colour, base = self.c["accessory_color"], self.top + 3.0
        wide, tall, alpha = 1.5 + 8.5 * size, 1.0 + 16.0 * size, min(1.0, 2.5 * size)
        cone = skia.Path()
        cone.moveTo(float(50 - wide), float(base))
        cone.quadTo(50.0, float(base + 3.6), float(50 + wide), float(base))
        cone.lineTo(50.0, float(base - tall))
        cone.close()
        self.canvas.drawPath(
            cone, vertical(base - tall, np.clip(colour * 1.06 + 0.05, 0, 1), base, colour * 0.86)
        )
        self.canvas.save()
        self.canvas.clipPath(cone, doAntiAlias=True)
        for y in (0.30, 0.62):
            band = [(50 - wide, base - y * tall), (50, base - y * tall + 2.4), (50 + wide, base - y * tall)]
            self.stroke(band, line(mix(colour, WHITE, 0.75), 0.13 * tall, alpha))
        self.canvas.restore()
        self.circle(50, base - tall, 0.4 + 3.0 * size, fill(mix(colour, WHITE, 0.80), alpha))
