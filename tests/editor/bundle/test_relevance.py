"""Relevance by gradients, measured beforehand or found when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from editor.api.errors import Cancelled
from editor.bundle import lazy_directions, relevance
from editor.bundle.bundle import EMBEDDED, EmbeddedClip
from editor.bundle.lazy_directions import LiveBank
from editor.bundle.relevance import pictures, probes, probes_of, pulled_back, rows_by_gradients
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator, GeneratorConfig
from editor.networks.text import TextTower

DIM = 8


@dataclass(frozen=True)
class Pair:
    """A generator and an image tower of random weights, small enough to be asked often."""

    generator: Generator
    clip: EmbeddedClip


@pytest.fixture(scope="module")
def tiny() -> Pair:
    torch.manual_seed(0)
    config = GeneratorConfig(
        32, z_dim=16, w_dim=16, mapping_layers=2, mapping_features=16, channel_base=256, channel_max=16
    )
    space = JointSpace(DIM, 0.25).eval().requires_grad_(False)
    return Pair(
        Generator(config).eval().requires_grad_(False), EmbeddedClip(TextTower.load(EMBEDDED / "text"), space)
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
def test_gradients_are_what_small_steps_do(tiny: Pair) -> None:
    styles, channels = pictures(tiny.generator, 1)[0], [3, 20, 50, 90, 130]
    rows = rows_by_gradients(tiny.generator, tiny.clip, styles, torch.eye(DIM), 32)[channels]
    assert (rows * normalize(slopes(tiny, styles, channels), dim=1)).sum(1).min() > 0.99


def test_probes_are_a_share_of_the_space_and_differ_from_picture_to_picture() -> None:
    first, second = probes_of(0, 20, 5), probes_of(1, 20, 5)
    assert torch.allclose(first @ first.t(), torch.eye(5), atol=1e-5)
    assert (first @ second.t()).abs().max() < 0.99
    assert torch.equal(first, probes_of(0, 20, 5))
    assert torch.equal(probes(20, 30, torch.Generator()), torch.eye(20))


def test_more_pictures_begin_with_the_same_ones(tiny: Pair) -> None:
    assert torch.allclose(pictures(tiny.generator, 2), pictures(tiny.generator, 5)[:2], atol=1e-5)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_directions, "PICTURES", 2)


def test_what_is_found_for_a_text_is_what_a_whole_bank_says(
    tiny: Pair, few: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_directions, "PROBES", DIM)  # lengths are exact then
    bank = LiveBank(tiny.generator, tiny.clip, DIM)
    direction = normalize(torch.arange(8.0) - 3, dim=0)
    rows = [
        rows_by_gradients(tiny.generator, tiny.clip, styles, torch.eye(DIM), 32)
        for styles in pictures(tiny.generator, 2)
    ]
    wanted = normalize(torch.stack(rows).mean(0), dim=1) @ direction
    assert torch.allclose(bank.answers(direction), wanted, atol=1e-4)
    assert float(wanted.abs().max()) > 0.1


def test_lengths_outlast_the_process_and_belong_to_a_generator(tiny: Pair, few: None, tmp_path: Path) -> None:
    heard: list[int] = []
    direction, path = normalize(torch.ones(DIM), dim=0), tmp_path / "new" / "lengths.safetensors"

    def answered(mark: str) -> torch.Tensor:
        bank = LiveBank(tiny.generator, tiny.clip, DIM, path, mark)
        bank.watch = lambda stage, step, total: heard.append(step)
        return bank.answers(direction)

    first = answered("one")
    assert len(heard) == 4  # the lengths of two pictures, and one text in both
    assert torch.equal(answered("one"), first)
    assert len(heard) == 6
    answered("another")
    assert len(heard) == 10


def test_a_text_is_looked_up_once_and_may_be_called_off(tiny: Pair, few: None) -> None:
    bank, direction = LiveBank(tiny.generator, tiny.clip, DIM), normalize(torch.ones(DIM), dim=0)
    found = bank.answers(direction)

    def stop(stage: str, step: int, total: int) -> None:
        raise Cancelled()

    bank.watch = stop
    assert torch.equal(bank.answers(direction), found)
    with pytest.raises(Cancelled):
        bank.answers(-direction)


def test_pulling_back_is_linear(tiny: Pair) -> None:
    styles, directions = (
        pictures(tiny.generator, 1)[0],
        torch.randn(2, DIM, generator=torch.Generator().manual_seed(1)),
    )
    one, two = pulled_back(tiny.generator, tiny.clip, styles, directions, 32)
    both = pulled_back(tiny.generator, tiny.clip, styles, directions.sum(0, keepdim=True), 32)[0]
    assert torch.allclose(one + two, both, atol=1e-4)


def test_directions_pulled_back_together_are_what_each_is_alone(
    tiny: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is done on a GPU."""
    styles, directions = pictures(tiny.generator, 1)[0], torch.eye(DIM)
    alone = pulled_back(tiny.generator, tiny.clip, styles, directions, 32)
    monkeypatch.setattr(relevance, "_rows_at_once", lambda *_: 3)
    assert torch.allclose(pulled_back(tiny.generator, tiny.clip, styles, directions, 32), alone, atol=1e-6)
