"""Train the reader: a bidirectional GRU over hashed word pieces with four outputs for each token.

The outputs are the act of the token's clause, whether a clause begins there, the token's slot, and the
sentence's language: joint intents and slots, as in JointBERT (arXiv 1902.10909) and DIET (arXiv 2004.09936).

The sentences of every step follow from the seed and the step's number alone, so a run that was stopped goes
on from its checkpoint and ends with the same weights.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bot.lab.examples import Example, Language, files, load, sentences
from bot.language.features import BUCKETS, features
from bot.language.labels import ACTS, LANGUAGES, TAGS
from bot.language.text import tokenise

MODEL = Path(__file__).parents[1] / "language" / "model"
FILE = "reader.safetensors"
CHECKPOINT = Path("runs/reader.pt")
EVERY = 100
"""Steps between two checkpoints."""
GROUP = 16
"""Steps whose sentences are made together."""


@dataclass(frozen=True)
class Settings:
    """What a training run depends on, in addition to the example files."""

    steps: int = 2200
    horizon: int = 4000
    """Steps of the one-cycle schedule of the learning rate, which is left early by a ramp to nothing."""
    ramp: tuple[tuple[int, float], ...] = ((1500, 1.0), (1700, 9 / 11), (2200, 0.0))
    """Steps and what the learning rate is multiplied by at each; linear in between."""
    batch: int = 128
    rate: float = 5e-3
    width: int = 56
    hidden: int = 80
    seed: int = 1
    english: float = 0.55
    chinese: float = 0.29
    """Shares of the sentences; the other languages share the rest."""


class Network(nn.Module):
    """[tokens] feature numbers -> act, begin, slot and language logits of each token."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(BUCKETS, settings.width, mode="mean")
        self.encoder = nn.GRU(
            settings.width, settings.hidden, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2
        )
        self.act = nn.Linear(2 * settings.hidden, len(ACTS))
        self.begin = nn.Linear(2 * settings.hidden, 1)
        self.slot = nn.Linear(2 * settings.hidden, len(TAGS))
        self.language = nn.Linear(2 * settings.hidden, len(LANGUAGES))
        self.dropout = nn.Dropout(0.2)

    def forward(self, numbers: Tensor, offsets: Tensor, lengths: list[int]) -> tuple[Tensor, ...]:
        """Logits [all tokens, labels], sentences one after the other."""
        embedded = self.dropout(self.embedding(numbers, offsets))
        padded = nn.utils.rnn.pad_sequence(list(embedded.split(lengths)), batch_first=True)
        packed = nn.utils.rnn.pack_padded_sequence(
            padded, torch.tensor(lengths), batch_first=True, enforce_sorted=False
        )
        encoded, _ = nn.utils.rnn.pad_packed_sequence(self.encoder(packed)[0], batch_first=True)
        flat = self.dropout(torch.cat([row[:n] for row, n in zip(encoded, lengths, strict=True)]))
        return self.act(flat), self.begin(flat).squeeze(-1), self.slot(flat), self.language(flat)


_ACT = {name: number for number, name in enumerate(ACTS)}
_TAG = {name: number for number, name in enumerate(TAGS)}


def _batch(examples: list[Example]) -> tuple[tuple[Tensor, Tensor, list[int]], tuple[Tensor, ...]]:
    """The network's inputs, and the labels of its four outputs."""
    rows = [features(tokenise(example.text)) for example in examples]
    sizes = [len(token) for row in rows for token in row]
    numbers = torch.tensor([number for row in rows for token in row for number in token])
    labels = (
        [_ACT[act] for example in examples for act in example.acts],
        [float(begin) for example in examples for begin in example.begins],
        [_TAG[slot] for example in examples for slot in example.slots],
        [LANGUAGES.index(example.language) for example in examples for _ in example.acts],
    )
    inputs = (numbers, torch.tensor([0, *np.cumsum(sizes)[:-1]]), [len(row) for row in rows])
    return inputs, tuple(map(torch.tensor, labels))


def _languages() -> dict[str, Language]:
    from wordfreq import top_n_list

    found = {}
    for code in LANGUAGES:
        common = top_n_list(code, 12000)[150:]
        least, most = (2, 4) if code in ("zh", "ja") else (3, 20)
        own = [word for word in common if code not in ("zh", "ja") or not word.isascii()]
        found[code] = load(code, [word for word in own if word.isalpha() and least <= len(word) <= most])
    return found


def _examples(languages: dict[str, Language], settings: Settings, group: int) -> list[Example]:
    """The sentences of a group of steps."""
    rng = random.Random(settings.seed * 1_000_003 + group)
    made = {code: sentences(language, rng) for code, language in languages.items()}
    count = settings.batch * GROUP
    others = len(languages) - 2
    rest = (1 - settings.english - settings.chinese) / others
    codes = rng.choices(LANGUAGES, [settings.english, settings.chinese, *[rest] * others], k=count)
    return [next(made[code]) for code in codes]


def _batches(languages: dict[str, Language], settings: Settings, start: int) -> Iterator[list[Example]]:
    """The batches from a step on. Sentences of like length share one: it takes half the time."""
    for group in itertools.count(start // GROUP):
        examples = sorted(_examples(languages, settings, group), key=lambda example: len(example.acts))
        size = settings.batch
        batches = [examples[place : place + size] for place in range(0, len(examples), size)]
        random.Random(group).shuffle(batches)
        yield from batches[start % GROUP if group == start // GROUP else 0 :]


def train(settings: Settings, folder: Path = MODEL, checkpoint: Path = CHECKPOINT) -> dict[str, object]:
    """Train, write ``reader.safetensors`` and its record, and return the record."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(1)
    languages, network = _languages(), Network(settings)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, settings.horizon, pct_start=0.1)
    run = Run(settings, network, optimiser, schedule)
    run.resume(checkpoint)
    begun = time.monotonic()
    for batch in itertools.islice(_batches(languages, settings, run.step), settings.steps - run.step):
        loss = _loss(network, batch)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        run.step += 1
        for group in optimiser.param_groups:
            group["lr"] *= float(np.interp(run.step, *zip(*settings.ramp, strict=True)))
        run.seconds, begun = run.seconds + time.monotonic() - begun, time.monotonic()
        if run.step % EVERY == 0:
            print(f"step {run.step}: loss {loss.item():.4f}, {run.seconds:.0f} s", flush=True)
            run.save(checkpoint)
    record: dict[str, object] = {
        "command": "python -m bot train-reader",
        "settings": asdict(settings),
        "examples": run.examples,
        "commit": _commit(),
        "seconds": round(run.seconds),
        **_tested(network, _examples(languages, settings, -1)),
    }
    folder.mkdir(exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in network.state_dict().items()}, folder / FILE)
    (folder / "record.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    checkpoint.unlink(missing_ok=True)
    return record


@dataclass
class Run:
    """A run so far, and its checkpoint, which only a run with the same settings and examples goes on from."""

    settings: Settings
    network: Network
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    examples: str = field(default_factory=lambda: _fingerprint())
    step: int = 0
    seconds: float = 0.0

    def _key(self) -> str:
        return json.dumps([asdict(self.settings), self.examples])

    def save(self, path: Path) -> None:
        """Write the checkpoint."""
        parts = {name: getattr(self, name).state_dict() for name in ("network", "optimiser", "schedule")}
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {"key": self._key(), "step": self.step, "seconds": self.seconds, "rng": torch.get_rng_state()}
        torch.save(state | parts, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def resume(self, path: Path) -> None:
        """Go on from the checkpoint if it is of this run."""
        state: dict[str, Any] = torch.load(path, weights_only=True) if path.is_file() else {}
        if state.get("key") != self._key():
            return
        for name in ("network", "optimiser", "schedule"):
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["rng"])
        self.step, self.seconds = state["step"], state["seconds"]


def _loss(network: Network, examples: list[Example]) -> Tensor:
    inputs, (acts, begins, slots, languages) = _batch(examples)
    act, begin, slot, language = network(*inputs)
    return (
        nn.functional.cross_entropy(act, acts, label_smoothing=0.02)
        + nn.functional.binary_cross_entropy_with_logits(begin, begins)
        + nn.functional.cross_entropy(slot, slots, label_smoothing=0.02)
        + 0.3 * nn.functional.cross_entropy(language, languages)
    )


@torch.no_grad()
def _tested(network: Network, examples: list[Example]) -> dict[str, object]:
    """Shares of tokens labelled right among fresh examples."""
    network.eval()
    inputs, labels = _batch(examples)
    found = {}
    names = ("acts", "begins", "slots", "languages")
    for name, logits, label in zip(names, network(*inputs), labels, strict=True):
        best = logits > 0 if logits.ndim == 1 else logits.argmax(-1)
        found[f"{name} right"] = round((best == label).float().mean().item(), 4)
    return found


def _fingerprint() -> str:
    """A hash of all example files and word lists."""
    digest = hashlib.sha256()
    for path in files():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"
