"""StyleCLIP's mappers, its global directions, and the loss of its optimizer."""

from __future__ import annotations

import copy
import pickle
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from editor.lab.parity.cases import CLIP_LAYOUTS, EDIT_STRENGTH, PICTURES, SAMPLES, THRESHOLD, TRUNCATION
from editor.lab.parity.filler import normal, picture
from editor.lab.parity.published import clip
from editor.lab.parity.published.generators import ada_generator
from editor.lab.parity.published.recording import constants, filled, record, shapes, skeleton
from editor.lab.parity.published.standins import prepared as prepared_by_pillow
from editor.lab.parity.published.standins import theirs

Options = dict[str, Any]
CPU = torch.device("cpu")


def add_clip() -> None:
    """Make OpenAI's repository, next to this one, importable."""
    sys.path.insert(1, str(Path(sys.path[0]).parent / "CLIP"))


def mapper(out: Path, options: Options) -> None:
    """Run a mapper, with a small generator if it works on W+."""
    mappers, kind = theirs("mapper.latent_mappers"), options["type"]
    settings: Options = {
        f"no_{level}_mapper": level in options["without"] for level in ("coarse", "medium", "fine")
    }
    in_styles = kind == "styles"
    settings |= {"mapper_type": kind, "description": "blonde hair", "work_in_stylespace": in_styles}
    made = getattr(mappers, "WithoutToRGBStyleSpaceMapper" if in_styles else kind)
    network = filled(made(Namespace(**settings)), "mapper.")
    state = {f"mapper.{name}": value for name, value in network.state_dict().items()}
    if in_styles:
        sizes = mappers.STYLESPACE_DIMENSIONS
        parts = normal("s", (1, sum(sizes))).split(sizes, dim=1)
        answer = network([part[:, None, :, None, None] for part in parts])
        results = {"mapper": 0.1 * torch.cat(answer, dim=2).reshape(1, -1)}
    else:
        decoder = filled(theirs("models.stylegan2.model").Generator(options["size"], 512, 8), "decoder.")
        state |= {f"decoder.{name}": value for name, value in decoder.state_dict().items()}
        w = normal("w", (1, decoder.n_latent, 512))
        step = 0.1 * network(w)
        image = decoder([w + step], input_is_latent=True, randomize_noise=False, truncation=1)[0]
        results = {"mapper": step, "image": image}
    torch.save({"state_dict": state, "opts": settings}, out / "checkpoint.pt")
    layout = {"holder": "state_dict", "shapes": shapes(state), "opts": settings}
    record(out, results | constants(state), layout)


def optimizer(out: Path, options: Options) -> None:
    """Run the CLIP loss of the optimizer on one picture and text."""
    add_clip()
    model, package = clip.make(CLIP_LAYOUTS["optimizer"]), theirs("clip")
    package.load = lambda *_, **__: (model, None)
    loss = theirs("criteria.clip_loss").CLIPLoss(Namespace(stylegan_size=options["size"]))
    ids = package.tokenize(["a smiling face"])
    value = loss(picture(1, options["size"]), ids)
    record(out, {"loss": value, "tokens": ids}, {"clip": clip.layout_of(model)})
    clip.write(model, out / "clip.pt", encode_text=ids)


def directions(out: Path, options: Options) -> None:
    """Run the published recipe: statistics, relevance of every channel, text direction, delta and edited
    picture.

    The published list of layers fits 1024 pixels; a smaller generator uses the beginning of it. Pictures keep
    the fractions of their 256 levels, and every channel is measured from the same styles: the script's
    shallow copy would leave each at its mean while the later ones are measured.
    """
    add_clip()
    sys.path.insert(0, str(Path(sys.path[0]) / "global_torch"))
    manipulate, single, script = theirs("manipulate"), theirs("SingleChannel"), theirs("StyleCLIP")
    network = ada_generator(options["generator"])
    (out / "checkpoint.pkl").write_bytes(pickle.dumps({"G_ema": network}))
    model, tokens = clip.make(options["clip"]), _collect_tokens(theirs("clip"))
    manipulator = make_manipulator(network, SAMPLES)
    single.device = "cpu"
    _keep_fractions(manipulate, single)
    prepare = prepared_by_pillow(options["clip"]["side"])
    rows = single.GetFs(_single_channels(manipulator, single, model, prepare))
    direction = script.GetDt([options["target"], options["neutral"]], model)
    delta, _ = script.GetBoundary(rows, direction, manipulator, threshold=THRESHOLD)
    clip.write(model, out / "clip.pt", encode_text=tokens[0])
    results = {
        "fs3": torch.from_numpy(rows),
        "text direction": torch.from_numpy(direction),
        "delta": torch.from_numpy(np.concatenate(delta)),
        "image": _edited(manipulator, network, delta),
        "mean": torch.from_numpy(np.concatenate(manipulator.code_mean)),
        "deviation": torch.from_numpy(np.concatenate(manipulator.code_std)),
        "tokens": torch.cat(tokens),
        **constants(network.state_dict()),
    }
    record(out, results, {"skeleton": skeleton(network), "labels": 0, "clip": clip.layout_of(model)})


def make_manipulator(network: Any, count: int, device: torch.device = CPU) -> Any:
    """Return their manipulator of a generator, with the styles of ``count`` pictures."""
    for name, layer in network.synthesis.named_modules():
        parts = name.split(".")
        if len(parts) == 2 and parts[1] in ("conv0", "conv1", "torgb"):
            layer.name = f"{parts[1].replace('torgb', 'toRGB')}_resolution_{parts[0][1:]}"
    manipulate = theirs("manipulate")
    manipulator = manipulate.Manipulator()
    manipulator.device, manipulator.G = device, network
    manipulator.SetGParameters()
    manipulator.mindexs = [number for number in manipulator.mindexs if number < len(manipulator.s_names)]
    manipulator.num_images, manipulator.alpha, manipulator.manipulate_layers = 1, [EDIT_STRENGTH], None
    z = normal("z", (count, network.z_dim)).to(device)
    codes = network.synthesis.W2S(network.mapping(z, None, truncation_psi=TRUNCATION))
    manipulator.dlatents = manipulate.S2List(codes)
    manipulator.GetCodeMS()
    return manipulator


class _Instead:
    """A module of theirs with some names replaced."""

    def __init__(self, module: Any, **others: Any) -> None:
        self._module, self._others = module, others

    def __getattr__(self, name: str) -> Any:
        return self._others[name] if name in self._others else getattr(self._module, name)


def _keep_fractions(manipulate: Any, single: Any) -> None:
    """Keep the fractions of the 256 levels, which the script would cut off."""
    manipulate.torch = _Instead(torch, uint8=torch.float32)
    manipulate.np = _Instead(
        np, zeros=lambda shape, dtype=float: np.zeros(shape, np.float32 if dtype == "uint8" else dtype)
    )
    single.Image = _Instead(single.Image, fromarray=lambda pixels: pixels)


def _collect_tokens(package: Any) -> list[Tensor]:
    """Return a list that will hold the inputs of the script's text tower."""
    found: list[Tensor] = []
    tokenize = package.tokenize

    def listen(texts: list[str]) -> Tensor:
        found.append(tokenize(texts))
        return found[-1]

    package.tokenize = listen
    return found


def _edited(manipulator: Any, network: Any, delta: list[np.ndarray]) -> Tensor:
    """Return the first picture with the delta at ``EDIT_STRENGTH``."""
    manipulator.num_images, manipulator.alpha, manipulator.manipulate_layers = 1, [EDIT_STRENGTH], None
    codes = manipulator.MSCode(
        [codes[:1] for codes in manipulator.dlatents], [part.astype(np.float32) for part in delta]
    )
    styles = manipulator.SL2D([code[0, 0][None] for code in codes])
    return network.synthesis(None, encoded_styles=styles, noise_mode="const")


def _single_channels(manipulator: Any, single: Any, model: Any, prepare: Any) -> np.ndarray:
    """Run the script's main loop."""
    kept = copy.deepcopy(manipulator.dlatents)
    originals, found = [codes[:PICTURES].copy() for codes in manipulator.dlatents], []
    manipulator.alpha, manipulator.step, manipulator.num_images = [-5, 5], 2, PICTURES
    for layer in manipulator.mindexs:
        for channel in range(originals[layer].shape[1]):
            manipulator.dlatents = copy.deepcopy(originals)
            manipulator.dlatents[layer][:, channel] = manipulator.code_mean[layer][channel]
            manipulator.manipulate_layers = [layer]
            _, pictures = manipulator.EditOneC(channel)
            found.append(single.GetImgF(pictures, model, prepare))
    manipulator.dlatents = kept
    return np.array(found)
