"""StyleGAN3's generator (Karras et al. 2021, arXiv 2106.12423), configurations T and R, in torch's own
operations.

Signals stay within their band: every nonlinearity runs at a higher sampling rate between two low-pass
filters.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.networks.stylegan2 import MAX_LAYERS, MAX_RESOLUTION, Mapping
from editor.networks.stylegan2 import GeneratorConfig as MappingConfig
from editor.networks.stylegan2_layers import EqualLinear, leaky
from editor.networks.stylespace import (
    PreviewCallback,
    StyleLayer,
    StyleSpaceSynthesis,
    blend_pictures,
    run_layer,
)


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of a generator. Frequencies are in cycles over the picture.

    Attributes:
        layers: number of layers between the Fourier features and ToRGB.
        critical: how many of them, at the end, are critically sampled.
        first_cutoff: cutoffs rise geometrically from here to half the resolution.
        first_stopband: stopbands rise from here to ``last_stopband`` times the last cutoff.
        margin: pixels kept around the picture.
        kernel: 3 for T, 1 for R.
        filter_size: taps at the lower rate.
        radial: radially symmetric filters, for R.
    """

    resolution: int = 256
    z_dim: int = 512
    w_dim: int = 512
    mapping_layers: int = 2
    mapping_lr: float = 0.01
    c_dim: int = 0
    channel_base: int = 32768
    channel_max: int = 512
    layers: int = 14
    critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2.0**2.1
    last_stopband: float = 2.0**0.3
    margin: int = 10
    output_scale: float = 0.25
    kernel: int = 3
    filter_size: int = 6
    oversampling: int = 2
    radial: bool = False
    clamp: float | None = 256.0

    def __post_init__(self) -> None:
        if not 16 <= self.resolution <= MAX_RESOLUTION or self.resolution & (self.resolution - 1):
            raise ValueError(
                f"resolution must be a power of two from 16 to {MAX_RESOLUTION}, not {self.resolution}"
            )
        if not 0 <= self.critical < self.layers <= MAX_LAYERS:
            raise ValueError(
                f"layers must be more than critical and at most {MAX_LAYERS}: {self.layers}, {self.critical}"
            )
        if not (1 <= self.filter_size <= 64 and 1 <= self.oversampling <= 8 and 0 <= self.margin <= 1024):
            raise ValueError(
                f"unusual filters: {self.filter_size} taps, {self.oversampling} times, margin {self.margin}"
            )

    @property
    def num_ws(self) -> int:
        """Rows of W+: one for the Fourier features, one for each layer, one for ToRGB."""
        return self.layers + 2

    def as_dict(self) -> dict[str, Any]:
        """Plain fields for ``bundle.toml``, which has no null: None is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def mapping(self) -> MappingConfig:
        """Config of the mapping network, which is StyleGAN2's."""
        return MappingConfig(
            z_dim=self.z_dim,
            w_dim=self.w_dim,
            mapping_layers=self.mapping_layers,
            mapping_features=self.w_dim,
            mapping_lr=self.mapping_lr,
            c_dim=self.c_dim,
            embed_features=self.w_dim,
        )


@dataclass(frozen=True)
class Rates:
    """One layer's signal: ``size`` in samples, ``rate`` in samples over the picture."""

    channels: int
    size: int
    rate: int
    cutoff: float
    half_width: float


def rates(config: GeneratorConfig) -> list[Rates]:
    """Compute the signal after each layer, ToRGB last (Karras et al. 2021, section 3.2 and appendix C)."""
    share = np.minimum(np.arange(config.layers + 1) / (config.layers - config.critical), 1.0)
    last = config.resolution / 2
    cutoffs = config.first_cutoff * (last / config.first_cutoff) ** share
    stopbands = config.first_stopband * (last * config.last_stopband / config.first_stopband) ** share
    sampling = np.exp2(np.ceil(np.log2(np.minimum(2 * stopbands, config.resolution))))
    widths = np.rint(np.minimum(config.channel_base / 2 / cutoffs, config.channel_max))
    found = []
    for number in range(config.layers + 1):
        is_last = number == config.layers
        size = config.resolution if number >= config.layers - 1 else int(sampling[number]) + 2 * config.margin
        half = max(stopbands[number], sampling[number] / 2) - cutoffs[number]
        channels = 3 if is_last else int(widths[number])
        found.append(Rates(channels, size, int(sampling[number]), float(cutoffs[number]), float(half)))
    return found


def _kaiser(taps: int, width: float) -> np.ndarray:
    """Kaiser window for a transition band of ``width``, where 1 is the Nyquist frequency."""
    attenuation = 2.285 * (taps - 1) * math.pi * width + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    return np.kaiser(taps, beta)


def low_pass(taps: int, cutoff: float, width: float, rate: float, radial: bool = False) -> Tensor | None:
    """Design a windowed low-pass filter of unit sum: [taps], or [taps, taps] if radial; None for one tap."""
    if taps == 1:
        return None
    window = _kaiser(taps, width / (rate / 2))
    x = (np.arange(taps) - (taps - 1) / 2) / rate
    if radial:
        radius = np.hypot(x[:, None], x[None, :])
        bessel = torch.special.bessel_j1(torch.from_numpy(2 * cutoff * math.pi * radius)).numpy()
        kernel = bessel / (math.pi * radius) * np.outer(window, window)
    else:
        kernel = np.sinc(2 * cutoff * x) * window
    return torch.from_numpy((kernel / kernel.sum()).astype(np.float32))


def _axes(kernel: Tensor) -> list[Tensor]:
    """Split a filter into passes over single maps: one in 2D, or one along each axis."""
    if kernel.ndim == 2:
        return [kernel[None, None]]
    return [kernel[None, None, None, :], kernel[None, None, :, None]]


def upsample(x: Tensor, kernel: Tensor | None, factor: int, padding: tuple[int, int]) -> Tensor:
    """Insert zeros between the samples of [N, C, H, W], pad both axes before and after, and filter."""
    before, after = padding
    if kernel is None:
        return F.pad(x, [before, after, before, after])
    n, c, height, width = x.shape
    taps = kernel.shape[-1]
    y = x.reshape(n * c, 1, height, width)
    for part in _axes(kernel.to(x.dtype)):
        stride = [factor if side > 1 else 1 for side in part.shape[2:]]
        y = F.conv_transpose2d(y, part * math.prod(stride), stride=stride)
    start = before - (taps - 1)  # the transposed convolution starts early; negative padding crops
    wanted = [size * factor + before + after - (taps - 1) for size in (height, width)]
    ends = [want - start - have for want, have in zip(wanted, y.shape[2:], strict=True)]
    return F.pad(y, [start, ends[1], start, ends[0]]).reshape(n, c, *wanted)


def downsample(x: Tensor, kernel: Tensor | None, factor: int) -> Tensor:
    """Filter [N, C, H, W] and keep every ``factor``-th sample."""
    if kernel is None:
        return x[:, :, ::factor, ::factor]
    n, c = x.shape[:2]
    y = x.reshape(n * c, 1, *x.shape[2:])
    for part in _axes(kernel.to(x.dtype)):
        y = F.conv2d(y, part.flip([2, 3]), stride=[factor if side > 1 else 1 for side in part.shape[2:]])
    return y.reshape(n, c, *y.shape[2:])


class FourierFeatures(nn.Module):
    """The first signal: sines of fixed frequencies, rotated and translated by the style.

    The style [N, 4] is (cosine, sine, x, y), with cosine and sine up to a common factor.
    """

    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, config: GeneratorConfig, first: Rates) -> None:
        super().__init__()
        self.size, self.rate, self.cutoff = first.size, first.rate, first.cutoff
        self.affine = EqualLinear(config.w_dim, 4)
        nn.init.zeros_(self.affine.weight)
        self.affine.bias.data = torch.tensor([1.0, 0.0, 0.0, 0.0])
        self.weight = nn.Parameter(torch.randn(first.channels, first.channels))
        directions = torch.randn(first.channels, 2)
        radii = directions.norm(dim=1, keepdim=True)
        self.register_buffer("freqs", first.cutoff * directions / (radii * radii.square().exp().pow(0.25)))
        self.register_buffer("phases", torch.rand(first.channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))

    def forward(self, style: Tensor) -> Tensor:
        """[N, 4] -> [N, C, size, size]."""
        style = style / style[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, x, y = style.unbind(1)
        zero, one = torch.zeros_like(x), torch.ones_like(x)
        turn = torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], 1).view(-1, 3, 3)
        shift = torch.stack([one, zero, -x, zero, one, -y, zero, zero, one], 1).view(-1, 3, 3)
        transform = turn @ shift @ self.transform
        phases = self.phases + (self.freqs @ transform[:, :2, 2:])[:, :, 0]  # [N, C]
        freqs = self.freqs @ transform[:, :2, :2]  # [N, C, 2]
        band = (freqs.norm(dim=2) - self.cutoff) / (self.rate / 2 - self.cutoff)
        position = torch.arange(self.size, device=style.device) + 0.5
        position = (position / self.size - 0.5) * self.size / self.rate
        across, down = freqs[:, :, :, None, None].unbind(2)
        angles = across * position + down * position[:, None] + phases[:, :, None, None]
        waves = torch.sin(2 * math.pi * angles) * (1 - band).clamp(0, 1)[:, :, None, None]
        return torch.einsum("nchw,oc->nohw", waves, self.weight / math.sqrt(len(self.weight)))


class FilteredLayer(nn.Module):
    """A modulated convolution, and a leaky ReLU between two low-pass filters except in ToRGB."""

    magnitude: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(
        self, config: GeneratorConfig, before: Rates, after: Rates, is_rgb: bool, is_critical: bool
    ) -> None:
        super().__init__()
        self.is_rgb, self.clamp = is_rgb, config.clamp
        kernel = 1 if is_rgb else config.kernel
        self.kernel = kernel
        self.affine = EqualLinear(config.w_dim, before.channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(after.channels, before.channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(after.channels))
        self.register_buffer("magnitude", torch.ones(()))
        rate = max(before.rate, after.rate) * (1 if is_rgb else config.oversampling)
        self.up, self.down = rate // before.rate, rate // after.rate
        up_taps, down_taps = (
            1 if factor == 1 or is_rgb else config.filter_size * factor for factor in (self.up, self.down)
        )
        radial = config.radial and not is_critical
        self.register_buffer("up_filter", low_pass(up_taps, before.cutoff, 2 * before.half_width, rate))
        self.register_buffer(
            "down_filter", low_pass(down_taps, after.cutoff, 2 * after.half_width, rate, radial)
        )
        total = (
            (after.size - 1) * self.down + 1 - (before.size + kernel - 1) * self.up + up_taps + down_taps - 2
        )
        low = (total + self.up) // 2  # samples lie in the middle of their cells (appendix C.3)
        self.padding = (low, total - low)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[N, in, H, W], [N, in] -> [N, out, H', W']."""
        weight: Tensor = self.weight
        if self.is_rgb:
            style = style / math.sqrt(style.shape[1])
            scale = None
        else:
            weight = weight * weight.square().mean([1, 2, 3], keepdim=True).rsqrt()
            style = style * style.square().mean(1, keepdim=True).rsqrt()
            scale = (style.square() @ weight.square().sum([2, 3]).t() + 1e-8).rsqrt()
        x = x * (style * self.magnitude.rsqrt()).to(x.dtype)[:, :, None, None]
        x = F.conv2d(x, weight.to(x.dtype), padding=self.kernel - 1)
        if scale is not None:
            x = x * scale.to(x.dtype)[:, :, None, None]
        x = x + self.bias.to(x.dtype)[:, None, None]
        x = upsample(x, self.up_filter, self.up, self.padding)
        if not self.is_rgb:
            x = leaky(x)
        if self.clamp is not None:
            x = x.clamp(-self.clamp, self.clamp)
        return downsample(x, self.down_filter, self.down)


class Synthesis(StyleSpaceSynthesis):
    """StyleGAN3's synthesis network from StyleSpace [N, num_channels] to pictures [N, 3, R, R].

    The first four channels rotate and translate the picture; the styles of the layers follow in order.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config, self.num_ws = config, config.num_ws
        signals = rates(config)
        self.input = FourierFeatures(config, signals[0])
        self.blocks = nn.ModuleList()
        self.layers = [StyleLayer("input", "input", signals[0].size, 0, 0, 4)]
        for number, after in enumerate(signals):
            before = signals[max(number - 1, 0)]
            is_rgb, is_critical = number == config.layers, number >= config.layers - config.critical
            self.blocks.append(FilteredLayer(config, before, after, is_rgb, is_critical))
            start = self.layers[-1].stop
            kind: Literal["conv", "rgb"] = "rgb" if is_rgb else "conv"
            side, stop = min(after.rate, config.resolution), start + before.channels
            self.layers.append(StyleLayer(f"L{number}", kind, side, number + 1, start, stop))
        self.num_channels = self.layers[-1].stop

    def block(self, layer: StyleLayer) -> Any:
        """Return the module that a style layer drives."""
        return self.input if layer.kind == "input" else self.blocks[layer.row - 1]

    def forward(
        self,
        styles: Tensor,
        resolution: int | None = None,
        dtype: torch.dtype = torch.float32,
        checkpoint: bool = False,
        preview: PreviewCallback | None = None,
    ) -> Tensor:
        """Draw pictures [N, 3, R, R] float32, about [-1, 1], from styles [N, num_channels].

        The arguments are those of StyleGAN2's synthesis. A smaller ``resolution`` is averaged from the full
        one, and ``preview`` is never called, since no smaller picture exists on the way.
        """
        if styles.ndim != 2 or styles.shape[1] != self.num_channels:
            raise ValueError(f"styles must be [N, {self.num_channels}], not {list(styles.shape)}")
        first, *others = self.layers
        x = self.input(styles[:, first.start : first.stop]).to(dtype)
        for layer in others:
            x = run_layer(self.block(layer), checkpoint, x, styles[:, layer.start : layer.stop])
        image = x.float() * self.config.output_scale
        if resolution and resolution < self.config.resolution:
            image = F.interpolate(image, size=(resolution, resolution), mode="area")
        return image

    def blended(self, styles: Tensor, masks: Tensor, checkpoint: bool = False) -> Tensor:
        """Blend pictures by region: ``styles`` [N, 1 + K, num_channels], ``masks`` [K, S, S] -> [N, 3, R,
        R]."""
        return blend_pictures(self, styles, masks, checkpoint)


class Generator(nn.Module):
    """Mapping and synthesis together."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(config.mapping())
        self.synthesis = Synthesis(config)

    def forward(self, z: Tensor, truncation: float = 1.0, c: Tensor | None = None) -> Tensor:
        """Gaussian z [N, z_dim] and labels c [N, c_dim] -> pictures [N, 3, R, R] in about [-1, 1]."""
        return self.synthesis(self.synthesis.styles(self.mapping(z, truncation, c)))
