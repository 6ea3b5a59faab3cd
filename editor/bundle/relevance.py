"""What every StyleSpace channel does in the eyes of a text-image model, by gradients: a bank for any generator at little cost.

StyleCLIP (Patashnik et al. 2021, arXiv 2103.17249, section 6) moves each channel by five deviations either way and looks at both
pictures: two passes for every channel of every picture. Pulling a direction of the text-image space back through model and
generator (a vector-Jacobian product) tells what all channels do for it at once, so that one picture takes as many backward
passes as the space has dimensions, or fewer: any orthonormal set of directions sees a share of every channel's effect, and
another set for each picture sees another share. ``docs/directions.md`` holds the two against each other.
"""

from __future__ import annotations

import torch
from torch import Tensor

from editor.device import memory
from editor.networks.generators import Generator
from editor.networks.text_image_model import TextImageModel

TRUNCATION = 0.7
"""Of the pictures on which channels are looked at, as published."""
SAMPLES = 20_000
"""Styles that their statistics are taken over, at most."""
MOST_PICTURES = 1000
"""Pictures are the first of so many, so that more of them begin with the same ones."""
MOST_ROWS = 16
"""Equal pictures that are pulled back at once on a GPU."""


@torch.no_grad()
def pictures(generator: Generator, count: int, seed: int = 0) -> Tensor:
    """Styles [count, C] of the pictures that are looked at: the same first ones whatever the count."""
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(max(count, MOST_PICTURES), generator.config.z_dim, generator=rng)[:count]
    return generator.synthesis.styles(generator.mapping(z.to(generator.mapping.w_avg.device), TRUNCATION))


@torch.no_grad()
def styles_of(generator: Generator, w: Tensor) -> Tensor:
    """W [N, w_dim] -> StyleSpace [N, C], a part at a time."""
    return torch.cat([generator.synthesis.styles(part) for part in w.split(2000)])


def of_styles(styles: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation [C] of styles [N, C], as the published code has them."""
    return styles.mean(0), styles.std(0, correction=0)


@torch.no_grad()
def measured_statistics(generator: Generator) -> tuple[Tensor, Tensor]:
    """Mean and deviation of StyleSpace [C], as the published ones are: over W truncated to 0.7."""
    z = torch.randn(SAMPLES // 2, generator.config.z_dim, generator=torch.Generator().manual_seed(5))
    z = z.to(generator.mapping.w_avg.device)
    return of_styles(
        styles_of(generator, torch.cat([generator.mapping(part, TRUNCATION) for part in z.split(2000)]))
    )


def seen_resolution(generator: Generator, clip: TextImageModel) -> int:
    """The generator's least resolution that is no smaller than what the text-image model sees."""
    side, full = getattr(clip, "side", 128), generator.config.resolution
    return min(full, 2 ** (side - 1).bit_length())


def probes(dim: int, count: int | None, rng: torch.Generator) -> Tensor:
    """``count`` orthonormal directions [count, dim], drawn at random; all of them, in their order, where that is not fewer."""
    if count is None or count >= dim:
        return torch.eye(dim)
    return torch.linalg.qr(torch.randn(dim, count, generator=rng))[0].t().contiguous()


@torch.enable_grad()
def pulled_back(
    generator: Generator, clip: TextImageModel, styles: Tensor, directions: Tensor, resolution: int
) -> Tensor:
    """How fast the embedding of the picture of ``styles`` [C] goes in each of ``directions`` [K, D] as each channel grows:
    [K, C], of one forward pass and K backward ones; on a GPU of one each for several rows of the same picture at once."""
    if (rows := _rows_at_once(generator, resolution, styles.device)) > 1:
        parts = directions.split(rows)
        return torch.cat([_pulled_together(generator, clip, styles, part, resolution) for part in parts])
    at = styles[None].detach().clone().requires_grad_(True)
    embedding = clip.encode_image(generator.synthesis(at, resolution).clamp(-1, 1))[0]
    return torch.stack(
        [torch.autograd.grad(embedding @ one, at, retain_graph=True)[0][0] for one in directions]
    )


def _pulled_together(
    generator: Generator, clip: TextImageModel, styles: Tensor, directions: Tensor, resolution: int
) -> Tensor:
    """``pulled_back`` by one pass there and back of K equal pictures, one for each direction: more work, but a GPU that is given
    one small picture after the other mostly waits."""
    at = styles.detach().repeat(len(directions), 1).requires_grad_(True)
    embeddings = clip.encode_image(generator.synthesis(at, resolution).clamp(-1, 1))
    return torch.autograd.grad((embeddings * directions).sum(), at)[0]


def _rows_at_once(generator: Generator, resolution: int, device: torch.device) -> int:
    """How many equal pictures are worth drawing at once, and fit: 1 on a CPU."""
    if device.type == "cpu":
        return 1
    one = memory.needed(generator, 1, memory.Plan(resolution))
    return max(1, min(MOST_ROWS, int(memory.room(device) / one)))


def rows_by_gradients(
    generator: Generator, clip: TextImageModel, styles: Tensor, found: Tensor, resolution: int
) -> Tensor:
    """Unit relevance [C, D] of every channel in the picture of ``styles`` [C], as far as the probes ``found`` [K, D] see it;
    zero where nothing happens."""
    return unit(pulled_back(generator, clip, styles, found, resolution).t() @ found)


def unit(rows: Tensor, least: float = 1e-12) -> Tensor:
    """Each row at length 1; zero where it is shorter than ``least``, which says nothing."""
    length = rows.norm(dim=-1, keepdim=True)
    return torch.where(length > least, rows / length.clamp_min(least), torch.zeros_like(rows))


def probes_of(number: int, dim: int, count: int | None, seed: int = 0) -> Tensor:
    """The probes [K, dim] of picture ``number``; of its number alone, so that what was interrupted goes on as it would have."""
    return probes(dim, count, torch.Generator().manual_seed(seed * MOST_PICTURES + number))
