"""Train the reader: a bidirectional GRU over hashed word pieces with three outputs for each token.

The outputs are the act of the token's clause, whether a clause begins there, and the token's slot: joint
intents and slots, as in JointBERT (arXiv 1902.10909) and DIET (arXiv 2004.09936).
"""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bot.lab.examples import Example, Language, load, sentences
from bot.language.features import BUCKETS, features
from bot.language.labels import ACTS, TAGS
from bot.language.text import tokenise

MODEL = Path(__file__).parents[1] / "language" / "model"
FILE = "reader.safetensors"


@dataclass(frozen=True)
class Settings:
    """What a training run depends on, in addition to the example files."""

    steps: int = 3000
    batch: int = 128
    rate: float = 5e-3
    width: int = 56
    hidden: int = 80
    seed: int = 1
    chinese: float = 0.4
    """Share of Chinese sentences."""
    further: bool = False
    """Go on from the stored model instead of from random weights."""


class Network(nn.Module):
    """[tokens] feature numbers -> act, begin and slot logits of each token."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(BUCKETS, settings.width, mode="mean")
        self.encoder = nn.GRU(
            settings.width, settings.hidden, num_layers=2, bidirectional=True, batch_first=True, dropout=0.2
        )
        self.act = nn.Linear(2 * settings.hidden, len(ACTS))
        self.begin = nn.Linear(2 * settings.hidden, 1)
        self.slot = nn.Linear(2 * settings.hidden, len(TAGS))
        self.dropout = nn.Dropout(0.2)

    def forward(self, numbers: Tensor, offsets: Tensor, lengths: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Logits [all tokens, labels], sentences one after the other."""
        embedded = self.dropout(self.embedding(numbers, offsets))
        padded = nn.utils.rnn.pad_sequence(list(embedded.split(lengths)), batch_first=True)
        packed = nn.utils.rnn.pack_padded_sequence(
            padded, torch.tensor(lengths), batch_first=True, enforce_sorted=False
        )
        encoded, _ = nn.utils.rnn.pad_packed_sequence(self.encoder(packed)[0], batch_first=True)
        flat = self.dropout(torch.cat([row[:n] for row, n in zip(encoded, lengths, strict=True)]))
        return self.act(flat), self.begin(flat).squeeze(-1), self.slot(flat)


_ACT = {name: number for number, name in enumerate(ACTS)}
_TAG = {name: number for number, name in enumerate(TAGS)}


def _batch(examples: list[Example]) -> tuple[tuple[Tensor, Tensor, list[int]], Tensor, Tensor, Tensor]:
    rows = [features(tokenise(example.text)) for example in examples]
    numbers = [number for row in rows for token in row for number in token]
    sizes = [len(token) for row in rows for token in row]
    acts = [_ACT[act] for example in examples for act in example.acts]
    begins = [float(begin) for example in examples for begin in example.begins]
    slots = [_TAG[slot] for example in examples for slot in example.slots]
    offsets = torch.tensor([0, *np.cumsum(sizes)[:-1]])
    inputs = (torch.tensor(numbers), offsets, [len(row) for row in rows])
    return inputs, torch.tensor(acts), torch.tensor(begins), torch.tensor(slots)


def _languages() -> dict[str, Language]:
    from wordfreq import top_n_list

    english = [
        word for word in top_n_list("en", 12000)[150:] if word.isascii() and word.isalpha() and len(word) > 2
    ]
    chinese = [word for word in top_n_list("zh", 12000)[300:] if len(word) == 2 and not word.isascii()]
    return {"en": load("en", english), "zh": load("zh", chinese)}


def _examples(settings: Settings) -> Iterator[Example]:
    rng = random.Random(settings.seed)
    made = {code: sentences(language, rng) for code, language in _languages().items()}
    while True:
        yield next(made["zh" if rng.random() < settings.chinese else "en"])


def train(settings: Settings, folder: Path = MODEL) -> dict[str, object]:
    """Train, write ``reader.safetensors`` and its record, and return the record."""
    torch.manual_seed(settings.seed)
    torch.set_num_threads(1)
    started = time.monotonic()
    made = _examples(settings)
    network = Network(settings)
    before = _load(network, folder) if settings.further else None
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, settings.steps, pct_start=0.1)
    for step in range(1, settings.steps + 1):
        loss = _loss(network, [next(made) for _ in range(settings.batch)])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.4f}, {time.monotonic() - started:.0f} s", flush=True)
    record: dict[str, object] = {
        "settings": asdict(settings),
        "commit": _commit(),
        "seconds": round(time.monotonic() - started),
    }
    record |= {"before": before} if before else {}
    record |= _tested(network, [next(made) for _ in range(2000)])
    folder.mkdir(exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in network.state_dict().items()}, folder / FILE)
    (folder / "record.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record


def _load(network: Network, folder: Path) -> object:
    """Give the network the stored weights, and return their record."""
    network.load_state_dict({name: value.float() for name, value in load_file(folder / FILE).items()})
    return json.loads((folder / "record.json").read_text(encoding="utf-8"))


def _loss(network: Network, examples: list[Example]) -> Tensor:
    inputs, acts, begins, slots = _batch(examples)
    act, begin, slot = network(*inputs)
    return (
        nn.functional.cross_entropy(act, acts, label_smoothing=0.02)
        + nn.functional.binary_cross_entropy_with_logits(begin, begins)
        + nn.functional.cross_entropy(slot, slots, label_smoothing=0.02)
    )


@torch.no_grad()
def _tested(network: Network, examples: list[Example]) -> dict[str, object]:
    """Shares of tokens labelled right among fresh examples."""
    network.eval()
    inputs, acts, begins, slots = _batch(examples)
    act, begin, slot = network(*inputs)
    return {
        "acts right": round((act.argmax(-1) == acts).float().mean().item(), 4),
        "begins right": round(((begin > 0) == (begins > 0)).float().mean().item(), 4),
        "slots right": round((slot.argmax(-1) == slots).float().mean().item(), 4),
    }


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"
