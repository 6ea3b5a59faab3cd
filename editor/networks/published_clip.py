"""Published CLIP models (Radford et al. 2021, arXiv 2103.00020) through ``transformers``, the optional extra
``clip``.

Pictures are prepared here, so torchvision is not needed. A multilingual text tower (Reimers and Gurevych
2020, arXiv 2004.09813) may replace the model's own text tower.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.api.errors import BadCheckpoint

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Mean and deviation of each colour in CLIP's training pictures."""
COLLATERAL = 10.0
"""Logits that avoiding a unit of collateral change is worth."""
MULTILINGUAL_TOKENS = 128
TEMPLATES: tuple[str, ...] = tuple(
    tomllib.loads(Path(__file__).with_name("clip_templates.toml").read_text(encoding="utf-8"))["templates"]
)
"""A prompt is encoded in each of these sentences and averaged, so that no single wording decides (the paper
uses 79)."""
MISSING = (
    "This model's text-image part needs the packages of the extra 'clip': pip install 'styleclip-bot[clip]'."
)


def _require(package: str) -> None:
    """Raise BadCheckpoint if a package of the extra ``clip`` is missing."""
    if find_spec(package) is None:
        raise BadCheckpoint(MISSING)


def build(config: dict[str, Any]) -> nn.Module:
    """Build a ``CLIPModel`` with random weights.

    Raises BadCheckpoint without transformers or for impossible settings.
    """
    _require("transformers")
    from transformers import CLIPConfig, CLIPModel

    try:
        return CLIPModel(CLIPConfig(**config)).eval()
    except (TypeError, ValueError, KeyError) as error:
        raise BadCheckpoint(f"The settings of the text-image model are not valid: {error}.") from error


class MultilingualTower(nn.Module):
    """DistilBERT, mean pooling and a linear layer into the image space, in the layout of
    sentence-transformers."""

    def __init__(self, config: dict[str, Any], dim: int, bias: bool = False) -> None:
        super().__init__()
        _require("transformers")
        from transformers import DistilBertConfig, DistilBertModel

        self.body = DistilBertModel(DistilBertConfig(**config))
        self.dense = nn.Linear(self.body.config.dim, dim, bias=bias)

    def forward(self, ids: Tensor, present: Tensor) -> Tensor:
        """Token numbers [N, L] and the mask of tokens that are not padding [N, L] -> [N, dim]."""
        hidden = self.body(input_ids=ids, attention_mask=present.long()).last_hidden_state
        share = present[:, :, None].to(hidden.dtype)
        return self.dense((hidden * share).sum(1) / share.sum(1).clamp_min(1))


def load_tokenizer(text: str) -> Any:
    """Load a tokenizer from the text of its ``tokenizer.json``. Raises BadCheckpoint."""
    _require("tokenizers")
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the library raises plain Exception
        raise BadCheckpoint("The tokenizer.json of the text-image model is damaged.") from error


def tokens(
    tokenizer: Any, texts: Sequence[str], most: int, length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Turn texts into token numbers [N, L] and the mask of tokens that are not padding [N, L].

    A text of more than ``most`` tokens loses its end but keeps the last token, which marks the end.
    """
    rows = [encoded.ids for encoded in tokenizer.encode_batch(list(texts))]
    rows = [row if len(row) <= most else [*row[: most - 1], row[-1]] for row in rows]
    width = length or max(len(row) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    present = torch.zeros(len(rows), width, dtype=torch.bool)
    for number, row in enumerate(rows):
        ids[number, : len(row)], present[number, : len(row)] = torch.tensor(row), True
    return ids, present


class PublishedClip:
    """A published CLIP. Its logits are about 100 times the cosine of two embeddings."""

    def __init__(self, model: Any, tokenizer: Any, templates: Sequence[str] = TEMPLATES) -> None:
        self.model = model
        self.side = int(model.config.vision_config.image_size)
        self.tokenizer, self.templates = tokenizer, tuple(templates)
        self.tower: tuple[MultilingualTower, Any] | None = None
        self._cached_templates = lru_cache(maxsize=1024)(self._templated)

    def to(self, device: torch.device) -> PublishedClip:
        """Move the model to a device and return it."""
        self.model.to(device)
        if self.tower is not None:
            self.tower[0].to(device)
        return self

    @property
    def device(self) -> torch.device:
        """The model's device."""
        return self.model.logit_scale.device

    def prepare(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> the model's input [N, 3, side, side], normalised as in its training."""
        images = (images + 1) / 2
        size = (self.side, self.side)
        if images.shape[-2:] != size:
            images = F.interpolate(images, size=size, mode="bicubic", antialias=True, align_corners=False)
            images = images.clamp(0, 1)
        mean, deviation = (images.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        return (images - mean) / deviation

    def prepare_as_published(self, images: Tensor) -> Tensor:
        """Prepare pictures like StyleCLIP's optimizer: means of blocks, without CLIP's normalisation."""
        return F.avg_pool2d(F.interpolate(images, scale_factor=7, mode="nearest"), images.shape[-1] // 32)

    def embed(self, prepared: Tensor) -> Tensor:
        """The model's input [N, 3, side, side] -> unit [N, D], with gradients."""
        found = self.model.get_image_features(pixel_values=prepared, return_dict=True).pooler_output
        return F.normalize(found.float(), dim=1)

    def encode_image(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> unit [N, D], with gradients."""
        return self.embed(self.prepare(images))

    @torch.no_grad()
    def encode_sentences(self, texts: Sequence[str]) -> Tensor:
        """Encode N texts without templates: unit [N, D]."""
        if self.tower is not None:
            module, tokenizer = self.tower
            ids, present = tokens(tokenizer, texts, MULTILINGUAL_TOKENS)
            return F.normalize(module(ids.to(self.device), present.to(self.device)).float(), dim=1)
        length = int(self.model.config.text_config.max_position_embeddings)
        return self.encode_tokens(tokens(self.tokenizer, texts, length, length)[0])

    @torch.no_grad()
    def encode_tokens(self, ids: Tensor) -> Tensor:
        """Token numbers [N, L] of the model's own text tower (OpenAI's: L is 77) -> unit [N, D]."""
        found = self.model.get_text_features(input_ids=ids.to(self.device), return_dict=True).pooler_output
        return F.normalize(found.float(), dim=1)

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Encode N texts, each averaged over the templates: unit [N, D].

        Cached: this is the slowest part of an edit.
        """
        return torch.stack([self._cached_templates(text) for text in texts])

    def encode_phrasings(self, text: str) -> Tensor:
        """Encode a text as unit [1, D]: the templates are phrasings enough."""
        return self.encode_text([text])

    def encode_nonsense(self) -> Tensor:
        """Return zeros [1, D]: this model was never taught nonsense, so it has no common embedding for it."""
        return self.encode_text([""]) * 0

    def _templated(self, text: str) -> Tensor:
        embeddings = self.encode_sentences([template.replace("{}", text) for template in self.templates])
        return F.normalize(embeddings.mean(0), dim=0)

    def logits(self, image_embeddings: Tensor, text_embeddings: Tensor) -> Tensor:
        """[N, D], [M, D] -> [N, M]."""
        return image_embeddings @ text_embeddings.t() * self.model.logit_scale.exp()

    def collateral(self, moved: Tensor) -> Tensor:
        """Changes [N, D] -> logits [N], by their length: single axes of CLIP's space have no meaning."""
        return COLLATERAL * moved.norm(dim=-1)


def config_of(text: str) -> dict[str, Any]:
    """Parse the text of a JSON settings file. Raises BadCheckpoint."""
    try:
        config = json.loads(text)
    except ValueError as error:
        raise BadCheckpoint("The settings of the text-image model are not valid JSON.") from error
    if not isinstance(config, dict):
        raise BadCheckpoint("The settings of the text-image model are not a JSON object.")
    return config
