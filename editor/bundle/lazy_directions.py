"""A bank that was never measured: relevance is found for each text when it is first asked for, by gradients.

One backward pass through a picture tells how all channels answer to one text. How far a channel moves a picture in the
text-image space at all, which that is to be seen against, needs no text: a few random directions estimate its length
(Hutchinson 1990), once for a generator. So a generator that comes without directions can be used at once, and a wish in new
words takes as many passes there and back as there are pictures.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from editor.bundle.relevance import measured_statistics, pictures, probes_of, pulled_back, seen_resolution
from editor.networks.generators import Generator
from editor.networks.text_image_model import TextImageModel

logger = logging.getLogger(__name__)

PICTURES, PROBES = 16, 8
"""Pictures that channels are looked at on, and random directions that a channel's length is estimated by."""
MOST_FOUND = 256
"""Texts whose answers are remembered."""
Heard = Callable[[str, int, int], None]


def _unheard(stage: str, step: int, total: int) -> None:
    return None


def lengths_of(slopes: Tensor, dim: int) -> Tensor:
    """What slopes [N, C] along a text are to be divided by, from those [N, K, C] along K random directions of ``dim``.

    A channel's length in each picture, as the published recipe normalises pictures, times the length of the mean of what is
    left, as it normalises their mean."""
    lengths = slopes.norm(dim=1) * (dim / slopes.shape[1]) ** 0.5
    together = (slopes / slopes.norm(dim=1, keepdim=True).clamp_min(1e-12)).mean(0).norm(dim=0)
    return lengths * together


class LiveBank:
    """Stands where a ``Bank`` of single channels does. ``s_mean``, ``s_std``: [C].

    ``answers`` takes minutes for a large generator on a CPU; ``watch`` hears of it, and may break it off. ``kept`` is a file
    in which the channels' lengths outlast the process.
    """

    axes = axis_relevance = samples = None

    def __init__(
        self, generator: Generator, clip: TextImageModel, dim: int, kept: Path | None = None, mark: str = ""
    ) -> None:
        self.generator, self.clip, self.dim, self.kept, self.mark = generator, clip, dim, kept, mark
        self.s_mean, self.s_std = measured_statistics(generator)
        self._ears = threading.local()
        self._styles = pictures(generator, PICTURES)
        self._lengths: Tensor | None = None
        self._answers: dict[bytes, Tensor] = {}

    @property
    def watch(self) -> Heard:
        """Who hears of the work of this thread: jobs on several of them may use one bank."""
        return getattr(self._ears, "watch", _unheard)

    @watch.setter
    def watch(self, heard: Heard) -> None:
        self._ears.watch = heard

    def answers(self, direction: Tensor) -> Tensor:
        """How relevant each channel is to a unit direction [D] of the text-image space, about a cosine: [C]."""
        key = direction.detach().cpu().numpy().tobytes()
        if key not in self._answers:
            self._answers[key] = self._measured(direction.detach())
            while len(self._answers) > MOST_FOUND:
                del self._answers[next(iter(self._answers))]
        return self._answers[key]

    def span(self, energy: float) -> Tensor:
        """The whole text-image space [D, D]: in what this generator's pictures differ was not measured."""
        return torch.eye(self.dim, device=self.s_std.device)

    def delta(self, weights: Tensor) -> Tensor:
        """Weights of channels [C] in their deviations -> StyleSpace delta [C]."""
        return weights * self.s_std

    def channels_only(self) -> LiveBank:
        """Itself: it has no axes."""
        return self

    @property
    def lengths(self) -> Tensor:
        """What slopes are to be divided by, ``lengths_of`` [N, C]; measured when first asked for."""
        if self._lengths is None:
            self._lengths = self._read() if self.kept is not None else None
        if self._lengths is None:
            directions = probes_of(0, self.dim, PROBES).to(self._styles)
            self._lengths = lengths_of(
                torch.stack([self._slopes(number, directions) for number in range(len(self._styles))]),
                self.dim,
            )
            if self.kept is not None:
                self._write(self.kept, self._lengths)
        return self._lengths

    def _measured(self, direction: Tensor) -> Tensor:
        lengths, sums = self.lengths, torch.zeros_like(self.s_std)
        for number, styles in enumerate(self._styles):
            self.watch("fit", number, len(self._styles))
            slope = pulled_back(self.generator, self.clip, styles, direction[None], self._resolution)[0]
            sums += torch.where(
                lengths[number] > 0, slope / lengths[number].clamp_min(1e-12), torch.zeros_like(slope)
            )
        return sums / len(self._styles)

    def _slopes(self, number: int, directions: Tensor) -> Tensor:
        self.watch("fit", number, len(self._styles))
        return pulled_back(self.generator, self.clip, self._styles[number], directions, self._resolution)

    @property
    def _resolution(self) -> int:
        return seen_resolution(self.generator, self.clip)

    def _read(self) -> Tensor | None:
        try:
            with safe_open(self.kept, "pt") as file:
                if json.loads((file.metadata() or {})["mark"]) == self.mark:
                    return file.get_tensor("lengths").to(self.s_std)
        except (OSError, SafetensorError, KeyError, ValueError):  # not there, or half of it: measured anew
            return None
        return None

    def _write(self, path: Path, lengths: Tensor) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(
                {"lengths": lengths.cpu().contiguous()},
                path.with_suffix(".new"),
                {"mark": json.dumps(self.mark)},
            )
            path.with_suffix(".new").replace(path)
        except OSError as error:  # it works without; the next process measures again
            logger.warning("%s could not be written: %s", path, error)
