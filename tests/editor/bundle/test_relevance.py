"""Relevance by gradients, measured beforehand or on demand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from editor.api.errors import Cancelled
from editor.bundle import lazy_directions, relevance
from editor.bundle.lazy_directions import LazyDirectionBank
from editor.bundle.manifest import EMBEDDED
from editor.bundle.relevance import (
    picture_probes,
    picture_styles,
    pull_back,
    random_probes,
    relevance_by_gradients,
)
from editor.bundle.text_image import EmbeddedTextImageModel
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator, GeneratorConfig
from editor.networks.text import TextTower

DIM = 8


@dataclass(frozen=True)
class Pair:
    """A small generator and image tower of random weights."""

    generator: Generator
    clip: EmbeddedTextImageModel


@pytest.fixture(scope="module")
def tiny() -> Pair:
    torch.manual_seed(0)
    config = GeneratorConfig(
        32, z_dim=16, w_dim=16, mapping_layers=2, mapping_features=16, channel_base=256, channel_max=16
    )
    space = JointSpace(DIM, 0.25).eval().requires_grad_(False)
    return Pair(
        Generator(config).eval().requires_grad_(False),
        EmbeddedTextImageModel(TextTower.load(EMBEDDED / "text"), space),
    )


def slopes(pair: Pair, styles: torch.Tensor, channels: list[int], step: float = 0.02) -> torch.Tensor:
    """The change of the embedding [len(channels), D] by moving channels a little either way."""
    moves = step * torch.eye(len(styles))[channels]
    ends = [
        pair.clip.encode_image(pair.generator.synthesis(styles + move).clamp(-1, 1))
        for move in (moves, -moves)
    ]
    return (ends[0] - ends[1]) / (2 * step)


@torch.no_grad()
def test_gradients_equal_small_steps(tiny: Pair) -> None:
    styles, channels = picture_styles(tiny.generator, 1)[0], [3, 20, 50, 90, 130]
    rows = relevance_by_gradients(tiny.generator, tiny.clip, styles, torch.eye(DIM), 32)[channels]
    assert (rows * normalize(slopes(tiny, styles, channels), dim=1)).sum(1).min() > 0.99


def test_probes_are_orthonormal_and_differ_between_pictures() -> None:
    first, second = picture_probes(0, 20, 5), picture_probes(1, 20, 5)
    assert torch.allclose(first @ first.t(), torch.eye(5), atol=1e-5)
    assert (first @ second.t()).abs().max() < 0.99
    assert torch.equal(first, picture_probes(0, 20, 5))
    assert torch.equal(random_probes(20, 30, torch.Generator()), torch.eye(20))


def test_more_pictures_extend_fewer(tiny: Pair) -> None:
    assert torch.allclose(picture_styles(tiny.generator, 2), picture_styles(tiny.generator, 5)[:2], atol=1e-5)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_directions, "PICTURES", 2)


def test_lazy_relevance_equals_a_measured_bank(
    tiny: Pair, few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_directions, "PROBES", DIM)  # lengths are exact then
    bank = LazyDirectionBank(tiny.generator, tiny.clip, DIM)
    direction = normalize(torch.arange(8.0) - 3, dim=0)
    rows = [
        relevance_by_gradients(tiny.generator, tiny.clip, styles, torch.eye(DIM), 32)
        for styles in picture_styles(tiny.generator, 2)
    ]
    wanted = normalize(torch.stack(rows).mean(0), dim=1) @ direction
    assert torch.allclose(bank.relevance_to(direction), wanted, atol=1e-4)
    assert float(wanted.abs().max()) > 0.1


def test_scales_are_kept_in_a_file_for_their_networks(tiny: Pair, few: None, tmp_path: Path) -> None:
    heard: list[int] = []
    direction, path = normalize(torch.ones(DIM), dim=0), tmp_path / "new" / "lengths.safetensors"

    def answered(mark: str) -> torch.Tensor:
        bank = LazyDirectionBank(tiny.generator, tiny.clip, DIM, path, mark)
        return bank.relevance_to(direction, lambda stage, step, total, picture=None: heard.append(step))

    first = answered("one")
    assert len(heard) == 4  # the lengths of two pictures, and one text in both
    assert torch.equal(answered("one"), first)
    assert len(heard) == 6
    answered("another")
    assert len(heard) == 10


def test_relevance_is_cached_and_can_be_cancelled(tiny: Pair, few: None) -> None:
    bank, direction = LazyDirectionBank(tiny.generator, tiny.clip, DIM), normalize(torch.ones(DIM), dim=0)
    found = bank.relevance_to(direction)

    def stop(stage: str, step: int, total: int, picture: object = None) -> None:
        raise Cancelled()

    assert torch.equal(bank.relevance_to(direction, stop), found)
    with pytest.raises(Cancelled):
        bank.relevance_to(-direction, stop)


def test_pulling_back_is_linear(tiny: Pair) -> None:
    styles, directions = (
        picture_styles(tiny.generator, 1)[0],
        torch.randn(2, DIM, generator=torch.Generator().manual_seed(1)),
    )
    one, two = pull_back(tiny.generator, tiny.clip, styles, directions, 32)
    both = pull_back(tiny.generator, tiny.clip, styles, directions.sum(0, keepdim=True), 32)[0]
    assert torch.allclose(one + two, both, atol=1e-4)


def test_pulling_back_together_equals_one_at_a_time(tiny: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is done on a GPU."""
    styles, directions = picture_styles(tiny.generator, 1)[0], torch.eye(DIM)
    alone = pull_back(tiny.generator, tiny.clip, styles, directions, 32)
    monkeypatch.setattr(relevance, "_rows_at_once", lambda *_: 3)
    assert torch.allclose(pull_back(tiny.generator, tiny.clip, styles, directions, 32), alone, atol=1e-6)
