"""Draw the same portraits in random styles: flat or outlined, other proportions, dots for eyes, other hair.

The labels stay true. So an encoder learns from them what a portrait shows rather than how it is drawn.
Each picture has its own style (domain randomisation, Tobin et al. 2017, arXiv 1703.06907).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from editor.lab.training.avatars.appearance import Portraits
from editor.lab.training.avatars.random_hair import RandomHairPainter
from editor.lab.training.drawing import (
    INK,
    WHITE,
    curve,
    fill,
    line,
    mirrored,
    mix,
    oval,
    render_with,
    smoothstep,
)

EYES = ("dots", "glints", "irises", "pupils", "bare", "arcs")
NOSES = ("none", "bow", "corner", "wedge", "nostrils", "ball")
FRAMES = np.array(
    [
        (0.1, 0.09, 0.12),
        (0.9, 0.92, 0.95),
        (0.72, 0.88, 0.94),
        (0.85, 0.66, 0.2),
        (0.75, 0.2, 0.2),
        (0.2, 0.25, 0.6),
    ]
)


class RandomStylePainter(RandomHairPainter):
    """Paints one portrait in a random style."""

    def paint(self) -> None:
        """Paint everything from back to front."""
        rng, canvas = self.rng, self.canvas
        self._background()
        canvas.save()
        zoom = rng.uniform(0.74, 1.22)
        canvas.translate(50 + rng.uniform(-4, 4), 57.5 + rng.uniform(-4, 5))
        canvas.rotate(rng.uniform(-5, 5))
        canvas.scale(zoom, zoom * rng.uniform(0.94, 1.06))
        canvas.translate(-50, -60)
        for part in (self._back_hair, self._bunches, self._body, self._ears, self._face, self._beard):
            part()
        self._turned(self._wrinkles, self._spots, self._eyes, self._nose, self._moustache, self._mouth)
        for part in (self._front_hair, self._band):
            part()
        self._turned(self._brows)
        for part in (self._mohawk, self._earrings):
            part()
        self._turned(self._glasses)
        self._hat()
        canvas.restore()

    def _body(self) -> None:
        a, rng, cloth = self.a, self.rng, self.c["clothing_color"]
        neck, shoulder = (
            rng.uniform(5.5, 11),
            (26 + 12 * (1 - self.fem) - 9 * self.child) * rng.uniform(0.8, 1.2),
        )
        throat = [(50, 66), (50 + neck, 68), (50 + neck, 86), (50 + 1.4 * neck, 92), (50, 96)]
        high = rng.uniform(85, 90)
        self._area(
            mirrored(
                [
                    (50, high),
                    (50 + neck + 2, high + 1),
                    (50 + shoulder, high + rng.uniform(4, 9)),
                    (50 + shoulder + 3, 112),
                    (50, 130),
                ]
            ),
            cloth,
        )
        self._area(mirrored(throat), mix(self.skin, self.shadow, rng.uniform(0, 0.8)))
        if rng.random() < 0.25:
            for y in range(94, 112, 5):
                self._lines(
                    [(50 - shoulder, y), (50, y + 1), (50 + shoulder, y)], 1.6, mix(cloth, rng.random(3), 0.5)
                )
        if a["collar"] > 0.1:
            pale = mix(cloth, WHITE, 0.7) if cloth.mean() < 0.8 else cloth * 0.8
            for side in (1, -1):
                self._area(
                    curve(
                        [
                            (50, 97),
                            (50 + side * neck, 87),
                            (50 + side * (neck + 9 * a["collar"]), 92),
                            (50 + side * 7, 102),
                        ]
                    ),
                    pale,
                )

    def _ears(self) -> None:
        size, rng = self.rng.uniform(3.2, 6.5), self.rng
        if rng.random() < 0.85:
            for side in (1, -1):
                self._around(
                    50 + side * self.half,
                    self.eye_y + 4,
                    size,
                    size * 1.25,
                    mix(self.skin, self.shadow, rng.uniform(0, 0.5)),
                )

    def _face(self) -> None:
        square, half = self.rng.uniform(0.55, 0.97), self.half
        middle = (self.top + self.chin) / 2
        path = mirrored(
            [
                (50, self.top),
                (50 + half * 0.68, self.top + 4),
                (50 + half, middle - 8),
                (50 + half, middle + 6),
                (50 + half * square, self.chin - 9),
                (50 + half * square * 0.6, self.chin - 1.5),
                (50, self.chin),
            ]
        )
        self._area(path, self.skin)
        blush = self.a["blush"]
        if blush > 0.15:
            for side in (1, -1):
                self.circle(
                    50 + side * half * 0.6,
                    self.eye_y + 12,
                    self.rng.uniform(4, 8),
                    fill(np.array((0.98, 0.3, 0.38)), 0.65 * blush),
                )

    def _eyes(self) -> None:
        kind = str(self.rng.choice(EYES))
        openness = 0.42 + 0.72 * self.a["eye_openness"]
        radius = self.eye_r * self.rng.uniform(0.6, 1.1)
        for side in (1, -1):
            self._one_eye(kind, 50 + side * self.eye_x, self.eye_y, radius, radius * openness)
        if self.fem > 0.6 and kind not in ("dots", "arcs"):
            for side in (1, -1):
                x = 50 + side * (self.eye_x + radius)
                self._lines(
                    [
                        (x - side, self.eye_y - 1),
                        (x + side * 1.4, self.eye_y - 2.4),
                        (x + side * 2.6, self.eye_y - 3.4),
                    ],
                    1.1,
                )

    def _one_eye(self, kind: str, x: float, y: float, rx: float, ry: float) -> None:
        if kind == "arcs":
            self._lines([(x - rx, y + 1), (x, y - 2), (x + rx, y + 1)], 1.5)
            return
        if kind in ("irises", "pupils", "bare"):
            self._around(x, y, rx, ry, WHITE)
        if kind == "irises":
            self.oval(x, y, 0.7 * rx, min(0.7 * rx, ry), fill(self.c["eye_color"]))
        core = rx * (0.4 if kind in ("irises", "pupils", "bare") else 0.55)
        self.oval(x, y, core, min(core * 1.1, ry), fill(INK * 0.6))
        if kind in ("glints", "irises"):
            self.circle(x + 0.3 * core, y - 0.3 * core, 0.35 * core, fill(WHITE))

    def _brows(self) -> None:
        if self.rng.random() < 0.12:
            return
        slant, y = 4.2 * (2 * self.a["brow_angle"] - 1), self.eye_y - self.eye_r - self.rng.uniform(2.5, 6)
        colour = self.ink if self.rng.random() < 0.5 else self.hair_dark * 0.8
        for side in (1, -1):
            points = [
                (50 + side * (self.eye_x - 5.5), y + 0.6 * slant),
                (50 + side * self.eye_x, y - self.rng.uniform(0, 2)),
                (50 + side * (self.eye_x + 6), y - 0.5 * slant),
            ]
            self._lines(points, (1.0 + 3.2 * self.a["brow_thickness"]) * self.rng.uniform(0.7, 1.1), colour)

    def _nose(self) -> None:
        kind, size, dark = (
            str(self.rng.choice(NOSES)),
            0.6 + 0.95 * self.a["nose_size"],
            mix(self.shadow, self.ink, 0.3),
        )
        y = self.eye_y + self.rng.uniform(8, 13)
        if kind == "bow":
            self._lines([(50 - 3.4 * size, y), (50, y + 2.4 * size), (50 + 3.4 * size, y)], 1.4, dark)
        elif kind == "corner":
            self._lines(
                [(50 - size, y - 7 * size), (50 - 3.2 * size, y + size), (50 + size, y + 1.6 * size)],
                1.5,
                dark,
            )
        elif kind == "wedge":
            self._area(
                curve([(50, y - 3 * size), (50 + 3 * size, y + 1.5 * size), (50 - 3 * size, y + 1.5 * size)]),
                self.shadow,
                0.8,
            )
        elif kind == "nostrils":
            for side in (1, -1):
                self.circle(50 + side * 1.6 * size, y, 0.8, fill(dark))
        elif kind == "ball":
            self._around(
                50, y, 3.2 * size, 2.6 * size, mix(self.skin, self.shadow, self.rng.uniform(0.2, 0.9))
            )

    def _mouth(self) -> None:
        a, rng, y = self.a, self.rng, self.mouth_y
        wide, bend, gap = rng.uniform(5.5, 10), 5.2 * (2 * a["smile"] - 1), 6.6 * a["mouth_open"]
        lips = self.c["lip_color"] if a["lipstick"] > 0.3 or rng.random() < 0.3 else self.ink
        upper = [(50 - wide, y - 0.6 * bend), (50, y + 0.4 * bend), (50 + wide, y - 0.6 * bend)]
        if gap > 1.0:
            hole = curve(
                [
                    *upper,
                    (50 + 0.6 * wide, y + 0.9 * gap),
                    (50, y + 0.5 * bend + 1.2 * gap),
                    (50 - 0.6 * wide, y + 0.9 * gap),
                ]
            )
            self.canvas.drawPath(hole, fill(np.array((0.3, 0.06, 0.1)) if rng.random() < 0.7 else INK))
            self.canvas.save()
            self.canvas.clipPath(hole, doAntiAlias=True)
            if rng.random() < 0.6:
                self.stroke([(px, py + 0.2 * gap) for px, py in upper], line(WHITE, 0.7 * gap))
            if rng.random() < 0.5:
                self.oval(
                    50, y + 0.5 * bend + 1.2 * gap, 0.5 * wide, 0.4 * gap, fill(np.array((0.92, 0.42, 0.46)))
                )
            self.canvas.restore()
        if gap <= 1.0 or a["lipstick"] > 0.3 or self.outline:
            self._lines(upper, rng.uniform(1.0, 2.0) + 2.4 * a["lipstick"], lips)

    def _earrings(self) -> None:
        size = self.a["earrings"]
        if size <= 0.05:
            return
        colour = self.rng.choice(FRAMES[1:])
        for side in (1, -1):
            x, y = 50 + side * (self.half + 2), self.eye_y + 12
            if self.rng.random() < 0.5:
                self.circle(x, y, 1 + 2 * size, fill(colour))
            else:
                self.circle(x, y + 2, 1 + 3 * size, line(colour, 1.2))

    def _glasses(self) -> None:
        size, rng = self.a["glasses"], self.rng
        if size <= 0.05:
            return
        frame = FRAMES[0] if rng.random() < 0.5 else rng.choice(FRAMES)
        rx = rng.uniform(6.5, 10.5) * (0.4 + 0.6 * size)
        ry, width, alpha = rx * rng.uniform(0.62, 1.0), rng.uniform(1.0, 3.4), min(1.0, 2 * size)
        corner = ry * rng.uniform(0.1, 1.0)
        dark, x = smoothstep(self.a["sunglasses"], 0.0, 0.7), max(self.eye_x, rx + 1.5)
        veil = rng.choice([0.0, 0.15, 0.35])
        for side in (1, -1):
            lens = oval(50 + side * x, self.eye_y + 0.6, rx, ry)
            self.canvas.drawRoundRect(
                lens,
                corner,
                corner,
                fill(mix(np.array((0.85, 0.93, 1.0)), INK * 0.6, dark), max(veil, 0.93 * dark) * size),
            )
            self.canvas.drawRoundRect(lens, corner, corner, line(frame, width, alpha))
            self.canvas.drawLine(
                50 + side * (x + rx),
                self.eye_y,
                50 + side * (self.half + 0.8),
                self.eye_y - 1,
                line(frame, width, alpha),
            )
        self.canvas.drawLine(
            50 - x + rx, self.eye_y - 0.5, 50 + x - rx, self.eye_y - 0.5, line(frame, width, alpha)
        )


def render(portraits: Portraits, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw each portrait in a style of its own: uint8 RGB [N, size, size, 3]."""
    return render_with(partial(RandomStylePainter, rng=rng), portraits, size)
