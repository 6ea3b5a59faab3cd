"""A bundle of networks in the published layouts with random weights: they cost what trained ones cost."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import Tensor

from editor.api.protocol import BundleInfo
from editor.bundle.bundle import Bundle, Thresholds
from editor.bundle.direction_bank import DirectionBank
from editor.networks import published_clip
from editor.networks.encoder import MeanEncoder
from editor.networks.generators import w_statistics
from editor.networks.psp import PspConfig, PspEncoder
from editor.networks.published_clip import PublishedClip
from editor.networks.stylegan2 import Generator, GeneratorConfig

FFHQ = GeneratorConfig(
    resolution=1024,
    z_dim=512,
    w_dim=512,
    mapping_layers=8,
    mapping_features=512,
    mapping_lr=0.01,
    channel_base=32768,
    channel_max=512,
    noise=True,
    clamp=256.0,
    rgb_upsampling="fir",
)
"""The published layout of StyleGAN2."""
SMALL = replace(
    FFHQ, z_dim=32, w_dim=32, mapping_layers=2, mapping_features=32, channel_base=1024, channel_max=32
)
_TOWER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL_CLIP = {
    "projection_dim": 32,
    "vision_config": {**_TOWER, "image_size": 32, "patch_size": 16},
    "text_config": {**_TOWER, "vocab_size": 50},
}


class RandomTexts(PublishedClip):
    """CLIP that embeds each text at a random but fixed place.

    A random text tower would put all texts at one place.
    """

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """N texts -> unit [N, D]."""
        dim = self.model.config.projection_dim
        rows = [
            torch.randn(dim, generator=torch.Generator().manual_seed(zlib.crc32(text.encode())))
            for text in texts
        ]
        return F.normalize(torch.stack(rows), dim=1).to(self.device)


@torch.no_grad()
def random_bundle(pixels: int = FFHQ.resolution, device: str = "cpu") -> Bundle:
    """Make StyleGAN2, e4e and CLIP ViT-B/32 for 1024 pixels; for other sizes, small networks to try with."""
    torch.manual_seed(0)
    full = pixels == FFHQ.resolution
    config = FFHQ if full else replace(SMALL, resolution=pixels)
    generator = Generator(config).eval().requires_grad_(False)
    mean, std = w_statistics(generator, 1000)
    encoder: PspEncoder | MeanEncoder = MeanEncoder(config.num_ws, mean, std)
    if full:
        encoder = PspEncoder(PspConfig(num_ws=config.num_ws, offsets=True)).eval().requires_grad_(False)
        encoder.w_mean.copy_(mean)
        encoder.w_std.copy_(std)
        encoder.latent_avg.copy_(mean.expand_as(encoder.latent_avg))
    model = published_clip.build({} if full else SMALL_CLIP).requires_grad_(False)
    words = Tokenizer(WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))  # noqa: S106 - no secret
    styles = generator.synthesis.styles(generator.mapping(torch.randn(256, config.z_dim)))
    clip = RandomTexts(model, words).to(torch.device(device))
    relevance = F.normalize(torch.randn(styles.shape[1], clip.model.config.projection_dim), dim=1)
    bank = (styles.mean(0), styles.std(0) + 1e-3, relevance)
    return Bundle(
        info=BundleInfo(
            name="random", title="", domain="", resolution=pixels, fingerprint="random", licence=""
        ),
        generator=generator.to(device),
        encoder=encoder.to(device),
        clip=clip,
        bank=DirectionBank(*(part.to(device) for part in bank)),
        mapper=None,
        thresholds=Thresholds(4.0, 27.0, -1.0, 0.0),
        neutral_texts=("a face",),
    )
