"""Published text-image models (Radford et al. 2021, arXiv 2103.00020) through ``transformers``: the optional extra ``clip``.

Nothing of torchvision is used: pictures are prepared here. A multilingual text tower (Reimers and Gurevych 2020, arXiv
2004.09813) may stand in place of the model's own; it shares the picture's space.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.api.errors import BadCheckpoint

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Of the pictures that CLIP was trained with, by colour."""
DRIFT = 10.0
"""Logits that a unit of change beside a wish is worth."""
MOST_TOKENS = 77
MULTILINGUAL_TOKENS = 128
TEMPLATES = tuple(
    frame.format(article=article)
    for article in ("a", "the")
    for frame in (
        "{article} {{}}",
        "{article} photo of {{}}",
        "{article} close-up of {{}}",
        "{article} portrait with {{}}",
        "{article} blurred picture of {{}}",
        "{article} painting of {{}}",
        "{article} bright photo of {{}}",
        "{article} cropped photo of {{}}",
    )
)
"""A wish is encoded in each of these and averaged, which takes the accident of one wording out (the paper averages 79)."""
MISSING = (
    "This model's text-image part needs the packages of the extra 'clip': pip install 'styleclip-bot[clip]'."
)


def build(config: dict[str, Any]) -> nn.Module:
    """A ``CLIPModel`` of random weights. Raises BadCheckpoint where transformers is not installed or cannot hold it."""
    if find_spec("transformers") is None:
        raise BadCheckpoint(MISSING)
    from transformers import CLIPConfig, CLIPModel

    try:
        return CLIPModel(CLIPConfig(**config)).eval()
    except (TypeError, ValueError, KeyError) as error:
        raise BadCheckpoint(f"The text-image model's settings make no sense: {error}.") from error


class MultilingualTower(nn.Module):
    """A DistilBERT with mean pooling and a linear layer into the picture's space, as sentence-transformers has it."""

    def __init__(self, config: dict[str, Any], dim: int, bias: bool = False) -> None:
        super().__init__()
        if find_spec("transformers") is None:
            raise BadCheckpoint(MISSING)
        from transformers import DistilBertConfig, DistilBertModel

        self.body = DistilBertModel(DistilBertConfig(**config))
        self.dense = nn.Linear(self.body.config.dim, dim, bias=bias)

    def forward(self, ids: Tensor, present: Tensor) -> Tensor:
        """Token numbers [N, L] and which are no padding [N, L] -> [N, dim]."""
        hidden = self.body(input_ids=ids, attention_mask=present.long()).last_hidden_state
        share = present[:, :, None].to(hidden.dtype)
        return self.dense((hidden * share).sum(1) / share.sum(1).clamp_min(1))


def load_tokenizer(text: str) -> Any:
    """A tokenizer from the text of its ``tokenizer.json``. Raises BadCheckpoint."""
    if find_spec("tokenizers") is None:
        raise BadCheckpoint(MISSING)
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the library raises Exception itself
        raise BadCheckpoint("The text-image model's tokenizer.json is damaged.") from error


def tokens(
    tokenizer: Any, texts: Sequence[str], most: int, length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Token numbers [N, L] and which are no padding [N, L]; a longer text loses its end but keeps its last token."""
    rows = [encoded.ids for encoded in tokenizer.encode_batch(list(texts))]
    rows = [row if len(row) <= most else [*row[: most - 1], row[-1]] for row in rows]
    width = length or max(len(row) for row in rows)
    ids, present = (
        torch.zeros(len(rows), width, dtype=torch.long),
        torch.zeros(len(rows), width, dtype=torch.bool),
    )
    for number, row in enumerate(rows):
        ids[number, : len(row)], present[number, : len(row)] = torch.tensor(row), True
    return ids, present


class PublishedClip:
    """A text-image model as editing needs it: unit embeddings, and logits that are 100 (or so) times their cosine."""

    def __init__(self, model: Any, tokenizer: Any, templates: Sequence[str] = TEMPLATES) -> None:
        self.model = model
        self.side = int(model.config.vision_config.image_size)
        self.tokenizer, self.templates = tokenizer, tuple(templates)
        self.tower: tuple[MultilingualTower, Any] | None = None
        self._ensemble = lru_cache(maxsize=1024)(self._templated)

    def to(self, device: torch.device) -> PublishedClip:
        """Moved to a device."""
        self.model.to(device)
        if self.tower is not None:
            self.tower[0].to(device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.logit_scale.device

    def prepare(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> what the model sees [N, 3, side, side], of the mean and deviation it was trained with."""
        images = (images + 1) / 2
        if images.shape[-2:] != (self.side, self.side):
            images = F.interpolate(
                images, size=(self.side, self.side), mode="bicubic", antialias=True, align_corners=False
            )
            images = images.clamp(0, 1)
        mean, deviation = (images.new_tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        return (images - mean) / deviation

    def prepare_as_published(self, images: Tensor) -> Tensor:
        """What StyleCLIP's optimizer shows the model: means of blocks, in [-1, 1], without its mean and deviation."""
        return F.avg_pool2d(F.interpolate(images, scale_factor=7, mode="nearest"), images.shape[-1] // 32)

    def embed(self, prepared: Tensor) -> Tensor:
        """What the model sees [N, 3, side, side] -> unit [N, D], with gradients."""
        return F.normalize(
            self.model.get_image_features(pixel_values=prepared, return_dict=True).pooler_output.float(),
            dim=1,
        )

    def encode_image(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> unit [N, D]; searches and ``editor.bundle.relevance`` need its gradient."""
        return self.embed(self.prepare(images))

    @torch.no_grad()
    def encode_sentences(self, texts: Sequence[str]) -> Tensor:
        """N texts exactly as they are -> unit [N, D]."""
        if self.tower is not None:
            module, tokenizer = self.tower
            ids, present = tokens(tokenizer, texts, MULTILINGUAL_TOKENS)
            return F.normalize(module(ids.to(self.device), present.to(self.device)).float(), dim=1)
        return self.encode_tokens(tokens(self.tokenizer, texts, MOST_TOKENS, MOST_TOKENS)[0])

    @torch.no_grad()
    def encode_tokens(self, ids: Tensor) -> Tensor:
        """Token numbers [N, 77] of the model's own text tower -> unit [N, D]."""
        found = self.model.get_text_features(input_ids=ids.to(self.device), return_dict=True).pooler_output
        return F.normalize(found.float(), dim=1)

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """N texts -> unit [N, D]: each in every template, averaged; remembered, since this costs most of a wish."""
        return torch.stack([self._ensemble(text) for text in texts])

    def readings(self, text: str) -> Tensor:
        """A text's embedding as unit [1, D]: it is the mean of many sentences already."""
        return self.encode_text([text])

    def babble(self) -> Tensor:
        """None, [1, D] of zero: such a model was never taught what it does not know, and has no one place for it."""
        return self.encode_text([""]) * 0

    def _templated(self, text: str) -> Tensor:
        embeddings = self.encode_sentences([template.replace("{}", text) for template in self.templates])
        return F.normalize(embeddings.mean(0), dim=0)

    def logits(self, image_embeddings: Tensor, text_embeddings: Tensor) -> Tensor:
        """[N, D], [M, D] -> [N, M]."""
        return image_embeddings @ text_embeddings.t() * self.model.logit_scale.exp()

    def beside(self, moved: Tensor) -> Tensor:
        """Changes of embeddings [N, D] that no wish explains -> logits [N], by their length: axes here mean nothing."""
        return DRIFT * moved.norm(dim=-1)


def config_of(text: str) -> dict[str, Any]:
    """Settings out of a JSON file's text. Raises BadCheckpoint."""
    try:
        config = json.loads(text)
    except ValueError as error:
        raise BadCheckpoint("The text-image model's settings are no JSON.") from error
    if not isinstance(config, dict):
        raise BadCheckpoint("The text-image model's settings are no JSON object.")
    return config
