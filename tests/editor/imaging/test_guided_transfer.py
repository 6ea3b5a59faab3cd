"""Edits carried over to the picture's own detail."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from editor.api.protocol import Geometry
from editor.imaging import guided_transfer, outlines
from editor.imaging.crop import crop
from editor.imaging.paste import paste_back

SIDE, SMALL = 512, 128
WHOLE = Geometry(center_x=256, center_y=256, side=SIDE, width=SIDE, height=SIDE)


def disc(colour: tuple[int, int, int], radius: int = 120) -> np.ndarray:
    """A drawing at full size: a disc with a hard edge on a light background."""
    y, x = np.mgrid[:SIDE, :SIDE]
    inside = (x - 256) ** 2 + (y - 256) ** 2 < radius**2
    return np.where(inside[:, :, None], np.uint8(colour), np.uint8((200, 210, 220)))


def small(picture: np.ndarray, blur: int = 3) -> torch.Tensor:
    """The drawing as a small generator draws it: softly."""
    made = crop(picture, WHOLE, SMALL)[None]
    return F.avg_pool2d(F.pad(made, [blur // 2] * 4, mode="replicate"), blur, 1)[0]


def test_a_new_colour_keeps_the_edges_of_the_picture() -> None:
    brown, pink = disc((90, 60, 40)), disc((240, 90, 180))
    made = paste_back(brown, WHOLE, small(brown), small(pink)).astype(int)
    error = np.abs(made - pink).max(2)
    assert np.percentile(error, 99) < 40
    edge = made[256, 370:382, 0]  # the disc ends at x = 376
    assert np.abs(np.diff(edge)).max() > 0.6 * abs(240 - 200)


def test_a_shape_that_grows_takes_its_own_edge_and_detail_along() -> None:
    narrow, wide = disc((90, 60, 40), 100), disc((90, 60, 40), 108)
    narrow[230:234, 200:312] = (240, 240, 240)  # a line that is too fine for the synthesis
    made = paste_back(narrow, WHOLE, small(disc((90, 60, 40), 100)), small(wide)).astype(int)
    edge = made[256, 350:378, 0]  # the wide disc ends at x = 364
    assert np.abs(np.diff(edge)).max() > 0.5 * abs(200 - 90)
    assert abs(int(np.abs(np.diff(edge)).argmax()) + 350 - 364) <= 3
    assert made[225:240, 230:280].max() > 200


def test_new_content_is_taken_from_the_synthesis() -> None:
    plain, hat = disc((90, 60, 40)), disc((90, 60, 40))
    hat[100:160, 180:330] = (20, 30, 160)
    made = paste_back(plain, WHOLE, small(plain), small(hat)).astype(int)
    assert np.abs(made[115:145, 200:310] - (20, 30, 160)).max() < 25
    assert np.array_equal(made[300:], plain[300:])


def test_what_is_removed_leaves_no_ghost() -> None:
    hat, plain = disc((90, 60, 40), 80), disc((90, 60, 40), 80)
    hat[60:150, 200:300] = (20, 30, 160)
    made = paste_back(hat, WHOLE, small(hat), small(plain)).astype(int)
    assert np.abs(made[64:146, 204:296] - (200, 210, 220)).max() < 25


def test_colours_alone_are_no_new_content() -> None:
    brown, pink = disc((90, 60, 40)), disc((240, 90, 180))
    found = guided_transfer.fit(crop(brown, WHOLE, SMALL), small(brown), small(pink))
    assert float(found.new.max()) < 0.05


def test_large_synthesis_is_fitted_small_and_enlarged() -> None:
    change = torch.full((3, 512, 512), 0.2)
    found = guided_transfer.fit(torch.zeros(3, 512, 512), torch.zeros(3, 512, 512), change)
    assert found.colours.shape == (1, 12, 512, 512)
    made = guided_transfer.apply_colours(found.colours[0], torch.zeros(3, 512, 512))
    assert torch.allclose(made, change, atol=0.01)


def test_outlines_of_an_enlarged_drawing_become_narrow_and_flat_areas_stay() -> None:
    soft = small(disc((90, 60, 40)))[None]
    size = (SIDE, SIDE)
    enlarged, limits = (
        F.interpolate(x, size=size, mode="bilinear", align_corners=False)[0]
        for x in (soft, outlines.bounds(soft))
    )
    sharp = outlines.sharpened(enlarged, limits[:3], limits[3:])
    steepest = [float((x[0, 256, 1:] - x[0, 256, :-1]).abs().max()) for x in (enlarged, sharp)]
    assert steepest[1] > 1.8 * steepest[0]
    assert torch.allclose(sharp[:, :60, :60], enlarged[:, :60, :60], atol=1e-3)
