"""StyleGAN2 against its definitions."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

from editor.networks import stylegan2_layers
from editor.networks.stylegan2 import Generator, GeneratorConfig, Synthesis
from editor.networks.stylegan2_layers import ModulatedConv, pixel_norm
from tests.tiny import CONFIG


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(3)
    return Generator(CONFIG).eval().requires_grad_(False)


def test_modulating_activations_equals_one_kernel_for_each_sample() -> None:
    """Karras et al. 2020, equations 1 and 3: w' = s w, w'' = w' / sqrt(sum w'^2)."""
    torch.manual_seed(0)
    layer = ModulatedConv(5, 7, 4)
    x, style = torch.randn(3, 5, 8, 8), torch.randn(3, 5)
    for row in range(3):
        kernel = layer.weight * style[row][None, :, None, None]
        kernel = kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        wanted = (
            F.leaky_relu(F.conv2d(x[row : row + 1], kernel, padding=1) + layer.bias[:, None, None], 0.2)
            * 2**0.5
        )
        assert torch.allclose(layer(x, style)[row : row + 1], wanted, atol=1e-4)


def test_styles_are_affine_in_w_and_steps_are_exact(generator: Generator) -> None:
    synthesis = generator.synthesis
    a, b = torch.randn(2, 1, CONFIG.num_ws, CONFIG.w_dim)
    assert torch.allclose(synthesis.styles(a) + synthesis.style_steps(b), synthesis.styles(a + b), atol=1e-4)
    assert torch.equal(synthesis.styles(a[:, 0]), synthesis.styles(a[:, :1].expand(-1, CONFIG.num_ws, -1)))


def test_layers_tile_stylespace(generator: Generator) -> None:
    layers = generator.synthesis.layers
    assert layers[0].start == 0
    assert all(before.stop == after.start for before, after in itertools.pairwise(layers))
    assert layers[-1].stop == generator.synthesis.num_channels
    assert layers[-1].row == CONFIG.num_ws - 1
    assert [layer.kind for layer in layers if layer.resolution == 8] == ["conv", "conv", "rgb"]


def test_truncation_pulls_to_the_mean(generator: Generator) -> None:
    z = torch.randn(4, CONFIG.z_dim)
    full, none, half = (generator.mapping(z, psi) for psi in (1.0, 0.0, 0.5))
    assert torch.allclose(none, generator.mapping.w_avg.expand(4, -1))
    assert torch.allclose(half, (full + none) / 2, atol=1e-6)


def test_shapes_and_lower_resolutions(generator: Generator) -> None:
    styles = generator.synthesis.styles(generator.mapping(torch.randn(2, CONFIG.z_dim)))
    assert generator.synthesis(styles).shape == (2, 3, 128, 128)
    assert generator.synthesis(styles, resolution=32).shape == (2, 3, 32, 32)
    with pytest.raises(ValueError, match="styles must be"):
        generator.synthesis(styles[:, 1:])


def test_impossible_sizes_are_refused() -> None:
    for resolution in (0, 4, 100):
        with pytest.raises(ValueError, match="power of two"):
            GeneratorConfig(resolution=resolution)


def test_pixel_norm_makes_unit_rows() -> None:
    assert torch.allclose(pixel_norm(torch.randn(5, 16)).square().mean(1), torch.ones(5), atol=1e-4)


@pytest.mark.parametrize("noise", [False, True])
def test_a_picture_is_the_same_alone_and_in_a_batch(noise: bool) -> None:
    torch.manual_seed(0)
    config = GeneratorConfig(
        resolution=64, z_dim=16, w_dim=16, channel_base=512, channel_max=16, noise=noise, clamp=2.0
    )
    made = Synthesis(config).requires_grad_(False)
    styles = made.styles(torch.randn(3, 16))
    together, seen = made(styles), []
    for row, picture in zip(styles, together, strict=True):
        alone = row[None].clone().requires_grad_(True)
        made(alone).square().sum().backward()
        seen.append(alone.grad)
        assert torch.allclose(made(alone.detach())[0], picture, atol=1e-4)
    several = styles.clone().requires_grad_(True)
    made(several).square().sum().backward()
    apart = torch.cat(seen)  # where a leaky ReLU bends, rounding may go either way
    assert float((apart - several.grad).norm()) < 1e-3 * float(apart.norm())


def test_changed_weights_are_noticed() -> None:
    made = Synthesis(
        GeneratorConfig(resolution=8, z_dim=8, w_dim=8, channel_base=64, channel_max=8)
    ).requires_grad_(False)
    styles = made.styles(torch.randn(1, 8))
    before = made(styles)
    other = Synthesis(made.config)
    made.load_state_dict(other.state_dict())
    assert not torch.allclose(before, made(styles))
    assert torch.allclose(other(styles), made(styles), atol=1e-5)


def test_a_preview_does_not_change_the_picture() -> None:
    config = GeneratorConfig(resolution=512, z_dim=8, w_dim=8, channel_base=2048, channel_max=8)
    made, seen = Synthesis(config).requires_grad_(False), []
    styles = made.styles(torch.randn(1, 8))
    assert torch.equal(made(styles, preview=seen.append), made(styles))
    assert len(seen) == 1
    assert torch.equal(seen[0], made(styles, 256))
    made(styles, 256, preview=seen.append)
    assert len(seen) == 1  # what is no larger is seen when it is done


@pytest.mark.parametrize("count", [1, 2])  # kernels are scaled for one picture, activations for several
def test_the_fused_upsampling_equals_two_convolutions(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    torch.manual_seed(0)
    layer = ModulatedConv(5, 7, 4, up=True).requires_grad_(False)
    x, style = torch.randn(count, 5, 16, 16), torch.randn(count, 5)
    wanted = layer(x, style)
    layer._cache.clear()
    monkeypatch.setattr(ModulatedConv, "_fuses", staticmethod(lambda device: True))
    assert torch.allclose(layer(x, style), wanted, atol=1e-5)


def test_the_operations_of_a_gpu_give_the_same_pictures(
    monkeypatch: pytest.MonkeyPatch, generator: Generator
) -> None:
    """Gradients included."""
    found = []
    copies = [Generator(CONFIG).eval().requires_grad_(False) for _ in range(2)]
    for number, made in enumerate(copies):
        made.load_state_dict(generator.state_dict())
        if number:
            monkeypatch.setattr(ModulatedConv, "_fuses", staticmethod(lambda device: True))
            monkeypatch.setattr(stylegan2_layers, "upsample_fir", stylegan2_layers.upsample_bilinear)
        styles = made.synthesis.styles(torch.linspace(-1, 1, 2 * CONFIG.w_dim).view(2, -1)).requires_grad_(
            True
        )
        pictures = made.synthesis(styles)
        found.append((pictures.detach(), *torch.autograd.grad(pictures.square().mean(), styles)))
    assert all(torch.allclose(a, b, atol=1e-4, rtol=1e-3) for a, b in zip(*found, strict=True))


def test_upsampling_is_bilinear_interpolation_of_padded_maps() -> None:
    x = torch.randn(2, 3, 8, 8)
    assert torch.allclose(stylegan2_layers.upsample_bilinear(x), stylegan2_layers.upsample_fir(x), atol=1e-6)
