"""A bundle: the networks and measurements of one editable domain, on one device."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import BundleInfo
from editor.bundle.caches import Caches
from editor.bundle.direction_bank import DirectionBank
from editor.bundle.lazy_directions import LazyDirectionBank
from editor.bundle.prompt_mappers import TrainedMapper
from editor.bundle.text_image import TextImage
from editor.device.batching import draw
from editor.networks.deltaedit import TextMapper
from editor.networks.encoder import Encoder, MeanEncoder
from editor.networks.generators import Generator
from editor.networks.psp import PspEncoder
from editor.networks.styleclip_mapper import StyleClipMapper

SPAN_ENERGY = 1e-3
"""Share of the strongest direction's energy from which a direction belongs to the span of pictures."""
MAX_RECONSTRUCTIONS = 16
"""Cached pictures without edits: every follow-up needs the same one."""


@dataclass(frozen=True)
class Thresholds:
    """Measurements of a bundle, kept in its ``bundle.toml``."""

    standard_gain: float
    """Logits that an edit gains at strength 1."""
    shown: float
    """Logit from which a text describes a picture."""
    domain_similarity: float
    """Least cosine of image embeddings of a picture inside the domain and its reconstruction."""
    domain_psnr: float
    """Least PSNR of that reconstruction, in dB."""
    domain_outlines: float = -1.0
    """Least cosine of their outlines (``editor.inversion.domain_check``); -1 if it was not measured."""


@dataclass
class Bundle:
    """Everything that editing in one domain needs."""

    info: BundleInfo
    generator: Generator
    encoder: Encoder | PspEncoder | MeanEncoder
    clip: TextImage
    bank: DirectionBank | LazyDirectionBank
    mapper: TextMapper | None
    thresholds: Thresholds
    neutral_texts: tuple[str, ...]
    """Texts of the plain domain that prompts are contrasted with: "a face", "a portrait"."""
    alignment: str = "square"
    """How pictures are cropped: any square, or faces in the position of FFHQ ("ffhq")."""
    drawn: bool = False
    """Whether the generator draws flat shapes with outlines, like a cartoon."""
    published_mappers: dict[str, StyleClipMapper] = field(default_factory=dict)
    """Imported mappers by the prompt they were trained for."""
    trained_mappers: tuple[TrainedMapper, ...] = ()
    """Mappers of the bundle and of this installation, each trained for one prompt."""
    caches: Caches = field(default_factory=Caches, init=False, repr=False, compare=False)
    tuning: str = field(default="", init=False)
    """Name of the picture's own change of the generator (pivotal tuning); "" for the generator itself."""
    _untuned: Bundle | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def untuned(self) -> Bundle:
        """The bundle with the generator that all pictures share."""
        return self._untuned or self

    def tuned(self, generator: Generator, tuning: str) -> Bundle:
        """Return this bundle with a generator that was tuned to one picture. Both share the caches."""
        # these depend on the shared generator alone: computed before copying, they are computed once
        _ = self.style_inverse, self.image_span, self.neutral_embedding, self.nonsense_direction
        copied = copy.copy(self)
        copied.generator, copied.tuning, copied._untuned = generator, tuning, self.untuned
        return copied

    def render(self, styles: Tensor) -> Tensor:
        """Draw styles [N, C] as pictures [N, 3, R, R] in [-1, 1]."""
        return draw(self.generator.synthesis, styles).clamp(-1, 1)

    def embed(self, styles: Tensor) -> Tensor:
        """Draw styles [N, C] and return the image embeddings [N, D] of the pictures."""
        return self.clip.encode_image(self.render(styles))

    def reconstruct(self, w: Tensor) -> Tensor:
        """Draw W+ ``w`` [num_ws, w_dim] without edits as a picture [1, 3, R, R]; recent ones are cached.

        The picture is drawn in a batch of its own, as edited ones are: the same row may differ in the last
        bit in another batch, and unedited parts of a picture must not change.
        """
        key = (self.tuning, w.detach().cpu().numpy().tobytes())

        def drawn() -> Tensor:
            return self.render(self.generator.synthesis.styles(w[None]))

        return self.caches.get("reconstructions", key, drawn, MAX_RECONSTRUCTIONS)

    @cached_property
    def style_inverse(self) -> Tensor:
        """Least-squares map [w_dim, C] from a StyleSpace step to the nearest step in W."""
        identity = torch.eye(self.generator.config.w_dim, device=self.bank.s_std.device)
        return torch.linalg.pinv(self.generator.synthesis.style_steps(identity).t())

    @cached_property
    def image_span(self) -> Tensor:
        """Projection [D, D] onto the directions in which the generator's pictures differ.

        Texts and pictures occupy different parts of a joint space (the modality gap). The part of a text
        direction outside this span says nothing about a change of the picture.
        """
        return self.bank.span(SPAN_ENERGY)

    @cached_property
    def neutral_embedding(self) -> Tensor:
        """Mean embedding of the neutral texts, unit [D]."""
        return F.normalize(self.clip.encode_text(self.neutral_texts).mean(0), dim=0)

    @cached_property
    def nonsense_direction(self) -> Tensor:
        """Where texts without meaning for this domain are embedded, outside the span of pictures: unit [D] or
        zero.

        It is measured on random words. A text-image model that was taught what it does not know puts them
        there.
        """
        return F.normalize(self.outside_image_span(self.clip.encode_nonsense()).mean(0), dim=0)

    def outside_image_span(self, texts: Tensor) -> Tensor:
        """Remove from texts [N, D] what they share with pictures and with the neutral texts: [N, D]."""
        rest = self.without_neutral(texts)
        return rest - rest @ self.image_span

    def without_neutral(self, texts: Tensor) -> Tensor:
        """Remove from texts [N, D] what they share with the neutral texts: [N, D]."""
        return texts - (texts @ self.neutral_embedding)[:, None] * self.neutral_embedding
