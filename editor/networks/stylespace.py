"""StyleSpace (Wu et al. 2020, arXiv 2011.12799), which every generator's synthesis network shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recompute

PREVIEW_SIDE = 256
"""Side of a preview in pixels. At 1024 pixels it is ready after a third of the work."""

PreviewCallback = Callable[[Tensor], None]
"""Receives an unfinished picture [N, 3, S, S] in about [-1, 1]."""


@dataclass(frozen=True)
class StyleLayer:
    """One layer's place in the flat StyleSpace vector.

    Row ``row`` of W+ drives the channels ``start``:``stop``.
    """

    name: str
    kind: Literal["conv", "rgb", "input"]
    resolution: int
    row: int
    start: int
    stop: int


class StyleSpaceSynthesis(nn.Module):
    """Base of synthesis networks: one affine map from a row of W+ to the styles of each layer."""

    num_ws: int
    layers: list[StyleLayer]

    def block(self, layer: StyleLayer) -> Any:
        """Return the module that a style layer drives."""
        raise NotImplementedError

    def styles(self, ws: Tensor) -> Tensor:
        """Map W [N, w_dim] or W+ [N, num_ws, w_dim] to StyleSpace [N, num_channels]. The map is affine."""
        if ws.ndim == 2:
            ws = ws[:, None].expand(-1, self.num_ws, -1)
        return torch.cat([self.block(layer).affine(ws[:, layer.row]) for layer in self.layers], dim=1)

    def style_steps(self, delta_ws: Tensor) -> Tensor:
        """Map a step in W or W+ to its step in StyleSpace: the affine maps without their biases."""
        return self.styles(delta_ws) - self.styles(torch.zeros_like(delta_ws))


def run_layer(layer: nn.Module, checkpoint: bool, *inputs: Any) -> Tensor:
    """Run a layer. With ``checkpoint`` its activations are dropped and computed again for the gradient."""
    if not checkpoint:
        return layer(*inputs)
    output: Tensor = recompute(layer, *inputs, use_reentrant=False)
    return output


def blend_pictures(synthesis: nn.Module, styles: Tensor, masks: Tensor, checkpoint: bool = False) -> Tensor:
    """Blend finished pictures, for generators whose features cannot be blended: [N, 3, R, R].

    ``styles`` [N, 1 + K, num_channels] are the base styles and then those of each mask, and ``masks``
    [K, S, S] are in [0, 1]. Where masks overlap, their changes add up.
    """
    pictures = synthesis(styles.flatten(0, 1), checkpoint=checkpoint).unflatten(0, styles.shape[:2])
    weights = F.interpolate(masks[None], size=pictures.shape[-2:], mode="bilinear", align_corners=False)
    return blend(pictures, weights[0])


def blend(values: Tensor, masks: Tensor) -> Tensor:
    """Blend maps [N, 1 + K, C, H, W] by masks [K, H, W] into [N, C, H, W]."""
    return values[:, 0] + (masks[None, :, None] * (values[:, 1:] - values[:, :1])).sum(1)


def shrink_masks(masks: Tensor, size: int) -> Tensor:
    """Shrink masks [K, R, R] to [K, size, size].

    A cell takes the maximum of what it covers. With the mean, small regions would be lost on the coarse
    layers that decide the shape.
    """
    return F.adaptive_max_pool2d(masks[None], size)[0]
