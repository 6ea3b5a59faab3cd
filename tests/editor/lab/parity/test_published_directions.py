"""The published recipe: correct by default, with its errors on request."""

from __future__ import annotations

import pytest
import torch

from editor.checkpoints.directions import PUBLISHED_RESOLUTION, convolution_spans
from editor.lab.parity.published_directions import saved, spread, text_direction, weights
from editor.networks.stylegan2 import Generator, GeneratorConfig

ROWS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0.6, 0, 0.8]])
TEXT = torch.tensor([0.8, 0.0, -0.6])


def generator(resolution: int) -> Generator:
    with torch.device("meta"):
        return Generator(GeneratorConfig(resolution=resolution, channel_base=32768, channel_max=512))


def test_the_published_script_measures_the_convolutions_up_to_128_pixels() -> None:
    ffhq = generator(1024)
    assert sum(stop - start for start, stop in convolution_spans(ffhq)) == 6048
    assert sum(stop - start for start, stop in convolution_spans(ffhq, PUBLISHED_RESOLUTION)) == 5376
    assert len(convolution_spans(generator(64))) == 9


def test_relevant_channels_are_weighed_by_the_strongest() -> None:
    found = weights(ROWS, TEXT, 0.1)
    assert found is not None
    assert found.tolist() == pytest.approx([1.0, 0.0, 0.0])
    assert weights(ROWS, TEXT, 0.0).tolist() == pytest.approx([1, 0, 0])  # type: ignore[union-attr]


def test_where_nothing_responds_the_published_code_divides_by_zero() -> None:
    assert weights(ROWS, TEXT, 2.0) is None
    published = weights(ROWS, TEXT, 2.0, as_published=True)
    assert published is not None
    assert bool(published.isnan().all())


def test_weights_are_spread_over_their_layers() -> None:
    delta = spread(torch.tensor([1.0, 2.0, 3.0]), [(1, 3), (4, 5)], torch.tensor([9.0, 2, 2, 9, 10]))
    assert delta.tolist() == [0, 2, 4, 0, 30]


def test_templates_are_averaged_before_texts_are_compared() -> None:
    target, neutral = torch.tensor([[2.0, 0], [0, 2]]), torch.tensor([[5.0, 0]])
    root = 0.5**0.5
    assert text_direction(target, neutral).tolist() == pytest.approx(
        torch.nn.functional.normalize(torch.tensor([root - 1, root]), dim=0).tolist()
    )


def test_saved_pictures_have_256_levels() -> None:
    picture = torch.linspace(-1.2, 1.2, 3 * 16 * 16).reshape(1, 3, 16, 16)
    levels = (saved(picture, 16) + 1) * 127.5
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert torch.equal(levels.round(), ((picture + 1) * 127.5).clamp(0, 255).floor())
    assert saved(picture, 8).shape == (1, 3, 8, 8)
