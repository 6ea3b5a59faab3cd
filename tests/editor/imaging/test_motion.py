"""Motion between two pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from editor.imaging.motion import estimate_motion, helpful_motion, moved


def blobs() -> torch.Tensor:
    """A smooth random picture [1, 3, 128, 128]."""
    coarse = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return F.interpolate(coarse, size=(128, 128), mode="bicubic", align_corners=False).clamp(-1, 1)


def shifted(picture: torch.Tensor, right: int, down: int) -> torch.Tensor:
    """The picture with its content moved to the right and down."""
    return torch.roll(picture, (down, right), dims=(2, 3))


def test_a_shift_is_found_and_undone() -> None:
    before = blobs()
    after = shifted(before, 4, -3)
    motion = estimate_motion(before, after)
    middle = motion[0, :, 32:96, 32:96]
    assert torch.allclose(middle.mean(dim=(1, 2)), torch.tensor([-4.0, 3.0]), atol=0.3)
    error = (moved(before, motion) - after)[:, :, 32:96, 32:96].abs().mean()
    assert error < 0.15 * (before - after)[:, :, 32:96, 32:96].abs().mean()


def test_a_new_colour_is_no_motion() -> None:
    before = blobs()
    assert helpful_motion(before, 0.5 * before + 0.3).abs().max() < 0.3


def test_nothing_moves_where_nothing_changes() -> None:
    before = blobs()
    after = before.clone()
    after[:, :, :48] = shifted(before, 3, 0)[:, :, :48]
    assert helpful_motion(before, after)[:, :, 72:].abs().max() < 0.05
