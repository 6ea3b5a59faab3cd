"""The published inversion encoders in one network.

pSp (Richardson et al. 2021, arXiv 2008.00951), e4e (Tov et al. 2021, arXiv 2102.02766) and ReStyle over
either (Alaluf et al. 2021, arXiv 2104.02699).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.networks.backbones import Backbone
from editor.networks.convnet import resampled
from editor.networks.stylegan2_layers import EqualLinear

SIDE = 256
"""Side of the encoders' input in pixels."""
WIDTH = 512
MIDDLE, FINE = 3, 7
"""First rows of W+ that use the pyramid's middle and fine features."""


@dataclass(frozen=True)
class PspConfig:
    """Layout of a published encoder.

    Attributes:
        head: "pyramid" (each row of W+ from its level of a feature pyramid), "last" (all rows from the last
            features), "w" (one row for all) or "wplus" (all rows by one linear layer).
        offsets: later rows are offsets from the first, as in e4e.
        iterations: steps of a ReStyle encoder.
        iterative: ReStyle, whose encoder reads the last reconstruction together with the picture. Bundles of
            older versions do not state it: their iterations are above 1 then.
    """

    num_ws: int = 18
    backbone: Literal["irse50", "resnet34"] = "irse50"
    head: Literal["pyramid", "last", "w", "wplus"] = "pyramid"
    offsets: bool = False
    iterations: int = 1
    iterative: bool = False

    def __post_init__(self) -> None:
        if self.iterations > 1:
            object.__setattr__(self, "iterative", True)

    def as_dict(self) -> dict[str, Any]:
        """Plain fields for ``bundle.toml``."""
        return asdict(self)


class StyleHead(nn.Module):
    """Convolutions of stride 2 down to one pixel, then a linear layer."""

    def __init__(self, side: int) -> None:
        super().__init__()
        pairs = [(nn.Conv2d(WIDTH, WIDTH, 3, 2, 1), nn.LeakyReLU()) for _ in range(side.bit_length() - 1)]
        self.convs = nn.Sequential(*itertools.chain(*pairs))
        self.linear = EqualLinear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 512, side, side] -> [N, 512]."""
        return self.linear(self.convs(x).flatten(1))


def _add_enlarged(upper: Tensor, lateral: Tensor) -> Tensor:
    return F.interpolate(upper, size=lateral.shape[2:], mode="bilinear", align_corners=True) + lateral


class PspEncoder(Backbone):
    """Maps pictures to W+ by the layout of its config.

    ``latent_avg`` [num_ws, 512] is added to the output; ``w_mean`` and ``w_std`` [512] are the statistics of
    W. ``render``, from W+ to pictures, must be set for an encoder with iterations.
    """

    latent_avg: Tensor
    w_mean: Tensor
    w_std: Tensor

    def __init__(self, config: PspConfig) -> None:
        super().__init__(config.backbone, 6 if config.iterative else 3)
        self.config = config
        self.render: Callable[[Tensor], Tensor] | None = None
        if config.head == "last":
            self.styles = nn.ModuleList(StyleHead(16) for _ in range(config.num_ws))
        elif config.head == "pyramid":
            sides = [16 if row < MIDDLE else 32 if row < FINE else 64 for row in range(config.num_ws)]
            self.styles = nn.ModuleList(StyleHead(side) for side in sides)
            self.latlayer1, self.latlayer2 = nn.Conv2d(256, WIDTH, 1), nn.Conv2d(128, WIDTH, 1)
        elif config.head == "w":
            self.linear = EqualLinear(WIDTH, WIDTH)
        else:
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

    def step(self, inputs: Tensor) -> Tensor:
        """[N, 3 or 6, 256, 256] -> rows [N, num_ws, 512] to add to the last W+."""
        fine, middle, coarse = self.features(inputs)
        head, count = self.config.head, self.config.num_ws
        if head == "w":
            return self.linear(coarse.mean((2, 3)))[:, None].expand(-1, count, -1)
        if head == "wplus":
            return self.linear(self.output_layer_2(coarse)).view(-1, count, WIDTH)
        levels = [coarse] * count
        if head == "pyramid":
            middle = _add_enlarged(coarse, self.latlayer1(middle))
            fine = _add_enlarged(middle, self.latlayer2(fine))
            levels = [coarse if row < MIDDLE else middle if row < FINE else fine for row in range(count)]
        rows = torch.stack([style(level) for style, level in zip(self.styles, levels, strict=True)], dim=1)
        if self.config.offsets:
            rows = torch.cat([rows[:, :1], rows[:, :1] + rows[:, 1:]], dim=1)
        return rows

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, R, R] in [-1, 1] -> W+ [N, num_ws, 512]."""
        images = resampled(images, SIDE)
        w = self.latent_avg.expand(len(images), -1, -1)
        if not self.config.iterative:
            return w + self.step(images)
        if self.render is None:
            raise RuntimeError("an encoder with iterations needs a generator")
        for _ in range(self.config.iterations):  # reconstructions are not clamped, as in its training
            reconstruction = F.adaptive_avg_pool2d(self.render(w), (SIDE, SIDE))
            w = w + self.step(torch.cat([images, reconstruction], dim=1))
        return w
