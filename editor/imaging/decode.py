"""Opening pictures that strangers send: bounded before anything is decoded, upright, sRGB, flat, still."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from editor.api.errors import BadPicture, PictureTooLarge

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""Decided by content; a file's name and stated type play no part."""
LEAST_SIDE = 32


@dataclass(frozen=True)
class Limits:
    """``bytes`` of the file, ``pixels`` of the picture (50 megapixels by default)."""

    bytes: int = 20 * 1024 * 1024
    pixels: int = 50_000_000


@dataclass(frozen=True)
class Decoded:
    """``pixels``: uint8 RGB [H, W, 3], upright sRGB. ``warnings``: animated, alpha-flattened, profile-converted."""

    pixels: np.ndarray
    warnings: tuple[str, ...]


STORED_LIMITS = Limits(bytes=160 * 1024 * 1024)
"""Of pictures that the editor gave out itself: of so many pixels a lossless file may be far larger than the upload was."""


def decode(data: bytes, limits: Limits | None = None) -> Decoded:
    """Open an encoded picture. Raises BadPicture or PictureTooLarge with a sentence for the user."""
    limits = limits or Limits()
    if len(data) > limits.bytes:
        raise PictureTooLarge(
            f"This file is too large: {_megabytes(len(data))} MB, and I take up to {_megabytes(limits.bytes)} MB.",
            reason="bytes",
            megabytes=_megabytes(len(data)),
            most=_megabytes(limits.bytes),
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = _open(data)
        _check_size(image, limits)
        notes = ["animated"] if getattr(image, "n_frames", 1) > 1 else []
        try:
            image.load()
            ImageOps.exif_transpose(
                image, in_place=True
            )  # no copy: a large picture takes four bytes a pixel here
            flat = _to_rgb(image, notes)
        except (
            OSError,
            SyntaxError,
            ValueError,
            EOFError,
            MemoryError,
            Image.DecompressionBombError,
        ) as error:
            sentence = "This picture is damaged or cut off; I could not read it to the end."
            raise BadPicture(sentence, reason="damaged") from error
    return Decoded(np.array(flat), tuple(notes))


def _megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:.1f}".removesuffix(".0")


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureTooLarge("This picture is too large: it has far too many pixels for me.") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadPicture(
            "This file is not a picture that I can open. PNG, JPEG, WebP and GIF work."
        ) from error


def _check_size(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.pixels:
        most = limits.pixels // 1_000_000
        raise PictureTooLarge(
            f"This picture is too large: {width} × {height} pixels, and I take up to {most} megapixels.",
            reason="pixels",
            width=width,
            height=height,
            most=most,
        )
    if min(width, height) < LEAST_SIDE:
        raise BadPicture(
            f"This picture is too small: {width} × {height} pixels. Please send one of at least {LEAST_SIDE} × {LEAST_SIDE}.",
            reason="too-small",
            width=width,
            height=height,
            least=LEAST_SIDE,
        )


def _to_rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _from_deep_grey(image)
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = _flatten(image.convert("RGBA"), notes)
    if profile:
        image = _to_srgb(image, profile, notes)
    return image if image.mode == "RGB" else image.convert("RGB")


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16- or 32-bit grey to 8 bits: by the full range of 16 bits, or by the picture's own range beyond that."""
    values = np.asarray(image).astype(np.float64)
    low, high = (
        (0.0, 65535.0)
        if values.min() >= 0 and 255 < values.max() <= 65535
        else (0.0, max(255.0, float(values.max())))
    )
    return Image.fromarray(
        np.clip((values - low) / (high - low) * 255.0, 0, 255).round().astype(np.uint8), "L"
    )


def _flatten(image: Image.Image, notes: list[str]) -> Image.Image:
    low, _ = image.getchannel("A").getextrema()
    if isinstance(low, int | float) and low < 255:
        notes.append("alpha-flattened")
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken profile is no reason to refuse the picture
    if converted is None:
        return image
    notes.append("profile-converted")
    return converted
