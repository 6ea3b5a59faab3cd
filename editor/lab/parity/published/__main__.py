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

if __name__ == "__main__":
    case = by_name(sys.argv[1])
    repository, out = Path(sys.argv[2]).resolve() / case.repository, Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    standins.install(repository)
    sys.path.insert(0, str(repository))
    with torch.no_grad():
        MAKERS[case.make](out, case.options)
