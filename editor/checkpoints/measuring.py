"""``python -m editor directions``: measure what every StyleSpace channel of a generator does to a text-image
embedding.

This is StyleCLIP's preprocessing (Patashnik et al. 2021, arXiv 2103.17249, section 6), for a bundle without
its result. The paper moves each channel by itself, on 100 pictures at full resolution, which takes months on
a CPU at 1024 pixels. By default gradients measure all channels at once, on pictures as large as the
text-image model's input. The command can be interrupted at any time and resumes where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from tqdm import tqdm

from editor.api.errors import BadCheckpoint, EditorError
from editor.bundle.loading import load_generator, load_text_image_model
from editor.bundle.manifest import file_hash, read_manifest
from editor.bundle.relevance import (
    clip_resolution,
    picture_probes,
    picture_styles,
    relevance_by_gradients,
    unit_rows,
)
from editor.checkpoints.directions import PUBLISHED_RESOLUTION, convolution_spans, sampled_statistics
from editor.checkpoints.installing import install
from editor.checkpoints.part import Part
from editor.networks.generators import Generator
from editor.networks.text_image_model import TextImageModel

PROGRESS = "directions.part"
"""File in the bundle's folder with what was measured so far."""
SAVE_SECONDS, LOG_SECONDS = 60.0, 60.0
PUBLISHED_IMAGES = 100
REACH = 5.0
"""Distance in standard deviations by which a channel is moved up and down."""
SAMPLES = 512
"""Number of the generator's own pictures whose embeddings are stored with the directions."""


Way = Literal["gradients", "steps"]


@dataclass(frozen=True)
class MeasurementOptions:
    """How to measure.

    Attributes:
        images: number of pictures.
        resolution: pixels of a side; None takes the text-image model's input.
        batch: channels moved at once, for "steps".
        way: "gradients" measures all channels of a picture at once; "steps" moves each channel up and down.
        probes: directions of the text-image space for "gradients"; None takes all.
    """

    images: int = PUBLISHED_IMAGES
    resolution: int | None = None
    batch: int = 8
    seed: int = 0
    way: Way = "gradients"
    probes: int | None = None


class Measurement:
    """A measurement that can be saved and resumed.

    ``sums`` [A, D] adds up unit embedding differences of ``channels`` [A] over pictures. ``image`` pictures
    are complete, and ``channel`` channels of the next one.
    """

    def __init__(
        self,
        generator: Generator,
        clip: TextImageModel,
        statistics: tuple[Tensor, Tensor],
        options: MeasurementOptions,
        channels: Tensor,
        dim: int,
    ) -> None:
        """``statistics`` are the mean and the deviation [C] of StyleSpace; ``dim`` is D."""
        self.generator, self.clip, self.options, self.channels = generator, clip, options, channels
        self.mean, self.std = statistics
        self.sums = torch.zeros(len(channels), dim)
        self.image = self.channel = 0

    @property
    def done(self) -> int:
        """Channels measured so far, over all pictures."""
        return self.image * len(self.channels) + self.channel

    @property
    def total(self) -> int:
        """Channels to measure, over all pictures."""
        return self.options.images * len(self.channels)

    def save(self, path: Path, mark: str) -> None:
        """Save the state; ``mark`` identifies the measurement it belongs to."""
        state = json.dumps({"image": self.image, "channel": self.channel, "mark": mark})
        save_file({"sums": self.sums}, path.with_suffix(".new"), {"state": state})
        path.with_suffix(".new").replace(path)

    def load(self, path: Path, mark: str) -> None:
        """Load a saved state of the same measurement, if there is one."""
        try:
            with safe_open(path, "pt") as stored:
                state = json.loads((stored.metadata() or {})["state"])
                if state["mark"] == mark:
                    self.sums, self.image = stored.get_tensor("sums"), state["image"]
                    self.channel = state["channel"]
        except Exception:  # no file, or half of one: start from the beginning
            return

    def run(self) -> Iterator[int]:
        """Measure what is missing. Yields ``done`` after each batch."""
        styles = picture_styles(self.generator, self.options.images, self.options.seed)
        measure = self._by_steps if self.options.way == "steps" else self._by_gradients
        while self.image < self.options.images:
            for _ in measure(styles[self.image]):
                yield self.done
            self.image, self.channel = self.image + 1, 0

    def _by_gradients(self, base: Tensor) -> Iterator[None]:
        """Measure all channels of one picture, with styles [C]."""
        if self.channel == len(self.channels):  # it was interrupted between two pictures
            return
        options, dim = self.options, self.sums.shape[1]
        directions = picture_probes(self.image, dim, options.probes, options.seed).to(base)
        resolution = options.resolution or self.generator.config.resolution
        rows = relevance_by_gradients(self.generator, self.clip, base, directions, resolution)
        self.sums += rows[self.channels.to(base.device)].cpu()
        self.channel = len(self.channels)
        yield

    @torch.no_grad()
    def _by_steps(self, base: Tensor) -> Iterator[None]:
        """Measure the remaining channels of one picture, with styles [C], batch by batch."""
        while self.channel < len(self.channels):
            batch = self.channels[self.channel : self.channel + self.options.batch]
            end = self.channel + len(batch)
            self.sums[self.channel : end] += unit_rows(self._effects(base, batch).cpu(), 1e-6)
            self.channel = end
            yield

    def _effects(self, base: Tensor, batch: Tensor) -> Tensor:
        """Move each channel of a batch [B] from its mean up and down: embedding differences [B, D]."""
        rows = torch.arange(len(batch))
        around = base.repeat(len(batch), 1)
        around[rows, batch] = self.mean[batch]
        ends = []
        for side in (-REACH, REACH):
            moved = around.clone()
            moved[rows, batch] += side * self.std[batch]
            images = self.generator.synthesis(moved, self.options.resolution)
            ends.append(self.clip.encode_image(images.clamp(-1, 1)))
        return ends[1] - ends[0]


@torch.no_grad()
def _sample_embeddings(generator: Generator, clip: TextImageModel, resolution: int, batch: int) -> Tensor:
    """Unit embeddings [SAMPLES, D] of the generator's own pictures."""
    z = torch.randn(SAMPLES, generator.config.z_dim, generator=torch.Generator().manual_seed(13))
    found = []
    for part in z.split(batch):
        styles = generator.synthesis.styles(generator.mapping(part.to(generator.mapping.w_avg.device)))
        found.append(clip.encode_image(generator.synthesis(styles, resolution).clamp(-1, 1)).cpu())
    return torch.cat(found)


def measure_bundle(
    folder: Path, options: MeasurementOptions, device: torch.device, minutes: float | None = None
) -> bool:
    """Measure a bundle's directions and install them.

    Returns False if the time was up first. Raises EditorError if the bundle lacks a generator or a text-image
    model.
    """
    manifest = read_manifest(folder)
    for name, words in (("generator", "a generator"), ("clip", "a text-image model")):
        if f"{name}.safetensors" not in manifest["files"]:
            raise BadCheckpoint(f"The bundle '{folder.name}' lacks {words}; please import that first.")
    generator = load_generator(folder, manifest).to(device)
    clip = load_text_image_model(folder, manifest, device)
    resolution = options.resolution or clip_resolution(generator, clip)
    options = replace(options, resolution=resolution)
    mean, std = sampled_statistics(generator)
    spans = convolution_spans(generator, PUBLISHED_RESOLUTION)
    channels = torch.cat([torch.arange(start, stop) for start, stop in spans])
    measurement = Measurement(generator, clip, (mean, std), options, channels, manifest["clip"]["dim"])
    files = [file_hash(folder / f"{part}.safetensors") for part in ("generator", "clip")]
    mark = json.dumps([asdict(options), *files])
    measurement.load(folder / PROGRESS, mark)
    if not _run_with_progress(measurement, folder / PROGRESS, mark, minutes):
        return False
    relevance = torch.zeros(len(mean), measurement.sums.shape[1])
    relevance[channels] = F.normalize(measurement.sums, dim=1)
    tensors = {
        "s_mean": mean.cpu(),
        "s_std": std.cpu(),
        "relevance": relevance,
        "samples": _sample_embeddings(generator, clip, resolution, options.batch),
    }
    (folder / PROGRESS).unlink(missing_ok=True)
    part = Part("bank", tensors, {"by": options.way, "images": options.images})
    install(folder.parent, folder.name, [part], {})
    return True


def _run_with_progress(measurement: Measurement, path: Path, mark: str, minutes: float | None) -> bool:
    """Run a measurement with a progress bar and save it every minute and at the end.

    Returns False if the time is up.
    """
    started = time.monotonic()
    saved_at, logged_at, total, begun = started, -LOG_SECONDS, measurement.total, measurement.done
    print(announcement(measurement), file=sys.stderr, flush=True)
    with tqdm(total=total, initial=begun, unit="channel", disable=None) as bar:
        try:
            for done in measurement.run():
                bar.update(done - bar.n)
                now = time.monotonic()
                if bar.disable and now - logged_at > LOG_SECONDS:  # no terminal: write lines for a log
                    left = (now - started) * (total - done) / (done - begun)
                    print(
                        f"{done / total:.0%} done, about {duration(left)} more", file=sys.stderr, flush=True
                    )
                    logged_at = now
                if now - saved_at > SAVE_SECONDS:
                    measurement.save(path, mark)
                    saved_at = now
                if minutes is not None and now - started > 60 * minutes and done < total:
                    return False
        finally:
            if measurement.image < measurement.options.images:
                measurement.save(path, mark)
    return True


def announcement(measurement: Measurement) -> str:
    """Describe the work that starts or resumes."""
    options, (channels, dim) = measurement.options, measurement.sums.shape
    whole = measurement.done // channels
    gradients = options.way == "gradients"
    passes = f"{options.probes or dim} backward passes" if gradients else f"{2 * channels} passes"
    done = f" ({whole} done already)" if whole else ""
    return (
        f"{channels} channels on {options.images} pictures{done} of {options.resolution} pixels, {passes} "
        "for each. "
        "You can stop it at any time (Ctrl+C, --minutes): the same command resumes."
    )


def duration(seconds: float) -> str:
    """Show a duration in its largest unit."""
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} seconds"


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    made = argparse.ArgumentParser(
        prog="python -m editor directions",
        description=__doc__.split("\n\n", 1)[1] if __doc__ else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, usual = made.add_argument, MeasurementOptions
    add("bundle", type=Path, metavar="BUNDLE", help="the bundle's folder, or its name in BUNDLES_DIR")
    add("--images", type=_count, default=usual.images, help="number of pictures (default: %(default)s)")
    add("--resolution", type=_count, help="pixels to render (default: the text-image model's input)")
    add(
        "--way",
        choices=get_args(Way),
        default=usual.way,
        help="gradients: all channels at once (default); steps: one channel after the other, as in the "
        "paper, which takes far longer",
    )
    add("--probes", type=_count, help="gradients: directions of the text-image space to use (default: all)")
    add("--batch", type=_count, default=usual.batch, help="steps: channels at once (default: %(default)s)")
    add("--minutes", type=float, help="stop after this time; the same command resumes")
    add("--device", choices=["cpu", "cuda"], help="default: cuda if there is one, else cpu")
    return made


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 up")
    return int(text)


def main(argv: Sequence[str], bundles_dir: Path = Path("bundles")) -> int:
    """Measure the directions of a bundle.

    Returns 1 if that is not possible and 3 if the time was up first.
    """
    given = parser().parse_args(argv)
    folder = given.bundle
    if not folder.exists() and (bundles_dir / folder).exists():
        folder = bundles_dir / folder
    options = MeasurementOptions(
        given.images, given.resolution, given.batch, way=given.way, probes=given.probes
    )
    device = torch.device(given.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    try:
        complete = measure_bundle(folder, options, device, given.minutes)
    except EditorError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; the same command resumes.", file=sys.stderr)
        return 130
    if not complete:
        print("The time is up; the same command resumes.")
        return 3
    print(f"The bundle '{folder.name}' has its directions.")
    return 0
