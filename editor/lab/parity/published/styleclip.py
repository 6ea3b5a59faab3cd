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

from editor.lab.parity.cases import CLIP_LAYOUTS, EDIT_STRENGTH, THRESHOLD
from editor.lab.parity.filler import fill_module, normal, picture
from editor.lab.parity.published import clip
from editor.lab.parity.published.recording import constants, record, shapes, skeleton
from editor.lab.parity.published.standins import prepared as prepared_by_pillow
from editor.lab.parity.published.standins import theirs


def mapper(out: Path, options: dict[str, Any]) -> None:
    """Run a mapper, with a small generator if it works on W+."""
    mappers = theirs("mapper.latent_mappers")
    settings: dict[str, Any] = {
        f"no_{level}_mapper": level in options["without"] for level in ("coarse", "medium", "fine")
    }
    settings |= {
        "mapper_type": options["type"],
        "description": "blonde hair",
        "work_in_stylespace": options["type"] == "styles",
    }
    made = {"styles": "WithoutToRGBStyleSpaceMapper"}.get(options["type"], options["type"])
    network = getattr(mappers, made)(Namespace(**settings)).eval().requires_grad_(False)
    fill_module(network, "mapper.")
    state = {f"mapper.{name}": value for name, value in network.state_dict().items()}
    if options["type"] == "styles":
        results = {"mapper": _style_step(network, mappers.STYLESPACE_DIMENSIONS)}
    else:
        decoder = (
            theirs("models.stylegan2.model").Generator(options["size"], 512, 8).eval().requires_grad_(False)
        )
        fill_module(decoder, "decoder.")
        state |= {f"decoder.{name}": value for name, value in decoder.state_dict().items()}
        w = normal("w", (1, decoder.n_latent, 512))
        step = 0.1 * network(w)
        image = decoder([w + step], input_is_latent=True, randomize_noise=False, truncation=1)[0]
        results = {"mapper": step, "image": image}
    torch.save({"state_dict": state, "opts": settings}, out / "checkpoint.pt")
    record(
        out, results | constants(state), {"holder": "state_dict", "shapes": shapes(state), "opts": settings}
    )


def _style_step(network: Any, sizes: list[int]) -> Tensor:
    styles = normal("s", (1, sum(sizes)))
    answer = network([part[:, None, :, None, None] for part in styles.split(sizes, dim=1)])
    return 0.1 * torch.cat(answer, dim=2).reshape(1, -1)


def optimizer(out: Path, options: dict[str, Any]) -> None:
    """Compute the optimizer's loss of a picture of ``size`` pixels, prepared its own way without CLIP's mean
    and deviation.
    """
    sys.path.insert(1, str(_repository("CLIP")))
    model = clip.make(CLIP_LAYOUTS["optimizer"])
    package = theirs("clip")
    package.load = lambda *_, **__: (model, None)
    loss = theirs("criteria.clip_loss").CLIPLoss(Namespace(stylegan_size=options["size"]))
    ids = package.tokenize(["a smiling face"])
    value = loss(picture(1, options["size"]), ids)
    record(out, {"loss": value, "tokens": ids}, {"clip": clip.layout_of(model)})
    torch.jit.trace_module(model, {"encode_text": (ids,)}, check_trace=False).save(out / "clip.pt")


def _repository(name: str) -> Path:
    return Path(sys.path[0]).parent / name


def directions(out: Path, options: dict[str, Any]) -> None:
    """Run the published recipe: statistics, relevance of every channel, text direction, delta and edited
    picture.

    The published list of layers fits 1024 pixels; a smaller generator uses the beginning of it.
    """
    sys.path.insert(1, str(_repository("CLIP")))
    sys.path.insert(0, str(Path(sys.path[0]) / "global_torch"))
    manipulate, single, script = theirs("manipulate"), theirs("SingleChannel"), theirs("StyleCLIP")
    network = _network(options["generator"])
    (out / "checkpoint.pkl").write_bytes(pickle.dumps({"G_ema": network}))
    layout = {"skeleton": skeleton(network), "labels": 0}
    model = clip.make(options["clip"])
    tokenized = _overhear(theirs("clip"))
    manipulator = _manipulator(manipulate, network, options["generator"]["width"])
    single.device = "cpu"
    if not options["levels"]:
        _keep_fractions(manipulate, single)
    prepare = prepared_by_pillow(options["clip"]["side"])
    rows = single.GetFs(_single_channels(manipulator, single, model, prepare, options["slips"]))
    direction = script.GetDt([options["target"], options["neutral"]], model)
    delta, _ = script.GetBoundary(rows, direction, manipulator, threshold=THRESHOLD)
    nothing, _ = script.GetBoundary(rows, direction, manipulator, threshold=2.0)
    np.save(out / "fs3.npy", rows)
    (out / "S_mean_std").write_bytes(pickle.dumps([manipulator.code_mean, manipulator.code_std]))
    torch.jit.trace_module(model, {"encode_text": (tokenized[0],)}, check_trace=False).save(out / "clip.pt")
    record(
        out,
        {
            "fs3": torch.from_numpy(rows),
            "text direction": torch.from_numpy(direction),
            "delta": torch.from_numpy(np.concatenate(delta)),
            "image": _edited(manipulator, network, delta),
            "delta of nothing": torch.from_numpy(np.concatenate(nothing)),
            "mean": torch.from_numpy(np.concatenate(manipulator.code_mean)),
            "deviation": torch.from_numpy(np.concatenate(manipulator.code_std)),
            "tokens": torch.cat(tokenized),
            **constants(network.state_dict()),
        },
        layout | {"clip": clip.layout_of(model)},
    )


def _network(options: dict[str, Any]) -> Any:
    """Return a generator of theirs, filled."""
    network = theirs("training.networks").Generator(
        options["width"],
        0,
        options["width"],
        options["resolution"],
        3,
        {"num_layers": options["depth"]},
        {"channel_base": options["base"], "channel_max": options["most"]},
    )
    fill_module(network)
    return network.eval().requires_grad_(False)


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


def _overhear(package: Any) -> list[Tensor]:
    """Collect the inputs of the script's text tower."""
    heard: list[Tensor] = []
    tokenize = package.tokenize

    def listening(texts: list[str]) -> Tensor:
        heard.append(tokenize(texts))
        return heard[-1]

    package.tokenize = listening
    return heard


def _edited(manipulator: Any, network: Any, delta: list[np.ndarray]) -> Tensor:
    """Return the first picture with the delta at ``EDIT_STRENGTH``."""
    manipulator.num_images, manipulator.alpha, manipulator.manipulate_layers = 1, [EDIT_STRENGTH], None
    codes = manipulator.MSCode(
        [codes[:1] for codes in manipulator.dlatents], [part.astype(np.float32) for part in delta]
    )
    styles = manipulator.SL2D([code[0, 0][None] for code in codes])
    return network.synthesis(None, encoded_styles=styles, noise_mode="const")


def _manipulator(manipulate: Any, network: Any, width: int) -> Any:
    for name, layer in network.synthesis.named_modules():
        parts = name.split(".")
        if len(parts) == 2 and parts[1] in ("conv0", "conv1", "torgb"):
            layer.name = f"{parts[1].replace('torgb', 'toRGB')}_resolution_{parts[0][1:]}"
    manipulator = manipulate.Manipulator()
    manipulator.device, manipulator.G = torch.device("cpu"), network
    manipulator.SetGParameters()
    manipulator.mindexs = [number for number in manipulator.mindexs if number < len(manipulator.s_names)]
    codes = network.synthesis.W2S(network.mapping(normal("z", (50, width)), None, truncation_psi=0.7))
    manipulator.dlatents = manipulate.S2List(codes)
    manipulator.GetCodeMS()
    return manipulator


def _single_channels(manipulator: Any, single: Any, model: Any, prepare: Any, slips: bool) -> np.ndarray:
    """Run the script's main loop; its shallow copy is kept only with ``slips``."""
    duplicate = copy.copy if slips else copy.deepcopy
    kept = copy.deepcopy(manipulator.dlatents)
    originals, found = [codes[:3].copy() for codes in manipulator.dlatents], []
    manipulator.alpha, manipulator.step, manipulator.num_images = [-5, 5], 2, 3
    for layer in manipulator.mindexs:
        for channel in range(originals[layer].shape[1]):
            manipulator.dlatents = duplicate(originals)
            manipulator.dlatents[layer][:, channel] = manipulator.code_mean[layer][channel]
            manipulator.manipulate_layers = [layer]
            _, pictures = manipulator.EditOneC(channel)
            found.append(single.GetImgF(pictures, model, prepare))
    manipulator.dlatents = kept
    return np.array(found)
