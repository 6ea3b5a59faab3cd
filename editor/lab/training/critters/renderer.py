"""Draw critters with Skia on a canvas of 100 x 100 units: flat shapes and soft shading, all continuous."""

from __future__ import annotations

import math

import numpy as np
import skia

from editor.lab.training.critters.appearance import Critters
from editor.lab.training.drawing import (
    INK,
    WHITE,
    Colour,
    Point,
    curve,
    fill,
    glow,
    line,
    mirrored,
    mix,
    oval,
    render_with,
    smoothstep,
    vertical,
)

CREAM = np.array((1.0, 0.97, 0.92))
PINK = np.array((0.95, 0.56, 0.60))
SIDES = (1, -1)


class Painter:
    """Paints one critter. ``a`` are the visible scalars and the shapes of its species, ``c`` the colours."""

    def __init__(self, canvas: skia.Canvas, a: dict[str, float], c: dict[str, Colour]) -> None:
        self.canvas, self.a, self.c = canvas, a, c
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

    def paint(self) -> None:
        """Paint everything from back to front."""
        a, canvas = self.a, self.canvas
        self._background()
        canvas.save()
        canvas.translate(50 + 2.0 * (2 * a["shift_x"] - 1), 56.5 + 1.6 * (2 * a["shift_y"] - 1))
        canvas.rotate(5.0 * (2 * a["tilt"] - 1))
        zoom = 1.08 + 0.05 * (2 * a["zoom"] - 1)
        canvas.scale(zoom, zoom)
        canvas.translate(-50, -54.5)
        self._body()
        self._mane()
        self._collar()
        for side in SIDES:
            self._ear(side, 1.0)
        head = self._head()
        canvas.save()
        canvas.clipPath(head, doAntiAlias=True)
        self._face_markings()
        self._eye_patch()
        self._pattern()
        self._cheeks()
        canvas.restore()
        for side in SIDES:
            self._ear(side, smoothstep(a["ear_droop"], 0.50, 0.75))
        self._tuft()
        self._muzzle()
        self._mouth()
        self._nose()
        self._whiskers()
        self._eyes()
        self._brows()
        self._glasses()
        self._bow()
        self._hat()
        canvas.restore()

    def _background(self) -> None:
        colour, fade = self.c["background_color"], self.a["background_gradient"]
        self.canvas.drawRect(
            skia.Rect.MakeWH(100, 100),
            vertical(0, np.clip(colour * 1.03, 0, 1), 100, colour * (1 - 0.16 * fade)),
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
        canvas.drawPath(mirrored(bib), fill(self.pale * 0.95, chest))
        for side in SIDES:
            self._band([(50 + side * 32, 92), (50 + side * 21, 94)], 2.4, a["stripes"])
            self._band([(50 + side * 33, 99), (50 + side * 20, 101)], 2.4, a["stripes"])
            for x, y in ((20.0, 92.0), (25.0, 99.0), (15.5, 100.0)):
                self._spot(50 + side * x, y, 2.3)
        canvas.drawPath(
            mirrored([(50, 70), (50 + 22, 72), (50 + 15, self.chin + 2), (50, self.chin + 5)]),
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
            self.canvas.drawPath(curve(points), fill(colour))

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
        self.canvas.drawPath(
            curve(points, closed=False), line(colour * 0.72, 1.4 + 5.2 * size, min(1.0, 2.5 * size))
        )
        self.canvas.drawPath(
            curve(points, closed=False), line(colour, 0.4 + 4.2 * size, min(1.0, 2.5 * size))
        )
        gold = np.array((1.0, 0.82, 0.25))
        self.canvas.drawCircle(50, y + 6.2, 0.6 + 2.9 * size, fill(gold * 0.72, min(1.0, 2.5 * size)))
        self.canvas.drawCircle(50, y + 6.2, 0.2 + 2.3 * size, fill(gold, min(1.0, 2.5 * size)))

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
        self.canvas.drawOval(oval(50, y, 0.5 + 2.6 * size, 0.5 + 3.2 * size), fill(colour * 0.66, alpha))

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
        self.canvas.drawPath(
            curve([(50 + side * x, y) for x, y in inner]),
            fill(mix(mix(self.fur, PINK, 0.70), self.shadow, 0.15), alpha * (1 - 0.94 * droop)),
        )
        spot = a["ear_spot"] * (1 - droop) * alpha
        if spot > 0.02:
            tip = outer[3]
            self.canvas.drawCircle(50 + side * tip[0], tip[1] + 3.4 * size, 1.9 * size, fill(CREAM, spot))

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
        self.canvas.drawCircle(
            50 + side * tip_x,
            tip_y,
            reach,
            glow(50 + side * tip_x, tip_y, reach, mix(self.fur * 0.2, INK, 0.6), strength),
        )
        self.canvas.restore()

    def _head(self) -> skia.Path:
        a, half, chin, top = self.a, self.half, self.chin, self.top
        tuft, y = self.tuft, self.cheek_y
        full, tall = 0.06 * a["cuteness"] + 0.05 * self.cub, y - top
        jaw = min(0.84, a["jaw"] + full)
        points = [
            (50, top),
            (50 + half * 0.72 * a["crown"], top + 0.10 * tall),
            (50 + half * (a["crown"] + 0.16), top + 0.36 * tall),
            (50 + half * 0.985, y - 0.26 * tall),
            (50 + half + 0.35 * tuft, y + 2),
            (50 + half + tuft, y + 8.5),
            (50 + half * (0.55 * jaw + 0.42) + 0.25 * tuft, y + 0.42 * (chin - y) + 4),
            (50 + half * jaw * 0.86, chin - 5.0),
            (50 + half * jaw * 0.45, chin - 0.8),
            (50, chin),
        ]
        path = mirrored(points)
        self.canvas.drawPath(
            path, vertical(top, np.clip(self.fur * 1.04 + 0.01, 0, 1), chin, self.fur * 0.93)
        )
        return path

    def _face_markings(self) -> None:
        """Paint pale cheeks, brows and bridge, and a wolf's dark cap; clipped to the head."""
        a, canvas, half = self.a, self.canvas, self.half
        if a["mask"] > 0.02:
            cap = [
                (50, 0),
                (110, 0),
                (50 + half + 12, self.eye_y - 2),
                (50 + half * 0.72, self.eye_y - 3),
                (50 + 8, self.eye_y - 12),
                (50 + 4.5, self.eye_y + 2),
                (50 + 3.2, self.muzzle_y - 8),
                (50, self.muzzle_y - 6),
            ]
            canvas.drawPath(mirrored(cap), fill(mix(self.fur * 0.45, INK, 0.22), 0.75 * a["mask"]))
        cheeks = a["pale_cheeks"]
        if cheeks > 0.02:
            shape = [
                (50, self.muzzle_y - 3),
                (50 + 6, self.muzzle_y - 8),
                (50 + half * 0.46, self.eye_y + self.eye_r + 1.5),
                (50 + half * 0.80, self.eye_y + 4),
                (50 + half + 16, self.eye_y + 2),
                (50 + half + 16, 105),
                (50, 105),
            ]
            canvas.drawPath(mirrored(shape), fill(self.pale, cheeks))
        if a["pale_brows"] > 0.02:
            for side in SIDES:
                canvas.save()
                canvas.translate(50 + side * (self.eye_x - 0.5), self.eye_y - self.eye_r - 1.0)
                canvas.rotate(side * -14.0)
                canvas.drawOval(oval(0, 0, 6.4, 4.6), fill(self.pale, a["pale_brows"]))
                canvas.restore()
        bridge = a["pale_bridge"]
        if bridge > 0.02:
            wide = 0.62 * a["bridge"]
            strip = [
                (50, self.top - 4),
                (50 + 0.9 * wide, self.top + 8),
                (50 + 0.8 * wide, self.eye_y - 2),
                (50 + 1.5 * wide, self.muzzle_y - 3),
                (50, self.muzzle_y + 2),
            ]
            canvas.drawPath(mirrored(strip), fill(self.pale, bridge * (0.35 + 0.65 * a["marking"])))
        edge = line(self.shadow, 1.5, 0.45 * min(1.0, a["bridge"] / 6.0))
        for side in SIDES:
            x = 50 + side * a["bridge"]
            canvas.drawPath(
                curve(
                    [
                        (x - side * 0.8, self.eye_y - 1),
                        (x, self.muzzle_y - 9),
                        (x + side * 1.6, self.muzzle_y - 4),
                    ],
                    closed=False,
                ),
                edge,
            )

    def _eye_patch(self) -> None:
        strength = self.a["eye_patch"] * (0.55 + 0.45 * self.a["marking"])
        if strength > 0.02:
            self.canvas.save()
            self.canvas.translate(50 - self.eye_x - 0.8, self.eye_y - 0.5)
            self.canvas.rotate(18)
            self.canvas.drawOval(oval(0, 0, 9.6, 11.2), fill(mix(self.fur * 0.48, INK, 0.18), strength))
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
            self.canvas.drawOval(
                oval(x, y, radius * (0.35 + 0.65 * size), 0.86 * radius * (0.35 + 0.65 * size)),
                fill(mix(self.marks, self.fur, 0.12), min(1.0, 2.0 * size)),
            )

    def _pattern(self) -> None:
        """Paint stripes or spots on the head."""
        size, half, top, eye = self.a["stripes"], self.half, self.top, self.eye_y
        self._band([(50, top - 1), (50, top + 14)], 4.6, size)
        for side in SIDES:
            self._band([(50 + side * 6.5, top - 1), (50 + side * 4.6, top + 11.5)], 4.0, size)
            self._band([(50 + side * 13.5, top), (50 + side * 10.0, top + 9.5)], 4.0, size)
            for y, reach in ((eye + 1.0, 0.36), (eye + 7.5, 0.40), (eye + 14.0, 0.38)):
                self._band(
                    [(50 + side * (half + 4), y - 1.5), (50 + side * half * (1 - reach), y + 1.2)], 4.2, size
                )
            for x, y, radius in (
                (5.0, top + 7.0, 2.3),
                (12.5, top + 10.0, 2.5),
                (18.5, top + 16.5, 2.3),
                (0.72 * half + 3.0, eye + 7.0, 2.3),
                (0.62 * half + 1.0, eye + 13.0, 2.2),
                (0.82 * half + 2.0, eye + 14.5, 2.0),
            ):
                self._spot(50 + side * x, y, radius)
        self._spot(50, top + 14.0, 2.3)

    def _tuft(self) -> None:
        """Paint the hair on the crown of fluffy animals."""
        size = smoothstep(self.a["fluffiness"], 0.45, 1.0) * (1 - 0.6 * self.a["hat"])
        if size > 0.02:
            top, paint = self.top, fill(np.clip(self.fur * 1.05 + 0.02, 0, 1))
            for x, lean, high in ((-4.0, -4.0, 5.0), (4.0, 4.0, 5.0), (0.0, 0.6, 7.5)):
                lock = skia.Path()
                lock.moveTo(50 + x - 4.0, top + 4.0)
                lock.quadTo(50 + x - 1.5, top + 1.0, 50 + x + lean * size, top + 2.0 - (high + 2.0) * size)
                lock.quadTo(50 + x + 3.0, top + 1.0, 50 + x + 4.0, top + 4.0)
                lock.close()
                self.canvas.drawPath(lock, paint)

    def _cheeks(self) -> None:
        strength = 0.85 * self.a["blush"] + 0.05
        y = self.eye_y + self.eye_r + 5.0
        for side in SIDES:
            x = 50 + side * self.half * 0.62
            self.canvas.drawCircle(x, y, 7.4, glow(x, y, 7.4, np.array((0.99, 0.30, 0.40)), strength))

    def _muzzle(self) -> None:
        """Paint the lobes next to the mouth and the chin; grey with age."""
        a, canvas, y = self.a, self.canvas, self.muzzle_y
        grey = mix(self.pale, np.array((0.93, 0.93, 0.94)), 0.7 * self.elder)
        colour = mix(mix(self.fur * 1.02, self.fur, 0.5), grey, max(a["pale_muzzle"], 0.92 * self.elder))
        wide, high = self.muzzle_w, self.muzzle_h
        drop = 2.6 * a["mouth_open"]
        canvas.drawOval(
            oval(50, y + 0.62 * high + drop, 0.50 * wide, 0.52 * high), fill(mix(colour, self.shadow, 0.10))
        )
        for side in SIDES:
            canvas.drawOval(
                oval(50 + side * 0.47 * wide, y + 0.16 * high, 0.56 * wide, 0.62 * high), fill(colour)
            )
        canvas.drawOval(oval(50, y - 0.30 * high, 0.50 * wide, 0.55 * high), fill(colour))

    def _mouth(self) -> None:
        a, canvas = self.a, self.canvas
        smile, open_ = 2 * a["smile"] - 1, a["mouth_open"]
        y, wide = self.muzzle_y + 0.30 * self.muzzle_h, 0.66 * self.muzzle_w + 3.4 + 2.2 * max(0.0, smile)
        bend = 5.4 * smile
        nose = (50, self.muzzle_y - 0.25 * self.muzzle_h)
        half: list[Point] = [
            (0.0, y),
            (0.30 * wide, y + 1.6 + 0.26 * bend),
            (0.70 * wide, y + 1.0 - 0.06 * bend),
            (wide, y - bend),
        ]
        gap = open_ * (7.0 + 1.6 * max(0.0, smile))
        if gap > 0.25:
            reach = 0.60 * wide
            hole = [
                (50 - reach, y + 0.8),
                (50 - 0.5 * reach, y + 1.4),
                (50, y),
                (50 + 0.5 * reach, y + 1.4),
                (50 + reach, y + 0.8),
                (50 + 0.72 * reach, y + 0.72 * gap + 1),
                (50, y + gap + 1.6),
                (50 - 0.72 * reach, y + 0.72 * gap + 1),
            ]
            path = curve(hole)
            canvas.drawPath(path, fill(np.array((0.40, 0.09, 0.13))))
            canvas.save()
            canvas.clipPath(path, doAntiAlias=True)
            canvas.drawOval(
                oval(50, y + gap + 1.4, 0.55 * reach, 0.52 * gap), fill(np.array((0.96, 0.48, 0.54)))
            )
            canvas.restore()
            canvas.drawPath(path, line(self.lines, 1.3, min(1.0, 2 * open_)))
        paint = line(self.lines, 1.9)
        canvas.drawLine(*nose, 50, y, paint)
        for side in SIDES:
            canvas.drawPath(curve([(50 + side * px, py) for px, py in half], closed=False), paint)

    def _nose(self) -> None:
        a = self.a
        wide = (0.5 + a["nose_w"]) * (0.60 + 0.80 * a["nose_size"]) * (1 - 0.10 * self.cub)
        high, y = 0.72 * wide, self.muzzle_y - 0.42 * self.muzzle_h
        colour = mix(np.array((0.15, 0.12, 0.14)), np.array((0.90, 0.45, 0.50)), a["pink_nose"])
        shape = [
            (50, y - 0.70 * high),
            (50 + 0.72 * wide, y - 0.66 * high),
            (50 + 0.98 * wide, y - 0.20 * high),
            (50 + 0.52 * wide, y + 0.42 * high),
            (50, y + 0.86 * high),
        ]
        self.canvas.drawPath(mirrored(shape), fill(colour))
        self.canvas.drawPath(mirrored(shape), line(colour * 0.72, 0.8))
        self.canvas.drawOval(
            oval(50 - 0.30 * wide, y - 0.32 * high, 0.26 * wide, 0.17 * high), fill(WHITE, 0.62)
        )

    def _whiskers(self) -> None:
        size = self.a["whiskers"]
        if size <= 0.02:
            return
        dark = 1 - smoothstep(float(self.fur.mean()), 0.25, 0.40)
        paint = line(mix(self.lines, np.array((0.94, 0.94, 0.96)), dark), 1.15, min(1.0, 2 * size))
        y, start = self.muzzle_y + 0.05 * self.muzzle_h, 0.86 * self.muzzle_w + 2.0
        reach = (self.half + 8.0 - start) * (0.30 + 0.70 * size)
        for side in SIDES:
            for rise in (-1.0, 0.15, 1.3):
                x = 50 + side * start
                points = [
                    (x, y + 1.7 * rise),
                    (x + side * 0.5 * reach, y + 3.2 * rise - 1.2),
                    (x + side * reach, y + 5.4 * rise - 0.2),
                ]
                self.canvas.drawPath(curve(points, closed=False), paint)

    def _eyes(self) -> None:
        open_ = (0.36 + 0.72 * self.a["eye_openness"]) * (1 - 0.20 * self.elder)
        for side in SIDES:
            self.canvas.save()
            self.canvas.translate(50 + side * self.eye_x, self.eye_y)
            self.canvas.rotate(-side * self.a["eye_tilt"] * 0.75)
            self._eye(side, self.eye_r, self.eye_r * open_)
            self.canvas.restore()

    def _eye(self, side: int, rx: float, ry: float) -> None:
        a, canvas = self.a, self.canvas
        shape = skia.Path()
        shape.addOval(oval(0, 0, rx, ry))
        canvas.drawPath(shape, line(self.lines, 2.6))
        canvas.drawPath(shape, fill(WHITE))
        canvas.save()
        canvas.clipPath(shape, doAntiAlias=True)
        cute = a["cuteness"]
        iris, x = rx * (0.78 + 0.10 * cute), 1.1 * (2 * a["gaze"] - 1)
        canvas.drawCircle(x, 0, iris, fill(self.c["eye_color"] * 0.72))
        canvas.drawCircle(x, 0, iris * 0.86, fill(self.c["eye_color"]))
        slit = a["slit"] * (1 - 0.75 * cute) * (1 - 0.5 * self.cub)
        canvas.drawOval(oval(x, 0, iris * (0.56 - 0.32 * slit), iris * (0.56 + 0.22 * slit)), fill(INK * 0.5))
        glint = iris * (0.22 + 0.14 * cute)
        canvas.drawCircle(x + 0.32 * iris, -0.36 * iris, glint, fill(WHITE))
        canvas.drawCircle(x - 0.34 * iris, 0.38 * iris, glint * 0.9 * cute, fill(WHITE, 0.9))
        canvas.drawOval(oval(0, -ry * 1.28, rx * 1.1, ry * 0.62), fill(INK, 0.15))
        canvas.restore()
        canvas.drawArc(oval(0, 0, rx + 0.3, ry + 0.3), 188, 164, False, line(INK, 1.7))
        if self.elder > 0.02:
            bag = line(mix(self.fur * 0.55, self.lines, 0.25), 1.7, 0.9 * self.elder)
            canvas.drawArc(oval(0, 1.0, rx + 1.6, ry + 2.0), 30, 120, False, bag)
            canvas.drawArc(oval(0, -0.4, rx + 1.6, ry + 2.0), 205, 130, False, bag)

    def _brows(self) -> None:
        a = self.a
        slant = 5.2 * (2 * a["brow_angle"] - 1)
        y = self.eye_y - self.eye_r * (0.55 + 0.55 * a["eye_openness"]) - 3.6
        y = max(y, self.eye_y - self.eye_r - 4.2)
        colour = mix(self.lines, np.array((0.95, 0.95, 0.96)), 0.85 * smoothstep(self.elder, 0.15, 0.9))
        for side in SIDES:
            inner, outer = 50 + side * (self.eye_x - 5.0), 50 + side * (self.eye_x + 5.4)
            points = [
                (inner, y + 0.70 * slant),
                (50 + side * (self.eye_x + 0.4), y - 0.9),
                (outer, y + 0.5 - 0.50 * slant),
            ]
            self.canvas.drawPath(curve(points, closed=False), line(colour, 2.3 + 1.7 * self.elder))

    def _glasses(self) -> None:
        size = self.a["glasses"]
        if size <= 0.02:
            return
        radius = (8.6 + 0.45 * (self.eye_r - 5.5)) * (0.35 + 0.65 * size)
        frame, alpha, y = np.array((0.12, 0.10, 0.14)), min(1.0, 2 * size), self.eye_y + 0.3
        for side in SIDES:
            x = 50 + side * max(self.eye_x, radius + 1.6)
            self.canvas.drawCircle(x, y, radius, fill(np.array((0.85, 0.94, 1.0)), 0.20 * size))
            self.canvas.drawCircle(x, y, radius, line(frame, 2.1, alpha))
            self.canvas.drawLine(
                x + side * radius, y - 1.0, 50 + side * (self.half + 0.5), y - 2.6, line(frame, 1.8, alpha)
            )
        gap = max(self.eye_x - radius, 1.6)
        self.canvas.drawPath(
            curve([(50 - gap, y - 0.8), (50, y - 2.4), (50 + gap, y - 0.8)], closed=False),
            line(frame, 2.1, alpha),
        )

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
            self.canvas.drawPath(
                curve(band, closed=False), line(mix(colour, WHITE, 0.75), 0.13 * tall, alpha)
            )
        self.canvas.restore()
        self.canvas.drawCircle(50, base - tall, 0.4 + 3.0 * size, fill(mix(colour, WHITE, 0.80), alpha))


def render(portraits: Critters, size: int = 128) -> np.ndarray:
    """Draw critters: uint8 RGB [N, size, size, 3]."""
    return render_with(Painter, portraits, size)
