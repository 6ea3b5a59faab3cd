"""Winograd's convolutions against those of torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.networks import winograd


def made(count: int = 2, channels: int = 128, maps: int = 160, side: int = 36) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(count, channels, side, side, generator=rng)
    return x, torch.randn(maps, channels, 3, 3, generator=rng) / (9 * channels) ** 0.5


@pytest.mark.parametrize("chunk", [1, winograd.CHUNK])
def test_chunks_of_any_size_give_the_same_convolution(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "CHUNK", chunk)
    x, weight = made()
    into, out, bias = torch.rand(2, 128) + 0.5, torch.rand(2, 160) + 0.5, torch.randn(160)
    found = winograd.convolve(x, winograd.kernels(weight), into, out, bias)
    right = (
        F.conv2d(x * into[:, :, None, None], weight, padding=1) * out[:, :, None, None] + bias[:, None, None]
    )
    torch.testing.assert_close(found, right, atol=1e-4, rtol=1e-4)


def test_the_gradient_is_the_same() -> None:
    x, weight = made(1)
    x.requires_grad_(True)
    kernels = winograd.kernels(weight), winograd.kernels(weight.flip(2, 3).transpose(0, 1))
    (found,) = torch.autograd.grad(winograd.Convolution.apply(x, *kernels).square().sum(), x)
    (right,) = torch.autograd.grad(F.conv2d(x, weight, padding=1).square().sum(), x)
    torch.testing.assert_close(found, right, atol=1e-3, rtol=1e-4)


def test_it_is_used_only_where_it_is_faster() -> None:
    x = torch.zeros(1, 128, 32, 32)
    assert winograd.pays(x, 128)
    assert not winograd.pays(x, 64)
    assert not winograd.pays(x[:, :64], 128)
    assert not winograd.pays(x[:, :, :16], 128)
    assert not winograd.pays(x.bfloat16(), 128)
