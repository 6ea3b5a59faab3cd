"""Train the inversion encoder, in e4e's form; the w of a drawn portrait is known.

The base is supervised in W, which keeps inversions editable. Base and progressively released offsets are also
supervised by the picture that the generator makes of them. Training imitates uploads: shift, zoom, colour,
compression, blur, other backgrounds and, where the domain has them, drawings in random styles, which must be
read by what they show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from editor.inversion.inversion import refine
from editor.inversion.search import InversionSearch
from editor.lab.training import data, domains
from editor.lab.training.batches import supply
from editor.lab.training.bundles import load_generator, load_teacher, save_weights
from editor.lab.training.domain import Domain
from editor.lab.training.generator import importance, picture_loss, save_rows
from editor.lab.training.optim import Average, cosine_decay, set_rate, take_step
from editor.lab.training.portraits import Portraits
from editor.lab.training.precision import autocast, fast_dtype
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.encoder import Encoder
from editor.networks.stylegan2 import Generator

RELEASE_FROM, RELEASE_UNTIL = 0.2, 0.6
"""Offsets are released one after another in this span of the run."""
OFFSET_WEIGHT = 0.02
REFINEMENT_STEPS = 30


@dataclass(frozen=True)
class Drawings:
    """Descriptions [N, P] and drawings, uint8 [N, 128, 128, 3], some of them compressed.

    Some rows (see ``rows_of``) have another background; the last ``randomised`` ones are drawn in random
    styles.
    """

    physical: Tensor
    drawn: Tensor
    randomised: int = 0


@dataclass(frozen=True)
class Batch:
    """Uploads and the w of the portraits they show.

    ``exact`` rows show just what the generator makes of w. The last ``randomised`` rows show the portrait in
    another style; the generator must make its own picture of w, not the upload.
    """

    uploads: Tensor
    w: Tensor
    exact: Tensor
    randomised: int = 0


def rows_of(count: int) -> tuple[slice, slice, slice]:
    """Return the rows of a batch that the generator makes, that are cut out, and that are moved."""
    made, cut, moved = count // 4, count // 4 + count // 8, count // 4 + count // 8 + count // 4
    return slice(0, made), slice(made, cut), slice(cut, moved)


def draw(rng: np.random.Generator, domain: str, count: int) -> Drawings:
    """Return a batch of drawings.

    Three in eight are in random styles, if the domain has them; half of those have a white background.
    """
    known = domains.named(domain)
    portraits, randomised = known.draw(rng, count), 3 * count // 8 if known.render_randomised else 0
    plain = count - randomised // 2
    white = portraits[plain:].replace("background_color", known.key_colours[0])
    portraits = portraits.concat([portraits[:plain], white])
    _, cut, _ = rows_of(count)
    drawn = data.drawings_of(portraits[: count - randomised], 128)
    moved = _with_random_background(portraits[cut], data.as_images(drawn[cut]), rng)
    drawn[cut] = torch.from_numpy(data.to_pictures(moved))
    if known.render_randomised:
        others = known.render_randomised(portraits[count - randomised :], 128, rng)
        drawn = torch.cat([drawn, torch.from_numpy(others)])
    return Drawings(data.physical(portraits), data.compress(drawn, rng, share=0.3), randomised)


def _with_random_background(portraits: Portraits, images: Tensor, rng: np.random.Generator) -> Tensor:
    """Cut out the figure and put it on a smooth random picture.

    Background are the pixels that differ between drawings with two key colours.
    """
    light, dark = (
        data.pictures_of(portraits.replace("background_color", colour), images.shape[-1])
        for colour in domains.of(portraits).key_colours
    )
    figure = ((light - dark).abs().amax(1, keepdim=True) < 0.05).float()
    coarse = torch.from_numpy(rng.uniform(-1, 1, (len(images), 3, 4, 4)).astype(np.float32))
    scene = F.interpolate(coarse, size=images.shape[-2:], mode="bicubic", align_corners=False).clamp(-1, 1)
    return images * figure + scene * (1 - figure)


def make_batch(run: Run, teacher: TeacherMapping, generator: Generator, drawings: Drawings) -> Batch:
    """Let the generator make a quarter of the pictures, and damage all of them."""
    images, rng = data.as_images(drawings.drawn), run.rng(purpose=1)
    made, cut, moved = rows_of(len(images))
    with torch.no_grad():
        w = teacher(drawings.physical)
        images[made] = seen(generator, w[made], fast_dtype(w.device)).clamp(-1, 1)
    exact = torch.ones(len(images), dtype=torch.bool, device=images.device)
    images[moved] = data.move(data.jitter_colour(images[moved], rng, 0.12), rng, shift=0.04, scale=0.06)
    exact[cut] = exact[moved] = False
    images = data.noise(data.soften(images, rng, share=0.3), rng, amount=0.03)
    return Batch(images, w, exact, drawings.randomised)


def seen(generator: Generator, w: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the pictures of w or W+ at the encoder's resolution, [N, 3, 128, 128]."""
    return generator.synthesis(generator.synthesis.styles(w), resolution=128, dtype=dtype)


def loss_of(encoder: Encoder, generator: Generator, batch: Batch, released: int) -> Tensor:
    """Return the loss in W, the offsets' norm, and the loss of the pictures of a quarter of the rows."""
    with autocast(batch.uploads.device):
        base, offsets = encoder.parts(batch.uploads)
    wanted = (batch.w - encoder.w_mean) / encoder.w_std
    weight = torch.where(batch.exact, 1.0, 0.2)[:, None]
    loss = ((base - wanted).square() * weight).mean() + OFFSET_WEIGHT * offsets.square().mean()
    rows = torch.randperm(len(base), device=base.device)[: len(base) // 4]
    made = seen(generator, encoder.assemble(base[rows], offsets[rows], released), fast_dtype(base.device))
    weight = importance(made.shape[-1]).to(made.device)
    return loss + 2.0 * picture_loss(made, _expected(generator, batch, rows), weight)


@torch.no_grad()
def _expected(generator: Generator, batch: Batch, rows: Tensor) -> Tensor:
    """Return what the generator must make of some rows: the upload, or its own picture of a randomised
    one.
    """
    shown, randomised = batch.uploads[rows], rows >= len(batch.w) - batch.randomised
    if bool(randomised.any()):
        shown[randomised] = seen(generator, batch.w[rows[randomised]], fast_dtype(shown.device)).to(shown)
    return shown


def train(
    run: Run,
    encoder: Encoder,
    networks: tuple[Generator, TeacherMapping],
    rate: float,
    batches: Iterator[Drawings],
    all_released: bool,
) -> Encoder:
    """Train the encoder and return it with averaged weights, in eval mode.

    ``all_released``: all offsets take part from the start, for an encoder that was trained before.
    """
    generator, teacher = networks
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
        share = 1.0 if all_released else (fraction - RELEASE_FROM) / (RELEASE_UNTIL - RELEASE_FROM)
        released = round(float(np.clip(share, 0, 1)) * (generator.config.num_ws - 1))
        batch = make_batch(run, teacher, generator, next(batches))
        loss = loss_of(encoder, generator, batch, released)
        take_step(optimizer, loss)
        average.update(encoder, len(batch.w))
        if run.due():
            psnr = mean_psnr(run.domain, encoder, generator, 32, refinement=0)
            run.log(loss=loss.item(), psnr_0_steps=psnr)
    average.copy_to(encoder)
    return encoder.eval().requires_grad_(False)


def _unseen(domain: Domain, count: int) -> Portraits:
    """Return the unseen portraits that inversion is measured on, from the prior."""
    return domain.portraits.from_latent(domain.latents(np.random.default_rng(1_000_081), count))


def mean_psnr(domain: Domain, encoder: Encoder, generator: Generator, count: int, refinement: int) -> float:
    """Return the mean PSNR (dB) of unseen drawings' reconstructions after ``refinement`` steps."""
    was_training, total = encoder.training, 0.0
    encoder.eval()
    portraits, device = _unseen(domain, count), data.device_of(generator)
    for begin in range(0, count, 16):
        images = data.pictures_of(portraits[begin : begin + 16], 128).to(device)
        with torch.no_grad():
            w = encoder(images)
        w = _refined(generator, images, w, refinement) if refinement else w
        with torch.no_grad():
            total += float(data.psnr(seen(generator, w), images).sum())
    encoder.train(was_training)
    return round(total / count, 2)


def _refined(generator: Generator, images: Tensor, w: Tensor, steps: int) -> Tensor:
    """Return W+ [N, num_ws, w_dim] after a search, in the standard deviations of these pictures."""
    w_std = w.reshape(-1, w.shape[-1]).std(0) + 1e-2
    return refine(InversionSearch(generator, images, w_std), w, steps).w


def contact_sheet(domain: Domain, encoder: Encoder, generator: Generator, path: Path, count: int) -> None:
    """Write rows of uploads, of the encoder's reconstructions, and of refined reconstructions."""
    images = data.pictures_of(_unseen(domain, count), 128).to(data.device_of(generator))
    with torch.no_grad():
        first = encoder(images)
    refined = _refined(generator, images, first, REFINEMENT_STEPS)
    with torch.no_grad():
        save_rows([images, seen(generator, first), seen(generator, refined)], path)


def main(run: Run, options: SimpleNamespace) -> None:
    """Train a bundle's inversion encoder."""
    generator, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    encoder = Encoder(generator.config.num_ws, generator.config.w_dim, options.width).to(run.device)
    if options.onward:
        encoder.load_state_dict(load_file(options.bundle / "encoder.safetensors"))
    batches = supply(run, options, draw)
    train(run, encoder, (generator, teacher), options.rate, batches, options.onward)
    contact_sheet(run.domain, encoder, generator, run.folder / "sheet.png", min(16, options.measured))
    figures = {
        f"psnr_{steps}_steps": mean_psnr(run.domain, encoder, generator, count, steps)
        for steps, count in ((0, options.measured), (REFINEMENT_STEPS, max(1, options.measured // 4)))
    }
    save_weights(encoder, options.bundle / "encoder.safetensors")
    run.write_record("encoder", options, figures, {"width": options.width}, stage=options.name)
