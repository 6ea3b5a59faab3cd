"""StyleCLIP's mappers, its global directions, and the loss of its optimizer."""

from __future__ import annotations

import pickle
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from editor.lab.parity.cases import CLIP_LAYOUTS, EDIT_STRENGTH, SAMPLES, THRESHOLD, TRUNCATION
from editor.lab.parity.filler import normal, picture, relevance_rows
from editor.lab.parity.published import clip
from editor.lab.parity.published.generators import ada_generator
from editor.lab.parity.published.recording import constants, filled, record, shapes, skeleton
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
    record(out, {"loss": value, "tokens": ids}, {"clip": clip.archive_layout(model)})
    clip.write(model, out / "clip.pt", encode_text=ids)


def directions(out: Path, options: Options) -> None:
    """Run the script for global directions: text direction, delta and edited picture.

    Relevance rows are random. The published list of layers fits 1024 pixels; a smaller generator uses the
    beginning of it.
    """
    add_clip()
    sys.path.insert(0, str(Path(sys.path[0]) / "global_torch"))
    script, package = theirs("StyleCLIP"), theirs("clip")
    network, model, tokens = ada_generator(options["generator"]), clip.make(options["clip"]), list[Tensor]()
    (out / "checkpoint.pkl").write_bytes(pickle.dumps({"G_ema": network}))
    tokenize = package.tokenize

    def listen(texts: list[str]) -> Tensor:
        tokens.append(tokenize(texts))
        return tokens[-1]

    package.tokenize = listen
    manipulator = make_manipulator(network, SAMPLES)
    count = sum(manipulator.dlatents[layer].shape[1] for layer in manipulator.mindexs)
    direction = script.GetDt([options["target"], options["neutral"]], model)
    rows = relevance_rows(count, options["clip"]["dim"]).numpy()
    delta, _ = script.GetBoundary(rows, direction, manipulator, threshold=THRESHOLD)
    codes = manipulator.MSCode(
        [codes[:1] for codes in manipulator.dlatents], [part.astype(np.float32) for part in delta]
    )
    styles = manipulator.SL2D([code[0, 0][None] for code in codes])
    clip.write(model, out / "clip.pt", encode_text=tokens[0])
    results = {
        "text direction": torch.from_numpy(direction),
        "delta": torch.from_numpy(np.concatenate(delta)),
        "image": network.synthesis(None, encoded_styles=styles, noise_mode="const"),
        "mean": torch.from_numpy(np.concatenate(manipulator.code_mean)),
        "deviation": torch.from_numpy(np.concatenate(manipulator.code_std)),
        "tokens": torch.cat(tokens),
        **constants(network.state_dict()),
    }
    record(out, results, {"skeleton": skeleton(network), "labels": 0, "clip": clip.archive_layout(model)})


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
