"""Draw critters with Skia on a canvas of 100 x 100 units: flat shapes and soft shading, all continuous."""

from __future__ import annotations

import numpy as np
import skia

from editor.lab.training.critters.appearance import Critters
from editor.lab.training.critters.body import SIDES, BodyPainter
from editor.lab.training.drawing import (
    INK,
    WHITE,
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


class Painter(BodyPainter):
    """Paints one critter."""

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
        self._bridge()
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
            self.symmetric(cap, fill(mix(self.fur * 0.45, INK, 0.22), 0.75 * a["mask"]))
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
            self.symmetric(shape, fill(self.pale, cheeks))
        if a["pale_brows"] > 0.02:
            for side in SIDES:
                canvas.save()
                canvas.translate(50 + side * (self.eye_x - 0.5), self.eye_y - self.eye_r - 1.0)
                canvas.rotate(side * -14.0)
                self.oval(0, 0, 6.4, 4.6, fill(self.pale, a["pale_brows"]))
                canvas.restore()

    def _bridge(self) -> None:
        """Paint the bridge of the nose, pale if that is so for the species."""
        a = self.a
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
            self.symmetric(strip, fill(self.pale, bridge * (0.35 + 0.65 * a["marking"])))
        edge = line(self.shadow, 1.5, 0.45 * min(1.0, a["bridge"] / 6.0))
        for side in SIDES:
            x = 50 + side * a["bridge"]
            self.stroke(
                [
                    (x - side * 0.8, self.eye_y - 1),
                    (x, self.muzzle_y - 9),
                    (x + side * 1.6, self.muzzle_y - 4),
                ],
                edge,
            )

    def _eye_patch(self) -> None:
        strength = self.a["eye_patch"] * (0.55 + 0.45 * self.a["marking"])
        if strength > 0.02:
            self.canvas.save()
            self.canvas.translate(50 - self.eye_x - 0.8, self.eye_y - 0.5)
            self.canvas.rotate(18)
            self.oval(0, 0, 9.6, 11.2, fill(mix(self.fur * 0.48, INK, 0.18), strength))
            self.canvas.restore()

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
            self.circle(x, y, 7.4, glow(x, y, 7.4, np.array((0.99, 0.30, 0.40)), strength))

    def _muzzle(self) -> None:
        """Paint the lobes next to the mouth and the chin; grey with age."""
        a, _canvas, y = self.a, self.canvas, self.muzzle_y
        grey = mix(self.pale, np.array((0.93, 0.93, 0.94)), 0.7 * self.elder)
        colour = mix(mix(self.fur * 1.02, self.fur, 0.5), grey, max(a["pale_muzzle"], 0.92 * self.elder))
        wide, high = self.muzzle_w, self.muzzle_h
        drop = 2.6 * a["mouth_open"]
        self.oval(50, y + 0.62 * high + drop, 0.50 * wide, 0.52 * high, fill(mix(colour, self.shadow, 0.10)))
        for side in SIDES:
            self.oval(50 + side * 0.47 * wide, y + 0.16 * high, 0.56 * wide, 0.62 * high, fill(colour))
        self.oval(50, y - 0.30 * high, 0.50 * wide, 0.55 * high, fill(colour))

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
            self.oval(50, y + gap + 1.4, 0.55 * reach, 0.52 * gap, fill(np.array((0.96, 0.48, 0.54))))
            canvas.restore()
            canvas.drawPath(path, line(self.lines, 1.3, min(1.0, 2 * open_)))
        paint = line(self.lines, 1.9)
        canvas.drawLine(*nose, 50, y, paint)
        for side in SIDES:
            self.stroke([(50 + side * px, py) for px, py in half], paint)

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
        self.symmetric(shape, fill(colour))
        self.symmetric(shape, line(colour * 0.72, 0.8))
        self.oval(50 - 0.30 * wide, y - 0.32 * high, 0.26 * wide, 0.17 * high, fill(WHITE, 0.62))

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
                self.stroke(points, paint)

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
        self.circle(x, 0, iris, fill(self.c["eye_color"] * 0.72))
        self.circle(x, 0, iris * 0.86, fill(self.c["eye_color"]))
        slit = a["slit"] * (1 - 0.75 * cute) * (1 - 0.5 * self.cub)
        self.oval(x, 0, iris * (0.56 - 0.32 * slit), iris * (0.56 + 0.22 * slit), fill(INK * 0.5))
        glint = iris * (0.22 + 0.14 * cute)
        self.circle(x + 0.32 * iris, -0.36 * iris, glint, fill(WHITE))
        self.circle(x - 0.34 * iris, 0.38 * iris, glint * 0.9 * cute, fill(WHITE, 0.9))
        self.oval(0, -ry * 1.28, rx * 1.1, ry * 0.62, fill(INK, 0.15))
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
            self.stroke(points, line(colour, 2.3 + 1.7 * self.elder))


def render(portraits: Critters, size: int = 128) -> np.ndarray:
    """Draw critters: uint8 RGB [N, size, size, 3]."""
    return render_with(Painter, portraits, size)
