"""Batches of drawn portraits as tensors, and the damage that uploads have suffered before they reach us."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from editor.training import domains
from editor.training.portraits import Portraits


def to_tensor(pictures: np.ndarray) -> Tensor:
    """uint8 [N, H, W, 3] -> float32 [N, 3, H, W] in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1.0


def to_pictures(images: Tensor) -> np.ndarray:
    """float [N, 3, H, W] in [-1, 1] -> uint8 [N, H, W, 3]."""
    return ((images.detach().float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def pictures_of(portraits: Portraits, size: int) -> Tensor:
    """The drawn portraits [N, 3, size, size] in [-1, 1]."""
    return to_tensor(domains.of(portraits).render(portraits, size))


def physical(portraits: Portraits) -> Tensor:
    """The physical description [N, P] as a tensor."""
    return torch.from_numpy(portraits.physical())


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def compress(images: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    """A share of the pictures goes through JPEG at quality 25 to 90."""
    pictures = to_pictures(images)
    for index in np.flatnonzero(rng.random(len(pictures)) < share):
        pictures[index] = _jpeg(pictures[index], int(rng.integers(25, 91)))
    return to_tensor(pictures)


def soften(images: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    """A share of the pictures loses its finest detail, as a small upload scaled up or a generator's output has."""
    size = images.shape[-1]
    chosen = torch.from_numpy(rng.random(len(images)) < share)
    if not bool(chosen.any()):
        return images
    small = int(size * rng.uniform(0.4, 0.9))
    blurred = F.interpolate(images, size=(small, small), mode="bilinear", antialias=True, align_corners=False)
    blurred = F.interpolate(blurred, size=(size, size), mode="bicubic", align_corners=False).clamp(-1, 1)
    return torch.where(chosen[:, None, None, None], blurred, images)


def jitter_colour(images: Tensor, rng: np.random.Generator, amount: float) -> Tensor:
    """Brightness, contrast and channel gains vary by up to ``amount`` (0.1 = 10 %)."""
    n = len(images)
    gain = torch.from_numpy(1 + amount * rng.uniform(-1, 1, (n, 3, 1, 1)).astype(np.float32))
    offset = torch.from_numpy(amount * rng.uniform(-1, 1, (n, 1, 1, 1)).astype(np.float32))
    return (images * gain + offset).clamp(-1, 1)


def noise(images: Tensor, rng: np.random.Generator, amount: float) -> Tensor:
    """Gaussian pixel noise of a standard deviation up to ``amount`` (in [-1, 1] units), per picture."""
    scale = torch.from_numpy(amount * rng.random((len(images), 1, 1, 1)).astype(np.float32))
    grain = torch.from_numpy(rng.standard_normal(images.shape, dtype=np.float32))
    return (images + scale * grain).clamp(-1, 1)


def move(images: Tensor, rng: np.random.Generator, shift: float, scale: float) -> Tensor:
    """Shift by up to ``shift`` of the side and zoom by up to ``scale``, edges continued."""
    n = len(images)
    theta = torch.zeros(n, 2, 3)
    zoom = torch.from_numpy((1 + scale * rng.uniform(-1, 1, n)).astype(np.float32))
    theta[:, 0, 0] = theta[:, 1, 1] = zoom
    theta[:, :, 2] = torch.from_numpy((2 * shift * rng.uniform(-1, 1, (n, 2))).astype(np.float32))
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio per picture [N], dB, of images in [-1, 1]."""
    error = ((a.float().clamp(-1, 1) - b.float().clamp(-1, 1)) / 2).square().mean(dim=(1, 2, 3))
    return -10.0 * torch.log10(error.clamp_min(1e-10))
