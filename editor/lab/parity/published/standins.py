"""Replacements for what the published code needs: compiled operations, torchvision, plotting packages."""

from __future__ import annotations

import math
import sys
import types
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.networks.backbones import RESNET34, BasicUnit


def theirs(name: str) -> Any:
    """Import a module of the published code, from the first folder of the path."""
    return import_module(name)


def stand_in(name: str, **attributes: Any) -> types.ModuleType:
    """Register a module of that name with these attributes."""
    module = types.ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__path__ = []
    for key, value in attributes.items():
        setattr(module, key, value)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module


def fused_leaky_relu(
    x: Tensor, bias: Tensor, negative_slope: float = 0.2, scale: float = math.sqrt(2.0)
) -> Tensor:
    """Add a bias along the second axis, apply a leaky ReLU, and scale."""
    shape = [1, -1] + [1] * (x.ndim - 2)
    return F.leaky_relu(x + bias.view(shape), negative_slope) * scale


class FusedLeakyReLU(nn.Module):
    """``fused_leaky_relu`` with its own bias."""

    def __init__(self, channel: int, negative_slope: float = 0.2, scale: float = math.sqrt(2.0)) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channel))
        self.negative_slope, self.scale = negative_slope, scale

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, ...] -> the same."""
        return fused_leaky_relu(x, self.bias, self.negative_slope, self.scale)


def upfirdn2d(x: Tensor, kernel: Tensor, up: int = 1, down: int = 1, pad: tuple[int, int] = (0, 0)) -> Tensor:
    """Upsample with zeros, pad, convolve, and take every ``down``-th sample; [N, C, H, W]."""
    n, c, height, width = x.shape
    spread = x.new_zeros(n * c, 1, height * up, width * up)
    spread[:, :, ::up, ::up] = x.reshape(n * c, 1, height, width)
    spread = F.pad(spread, [pad[0], pad[1], pad[0], pad[1]])
    y = F.conv2d(spread, kernel.flip([0, 1])[None, None])[:, :, ::down, ::down]
    return y.reshape(n, c, *y.shape[2:])


class _ResNet34(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        inputs = 64
        for number, (outputs, count) in enumerate(RESNET34):
            units = [
                BasicUnit(inputs if place == 0 else outputs, outputs, 2 if number and place == 0 else 1)
                for place in range(count)
            ]
            setattr(self, f"layer{number + 1}", nn.Sequential(*units))
            inputs = outputs


def install(repository: Path) -> None:
    """Register everything that the repository imports and is not installed."""
    from packaging import version

    stand_in("pkg_resources", parse_version=version.parse, packaging=sys.modules["packaging"])
    stand_in("torchvision", __version__="0")
    for name in ("torchvision.models", "torchvision.models.resnet"):
        stand_in(name, resnet34=lambda **_: _ResNet34())
    modes = types.SimpleNamespace(BICUBIC=3)
    names = ("Compose", "Resize", "CenterCrop", "ToTensor", "Normalize")
    stand_in("torchvision.transforms", InterpolationMode=modes, **dict.fromkeys(names, object))
    for name in ("matplotlib", "matplotlib.pyplot", "imageio", "visualizer", "IPython"):
        stand_in(name, use=lambda *_: None, HtmlPageVisualizer=None)
    decorators = ("command", "option", "pass_context")
    stand_in("click", **dict.fromkeys(decorators, lambda *_, **__: lambda function: function))
    torch.utils.cpp_extension = stand_in("torch.utils.cpp_extension", load=lambda *_, **__: None)  # type: ignore[attr-defined]
    torch.Tensor.cuda = lambda self, *_, **__: self  # type: ignore[method-assign]
    if repository.name in ("encoder4editing", "pixel2style2pixel", "restyle-encoder"):
        operations = types.ModuleType("models.stylegan2.op")
        for value in (FusedLeakyReLU, fused_leaky_relu, upfirdn2d):
            setattr(operations, value.__name__, value)
        sys.modules[operations.__name__] = operations
