"""Global directions on banks with known answers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from editor.api.strength import effective_strength, max_strength
from editor.bundle.direction_bank import DirectionBank, find_direction, without_shared


def bank(axes: bool = False) -> DirectionBank:
    """Channel 0 is hair, channel 1 its opposite, channel 2 a little of it with much else, channel 3 dead."""
    relevance = F.normalize(torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0.2, 1, 0], [0, 0, 0]]), dim=1)
    mean, std = torch.zeros(4), torch.tensor([1.0, 2.0, 3.0, 1.0])
    if not axes:
        return DirectionBank(mean, std, relevance)
    return DirectionBank(mean, std, relevance, torch.tensor([[0.0, 0, 0, 5]]), torch.tensor([[0.0, 0, 1]]))


HAIR, NEW = torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 0, 1])


def test_relevant_channels_move_and_others_stay() -> None:
    found = find_direction(bank(), HAIR, threshold=0.5)
    assert found is not None
    assert (found.atoms, found.delta.tolist()) == (2, [1.0, -2.0, 0.0, 0.0])


def test_a_lower_threshold_moves_more_channels() -> None:
    found = find_direction(bank(), HAIR, threshold=0.1)
    assert found is not None
    assert found.atoms == 3
    assert found.delta[2] == pytest.approx(3 * 0.2 / 1.04**0.5)


def test_an_unrelated_text_has_no_direction() -> None:
    assert find_direction(bank(), NEW, threshold=0.15) is None
    assert find_direction(bank(), NEW) is None


def test_named_axes_are_atoms_too() -> None:
    found = find_direction(bank(axes=True), NEW)
    assert found is not None
    assert found.delta.tolist() == [0, 0, 0, 5]
    assert find_direction(bank(axes=True).channels_only(), NEW) is None


def test_exactly_the_shared_part_is_removed() -> None:
    delta, kept = torch.tensor([3.0, 4.0, 5.0]), torch.tensor([[1.0, 0, 0], [1.0, 1, 0]])
    assert torch.allclose(without_shared(delta, kept), torch.tensor([0.0, 0, 5]), atol=1e-6)
    assert torch.allclose(without_shared(delta, kept[:1]), torch.tensor([0.0, 4, 5]), atol=1e-6)


def test_strength_beyond_1_counts_half() -> None:
    assert [effective_strength(strength) for strength in (-3, -1, -0.5, 0, 0.5, 1, 1.5, 3)] == [
        -2,
        -1,
        -0.5,
        0,
        0.5,
        1,
        1.25,
        2,
    ]


def test_strength_stops_at_the_useful_maximum() -> None:
    assert [effective_strength(strength, 1.25) for strength in (-3, 0.5, 1.5, 2)] == [-1.25, 0.5, 1.25, 1.25]
    assert (max_strength(1.25), max_strength(0.8), max_strength(4.0), max_strength(None)) == (
        1.5,
        0.8,
        3.0,
        3.0,
    )
