"""An edit by StyleCLIP's script for global directions (Patashnik et al. 2021, arXiv 2103.17249), and ours."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle.direction_bank import find_direction
from editor.lab.benchmarks.timing import Pair
from editor.lab.parity import ours
from editor.lab.parity.cases import CLIP_LAYOUTS, EDIT_STRENGTH
from editor.lab.parity.published import clip
from editor.lab.parity.published.standins import theirs
from editor.lab.parity.published.styleclip import add_clip, make_manipulator
from editor.networks.generators import Generator
from editor.networks.published_clip import PublishedClip

TARGET, NEUTRAL, THRESHOLD = "a face with blonde hair", "a face", 0.1
PREVIEW = 256
"""Pixels of the first picture that a user sees of a large one."""


@torch.no_grad()
def edits(pair: Pair, counterparts: Callable[[Pair], tuple[Any, Generator]]) -> Iterator[dict[str, Any]]:
    """Compare an edit by a global direction: theirs by the script, ours once its text is known.

    ``counterparts`` makes their generator, and ours with its weights.
    """
    add_clip()
    sys.path.insert(0, str(pair.repository / "global_torch"))
    script, (model, mine) = theirs("StyleCLIP"), _models(pair)
    with contextlib.redirect_stdout(io.StringIO()):  # their scripts print a lot
        network, generator = counterparts(pair)
        manipulator = make_manipulator(network, 20, pair.device)
        styles = torch.from_numpy(np.concatenate(manipulator.dlatents, axis=-1)).float().to(pair.device)
        bank = ours.random_bank(generator, styles, 512)
        rows = bank.relevance[bank.relevance.any(1)].cpu().numpy()

        def their_picture(delta: list[np.ndarray]) -> np.ndarray:
            codes = manipulator.MSCode([code[:1] for code in manipulator.dlatents], delta)
            return manipulator.GenerateImg(codes)[0, 0]

        def their_edit() -> np.ndarray:
            direction = script.GetDt([TARGET, NEUTRAL], model)
            found = script.GetBoundary(rows, direction, manipulator, threshold=THRESHOLD)[0]
            return their_picture([part.astype(np.float32) for part in found])

        def found_delta() -> Tensor:
            target, neutral = mine.encode_text([TARGET, NEUTRAL])  # cached after the first time
            found = find_direction(bank, F.normalize(target - neutral, dim=0), THRESHOLD)
            assert found is not None
            return found.delta

        def our_picture(delta: Tensor, resolution: int | None = None) -> np.ndarray:
            made = generator.synthesis((styles[0] + EDIT_STRENGTH * delta)[None], resolution)[0]
            return ((made + 1) * (255 / 2)).clamp_(0, 255).byte().permute(1, 2, 0).cpu().numpy()

        delta = found_delta()
        sizes = [layer.stop - layer.start for layer in generator.synthesis.layers]
        given = [part.cpu().numpy() for part in delta.split(sizes)]
        apart = np.abs(their_picture(given).astype(int) - our_picture(delta)).max()
        note = f"largest difference {int(apart)} of 255 levels"
        work = "a known edit at another strength (theirs: the script)"
        yield pair.compare(work, their_edit, lambda: our_picture(found_delta()), 5.0, note)
        yield pair.compare("its picture alone", lambda: their_picture(given), lambda: our_picture(delta), 5.0)
        if pair.resolution > PREVIEW:
            work = f"until something is seen (ours: {PREVIEW} pixels)"
            yield pair.compare(work, lambda: their_picture(given), lambda: our_picture(delta, PREVIEW), 5.0)


def _models(pair: Pair) -> tuple[Any, PublishedClip]:
    """Return CLIP ViT-B/32 of random weights: theirs, and ours read from an archive of it."""
    model, repository = clip.make(CLIP_LAYOUTS["vit_b32"]), pair.repository.parent / "CLIP"
    clip.write(model, pair.out / "clip.pt", encode_text=theirs("clip").tokenize([TARGET]))
    (pair.out / ours.VOCABULARY).write_bytes((repository / "clip" / ours.VOCABULARY).read_bytes())
    return model.to(pair.device), ours.text_image_model(pair.out / "clip.pt").to(pair.device)
