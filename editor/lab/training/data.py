"""Drawn portraits as tensors, and the kinds of damage that uploads have."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from editor.lab.training import domains
from editor.lab.training.portraits import Portraits


def to_tensor(pictures: np.ndarray) -> Tensor:
    """uint8 [N, H, W, 3] -> float32 [N, 3, H, W] in [-1, 1]."""
    return as_images(torch.from_numpy(np.ascontiguousarray(pictures)))


def as_images(pictures: Tensor) -> Tensor:
    """uint8 [N, H, W, 3] -> float32 [N, 3, H, W] in [-1, 1], on the same device."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1.0


def to_pictures(images: Tensor) -> np.ndarray:
    """float [N, 3, H, W] in [-1, 1] -> uint8 [N, H, W, 3]."""
    levels = ((images.detach().float().clamp(-1, 1) + 1) * 127.5).round().byte()
    return levels.permute(0, 2, 3, 1).cpu().numpy()


def drawings_of(portraits: Portraits, size: int) -> Tensor:
    """Draw portraits as uint8 [N, size, size, 3]."""
    return torch.from_numpy(np.ascontiguousarray(domains.of(portraits).render(portraits, size)))


def pictures_of(portraits: Portraits, size: int) -> Tensor:
    """Draw portraits as images [N, 3, size, size] in [-1, 1]."""
    return as_images(drawings_of(portraits, size))


def physical(portraits: Portraits) -> Tensor:
    """Return the physical description [N, P] as a tensor."""
    return torch.from_numpy(portraits.physical())


def device_of(module: nn.Module) -> torch.device:
    """Return the device of a network."""
    return next(module.parameters()).device


def shrunk(images: Tensor, size: int) -> Tensor:
    """Reduce images [N, 3, H, W] to ``size`` pixels by averaging."""
    return images if images.shape[-1] == size else F.interpolate(images, size=(size, size), mode="area")


def compress(pictures: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    """Compress a share of the pictures, uint8 [N, H, W, 3], as JPEG of quality 25 to 90."""
    found = pictures.numpy().copy()
    for index in np.flatnonzero(rng.random(len(found)) < share):
        buffer = io.BytesIO()
        Image.fromarray(found[index]).save(buffer, "JPEG", quality=int(rng.integers(25, 91)))
        found[index] = np.asarray(Image.open(buffer))
    return torch.from_numpy(found)


def _uniform(rng: np.random.Generator, low: float, high: float, like: Tensor, *shape: int) -> Tensor:
    return torch.from_numpy(rng.uniform(low, high, shape).astype(np.float32)).to(like.device)


def soften(images: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    """Remove the finest detail from a share of the images, as in enlarged or generated pictures."""
    size = images.shape[-1]
    chosen = (_uniform(rng, 0, 1, images, len(images), 1, 1, 1)) < share
    small = int(size * rng.uniform(0.4, 0.9))
    blurred = F.interpolate(images, size=(small, small), mode="bilinear", antialias=True, align_corners=False)
    blurred = F.interpolate(blurred, size=(size, size), mode="bicubic", align_corners=False).clamp(-1, 1)
    return torch.where(chosen, blurred, images)


def jitter_colour(images: Tensor, rng: np.random.Generator, amount: float) -> Tensor:
    """Vary brightness, contrast and channel gains by up to ``amount`` (0.1 = 10 %)."""
    n = len(images)
    gain = 1 + _uniform(rng, -amount, amount, images, n, 3, 1, 1)
    return (images * gain + _uniform(rng, -amount, amount, images, n, 1, 1, 1)).clamp(-1, 1)


def noise(images: Tensor, rng: np.random.Generator, amount: float) -> Tensor:
    """Add Gaussian noise of a standard deviation up to ``amount`` (images are in [-1, 1])."""
    source = torch.Generator(images.device).manual_seed(int(rng.integers(2**62)))
    grain = torch.randn(images.shape, generator=source, device=images.device)
    return (images + _uniform(rng, 0, amount, images, len(images), 1, 1, 1) * grain).clamp(-1, 1)


def move(images: Tensor, rng: np.random.Generator, shift: float, scale: float) -> Tensor:
    """Shift by up to ``shift`` of the side and zoom by up to ``scale``; edges are continued."""
    n = len(images)
    theta = images.new_zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 + _uniform(rng, -scale, scale, images, n)
    theta[:, :, 2] = _uniform(rng, -2 * shift, 2 * shift, images, n, 2)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio (dB) of each image in [-1, 1]: [N]."""
    error = ((a.float().clamp(-1, 1) - b.float().clamp(-1, 1)) / 2).square().mean(dim=(1, 2, 3))
    return -10.0 * torch.log10(error.clamp_min(1e-10))
