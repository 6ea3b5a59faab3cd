"""Projection of unknown pictures to W."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from editor.bundle.bundle import Bundle
from editor.inversion import inversion, projection
from editor.inversion.inversion import InversionTask
from editor.inversion.search import InversionSearch

STRIPES = torch.from_numpy(np.sin(np.arange(128) / 3).astype(np.float32)).expand(3, 128, 128).contiguous()


def _apart(bundle: Bundle, one: torch.Tensor, other: torch.Tensor) -> float:
    return float(((one - other) / bundle.encoder.w_std).square().mean())


def test_a_w_of_the_mapping_network_is_found_again(avatar: Bundle) -> None:
    source = torch.Generator().manual_seed(4)
    place, elsewhere = avatar.generator.mapping(
        torch.randn(2, avatar.generator.config.z_dim, generator=source)
    )
    found = avatar.generator.mapping(
        projection.nearest_z(avatar.generator, place, avatar.encoder.w_std)[None]
    )[0]
    assert _apart(avatar, found, place) < 0.05 * _apart(avatar, elsewhere, place)


def test_projection_is_deterministic(avatar: Bundle) -> None:
    z = torch.randn(64, avatar.generator.config.z_dim, generator=torch.Generator().manual_seed(5))
    blend = avatar.generator.mapping(z).mean(0)
    first, second = (projection.nearest_z(avatar.generator, blend, avatar.encoder.w_std) for _ in range(2))
    assert torch.equal(first, second)


def test_only_unknown_pictures_that_stay_far_are_projected(
    avatar: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "PICTURE_STEPS", 3)
    (own,) = avatar.generator(
        torch.randn(1, avatar.generator.config.z_dim, generator=torch.Generator().manual_seed(6))
    ).clamp(-1, 1)
    for picture, far in ((STRIPES, True), (own, False)):
        w = avatar.encoder(picture[None])[0].detach()
        known, strange = (
            inversion.invert(
                InversionTask(avatar, picture, w, avatar.reconstruct(w)[0], "standard", in_domain=known)
            ).w
            for known in (True, False)
        )
        assert not torch.equal(known[0], known[-1])
        assert torch.equal(strange[0], strange[-1]) == far
        assert torch.equal(known, strange) != far


def test_projection_matches_the_pictures_colours(avatar: Bundle) -> None:
    portrait = avatar.generator(
        torch.randn(1, avatar.generator.config.z_dim, generator=torch.Generator().manual_seed(7))
    )[0]
    wanted = portrait.clamp(-1, 1).flip(0)  # red and blue change places: no portrait has such skin
    w = avatar.encoder(wanted[None])[0].detach()
    start = avatar.generator.mapping(
        projection.nearest_z(avatar.generator, w.mean(0), avatar.encoder.w_std)[None]
    )[:, None]
    settled = projection.project(InversionSearch(avatar.generator, wanted[None], avatar.encoder.w_std), w)
    synthesis = avatar.generator.synthesis
    made = synthesis(synthesis.styles(torch.cat([start.expand(-1, len(w), -1), settled[None]])))
    small = torch.nn.functional.adaptive_avg_pool2d(torch.cat([wanted[None], made]), projection.SIDE)
    before, after = (small[1:] - small[0]).abs().mean(dim=(1, 2, 3)).tolist()
    assert after < before
