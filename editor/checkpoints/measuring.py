"""The directions of a generator: what every StyleSpace channel does to a text-image embedding.

This is StyleCLIP's preprocessing (Patashnik et al. 2021, arXiv 2103.17249, section 6), for a bundle without
its result. The paper moves each channel by itself, on 100 pictures, which takes months on a CPU at 1024
pixels. Here gradients measure all channels at once (``editor.bundle.relevance``), on pictures as large as the
text-image model's input.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from editor.api.errors import BadCheckpoint
from editor.bundle.loading import load_generator, load_text_image_model
from editor.bundle.manifest import missing_parts, read_manifest
from editor.bundle.measurement_file import load_measurement, save_measurement
from editor.bundle.relevance import (
    clip_resolution,
    picture_probes,
    picture_styles,
    relevance_by_gradients,
    sampled_statistics,
)
from editor.bundle.text_image import TextImage
from editor.checkpoints.directions import PUBLISHED_RESOLUTION, convolution_spans
from editor.checkpoints.installing import install
from editor.checkpoints.part import Part
from editor.networks.generators import Generator

PROGRESS = "directions.part"
"""File in the bundle's folder with what was measured so far."""
SAVE_SECONDS, LOG_SECONDS = 60.0, 60.0
PUBLISHED_IMAGES = 100
SAMPLES = 512
"""Number of the generator's own pictures whose embeddings are stored with the directions."""


@dataclass(frozen=True)
class MeasurementOptions:
    """How to measure.

    Attributes:
        images: number of pictures.
        resolution: pixels of a side; None takes the text-image model's input.
        probes: directions of the text-image space; None takes all.
    """

    images: int = PUBLISHED_IMAGES
    resolution: int | None = None
    probes: int | None = None
    seed: int = 0


class Measurement:
    """Adds up the unit relevance rows of all channels, ``sums`` [C, D], picture by picture."""

    def __init__(
        self, generator: Generator, clip: TextImage, dim: int, options: MeasurementOptions | None = None
    ) -> None:
        """``dim`` is D, the width of the text-image space."""
        self.generator, self.clip, self.options = generator, clip, options or MeasurementOptions()
        self.resolution = self.options.resolution or clip_resolution(generator, clip)
        self.styles = picture_styles(generator, self.options.images, self.options.seed)
        self.measured = torch.zeros(generator.synthesis.num_channels, 1)
        for start, stop in convolution_spans(generator, PUBLISHED_RESOLUTION):
            self.measured[start:stop] = 1
        self.sums, self.images = torch.zeros(len(self.measured), dim), 0

    @property
    def complete(self) -> bool:
        """Whether all pictures were measured."""
        return self.images >= self.options.images

    def measure_picture(self) -> None:
        """Measure the next picture."""
        styles, options = self.styles[self.images], self.options
        probes = picture_probes(self.images, self.sums.shape[1], options.probes, options.seed).to(styles)
        rows = relevance_by_gradients(self.generator, self.clip, styles, probes, self.resolution)
        self.sums += rows.cpu() * self.measured
        self.images += 1

    def relevance(self) -> Tensor:
        """Return the unit rows [C, D], zero for a channel that was not measured."""
        return F.normalize(self.sums, dim=1)

    def state_dict(self) -> dict[str, Any]:
        """Return what was measured so far."""
        return {"sums": self.sums, "images": self.images}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what ``state_dict`` returned."""
        self.sums, self.images = state["sums"].cpu(), int(state["images"])


@torch.no_grad()
def sample_embeddings(generator: Generator, clip: TextImage, resolution: int, count: int) -> Tensor:
    """Return unit embeddings [count, D] of the generator's own pictures."""
    z = torch.randn(count, generator.config.z_dim, generator=torch.Generator().manual_seed(13))
    found = []
    for part in z.to(generator.mapping.w_avg.device).split(8):
        styles = generator.synthesis.styles(generator.mapping(part))
        found.append(clip.encode_image(generator.synthesis(styles, resolution).clamp(-1, 1)))
    return torch.cat(found)


def measure_bundle(
    folder: Path, options: MeasurementOptions, device: torch.device, minutes: float | None = None
) -> bool:
    """Measure a bundle's directions and install them.

    Returns False if the time was up first. Raises EditorError if the bundle lacks a generator or a text-image
    model.
    """
    manifest = read_manifest(folder)
    if lacking := missing_parts(manifest):
        raise BadCheckpoint(f"The bundle '{folder.name}' lacks {lacking[0]}; please import that first.")
    generator = load_generator(folder, manifest).to(device)
    clip = load_text_image_model(folder, manifest, device)
    measurement = Measurement(generator, clip, manifest["clip"]["dim"], options)
    files = [manifest["files"][f"{part}.safetensors"] for part in ("generator", "clip")]
    mark = json.dumps([asdict(options), *files])
    if not _run(measurement, folder / PROGRESS, mark, minutes):
        return False
    mean, std = sampled_statistics(generator)
    tensors = {
        "s_mean": mean.cpu(),
        "s_std": std.cpu(),
        "relevance": measurement.relevance(),
        "samples": sample_embeddings(generator, clip, measurement.resolution, SAMPLES).cpu(),
    }
    (folder / PROGRESS).unlink(missing_ok=True)
    part = Part("bank", tensors, {"by": "gradients", "images": options.images})
    install(folder.parent, folder.name, [part], {})
    return True


def _run(measurement: Measurement, path: Path, mark: str, minutes: float | None) -> bool:
    """Measure with a progress bar; save every minute and at the end. Returns False if the time is up."""

    def save() -> None:
        images = torch.tensor(measurement.images)
        save_measurement(path, {"sums": measurement.sums, "images": images}, mark)

    if (saved := load_measurement(path, mark)) is not None:
        measurement.load_state_dict(saved)
    begun, saved_at, total = time.monotonic(), time.monotonic(), measurement.options.images
    print(_announcement(measurement), file=sys.stderr, flush=True)
    pause = 0.1 if sys.stderr.isatty() else LOG_SECONDS
    with tqdm(total=total, initial=measurement.images, unit="picture", mininterval=pause) as bar:
        try:
            while not measurement.complete:
                if minutes is not None and time.monotonic() - begun > 60 * minutes:
                    return False
                measurement.measure_picture()
                bar.update()
                if time.monotonic() - saved_at > SAVE_SECONDS:
                    save()
                    saved_at = time.monotonic()
        finally:
            save()
    return True


def _announcement(measurement: Measurement) -> str:
    """Describe the work that starts or resumes."""
    options, (channels, dim) = measurement.options, measurement.sums.shape
    done = f" ({measurement.images} done already)" if measurement.images else ""
    return (
        f"{channels} channels on {options.images} pictures{done} of {measurement.resolution} pixels, "
        f"{options.probes or dim} backward passes for each. "
        "You can stop it at any time (Ctrl+C, --minutes): the same command resumes."
    )
