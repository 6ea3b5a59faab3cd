"""Tests of the second stage of the generator's training: pairs that differ in little, and the loss on their differences."""

from __future__ import annotations

import numpy as np
import torch

from editor.training import data, details, domains


def test_a_pair_differs_in_what_was_asked_for_and_in_nothing_else() -> None:
    domain = domains.named("avatars")
    one, other = details.pairs_of(domain.draw(np.random.default_rng(1), 12), {"freckles": 1.0}, np.random.default_rng(2))
    small = [row for row in range(12) if other.column("freckles")[row] >= details.LEAST_SHOWN and one.column("freckles")[row] == 0]
    assert len(small) >= 6  # the others differ in any attribute
    for row in small:
        differing = np.flatnonzero(one.scalars[row] != other.scalars[row])
        assert len(differing) == 1
    pictures = [data.pictures_of(side[np.array(small)], 64) for side in (one, other)]
    assert float((pictures[0] - pictures[1]).abs().amax(dim=(1, 2, 3)).min()) > 0


def test_a_difference_is_explained_by_itself_and_not_by_what_the_pictures_share() -> None:
    rng = torch.Generator().manual_seed(0)
    shared, change = torch.rand(2, 3, 16, 16, generator=rng), torch.zeros(2, 3, 16, 16)
    change[:, :, 4:8, 4:8] = 1.0
    wanted = torch.cat([shared, shared + change])
    elsewhere = torch.zeros_like(change)
    elsewhere[:, :, 10:14, 10:14] = 1.0
    size = float(change[0].square().sum())
    assert float(details.unexplained(wanted, wanted)) == 0
    assert float(details.unexplained(torch.cat([shared + 0.3, shared + 0.3 + change]), wanted)) < 1e-6
    missing = float(details.unexplained(torch.cat([shared, shared]), wanted))
    assert abs(missing - size / (size + details.LEAST_DIFFERENCE)) < 1e-5
    assert float(details.unexplained(torch.cat([shared, shared + change + elsewhere]), wanted)) > 0.9 * missing
