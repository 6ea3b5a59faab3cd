"""``python -m editor train PART``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

PARTS = {
    "text": ("editor.lab.training.text", "the shared text tower, taught by a sentence encoder"),
    "judge": ("editor.lab.training.attribute_classifier", "the recogniser that measures edits"),
    "generator": ("editor.lab.training.generator", "the StyleGAN2 generator, by paired regression"),
    "details": ("editor.lab.training.details", "its small details, with W held still"),
    "mapping": (
        "editor.lab.training.mapping",
        "its mapping network from Gaussian z, distilled from the teacher",
    ),
    "clip": ("editor.lab.training.clip", "the image tower of the text-image model"),
    "words": ("editor.lab.training.text_head", "its text head, over the shared text tower"),
    "encoder": ("editor.lab.training.encoder", "the inversion encoder"),
    "mapper": (
        "editor.lab.training.mapper",
        "the text-conditioned mapper, trained without text; with --prompt, one for a prompt",
    ),
    "manifest": ("editor.lab.training.manifest", "calibrate thresholds and write bundle.toml"),
}


def _module(argv: Sequence[str]) -> str:
    for_prompt = argv[0] == "mapper" and any(word.split("=")[0] == "--prompt" for word in argv)
    return "editor.editing.mapper_training" if for_prompt else PARTS[argv[0]][0]


def main(argv: Sequence[str]) -> int:
    """Run one part's training; 2 for a usage error."""
    rows = "\n".join(f"  {name:<10} {text}" for name, (_, text) in PARTS.items())
    usage = (
        f"usage: python -m editor train PART [options]\n\n{rows}\n\nEach part explains itself with --help."
    )
    if not argv or argv[0] in ("-h", "--help"):
        print(usage)
        return 0 if argv else 2
    if argv[0] not in PARTS:
        print(f"There is no part '{argv[0]}'.\n\n{usage}", file=sys.stderr)
        return 2
    try:
        module = import_module(_module(argv))
    except ModuleNotFoundError as error:
        print(f"Training needs more packages ({error.name}): pip install '.[train]'", file=sys.stderr)
        return 2
    return int(module.main(argv[1:]))
