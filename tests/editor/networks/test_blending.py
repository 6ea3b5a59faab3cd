"""Different styles in different regions of one picture, for every architecture."""

from __future__ import annotations

import pytest
import torch

from editor.networks import stylegan2, stylegan3
from editor.networks.generators import Generator

SMALL = {"resolution": 16, "z_dim": 8, "w_dim": 8, "mapping_layers": 1, "channel_base": 128, "channel_max": 8}


def made(kind: str) -> Generator:
    torch.manual_seed(0)
    if kind == "stylegan3":
        return stylegan3.Generator(stylegan3.GeneratorConfig(**SMALL, layers=5)).eval()  # type: ignore[arg-type]
    return stylegan2.Generator(
        stylegan2.GeneratorConfig(**SMALL, mapping_features=8, architecture=kind)
    ).eval()  # type: ignore[arg-type]


@torch.no_grad()
@pytest.mark.parametrize("kind", ["skip", "resnet", "orig", "stylegan3"])
def test_styles_show_where_their_mask_is(kind: str) -> None:
    generator = made(kind)
    synthesis = generator.synthesis
    styles = synthesis.styles(generator.mapping(torch.randn(2, 8)))
    pictures = synthesis(styles)
    size = generator.config.resolution
    for share, wanted in ((0.0, pictures[0]), (1.0, pictures[1])):
        found = synthesis.blended(styles[None], torch.full((1, size, size), share))
        assert torch.allclose(found[0], wanted, atol=1e-4)
    half = torch.zeros(1, size, size)
    half[:, :, size // 2 :] = 1
    found = synthesis.blended(styles[None], half)[0]
    assert (found[:, :, -1] - pictures[1][:, :, -1]).abs().mean() < (
        found[:, :, -1] - pictures[0][:, :, -1]
    ).abs().mean()
    assert (found[:, :, 0] - pictures[0][:, :, 0]).abs().mean() < (
        found[:, :, 0] - pictures[1][:, :, 0]
    ).abs().mean()
