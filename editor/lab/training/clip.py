"""Train a bundle's text-image model.

The places of portraits and texts in the joint space are given (``editor.lab.training.joint_space``). Two
networks learn to find them: the text head from sentence embeddings alone, in minutes; the image tower from
pictures alone (drawn and generated, damaged like uploads), with a loss on the difference of two pictures that
differ in one attribute, which is what editing needs. Scale and bias make the logits those of a sigmoid loss
(Zhai et al. 2023, arXiv 2303.15343): above 0 if the text describes the picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.bundle.manifest import EMBEDDED
from editor.lab.training import attribute_classifier, counterfactual, data, domains, lexicon
from editor.lab.training.attribute_classifier import Targets
from editor.lab.training.bundles import load_generator, load_teacher, load_weights, save_weights
from editor.lab.training.joint_space import Phrasebook, embed_phrase, embed_scenes, embed_unrelated_texts
from editor.lab.training.lexicon import Phrase
from editor.lab.training.optim import Average, cosine_decay, set_rate, take_step
from editor.lab.training.options import add_batch, add_drawing, add_width, arguments, parse, start, supply
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.attribute_classifier import split
from editor.networks.convnet import resampled
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator
from editor.networks.text import TextTower

HEAD_WEIGHT = 0.03
DIRECTION_WEIGHT = 0.7
TEXT_NOISE = 0.25
"""Length of the random vector added to sentence embeddings, so that similar wordings get similar places."""
LOGIT_SCALE = 25.0


@dataclass(frozen=True)
class Pairs:
    """N portraits followed by their counterfactuals with one attribute changed: 2N rows of everything.

    ``drawn``: uint8 [2N, 128, 128, 3]; ``physical`` [2N, P]; ``places`` [2N, dim] in the joint space;
    ``wanted``: what labels demand of the auxiliary head.
    """

    drawn: Tensor
    physical: Tensor
    places: Tensor
    wanted: Targets


def draw(rng: np.random.Generator, domain: str, count: int) -> Pairs:
    """Return ``count`` pairs, some of them compressed."""
    known = domains.named(domain)
    before = known.draw(rng, count)
    after, _ = counterfactual.changed(before, rng)
    both = known.portraits.concat([before, after])
    labels = both.labels()
    drawn = data.compress(data.drawings_of(both, 128), rng, share=0.15)
    wanted = attribute_classifier.targets(known.attributes, labels)
    return Pairs(drawn, data.physical(both), embed_scenes(both, labels), wanted)


def pictures(run: Run, pairs: Pairs, networks: tuple[Generator, TeacherMapping] | None) -> Tensor:
    """Return the pairs' damaged pictures [2N, 3, 128, 128].

    A third of the pairs is generated, if there is a generator.
    """
    images = data.as_images(pairs.drawn)
    if networks is not None:
        generator, teacher = networks
        count = len(images) // 2
        first = int(run.rng(purpose=4).integers(count))
        some = (first + torch.arange(count // 3)) % count
        rows = torch.cat([some, count + some]).to(images.device)
        with torch.no_grad():
            styles = generator.synthesis.styles(teacher(pairs.physical[rows]))
            images[rows] = resampled(generator.synthesis(styles, dtype=torch.bfloat16).clamp(-1, 1))
    return attribute_classifier.damaged(images, run.rng(purpose=2))


class Trainer:
    """The joint space with an auxiliary head, and one step of either network."""

    def __init__(self, run: Run, tower: TextTower, rate: float, width: float = 1.0) -> None:
        self.run, self.rate, self.width = run, rate, width
        self.phrasebook = Phrasebook(run.domain, tower)
        places = np.stack([embed_phrase(run.domain, phrase) for phrase in self.phrasebook.phrases])
        self.unrelated_texts = embed_unrelated_texts(tower, self.phrasebook, 12_000, run.seed)
        no_portrait_targets = torch.zeros(len(self.unrelated_texts), run.domain.dim)
        no_portrait_targets[:, -1] = 1.0
        self.places = torch.cat([torch.from_numpy(places), no_portrait_targets])
        self.sentences = torch.cat([self.phrasebook.embeddings, self.unrelated_texts])
        self.space = JointSpace(run.domain.dim, width).to(run.device)
        with torch.no_grad():
            self.space.log_scale.fill_(float(np.log(LOGIT_SCALE)))
            self.space.bias.zero_()
        self.head = nn.Linear(self.space.image.out.in_features, run.domain.attributes.outputs).to(run.device)
        self.text_optimizer = torch.optim.AdamW(self.space.text.parameters(), lr=rate, weight_decay=0.02)
        of_images = [*self.space.image.parameters(), *self.head.parameters()]
        self.image_optimizer = torch.optim.AdamW(of_images, lr=rate, weight_decay=0.02)
        self.text_average = Average(self.space.text, 50_000.0)
        self.image_average = Average(self.space.image, 6000.0)
        run.parts = {
            "space": self.space,
            "head": self.head,
            "word_average": self.text_average,
            "sight_average": self.image_average,
            "word_optimizer": self.text_optimizer,
            "sight_optimizer": self.image_optimizer,
        }

    def text_step(self, fraction: float, phrases: int) -> dict[str, Tensor]:
        """Do one step of the text head; return its loss."""
        self.space.train()
        set_rate(self.text_optimizer, self.rate * cosine_decay(fraction, hold=0.3))
        rng, device = self.run.rng(purpose=3), self.run.device
        unrelated = len(self.phrasebook.phrases) + rng.integers(0, len(self.unrelated_texts), phrases // 8)
        numbers = torch.from_numpy(
            np.concatenate([self.phrasebook.draw(rng, phrases - len(unrelated)), unrelated])
        )
        sentences = self.sentences[numbers].to(device)
        noise = TEXT_NOISE * F.normalize(torch.randn_like(sentences), dim=1)
        made = self.space.text(F.normalize(sentences + noise, dim=1))
        loss = (1 - F.cosine_similarity(made, self.places[numbers].to(device), dim=1)).mean()
        take_step(self.text_optimizer, loss)
        self.text_average.update(self.space.text, phrases)
        return {"text": loss.detach()}

    def image_step(self, fraction: float, pairs: Pairs, images: Tensor) -> dict[str, Tensor]:
        """Do one step of the image tower; return its losses."""
        self.space.train()
        set_rate(self.image_optimizer, self.rate * cosine_decay(fraction, hold=0.3))
        count, wanted = len(images) // 2, pairs.places
        with torch.autocast(images.device.type, torch.bfloat16):
            features = self.space.image.features(images)
        features = features.float()
        made = F.normalize(self.space.image.out(features), dim=1)
        of_places = (made - wanted).square().sum(1).mean()
        moved, should = made[count:] - made[:count], wanted[count:] - wanted[:count]
        visible = (should.norm(dim=1) > 0.05).float()
        of_directions = ((1 - F.cosine_similarity(moved, should, dim=1)) * visible).sum()
        of_directions = of_directions / visible.sum().clamp_min(1)
        logits = split(self.run.domain.attributes, self.head(features))
        of_labels = attribute_classifier.loss_of(logits, pairs.wanted)
        loss = 4 * of_places + DIRECTION_WEIGHT * of_directions + HEAD_WEIGHT * of_labels
        take_step(self.image_optimizer, loss)
        self.image_average.update(self.space.image, len(images))
        losses = {"places": of_places, "directions": of_directions, "labels": of_labels}
        return {name: part.detach() for name, part in losses.items()}

    def averaged(self) -> JointSpace:
        """Return a copy with averaged weights, in eval mode, on the CPU."""
        space = JointSpace(self.run.domain.dim, self.width)
        space.load_state_dict(self.space.state_dict())
        space.to(self.run.device)
        self.text_average.copy_to(space.text)
        self.image_average.copy_to(space.image)
        return space.cpu().eval().requires_grad_(False)

    def save(self, bundle: Path, part: str) -> JointSpace:
        """Write the joint space; what this run did not train is kept from the bundle."""
        space, path = self.averaged(), bundle / "clip.safetensors"
        if path.exists():
            kept = {name: v for name, v in load_weights(path).items() if not name.startswith(part)}
            space.load_state_dict(space.state_dict() | kept)
        save_weights(space, path)
        return space


@torch.no_grad()
def auc(trainer: Trainer, space: JointSpace, phrases: Sequence[Phrase], by_scene: bool) -> float:
    """Return the mean over phrases of the area under the ROC curve on unseen drawings.

    A phrase should score higher on drawings that it describes. With ``by_scene`` a drawing's place in the
    joint space follows from its attributes, which measures the text head alone; otherwise the image tower
    finds it.
    """
    domain, count = trainer.run.domain, 512
    drawn = domain.portraits.sample(count, 1_000_211)
    labels = drawn.labels()
    if by_scene:
        images = embed_scenes(drawn, labels)
    else:
        parts = [data.pictures_of(drawn[i : i + 64], 128) for i in range(0, count, 64)]
        images = torch.cat([space.image(part) for part in parts])
    scores = images @ space.text(trainer.phrasebook.tower.encode([phrase.text for phrase in phrases])).t()
    found = []
    for column, truth in enumerate(domain.lexicon.truth(phrases, labels).T):
        right, wrong = (scores[truth == value, column] for value in (lexicon.TRUE, lexicon.FALSE))
        if len(right) and len(wrong):
            found.append(float((right[:, None] > wrong[None, :]).float().mean()))
    return float(np.mean(found))


def measure(trainer: Trainer, space: JointSpace, by_scene: bool, count: int = 600) -> dict[str, float]:
    """Return the AUC on trained and on unseen wordings, sampled evenly over topics."""
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


def parser(minutes: float, name: str) -> argparse.ArgumentParser:
    """Return the options of both parts."""
    made = arguments("Train a bundle's text-image model: its image tower or its text head.", minutes, name)
    made.add_argument("--text", type=Path, default=EMBEDDED / "text", help="folder of the text tower")
    add_batch(made, 24, "pairs of pictures", rate=1.5e-3)
    made.add_argument("--phrases", type=int, default=512, help="phrases a step of the text head")
    add_width(made)
    add_drawing(made)
    return made


def train_part(options: argparse.Namespace, part: str, record_name: str) -> int:
    """Train the ``image`` tower or the ``text`` head."""
    run = start(options)
    trainer = Trainer(run, TextTower.load(options.text), options.rate, options.width)
    networks = None
    if part == "image" and (options.bundle / "generator.safetensors").exists():
        networks = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    batches = supply(run, options, draw)
    for fraction in run.steps(part):
        if part == "text":
            losses = trainer.text_step(fraction, options.phrases)
        else:
            pairs = next(batches)
            losses = trainer.image_step(fraction, pairs, pictures(run, pairs, networks))
        if run.due(20):
            run.log(**{name: float(loss) for name, loss in losses.items()})
    space = trainer.save(options.bundle, part)
    figures = measure(trainer, space, by_scene=part == "text")
    run.write_record(record_name, options, figures, {"dim": run.domain.dim, "width": options.width})
    return 0


def main(argv: Sequence[str]) -> int:
    """Run ``python -m editor train clip``: the image tower."""
    made = parser(45, "clip")
    made.add_argument(
        "--part",
        choices=["image", "text"],
        default="image",
        help="image tower, or text head (the same as 'train text-head')",
    )
    options = parse(made, argv, "the folder that gets the weights")
    return train_part(options, options.part, "clip" if options.part == "image" else "words")
