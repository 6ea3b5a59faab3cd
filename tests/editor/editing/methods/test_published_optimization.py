"""StyleCLIP's published optimization: its schedule, its slip, and its loss."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from editor.api.protocol import Change
from editor.bundle.bundle import Bundle
from editor.bundle.loading import load_bundle
from editor.editing.methods import published_optimization
from editor.editing.methods.base import EditTask, PictureState
from editor.editing.methods.published_optimization import (
    RATE,
    PublishedOptimization,
    published_schedule,
    text_loss,
)
from editor.networks import published_clip
from editor.networks.published_clip import PublishedClip
from tests.tiny import write_bundle

TINY = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
CONFIG = {
    "projection_dim": 32,
    "vision_config": {**TINY, "image_size": 224, "patch_size": 56},
    "text_config": {**TINY, "vocab_size": 8, "eos_token_id": 7, "bos_token_id": 6},
}
WORDS = {
    "version": "1.0",
    "model": {"type": "WordLevel", "vocab": {"hair": 0, "pink": 1}, "unk_token": "hair"},
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The tiny generator with a CLIP of random weights that sees 224 pixels."""
    folder = write_bundle(tmp_path_factory.mktemp("bundles") / "tiny")
    plain = load_bundle(folder, "cpu")
    torch.manual_seed(1)
    model = published_clip.build(CONFIG).requires_grad_(False)
    return dataclasses.replace(
        plain, clip=PublishedClip(model, published_clip.load_tokenizer(json.dumps(WORDS)))
    )


def test_the_rate_rises_and_falls() -> None:
    def rate(t: float) -> float:
        return RATE * published_schedule(t)

    assert rate(0.0) == 0.0
    assert rate(0.5) == pytest.approx(0.1)
    assert 0 < rate(0.025) < rate(0.05)
    assert rate(0.99) < 0.01


def test_the_search_lowers_its_loss(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_optimization, "STEPS", 12)
    w = bundle.generator.mapping(torch.randn(1, 16, generator=torch.Generator().manual_seed(2)))[0].expand(
        12, -1
    )
    base = bundle.generator.synthesis.styles(w[None])[0]
    state = PictureState(bundle, w, base, torch.zeros_like(base))
    method = PublishedOptimization()
    assert method.supports(bundle)
    found = method.find(EditTask(state, Change(prompt="pink hair"), torch.zeros(32)))
    assert found is not None
    assert isinstance(bundle.clip, PublishedClip)
    text, synthesis = bundle.clip.encode_sentences(["pink hair"]), bundle.generator.synthesis
    before, after = (
        float(text_loss(bundle.clip, synthesis(styles[None]), text)) for styles in (base, base + found.delta)
    )
    assert after < before


def test_the_published_preparation_differs(bundle: Bundle) -> None:
    assert isinstance(bundle.clip, PublishedClip)
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3)) * 2 - 1
    text = bundle.clip.encode_sentences(["pink"])
    published, right = (float(text_loss(bundle.clip, picture, text, slips)) for slips in (True, False))
    assert abs(published - right) > 1e-5


def test_it_needs_a_published_model(tmp_path: Path) -> None:
    plain = load_bundle(write_bundle(tmp_path / "tiny"), "cpu")
    assert not PublishedOptimization().supports(plain)
