"""``python -m editor``: one thin dispatcher; each command's module is imported only when it is used."""

from __future__ import annotations

import sys
from importlib import import_module

from editor.serving.settings import read_dotenv

COMMANDS = {
    "serve": ("editor.serving.commands:serve", "run the editor process: jobs over HTTP"),
    "bundles": ("editor.serving.commands:bundles", "list the bundles (editable domains) that are installed"),
    "import": ("editor.checkpoints.importing:main", "turn published weights into a bundle or a part of one"),
    "pull": ("editor.checkpoints.pulling:main", "download published weights and turn them into a bundle"),
    "train": (
        "editor.lab.training.cli:main",
        "train a part of a bundle: generator, clip, encoder, mapper, judge, text",
    ),
    "directions": (
        "editor.lab.commands:directions",
        "measure a bundle's direction bank and StyleSpace statistics",
    ),
    "parity": (
        "editor.lab.parity.cli:main",
        "compare our networks with the published ones on random weights",
    ),
    "evaluate": (
        "editor.lab.evaluation.cli:main",
        "measure editing on unseen portraits, with contact sheets",
    ),
    "load": (
        "editor.lab.benchmarks.load_test:main",
        "have many users edit at once, and see whether all are served as promised",
    ),
    "bench": (
        "editor.lab.benchmarks.cli:main",
        "time the editor, beside published code, and how its cost grows",
    ),
}


def usage() -> str:
    """The commands with a line each."""
    rows = "\n".join(f"  {name:<11} {text}" for name, (_, text) in COMMANDS.items())
    return f"usage: python -m editor COMMAND [options]\n\n{rows}\n\nEach command explains itself with --help."


def main(argv: list[str]) -> int:
    """Run one command; 2 for a usage error."""
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        return 0 if argv else 2
    if argv[0] not in COMMANDS:
        print(f"There is no command '{argv[0]}'.\n\n{usage()}", file=sys.stderr)
        return 2
    read_dotenv()
    module, function = COMMANDS[argv[0]][0].split(":")
    return int(getattr(import_module(module), function)(argv[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
