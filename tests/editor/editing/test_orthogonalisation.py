"""Variants of an edit that spare earlier edits."""

from __future__ import annotations

import pytest
import torch

from editor.editing import orthogonalisation
from editor.editing.methods.base import Candidate

UNIT = torch.tensor([1.0, 2.0, 1.0])
FOUND = Candidate(torch.tensor([1.0, 2.0, 0.0]), "mapper", most=1.5)


def test_without_earlier_edits_there_is_one_variant() -> None:
    assert orthogonalisation.variants(FOUND, [], UNIT) == [FOUND]


def test_only_the_opposing_part_is_removed() -> None:
    spared = orthogonalisation.without_opposing(FOUND.delta, [torch.tensor([-1.0, 0.0, 0.0])], UNIT)
    assert torch.equal(spared, torch.tensor([0.0, 2.0, 0.0]))
    assert (
        orthogonalisation.without_opposing(FOUND.delta, [torch.tensor([1.0, 0.0, 3.0])], UNIT) is FOUND.delta
    )


def test_opposition_is_measured_in_standard_deviations() -> None:
    other = torch.tensor([1.0, -2.0, 0.0])  # one deviation each: at right angles to the candidate
    assert orthogonalisation.without_opposing(FOUND.delta, [other], UNIT) is FOUND.delta
    assert orthogonalisation.without_opposing(FOUND.delta, [other], torch.ones(3)) is not FOUND.delta


@pytest.mark.parametrize(("other", "deltas"), [([1.0, 0.0, 0.0], 1), ([-1.0, 0.0, 0.0], 2)])
def test_variants_scale_their_maximum(other: list[float], deltas: int) -> None:
    found = orthogonalisation.variants(FOUND, [torch.tensor(other)], UNIT)
    assert len(found) == deltas * len(orthogonalisation.SHARES)
    assert torch.equal(found[0].delta, FOUND.delta)
    for way in found:
        share = float(way.delta[1] / FOUND.delta[1])
        assert way.most == pytest.approx(1.5 / share)
