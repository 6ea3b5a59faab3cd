"""The teacher of a bundle that came without one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from editor.bundle.bundle import Bundle
from editor.lab.training import data, domains, teacher_recovery


def test_the_recovered_teacher_gives_the_w_of_the_mapping_network(
    avatar: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher_recovery, "SAMPLES", 6000)
    monkeypatch.setattr(teacher_recovery, "STEPS", 300)
    domain = domains.named("avatars")
    teacher, unexplained = teacher_recovery.recover_teacher(domain, avatar.generator)
    assert unexplained < 0.35
    z = domain.latents(np.random.default_rng(5), 200)
    wanted = avatar.generator.mapping(torch.from_numpy(z))
    made = teacher(data.physical(domain.portraits.from_latent(z)))
    plain = (wanted - wanted.mean(0)).square().sum()
    assert (made - wanted).square().sum() < 0.4 * plain
