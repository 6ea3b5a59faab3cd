"""The command-line options that training commands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch

from editor.lab.training import domains, record
from editor.lab.training.batches import batches
from editor.lab.training.run import Run

Batch = TypeVar("Batch")


def arguments(description: str, minutes: float, folder: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every training command."""
    command = record.COMMANDS.get(folder, f"train {folder}")
    parser = argparse.ArgumentParser(
        prog=f"python -m editor {command}",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    cpu = "time budget (on a CPU, processor time); a larger one continues further"
    add("--minutes", type=float, default=minutes, help=cpu)
    add("--seed", type=int, default=0, help="seed of weights and batches")
    add("--domain", choices=domains.NAMES, help="what is drawn; by default what the bundle's record says")
    add("--runs", type=Path, default=Path("runs"), help="folder of the checkpoints")
    add("--name", default=folder, help="this run's folder inside --runs")
    add("--bundle", type=Path, default=None, help="folder that gets the weights at the end")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda")
    add("--threads", type=int, default=1, help="CPU threads; one often beats two on a busy machine")
    return parser


def add_batch(parser: argparse.ArgumentParser, count: int, what: str, rate: float) -> None:
    """Add batch size and learning rate."""
    parser.add_argument("--batch", type=int, default=count, help=f"{what} a step")
    parser.add_argument("--rate", type=float, default=rate, help="learning rate")


def add_width(parser: argparse.ArgumentParser) -> None:
    """Add the option of networks that come in sizes."""
    parser.add_argument("--width", type=float, default=1.0, help="width as a share of the full size")


def add_fuse(parser: argparse.ArgumentParser) -> None:
    """Add the option of runs that spend their time in the synthesis network."""
    help_text = "compile the synthesis network: almost twice as fast; needs a C++ compiler"
    parser.add_argument("--fuse", action="store_true", help=help_text)


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """Add the options of runs that train on drawings."""
    add = parser.add_argument
    add("--workers", type=int, default=0, help="processes that draw ahead; with a GPU, one for each core")
    add("--reuse", type=int, default=1, help="times that each batch is used; a GPU is faster than drawing")


def parse(parser: argparse.ArgumentParser, argv: Sequence[str], bundle_is: str = "") -> argparse.Namespace:
    """Parse the options; with ``bundle_is``, a description of it, a bundle must be given."""
    options = parser.parse_args(argv)
    if bundle_is and options.bundle is None:
        parser.error(f"--bundle is needed: {bundle_is}")
    return options


def start(options: argparse.Namespace) -> Run:
    """Make the run that the options describe."""
    torch.set_num_threads(options.threads)
    domain = domains.named(options.domain) if options.domain else domains.of_bundle(options.bundle)
    device = torch.device(options.device)
    return Run(options.runs / options.name, options.minutes, options.seed, device, domain)


def supply(
    run: Run, options: argparse.Namespace, draw: Callable[..., Batch], **settings: Any
) -> Iterator[Batch]:
    """Yield batches of ``draw(rng, domain=..., count=..., **settings)`` without end."""
    make = partial(draw, domain=run.domain.name, count=options.batch, **settings)
    return batches(run, make, options.workers, options.reuse)
