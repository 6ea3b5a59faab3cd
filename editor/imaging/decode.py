"""Decoding of untrusted pictures: bounded in work and memory, upright, sRGB, without alpha, first frame
only."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from editor.api.decoding_cost import TooCostly, check_decoding_cost, png_chunks
from editor.api.errors import BadPicture, PictureTooLarge
from editor.imaging.png_colour import png_profile

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
"""Formats that are opened. The content decides; the file's name and its stated type do not matter."""
ANIMATED = ("PNG", "WEBP", "AVIF", "GIF")
"""Formats whose further frames are an animation. In others they are pages, or a phone's second picture."""
UNSUPPORTED = {
    b"ftyphei": "HEIC",
    b"ftyphev": "HEIC",
    b"ftypmif1": "HEIC",
    b"ftypmsf1": "HEIC",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
}
"""First bytes, those of the size in front of "ftyp" apart, of known formats that cannot be opened."""
MIN_SIDE = 32
MIB = 1024 * 1024
PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Transposition that makes a picture of each EXIF orientation upright."""


@dataclass(frozen=True)
class Limits:
    """Largest file in bytes and largest picture in pixels."""

    bytes: int = 20 * MIB
    pixels: int = 50_000_000


@dataclass(frozen=True)
class Decoded:
    """``pixels``: uint8 RGB [H, W, 3], upright sRGB.

    ``warnings``: animated, alpha-flattened, profile-converted.
    """

    pixels: np.ndarray
    warnings: tuple[str, ...]


STORED_LIMITS = Limits(bytes=160 * MIB)
"""Limits for pictures that the editor encoded itself: a lossless file may be far larger than the upload
was."""


def decode(data: bytes, limits: Limits | None = None) -> Decoded:
    """Decode a picture. Raises BadPicture or PictureTooLarge with a sentence for the user."""
    limits = limits or Limits()
    if len(data) > limits.bytes:
        size, most = _in_megabytes(len(data)), _in_megabytes(limits.bytes)
        raise PictureTooLarge(
            f"This file is too large: {size} MB, and I take up to {most} MB.",
            reason="bytes",
            megabytes=size,
            most=most,
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = _open(data)
        _check_size(image, limits)
        notes: list[str] = []
        try:
            profile = png_profile(data) if image.format == "PNG" else None
            pixels = np.array(_to_rgb(image, profile, notes))
        except Exception as error:  # decoders raise whatever a damaged file makes of them
            sentence = "This picture is damaged or cut off; I could not read it to the end."
            raise BadPicture(sentence, reason="damaged") from error
    return Decoded(pixels, tuple(notes))


def _in_megabytes(count: int) -> str:
    return f"{count / MIB:.1f}".removesuffix(".0")


def _open(data: bytes) -> Image.Image:
    for start, name in UNSUPPORTED.items():
        if data.startswith(start) or (start.startswith(b"ftyp") and data[4:].startswith(start)):
            raise BadPicture(
                f"This is a {name} picture, which I cannot open. Please save it as JPEG or PNG and send "
                "that.",
                reason="unsupported",
                format=name,
            )
    try:
        check_decoding_cost(data)
        if data.startswith(b"\x89PNG") and not data.endswith(PNG_END):
            end = max((end + 4 for _, _, end in png_chunks(data)), default=0)
            data = data[:end] + PNG_END  # without its end, all pixels may still be there
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except TooCostly as error:
        raise BadPicture(
            "This picture is stored in a way that takes too long to open. Please save it anew and send that.",
            reason="too-complex",
        ) from error
    except Image.DecompressionBombError as error:
        raise PictureTooLarge("This picture is too large: it has far too many pixels for me.") from error
    except UnidentifiedImageError as error:
        raise BadPicture(
            "This file is not a picture that I can open. PNG, JPEG, WebP, AVIF and GIF work."
        ) from error
    except Exception as error:  # decoders raise whatever a damaged file makes of them
        raise BadPicture("This picture is damaged; I could not read it.", reason="damaged") from error


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
    if min(width, height) < MIN_SIDE:
        raise BadPicture(
            f"This picture is too small: {width} × {height} pixels. Please send one of at least {MIN_SIDE} "
            f"× {MIN_SIDE}.",
            reason="too-small",
            width=width,
            height=height,
            least=MIN_SIDE,
        )


def _to_rgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Load the first frame and bring it to upright sRGB. Codes for the user are added to ``notes``.

    ``profile`` is the ICC profile of a PNG's colour chunks.
    """
    if image.format in ANIMATED and _is_animated(image):
        notes.append("animated")
    tiles = getattr(image, "tile", ())
    frame = tiles[0].extents if image.format == "GIF" and tiles else None
    turn = TURNS.get(_orientation(image))
    image.load()
    stated = image.info.get("icc_profile")
    image, alpha = _split_alpha(image, frame)
    if profile is not None:
        image = _to_srgb(image.convert("RGB"), profile, notes)
    elif stated:
        image = _to_srgb(image, stated, notes)
    image = image if image.mode == "RGB" else image.convert("RGB")  # a large copy is avoided
    if alpha is not None and alpha.getextrema() != (255, 255):
        notes.append("alpha-flattened")
        image = Image.composite(image, Image.new("RGB", image.size, "white"), alpha)
    return image if turn is None else image.transpose(turn)


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # the second frame is damaged; the first may be sound
        return True


def _orientation(image: Image.Image) -> int:
    """Read the orientation from EXIF alone, as browsers do. Pillow itself turns TIFFs."""
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        return int(exif.get(ORIENTATION, 1))
    except Exception:  # broken metadata is no reason to refuse a picture
        return 1


def _split_alpha(
    image: Image.Image, frame: tuple[int, int, int, int] | None
) -> tuple[Image.Image, Image.Image | None]:
    """Separate the colours of a picture, in their own space, from its opacity.

    ``frame`` is the part of a GIF's canvas that the first frame covers; the rest is transparent.
    """
    transparent = image.info.get("transparency")
    alpha = None
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.asarray(image)
        if isinstance(transparent, int):
            alpha = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
        image = _to_8_bits(values, sixteen=image.mode.startswith("I;16"))
    elif image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or transparent is not None:
        grey = image.mode in ("L", "LA", "La", "1")
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if grey else "RGB")
    elif image.mode == "P":
        image = image.convert("RGB")
    if frame is not None and frame != (0, 0, *image.size):
        covered = Image.new("L", image.size, 0)
        covered.paste(255 if alpha is None else alpha.crop(frame), frame)
        alpha = covered
    return image, alpha


def _to_8_bits(values: np.ndarray, sixteen: bool) -> Image.Image:
    """Scale deep grey [H, W] to 8 bits.

    16-bit files use their full range. The range of others is not known: it is 1, 255 or 65535, whichever
    holds the values, or their own maximum beyond that.
    """
    high = 65535.0
    if not sixteen:
        most = float(np.nanmax(values))
        fractions = np.issubdtype(values.dtype, np.floating)
        high = next((end for end in (1.0, 255.0, 65535.0) if most <= end and (fractions or end > 1)), most)
    scaled = np.nan_to_num(values * np.float32(255.0 / high))
    return Image.fromarray(np.clip(scaled, 0, 255).round().astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken profile is no reason to refuse a picture
    if converted is None:
        return image
    notes.append("profile-converted")
    return converted
