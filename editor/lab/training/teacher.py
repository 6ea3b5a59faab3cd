"""The sentence encoder that teaches the text tower: all-MiniLM-L6-v2 (Wang et al. 2020, arXiv 2002.10957).

A BERT forward pass in plain torch over its safetensors file; needed at training time only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor


class SentenceTeacher:
    """Reads ``config.json``, ``tokenizer.json`` and ``model.safetensors`` of a folder."""

    def __init__(self, folder: Path, device: torch.device | None = None) -> None:
        self.device = device or torch.device("cpu")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.layers, self.heads = config["num_hidden_layers"], config["num_attention_heads"]
        self.epsilon = config["layer_norm_eps"]
        weights = load_file(folder / "model.safetensors")
        self.weights = {
            name.removeprefix("bert."): value.float().to(self.device) for name, value in weights.items()
        }
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_padding()
        self.tokenizer.enable_truncation(64)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], batch: int = 256) -> Tensor:
        """N texts -> unit sentence embeddings [N, 384]; similar lengths are batched together."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        result = torch.empty(len(texts), 384)
        for begin in range(0, len(order), batch):
            rows = order[begin : begin + batch]
            result[rows] = self._encode([texts[i] for i in rows]).cpu()
        return result

    def _encode(self, texts: list[str]) -> Tensor:
        encoded = self.tokenizer.encode_batch(texts)
        ids = torch.tensor([e.ids for e in encoded], device=self.device)
        mask = torch.tensor([e.attention_mask for e in encoded], device=self.device).bool()
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids]
        x = (
            x
            + w["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(self.layers):
            x = self._layer(x, mask, f"encoder.layer.{layer}.")
        share = mask[:, :, None].float()
        return F.normalize((x * share).sum(1) / share.sum(1), dim=1)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return F.layer_norm(
            x, x.shape[-1:], self.weights[name + ".weight"], self.weights[name + ".bias"], self.epsilon
        )

    def _layer(self, x: Tensor, mask: Tensor, prefix: str) -> Tensor:
        n, length, width = x.shape
        parts = [self._linear(x, f"{prefix}attention.self.{part}") for part in ("query", "key", "value")]
        q, k, v = (part.view(n, length, self.heads, -1).transpose(1, 2) for part in parts)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        y = self._linear(y.transpose(1, 2).reshape(n, length, width), prefix + "attention.output.dense")
        x = self._norm(x + y, prefix + "attention.output.LayerNorm")
        y = F.gelu(self._linear(x, prefix + "intermediate.dense"))
        return self._norm(x + self._linear(y, prefix + "output.dense"), prefix + "output.LayerNorm")
