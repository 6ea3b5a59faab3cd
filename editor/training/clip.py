"""Training of a bundle's text-image model.

Truth is exact: the labels say for every phrase and portrait whether it is true, false or ambiguous (masked), so the
sigmoid loss (Zhai et al. 2023, arXiv 2303.15343) is taken over the full table, with a directional loss which asks that
the difference of two portraits' embeddings point where the difference of their texts points, as editing needs it.

Learning texts and pictures together is slow on a CPU. So the joint space is first learned between texts and exact
*scenes* (the numbers a portrait is drawn from, through a small network: thousands of portraits a second); then the image
tower learns to place each picture where its scene lies, with a head that regresses the attributes as help.
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
WORDS_SHARE = 0.2
"""Of the time, for the first stage."""


class Phrasebook:
    """Seen phrases with their sentence embeddings, drawn evenly over topics and found by condition."""

    def __init__(self, tower: TextTower) -> None:
        self.tower = tower
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
class Pairs:
    """N portraits and their counterfactuals, one attribute changed: ``both`` holds 2N, the second half changed."""

    both: Portraits
    labels: Labels
    changes: list[counterfactual.Change]

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int) -> Pairs:
        """``count`` pairs."""
        before = data.draw(rng, count)
        after, changes = counterfactual.changed(before, rng)
        both = Portraits.concat([before, after])
        return cls(both, both.labels(), changes)


def scene(portraits: Portraits, labels: Labels) -> Tensor:
    """All that can be seen of portraits and spoken of, in numbers [N, S] about -1..1; what is hidden is 0."""
    columns = [2 * values - 1 for values in (*labels.scales.values(), *labels.raw_amounts.values())]
    seen = [labels.visible[name] for name in (*labels.scales, *labels.raw_amounts)]
    shown = [np.where(visible, column, 0.0) for column, visible in zip(columns, seen, strict=True)]
    blends = [portraits.weights[name] * labels.visible[name][:, None] for name in portraits.weights]
    return torch.from_numpy(np.column_stack([*shown, *blends]).astype(np.float32))


def pictures(run: Run, pairs: Pairs, generator: Generator | None, teacher: TeacherMapping | None) -> Tensor:
    """The pairs' pictures [2N, 3, 128, 128], damaged; where there is a generator it makes a third, the rest are drawn."""
    images = data.pictures_of(pairs.both, 128)
    if generator is not None and teacher is not None:
        count = len(images) // 2
        made = count // 3
        rows = torch.cat([torch.arange(made), count + torch.arange(made)])
        with torch.no_grad():
            w = teacher(data.physical(pairs.both[rows.numpy()]).to(run.device))
            images[rows] = generator.synthesis(generator.synthesis.styles(w), dtype=torch.bfloat16).float().clamp(-1, 1).cpu()
    rng = run.rng(purpose=2)
    return data.compress(judge.damaged(images, rng), rng, share=0.15).to(run.device)


def sigmoid_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean log loss over the pairs [N, M] whose truth is known; true and false pairs weigh the same in sum."""
    wanted = (truth == lexicon.TRUE).float()
    loss = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    right, wrong = wanted, (truth == lexicon.FALSE).float()
    return (loss * right).sum() / right.sum().clamp_min(1) * 0.5 + (loss * wrong).sum() / wrong.sum().clamp_min(1) * 0.5


class SceneEncoder(nn.Module):
    """Scenes [N, S] -> unit embeddings [N, dim]. Only training needs it."""

    def __init__(self, inputs: int, dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, 512), nn.GELU(), nn.Linear(512, 512), nn.GELU(), nn.Linear(512, dim))

    def forward(self, scenes: Tensor) -> Tensor:
        """[N, S] -> [N, dim]."""
        return F.normalize(self.layers(scenes), dim=1)


class Trainer:
    """The joint space, the scene encoder and the helping head, with one step of either stage."""

    def __init__(self, run: Run, tower: TextTower, rate: float, dim: int) -> None:
        self.run, self.rate = run, rate
        self.book = Phrasebook(tower)
        self.neutral = tower.encode(list(lexicon.wordings.NEUTRAL)).to(run.device)
        self.space = JointSpace(dim).to(run.device)
        example = Portraits.sample(1, 0)
        self.scenes = SceneEncoder(scene(example, example.labels()).shape[1], dim).to(run.device)
        self.head = nn.Linear(320, judge.ATTRIBUTES.outputs).to(run.device)
        words = [*self.space.text.parameters(), self.space.log_scale, self.space.bias, *self.scenes.parameters()]
        self.word_optimizer = torch.optim.AdamW(words, lr=rate, weight_decay=0.02)
        sight = [*self.space.image.parameters(), *self.head.parameters()]
        self.sight_optimizer = torch.optim.AdamW(sight, lr=rate, weight_decay=0.02)
        self.average = Average(self.space, 6000.0)
        run.parts = {
            "space": self.space, "scenes": self.scenes, "head": self.head, "average": self.average,
            "word_optimizer": self.word_optimizer, "sight_optimizer": self.sight_optimizer,
        }  # fmt: skip

    def words(self, share: float, pairs: Pairs, phrases: int) -> dict[str, float]:
        """One step of the first stage: texts and scenes; ``share`` of the stage is done."""
        self.space.train()
        set_rate(self.word_optimizer, self.rate * cosine_decay(share, hold=0.3))
        rng, device = self.run.rng(purpose=3), self.run.device
        embeddings = self.scenes(scene(pairs.both, pairs.labels).to(device))
        numbers = self.book.draw(rng, phrases)
        texts = self.space.text(self.book.embeddings[torch.from_numpy(numbers)].to(device))
        truth = torch.from_numpy(lexicon.truth([self.book.phrases[i] for i in numbers], pairs.labels)).to(device)
        matching = sigmoid_loss(self.space.logits(embeddings, texts), truth)
        pointing = self._directional(embeddings, pairs.changes, rng)
        self._take(self.word_optimizer, matching + DIRECTION_WEIGHT * pointing, len(embeddings))
        return {"matching": matching.item(), "pointing": pointing.item()}

    def sight(self, share: float, pairs: Pairs, images: Tensor) -> dict[str, float]:
        """One step of the second stage: pictures to where their scenes lie."""
        self.space.train()
        set_rate(self.sight_optimizer, self.rate * cosine_decay(share, hold=0.3))
        count, device = len(pairs.changes), self.run.device
        with torch.no_grad():
            wanted = self.scenes(scene(pairs.both, pairs.labels).to(device))
        with torch.autocast(device.type, torch.bfloat16):
            features = self.space.image.features(images)
        features = features.float()
        made = F.normalize(self.space.image.out(features), dim=1)
        placing = (made - wanted).square().sum(1).mean()
        moved, should = made[count:] - made[:count], wanted[count:] - wanted[:count]
        visible = should.norm(dim=1) > 0.05
        pointing = (1 - F.cosine_similarity(moved, should, dim=1))[visible].mean()
        helping = judge.loss_of(split(judge.ATTRIBUTES, self.head(features)), pairs.labels)
        self._take(self.sight_optimizer, 4 * placing + DIRECTION_WEIGHT * pointing + HEAD_WEIGHT * helping, len(images))
        return {"placing": placing.item(), "pointing": pointing.item(), "helping": helping.item()}

    def _take(self, optimizer: torch.optim.Optimizer, loss: Tensor, samples: int) -> None:
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        self.average.update(self.space, samples)

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
def auc(trainer: Trainer, space: JointSpace, phrases: Sequence[Phrase], by_scene: bool, portraits: int = 512) -> float:
    """Mean over phrases of the area under the ROC curve on unseen drawings, by their pictures or by their scenes."""
    drawn = Portraits.sample(portraits, 1_000_211)
    if by_scene:
        images = trainer.scenes(scene(drawn, drawn.labels()).to(trainer.run.device)).cpu()
    else:
        images = torch.cat([space.image(data.pictures_of(drawn[i : i + 64], 128)) for i in range(0, portraits, 64)])
    scores = images @ space.text(trainer.book.tower.encode([phrase.text for phrase in phrases])).t()
    truth = lexicon.truth(phrases, drawn.labels())
    found = []
    for column in range(len(phrases)):
        right = scores[truth[:, column] == lexicon.TRUE, column]
        wrong = scores[truth[:, column] == lexicon.FALSE, column]
        if len(right) and len(wrong):
            found.append(float((right[:, None] > wrong[None, :]).float().mean()))
    return float(np.mean(found))


def figures(trainer: Trainer, count: int = 600, by_scene: bool = False) -> dict[str, float]:
    """AUC on trained and on unseen wordings, evenly sampled over topics."""
    result, space = {}, averaged(trainer)
    for name, unseen in (("auc_seen", False), ("auc_unseen", True)):
        rng = np.random.default_rng(17)
        pool: dict[str, list[Phrase]] = {}
        for phrase in lexicon.phrases():
            if phrase.unseen == unseen and phrase.topic:
                pool.setdefault(phrase.topic, []).append(phrase)
        each = max(1, count // len(pool))
        chosen = [p for group in pool.values() for p in rng.permutation(np.array(group, dtype=object))[:each]]
        result[name] = round(auc(trainer, space, chosen, by_scene), 4)
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
        if fraction < WORDS_SHARE:
            losses = trainer.words(fraction / WORDS_SHARE, Pairs.draw(run.rng(), 5 * options.batch), 2 * options.phrases)
        else:
            pairs = Pairs.draw(run.rng(), options.batch)
            share = (fraction - WORDS_SHARE) / (1 - WORDS_SHARE)
            losses = trainer.sight(share, pairs, pictures(run, pairs, generator, teacher))
        if run.step % 200 == 199:
            measured = figures(trainer, 150, by_scene=fraction < WORDS_SHARE) if run.step % 800 == 799 else {}
            run.log(**losses, **measured)
    space = averaged(trainer)
    found = figures(trainer)
    print(found)
    if options.bundle:
        save_file({k: v.half().contiguous() if v.is_floating_point() else v for k, v in space.state_dict().items()},
                  options.bundle / "clip.safetensors")  # fmt: skip
        record.write(options.bundle, "clip", options, run, found, {"dim": options.dim})
    return 0
