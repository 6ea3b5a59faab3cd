"""``python -m editor directions BUNDLE``: what every StyleSpace channel of a generator does in the eyes of its text-image model.

StyleCLIP's preprocessing (Patashnik et al. 2021, arXiv 2103.17249, section 6) for a bundle that comes without its result.
The paper's way (each channel moved by itself, on 100 pictures at full resolution) takes months on a CPU at 1024 pixels; by
default gradients tell of all channels at once, of pictures as large as the text-image model sees them. It can be interrupted
at any time.
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
from editor.checkpoints.directions import PUBLISHED_RESOLUTION, sampled_statistics, sizes
from editor.checkpoints.importing import default_root
from editor.checkpoints.installing import install
from editor.checkpoints.part import Part
from editor.networks.generators import Generator
from editor.networks.text_image_model import TextImageModel

PROGRESS = "directions.part"
"""File in the bundle's folder that holds what was measured so far."""
SAVE_SECONDS, SAY_SECONDS = 60.0, 60.0
PUBLISHED_IMAGES = 100
REACH = 5.0
"""How far a channel is moved either way, in standard deviations."""
SAMPLES = 512
"""Pictures of the generator's own whose embeddings are kept beside the directions."""


Way = Literal["gradients", "steps"]


@dataclass(frozen=True)
class Plan:
    """``images`` pictures, rendered at ``resolution`` pixels (None: as many as the text-image model needs).

    ``gradients`` looks at each picture through ``probes`` directions of the text-image space (None: through all of them);
    ``steps`` moves each channel either way, ``batch`` channels at once.
    """

    images: int = PUBLISHED_IMAGES
    resolution: int | None = None
    batch: int = 8
    seed: int = 0
    way: Way = "gradients"
    probes: int | None = None


class Measured:
    """Sums of unit embedding differences [A, D], and how many channels of how many pictures are in them."""

    def __init__(self, channels: int, dim: int) -> None:
        self.sums = torch.zeros(channels, dim)
        self.image = self.channel = 0

    def write(self, path: Path, mark: str) -> None:
        """Keep it; ``mark`` says what it belongs to."""
        state = json.dumps({"image": self.image, "channel": self.channel, "mark": mark})
        save_file({"sums": self.sums}, path.with_suffix(".new"), {"state": state})
        path.with_suffix(".new").replace(path)

    def read(self, path: Path, mark: str) -> None:
        """Go on from what is there, if it belongs to the same measurement."""
        try:
            with safe_open(path, "pt") as stored:
                state = json.loads((stored.metadata() or {})["state"])
                if state["mark"] == mark:
                    self.sums, self.image, self.channel = (
                        stored.get_tensor("sums"),
                        state["image"],
                        state["channel"],
                    )
        except Exception:  # nothing there, or half a file: begin
            return


def measure(
    generator: Generator,
    clip: TextImageModel,
    mean: Tensor,
    std: Tensor,
    plan: Plan,
    found: Measured,
    channels: Tensor,
) -> Iterator[int]:
    """Fill ``found`` from where it is; gives the number of channels done after each batch."""
    styles = picture_styles(generator, plan.images, plan.seed)
    by = _steps if plan.way == "steps" else _gradients
    while found.image < plan.images:
        for _ in by(generator, clip, styles[found.image], mean, std, plan, found, channels):
            yield found.image * len(channels) + found.channel
        found.image, found.channel = found.image + 1, 0


def _gradients(
    generator: Generator,
    clip: TextImageModel,
    base: Tensor,
    mean: Tensor,
    std: Tensor,
    plan: Plan,
    found: Measured,
    channels: Tensor,
) -> Iterator[None]:
    """One picture by gradients, at once."""
    if found.channel == len(channels):  # it was interrupted just after
        return
    directions = picture_probes(found.image, found.sums.shape[1], plan.probes, plan.seed).to(base)
    resolution = plan.resolution or generator.config.resolution
    found.sums += relevance_by_gradients(generator, clip, base, directions, resolution)[
        channels.to(base.device)
    ].cpu()
    found.channel = len(channels)
    yield


@torch.no_grad()
def _steps(
    generator: Generator,
    clip: TextImageModel,
    base: Tensor,
    mean: Tensor,
    std: Tensor,
    plan: Plan,
    found: Measured,
    channels: Tensor,
) -> Iterator[None]:
    """One picture by steps, from the channel on that ``found`` is at."""
    while found.channel < len(channels):
        part = channels[found.channel : found.channel + plan.batch]
        around = _around(base, part, mean)
        found.sums[found.channel : found.channel + len(part)] += unit_rows(
            effects(generator, clip, around, part, std, plan).cpu(), 1e-6
        )
        found.channel += len(part)
        yield


def _around(base: Tensor, part: Tensor, mean: Tensor) -> Tensor:
    """The styles [B, C] around which each channel of ``part`` is moved: the picture's own, that channel at its mean."""
    around = base.repeat(len(part), 1)
    around[torch.arange(len(part)), part] = mean[part]
    return around


def effects(
    generator: Generator, clip: TextImageModel, around: Tensor, part: Tensor, std: Tensor, plan: Plan
) -> Tensor:
    """Embedding difference [B, D] of each channel of ``part`` moved by five deviations either way from ``around`` [B, C]."""
    rows = torch.arange(len(part))
    ends = []
    for side in (-REACH, REACH):
        moved = around.clone()
        moved[rows, part] += side * std[part]
        ends.append(clip.encode_image(generator.synthesis(moved, plan.resolution).clamp(-1, 1)))
    return ends[1] - ends[0]


@torch.no_grad()
def _own_pictures(generator: Generator, clip: TextImageModel, resolution: int, batch: int) -> Tensor:
    """Unit embeddings [SAMPLES, D] of the generator's own pictures."""
    z = torch.randn(SAMPLES, generator.config.z_dim, generator=torch.Generator().manual_seed(13))
    parts = (
        generator.synthesis.styles(generator.mapping(part.to(generator.mapping.w_avg.device)))
        for part in z.split(batch)
    )
    return torch.cat(
        [clip.encode_image(generator.synthesis(styles, resolution).clamp(-1, 1)).cpu() for styles in parts]
    )


def measure_bundle(folder: Path, plan: Plan, device: torch.device, minutes: float | None = None) -> bool:
    """Measure a bundle's directions and put them into it; False where the time was up before.

    Raises EditorError where the bundle lacks a generator or a text-image model, or has directions of other makers.
    """
    manifest = read_manifest(folder)
    for part, words in (("generator", "a generator"), ("clip", "a text-image model")):
        if f"{part}.safetensors" not in manifest["files"]:
            raise BadCheckpoint(f"The bundle '{folder.name}' lacks {words}; import that first.")
    generator = load_generator(folder, manifest).to(device)
    clip = load_text_image_model(folder, manifest, device)
    if plan.resolution is None:
        plan = replace(plan, resolution=clip_resolution(generator, clip))
    mean, std = sampled_statistics(generator)
    spans = sizes(generator, PUBLISHED_RESOLUTION)
    channels = torch.cat([torch.arange(start, stop) for start, stop in spans])
    found = Measured(len(channels), manifest["clip"]["dim"])
    mark = json.dumps(
        [asdict(plan), file_hash(folder / "generator.safetensors"), file_hash(folder / "clip.safetensors")]
    )
    found.read(folder / PROGRESS, mark)
    if not _run(
        measure(generator, clip, mean, std, plan, found, channels), found, folder, mark, plan, minutes
    ):
        return False
    relevance = torch.zeros(len(mean), found.sums.shape[1])
    relevance[channels] = F.normalize(found.sums, dim=1)
    tensors = {
        "s_mean": mean.cpu(),
        "s_std": std.cpu(),
        "relevance": relevance,
        "samples": _own_pictures(generator, clip, plan.resolution or generator.config.resolution, plan.batch),
    }
    (folder / PROGRESS).unlink(missing_ok=True)
    install(folder.parent, folder.name, [Part("bank", tensors, {"by": plan.way, "images": plan.images})])
    return True


def _run(
    steps: Iterator[int], found: Measured, folder: Path, mark: str, plan: Plan, minutes: float | None
) -> bool:
    """Go through the measurement with a progress bar, keeping what is there every minute and at the end."""
    started = time.monotonic()
    saved_at, said_at, total = started, -SAY_SECONDS, plan.images * len(found.sums)
    begun = found.image * len(found.sums) + found.channel
    print(announced(plan, found), file=sys.stderr, flush=True)
    with tqdm(total=total, initial=begun, unit="channel", disable=None) as bar:
        try:
            for done in steps:
                bar.update(done - bar.n)
                now = time.monotonic()
                if bar.disable and now - said_at > SAY_SECONDS:  # no terminal: lines for a log
                    left = (now - started) * (total - done) / (done - begun)
                    print(f"{done / total:.0%} done, about {spoken(left)} more", file=sys.stderr, flush=True)
                    said_at = now
                if now - saved_at > SAVE_SECONDS:
                    found.write(folder / PROGRESS, mark)
                    saved_at = now
                if minutes is not None and now - started > 60 * minutes and done < total:
                    return False
        finally:
            if found.image < plan.images:
                found.write(folder / PROGRESS, mark)
    return True


def announced(plan: Plan, found: Measured) -> str:
    """What is begun or gone on with, and what it is made of."""
    channels, dim = found.sums.shape
    whole = (found.image * channels + found.channel) // channels
    by_gradients = plan.way == "gradients"
    passes = f"{plan.probes or dim} backward passes" if by_gradients else f"{2 * channels} passes"
    done = f" ({whole} done already)" if whole else ""
    return (
        f"{channels} channels on {plan.images} pictures{done} of {plan.resolution} pixels, {passes} for each. It can be broken off "
        "at any time (Ctrl+C, --minutes): the same command goes on."
    )


def spoken(seconds: float) -> str:
    """A time as one would say it."""
    for unit_of, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit_of}"
    return f"{seconds:.0f} seconds"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m editor directions",
        description=__doc__.split("\n\n", 1)[1] if __doc__ else None,
        epilog="The same command goes on with what was interrupted.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "bundle", type=Path, metavar="BUNDLE", help="the bundle's folder, or its name in BUNDLES_DIR"
    )
    made.add_argument(
        "--images",
        type=_count,
        default=Plan.images,
        help="pictures to look at channels on (default: %(default)s)",
    )
    made.add_argument(
        "--resolution", type=_count, help="pixels to render (default: what the text-image model sees)"
    )
    made.add_argument(
        "--way",
        choices=get_args(Way),
        default=Plan.way,
        help="gradients: all channels at once (default); steps: "
        "each channel moved by itself, as in the paper, which takes far longer",
    )
    made.add_argument(
        "--probes",
        type=_count,
        help="gradients: directions of the text-image space that each picture is looked at "
        "through (default: all)",
    )
    made.add_argument(
        "--batch", type=_count, default=Plan.batch, help="steps: channels at once (default: %(default)s)"
    )
    made.add_argument("--minutes", type=float, help="stop after so long; the same command goes on")
    made.add_argument("--device", choices=["cpu", "cuda"], help="cuda where there is one, else cpu")
    return made


def _count(text: str) -> int:
    """A number from 1 up. Raises ArgumentTypeError."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 up")
    return int(text)


def main(argv: Sequence[str]) -> int:
    """Measure the directions of a bundle; 1 where it cannot be done, 3 where the time was up first."""
    options = parser().parse_args(argv)
    if not options.bundle.exists() and (default_root() / options.bundle).exists():
        options.bundle = default_root() / options.bundle
    plan = Plan(
        options.images,
        options.resolution,
        options.batch,
        way=options.way,
        probes=options.probes,
    )
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    try:
        whole = measure_bundle(options.bundle, plan, device, options.minutes)
    except EditorError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Broken off; the same command goes on.", file=sys.stderr)
        return 130
    print(
        f"The bundle '{options.bundle.name}' has its directions."
        if whole
        else "The time is up; the same command goes on."
    )
    return 0 if whole else 3
