"""The channels that the published recipe measures."""

from __future__ import annotations

import torch

from editor.checkpoints.directions import PUBLISHED_RESOLUTION, convolution_spans
from editor.networks.stylegan2 import Generator, GeneratorConfig


def generator(resolution: int) -> Generator:
    with torch.device("meta"):
        return Generator(GeneratorConfig(resolution=resolution, channel_base=32768, channel_max=512))


def test_the_published_script_measures_the_convolutions_up_to_128_pixels() -> None:
    ffhq = generator(1024)
    assert sum(stop - start for start, stop in convolution_spans(ffhq)) == 6048
    assert sum(stop - start for start, stop in convolution_spans(ffhq, PUBLISHED_RESOLUTION)) == 5376
    assert len(convolution_spans(generator(64))) == 9
