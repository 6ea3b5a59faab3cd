"""StyleGAN2's generator (Karras et al. 2020, arXiv 1912.04958), with its StyleSpace (Wu et al. 2020, arXiv 2011.12799)
as the interface: ``z -> mapping -> w -> styles -> synthesis``.

Written for inference and small-scale training without compiled extensions: weights are shared by the whole batch, and
the modulation multiplies the activations instead of building one kernel a sample, which is the same function and far
cheaper at small batches. Published generators fit in with their noise, clamping, labels and architectures; their
stored noise is used, never fresh noise, so that a picture is a function of its styles.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recompute

from editor.networks import winograd

LEAKY_GAIN = math.sqrt(2.0)
"""Keeps the variance of activations at 1 after a leaky ReLU of slope 0.2."""
RESIDUAL_GAIN = math.sqrt(0.5)
"""Keeps the variance at 1 where two paths of the resnet architecture meet."""
SEEN_SIDE = 256
"""Pixels of a preview of a larger picture: at 1024 pixels it is there after a third of the work."""

Seen = Callable[[Tensor], None]
"""Is shown a picture [N, 3, S, S] in about [-1, 1] before it is finished."""


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of a generator.

    ``resolution``, pixels, is a power of two from 8; ``channel_base`` / resolution, at most ``channel_max``, is the
    number of feature maps at a resolution. ``c_dim`` is the length of a label, embedded in ``embed_features``; 0 means
    no labels. ``noise``: stored noise [R, R] at each convolution. ``clamp`` bounds activations. ``rgb_upsampling`` is
    how the skip architecture enlarges the picture so far: "fir" as published, "bilinear" the same but for the border.
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
        if self.resolution < 8 or self.resolution & (self.resolution - 1):
            raise ValueError(f"resolution must be a power of two from 8, not {self.resolution}")
        if self.mapping_layers < 1:
            raise ValueError(f"mapping_layers must be at least 1, not {self.mapping_layers}")
        if self.architecture not in ("skip", "resnet", "orig"):
            raise ValueError(f"architecture must be skip, resnet or orig, not {self.architecture}")

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
        """Plain fields, for a bundle's record; what is absent is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU, slope 0.2, with unit gain."""
    return F.leaky_relu(x, 0.2) * LEAKY_GAIN


def pixel_norm(x: Tensor) -> Tensor:
    """Each row of [N, D] scaled to a root mean square of 1."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class EqualLinear(nn.Module):
    """A linear layer with equalised learning rate (Karras et al. 2018, arXiv 1710.10196): [N, in] -> [N, out]."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        activate: bool = False,
        bias: float = 0.0,
        lr_mul: float = 1.0,
    ) -> None:
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
    """The mapping network: Gaussian z [N, z_dim] -> w [N, w_dim], with truncation towards the mean of W.

    Where the generator knows labels, c [N, c_dim] goes in beside z, all zeros when it is not given.
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
        """[N, z_dim] -> [N, w_dim]; ``truncation`` psi, 0 gives the mean face, 1 leaves w alone."""
        x = pixel_norm(z)
        if self.embed is not None:
            label = z.new_zeros(len(z), self.c_dim) if c is None else c
            x = torch.cat([x, pixel_norm(self.embed(label))], dim=1)
        for layer in self.layers:
            x = layer(x)
        return x if truncation == 1.0 else self.w_avg + truncation * (x - self.w_avg)


@dataclass(frozen=True)
class StyleLayer:
    """Where one layer's styles lie in the flat StyleSpace vector.

    ``row`` is the row of W+ that drives it; ``start``:``stop`` are its channels.
    """

    name: str
    kind: Literal["conv", "rgb", "input"]
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
        if config.architecture == "skip" or resolution == config.resolution:
            add(f"b{resolution}.torgb", "rgb", resolution, width)
        previous = width
    return layers


def _fir(x: Tensor) -> Tensor:
    """The kernels [C, 1, 4, 4] of the FIR filter [1, 3, 3, 1] for the maps of ``x`` at twice the resolution (sum 4)."""
    return _fir_of(x.dtype, x.device).expand(x.shape[1], 1, 4, 4)


@lru_cache(8)
def _fir_of(dtype: torch.dtype, device: torch.device) -> Tensor:
    """The filter [4, 4], kept: to bring it to a GPU each time would wait for all that is queued there."""
    with torch.inference_mode(False):
        tap = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=dtype, device=device)
        return tap[:, None] * tap[None, :] / 16.0


def _blur(x: Tensor, bias: Tensor | None = None) -> Tensor:
    """The FIR filter [1, 3, 3, 1] after a transposed convolution of stride 2; [N, C, H+1, W+1] -> [N, C, H, W], plus [C]."""
    return F.conv2d(x, _fir(x), bias, padding=1, groups=x.shape[1])


def _double(x: Tensor) -> Tensor:
    """Twice the resolution by the FIR filter, with zeros beyond the border; [N, C, H, W] -> [N, C, 2H, 2W]."""
    if x.device.type == "cpu":
        return F.conv_transpose2d(x, _fir(x), stride=2, padding=1, groups=x.shape[1])
    return _double_bilinear(x)


def _double_bilinear(x: Tensor) -> Tensor:
    """``_double`` as bilinear interpolation of the padded maps, which it equals: on GPUs a convolution with one kernel a map
    is slow."""
    return F.interpolate(F.pad(x, [1, 1, 1, 1]), scale_factor=2, mode="bilinear", align_corners=False)[
        :, :, 2:-2, 2:-2
    ]


_PHASES = (((0, 1, 3), (3, 3, 1), (1, 0, 0)), ((0, 0, 1), (1, 3, 3), (3, 1, 0)))
"""Along one axis, for every second output from the first and from the second: what each of its three taps takes, in quarters, of
a kernel's three rows, after a transposed convolution of stride 2 and the FIR filter."""


def fused(weight: Tensor) -> Tensor:
    """A weight [K, C, 3, 3] and the FIR filter after it as one convolution at the lower resolution: [4 K, C, 3, 3], for the
    upper left, upper right, lower left and lower right pixel of each four.

    It has four times the multiplications, in the kind of convolution that GPUs do best, and no filter of single maps.
    """
    taps = torch.tensor(_PHASES, dtype=torch.float64, device=weight.device) / 4
    made = torch.einsum("arp,bsq,kcpq->abkcrs", taps, taps, weight.double())
    return made.flatten(0, 2).to(weight.dtype)


def _interleaved(x: Tensor) -> Tensor:
    """What the kernels of ``fused`` give [N, 4 K, H, W] -> [N, K, 2H, 2W], channels last."""
    count, _, height, width = x.shape
    places = x.permute(0, 2, 3, 1).reshape(count, height, width, 2, 2, -1).transpose(2, 3)
    return places.reshape(count, 2 * height, 2 * width, -1).permute(0, 3, 1, 2)


def _scaled(x: Tensor, scale: Tensor) -> Tensor:
    """Maps [N, C, H, W] times [N, C]; in their place where no gradient needs them as they were."""
    factor = scale[:, :, None, None]
    return x * factor if torch.is_grad_enabled() else x.mul_(factor)


def _clamped(x: Tensor, most: float) -> Tensor:
    """Maps kept within ``most`` either way; in their place where no gradient needs them as they were."""
    return x.clamp(-most, most) if torch.is_grad_enabled() else x.clamp_(-most, most)


class ModulatedConv(nn.Module):
    """Modulated 3x3 convolution with demodulation, noise, bias and leaky ReLU; ``up`` doubles the resolution.

    The style scales the input maps, demodulation scales the output maps: convolution being linear, this equals
    StyleGAN2's scaled kernels. ``noise`` is the side of the stored noise, None for a layer without.
    """

    noise: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        w_dim: int,
        up: bool = False,
        noise: int | None = None,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.affine = EqualLinear(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.up, self.clamp = up, clamp
        self._prepared: tuple[tuple[Any, ...], tuple[Tensor, Tensor]] | None = None
        self._tiled: tuple[tuple[Any, ...], list[Tensor]] | None = None
        self.noise_strength = nn.Parameter(torch.zeros(())) if noise else None
        if noise:
            self.register_buffer("noise", torch.randn(noise, noise))

    def forward(self, x: Tensor, style: Tensor, gain: float = 1.0) -> Tensor:
        """[N, in, H, W], [N, in] -> [N, out, H, W] or [N, out, 2H, 2W], scaled by ``gain``."""
        kernel, energy = self._kernel(x.dtype)
        if (
            x.dtype == torch.float16
        ):  # demodulation makes up for it, and sums stay in the range of half precision
            style = style / style.abs().amax(1, keepdim=True).clamp_min(1e-8)
        gain *= LEAKY_GAIN  # of the leaky ReLU, which may as well go before it
        scale = gain * (style.square() @ energy + 1e-8).rsqrt()
        into, out, bias = style.to(x.dtype), scale.to(x.dtype), (self.bias * gain).to(x.dtype)
        if (state := self._frozen()) and not self.up and winograd.pays(x, len(self.weight)):
            x = self._by_tiles(x, into, out, bias, state)
        elif (
            len(x) == 1 and x.numel() > kernel.numel()
        ):  # one picture, and fewer weights than activations: scale the former
            x = self._convolve(x, kernel * self._spread(into[0], out[0]), bias)
        else:
            x = _scaled(self._convolve(x * into[:, :, None, None], kernel), out)
            x += bias[:, None, None]
        if self.noise_strength is not None:
            x += (self.noise * (self.noise_strength * gain)).to(x.dtype)
        x = F.leaky_relu(x, 0.2, inplace=True)
        return x if self.clamp is None else _clamped(x, self.clamp * gain / LEAKY_GAIN)

    def _convolve(self, x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
        if not self.up:
            return F.conv2d(x, kernel, bias, padding=1)
        if not self._fuses(x.device):
            return _blur(F.conv_transpose2d(x, kernel, stride=2), bias)
        return _interleaved(F.conv2d(x, kernel, None if bias is None else bias.repeat(4), padding=1))

    @staticmethod
    def _fuses(device: torch.device) -> bool:
        """Whether doubling is one convolution there (``fused``) or two."""
        return device.type != "cpu"

    def _spread(self, style: Tensor, scale: Tensor) -> Tensor:
        """Factors [in] and [out] as one for each pair of maps, in the order of the kernel's."""
        if self.up and self._fuses(style.device):
            scale = scale.repeat(4)
        elif self.up:
            return (style[:, None] * scale)[:, :, None, None]
        return (scale[:, None] * style)[:, :, None, None]

    def _kernel(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """The weights as the convolution wants them, channels last, and their energy [in, out] for demodulation.

        Frozen weights are brought into that shape once: doing so each time took a quarter of a synthesis.
        """
        weight: Tensor = self.weight
        state = (dtype, self._fuses(weight.device), *frozen) if (frozen := self._frozen()) else None
        if state is not None and self._prepared is not None and self._prepared[0] == state:
            return self._prepared[1]
        if dtype == torch.float16:  # so that sums stay in its range; demodulation takes any scale out again
            weight = weight / (weight.square().mean() * weight[0].numel()).sqrt()
        kernel = weight
        if self.up:
            kernel = fused(weight) if self._fuses(weight.device) else weight.transpose(0, 1)
        made = kernel.to(dtype).contiguous(memory_format=torch.channels_last), weight.square().sum([2, 3]).t()
        self._prepared = None if state is None else (state, made)
        return made

    def _frozen(self) -> tuple[Any, ...] | None:
        """What names the weights as they are; None where they may change in training."""
        weight = self.weight
        return None if weight.requires_grad or weight.is_inference() else (weight.data_ptr(), weight._version)

    def _by_tiles(self, x: Tensor, into: Tensor, out: Tensor, bias: Tensor, state: tuple[Any, ...]) -> Tensor:
        """The scaled convolution by Winograd's filtering; its kernels too are made once, those of the way back when needed."""
        if self._tiled is None or self._tiled[0] != state:
            self._tiled = (state, [winograd.kernels(self.weight)])
        made = self._tiled[1]
        if not torch.is_grad_enabled():
            return winograd.convolve(x, made[0], into, out, bias)
        if len(made) == 1:
            made.append(winograd.kernels(self.weight.flip(2, 3).transpose(0, 1)))
        found: Tensor = winograd.Convolution.apply(x * into[:, :, None, None], *made)
        return found * out[:, :, None, None] + bias[:, None, None]


class Shortcut(nn.Module):
    """The 1x1 convolution to twice the resolution around a block of the resnet architecture."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 1, 1))
        self.weight_gain = 1.0 / math.sqrt(in_channels)

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] -> [N, out, 2H, 2W]."""
        return _double(F.conv2d(x, (self.weight * self.weight_gain).to(x.dtype)))


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to RGB, without demodulation."""

    def __init__(self, in_channels: int, w_dim: int, clamp: float | None = None) -> None:
        super().__init__()
        self.clamp = clamp
        self.affine = EqualLinear(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.weight_gain = 1.0 / math.sqrt(in_channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[N, in, H, W], [N, in] -> [N, 3, H, W]."""
        style, weight = (style * self.weight_gain).to(x.dtype)[:, :, None, None], self.weight.to(x.dtype)
        x, weight = (
            (x, weight * style) if len(x) == 1 else (x * style, weight)
        )  # the fewer numbers are scaled
        x = F.conv2d(x, weight, self.bias.to(x.dtype))
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


def run(layer: nn.Module, checkpoint: bool, *inputs: Any) -> Tensor:
    """A layer's output; with ``checkpoint`` what it made on the way is forgotten, and made anew for the gradient."""
    if not checkpoint:
        return layer(*inputs)
    made: Tensor = recompute(layer, *inputs, use_reentrant=False)
    return made


class Styled(nn.Module):
    """A synthesis network with a StyleSpace: one affine map of its row of W+ for each of its ``layers``."""

    num_ws: int
    layers: list[StyleLayer]

    def block(self, layer: StyleLayer) -> Any:
        """The module that a style layer drives."""
        raise NotImplementedError

    def styles(self, ws: Tensor) -> Tensor:
        """W [N, w_dim] or W+ [N, num_ws, w_dim] -> StyleSpace [N, num_channels]. Affine in its argument."""
        if ws.ndim == 2:
            ws = ws[:, None].expand(-1, self.num_ws, -1)
        return torch.cat([self.block(layer).affine(ws[:, layer.row]) for layer in self.layers], dim=1)

    def style_steps(self, delta_ws: Tensor) -> Tensor:
        """A step in W or W+ as the step in StyleSpace that it causes, exactly: the affine maps without their biases."""
        return self.styles(delta_ws) - self.styles(torch.zeros_like(delta_ws))


class Synthesis(Styled):
    """StyleGAN2's synthesis: StyleSpace vector [N, num_channels] -> picture [N, 3, H, W], about [-1, 1]."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config, self.num_ws = config, config.num_ws
        self.layers = style_layers(config)
        self.num_channels = self.layers[-1].stop
        self.const = nn.Parameter(torch.randn(1, config.channels(4), 4, 4))
        modules: dict[str, nn.Module] = {}
        previous = 0
        for resolution in config.resolutions:
            width, noise = config.channels(resolution), resolution if config.noise else None
            if previous:
                modules[f"b{resolution}_conv0"] = ModulatedConv(
                    previous, width, config.w_dim, True, noise, config.clamp
                )
                if config.architecture == "resnet":
                    modules[f"b{resolution}_skip"] = Shortcut(previous, width)
            modules[f"b{resolution}_conv1"] = ModulatedConv(
                width, width, config.w_dim, False, noise, config.clamp
            )
            if config.architecture == "skip" or resolution == config.resolution:
                modules[f"b{resolution}_torgb"] = ToRGB(width, config.w_dim, config.clamp)
            previous = width
        self.blocks = nn.ModuleDict(modules)

    def block(self, layer: StyleLayer) -> Any:
        """The module that a style layer drives."""
        return self.blocks[layer.name.replace(".", "_")]

    def forward(
        self,
        styles: Tensor,
        resolution: int | None = None,
        dtype: torch.dtype = torch.float32,
        checkpoint: bool = False,
        seen: Seen | None = None,
    ) -> Tensor:
        """[N, num_channels] -> [N, 3, R, R] float32 in about [-1, 1], ``resolution`` R below the full one on request.

        ``checkpoint``: layers are drawn anew on the way back, which takes less memory and gives the same gradients.
        ``seen`` is shown what a larger picture looks like at ``SEEN_SIDE``, on the way and for nothing.
        """
        if styles.ndim != 2 or styles.shape[1] != self.num_channels:
            raise ValueError(f"styles must be [N, {self.num_channels}], not {list(styles.shape)}")
        full = self.config.resolution
        if (
            resolution and resolution < full and self.config.architecture != "skip"
        ):  # no picture is made on the way
            whole = self(styles, dtype=dtype, checkpoint=checkpoint)
            return F.interpolate(whole, size=(resolution, resolution), mode="area")
        x = (
            self.const.to(dtype)
            .expand(styles.shape[0], -1, -1, -1)
            .contiguous(memory_format=torch.channels_last)
        )
        image: Tensor | None = None
        shortcut: Tensor | None = None
        for layer in self.layers:
            if layer.resolution > (resolution or full):
                break
            style = styles[:, layer.start : layer.stop]
            if layer.kind == "rgb":
                image = self._add(image, run(self.block(layer), checkpoint, x, style).float())
                if seen is not None and layer.resolution == SEEN_SIDE < (resolution or full):
                    seen(image)
                continue
            if self.config.architecture == "resnet" and layer.name.endswith("conv0"):
                shortcut = run(self.blocks[f"b{layer.resolution}_skip"], checkpoint, x) * RESIDUAL_GAIN
            joins = shortcut is not None and layer.name.endswith("conv1")
            x = run(self.block(layer), checkpoint, x, style, RESIDUAL_GAIN if joins else 1.0)
            if joins and shortcut is not None:
                x = x + shortcut
        assert image is not None
        return image

    def blended(self, styles: Tensor, masks: Tensor, checkpoint: bool = False) -> Tensor:
        """Several looks in one picture, each in its region (Andonian et al. 2021, arXiv 2103.10951): features are blended
        after every layer, so that later layers join what earlier ones put side by side.

        ``styles`` [N, 1 + K, num_channels]: the look everywhere, then one for each of ``masks`` [K, R, R] in 0..1.
        Returns [N, 3, R, R]. Where masks overlap, what their looks change adds up.
        """
        if self.config.architecture != "skip":  # the blocks of the others are more than a row of layers
            return blended_pictures(self, styles, masks, checkpoint)
        count, looks, _ = styles.shape
        flat = styles.flatten(0, 1)
        sizes = {layer.resolution: shrunk(masks, layer.resolution) for layer in self.layers}

        def joined(values: Tensor) -> Tensor:
            values = values.unflatten(0, (count, looks))
            weights = sizes[values.shape[-1]][None, :, None]
            return values[:, 0] + (weights * (values[:, 1:] - values[:, :1])).sum(1)

        x = self.const.expand(count, -1, -1, -1).contiguous(memory_format=torch.channels_last)
        image: Tensor | None = None
        for layer in self.layers:
            style = flat[:, layer.start : layer.stop]
            made = joined(run(self.block(layer), checkpoint, x.repeat_interleave(looks, dim=0), style))
            if layer.kind == "conv":
                x = made
                continue
            image = self._add(image, made)
        assert image is not None
        return image

    def _add(self, image: Tensor | None, rgb: Tensor) -> Tensor:
        """The picture so far, at twice its resolution, and what the next block adds to it."""
        if image is None:
            return rgb
        if self.config.rgb_upsampling == "fir":
            return rgb + _double(image)
        return rgb + F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)


def blended_pictures(synthesis: nn.Module, styles: Tensor, masks: Tensor, checkpoint: bool = False) -> Tensor:
    """Several looks in one picture, as ``Synthesis.blended``, for generators whose features cannot be blended: the finished
    pictures are."""
    pictures = synthesis(styles.flatten(0, 1), checkpoint=checkpoint).unflatten(0, styles.shape[:2])
    weights = F.interpolate(masks[None], size=pictures.shape[-2:], mode="bilinear", align_corners=False)[0][
        None, :, None
    ]
    return pictures[:, 0] + (weights * (pictures[:, 1:] - pictures[:, :1])).sum(1)


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

    def forward(self, z: Tensor, truncation: float = 1.0, c: Tensor | None = None) -> Tensor:
        """Gaussian z [N, z_dim] and, where there are labels, c [N, c_dim] -> picture [N, 3, H, W] in about [-1, 1]."""
        return self.synthesis(self.synthesis.styles(self.mapping(z, truncation, c)))
