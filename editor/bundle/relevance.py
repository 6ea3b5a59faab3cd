"""Relevance of every StyleSpace channel to a text-image model, by gradients.

StyleCLIP (Patashnik et al. 2021, arXiv 2103.17249, section 6) moves each channel by five standard deviations
either way and looks at both pictures: two passes for every channel of every picture. A vector-Jacobian
product pulls a direction of the text-image space back through the model and the generator, and gives the
slope of all channels along it at once. So a picture takes as many backward passes as the space has
dimensions, or fewer: any orthonormal set of directions sees a share of every channel's effect, and another
picture's set sees another share. ``docs/directions.md`` compares the two.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle.text_image import TextImage
from editor.device import memory
from editor.networks.generators import Generator, sample_w

TRUNCATION = 0.7
"""Truncation of the pictures that channels are measured on, as published."""
SAMPLES = 20_000
"""Most styles that the statistics are taken over."""
MAX_PICTURES = 1000
"""All pictures are the first of this many, so that a larger count extends a smaller one."""
MAX_ROWS = 16
"""Copies of a picture that are pulled back at once on a GPU."""


@torch.no_grad()
def picture_styles(generator: Generator, count: int, seed: int = 0) -> Tensor:
    """Return the styles [count, C] of the pictures that channels are measured on."""
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(max(count, MAX_PICTURES), generator.config.z_dim, generator=rng)[:count]
    return generator.synthesis.styles(generator.mapping(z.to(generator.mapping.w_avg.device), TRUNCATION))


@torch.no_grad()
def styles_of_w(generator: Generator, w: Tensor) -> Tensor:
    """W [N, w_dim] -> StyleSpace [N, C], in parts."""
    return torch.cat([generator.synthesis.styles(part) for part in w.split(2000)])


def style_statistics(styles: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation [C] of styles [N, C], as in the published code."""
    return styles.mean(0), styles.std(0, correction=0)


@torch.no_grad()
def sampled_statistics(generator: Generator, truncation: float = TRUNCATION) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation [C] of StyleSpace over W, truncated as published."""
    w = sample_w(generator, SAMPLES // 2, 5, truncation)
    return style_statistics(styles_of_w(generator, w))


def clip_resolution(generator: Generator, clip: TextImage) -> int:
    """Return the generator's smallest resolution that is not below the text-image model's input."""
    side, full = getattr(clip, "side", 128), generator.config.resolution
    return min(full, 2 ** (side - 1).bit_length())


def random_probes(dim: int, count: int | None, rng: torch.Generator) -> Tensor:
    """Draw ``count`` random orthonormal directions [count, dim]; the identity for ``dim`` or more."""
    if count is None or count >= dim:
        return torch.eye(dim)
    return torch.linalg.qr(torch.randn(dim, count, generator=rng))[0].t().contiguous()


def picture_probes(number: int, dim: int, count: int | None, seed: int = 0) -> Tensor:
    """Return the probes [K, dim] of picture ``number``.

    They depend on nothing else, so that work can be resumed.
    """
    return random_probes(dim, count, torch.Generator().manual_seed(seed * MAX_PICTURES + number))


@torch.enable_grad()
def pull_back(
    generator: Generator, clip: TextImage, styles: Tensor, directions: Tensor, resolution: int
) -> Tensor:
    """Return the slope [K, C] of a picture's embedding along each direction as each channel grows.

    ``styles`` [C] are the picture's, ``directions`` [K, D] those of the text-image space. It takes one
    forward pass and K backward passes. On a GPU, several copies of the picture take one of each together.
    """
    if (rows := _rows_at_once(generator, resolution, styles.device)) > 1:
        parts = directions.split(rows)
        return torch.cat([_pull_back_together(generator, clip, styles, part, resolution) for part in parts])
    at = styles[None].detach().clone().requires_grad_(True)
    embedding = clip.encode_image(generator.synthesis(at, resolution).clamp(-1, 1))[0]
    return torch.stack(
        [torch.autograd.grad(embedding @ one, at, retain_graph=True)[0][0] for one in directions]
    )


def _pull_back_together(
    generator: Generator, clip: TextImage, styles: Tensor, directions: Tensor, resolution: int
) -> Tensor:
    """Pull back with one forward and one backward pass of K copies of the picture.

    This is more work, but a GPU mostly waits when it is given one small picture after the other.
    """
    at = styles.detach().repeat(len(directions), 1).requires_grad_(True)
    embeddings = clip.encode_image(generator.synthesis(at, resolution).clamp(-1, 1))
    return torch.autograd.grad((embeddings * directions).sum(), at)[0]


def _rows_at_once(generator: Generator, resolution: int, device: torch.device) -> int:
    """Return how many copies of a picture to draw at once: 1 on a CPU, what fits on a GPU."""
    if device.type == "cpu":
        return 1
    one = memory.needed(generator, 1, memory.MemoryPlan(resolution))
    return max(1, min(MAX_ROWS, int(memory.available(device) / one)))


def relevance_by_gradients(
    generator: Generator, clip: TextImage, styles: Tensor, found: Tensor, resolution: int
) -> Tensor:
    """Return the relevance [C, D] of every channel in the picture of ``styles`` [C], as the probes [K, D] see
    it.

    Rows have unit length, or are zero for channels that do nothing.
    """
    return unit_rows(pull_back(generator, clip, styles, found, resolution).t() @ found)


def unit_rows(rows: Tensor, least: float = 1e-12) -> Tensor:
    """Scale each row to length 1; a row shorter than ``least`` says nothing and becomes zero."""
    length = rows.norm(dim=-1, keepdim=True)
    return torch.where(length > least, F.normalize(rows, dim=-1, eps=least), torch.zeros_like(rows))
