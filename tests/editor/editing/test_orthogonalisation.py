"""Ways that spare earlier wishes: less of a delta, and a delta without what goes against theirs."""

from __future__ import annotations

import pytest
import torch

from editor.editing import orthogonalisation
from editor.editing.methods.base import Candidate

UNIT = torch.tensor([1.0, 2.0, 1.0])
FOUND = Candidate(torch.tensor([1.0, 2.0, 0.0]), "mapper", most=1.5)


def test_with_nothing_before_it_a_candidate_stays_as_it_is() -> None:
    assert orthogonalisation.ways(FOUND, [], UNIT) == [FOUND]


def test_what_goes_against_an_earlier_delta_is_taken_out_and_nothing_else() -> None:
    spared = orthogonalisation.without(FOUND.delta, [torch.tensor([-1.0, 0.0, 0.0])], UNIT)
    assert torch.equal(spared, torch.tensor([0.0, 2.0, 0.0]))
    assert orthogonalisation.without(FOUND.delta, [torch.tensor([1.0, 0.0, 3.0])], UNIT) is FOUND.delta


def test_against_is_measured_in_deviations_of_each_style() -> None:
    other = torch.tensor([1.0, -2.0, 0.0])  # one deviation each: at right angles to the candidate
    assert orthogonalisation.without(FOUND.delta, [other], UNIT) is FOUND.delta
    assert orthogonalisation.without(FOUND.delta, [other], torch.ones(3)) is not FOUND.delta


@pytest.mark.parametrize(("other", "deltas"), [([1.0, 0.0, 0.0], 1), ([-1.0, 0.0, 0.0], 2)])
def test_whole_and_partly_with_as_far_as_each_goes(other: list[float], deltas: int) -> None:
    ways = orthogonalisation.ways(FOUND, [torch.tensor(other)], UNIT)
    assert len(ways) == deltas * len(orthogonalisation.SHARES)
    assert torch.equal(ways[0].delta, FOUND.delta)
    for way in ways:
        share = float(way.delta[1] / FOUND.delta[1])
        assert way.most == pytest.approx(1.5 / share)
