"""Run one case, given by its name, the folder of published repositories, and the folder of results."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from editor.lab.parity.cases import by_name
from editor.lab.parity.published import clip, encoders, generators, standins, styleclip

MAKERS = {
    "ada": generators.ada,
    "second_in_third": generators.second_in_third,
    "third": generators.third,
    "first": generators.first,
    "rosinality": generators.rosinality,
    "encoder": encoders.encoder,
    "clip": clip.clip,
    "mapper": styleclip.mapper,
    "directions": styleclip.directions,
    "optimizer": styleclip.optimizer,
}


def main(argv: list[str]) -> int:
    """Run one case."""
    name, repositories, out = argv[0], Path(argv[1]).resolve(), Path(argv[2])
    case = by_name(name)
    out.mkdir(parents=True, exist_ok=True)
    standins.install(repositories / case.repository)
    sys.path.insert(0, str(repositories / case.repository))
    with torch.no_grad():
        MAKERS[case.make](out, case.options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
