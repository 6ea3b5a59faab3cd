"""The sentence encoder that teaches the text tower: all-MiniLM-L6-v2 (Wang et al. 2020, arXiv 2002.10957)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertModel


class SentenceTeacher:
    """Reads ``config.json``, ``tokenizer.json`` and ``model.safetensors`` of a folder."""

    def __init__(self, folder: Path, device: torch.device | None = None) -> None:
        self.device = device or torch.device("cpu")
        model = BertModel.from_pretrained(folder, add_pooling_layer=False, local_files_only=True)
        self.model = model.float().to(self.device).eval()
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_padding()
        self.tokenizer.enable_truncation(64)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch: int = 256) -> Tensor:
        """N texts -> unit sentence embeddings [N, 384]; texts of similar lengths are batched together."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        result = torch.empty(len(texts), self.model.config.hidden_size)
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            result[rows] = self._encode([texts[i] for i in rows]).cpu()
        return result

    def _encode(self, texts: list[str]) -> Tensor:
        encoded = self.tokenizer.encode_batch(texts)
        ids = torch.tensor([e.ids for e in encoded], device=self.device)
        mask = torch.tensor([e.attention_mask for e in encoded], device=self.device)
        hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        share = mask[:, :, None].float()
        return F.normalize((hidden * share).sum(1) / share.sum(1), dim=1)
