"""The shared text tower: a small transformer (Vaswani et al. 2017, arXiv 1706.03762) over words and their
trigrams.

It was distilled from a large sentence encoder, which is not needed to run it. A word is the sum of its own
vector, if it is in the vocabulary, and of the vectors of its character trigrams. So a rare or misspelt word
still has a meaning.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

WIDTH = 384
"""Width of a sentence embedding."""
MAX_WORDS = 32
MAX_TRIGRAMS = 14
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words(text: str) -> list[str]:
    """Split a text into lower-case words: at most ``MAX_WORDS``, and at least one, which may be empty."""
    return _WORD.findall(text.lower().replace("’", "'"))[:MAX_WORDS] or [""]


def trigrams(word: str, buckets: int) -> list[int]:
    """Hash the trigrams of ``^word$`` to 1 … buckets; 0 is padding."""
    marked = f"^{word}$"
    pieces = [marked[i : i + 3] for i in range(len(marked) - 2)][:MAX_TRIGRAMS] or [marked]
    return [1 + zlib.crc32(piece.encode()) % buckets for piece in pieces]


class TextTower(nn.Module):
    """Encodes texts as unit sentence embeddings."""

    def __init__(
        self, vocabulary: Sequence[str], buckets: int = 8192, narrow: int = 96, width: int = 256
    ) -> None:
        super().__init__()
        self.index = {word: number for number, word in enumerate(vocabulary, start=1)}
        self.buckets = buckets
        self.word = nn.Embedding(len(vocabulary) + 1, narrow, padding_idx=0)
        self.trigram = nn.EmbeddingBag(buckets + 1, narrow, mode="mean", padding_idx=0)
        self.position = nn.Parameter(0.02 * torch.randn(MAX_WORDS, width))
        self.widen = nn.Linear(narrow, width)
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, dropout=0.05, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.out = nn.Linear(width, WIDTH)

    def tokenise(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        """Turn N texts into word numbers [N, L], trigram numbers [N, L, T] and a mask of words [N, L]."""
        split = [words(text) for text in texts]
        longest = max(len(row) for row in split)
        numbers = torch.zeros(len(texts), longest, dtype=torch.long)
        pieces = torch.zeros(len(texts), longest, MAX_TRIGRAMS, dtype=torch.long)
        present = torch.zeros(len(texts), longest, dtype=torch.bool)
        for row, found in enumerate(split):
            present[row, : len(found)] = True
            for place, word in enumerate(found):
                numbers[row, place] = self.index.get(word, 0)
                grams = trigrams(word, self.buckets)
                pieces[row, place, : len(grams)] = torch.tensor(grams)
        return numbers, pieces, present

    def forward(self, numbers: Tensor, pieces: Tensor, present: Tensor) -> Tensor:
        """Tokens from ``tokenise`` -> unit [N, 384]."""
        n, length = numbers.shape
        grams = self.trigram(pieces.view(n * length, -1)).view(n, length, -1)
        x = self.widen(self.word(numbers) + grams) + self.position[:length]
        x = self.layers(x, src_key_padding_mask=~present)
        share = present[:, :, None].to(x.dtype)
        return F.normalize(self.out((x * share).sum(1) / share.sum(1)).float(), dim=1)

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> Tensor:
        """Encode N texts in batches of 512: unit [N, 384]."""
        device = self.position.device
        parts = [
            self(*(t.to(device) for t in self.tokenise(texts[i : i + 512])))
            for i in range(0, len(texts), 512)
        ]
        return torch.cat(parts)

    @classmethod
    def load(cls, folder: Path) -> TextTower:
        """Load a frozen tower from ``vocabulary.txt`` (one word a line) and ``text.safetensors``."""
        vocabulary = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
        state = {k: v.float() for k, v in load_file(folder / "text.safetensors").items()}
        width, narrow = state["widen.weight"].shape
        tower = cls([word for word in vocabulary if word], len(state["trigram.weight"]) - 1, narrow, width)
        tower.load_state_dict(state)
        return tower.eval().requires_grad_(False)
