"""Where portraits and texts belong in the text-image space.

Truth is exact for drawn portraits, so the space need not be learned by contrasting pictures with texts, which
is slow on a CPU. It is defined instead. A *scene* (the numbers a portrait is drawn from, without hidden ones)
has its place by definition. So has a text, by the conditions under which it is true: an attribute is an axis,
and a negation points the other way along it. Texts that are true of every portrait have an axis of their own,
and so have texts that are true of none.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.lab.training.domain import Domain
from editor.lab.training.lexicon import Phrase
from editor.lab.training.portraits import Labels, Portraits
from editor.lab.training.tables import load_table
from editor.networks.text import TextTower, words

CONSTANT = 2.0
"""Share of "any portrait" in every scene."""
FAR, FAR_DESCRIBED = 0.45, 0.65
"""Cosines below which a text is unlike any known phrase; texts that contain a known word are never quite as
far.
"""
UNRELATED = load_table(__file__, "texts.toml")["unrelated"]


class Phrasebook:
    """Seen phrases with their sentence embeddings, drawn evenly over topics."""

    def __init__(self, domain: Domain, tower: TextTower) -> None:
        self.tower = tower
        self.phrases = [phrase for phrase in domain.lexicon.phrases if not phrase.unseen]
        self.embeddings = tower.encode([phrase.text for phrase in self.phrases])
        grouped: dict[str, list[int]] = {}
        for number, phrase in enumerate(self.phrases):
            grouped.setdefault(phrase.topic, []).append(number)
        self.topics = [np.array(numbers) for numbers in grouped.values()]

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return ``count`` numbers of phrases, with all topics equally likely."""
        chosen, place = rng.integers(0, len(self.topics), count), rng.random(count)
        topics = [self.topics[number] for number in chosen]
        return np.array([topic[int(p * len(topic))] for topic, p in zip(topics, place, strict=True)])


def scene(portraits: Portraits, labels: Labels) -> Tensor:
    """Return everything that can be seen and described, in numbers [N, axes].

    Present is about 1, absent about -1 (for a colour -0.3, or the many absent ones would dominate), hidden is
    0.
    """
    columns = [2 * values - 1 for values in (*labels.scales.values(), *labels.raw_amounts.values())]
    seen = [labels.visible[name] for name in (*labels.scales, *labels.raw_amounts)]
    shown = [np.where(visible, column, 0.0) for column, visible in zip(columns, seen, strict=True)]
    blends = [
        2 * (blend - 0.15) * labels.visible[name][:, None]
        for name, blend in portraits.shown_weights().items()
    ]
    return torch.from_numpy(np.column_stack([*shown, *blends]).astype(np.float32))


def embed_scenes(portraits: Portraits, labels: Labels) -> Tensor:
    """Return the place of portraits in the joint space, unit [N, dim]."""
    numbers = scene(portraits, labels)
    constant = torch.full((len(numbers), 1), CONSTANT)
    return F.normalize(torch.cat([numbers, constant, torch.zeros_like(constant)], dim=1), dim=1)


def embed_phrase(domain: Domain, phrase: Phrase) -> np.ndarray:
    """Return the place of a phrase in the joint space, unit [dim]."""
    place = np.zeros(domain.dim, np.float32)
    for name, kind, value in phrase.conditions:
        if kind in ("always", "never"):
            place[-2 if kind == "always" else -1] += 1.0
        else:
            place[domain.axes.index((name, value))] += -1.0 if kind in ("absent", "low") else 1.0
    return place / np.linalg.norm(place)


def embed_unrelated_texts(tower: TextTower, book: Phrasebook, count: int, seed: int) -> Tensor:
    """Return sentence embeddings of texts that are unlike any known phrase and so mean "no portrait".

    Random words, random letters, and random words with a known word: a purple tractor is no portrait either.
    """
    rng = np.random.default_rng(seed)
    names = np.array([name for name in tower.index if name.isalpha() and len(name) > 3])
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    plain = [" ".join(rng.choice(names, int(rng.integers(1, 4)))) for _ in range(count)]
    plain += ["".join(rng.choice(letters, int(rng.integers(4, 10)))) for _ in range(count // 12)]
    strange = names[_nearest(tower.encode(list(names)), book.embeddings).numpy() < FAR]
    known = sorted({word for phrase in book.phrases for word in words(phrase.text) if len(word) > 3})
    forms, a, b = rng.choice(UNRELATED, count), rng.choice(known, count), rng.choice(strange, count)
    described = [form.format(known=x, strange=y) for form, x, y in zip(forms, a, b, strict=True)]
    parts = [(tower.encode(plain), FAR), (tower.encode(described), FAR_DESCRIBED)]
    return torch.cat([found[_nearest(found, book.embeddings) < limit] for found, limit in parts])


def _nearest(rows: Tensor, others: Tensor) -> Tensor:
    """Return the cosine of each row [N, D] with the nearest of others [M, D]: [N]."""
    return torch.cat([(part @ others.t()).amax(1) for part in rows.split(500)])
