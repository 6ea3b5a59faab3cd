"""Global directions on banks with known answers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from editor.api.strength import effective_strength, max_strength
from editor.bundle.direction_bank import Bank, find, without


def bank(axes: bool = False) -> Bank:
    """Channel 0 is hair, channel 1 its opposite, channel 2 a little of it with much else, channel 3 dead."""
    relevance = F.normalize(torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0.2, 1, 0], [0, 0, 0]]), dim=1)
    mean, std = torch.zeros(4), torch.tensor([1.0, 2.0, 3.0, 1.0])
    if not axes:
        return Bank(mean, std, relevance)
    return Bank(mean, std, relevance, torch.tensor([[0.0, 0, 0, 5]]), torch.tensor([[0.0, 0, 1]]))


HAIR, NEW = torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 0, 1])


def test_relevant_channels_move_by_their_deviations_and_others_stay() -> None:
    found = find(bank(), HAIR, threshold=0.5)
    assert found is not None
    assert (found.atoms, found.delta.tolist()) == (2, [1.0, -2.0, 0.0, 0.0])


def test_a_lower_threshold_lets_more_channels_in() -> None:
    found = find(bank(), HAIR, threshold=0.1)
    assert found is not None
    assert found.atoms == 3
    assert found.delta[2] == pytest.approx(3 * 0.2 / 1.04**0.5)


def test_nothing_responds_to_a_stranger() -> None:
    assert find(bank(), NEW, threshold=0.15) is None
    assert find(bank(), NEW) is None


def test_named_axes_are_atoms_too() -> None:
    found = find(bank(axes=True), NEW)
    assert found is not None
    assert found.delta.tolist() == [0, 0, 0, 5]
    assert find(bank(axes=True).channels_only(), NEW) is None


def test_without_takes_out_exactly_the_shared_part() -> None:
    delta, kept = torch.tensor([3.0, 4.0, 5.0]), torch.tensor([[1.0, 0, 0], [1.0, 1, 0]])
    assert torch.allclose(without(delta, kept), torch.tensor([0.0, 0, 5]), atol=1e-6)
    assert torch.allclose(without(delta, kept[:1]), torch.tensor([0.0, 4, 5]), atol=1e-6)


def test_strength_reaches_far_beyond_the_standard_step_but_ever_more_slowly() -> None:
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


def test_a_delta_that_ends_is_followed_to_its_end_by_whatever_strength() -> None:
    assert [effective_strength(strength, 1.25) for strength in (-3, 0.5, 1.5, 2)] == [-1.25, 0.5, 1.25, 1.25]
    assert (max_strength(1.25), max_strength(0.8), max_strength(4.0), max_strength(None)) == (
        1.5,
        0.8,
        3.0,
        3.0,
    )
