"""Train a bundle's text-image model.

The places of portraits and texts in the joint space are given (``editor.lab.training.joint_space``). Two
networks learn to find them: the text head from sentence embeddings alone, in minutes; the image tower from
pictures alone (drawn and generated, damaged like uploads), with a loss on the difference of two pictures that
differ in one attribute, which is what editing needs. Scale and bias make the logits those of a sigmoid loss
(Zhai et al. 2023, arXiv 2303.15343): above 0 if the text describes the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.bundle.manifest import EMBEDDED
from editor.lab.training import attribute_classifier, counterfactual, data, domains, lexicon
from editor.lab.training.attribute_classifier import Targets
from editor.lab.training.batches import supply
from editor.lab.training.bundles import load_generator, load_teacher, load_weights, save_weights
from editor.lab.training.domain import Domain
from editor.lab.training.joint_space import Phrasebook, embed_phrase, embed_scenes, embed_unrelated_texts
from editor.lab.training.lexicon import Phrase
from editor.lab.training.optim import Average, cosine_decay, set_rate, take_step
from editor.lab.training.precision import autocast, fast_dtype
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.attribute_classifier import split
from editor.networks.convnet import resampled
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator
from editor.networks.text import TextTower

LABELS_WEIGHT, DIRECTION_WEIGHT = 0.03, 0.7
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
            made = generator.synthesis(styles, dtype=fast_dtype(styles.device))
            images[rows] = resampled(made.clamp(-1, 1))
    return attribute_classifier.damaged(images, run.rng(purpose=2))


def train_text_head(run: Run, options: SimpleNamespace, space: JointSpace, tower: TextTower) -> None:
    """Train the text head in place, on known phrases and on texts that mean no portrait."""
    book = Phrasebook(run.domain, tower)
    unrelated = embed_unrelated_texts(tower, book, 12_000, run.seed)
    no_portrait = torch.zeros(len(unrelated), run.domain.dim)
    no_portrait[:, -1] = 1.0
    known = torch.from_numpy(np.stack([embed_phrase(run.domain, phrase) for phrase in book.phrases]))
    places, sentences = torch.cat([known, no_portrait]), torch.cat([book.embeddings, unrelated])
    optimizer = torch.optim.AdamW(space.text.parameters(), lr=options.rate, weight_decay=0.02)
    average, count = Average(space.text, 50_000.0), options.phrases
    run.parts = {"space": space, "word_average": average, "word_optimizer": optimizer}
    for fraction in run.steps("text"):
        space.train()
        set_rate(optimizer, options.rate * cosine_decay(fraction, hold=0.3))
        rng = run.rng(purpose=3)
        strange = len(book.phrases) + rng.integers(0, len(unrelated), count // 8)
        numbers = torch.from_numpy(np.concatenate([book.draw(rng, count - len(strange)), strange]))
        rows = sentences[numbers].to(run.device)
        noise = TEXT_NOISE * F.normalize(torch.randn_like(rows), dim=1)
        made = space.text(F.normalize(rows + noise, dim=1))
        loss = (1 - F.cosine_similarity(made, places[numbers].to(run.device), dim=1)).mean()
        take_step(optimizer, loss)
        average.update(space.text, count)
        if run.due(20):
            run.log(text=float(loss))
    average.copy_to(space.text)


def train_image_tower(run: Run, options: SimpleNamespace, space: JointSpace) -> None:
    """Train the image tower in place, with an auxiliary head that predicts the labels."""
    head = nn.Linear(space.image.out.in_features, run.domain.attributes.outputs).to(run.device)
    parameters = [*space.image.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=options.rate, weight_decay=0.02)
    average = Average(space.image, 6000.0)
    run.parts = {"space": space, "head": head, "sight_average": average, "sight_optimizer": optimizer}
    networks = None
    if (options.bundle / "generator.safetensors").exists():
        networks = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    batches = supply(run, options, draw)
    for fraction in run.steps("image"):
        space.train()
        set_rate(optimizer, options.rate * cosine_decay(fraction, hold=0.3))
        pairs = next(batches)
        images = pictures(run, pairs, networks)
        losses = image_losses(run.domain, space, head, pairs, images)
        weighted = 4 * losses["places"] + DIRECTION_WEIGHT * losses["directions"]
        take_step(optimizer, weighted + LABELS_WEIGHT * losses["labels"])
        average.update(space.image, len(images))
        if run.due(20):
            run.log(**{name: float(loss) for name, loss in losses.items()})
    average.copy_to(space.image)


def image_losses(
    domain: Domain, space: JointSpace, head: nn.Linear, pairs: Pairs, images: Tensor
) -> dict[str, Tensor]:
    """Return the losses of places, of the directions between pairs, and of the labels."""
    count, wanted = len(images) // 2, pairs.places
    with autocast(images.device):
        features = space.image.features(images)
    features = features.float()
    made = F.normalize(space.image.out(features), dim=1)
    moved, should = made[count:] - made[:count], wanted[count:] - wanted[:count]
    visible = (should.norm(dim=1) > 0.05).float()
    of_directions = ((1 - F.cosine_similarity(moved, should, dim=1)) * visible).sum()
    return {
        "places": (made - wanted).square().sum(1).mean(),
        "directions": of_directions / visible.sum().clamp_min(1),
        "labels": attribute_classifier.loss_of(split(domain.attributes, head(features)), pairs.wanted),
    }


@torch.no_grad()
def auc(
    domain: Domain, space: JointSpace, tower: TextTower, phrases: Sequence[Phrase], by_scene: bool
) -> float:
    """Return the mean over phrases of the area under the ROC curve on unseen drawings.

    A phrase should score higher on drawings that it describes. With ``by_scene`` a drawing's place in the
    joint space follows from its attributes, which measures the text head alone; otherwise the image tower
    finds it.
    """
    count = 512
    drawn = domain.portraits.sample(count, 1_000_211)
    labels = drawn.labels()
    if by_scene:
        images = embed_scenes(drawn, labels)
    else:
        parts = [data.pictures_of(drawn[i : i + 64], 128) for i in range(0, count, 64)]
        images = torch.cat([space.image(part) for part in parts])
    scores = images @ space.text(tower.encode([phrase.text for phrase in phrases])).t()
    found = []
    for column, truth in enumerate(domain.lexicon.truth(phrases, labels).T):
        right, wrong = (scores[truth == value, column] for value in (lexicon.TRUE, lexicon.FALSE))
        if len(right) and len(wrong):
            found.append(float((right[:, None] > wrong[None, :]).float().mean()))
    return float(np.mean(found))


def measure(
    domain: Domain, space: JointSpace, tower: TextTower, by_scene: bool, count: int = 600
) -> dict[str, float]:
    """Return the AUC on trained and on unseen wordings, sampled evenly over topics."""
    result = {}
    for name, unseen in (("auc_seen", False), ("auc_unseen", True)):
        rng = np.random.default_rng(17)
        pool: dict[str, list[Phrase]] = {}
        for phrase in domain.lexicon.phrases:
            if phrase.unseen == unseen and phrase.topic:
                pool.setdefault(phrase.topic, []).append(phrase)
        each = max(1, count // len(pool))
        chosen = [p for group in pool.values() for p in rng.permutation(np.array(group, dtype=object))[:each]]
        result[name] = round(auc(domain, space, tower, chosen, by_scene), 4)
    return result


def main(run: Run, options: SimpleNamespace) -> None:
    """Train the text head or the image tower, and keep the other one of the bundle."""
    tower = TextTower.load(options.text or EMBEDDED / "text")
    space = JointSpace(run.domain.dim, options.width).to(run.device)
    with torch.no_grad():
        space.log_scale.fill_(float(np.log(LOGIT_SCALE)))
        space.bias.zero_()
    text = options.part == "text-head"
    if text:
        train_text_head(run, options, space, tower)
    else:
        train_image_tower(run, options, space)
    space.cpu().eval().requires_grad_(False)
    path = options.bundle / "clip.safetensors"
    if path.exists():
        trained = "text" if text else "image"
        kept = {name: value for name, value in load_weights(path).items() if not name.startswith(trained)}
        space.load_state_dict(space.state_dict() | kept)
    save_weights(space, path)
    figures = measure(run.domain, space, tower, by_scene=text)
    run.write_record(
        "words" if text else "clip", options, figures, {"dim": run.domain.dim, "width": options.width}
    )
