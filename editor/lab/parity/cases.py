"""What is compared: every published layout that can be imported, in small, and the largest once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NETWORK, IMAGE, ENLARGED = 1e-4, 1e-3, 5e-4
"""Largest difference allowed of a network's answer, of a picture in [-1, 1], and of an answer behind something that enlarges
rounding: pictures cut down to 256 levels in between, where a value near a step falls to the next level on one side only; and
networks that are run again on their own answer."""
REPOSITORIES = {
    "stylegan2-ada-pytorch": "NVlabs/stylegan2-ada-pytorch",
    "stylegan3": "NVlabs/stylegan3",
    "stylegan2-pytorch": "rosinality/stylegan2-pytorch",
    "encoder4editing": "omertov/encoder4editing",
    "pixel2style2pixel": "eladrich/pixel2style2pixel",
    "restyle-encoder": "yuval-alaluf/restyle-encoder",
    "StyleCLIP": "orpatashnik/StyleCLIP",
    "CLIP": "openai/CLIP",
}
"""Folders that the one of ``--published`` must hold, and where they are published."""


@dataclass(frozen=True)
class Case:
    """One checkpoint made by the published code in ``repository`` and read by ours as ``kind``.

    ``make`` names the function that makes it, ``options`` go to it. ``large`` cases run with ``--large`` only.
    """

    name: str
    repository: str
    kind: str
    make: str
    options: dict[str, Any] = field(default_factory=dict)
    large: bool = False


def _ada(name: str, architecture: str, resolution: int = 64, labels: int = 0, **more: Any) -> Case:
    options = {
        "architecture": architecture,
        "resolution": resolution,
        "labels": labels,
        "depth": 3,
        "base": 4096,
        "most": 128,
    }
    extra = {"large": more.pop("large", False)}
    return Case(name, "stylegan2-ada-pytorch", "nvidia", "ada", options | more, **extra)


def _encoder(name: str, repository: str, kind: str, **options: Any) -> Case:
    """``double``: both compute in double precision, since each step takes up what the one before rounded, and enlarges it."""
    return Case(name, repository, kind, "encoder", {"size": 32, **options})


TEXTS = ("a smiling face", "a person with blonde hair", "the café, isn't it 12!", "x " * 100)
"""What text towers are given."""
SMALL_CLIP = {
    "dim": 512,
    "side": 64,
    "patch": 16,
    "width": 64,
    "depth": 2,
    "narrow": 64,
    "text_depth": 2,
    "words": 49408,
}
OPTIMIZER_CLIP = SMALL_CLIP | {"side": 224, "patch": 32}
"""The optimizer always shows 224 pixels."""
SMALL_GAN = {"resolution": 16, "width": 32, "depth": 2, "base": 128, "most": 8}
OTHER_GAN = {"resolution": 32, "width": 48, "depth": 3, "base": 256, "most": 12}
PICTURES, SAMPLES, TRUNCATION = 3, 50, 0.7
"""Of the global direction: pictures that each channel is measured on, and how many styles give mean and deviation."""
THRESHOLD, EDIT_STRENGTH = 0.05, 3.0
SMALL = {"resolution": 32, "base": 512, "most": 32, "width": 32}
REAL_CLIP = {
    "dim": 512,
    "side": 224,
    "width": 768,
    "depth": 12,
    "narrow": 512,
    "text_depth": 12,
    "words": 49408,
}
REAL_B32 = REAL_CLIP | {"patch": 32}


def _directions(
    name: str, slips: bool = False, levels: bool = False, large: bool = False, **more: Any
) -> Case:
    """``levels``: pictures are cut down to 256 levels before CLIP sees them, as published."""
    options = {"slips": slips, "levels": levels, "generator": SMALL_GAN, "clip": SMALL_CLIP}
    options |= {"target": TEXTS[1], "neutral": "a person"}
    return Case(name, "StyleCLIP", "directions", "directions", options | more, large=large)


CASES = (
    _ada("ada, skip, 32 px, narrow", "skip", **SMALL),
    _ada("ada, resnet, 32 px, narrow, labels", "resnet", labels=3, **SMALL),
    _ada("ada, orig, 32 px, narrow", "orig", **SMALL),
    _ada("ada, skip, 256 px, 8 mapping layers", "skip", resolution=256, depth=8, base=16384, most=512),
    _ada("ada, resnet, 128 px, labels", "resnet", resolution=128, labels=10),
    _ada(
        "ada, skip, 1024 px (FFHQ's layout)",
        "skip",
        resolution=1024,
        depth=8,
        base=32768,
        most=512,
        large=True,
    ),
    Case(
        "stylegan3's StyleGAN2, 64 px",
        "stylegan3",
        "nvidia",
        "second_in_third",
        {"resolution": 64, "base": 4096, "most": 128},
    ),
    Case(
        "StyleGAN3-T, 32 px, narrow",
        "stylegan3",
        "nvidia",
        "third",
        {"variant": "t", "resolution": 32, "base": 512, "most": 16, "width": 32, "labels": 0},
    ),
    Case(
        "StyleGAN3-R, 32 px, narrow, labels",
        "stylegan3",
        "nvidia",
        "third",
        {"variant": "r", "resolution": 32, "base": 512, "most": 16, "width": 32, "labels": 2},
    ),
    Case(
        "StyleGAN3-T, 256 px",
        "stylegan3",
        "nvidia",
        "third",
        {"variant": "t", "resolution": 256, "base": 16384, "most": 256, "width": 512, "labels": 0},
    ),
    Case(
        "first StyleGAN2 (TensorFlow), 64 px, read by stylegan3",
        "stylegan3",
        "nvidia",
        "first",
        {"resolution": 64, "architecture": "skip"},
    ),
    Case(
        "first StyleGAN2 (TensorFlow), resnet, read by stylegan3",
        "stylegan3",
        "nvidia",
        "first",
        {"resolution": 64, "architecture": "resnet"},
    ),
    Case(
        "rosinality, 16 px",
        "stylegan2-pytorch",
        "rosinality",
        "rosinality",
        {"size": 16, "width": 32, "multiplier": 1},
    ),
    Case(
        "rosinality, 256 px",
        "stylegan2-pytorch",
        "rosinality",
        "rosinality",
        {"size": 256, "width": 512, "multiplier": 2},
    ),
    _encoder("e4e", "encoder4editing", "e4e", type="Encoder4Editing"),
    _encoder("pSp", "pixel2style2pixel", "psp", type="GradualStyleEncoder"),
    _encoder(
        "pSp into W",
        "pixel2style2pixel",
        "psp",
        type="BackboneEncoderUsingLastLayerIntoW",
        learn_in_w=True,
        size=8,
    ),
    _encoder(
        "pSp into W+ by one layer",
        "pixel2style2pixel",
        "psp",
        type="BackboneEncoderUsingLastLayerIntoWPlus",
        size=8,
    ),
    _encoder(
        "ReStyle over pSp, 3 steps", "restyle-encoder", "restyle", type="BackboneEncoder", steps=3, size=8
    ),
    _encoder(
        "ReStyle over pSp, 3 steps, double precision",
        "restyle-encoder",
        "restyle",
        type="BackboneEncoder",
        steps=3,
        size=8,
        double=True,
    ),
    _encoder(
        "ReStyle over pSp's pyramid, 2 steps",
        "restyle-encoder",
        "restyle",
        type="GradualStyleEncoder",
        steps=2,
    ),
    _encoder(
        "ReStyle over e4e, 3 steps",
        "restyle-encoder",
        "restyle",
        type="ProgressiveBackboneEncoder",
        steps=3,
        size=8,
    ),
    _encoder(
        "ReStyle over e4e, ResNet34, 3 steps",
        "restyle-encoder",
        "restyle",
        type="ResNetProgressiveBackboneEncoder",
        steps=3,
        size=8,
    ),
    Case(
        "mapper, three levels",
        "StyleCLIP",
        "mapper",
        "mapper",
        {"type": "LevelsMapper", "without": [], "size": 64},
    ),
    Case(
        "mapper, without fine",
        "StyleCLIP",
        "mapper",
        "mapper",
        {"type": "LevelsMapper", "without": ["fine"], "size": 64},
    ),
    Case(
        "mapper, one for all rows",
        "StyleCLIP",
        "mapper",
        "mapper",
        {"type": "SingleMapper", "without": [], "size": 64},
    ),
    Case(
        "mapper in StyleSpace (1024 px)",
        "StyleCLIP",
        "mapper",
        "mapper",
        {"type": "styles", "without": []},
        large=True,
    ),
    Case("CLIP, two layers", "CLIP", "clip", "clip", SMALL_CLIP),
    Case("CLIP, two layers, half precision", "CLIP", "clip", "clip", SMALL_CLIP | {"half": True}),
    Case("CLIP ViT-B/32", "CLIP", "clip", "clip", REAL_B32, large=True),
    Case("CLIP ViT-B/16", "CLIP", "clip", "clip", REAL_CLIP | {"patch": 16}, large=True),
    Case(
        "CLIP ViT-L/14",
        "CLIP",
        "clip",
        "clip",
        REAL_CLIP | {"dim": 768, "patch": 14, "width": 1024, "depth": 24, "narrow": 768},
        large=True,
    ),
    _directions("global direction, 16 px", levels=True),
    _directions("global direction, 16 px, as published", slips=True, levels=True),
    _directions("global direction, 16 px, pictures not cut to 256 levels"),
    _directions(
        "global direction, 32 px, pictures not cut to 256 levels",
        generator=OTHER_GAN,
        target=TEXTS[0],
        neutral="a face",
    ),
    _directions(
        "global direction, 32 px, as published, but pictures not cut to 256 levels",
        slips=True,
        generator=OTHER_GAN,
        target=TEXTS[0],
        neutral="a face",
    ),
    _directions("global direction, 16 px, CLIP ViT-B/32", levels=True, large=True, clip=REAL_B32),
    _directions(
        "global direction, 16 px, CLIP ViT-B/32, pictures not cut to 256 levels", large=True, clip=REAL_B32
    ),
    Case(
        "loss of the optimizer, 64 px, as published",
        "StyleCLIP",
        "optimizer",
        "optimizer",
        {"size": 64, "slips": True},
    ),
)


def by_name(name: str) -> Case:
    """The case of a name."""
    return next(case for case in CASES if case.name == name)
