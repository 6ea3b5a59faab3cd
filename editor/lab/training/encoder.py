"""Training of the inversion encoder: e4e's form, with the advantage that drawn portraits have a known w.

The base is supervised in W (which keeps inversions editable) and, with its progressively released offsets, by the
picture that the generator makes of it. Uploads are imitated: shift, zoom, colour, compression, blur, other backgrounds,
and, where the domain has them, portraits drawn by other hands, which are to be read as what they show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from editor.inversion.inversion import refine
from editor.inversion.search import InversionSearch
from editor.lab.training import data, domains, record
from editor.lab.training.batches import batches
from editor.lab.training.bundles import load_generator, load_teacher
from editor.lab.training.domain import Domain
from editor.lab.training.generator import TeacherMapping, importance, picture_loss
from editor.lab.training.portraits import Portraits
from editor.lab.training.run import (
    Average,
    Run,
    add_drawing,
    add_width,
    arguments,
    cosine_decay,
    save_weights,
    set_rate,
    start,
)
from editor.networks.encoder import Encoder
from editor.networks.stylegan2 import Generator

RELEASE_FROM, RELEASE_UNTIL = 0.2, 0.6
"""Offsets are released one after another in this span of the run."""
OFFSET_WEIGHT = 0.02


@dataclass(frozen=True)
class Drawings:
    """Descriptions [N, P] and drawings, uint8 [N, 128, 128, 3], some of them compressed; those cut out (``rows_of``)
    stand before another background, and the last ``others`` are by other hands."""

    physical: Tensor
    drawn: Tensor
    others: int = 0


@dataclass(frozen=True)
class Batch:
    """Uploads with the w of the portraits they show; ``exact`` rows still show just what that w makes. Of the last ``others``
    the generator is to make what that w makes, and not what is uploaded."""

    uploads: Tensor
    w: Tensor
    exact: Tensor
    others: int = 0


def rows_of(count: int) -> tuple[slice, slice, slice]:
    """Of a batch's rows those that the generator makes, those that are cut out, and those that are moved."""
    made, cut, moved = count // 4, count // 4 + count // 8, count // 4 + count // 8 + count // 4
    return slice(0, made), slice(made, cut), slice(cut, moved)


def draw(rng: np.random.Generator, domain: str, count: int) -> Drawings:
    """A batch of drawings, three in eight of them by other hands where the domain has any, half of those on white."""
    known = domains.named(domain)
    portraits, others = known.draw(rng, count), 3 * count // 8 if known.by_others else 0
    plain = count - others // 2
    portraits = portraits.concat(
        [portraits[:plain], portraits[plain:].replace("background_color", known.backdrops[0])]
    )
    _, cut, _ = rows_of(count)
    drawn = data.drawings_of(portraits[: count - others], 128)
    drawn[cut] = torch.from_numpy(
        data.to_pictures(_other_background(portraits[cut], data.as_images(drawn[cut]), rng))
    )
    if known.by_others:
        drawn = torch.cat([drawn, torch.from_numpy(known.by_others(portraits[count - others :], 128, rng))])
    return Drawings(data.physical(portraits), data.compress(drawn, rng, share=0.3), others)


def _other_background(portraits: Portraits, images: Tensor, rng: np.random.Generator) -> Tensor:
    """The figure cut out (where two background colours give the same pixel) and put before a smooth random picture."""
    colours = domains.of(portraits).backdrops
    light, dark = (
        data.pictures_of(portraits.replace("background_color", colour), images.shape[-1])
        for colour in colours
    )
    figure = ((light - dark).abs().amax(1, keepdim=True) < 0.05).float()
    coarse = torch.from_numpy(rng.uniform(-1, 1, (len(images), 3, 4, 4)).astype(np.float32))
    scene = F.interpolate(coarse, size=images.shape[-2:], mode="bicubic", align_corners=False).clamp(-1, 1)
    return images * figure + scene * (1 - figure)


def batch_of(run: Run, teacher: TeacherMapping, generator: Generator, drawings: Drawings) -> Batch:
    """A batch: a quarter made by the generator, the rest drawn; half of the rows moved, recoloured or cut out."""
    images, rng = data.as_images(drawings.drawn), run.rng(purpose=1)
    made, cut, moved = rows_of(len(images))
    with torch.no_grad():
        w = teacher(drawings.physical)
        images[made] = seen(generator, w[made], torch.bfloat16).clamp(-1, 1)
    exact = torch.ones(len(images), dtype=torch.bool, device=images.device)
    images[moved] = data.move(data.jitter_colour(images[moved], rng, 0.12), rng, shift=0.04, scale=0.06)
    exact[cut] = exact[moved] = False
    images = data.noise(data.soften(images, rng, share=0.3), rng, amount=0.03)
    return Batch(images, w, exact, drawings.others)


def seen(generator: Generator, w: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """The generator's pictures of w or W+ at the 128 pixels that the encoder reads: [N, 3, 128, 128]."""
    return generator.synthesis(generator.synthesis.styles(w), resolution=128, dtype=dtype)


def loss_of(encoder: Encoder, generator: Generator, batch: Batch, released: int, painted: int) -> Tensor:
    """W supervision, offset norm, and the loss of ``painted`` pictures made from the result."""
    with torch.autocast(batch.uploads.device.type, torch.bfloat16):
        base, offsets = encoder.parts(batch.uploads)
    wanted = (batch.w - encoder.w_mean) / encoder.w_std
    weight = torch.where(batch.exact, 1.0, 0.2)[:, None]
    loss = ((base - wanted).square() * weight).mean() + OFFSET_WEIGHT * offsets.square().mean()
    rows = torch.randperm(len(base), device=base.device)[:painted]
    made = seen(generator, encoder.assemble(base[rows], offsets[rows], released), torch.bfloat16)
    return loss + 2.0 * picture_loss(
        made, _shown(generator, batch, rows), importance(made.shape[-1]).to(made.device)
    )


@torch.no_grad()
def _shown(generator: Generator, batch: Batch, rows: Tensor) -> Tensor:
    """What the generator is to make of some rows: what was uploaded, or, by other hands, what its own would be."""
    shown, by_others = batch.uploads[rows], rows >= len(batch.w) - batch.others
    if bool(by_others.any()):
        shown[by_others] = seen(generator, batch.w[rows[by_others]], torch.bfloat16).to(shown)
    return shown


def train(
    run: Run,
    generator: Generator,
    teacher: TeacherMapping,
    rate: float,
    supply: Iterator[Drawings],
    width: float,
    onward: Path | None = None,
) -> Encoder:
    """The training loop; returns the encoder with averaged weights, in eval mode. ``onward``: weights to go on from."""
    encoder = Encoder(generator.config.num_ws, generator.config.w_dim, width).to(run.device)
    if onward is not None:
        encoder.load_state_dict(load_file(onward))
    with torch.no_grad():
        w = teacher(data.physical(run.domain.draw(np.random.default_rng(5), 8192)).to(run.device))
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=rate, weight_decay=0.01)
    average = Average(encoder, 4000.0)
    run.parts = {"encoder": encoder, "optimizer": optimizer, "average": average}
    for fraction in run.steps("encoder"):
        encoder.train()
        encoder.w_mean.copy_(w.mean(0))
        encoder.w_std.copy_(w.std(0) + 1e-3)
        set_rate(optimizer, rate * cosine_decay(fraction, hold=0.3))
        share = 1.0 if onward else (fraction - RELEASE_FROM) / (RELEASE_UNTIL - RELEASE_FROM)
        released = round(float(np.clip(share, 0, 1)) * (generator.config.num_ws - 1))
        batch = batch_of(run, teacher, generator, next(supply))
        loss = loss_of(encoder, generator, batch, released, painted=len(batch.w) // 4)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        average.update(encoder, len(batch.w))
        if run.due():
            run.log(loss=loss.item(), **figures(run.domain, encoder, generator, 32, steps=0))
    average.copy_to(encoder)
    return encoder.eval().requires_grad_(False)


def _portraits(domain: Domain, count: int) -> Portraits:
    """The unseen portraits on which inversion is measured: straight from the prior."""
    return domain.portraits.from_latent(domain.latents(np.random.default_rng(1_000_081), count))


def figures(
    domain: Domain, encoder: Encoder, generator: Generator, count: int, steps: int
) -> dict[str, float]:
    """Mean PSNR, dB, of reconstructions of unseen drawings after ``steps`` refinement steps."""
    was_training = encoder.training
    encoder.eval()
    total = 0.0
    portraits, device = _portraits(domain, count), data.device_of(generator)
    for begin in range(0, count, 16):
        images = data.pictures_of(portraits[begin : begin + 16], 128).to(device)
        with torch.no_grad():
            w = encoder(images)
        w = _refined(generator, images, w, steps) if steps else w
        with torch.no_grad():
            total += float(data.psnr(seen(generator, w), images).sum())
    encoder.train(was_training)
    return {f"psnr_{steps}_steps": round(total / count, 2)}


def _refined(generator: Generator, images: Tensor, w: Tensor, steps: int) -> Tensor:
    """W+ [N, num_ws, w_dim] after a search, in the standard deviations of these pictures."""
    w_std = w.reshape(-1, w.shape[-1]).std(0) + 1e-2
    return refine(InversionSearch(generator, images, w_std), w, steps).w


def contact_sheet(
    domain: Domain, encoder: Encoder, generator: Generator, path: Path, steps: int, count: int = 16
) -> None:
    """Rows of uploads, encoder reconstructions and refined reconstructions."""
    images = data.pictures_of(_portraits(domain, count), 128).to(data.device_of(generator))
    with torch.no_grad():
        first = encoder(images)
    rows = [images]
    for w in (first, _refined(generator, images, first, steps)):
        with torch.no_grad():
            rows.append(seen(generator, w))
    strips = [
        np.concatenate(list(data.to_pictures(row)[k : k + 8]), axis=1)
        for k in range(0, count, 8)
        for row in rows
    ]
    Image.fromarray(np.concatenate(strips, axis=0)).save(path)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train encoder``."""
    parser = arguments("Train a bundle's inversion encoder (e4e's form).", 30, "encoder")
    parser.add_argument("--batch", type=int, default=32, help="pictures a step")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="learning rate")
    parser.add_argument(
        "--measured", type=int, default=256, help="drawings to measure on, with refinement a quarter of them"
    )
    parser.add_argument(
        "--onward", action="store_true", help="go on from the bundle's encoder instead of beginning anew"
    )
    add_width(parser)
    add_drawing(parser)
    options = parser.parse_args(argv)
    if options.bundle is None:
        parser.error("--bundle is needed: the folder of the generator to invert")
    run = start(options)
    generator, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    supply = batches(
        run, partial(draw, domain=run.domain.name, count=options.batch), options.workers, options.reuse
    )
    before = options.bundle / "encoder.safetensors" if options.onward else None
    encoder = train(run, generator, teacher, options.rate, supply, options.width, before)
    contact_sheet(
        run.domain, encoder, generator, run.folder / "sheet.png", 30, count=min(16, options.measured)
    )
    counts = {0: options.measured, 30: max(1, options.measured // 4)}
    found = {
        name: value
        for steps, count in counts.items()
        for name, value in figures(run.domain, encoder, generator, count, steps).items()
    }
    print(found)
    save_weights(encoder, options.bundle / "encoder.safetensors")
    record.write(options.bundle, "encoder", options, run, found, {"width": options.width}, stage=options.name)
    return 0
