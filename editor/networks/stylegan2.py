"""StyleGAN2's generator (Karras et al. 2020, arXiv 1912.04958), with its StyleSpace (Wu et al. 2020, arXiv 2011.12799)
as the interface: ``z -> mapping -> w -> styles -> synthesis``.

Written for inference and small-scale training without compiled extensions: weights are shared by the whole batch, and
the modulation multiplies the activations instead of building one kernel a sample, which is the same function and far
cheaper at small batches.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAKY_GAIN = math.sqrt(2.0)
"""Keeps the variance of activations at 1 after a leaky ReLU of slope 0.2."""


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of a generator.

    ``resolution``, pixels, is a power of two from 8; ``channel_base`` / resolution, at most ``channel_max``, is the
    number of feature maps at a resolution.
    """

    resolution: int = 128
    z_dim: int = 128
    w_dim: int = 128
    mapping_layers: int = 4
    mapping_features: int = 512
    mapping_lr: float = 1.0
    channel_base: int = 4096
    channel_max: int = 256

    def __post_init__(self) -> None:
        if self.resolution < 8 or self.resolution & (self.resolution - 1):
            raise ValueError(f"resolution must be a power of two from 8, not {self.resolution}")

    @property
    def resolutions(self) -> list[int]:
        """4, 8, … ``resolution``."""
        return [2**k for k in range(2, self.resolution.bit_length())]

    def channels(self, resolution: int) -> int:
        """Feature maps at one resolution."""
        return min(self.channel_base // resolution, self.channel_max)

    @property
    def num_ws(self) -> int:
        """Rows of W+: one for each convolution and one for the last ToRGB."""
        return 2 * len(self.resolutions)

    def as_dict(self) -> dict[str, Any]:
        """Plain fields, for a bundle's record."""
        return asdict(self)


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU, slope 0.2, with unit gain."""
    return F.leaky_relu(x, 0.2) * LEAKY_GAIN


def pixel_norm(x: Tensor) -> Tensor:
    """Each row of [N, D] scaled to a root mean square of 1."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class EqualLinear(nn.Module):
    """A linear layer with equalised learning rate (Karras et al. 2018, arXiv 1710.10196): [N, in] -> [N, out]."""

    def __init__(self, in_features: int, out_features: int, activate: bool = False, bias: float = 0.0, lr_mul: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_mul)
        self.bias = nn.Parameter(torch.full([out_features], bias / lr_mul))
        self.weight_gain = lr_mul / math.sqrt(in_features)
        self.bias_gain = lr_mul
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        """[N, in] -> [N, out]."""
        y = F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)
        return leaky(y) if self.activate else y


class Mapping(nn.Module):
    """The mapping network: Gaussian z [N, z_dim] -> w [N, w_dim], with truncation towards the mean of W."""

    w_avg: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        widths = [config.z_dim] + [config.mapping_features] * (config.mapping_layers - 1) + [config.w_dim]
        pairs = itertools.pairwise(widths)
        self.layers = nn.ModuleList(EqualLinear(a, b, activate=True, lr_mul=config.mapping_lr) for a, b in pairs)
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        """[N, z_dim] -> [N, w_dim]; ``truncation`` psi, 0 gives the mean face, 1 leaves w alone."""
        x = pixel_norm(z)
        for layer in self.layers:
            x = layer(x)
        return x if truncation == 1.0 else self.w_avg + truncation * (x - self.w_avg)


@dataclass(frozen=True)
class StyleLayer:
    """Where one layer's styles lie in the flat StyleSpace vector.

    ``row`` is the row of W+ that drives it; ``start``:``stop`` are its channels.
    """

    name: str
    kind: Literal["conv", "rgb"]
    resolution: int
    row: int
    start: int
    stop: int


def style_layers(config: GeneratorConfig) -> list[StyleLayer]:
    """The layers in the order in which synthesis uses them; ToRGB shares its row with the following convolution."""
    layers: list[StyleLayer] = []
    row = start = 0

    def add(name: str, kind: Literal["conv", "rgb"], resolution: int, width: int) -> None:
        nonlocal start
        layers.append(StyleLayer(name, kind, resolution, row, start, start + width))
        start += width

    previous = 0
    for resolution in config.resolutions:
        width = config.channels(resolution)
        if previous:
            add(f"b{resolution}.conv0", "conv", resolution, previous)
            row += 1
        add(f"b{resolution}.conv1", "conv", resolution, width)
        row += 1
        add(f"b{resolution}.torgb", "rgb", resolution, width)
        previous = width
    return layers


def _blur(x: Tensor) -> Tensor:
    """The FIR filter [1, 3, 3, 1] after a transposed convolution of stride 2; [N, C, H+1, W+1] -> [N, C, H, W]."""
    tap = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype, device=x.device)
    kernel = (tap[:, None] * tap[None, :] / 16.0).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, kernel, padding=1, groups=x.shape[1])


class ModulatedConv(nn.Module):
    """Modulated 3x3 convolution with demodulation, bias and leaky ReLU; ``up`` doubles the resolution.

    The style scales the input maps, demodulation scales the output maps: convolution being linear, this equals
    StyleGAN2's scaled kernels.
    """

    def __init__(self, in_channels: int, out_channels: int, w_dim: int, up: bool = False) -> None:
        super().__init__()
        self.affine = EqualLinear(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.up = up

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[N, in, H, W], [N, in] -> [N, out, H, W] or [N, out, 2H, 2W]."""
        demodulation = (style.square() @ self.weight.square().sum([2, 3]).t() + 1e-8).rsqrt()
        weight = self.weight.to(x.dtype)
        x = x * style.to(x.dtype)[:, :, None, None]
        x = _blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)) if self.up else F.conv2d(x, weight, padding=1)
        return leaky(x * demodulation.to(x.dtype)[:, :, None, None] + self.bias.to(x.dtype)[:, None, None])


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to RGB, without demodulation."""

    def __init__(self, in_channels: int, w_dim: int) -> None:
        super().__init__()
        self.affine = EqualLinear(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.weight_gain = 1.0 / math.sqrt(in_channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[N, in, H, W], [N, in] -> [N, 3, H, W]."""
        x = x * (style * self.weight_gain).to(x.dtype)[:, :, None, None]
        return F.conv2d(x, self.weight.to(x.dtype), self.bias.to(x.dtype))


class Synthesis(nn.Module):
    """Skip-architecture synthesis: StyleSpace vector [N, num_channels] -> picture [N, 3, H, W], about [-1, 1]."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = style_layers(config)
        self.num_channels = self.layers[-1].stop
        self.const = nn.Parameter(torch.randn(1, config.channels(4), 4, 4))
        modules: dict[str, nn.Module] = {}
        previous = 0
        for resolution in config.resolutions:
            width = config.channels(resolution)
            if previous:
                modules[f"b{resolution}_conv0"] = ModulatedConv(previous, width, config.w_dim, up=True)
            modules[f"b{resolution}_conv1"] = ModulatedConv(width, width, config.w_dim)
            modules[f"b{resolution}_torgb"] = ToRGB(width, config.w_dim)
            previous = width
        self.blocks = nn.ModuleDict(modules)

    def block(self, layer: StyleLayer) -> Any:
        """The module that a style layer drives."""
        return self.blocks[layer.name.replace(".", "_")]

    def styles(self, ws: Tensor) -> Tensor:
        """W [N, w_dim] or W+ [N, num_ws, w_dim] -> StyleSpace [N, num_channels]. Affine in its argument."""
        if ws.ndim == 2:
            ws = ws[:, None].expand(-1, self.config.num_ws, -1)
        return torch.cat([self.block(layer).affine(ws[:, layer.row]) for layer in self.layers], dim=1)

    def style_steps(self, delta_ws: Tensor) -> Tensor:
        """A step in W or W+ as the step in StyleSpace that it causes, exactly: the affine maps without their biases."""
        return self.styles(delta_ws) - self.styles(torch.zeros_like(delta_ws))

    def forward(self, styles: Tensor, resolution: int | None = None, dtype: torch.dtype = torch.float32) -> Tensor:
        """[N, num_channels] -> [N, 3, R, R] float32 in about [-1, 1], ``resolution`` R below the full one on request."""
        if styles.ndim != 2 or styles.shape[1] != self.num_channels:
            raise ValueError(f"styles must be [N, {self.num_channels}], not {list(styles.shape)}")
        last = resolution or self.config.resolution
        x = self.const.to(dtype).expand(styles.shape[0], -1, -1, -1)
        image: Tensor | None = None
        for layer in self.layers:
            if layer.resolution > last:
                break
            style = styles[:, layer.start : layer.stop]
            if layer.kind == "conv":
                x = self.block(layer)(x, style)
                continue
            rgb = self.block(layer)(x, style).float()
            if image is not None:
                rgb = rgb + F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)
            image = rgb
        assert image is not None
        return image

    def blended(self, styles: Tensor, masks: Tensor) -> Tensor:
        """Several looks in one picture, each in its region (Andonian et al. 2021, arXiv 2103.10951): features are blended
        after every layer, so that later layers join what earlier ones put side by side.

        ``styles`` [N, 1 + K, num_channels]: the look everywhere, then one for each of ``masks`` [K, R, R] in 0..1.
        Returns [N, 3, R, R]. Where masks overlap, what their looks change adds up.
        """
        count, looks, _ = styles.shape
        flat = styles.flatten(0, 1)
        sizes = {layer.resolution: shrunk(masks, layer.resolution) for layer in self.layers}

        def joined(values: Tensor) -> Tensor:
            values = values.unflatten(0, (count, looks))
            weights = sizes[values.shape[-1]][None, :, None]
            return values[:, 0] + (weights * (values[:, 1:] - values[:, :1])).sum(1)

        x = self.const.expand(count, -1, -1, -1)
        image: Tensor | None = None
        for layer in self.layers:
            style = flat[:, layer.start : layer.stop]
            made = joined(self.block(layer)(x.repeat_interleave(looks, dim=0), style))
            if layer.kind == "conv":
                x = made
                continue
            image = made if image is None else made + F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)
        assert image is not None
        return image


def shrunk(masks: Tensor, size: int) -> Tensor:
    """Masks [K, R, R] at a smaller size [K, size, size]; a cell counts as much as the most of what it covers, or small
    regions would be lost on the coarse layers that give shape."""
    return F.adaptive_max_pool2d(masks[None], size)[0]


class Generator(nn.Module):
    """Mapping and synthesis together."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(config)
        self.synthesis = Synthesis(config)

    def forward(self, z: Tensor, truncation: float = 1.0) -> Tensor:
        """Gaussian z [N, z_dim] -> picture [N, 3, H, W] in about [-1, 1]."""
        return self.synthesis(self.synthesis.styles(self.mapping(z, truncation)))
