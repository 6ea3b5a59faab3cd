"""What a way costs: counted passes, times what a pass takes on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from editor.bundle.relevance import pulled_back, seen_resolution
from editor.checkpoints.directions import PUBLISHED_RESOLUTION, sizes
from editor.networks import published_clip
from editor.networks.clip import TextImageModel
from editor.networks.generators import Generator
from editor.networks.stylegan2 import Generator as StyleGAN2
from editor.networks.stylegan2 import GeneratorConfig

PROBES = 4
"""Backward passes of a timed slice."""


@dataclass(frozen=True)
class Work:
    """Of a way to a bank. ``steps``: pictures on which each channel is moved either way. ``there``: forward passes whose gradient
    is asked for; ``back``: of so many pictures, a ``share`` of the text-image space's directions and ``more`` are pulled
    back. ``texts``: texts that are pulled back through ``there`` pictures besides."""

    steps: int = 0
    there: int = 0
    back: int = 0
    share: float = 0.0
    more: int = 0
    texts: int = 0


@dataclass(frozen=True)
class Passes:
    """CPU seconds of a picture: ``forward`` at full resolution, and at the size the text-image model sees (``seen``), with what
    gradients need (``there``), one direction back (``back``), one channel's effect in forward mode (``tangent``); of a layout
    with so many ``channels`` and ``dim``. ``reused``: share of a forward pass that is left where features are kept up to the
    changed layer, averaged over channels."""

    forward: float
    seen: float
    there: float
    back: float
    tangent: float
    channels: int
    dim: int
    reused: float

    def seconds(self, work: Work, full: bool = False) -> float:
        """Of a way; steps at full resolution where ``full``, as published."""
        one = self.forward if full else self.seen
        back = work.back * (work.share * self.dim + work.more) + work.texts * work.there
        return (
            work.steps * 2 * self.channels * one
            + (work.there + work.texts * work.there) * self.there
            + back * self.back
        )


def taken(do: Callable[[], object], times: int) -> float:
    """Processor seconds, the least of so many: others share this machine."""
    found = []
    for _ in range(times):
        begun = time.process_time()
        do()
        found.append(time.process_time() - begun)
    return min(found)


def passes(generator: Generator, clip: TextImageModel, dim: int, batch: int, times: int) -> Passes:
    """Timed slices of a generator and a text-image model."""
    with torch.no_grad():
        styles = generator.synthesis.styles(
            generator.mapping(torch.randn(batch, generator.config.z_dim), 0.7)
        )
    full, small = generator.config.resolution, seen_resolution(generator, clip)

    @torch.no_grad()
    def forward(resolution: int) -> Tensor:
        return clip.encode_image(generator.synthesis(styles, resolution).clamp(-1, 1))

    few, many = (torch.eye(dim)[:count] for count in (1, 1 + PROBES))
    first = taken(lambda: pulled_back(generator, clip, styles[0], few, small), times)
    back = (taken(lambda: pulled_back(generator, clip, styles[0], many, small), times) - first) / PROBES
    seen = taken(lambda: forward(small), times) / batch
    return Passes(
        seen if small == full else taken(lambda: forward(full), times) / batch,
        seen,
        first - back,
        back,
        _tangent(generator, clip, styles[:1], small, times),
        sum(stop - start for start, stop in sizes(generator, PUBLISHED_RESOLUTION)),
        dim,
        _reused(generator, clip, styles[:1], small),
    )


def _tangent(
    generator: Generator, clip: TextImageModel, styles: Tensor, resolution: int, times: int
) -> float:
    """Seconds of one Jacobian-vector product."""
    step = torch.zeros_like(styles)
    step[0, 0] = 1

    def embedded(at: Tensor) -> Tensor:
        return clip.encode_image(generator.synthesis(at, resolution).clamp(-1, 1))

    with sdpa_kernel(SDPBackend.MATH):  # the others have no forward mode
        return taken(lambda: torch.func.jvp(embedded, (styles,), (step,)), times)


@torch.no_grad()
def _reused(generator: Generator, clip: TextImageModel, styles: Tensor, resolution: int) -> float:
    """Counted multiplications that are left, of all; a channel's own layer and what comes after it are done anew."""
    synthesis, before = generator.synthesis, []
    counter = FlopCounterMode(display=False)
    hooks = [
        synthesis.block(layer).register_forward_pre_hook(lambda *_: before.append(counter.get_total_flops()))
        for layer in synthesis.layers
    ]
    with counter:
        clip.encode_image(synthesis(styles, resolution).clamp(-1, 1))
    for hook in hooks:
        hook.remove()
    total = counter.get_total_flops()
    convs = [
        (done, layer.stop - layer.start)
        for done, layer in zip(before, synthesis.layers, strict=False)
        if layer.kind == "conv"
    ]
    return sum((total - done) * width for done, width in convs) / (total * sum(width for _, width in convs))


def ffhq_layout() -> tuple[Generator, TextImageModel, int]:
    """A generator of FFHQ's layout at 1024 pixels and CLIP ViT-B/32, both of random weights, with the latter's dimensions."""
    torch.manual_seed(0)
    config = GeneratorConfig(1024, 512, 512, 8, 512, 0.01, 32768, 512, noise=True, rgb_upsampling="fir")
    clip = published_clip.PublishedClip(published_clip.build({}).requires_grad_(False), None)
    return StyleGAN2(config).eval().requires_grad_(False), clip, 512
