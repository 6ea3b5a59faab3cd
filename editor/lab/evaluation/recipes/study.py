"""``python -m editor directions BUNDLE --study FOLDER``: the published way to a direction bank and cheaper ones, compared."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import normalize

from editor.bundle import lazy_directions
from editor.bundle.bundle import EMBEDDED, Bundle
from editor.checkpoints.measuring import PUBLISHED_IMAGES
from editor.lab.evaluation.classifier_metrics import Wish
from editor.lab.evaluation.recipes import agreement, cost, judging, rows
from editor.networks.text import TextTower

PROMPTS = Path(__file__).with_name("prompts.jsonl")
JUDGED = 12
"""Pictures that wishes are judged on."""


@dataclass(frozen=True)
class Study:
    """Which bundle, where its measurements are kept, on how many pictures and which share of the channels."""

    bundle: Path
    folder: Path
    images: int
    share: float


@dataclass(frozen=True)
class Line:
    """What is told of one way; seconds are the processor's, of a whole bank or, for a way without one, until its first answer.

    ``here``: for the bundle. ``large``: for FFHQ's layout at 1024 pixels, extrapolated. Of ``edits`` ``hits`` were judged as
    done; both are 0 of a way that was not judged."""

    name: str
    mean: float
    plain: float
    least: float
    rows: float | None
    here: float
    large: float
    hits: int
    edits: int


def run(study: Study) -> dict[str, Any]:
    """Measure what is not yet there and compare; the report as plain data."""
    from editor.lab.training import attribute_classifier as judging_model
    from editor.lab.training import domains

    bundle = Bundle.load(study.bundle, TextTower.load(EMBEDDED / "text"), torch.device("cpu"))
    if not (study.bundle / "judge.safetensors").exists():
        raise ValueError(f"the bundle '{study.bundle.name}' has no judge")
    domain, judge = domains.of_bundle(study.bundle), judging_model.load(study.bundle)
    lines = [json.loads(line) for line in PROMPTS.read_text(encoding="utf-8").splitlines()]
    wishes = [Wish.of(line, domain.attributes) for line in lines]
    texts = normalize(
        bundle.clip.encode_text([wish.prompt for wish in wishes]) - bundle.neutral_embedding, dim=1
    )
    found = rows.measured(bundle, study.folder, study.images, study.share)
    here, large = _passes(bundle, study.folder)
    ways, std = list(agreement.ways(found, texts)), found.std[found.channels]
    told = []
    for way in ways:
        agreed = agreement.agreement(way, ways[0], std)
        whole = way is ways[0] or (
            way.work.there in (len(found), lazy_directions.PICTURES) and way.work.share in (0.0, 1.0)
        )
        hits, edits = judging.success(bundle, judge, found, way, wishes, JUDGED) if whole else (0, 0)
        seconds = here.seconds(way.work), large.seconds(way.work)
        told.append(
            Line(way.name, agreed.mean, agreed.plain, agreed.least, agreed.rows, *seconds, hits, edits)
        )
        print(told[-1], flush=True)
    paper = cost.Work(steps=PUBLISHED_IMAGES)
    halves = {name: dataclasses.asdict(one) for name, one in agreement.halves(found, texts).items()}
    published = {"here": here.seconds(paper, True), "large": large.seconds(paper, True)}
    answered = agreement.agreement(ways[0], ways[0], std).texts
    return {
        "bundle": study.bundle.name,
        "images": len(found),
        "channels": len(found.channels),
        "share": study.share,
        "texts": len(texts),
        "answered": answered,
        "judged": JUDGED,
        "published": published,
        "halves": halves,
        "here": dataclasses.asdict(here),
        "large": dataclasses.asdict(large),
        "lines": [dataclasses.asdict(line) for line in told],
    }


def _passes(bundle: Bundle, folder: Path) -> tuple[cost.Passes, cost.Passes]:
    """Timed slices of the bundle and of FFHQ's layout; timed once, and kept beside the rows."""
    path = folder / "passes.json"
    if not path.exists():
        dim = len(bundle.neutral_embedding)
        timed = [
            cost.passes(bundle.generator, bundle.clip, dim, 8, 2),
            cost.passes(*cost.ffhq_layout(), 1, 1),
        ]
        path.write_text(json.dumps([dataclasses.asdict(one) for one in timed]), encoding="utf-8")
    here, large = json.loads(path.read_text(encoding="utf-8"))
    return cost.Passes(**here), cost.Passes(**large)
