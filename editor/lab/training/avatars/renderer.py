"""Draw portraits with Skia on a canvas of 100 x 100 units: flat shapes and soft shading, all continuous."""

from __future__ import annotations

import numpy as np
import skia

from editor.lab.training.avatars.appearance import Portraits
from editor.lab.training.avatars.hair import HairPainter
from editor.lab.training.drawing import (
    INK,
    WHITE,
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


class Painter(HairPainter):
    """Paints one portrait."""

    def paint(self) -> None:
        """Paint everything from back to front."""
        a, canvas = self.a, self.canvas
        self._background()
        canvas.save()
        canvas.translate(50 + 3.0 * (2 * a["shift_x"] - 1), 57.5 + 2.0 * (2 * a["shift_y"] - 1))
        canvas.rotate(4.0 * (2 * a["tilt"] - 1))
        zoom = 1 + 0.05 * (2 * a["zoom"] - 1)
        canvas.scale(zoom, zoom)
        canvas.translate(-50, -60)
        self._back_hair()
        self._body()
        self._ears()
        head = self._head()
        canvas.save()
        canvas.clipPath(head, doAntiAlias=True)
        self._cheeks()
        self._stubble_scalp()
        self._beard_on_face()
        canvas.restore()
        self._beard_below()
        self._wrinkles()
        self._spots()
        self._eyes()
        self._nose()
        self._moustache()
        self._mouth()
        self._front_hair()
        self._brows()
        self._mohawk()
        self._earrings()
        self._glasses()
        self._hat()
        canvas.restore()

    def _background(self) -> None:
        colour, fade = self.c["background_color"], self.a["background_gradient"]
        self.canvas.drawRect(
            skia.Rect.MakeWH(100, 100),
            vertical(0, np.clip(colour * 1.03, 0, 1), 100, colour * (1 - 0.16 * fade)),
        )

    def _body(self) -> None:
        a, _canvas, cloth = self.a, self.canvas, self.c["clothing_color"]
        neck = 7.2 + 4.0 * (1 - self.fem) - 2.6 * self.child
        shoulder = 31.5 + 8.0 * (1 - self.fem) - 12.0 * self.child
        slope = 1.5 * self.elder
        body = [
            (50, 87),
            (50 + neck + 1, 88.5),
            (50 + 0.72 * shoulder, 92 + slope),
            (50 + shoulder, 98 + slope),
        ]
        self.symmetric(
            [*body, (50 + shoulder + 4, 112), (50 + shoulder, 126), (50, 126)],
            vertical(88, np.clip(cloth * 1.04, 0, 1), 104, cloth * 0.82),
        )
        throat = [
            (50, 68),
            (50 + neck, 70),
            (50 + neck, 86),
            (50 + neck + 1.4, 90),
            (50 + 0.6 * neck, 94.5),
            (50, 96),
        ]
        self.symmetric(throat, fill(mix(self.skin, self.shadow, 0.55)))
        self.symmetric(
            [(50, 68), (50 + neck, 70), (50 + neck, self.chin + 1.5), (50, self.chin + 5)],
            fill(self.shadow, 0.75),
        )
        size = a["collar"]
        if size > 0.01:
            pale = mix(cloth, WHITE, 0.72) if cloth.mean() < 0.82 else cloth * 0.80
            for side in (1, -1):
                flap = [
                    (50 + side * 0.5, 96.5),
                    (50 + side * (neck + 0.5), 85.5 + 1.5 * (1 - size)),
                    (50 + side * (neck + 1 + 9.5 * size), 90.5),
                    (50 + side * (1 + 8.0 * size), 91 + 13 * size),
                ]
                self.area(flap, fill(pale))
                self.area(flap, line(cloth * 0.62, 0.9 * size))

    def _ears(self) -> None:
        size = 1 + 0.26 * self.elder - 0.12 * self.child
        for side in (1, -1):
            x = 50 + side * (self.half + 0.4)
            self.oval(x, self.eye_y + 4.5, 3.9, 5.8 * size, fill(mix(self.skin, self.shadow, 0.25)))
            self.oval(x + side * 0.4, self.eye_y + 4.5, 1.8, 3.4 * size, fill(self.shadow, 0.8))

    def _head(self) -> skia.Path:
        a, half, chin, top = self.a, self.half, self.chin, self.top
        jaw = (
            0.72
            + 0.10 * (2 * a["jaw"] - 1) * 0.6
            - 0.20 * self.fem
            + 0.07 * a["cuteness"]
            + 0.06 * self.child
            + 0.11
        )
        sag = 2.8 * self.elder
        points = [
            (50, top),
            (50 + half * 0.62, top + 4.2),
            (50 + half * 0.96, top + 19),
            (50 + half, 52),
            (50 + half * 0.965, 62),
            (50 + half * min(0.98, jaw + 0.10) + sag, chin - 12),
            (50 + half * (jaw - 0.22) + 0.6 * sag, chin - 3.2),
            (50 + half * 0.20, chin),
            (50, chin + 0.2),
        ]
        path = mirrored(points)
        self.canvas.drawPath(path, vertical(top, np.clip(self.skin * 1.03, 0, 1), chin, self.skin * 0.95))
        return path

    def _cheeks(self) -> None:
        y = self.eye_y + 13.0
        for side in (1, -1):
            x = 50 + side * self.half * 0.60
            strength = 0.80 * self.a["blush"] + 0.06
            self.circle(x, y, 8.2, glow(x, y, 8.2, np.array((0.98, 0.28, 0.36)), strength))

    def _wrinkles(self) -> None:
        size = self.a["wrinkles"]
        if size > 0.02:
            paint = line(mix(self.skin, self.shadow * 0.62, 0.85), 0.5 + 1.0 * size, min(1.0, 1.5 * size))
            reach = 0.55 + 0.45 * size
            for y in (self.eye_y - 19.5, self.eye_y - 15.6):
                points = [(50 - 11.5 * reach, y + 1), (50 - 4, y), (50 + 4, y), (50 + 11.5 * reach, y + 1)]
                self.stroke(points, paint)
            for side in (1, -1):
                self._side_wrinkles(side, reach, paint)
        if self.elder > 0.02:
            bag = line(self.shadow * 0.92, 1.7, 0.85 * self.elder)
            for side in (1, -1):
                x, y = 50 + side * self.eye_x, self.eye_y + self.eye_r + 2.2
                self.stroke([(x - 4.2, y), (x, y + 1.7), (x + 4.2, y)], bag)

    def _side_wrinkles(self, side: int, reach: float, paint: skia.Paint) -> None:
        fold = [
            (50 + side * 7.2, self.mouth_y - 9),
            (50 + side * 11.8, self.mouth_y - 4.5),
            (50 + side * (12.6 + 0.4), self.mouth_y + 1),
        ]
        self.stroke(fold, paint)
        x = 50 + side * (self.eye_x + self.eye_r + 1.6)
        for rise in (-2.6, 0.3, 3.2):
            start, end = (
                (x, self.eye_y + 0.5 + 0.55 * rise),
                (x + side * 4.2 * reach, self.eye_y + 0.5 + 1.35 * rise),
            )
            self.canvas.drawLine(*start, *end, paint)

    def _spots(self) -> None:
        freckled, blemished = self.a["freckles"], self.a["blemishes"]
        if freckled > 0.02:
            paint = fill(self.skin * np.array((0.62, 0.44, 0.36)), min(1.0, 1.6 * freckled))
            y, radius = self.eye_y + 10.4, 0.45 + 0.62 * freckled
            for side in (1, -1):
                for dx, dy in ((5.6, 0.6), (8.8, -0.4), (12.2, 0.8), (7.2, 3.2), (10.6, 3.4)):
                    self.circle(50 + side * dx, y + dy, radius, paint)
            self.circle(50, y - 2.6, radius, paint)
        if blemished > 0.02:
            red = mix(self.skin, np.array((0.86, 0.14, 0.16)), 0.80)
            for x, y in (
                (-10.5, self.eye_y - 11.5),
                (4.5, self.eye_y - 14.5),
                (14.2, self.eye_y + 14.5),
                (-14.0, self.eye_y + 17.5),
                (-7.0, self.chin - 4.5),
            ):
                self.circle(50 + x, y, 0.5 + 1.35 * blemished, fill(red, min(1.0, 2 * blemished)))

    def _eyes(self) -> None:
        a = self.a
        open_ = (0.42 + 0.72 * a["eye_openness"]) * (1 - 0.10 * self.elder)
        for side in (1, -1):
            self._eye(50 + side * self.eye_x, side, self.eye_r, self.eye_r * open_)

    def _eye(self, x: float, side: int, rx: float, ry: float) -> None:
        a, canvas, y = self.a, self.canvas, self.eye_y
        white = skia.Path()
        white.addOval(oval(x, y, rx, ry))
        canvas.drawPath(white, fill(WHITE))
        canvas.save()
        canvas.clipPath(white, doAntiAlias=True)
        iris, ix = rx * (0.66 + 0.10 * a["cuteness"]), x + 1.5 * (2 * a["gaze"] - 1)
        self.circle(ix, y, iris, fill(self.c["eye_color"]))
        self.circle(ix, y, iris * 0.50, fill(INK * 0.5))
        glint = iris * (0.24 + 0.16 * a["cuteness"])
        self.circle(ix + iris * 0.34, y - iris * 0.36, glint, fill(WHITE))
        self.oval(x, y - ry * 1.25, rx * 1.1, ry * 0.62, fill(INK, 0.16))
        canvas.restore()
        lid = mix(INK, self.skin, 0.08)
        canvas.drawArc(oval(x, y, rx + 0.2, ry + 0.2), 190, 160, False, line(lid, 1.2 + 1.0 * self.fem))
        lash = 4.0 * max(0.0, (self.fem - 0.3) / 0.7)
        if lash > 0.1:
            for k, (px, py) in enumerate(((0.97, -0.30), (0.80, -0.66))):
                canvas.drawLine(
                    x + side * rx * px,
                    y + ry * py,
                    x + side * (rx * px + lash),
                    y + ry * py - lash * (0.45 + 0.30 * k),
                    line(INK, 1.3),
                )
        if self.elder > 0.02:
            droop = line(mix(self.skin, self.shadow, 0.9), 1.8, self.elder)
            canvas.drawArc(oval(x, y - 1.0, rx + 0.9, ry + 0.9), 200, 140, False, droop)

    def _nose(self) -> None:
        size = 0.62 + 0.95 * self.a["nose_size"]
        y = self.eye_y + 12.2 + 0.8 * size
        self.oval(50, y - 0.6 * size, 3.9 * size, 2.9 * size, fill(mix(self.skin, self.shadow, 0.30)))
        wing = [
            (50 - 3.9 * size, y - 0.5 * size),
            (50 - 1.8 * size, y + 1.7 * size),
            (50, y + 2.0 * size),
            (50 + 1.8 * size, y + 1.7 * size),
            (50 + 3.9 * size, y - 0.5 * size),
        ]
        self.stroke(wing, line(self.shadow * 0.86, 1.5))

    def _mouth(self) -> None:
        a, canvas, y = self.a, self.canvas, self.mouth_y
        smile, wide = 2 * a["smile"] - 1, 8.4 + 2.2 * a["smile"]
        bend, open_ = 5.2 * smile, a["mouth_open"]
        gap = open_ * (6.6 + 1.2 * max(smile, 0))
        y -= 0.35 * gap
        upper = [
            (50 - wide, y - 0.62 * bend),
            (50 - 0.52 * wide, y + 0.18 * bend),
            (50, y + 0.42 * bend),
            (50 + 0.52 * wide, y + 0.18 * bend),
            (50 + wide, y - 0.62 * bend),
        ]
        lower = [
            (50 + 0.60 * wide, y + 0.22 * bend + 0.86 * gap),
            (50, y + 0.5 * bend + 1.25 * gap),
            (50 - 0.60 * wide, y + 0.22 * bend + 0.86 * gap),
        ]
        if gap > 0.3:
            hole = curve([*upper, *lower])
            canvas.drawPath(hole, fill(np.array((0.36, 0.07, 0.11))))
            canvas.save()
            canvas.clipPath(hole, doAntiAlias=True)
            self.stroke([(px, py + 0.30 * gap) for px, py in upper], line(WHITE, 0.62 * gap))
            self.oval(
                50, y + 0.5 * bend + 1.28 * gap, 0.5 * wide, 0.42 * gap, fill(np.array((0.92, 0.42, 0.46)))
            )
            canvas.restore()
            canvas.drawPath(hole, line(self.c["lip_color"], 1.5 + 1.4 * a["lipstick"] + 0.4 * self.fem))
        full = 1.9 + 1.0 * self.fem + 1.9 * a["lipstick"] - 0.5 * self.elder
        self.stroke(
            upper,
            line(self.c["lip_color"] * (1 - 0.12 * (1 - a["lipstick"])), full if gap <= 0.3 else 0.6 * full),
        )

    def _earrings(self) -> None:
        size = self.a["earrings"]
        if size > 0.02:
            gold = np.array((1.0, 0.80, 0.22))
            for side in (1, -1):
                x, y = 50 + side * (self.half + 2.2), self.eye_y + 12.8 + 1.8 * size
                self.circle(x, y, 0.4 + 2.5 * size, fill(gold, min(1.0, 3 * size)))
                self.circle(x, y, 0.4 + 2.5 * size, line(gold * np.array((0.72, 0.56, 0.4)), 0.8 * size))

    def _glasses(self) -> None:
        a, canvas, size = self.a, self.canvas, self.a["glasses"]
        if size <= 0.02:
            return
        radius = (8.8 + 0.35 * (self.eye_r - 6)) * (0.35 + 0.65 * size)
        round_ = 1 - a["glasses_shape"]
        rx, ry, corner = radius, radius * (0.76 + 0.22 * round_), radius * (0.30 + 0.68 * round_)
        alpha, frame, y = min(1.0, 2 * size), np.array((0.10, 0.09, 0.12)), self.eye_y + 0.6
        dark = a["sunglasses"]
        for side in (1, -1):
            lens = oval(50 + side * self.eye_x, y, rx, ry)
            tint, veil = (
                mix(np.array((0.82, 0.92, 1.0)), np.array((0.06, 0.06, 0.09)), smoothstep(dark, 0, 0.5)),
                0.16 + 0.80 * smoothstep(dark, 0.0, 0.8),
            )
            canvas.drawRoundRect(lens, corner, corner, fill(tint, veil * size))
            if dark > 0.05:
                canvas.drawLine(
                    50 + side * self.eye_x - 0.5 * rx,
                    y + 0.1 * ry,
                    50 + side * self.eye_x - 0.05 * rx,
                    y - 0.5 * ry,
                    line(WHITE, 1.5, 0.5 * dark),
                )
            canvas.drawRoundRect(lens, corner, corner, line(frame, 2.0, alpha))
            canvas.drawLine(
                50 + side * (self.eye_x + rx),
                y - 1.5,
                50 + side * (self.half + 0.6),
                y - 2.6,
                line(frame, 1.8, alpha),
            )
        bridge = [(50 - self.eye_x + rx, y - 1.0), (50, y - 2.4), (50 + self.eye_x - rx, y - 1.0)]
        self.stroke(bridge, line(frame, 2.0, alpha))

    def _hat(self) -> None:
        size = self.a["hat"]
        if size <= 0.02:
            return
        kind = smoothstep(self.a["beanie"] / size, 0.0, 1.0)
        wide = (self.half + 2.2 + 0.45 * self.volume) * (0.72 + 0.28 * size)
        brim, tall = self.top + 11.0 - 9.0 * (1 - size), (20.0 + 2.0 * kind) * size
        colour = self.c["hat_color"]
        taper = 0.66 + 0.12 * kind
        crown = [
            (50, brim - tall),
            (50 + wide * taper * 0.8, brim - tall + 1.0 + 2.5 * kind),
            (50 + wide * (0.80 + 0.14 * kind), brim - 0.55 * tall),
            (50 + wide * (0.86 + 0.14 * kind), brim),
            (50, brim + 2.0),
        ]
        light, dark = np.clip(colour * 1.06 + 0.02, 0, 1), colour * 0.84
        if kind > 0.02:
            self.circle(50, brim - tall - 1.2 * kind, 5.0 * kind * size, fill(mix(colour, WHITE, 0.55)))
        self.symmetric(crown, vertical(brim - tall, light, brim, dark))
        band = colour * 0.50 if colour.mean() > 0.3 else mix(colour, WHITE, 0.35)
        self.symmetric(
            [
                (50, brim - 5.5),
                (50 + wide * 0.84, brim - 6.0),
                (50 + wide * 0.87, brim - 0.5),
                (50, brim + 0.5),
            ],
            fill(band, 1 - kind),
        )
        reach = wide * (1.46 - 0.42 * kind)
        thick = 2.6 + 2.2 * kind
        rect = skia.Rect.MakeLTRB(50 - reach, brim - thick, 50 + reach, brim + thick)
        self.canvas.drawRoundRect(rect, thick, thick, fill(mix(dark, mix(colour, WHITE, 0.25), kind)))


def render(portraits: Portraits, size: int = 128) -> np.ndarray:
    """Draw portraits: uint8 RGB [N, size, size, 3]."""
    return render_with(Painter, portraits, size)
