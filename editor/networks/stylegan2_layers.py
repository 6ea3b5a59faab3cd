"""Layers of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958) in torch's own operations.

The whole batch shares the weights, and modulation multiplies the activations instead of building one kernel
for each sample. This is the same function, and far cheaper at small batches.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.networks import winograd

LEAKY_GAIN = math.sqrt(2.0)
"""Keeps the variance of activations at 1 after a leaky ReLU of slope 0.2."""


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2 and unit gain."""
    return F.leaky_relu(x, 0.2) * LEAKY_GAIN


def pixel_norm(x: Tensor) -> Tensor:
    """Scale each row of [N, D] to a root mean square of 1."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class EqualLinear(nn.Module):
    """A linear layer with equalised learning rate (Karras et al. 2018, arXiv 1710.10196)."""

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


@lru_cache(8)
def _fir_filter(dtype: torch.dtype, device: torch.device) -> Tensor:
    """The FIR filter [1, 3, 3, 1] as [4, 4] of sum 4.

    Cached: a copy to a GPU would wait for all queued work.
    """
    with torch.inference_mode(False):
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=dtype, device=device)
        return taps[:, None] * taps[None, :] / 16.0


def _fir_kernels(x: Tensor) -> Tensor:
    """The FIR filter as one kernel for each map of ``x``: [C, 1, 4, 4]."""
    return _fir_filter(x.dtype, x.device).expand(x.shape[1], 1, 4, 4)


def upsample_fir(x: Tensor) -> Tensor:
    """Double the resolution with the FIR filter and zeros beyond the border: [N, C, H, W] -> [N, C, 2H,
    2W]."""
    if x.device.type == "cpu":
        return F.conv_transpose2d(x, _fir_kernels(x), stride=2, padding=1, groups=x.shape[1])
    return upsample_bilinear(x)


def upsample_bilinear(x: Tensor) -> Tensor:
    """Compute ``upsample_fir`` by bilinear interpolation of padded maps: depthwise convolutions are slow on
    GPUs."""
    padded = F.pad(x, [1, 1, 1, 1])
    return F.interpolate(padded, scale_factor=2, mode="bilinear", align_corners=False)[:, :, 2:-2, 2:-2]


_PHASES = (((0, 1, 3), (3, 3, 1), (1, 0, 0)), ((0, 0, 1), (1, 3, 3), (3, 1, 0)))
"""Quarters of a kernel's three rows that make each of the three taps of ``fuse_upsampling``, along one axis:
for the even and for the odd outputs of a transposed convolution of stride 2 that the FIR filter follows."""


def fuse_upsampling(weight: Tensor) -> Tensor:
    """Fuse a weight [K, C, 3, 3], its transposed convolution and the FIR filter into one convolution [4 K, C,
    3, 3].

    It runs at the lower resolution and gives the upper left, upper right, lower left and lower right pixel of
    each four. It multiplies four times as much, but in the kind of convolution that GPUs do best.
    """
    taps = torch.tensor(_PHASES, dtype=torch.float64, device=weight.device) / 4
    kernel = torch.einsum("arp,bsq,kcpq->abkcrs", taps, taps, weight.double())
    return kernel.flatten(0, 2).to(weight.dtype)


def _interleave(x: Tensor) -> Tensor:
    """Arrange the output [N, 4 K, H, W] of a fused kernel as [N, K, 2H, 2W], channels last."""
    count, _, height, width = x.shape
    phases = x.permute(0, 2, 3, 1).reshape(count, height, width, 2, 2, -1).transpose(2, 3)
    return phases.reshape(count, 2 * height, 2 * width, -1).permute(0, 3, 1, 2)


class ModulatedConv(nn.Module):
    """A modulated 3x3 convolution with demodulation, noise, bias and leaky ReLU; ``up`` doubles the
    resolution.

    The style scales the input maps and demodulation scales the output maps. Convolution is linear, so this
    equals StyleGAN2's scaled kernels. ``noise`` is the side of the stored noise, or None for a layer without.
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
        self._cache: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self.noise_strength = nn.Parameter(torch.zeros(())) if noise else None
        if noise:
            self.register_buffer("noise", torch.randn(noise, noise))

    def forward(self, x: Tensor, style: Tensor, gain: float = 1.0) -> Tensor:
        """[N, in, H, W], [N, in] -> [N, out, H, W] or [N, out, 2H, 2W], scaled by ``gain``."""
        kernel, energy = self._kernel(x.dtype)
        if x.dtype == torch.float16:  # keeps sums in range; demodulation divides by the same factor
            style = style / style.abs().amax(1, keepdim=True).clamp_min(1e-8)
        gain *= LEAKY_GAIN  # the leaky ReLU is homogeneous, so its gain may come first
        scale = gain * (style.square() @ energy + 1e-8).rsqrt()
        scale_in, scale_out, bias = style.to(x.dtype), scale.to(x.dtype), (self.bias * gain).to(x.dtype)
        if self._weight_state() and not self.up and winograd.pays(x, len(self.weight)):
            x = self._convolve_tiles(x, scale_in, scale_out, bias)
        elif len(x) == 1 and x.numel() > kernel.numel():  # the kernel has fewer numbers to scale
            x = self._convolve(x, kernel * self._kernel_scale(scale_in[0], scale_out[0]), bias)
        else:
            x = _multiply(self._convolve(x * scale_in[:, :, None, None], kernel), scale_out)
            x += bias[:, None, None]
        if self.noise_strength is not None:
            x += (self.noise * (self.noise_strength * gain)).to(x.dtype)
        x = F.leaky_relu(x, 0.2, inplace=True)
        if self.clamp is None:
            return x
        limit = self.clamp * gain / LEAKY_GAIN
        return x.clamp(-limit, limit) if torch.is_grad_enabled() else x.clamp_(-limit, limit)

    def _convolve(self, x: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
        if not self.up:
            return F.conv2d(x, kernel, bias, padding=1)
        if self._fuses(x.device):
            return _interleave(F.conv2d(x, kernel, None if bias is None else bias.repeat(4), padding=1))
        x = F.conv_transpose2d(x, kernel, stride=2)
        return F.conv2d(x, _fir_kernels(x), bias, padding=1, groups=x.shape[1])

    @staticmethod
    def _fuses(device: torch.device) -> bool:
        """Whether upsampling on this device is one fused convolution (``fuse_upsampling``) or two."""
        return device.type != "cpu"

    def _kernel_scale(self, scale_in: Tensor, scale_out: Tensor) -> Tensor:
        """Combine factors [in] and [out] into one for each pair of maps, in the order of the kernel's
        axes."""
        if self.up and not self._fuses(scale_in.device):
            return (scale_in[:, None] * scale_out)[:, :, None, None]
        if self.up:
            scale_out = scale_out.repeat(4)
        return (scale_out[:, None] * scale_in)[:, :, None, None]

    def _kernel(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Return the kernel, channels last, and its energy [in, out] for demodulation."""
        fuses = self._fuses(self.weight.device)

        def prepare() -> tuple[Tensor, Tensor]:
            weight: Tensor = self.weight
            if dtype == torch.float16:  # keeps sums in range; demodulation divides by the same factor
                weight = weight / (weight.square().mean() * weight[0].numel()).sqrt()
            kernel = weight
            if self.up:
                kernel = fuse_upsampling(weight) if fuses else weight.transpose(0, 1)
            energy = weight.square().sum([2, 3]).t()
            return kernel.to(dtype).contiguous(memory_format=torch.channels_last), energy

        return self._cached("kernel", (dtype, fuses), prepare)

    def _convolve_tiles(self, x: Tensor, scale_in: Tensor, scale_out: Tensor, bias: Tensor) -> Tensor:
        """Compute the scaled convolution with Winograd's filtering."""
        kernel = self._cached("tiles", (), lambda: winograd.kernels(self.weight))
        if not torch.is_grad_enabled():
            return winograd.convolve(x, kernel, scale_in, scale_out, bias)
        backward = self._cached(
            "backward tiles", (), lambda: winograd.kernels(self.weight.flip(2, 3).transpose(0, 1))
        )
        y: Tensor = winograd.Convolution.apply(x * scale_in[:, :, None, None], kernel, backward)
        return y * scale_out[:, :, None, None] + bias[:, None, None]

    def _cached(self, name: str, key: tuple[Any, ...], prepare: Callable[[], Any]) -> Any:
        """Prepare frozen weights once: doing so at every call took a quarter of a synthesis."""
        state = self._weight_state()
        if state is None:
            return prepare()
        if name not in self._cache or self._cache[name][0] != (key, state):
            self._cache[name] = ((key, state), prepare())
        return self._cache[name][1]

    def _weight_state(self) -> tuple[int, int] | None:
        """Identify the current values of frozen weights; None while training may change them."""
        weight = self.weight
        return None if weight.requires_grad or weight.is_inference() else (weight.data_ptr(), weight._version)


def _multiply(x: Tensor, scale: Tensor) -> Tensor:
    """Multiply maps [N, C, H, W] by [N, C], in place when no gradient is recorded."""
    factor = scale[:, :, None, None]
    return x * factor if torch.is_grad_enabled() else x.mul_(factor)


class Shortcut(nn.Module):
    """The 1x1 convolution around a block of the resnet architecture; it doubles the resolution."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 1, 1))
        self.weight_gain = 1.0 / math.sqrt(in_channels)

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] -> [N, out, 2H, 2W]."""
        return upsample_fir(F.conv2d(x, (self.weight * self.weight_gain).to(x.dtype)))


class ToRGB(nn.Module):
    """A modulated 1x1 convolution to RGB, without demodulation."""

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
        if len(x) == 1:  # the weight has fewer numbers to scale
            weight = weight * style
        else:
            x = x * style
        x = F.conv2d(x, weight, self.bias.to(x.dtype))
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)
