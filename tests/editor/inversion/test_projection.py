"""Pictures that a generator does not know are led to the nearest that it makes by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from editor.bundle.bundle import Bundle
from editor.device.memory import Plan
from editor.inversion import inversion, projection

STRIPES = torch.from_numpy(np.sin(np.arange(128) / 3).astype(np.float32)).expand(3, 128, 128).contiguous()


def _apart(bundle: Bundle, one: torch.Tensor, other: torch.Tensor) -> float:
    return float(((one - other) / bundle.encoder.w_std).square().mean())


def test_what_the_mapping_network_leads_to_is_found_again(avatar: Bundle) -> None:
    source = torch.Generator().manual_seed(4)
    place, elsewhere = avatar.generator.mapping(
        torch.randn(2, avatar.generator.config.z_dim, generator=source)
    )
    found = avatar.generator.mapping(projection.nearest(avatar.generator, place, avatar.encoder.w_std)[None])[
        0
    ]
    assert _apart(avatar, found, place) < 0.05 * _apart(avatar, elsewhere, place)


def test_of_a_blend_of_many_places_one_of_them_is_taken_again_and_again(avatar: Bundle) -> None:
    z = torch.randn(64, avatar.generator.config.z_dim, generator=torch.Generator().manual_seed(5))
    blend = avatar.generator.mapping(z).mean(0)
    first, second = (projection.nearest(avatar.generator, blend, avatar.encoder.w_std) for _ in range(2))
    assert torch.equal(first, second)


def test_only_what_is_not_known_is_led_there_and_only_where_the_search_stays_far(
    avatar: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "PICTURE_STEPS", 3)
    (own,) = avatar.generator(
        torch.randn(1, avatar.generator.config.z_dim, generator=torch.Generator().manual_seed(6))
    ).clamp(-1, 1)
    for picture, far in ((STRIPES, True), (own, False)):
        w = avatar.encoder(picture[None])[0].detach()
        known, strange = (
            inversion.invert(avatar, picture, w, "standard", known=known).w for known in (True, False)
        )
        assert not torch.equal(known[0], known[-1])
        assert torch.equal(strange[0], strange[-1]) == far
        assert torch.equal(known, strange) != far


def test_colours_come_nearer_to_the_pictures_than_the_encoders_answer_alone_has_them(avatar: Bundle) -> None:
    portrait = avatar.generator(
        torch.randn(1, avatar.generator.config.z_dim, generator=torch.Generator().manual_seed(7))
    )[0]
    wanted = portrait.clamp(-1, 1).flip(0)  # red and blue change places: no portrait has such skin
    w = avatar.encoder(wanted[None])[0].detach()
    start = avatar.generator.mapping(
        projection.nearest(avatar.generator, w.mean(0), avatar.encoder.w_std)[None]
    )[:, None]
    plan = Plan(avatar.generator.config.resolution)
    settled = projection.settled(avatar.generator, wanted, w, avatar.encoder.w_std, plan)
    synthesis = avatar.generator.synthesis
    made = synthesis(synthesis.styles(torch.cat([start.expand(-1, len(w), -1), settled[None]])))
    small = torch.nn.functional.adaptive_avg_pool2d(torch.cat([wanted[None], made]), projection.SMALL)
    before, after = (small[1:] - small[0]).abs().mean(dim=(1, 2, 3)).tolist()
    assert after < before
