"""A generator that grows keeps what it had."""

from __future__ import annotations

import pytest
import torch

from editor.networks.stylegan2 import Generator, GeneratorConfig

pytest.importorskip("skia", reason="no drawing library here: training goes untested", exc_type=ImportError)

from editor.lab.training.details import grown


def test_a_grown_generator_draws_what_it_drew_and_a_little_more() -> None:
    torch.manual_seed(0)
    config = GeneratorConfig(
        resolution=16,
        z_dim=8,
        w_dim=8,
        mapping_layers=2,
        mapping_features=8,
        channel_base=128,
        channel_max=16,
    )
    small = Generator(config).eval().requires_grad_(False)
    large = grown(small, 64)
    w = torch.randn(2, 8)
    before = small.synthesis(small.synthesis.styles(w))
    after = large.synthesis(large.synthesis.styles(w))
    assert torch.equal(large.synthesis(large.synthesis.styles(w), resolution=16), before)
    assert torch.equal(large.mapping(torch.ones(1, 8)), small.mapping(torch.ones(1, 8)))
    assert after.shape == (2, 3, 64, 64)
    coarse = torch.nn.functional.interpolate(before, size=(64, 64), mode="bilinear")
    assert float((after - coarse).abs().mean()) < 0.5 * float(coarse.abs().mean())
