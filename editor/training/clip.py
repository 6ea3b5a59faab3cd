"""Training of a bundle's text-image model.

Truth is exact: the labels say for every phrase and portrait whether it is true, false or ambiguous (masked), so the
sigmoid loss (Zhai et al. 2023, arXiv 2303.15343) is taken over the full table. Two helps: a head that regresses the
attributes, and a directional loss which asks that the difference of two portraits' embeddings point where the difference
of their texts points, as editing by text differences needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from editor.bundle import EMBEDDED
from editor.networks.clip import JointSpace
from editor.networks.recogniser import split
from editor.networks.stylegan2 import Generator
from editor.networks.text import TextTower
from editor.training import counterfactual, data, judge, record
from editor.training.avatars import lexicon
from editor.training.avatars.appearance import Labels, Portraits
from editor.training.avatars.lexicon import Phrase
from editor.training.bundles import load_generator, load_teacher
from editor.training.generator import TeacherMapping
from editor.training.run import Average, Run, arguments, cosine_decay, set_rate, start

HEAD_WEIGHT = 0.03
DIRECTION_WEIGHT = 0.7


class Phrasebook:
    """Seen phrases with their sentence embeddings, drawn evenly over topics and found by condition."""

    def __init__(self, tower: TextTower) -> None:
        self.phrases = [phrase for phrase in lexicon.phrases() if not phrase.unseen]
        self.embeddings = tower.encode([phrase.text for phrase in self.phrases])
        self.topics: dict[str, np.ndarray] = {}
        self.by_condition: dict[lexicon.Condition, list[int]] = {}
        grouped: dict[str, list[int]] = {}
        for number, phrase in enumerate(self.phrases):
            grouped.setdefault(phrase.topic, []).append(number)
            if len(phrase.conditions) == 1:
                self.by_condition.setdefault(phrase.conditions[0], []).append(number)
        self.topics = {topic: np.array(numbers) for topic, numbers in grouped.items()}

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """``count`` phrase numbers, topics equally likely."""
        names = list(self.topics)
        chosen = rng.integers(0, len(names), count)
        return np.array([rng.choice(self.topics[names[topic]]) for topic in chosen])

    def for_condition(self, rng: np.random.Generator, condition: lexicon.Condition) -> int:
        """A random phrase that says just this."""
        return int(rng.choice(self.by_condition[condition]))


@dataclass
class Batch:
    """Portraits and their counterfactuals: ``images`` [2N, 3, 128, 128], the second half with one attribute changed."""

    images: Tensor
    labels: Labels
    changes: list[counterfactual.Change]


def draw_batch(run: Run, count: int, generator: Generator | None, teacher: TeacherMapping | None) -> Batch:
    """N pairs; where there is a generator it makes a third of them, the rest are drawn."""
    rng = run.rng()
    before = data.draw(rng, count)
    after, changes = counterfactual.changed(before, rng)
    both = Portraits.concat([before, after])
    images = data.pictures_of(both, 128)
    if generator is not None and teacher is not None:
        made = count // 3
        rows = torch.cat([torch.arange(made), count + torch.arange(made)])
        with torch.no_grad():
            w = teacher(data.physical(both[rows.numpy()]).to(run.device))
            images[rows] = generator.synthesis(generator.synthesis.styles(w), dtype=torch.bfloat16).clamp(-1, 1).cpu()
    half = run.rng(purpose=2)
    images = data.compress(judge.damaged(images, half), half, share=0.15)
    return Batch(images.to(run.device), both.labels(), changes)


def sigmoid_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean log loss over the pairs [N, M] whose truth is known; true and false pairs weigh the same in sum."""
    wanted = (truth == lexicon.TRUE).float()
    loss = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    right, wrong = wanted, (truth == lexicon.FALSE).float()
    return (loss * right).sum() / right.sum().clamp_min(1) * 0.5 + (loss * wrong).sum() / wrong.sum().clamp_min(1) * 0.5


class Trainer:
    """The joint space with its helping head, and one optimisation step."""

    def __init__(self, run: Run, tower: TextTower, rate: float, dim: int) -> None:
        self.run, self.rate = run, rate
        self.book = Phrasebook(tower)
        self.neutral = tower.encode(list(lexicon.wordings.NEUTRAL)).to(run.device)
        self.space = JointSpace(dim).to(run.device)
        self.head = nn.Linear(320, judge.ATTRIBUTES.outputs).to(run.device)
        parameters = [*self.space.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.02)
        self.average = Average(self.space, 6000.0)
        run.parts = {"space": self.space, "head": self.head, "optimizer": self.optimizer, "average": self.average}

    def step(self, fraction: float, batch: Batch, phrases: int) -> dict[str, float]:
        """One step; returns the parts of the loss."""
        self.space.train()
        set_rate(self.optimizer, self.rate * cosine_decay(fraction, hold=0.3))
        rng, device = self.run.rng(purpose=3), self.run.device
        with torch.autocast(device.type, torch.bfloat16):
            features = self.space.image.features(batch.images)
        features = features.float()
        embeddings = F.normalize(self.space.image.out(features), dim=1)
        numbers = self.book.draw(rng, phrases)
        texts = self.space.text(self.book.embeddings[torch.from_numpy(numbers)].to(device))
        truth = torch.from_numpy(lexicon.truth([self.book.phrases[i] for i in numbers], batch.labels)).to(device)
        matching = sigmoid_loss(self.space.logits(embeddings, texts), truth)
        helping = judge.loss_of(split(judge.ATTRIBUTES, self.head(features)), batch.labels)
        pointing = self._directional(embeddings, batch.changes, rng)
        loss = matching + HEAD_WEIGHT * helping + DIRECTION_WEIGHT * pointing
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.average.update(self.space, len(batch.images))
        return {"matching": matching.item(), "helping": helping.item(), "pointing": pointing.item()}

    def _directional(self, embeddings: Tensor, changes: list[counterfactual.Change], rng: np.random.Generator) -> Tensor:
        """1 - cosine of image differences and text differences, over the pairs whose change can be said."""
        count = len(changes)
        rows = [row for row, change in enumerate(changes) if change.after is not None]
        moved = embeddings[count:][rows] - embeddings[:count][rows]
        after, before = [], []
        for row in rows:
            change = changes[row]
            assert change.after is not None
            after.append(self.book.embeddings[self.book.for_condition(rng, change.after)])
            spoken = change.before is not None and rng.random() < 0.5
            before.append(self.book.embeddings[self.book.for_condition(rng, change.before)] if spoken and change.before else None)
        neutral = F.normalize(self.space.text(self.neutral).mean(0), dim=0)
        device = embeddings.device
        target = self.space.text(torch.stack(after).to(device))
        said = [row for row, sentence in enumerate(before) if sentence is not None]
        origin = neutral.expand(len(rows), -1).clone()
        if said:
            origin[said] = self.space.text(torch.stack([b for b in before if b is not None]).to(device))
        return (1 - F.cosine_similarity(moved, target - origin, dim=1)).mean()


@torch.no_grad()
def auc(space: JointSpace, tower: TextTower, phrases: Sequence[Phrase], portraits: int = 512, seed: int = 1_000_211) -> float:
    """Mean over phrases of the area under the ROC curve, on unseen drawings."""
    space.eval()
    drawn = Portraits.sample(portraits, seed)
    images = [space.image(data.pictures_of(drawn[i : i + 64], 128)) for i in range(0, portraits, 64)]
    scores = torch.cat(images) @ space.text(tower.encode([phrase.text for phrase in phrases])).t()
    truth = lexicon.truth(phrases, drawn.labels())
    found = []
    for column in range(len(phrases)):
        right = scores[truth[:, column] == lexicon.TRUE, column]
        wrong = scores[truth[:, column] == lexicon.FALSE, column]
        if len(right) and len(wrong):
            found.append(float((right[:, None] > wrong[None, :]).float().mean()))
    return float(np.mean(found))


def figures(space: JointSpace, tower: TextTower, count: int = 600) -> dict[str, float]:
    """AUC on trained and on unseen wordings, evenly sampled over topics."""
    result = {}
    for name, unseen in (("auc_seen", False), ("auc_unseen", True)):
        rng = np.random.default_rng(17)
        pool: dict[str, list[Phrase]] = {}
        for phrase in lexicon.phrases():
            if phrase.unseen == unseen and phrase.topic:
                pool.setdefault(phrase.topic, []).append(phrase)
        each = max(1, count // len(pool))
        chosen = [p for group in pool.values() for p in rng.permutation(np.array(group, dtype=object))[:each]]
        result[name] = round(auc(space, tower, chosen), 4)
    return result


def averaged(trainer: Trainer) -> JointSpace:
    """A copy with averaged weights, in eval mode, on the CPU."""
    space = JointSpace(trainer.space.text.layers[-1].out_features)
    space.load_state_dict(trainer.space.state_dict())
    trainer.average.copy_to(space)
    return space.eval().requires_grad_(False)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train clip``."""
    parser = arguments("Train a bundle's text-image model (image tower and text head).", 30, "clip")
    parser.add_argument("--text", default=EMBEDDED / "text", help="folder of the text tower")
    parser.add_argument("--dim", type=int, default=192, help="width of the joint space")
    parser.add_argument("--batch", type=int, default=24, help="pairs of pictures a step")
    parser.add_argument("--phrases", type=int, default=192, help="phrases a step")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="learning rate")
    options = parser.parse_args(argv)
    run = start(options)
    tower = TextTower.load(options.text)
    trainer = Trainer(run, tower, options.rate, options.dim)
    generator = teacher = None
    if options.bundle and (options.bundle / "generator.safetensors").exists():
        generator, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    for fraction in run.steps("clip"):
        losses = trainer.step(fraction, draw_batch(run, options.batch, generator, teacher), options.phrases)
        if run.step % 200 == 199:
            run.log(**losses, **(figures(averaged(trainer), tower, 150) if run.step % 800 == 799 else {}))
    space = averaged(trainer)
    found = figures(space, tower)
    print(found)
    if options.bundle:
        save_file({k: v.half().contiguous() if v.is_floating_point() else v for k, v in space.state_dict().items()},
                  options.bundle / "clip.safetensors")  # fmt: skip
        record.write(options.bundle, "clip", options, run, found, {"dim": options.dim})
    return 0
