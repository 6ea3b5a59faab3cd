"""The published inversion encoders, in one network: pSp (Richardson et al. 2021, arXiv 2008.00951), e4e (Tov et al. 2021,
arXiv 2102.02766) and ReStyle over either (Alaluf et al. 2021, arXiv 2104.02699)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.networks.backbones import Backbone
from editor.networks.stylegan2 import EqualLinear

SIDE = 256
"""Pixels that the encoders see."""
WIDTH = 512
MIDDLE, FINE = 3, 7
"""Rows of W+ from which a pyramid's middle and fine features are used."""


@dataclass(frozen=True)
class PhotoEncoderConfig:
    """``head``: "pyramid" (each row of W+ from its level of a feature pyramid), "last" (all rows from the last features),
    "w" (one row for all) or "wplus" (all rows by one linear layer). ``offsets``: later rows are offsets from the first,
    as in e4e. ``iterations`` above 1 is ReStyle: the encoder then sees the last reconstruction beside the picture.
    """

    num_ws: int = 18
    backbone: Literal["irse50", "resnet34"] = "irse50"
    head: Literal["pyramid", "last", "w", "wplus"] = "pyramid"
    offsets: bool = False
    iterations: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Plain fields, for a bundle's record."""
        return asdict(self)

    @property
    def inputs(self) -> int:
        """Channels of what the encoder sees."""
        return 6 if self.iterations > 1 else 3


class StyleHead(nn.Module):
    """Features [N, 512, S, S] -> a row [N, 512]: convolutions of stride 2 down to one pixel, then a linear layer."""

    def __init__(self, side: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(side.bit_length() - 1):
            layers += [nn.Conv2d(WIDTH, WIDTH, 3, 2, 1), nn.LeakyReLU()]
        self.convs = nn.Sequential(*layers)
        self.linear = EqualLinear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 512, S, S] -> [N, 512]."""
        return self.linear(self.convs(x).flatten(1))


def _joined(upper: Tensor, lateral: Tensor) -> Tensor:
    return F.interpolate(upper, size=lateral.shape[2:], mode="bilinear", align_corners=True) + lateral


class PhotoEncoder(Backbone):
    """Pictures [N, 3, R, R] in [-1, 1] -> W+ [N, num_ws, 512].

    ``latent_avg`` [num_ws, 512] is what the encoder's answer is added to; ``w_mean`` and ``w_std`` [512] are W's own.
    ``render``, W+ -> pictures, must be set where there are iterations.
    """

    latent_avg: Tensor
    w_mean: Tensor
    w_std: Tensor

    def __init__(self, config: PhotoEncoderConfig) -> None:
        super().__init__(config.backbone, config.inputs)
        self.config = config
        self.render: Callable[[Tensor], Tensor] | None = None
        if config.head in ("pyramid", "last"):
            sides = [
                16 if row < MIDDLE or config.head == "last" else 32 if row < FINE else 64
                for row in range(config.num_ws)
            ]
            self.styles = nn.ModuleList(StyleHead(side) for side in sides)
        if config.head == "pyramid":
            self.latlayer1, self.latlayer2 = nn.Conv2d(256, WIDTH, 1), nn.Conv2d(128, WIDTH, 1)
        if config.head == "w":
            self.linear = EqualLinear(WIDTH, WIDTH)
        if config.head == "wplus":
            self.output_layer_2 = nn.Sequential(
                nn.BatchNorm2d(WIDTH),
                nn.AdaptiveAvgPool2d((7, 7)),
                nn.Flatten(),
                nn.Linear(WIDTH * 49, WIDTH),
            )
            self.linear = EqualLinear(WIDTH, WIDTH * config.num_ws)
        self.register_buffer("latent_avg", torch.zeros(config.num_ws, WIDTH))
        self.register_buffer("w_mean", torch.zeros(WIDTH))
        self.register_buffer("w_std", torch.ones(WIDTH))

    def step(self, seen: Tensor) -> Tensor:
        """What the encoder sees [N, 3 or 6, 256, 256] -> rows [N, num_ws, 512] to be added to the last answer."""
        fine, middle, coarse = self.features(seen)
        head, count = self.config.head, self.config.num_ws
        if head == "w":
            return self.linear(coarse.mean((2, 3)))[:, None].expand(-1, count, -1)
        if head == "wplus":
            return self.linear(self.output_layer_2(coarse)).view(-1, count, WIDTH)
        levels = [coarse] * count
        if head == "pyramid":
            middle = _joined(coarse, self.latlayer1(middle))
            fine = _joined(middle, self.latlayer2(fine))
            levels = [coarse if row < MIDDLE else middle if row < FINE else fine for row in range(count)]
        rows = torch.stack([style(level) for style, level in zip(self.styles, levels, strict=True)], dim=1)
        if self.config.offsets:
            rows = torch.cat([rows[:, :1], rows[:, :1] + rows[:, 1:]], dim=1)
        return rows

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, R, R] in [-1, 1] -> W+ [N, num_ws, 512]."""
        if images.shape[-1] != SIDE:
            images = F.interpolate(
                images, size=(SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False
            )
        w = self.latent_avg.expand(len(images), -1, -1)
        if self.config.iterations == 1:
            return w + self.step(images)
        for _ in range(self.config.iterations):
            w = w + self.step(torch.cat([images, self._seen(w)], dim=1))
        return w

    def _seen(self, w: Tensor) -> Tensor:
        """The reconstruction [N, 3, 256, 256], not clamped, as the encoder was trained."""
        if self.render is None:
            raise RuntimeError("an encoder with iterations needs a generator")
        return F.adaptive_avg_pool2d(self.render(w), (SIDE, SIDE))


class MeanEncoder(nn.Module):
    """For a bundle without an encoder: every inversion begins at the mean of W, and refinement does the rest."""

    w_mean: Tensor
    w_std: Tensor

    def __init__(self, num_ws: int, w_mean: Tensor, w_std: Tensor) -> None:
        super().__init__()
        self.num_ws = num_ws
        self.register_buffer("w_mean", w_mean)
        self.register_buffer("w_std", w_std)

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, R, R] -> W+ [N, num_ws, w_dim]."""
        return self.w_mean.expand(len(images), self.num_ws, -1)
