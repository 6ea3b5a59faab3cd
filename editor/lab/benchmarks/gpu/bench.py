"""The networks on the device, and what every part of the benchmark needs of them."""

from __future__ import annotations

import statistics
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.bundle.direction_bank import DirectionBank
from editor.editing.methods.base import PictureState
from editor.lab.benchmarks.gpu.report import Report
from editor.lab.benchmarks.timing import synchronize
from editor.lab.ffhq import FFHQ, ffhq_bundle, small_bundle
from editor.networks.published_clip import PublishedClip


class RandomTexts(PublishedClip):
    """CLIP that embeds each text at a random but fixed place.

    A random text tower would put all texts at one place.
    """

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """N texts -> unit [N, D]."""
        dim = self.model.config.projection_dim
        rows = [
            torch.randn(dim, generator=torch.Generator().manual_seed(zlib.crc32(text.encode())))
            for text in texts
        ]
        return F.normalize(torch.stack(rows), dim=1).to(self.device)


def bundle_of(pixels: int, device: torch.device) -> Bundle:
    """Make the published layouts at 1024 pixels; at other sizes small networks of the same kinds."""
    made = ffhq_bundle() if pixels == FFHQ.resolution else small_bundle(pixels)
    made.generator.to(device)
    made.encoder.to(device)
    made.clip = RandomTexts(made.clip.model, None).to(device)  # type: ignore[union-attr]
    assert isinstance(made.bank, DirectionBank)
    made.bank = DirectionBank(
        made.bank.s_mean.to(device), made.bank.s_std.to(device), made.bank.relevance.to(device)
    )
    return made


class Lap:
    """Seconds of a block."""

    seconds = 0.0


@dataclass(frozen=True)
class Bench:
    """The networks under test. ``rounds``: how often short works are timed."""

    bundle: Bundle
    report: Report
    device: torch.device
    rounds: int = 15

    @property
    def synthesis(self) -> Any:
        """The generator's synthesis network."""
        return self.bundle.generator.synthesis

    @property
    def pixels(self) -> int:
        """The generator's resolution."""
        return self.bundle.generator.config.resolution

    @contextmanager
    def timed(self) -> Iterator[Lap]:
        """Time the block, from an idle device until it is idle again."""
        lap = Lap()
        synchronize(self.device)
        begun = time.perf_counter()
        yield lap
        synchronize(self.device)
        lap.seconds = time.perf_counter() - begun

    def milliseconds(self, work: Callable[[], Any], rounds: int | None = None, warm: int = 3) -> float:
        """Return the median wall-clock time of a work, after ``warm`` rounds that do not count."""
        for _ in range(warm):
            work()
        found = []
        for _ in range(rounds or self.rounds):
            with self.timed() as lap:
                work()
            found.append(1000 * lap.seconds)
        return statistics.median(found)

    def _w(self, count: int, seed: int) -> Tensor:
        """Return w [count, w_dim] of random pictures."""
        z = torch.randn(
            count, self.bundle.generator.config.z_dim, generator=torch.Generator().manual_seed(seed)
        )
        with torch.no_grad():
            return self.bundle.generator.mapping(z.to(self.device), 0.7)

    def styles(self, count: int) -> Tensor:
        """Return styles [count, C] of random pictures."""
        with torch.no_grad():
            return self.synthesis.styles(self._w(count, seed=3))

    def state(self) -> PictureState:
        """Return a random picture as the start of an edit."""
        with torch.no_grad():
            w = self._w(1, seed=4).expand(self.synthesis.num_ws, -1).contiguous()
            base = self.synthesis.styles(w[None])[0]
        return PictureState(self.bundle, w, base, torch.zeros_like(base))
