"""The colours that a generator draws."""

import torch

from editor.editing.colour_prior import MAX_RARITY, ColourPrior


def flat(*colour: float) -> torch.Tensor:
    """A picture of one colour, [1, 3, 8, 8]."""
    return torch.tensor(colour).reshape(1, 3, 1, 1).expand(1, 3, 8, 8)


def drawn() -> torch.Tensor:
    """Pictures whose colours all lie about a pale green and a dark red, [64, 3, 8, 8]."""
    rng = torch.Generator().manual_seed(0)
    middle = torch.stack([flat(0.3, 0.8, 0.1)[0], flat(0.1, -0.7, -0.6)[0]]).repeat(32, 1, 1, 1)
    return middle + 0.1 * torch.randn(middle.shape, generator=rng)


def test_drawn_colours_are_not_rare() -> None:
    rarity = ColourPrior(drawn()).rarity(
        torch.cat([flat(0.3, 0.8, 0.1), flat(0.1, -0.7, -0.6), flat(-1, 1, -1)])
    )
    assert float(rarity[:2].max()) == 0
    assert float(rarity[2]) == MAX_RARITY


def test_colour_channels_are_not_swapped() -> None:
    rarity = ColourPrior(drawn()).rarity(torch.cat([flat(0.1, -0.7, -0.6), flat(-0.6, -0.7, 0.1)]))
    assert float(rarity[0]) == 0 < float(rarity[1])


def test_the_gradient_leads_back_to_drawn_colours() -> None:
    gamut = ColourPrior(drawn())
    colour = torch.tensor([0.3, 0.8, -0.3]).reshape(1, 3, 1, 1).requires_grad_(True)
    before = gamut.rarity(colour.expand(1, 3, 8, 8)).sum()
    before.backward()
    assert colour.grad is not None
    after = gamut.rarity((colour - 0.2 * torch.sign(colour.grad)).detach().expand(1, 3, 8, 8))
    assert float(after) < float(before.detach())
