"""``python -m editor train PART``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from editor.lab.commands import has_option

PARTS = {
    "text": ("text", "the shared text tower, taught by a sentence encoder"),
    "attribute-classifier": ("attribute_classifier", "the classifier that measures edits"),
    "generator": ("generator", "the StyleGAN2 generator, by paired regression"),
    "details": ("details", "its small details, with W fixed"),
    "mapping": ("mapping", "its mapping network from Gaussian z, distilled from the teacher"),
    "clip": ("clip", "the image tower of the text-image model"),
    "text-head": ("text_head", "its text head, on the shared text tower"),
    "encoder": ("encoder", "the inversion encoder"),
    "mapper": (
        "mapper",
        "the text-conditioned mapper, trained without text; with --prompt, one for a prompt",
    ),
    "manifest": ("manifest", "calibrate the thresholds and write bundle.toml"),
}
OLD_NAMES = {"judge": "attribute-classifier", "words": "text-head"}


def arguments() -> argparse.ArgumentParser:
    """Return the command's parser: a part, then the part's own options."""
    rows = "\n".join(f"  {name:<21} {text}" for name, (_, text) in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m editor train",
        usage="python -m editor train PART [options]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Train a part of a bundle:\n\n{rows}\n\nEach part explains its options with --help. "
        "Also accepted: judge for attribute-classifier, words for text-head.",
    )
    parser.add_argument("part", metavar="PART", choices=[*PARTS, *OLD_NAMES])
    parser.add_argument("options", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def module_of(part: str) -> str:
    """Return the module that trains a part, given by its current or its old name."""
    return PARTS[OLD_NAMES.get(part, part)][0]


def main(argv: Sequence[str]) -> int:
    """Train one part; return 2 for a usage error."""
    options = arguments().parse_args(argv)
    if options.part in OLD_NAMES:
        print(f"'train {options.part}' is now called 'train {OLD_NAMES[options.part]}'.", file=sys.stderr)
    name = module_of(options.part)
    if name == "mapper" and has_option(options.options, "--prompt"):
        name = "prompt_mapper"
    try:
        module = import_module(f"editor.lab.training.{name}")
    except ModuleNotFoundError as error:
        print(f"Training needs more packages ({error.name}): pip install '.[train]'", file=sys.stderr)
        return 2
    return int(module.main(options.options))
