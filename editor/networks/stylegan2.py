"""StyleGAN2's generator (Karras et al. 2020, arXiv 1912.04958): ``z -> mapping -> w -> styles -> synthesis``.

Published generators fit in with their noise, clamping, labels and architectures. The stored noise is used and
never fresh noise, so that a picture is a function of its styles.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.networks.stylegan2_layers import (
    EqualLinear,
    ModulatedConv,
    Shortcut,
    ToRGB,
    pixel_norm,
    upsample_fir,
)
from editor.networks.stylespace import (
    PREVIEW_SIDE,
    PreviewCallback,
    StyleLayer,
    StyleSpaceSynthesis,
    blend,
    blend_pictures,
    run_layer,
    shrink_masks,
)

RESIDUAL_GAIN = math.sqrt(0.5)
"""Keeps the variance at 1 where two paths of the resnet architecture meet."""


MAX_RESOLUTION, MAX_LAYERS = 8192, 64
"""Bounds of sizes, so that a file cannot claim a network without end."""


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of a generator.

    Attributes:
        resolution: pixels of a side, a power of two from 8.
        channel_base: with ``channel_max``, gives ``min(channel_base // r, channel_max)`` feature maps at
            resolution r.
        c_dim: length of a label, which is embedded in ``embed_features``; 0 means no labels.
        noise: whether each convolution adds stored noise [r, r].
        clamp: bound of activations.
        rgb_upsampling: how the skip architecture enlarges the picture: "fir" as published, or "bilinear",
            which differs at the border only.
    """

    resolution: int = 128
    z_dim: int = 128
    w_dim: int = 128
    mapping_layers: int = 4
    mapping_features: int = 512
    mapping_lr: float = 1.0
    channel_base: int = 4096
    channel_max: int = 256
    c_dim: int = 0
    embed_features: int = 0
    noise: bool = False
    clamp: float | None = None
    architecture: Literal["skip", "resnet", "orig"] = "skip"
    rgb_upsampling: Literal["bilinear", "fir"] = "bilinear"

    def __post_init__(self) -> None:
        if not 8 <= self.resolution <= MAX_RESOLUTION or self.resolution & (self.resolution - 1):
            raise ValueError(
                f"resolution must be a power of two from 8 to {MAX_RESOLUTION}, not {self.resolution}"
            )
        if not 1 <= self.mapping_layers <= MAX_LAYERS:
            raise ValueError(f"mapping_layers must be 1 to {MAX_LAYERS}, not {self.mapping_layers}")
        if not (self.channel_max > 0 and self.resolution <= self.channel_base):
            raise ValueError("a resolution would have no feature maps")
        if self.architecture not in ("skip", "resnet", "orig"):
            raise ValueError(f"architecture must be skip, resnet or orig, not {self.architecture}")

    @property
    def resolutions(self) -> list[int]:
        """4, 8, … ``resolution``."""
        return [2**k for k in range(2, self.resolution.bit_length())]

    def channels(self, resolution: int) -> int:
        """Number of feature maps at one resolution."""
        return min(self.channel_base // resolution, self.channel_max)

    @property
    def num_ws(self) -> int:
        """Rows of W+: one for each convolution and one for the last ToRGB."""
        return 2 * len(self.resolutions)

    def as_dict(self) -> dict[str, Any]:
        """Plain fields for ``bundle.toml``, which has no null: None is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Mapping(nn.Module):
    """The mapping network from Gaussian z to w, with truncation towards the mean of W.

    Where the generator has labels they are embedded and appended to z; a missing label is all zeros.
    """

    w_avg: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.c_dim = config.c_dim
        self.embed = EqualLinear(config.c_dim, config.embed_features) if config.c_dim else None
        inputs = config.z_dim + (config.embed_features if config.c_dim else 0)
        widths = [inputs] + [config.mapping_features] * (config.mapping_layers - 1) + [config.w_dim]
        pairs = itertools.pairwise(widths)
        self.layers = nn.ModuleList(
            EqualLinear(a, b, activate=True, lr_mul=config.mapping_lr) for a, b in pairs
        )
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor, truncation: float = 1.0, c: Tensor | None = None) -> Tensor:
        """[N, z_dim] and c [N, c_dim] -> [N, w_dim].

        ``truncation`` psi 0 gives the mean and 1 leaves w alone.
        """
        x = pixel_norm(z)
        if self.embed is not None:
            label = z.new_zeros(len(z), self.c_dim) if c is None else c
            x = torch.cat([x, pixel_norm(self.embed(label))], dim=1)
        for layer in self.layers:
            x = layer(x)
        return x if truncation == 1.0 else self.w_avg + truncation * (x - self.w_avg)


def style_layers(config: GeneratorConfig) -> list[StyleLayer]:
    """List the style layers in the order of synthesis. A ToRGB shares its row with the next convolution."""
    layers: list[StyleLayer] = []
    row = start = previous = 0
    for resolution in config.resolutions:
        width = config.channels(resolution)
        inputs = {"conv0": previous, "conv1": width, "torgb": width}
        if not previous:
            del inputs["conv0"]
        if config.architecture != "skip" and resolution != config.resolution:
            del inputs["torgb"]
        for name, count in inputs.items():
            kind: Literal["conv", "rgb"] = "rgb" if name == "torgb" else "conv"
            layers.append(StyleLayer(f"b{resolution}.{name}", kind, resolution, row, start, start + count))
            row, start = row + (kind == "conv"), start + count
        previous = width
    return layers


def _blocks(config: GeneratorConfig, layers: Sequence[StyleLayer]) -> nn.ModuleDict:
    modules: dict[str, nn.Module] = {}
    for layer in layers:
        name, resolution, inputs = layer.name.replace(".", "_"), layer.resolution, layer.stop - layer.start
        if layer.kind == "rgb":
            modules[name] = ToRGB(inputs, config.w_dim, config.clamp)
            continue
        width, up = config.channels(resolution), name.endswith("conv0")
        noise = resolution if config.noise else None
        modules[name] = ModulatedConv(inputs, width, config.w_dim, up, noise, config.clamp)
        if up and config.architecture == "resnet":
            modules[f"b{resolution}_skip"] = Shortcut(inputs, width)
    return nn.ModuleDict(modules)


class Synthesis(StyleSpaceSynthesis):
    """StyleGAN2's synthesis network from StyleSpace [N, num_channels] to pictures [N, 3, R, R]."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config, self.num_ws = config, config.num_ws
        self.layers = style_layers(config)
        self.num_channels = self.layers[-1].stop
        self.const = nn.Parameter(torch.randn(1, config.channels(4), 4, 4))
        self.blocks = _blocks(config, self.layers)

    def block(self, layer: StyleLayer) -> Any:
        """Return the module that a style layer drives."""
        return self.blocks[layer.name.replace(".", "_")]

    def forward(
        self,
        styles: Tensor,
        resolution: int | None = None,
        dtype: torch.dtype = torch.float32,
        checkpoint: bool = False,
        preview: PreviewCallback | None = None,
    ) -> Tensor:
        """Draw pictures [N, 3, R, R] float32, about [-1, 1], from styles [N, num_channels].

        R is ``resolution``, by default the full one, and ``dtype`` the type of the activations. With
        ``checkpoint`` activations are computed again for the gradient, which takes less memory. ``preview``
        receives the picture at ``PREVIEW_SIDE`` on the way to a larger one, at no cost.
        """
        if styles.ndim != 2 or styles.shape[1] != self.num_channels:
            raise ValueError(f"styles must be [N, {self.num_channels}], not {list(styles.shape)}")
        full = self.config.resolution
        target = resolution or full
        if target < full and self.config.architecture != "skip":  # only "skip" has smaller pictures inside
            whole = self(styles, dtype=dtype, checkpoint=checkpoint)
            return F.interpolate(whole, size=(target, target), mode="area")
        x = self._start(len(styles), dtype)
        image: Tensor | None = None
        shortcut: Tensor | None = None
        for layer in (layer for layer in self.layers if layer.resolution <= target):
            style = styles[:, layer.start : layer.stop]
            if layer.kind == "rgb":
                image = self._add(image, run_layer(self.block(layer), checkpoint, x, style).float())
                if preview is not None and layer.resolution == PREVIEW_SIDE < target:
                    preview(image)
                continue
            if self.config.architecture == "resnet" and layer.name.endswith("conv0"):
                shortcut = run_layer(self.blocks[f"b{layer.resolution}_skip"], checkpoint, x) * RESIDUAL_GAIN
            if shortcut is not None and layer.name.endswith("conv1"):
                x = run_layer(self.block(layer), checkpoint, x, style, RESIDUAL_GAIN) + shortcut
            else:
                x = run_layer(self.block(layer), checkpoint, x, style)
        assert image is not None
        return image

    def blended(self, styles: Tensor, masks: Tensor, checkpoint: bool = False) -> Tensor:
        """Draw one picture with different styles in different regions (Andonian et al. 2021, arXiv
        2103.10951).

        Features are blended after every layer, so that later layers join the regions. Arguments and result
        are those of ``blend_pictures``.
        """
        if self.config.architecture != "skip":  # blocks of the others are more than a chain of layers
            return blend_pictures(self, styles, masks, checkpoint)
        count, variants, _ = styles.shape
        flat = styles.flatten(0, 1)
        sizes = {layer.resolution: shrink_masks(masks, layer.resolution) for layer in self.layers}
        x = self._start(count, torch.float32)
        image: Tensor | None = None
        for layer in self.layers:
            style = flat[:, layer.start : layer.stop]
            values = run_layer(self.block(layer), checkpoint, x.repeat_interleave(variants, dim=0), style)
            values = blend(values.unflatten(0, (count, variants)), sizes[layer.resolution])
            if layer.kind == "conv":
                x = values
            else:
                image = self._add(image, values)
        assert image is not None
        return image

    def _start(self, count: int, dtype: torch.dtype) -> Tensor:
        start = self.const.to(dtype).expand(count, -1, -1, -1)
        return start.contiguous(memory_format=torch.channels_last)

    def _add(self, image: Tensor | None, rgb: Tensor) -> Tensor:
        """Enlarge the picture so far to twice its resolution and add the next block's output."""
        if image is None:
            return rgb
        if self.config.rgb_upsampling == "fir":
            return rgb + upsample_fir(image)
        return rgb + F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)


class Generator(nn.Module):
    """Mapping and synthesis together."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(config)
        self.synthesis = Synthesis(config)

    def forward(self, z: Tensor, truncation: float = 1.0, c: Tensor | None = None) -> Tensor:
        """Gaussian z [N, z_dim] and labels c [N, c_dim] -> pictures [N, 3, R, R] in about [-1, 1]."""
        return self.synthesis(self.synthesis.styles(self.mapping(z, truncation, c)))
