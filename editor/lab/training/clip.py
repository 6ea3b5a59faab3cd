"""Training of a bundle's text-image model.

Truth is exact here, so the joint space need not be found by contrasting pictures and texts, which is slow on a CPU: it
is laid out. A *scene* (the numbers a portrait is drawn from, hidden ones left out) has its place in the space by
definition, and so has a text, by the conditions under which it is true: what it speaks of is an axis, a denial the other
way along it, texts that are true of every portrait are an axis of their own, and so are texts that no portrait can
satisfy. Then two networks learn to find these places: the text head from sentence embeddings alone, in minutes, and the
image tower from pictures alone (drawn and generated, damaged like uploads), with a loss on the difference of two pictures
that differ in one attribute, as editing needs it. Scale and bias make the logits those of a sigmoid loss (Zhai et al.
2023, arXiv 2303.15343): above 0 where the text describes the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from editor.bundle.manifest import EMBEDDED
from editor.lab.training import attribute_classifier, counterfactual, data, domains, lexicon, record
from editor.lab.training.attribute_classifier import Targets
from editor.lab.training.batches import batches
from editor.lab.training.bundles import load_generator, load_teacher
from editor.lab.training.domain import Domain
from editor.lab.training.generator import TeacherMapping
from editor.lab.training.lexicon import Phrase
from editor.lab.training.portraits import Labels, Portraits
from editor.lab.training.run import (
    Average,
    Run,
    add_drawing,
    add_width,
    arguments,
    cosine_decay,
    save_weights,
    set_rate,
    start,
)
from editor.networks.attribute_classifier import split
from editor.networks.convnet import resampled
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator
from editor.networks.text import TextTower, words

HEAD_WEIGHT = 0.03
DIRECTION_WEIGHT = 0.7
TEXT_NOISE = 0.25
"""Length of the random vector added to sentence embeddings, so that near wordings land near."""
FAR, FAR_DESCRIBED = 0.45, 0.65
"""Cosine below which a text is like no known phrase; with a word of one in it, it is never quite as far."""
DESCRIBED = (
    "{known} {strange}",
    "a {known} {strange}",
    "a {strange}, {known}",
    "a {known} {strange} in the hand",
    "{strange} of {known}",
    "made of {strange}",
    "covered in {strange}",
    "a {strange} drawing",
    "{strange} pattern",
    "an extra {known}",
    "a second {known}",
)
CONSTANT, SCALE = 2.0, 25.0
"""Share of "any portrait" in every scene; the logits' scale."""


class Phrasebook:
    """Seen phrases with their sentence embeddings, drawn evenly over topics."""

    def __init__(self, domain: Domain, tower: TextTower) -> None:
        self.tower = tower
        self.phrases = [phrase for phrase in domain.lexicon.phrases if not phrase.unseen]
        self.embeddings = tower.encode([phrase.text for phrase in self.phrases])
        self.topics: dict[str, np.ndarray] = {}
        grouped: dict[str, list[int]] = {}
        for number, phrase in enumerate(self.phrases):
            grouped.setdefault(phrase.topic, []).append(number)
        self.topics = {topic: np.array(numbers) for topic, numbers in grouped.items()}

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """``count`` phrase numbers, topics equally likely."""
        groups = list(self.topics.values())
        chosen, place = rng.integers(0, len(groups), count), rng.random(count)
        return np.array([groups[g][int(p * len(groups[g]))] for g, p in zip(chosen, place, strict=True)])


@dataclass(frozen=True)
class Pairs:
    """N portraits and, below them, their counterfactuals, one attribute changed: 2N rows of everything.

    ``drawn``: uint8 [2N, 128, 128, 3]; ``physical`` [2N, P]; ``places`` [2N, dim] in the joint space; ``wanted``: what
    labels ask of the helping head.
    """

    drawn: Tensor
    physical: Tensor
    places: Tensor
    wanted: Targets


def draw(rng: np.random.Generator, domain: str, count: int) -> Pairs:
    """``count`` pairs, some of them compressed."""
    known = domains.named(domain)
    before = known.draw(rng, count)
    after, _ = counterfactual.changed(before, rng)
    both = known.portraits.concat([before, after])
    labels = both.labels()
    drawn = data.compress(data.drawings_of(both, 128), rng, share=0.15)
    return Pairs(
        drawn,
        data.physical(both),
        embed_scenes(both, labels),
        attribute_classifier.targets(known.attributes, labels),
    )


def scene(portraits: Portraits, labels: Labels) -> Tensor:
    """All that can be seen of portraits and spoken of, in numbers [N, axes]: present about 1, absent about -1 (a
    colour -0.3, so that the many absent ones do not drown the rest); what is hidden is 0."""
    columns = [2 * values - 1 for values in (*labels.scales.values(), *labels.raw_amounts.values())]
    seen = [labels.visible[name] for name in (*labels.scales, *labels.raw_amounts)]
    shown = [np.where(visible, column, 0.0) for column, visible in zip(columns, seen, strict=True)]
    blends = [
        2 * (blend - 0.15) * labels.visible[name][:, None]
        for name, blend in portraits.shown_weights().items()
    ]
    return torch.from_numpy(np.column_stack([*shown, *blends]).astype(np.float32))


def pictures(run: Run, pairs: Pairs, generator: Generator | None, teacher: TeacherMapping | None) -> Tensor:
    """The pairs' pictures [2N, 3, 128, 128], damaged; where there is a generator it makes a third, the rest are drawn."""
    images = data.as_images(pairs.drawn)
    if generator is not None and teacher is not None:
        count = len(images) // 2
        first = int(run.rng(purpose=4).integers(count))
        some = (first + torch.arange(count // 3)) % count
        rows = torch.cat([some, count + some]).to(images.device)
        with torch.no_grad():
            styles = generator.synthesis.styles(teacher(pairs.physical[rows]))
            images[rows] = resampled(generator.synthesis(styles, dtype=torch.bfloat16).clamp(-1, 1))
    return attribute_classifier.damaged(images, run.rng(purpose=2))


def embed_scenes(portraits: Portraits, labels: Labels) -> Tensor:
    """Where portraits lie in the joint space: unit [N, dim]."""
    numbers = scene(portraits, labels)
    constant = torch.full((len(numbers), 1), CONSTANT)
    return F.normalize(torch.cat([numbers, constant, torch.zeros_like(constant)], dim=1), dim=1)


def embed_phrase(domain: Domain, phrase: Phrase) -> np.ndarray:
    """Where a text lies in the joint space: unit [dim]."""
    place = np.zeros(domain.dim, np.float32)
    for name, kind, value in phrase.conditions:
        if kind in ("always", "never"):
            place[-2 if kind == "always" else -1] += 1.0
        else:
            place[domain.axes.index((name, value))] += -1.0 if kind in ("absent", "low") else 1.0
    return place / np.linalg.norm(place)


def far_texts(tower: TextTower, book: Phrasebook, count: int, seed: int) -> Tensor:
    """Sentence embeddings of texts that are like no known phrase, and so mean "no portrait": random words, letters, and
    random words that one of the known ones describes, a purple tractor being no more of a portrait than any."""
    rng = np.random.default_rng(seed)
    names = np.array([name for name in tower.index if name.isalpha() and len(name) > 3])
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    plain = [" ".join(rng.choice(names, int(rng.integers(1, 4)))) for _ in range(count)]
    plain += ["".join(rng.choice(letters, int(rng.integers(4, 10)))) for _ in range(count // 12)]
    strange = names[_nearest(tower.encode(list(names)), book.embeddings).numpy() < FAR]
    known = sorted({word for phrase in book.phrases for word in words(phrase.text) if len(word) > 3})
    described = [
        form.format(known=a, strange=b)
        for form, a, b in zip(
            rng.choice(DESCRIBED, count), rng.choice(known, count), rng.choice(strange, count), strict=True
        )
    ]
    parts = [(tower.encode(plain), FAR), (tower.encode(described), FAR_DESCRIBED)]
    return torch.cat([found[_nearest(found, book.embeddings) < limit] for found, limit in parts])


def _nearest(rows: Tensor, others: Tensor) -> Tensor:
    """The cosine of each row [N, D] with the nearest of others [M, D]: [N]."""
    return torch.cat([(part @ others.t()).amax(1) for part in rows.split(500)])


class Trainer:
    """The joint space with the helping head, and one step of either network."""

    def __init__(self, run: Run, tower: TextTower, rate: float, width: float = 1.0) -> None:
        self.run, self.rate, self.width = run, rate, width
        self.book = Phrasebook(run.domain, tower)
        places = torch.from_numpy(
            np.stack([embed_phrase(run.domain, phrase) for phrase in self.book.phrases])
        )
        far = far_texts(tower, self.book, 12_000, run.seed)
        nowhere = torch.zeros(len(far), run.domain.dim)
        nowhere[:, -1] = 1.0
        self.far, self.places = far, torch.cat([places, nowhere])
        self.sentences = torch.cat([self.book.embeddings, far])
        self.space = JointSpace(run.domain.dim, width).to(run.device)
        with torch.no_grad():
            self.space.log_scale.fill_(float(np.log(SCALE)))
            self.space.bias.zero_()
        self.head = nn.Linear(self.space.image.out.in_features, run.domain.attributes.outputs).to(run.device)
        self.word_optimizer = torch.optim.AdamW(self.space.text.parameters(), lr=rate, weight_decay=0.02)
        sight = [*self.space.image.parameters(), *self.head.parameters()]
        self.sight_optimizer = torch.optim.AdamW(sight, lr=rate, weight_decay=0.02)
        self.word_average, self.sight_average = (
            Average(self.space.text, 50_000.0),
            Average(self.space.image, 6000.0),
        )
        run.parts = {
            "space": self.space,
            "head": self.head,
            "word_average": self.word_average,
            "sight_average": self.sight_average,
            "word_optimizer": self.word_optimizer,
            "sight_optimizer": self.sight_optimizer,
        }

    def words(self, share: float, phrases: int) -> dict[str, Tensor]:
        """One step of the text head; ``share`` of its time is spent."""
        self.space.train()
        set_rate(self.word_optimizer, self.rate * cosine_decay(share, hold=0.3))
        rng, device = self.run.rng(purpose=3), self.run.device
        far = len(self.book.phrases) + rng.integers(0, len(self.far), phrases // 8)
        numbers = torch.from_numpy(np.concatenate([self.book.draw(rng, phrases - len(far)), far]))
        sentences = self.sentences[numbers].to(device)
        sentences = F.normalize(
            sentences + TEXT_NOISE * F.normalize(torch.randn_like(sentences), dim=1), dim=1
        )
        placing = (
            1 - F.cosine_similarity(self.space.text(sentences), self.places[numbers].to(device), dim=1)
        ).mean()
        self._take(self.word_optimizer, placing)
        self.word_average.update(self.space.text, phrases)
        return {"text_placing": placing.detach()}

    def sight(self, share: float, pairs: Pairs, images: Tensor) -> dict[str, Tensor]:
        """One step of the image tower; ``share`` of its time is spent."""
        self.space.train()
        set_rate(self.sight_optimizer, self.rate * cosine_decay(share, hold=0.3))
        count, wanted = len(images) // 2, pairs.places
        with torch.autocast(images.device.type, torch.bfloat16):
            features = self.space.image.features(images)
        features = features.float()
        made = F.normalize(self.space.image.out(features), dim=1)
        placing = (made - wanted).square().sum(1).mean()
        moved, should = made[count:] - made[:count], wanted[count:] - wanted[:count]
        visible = (should.norm(dim=1) > 0.05).float()
        pointing = (
            (1 - F.cosine_similarity(moved, should, dim=1)) * visible
        ).sum() / visible.sum().clamp_min(1)
        helping = attribute_classifier.loss_of(
            split(self.run.domain.attributes, self.head(features)), pairs.wanted
        )
        self._take(self.sight_optimizer, 4 * placing + DIRECTION_WEIGHT * pointing + HEAD_WEIGHT * helping)
        self.sight_average.update(self.space.image, len(images))
        return {"placing": placing.detach(), "pointing": pointing.detach(), "helping": helping.detach()}

    @staticmethod
    def _take(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def auc(
    trainer: Trainer, space: JointSpace, phrases: Sequence[Phrase], by_scene: bool, portraits: int = 512
) -> float:
    """Mean over phrases of the area under the ROC curve on unseen drawings, by their pictures or by their scenes."""
    domain = trainer.run.domain
    drawn = domain.portraits.sample(portraits, 1_000_211)
    if by_scene:
        images = embed_scenes(drawn, drawn.labels())
    else:
        images = torch.cat(
            [space.image(data.pictures_of(drawn[i : i + 64], 128)) for i in range(0, portraits, 64)]
        )
    scores = images @ space.text(trainer.book.tower.encode([phrase.text for phrase in phrases])).t()
    truth = domain.lexicon.truth(phrases, drawn.labels())
    found = []
    for column in range(len(phrases)):
        right = scores[truth[:, column] == lexicon.TRUE, column]
        wrong = scores[truth[:, column] == lexicon.FALSE, column]
        if len(right) and len(wrong):
            found.append(float((right[:, None] > wrong[None, :]).float().mean()))
    return float(np.mean(found))


def figures(
    trainer: Trainer, space: JointSpace, count: int = 600, by_scene: bool = False
) -> dict[str, float]:
    """AUC on trained and on unseen wordings, evenly sampled over topics."""
    result = {}
    for name, unseen in (("auc_seen", False), ("auc_unseen", True)):
        rng = np.random.default_rng(17)
        pool: dict[str, list[Phrase]] = {}
        for phrase in trainer.run.domain.lexicon.phrases:
            if phrase.unseen == unseen and phrase.topic:
                pool.setdefault(phrase.topic, []).append(phrase)
        each = max(1, count // len(pool))
        chosen = [p for group in pool.values() for p in rng.permutation(np.array(group, dtype=object))[:each]]
        result[name] = round(auc(trainer, space, chosen, by_scene), 4)
    return result


def averaged(trainer: Trainer) -> JointSpace:
    """A copy with averaged weights, in eval mode, on the CPU."""
    space = JointSpace(trainer.run.domain.dim, trainer.width)
    space.load_state_dict(trainer.space.state_dict())
    space.to(trainer.run.device)
    trainer.word_average.copy_to(space.text)
    trainer.sight_average.copy_to(space.image)
    return space.cpu().eval().requires_grad_(False)


def save(trainer: Trainer, bundle: Path, part: str) -> JointSpace:
    """Write the joint space; what this run did not train is kept as the bundle has it."""
    space, path = averaged(trainer), bundle / "clip.safetensors"
    if path.exists():
        old = {name: value.float() for name, value in load_file(path).items()}
        kept = {name: value for name, value in old.items() if not name.startswith(part)}
        space.load_state_dict(space.state_dict() | kept)
    save_weights(space, path)
    return space


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train clip`` (the image tower) and ``train words`` (the text head)."""
    parser = arguments("Train a bundle's text-image model: its image tower, or its text head.", 45, "clip")
    parser.add_argument("--part", choices=["image", "text"], default="image", help="image tower or text head")
    parser.add_argument("--text", type=Path, default=EMBEDDED / "text", help="folder of the text tower")
    parser.add_argument("--batch", type=int, default=24, help="pairs of pictures a step")
    parser.add_argument("--phrases", type=int, default=512, help="phrases a step of the text head")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="learning rate")
    add_width(parser)
    add_drawing(parser)
    options = parser.parse_args(argv)
    if options.bundle is None:
        parser.error("--bundle is needed: the folder that gets the weights")
    run = start(options)
    trainer = Trainer(run, TextTower.load(options.text), options.rate, options.width)
    generator = teacher = None
    if options.part == "image" and (options.bundle / "generator.safetensors").exists():
        generator, teacher = (
            load_generator(options.bundle, run.device),
            load_teacher(options.bundle, run.device),
        )
    supply = batches(
        run, partial(draw, domain=run.domain.name, count=options.batch), options.workers, options.reuse
    )
    for fraction in run.steps(options.part):
        if options.part == "text":
            losses = trainer.words(fraction, options.phrases)
        else:
            pairs = next(supply)
            losses = trainer.sight(fraction, pairs, pictures(run, pairs, generator, teacher))
        if run.due(20):
            run.log(**{name: float(loss) for name, loss in losses.items()})
    space = save(trainer, options.bundle, options.part)
    found = figures(trainer, space, by_scene=options.part == "text")
    print(found)
    part = "clip" if options.part == "image" else "words"
    record.write(options.bundle, part, options, run, found, {"dim": run.domain.dim, "width": options.width})
    return 0
