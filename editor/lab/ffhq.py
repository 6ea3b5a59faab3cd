"""Networks in the published layouts for FFHQ at 1024 pixels, with random weights.

They cost what trained ones cost.
"""

from __future__ import annotations

import torch

from editor.api.protocol import BundleInfo
from editor.bundle.bundle import Bundle, Thresholds
from editor.bundle.direction_bank import DirectionBank
from editor.networks import published_clip, stylegan2
from editor.networks.encoder import Encoder, MeanEncoder
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


def random_bundle(
    name: str,
    generator: Generator,
    encoder: Encoder | PspEncoder | MeanEncoder,
    clip: PublishedClip,
    dim: int,
) -> Bundle:
    """Make a bundle of these networks with a random direction bank; ``dim`` is the text-image model's."""
    with torch.no_grad():
        styles = generator.synthesis.styles(generator.mapping(torch.randn(256, generator.config.z_dim)))
    relevance = torch.nn.functional.normalize(torch.randn(styles.shape[1], dim), dim=1)
    info = BundleInfo(
        name=name,
        title="",
        domain="",
        resolution=generator.config.resolution,
        fingerprint="random",
        licence="",
    )
    return Bundle(
        info=info,
        generator=generator,
        encoder=encoder,
        clip=clip,
        bank=DirectionBank(s_mean=styles.mean(0), s_std=styles.std(0) + 1e-3, relevance=relevance),
        mapper=None,
        thresholds=Thresholds(4.0, 27.0, -1.0, 0.0),
        neutral_texts=("a face",),
    )


def ffhq_bundle() -> Bundle:
    """Make a bundle of StyleGAN2, e4e and CLIP ViT-B/32."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    torch.manual_seed(0)
    generator = stylegan2.Generator(FFHQ).eval().requires_grad_(False)
    encoder = PspEncoder(PspConfig(num_ws=FFHQ.num_ws, offsets=True)).eval().requires_grad_(False)
    mean, std = w_statistics(generator, 1000)
    encoder.w_mean.copy_(mean)
    encoder.w_std.copy_(std)
    encoder.latent_avg.copy_(mean.expand_as(encoder.latent_avg))
    model = published_clip.build({}).requires_grad_(False)
    tokenizer = Tokenizer(WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))  # noqa: S106 - no secret
    return random_bundle("ffhq", generator, encoder, PublishedClip(model, tokenizer), 512)


def small_bundle(pixels: int) -> Bundle:
    """Make a bundle of the same kinds of networks, but small, to try the benchmarks with."""
    torch.manual_seed(0)
    config = GeneratorConfig(
        resolution=pixels,
        z_dim=32,
        w_dim=32,
        mapping_layers=2,
        mapping_features=32,
        mapping_lr=0.01,
        channel_base=1024,
        channel_max=32,
        noise=True,
        clamp=256.0,
        rgb_upsampling="fir",
    )
    generator = stylegan2.Generator(config).eval().requires_grad_(False)
    encoder = MeanEncoder(config.num_ws, *w_statistics(generator, 1000))
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    settings = {
        "projection_dim": 32,
        "vision_config": {**tower, "image_size": 32, "patch_size": 16},
        "text_config": {**tower, "vocab_size": 50},
    }
    clip = PublishedClip(published_clip.build(settings).requires_grad_(False), None)
    return random_bundle("small", generator, encoder, clip, 32)
