"""Directions of a generator whose relevance was never measured: measured for each text on demand, by
gradients.

One backward pass through a picture gives the slope of every channel along one text. It is compared with how
far the channel moves the picture in the text-image space at all. A few random directions estimate that length
(Hutchinson 1990), once for a generator. So a generator without a direction bank can be used at once, and a
new prompt takes as many forward and backward passes as there are pictures.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import torch
from cachetools import LRUCache
from torch import Tensor

from editor.bundle.measurement_file import load_measurement, save_measurement
from editor.bundle.relevance import (
    clip_resolution,
    picture_probes,
    picture_styles,
    pull_back,
    sampled_statistics,
)
from editor.bundle.text_image import TextImage
from editor.device.progress import ProgressCallback, no_progress
from editor.networks.generators import Generator

logger = logging.getLogger(__name__)

PICTURES, PROBES = 16, 8
"""Pictures that channels are measured on, and random directions that estimate their effect."""
MAX_TEXTS = 256
"""Cached texts."""


def slope_scales(slopes: Tensor, dim: int) -> Tensor:
    """Return what slopes along a text [N, C] are divided by to become comparable.

    This is the length of a channel's effect in each picture, times the length of the mean of the normalised
    effects: the published recipe normalises pictures first and then their mean. They are estimated from
    ``slopes`` [N, K, C] along K random directions of a space of ``dim`` dimensions.
    """
    lengths = slopes.norm(dim=1) * (dim / slopes.shape[1]) ** 0.5
    mean_length = (slopes / slopes.norm(dim=1, keepdim=True).clamp_min(1e-12)).mean(0).norm(dim=0)
    return lengths * mean_length


class LazyDirectionBank:
    """A direction bank of single channels that measures relevance on demand.

    A measurement takes minutes for a large generator on a CPU.
    """

    axes = axis_relevance = samples = None

    def __init__(
        self,
        generator: Generator,
        clip: TextImage,
        dim: int,
        file: Path | None = None,
        fingerprint: str = "",
    ) -> None:
        """``file`` keeps the channels' scales for the next process; ``fingerprint`` names their networks."""
        self.generator, self.clip, self.dim = generator, clip, dim
        self.file, self.mark = file, json.dumps(fingerprint)
        self.s_mean, self.s_std = sampled_statistics(generator)
        self._styles = picture_styles(generator, PICTURES)
        self._resolution = clip_resolution(generator, clip)
        self._scales: Tensor | None = None
        self._relevance: LRUCache[bytes, Tensor] = LRUCache(MAX_TEXTS)

    def relevance_to(self, direction: Tensor, progress: ProgressCallback = no_progress) -> Tensor:
        """Return the relevance, about a cosine, of each channel [C] to a unit text-image direction [D]."""
        key = direction.detach().cpu().numpy().tobytes()
        found = self._relevance.get(key)
        if found is None:
            found = self._relevance[key] = self._measure(direction.detach(), progress)
        return found

    def span(self, energy: float) -> Tensor:
        """Return the whole space [D, D]: where this generator's pictures differ was not measured."""
        return torch.eye(self.dim, device=self.s_std.device)

    def delta(self, weights: Tensor) -> Tensor:
        """Weights of channels [C], in standard deviations -> StyleSpace delta [C]."""
        return weights * self.s_std

    def channels_only(self) -> LazyDirectionBank:
        """Return the bank itself: it has no axes."""
        return self

    def _measure(self, direction: Tensor, progress: ProgressCallback) -> Tensor:
        scales, total = self._measured_scales(progress), torch.zeros_like(self.s_std)
        for number, styles in enumerate(self._styles):
            progress("fit", number, len(self._styles))
            slope = pull_back(self.generator, self.clip, styles, direction[None], self._resolution)[0]
            scaled = slope / scales[number].clamp_min(1e-12)
            total += torch.where(scales[number] > 0, scaled, torch.zeros_like(slope))
        return total / len(self._styles)

    def _measured_scales(self, progress: ProgressCallback) -> Tensor:
        """Return the slopes' scales [N, C], from the file or measured on the first request."""
        if self._scales is None and self.file is not None:
            saved = load_measurement(self.file, self.mark)
            self._scales = None if saved is None else saved["lengths"].to(self.s_std)
        if self._scales is None:
            directions, slopes = picture_probes(0, self.dim, PROBES).to(self._styles), []
            for number, styles in enumerate(self._styles):
                progress("fit", number, len(self._styles))
                slopes.append(pull_back(self.generator, self.clip, styles, directions, self._resolution))
            self._scales = slope_scales(torch.stack(slopes), self.dim)
            self._save(self._scales)
        return self._scales

    def _save(self, scales: Tensor) -> None:
        if self.file is None:
            return
        try:
            save_measurement(self.file, {"lengths": scales}, self.mark)
        except OSError as error:  # the next process measures again
            logger.warning("%s could not be written: %s", self.file, error)
