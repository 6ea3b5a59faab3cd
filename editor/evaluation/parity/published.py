"""Runs the published implementations, unchanged, on checkpoints that they write themselves: one case a process.

    python -m editor.evaluation.parity.published CASE REPOSITORIES OUT

Nothing of theirs is in this package: it is imported from the folder that the user names. What they need and a machine
without CUDA lacks (compiled operations, torchvision, packages for plots) is met by stand-ins.
"""

from __future__ import annotations

import json
import math
import pickle
import sys
import types
from argparse import Namespace
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from editor.evaluation.parity.cases import by_name
from editor.evaluation.parity.filler import KEPT, fill_module, normal
from editor.networks.backbones import RESNET34, BasicUnit

TEXTS = ("a smiling face", "a person with blonde hair", "the café, isn't it 12!", "x " * 100)
IMAGE_SIDE = 256


# stand-ins


def theirs(name: str) -> Any:
    """A module of the published code, from the folder that comes first on the path."""
    return import_module(name)


def stand_in(name: str, **attributes: Any) -> types.ModuleType:
    """A module of that name with these attributes, found by ``import``."""
    module = types.ModuleType(name)
    module.__spec__ = ModuleSpec(name, None, is_package=True)
    module.__path__ = []
    for key, value in attributes.items():
        setattr(module, key, value)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
    return module


def fused_leaky_relu(x: Tensor, bias: Tensor, negative_slope: float = 0.2, scale: float = math.sqrt(2.0)) -> Tensor:
    """Bias along the second axis, leaky ReLU, gain."""
    shape = [1, -1] + [1] * (x.ndim - 2)
    return F.leaky_relu(x + bias.view(shape), negative_slope) * scale


class FusedLeakyReLU(nn.Module):
    """The same with a bias of its own."""

    def __init__(self, channel: int, negative_slope: float = 0.2, scale: float = math.sqrt(2.0)) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channel))
        self.negative_slope, self.scale = negative_slope, scale

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, ...] -> the same."""
        return fused_leaky_relu(x, self.bias, self.negative_slope, self.scale)


def upfirdn2d(x: Tensor, kernel: Tensor, up: int = 1, down: int = 1, pad: tuple[int, int] = (0, 0)) -> Tensor:
    """Zeros between samples, padding, a true convolution, every ``down``-th sample; [N, C, H, W]."""
    n, c, height, width = x.shape
    spread = x.new_zeros(n * c, 1, height * up, width * up)
    spread[:, :, ::up, ::up] = x.reshape(n * c, 1, height, width)
    spread = F.pad(spread, [pad[0], pad[1], pad[0], pad[1]])
    y = F.conv2d(spread, kernel.flip([0, 1])[None, None])[:, :, ::down, ::down]
    return y.reshape(n, c, *y.shape[2:])


class _ResNet34(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        inputs = 64
        for number, (outputs, count) in enumerate(RESNET34):
            units = [
                BasicUnit(inputs if place == 0 else outputs, outputs, 2 if number and place == 0 else 1) for place in range(count)
            ]
            setattr(self, f"layer{number + 1}", nn.Sequential(*units))
            inputs = outputs


def _prepared(side: int) -> Callable[[Image.Image], Tensor]:
    """CLIP's preparation of a square picture, as torchvision does it on a PIL image."""

    def prepare(image: Image.Image) -> Tensor:
        small = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
        values = torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255
        mean = torch.tensor((0.48145466, 0.4578275, 0.40821073))[:, None, None]
        return (values - mean) / torch.tensor((0.26862954, 0.26130258, 0.27577711))[:, None, None]

    return prepare


def stand_ins(repository: Path) -> None:
    """Everything that is missing here and is imported there."""
    from packaging import version

    stand_in("pkg_resources", parse_version=version.parse, packaging=sys.modules["packaging"])
    stand_in("torchvision", __version__="0")
    stand_in("torchvision.models")
    stand_in("torchvision.models.resnet", resnet34=lambda **_: _ResNet34())
    modes = types.SimpleNamespace(BICUBIC=3)
    names = ("Compose", "Resize", "CenterCrop", "ToTensor", "Normalize")
    stand_in("torchvision.transforms", InterpolationMode=modes, **dict.fromkeys(names, object))
    for name in ("matplotlib", "imageio", "visualizer", "IPython"):
        stand_in(name, use=lambda *_: None, HtmlPageVisualizer=None)
    stand_in("matplotlib.pyplot")
    stand_in("click", **{name: lambda *_, **__: lambda function: function for name in ("command", "option", "pass_context")})
    torch.utils.cpp_extension = stand_in("torch.utils.cpp_extension", load=lambda *_, **__: None)  # type: ignore[attr-defined]
    torch.Tensor.cuda = lambda self, *_, **__: self  # type: ignore[method-assign]
    if repository.name in ("encoder4editing", "pixel2style2pixel", "restyle-encoder"):
        operations = {"FusedLeakyReLU": FusedLeakyReLU, "fused_leaky_relu": fused_leaky_relu, "upfirdn2d": upfirdn2d}
        sys.modules["models.stylegan2.op"] = types.ModuleType("models.stylegan2.op")
        for name, value in operations.items():
            setattr(sys.modules["models.stylegan2.op"], name, value)


# what is measured


class Styles:
    """Collects what every affine layer gives, in the order of their first use: StyleSpace."""

    def __init__(self, module: nn.Module, suffix: str) -> None:
        self.found: list[Tensor] = []
        for name, layer in module.named_modules():
            if name.endswith(suffix):
                layer.register_forward_hook(lambda _, __, output: self.found.append(output.detach()))

    def joined(self) -> Tensor:
        """[N, C]."""
        return torch.cat(self.found, dim=1)


def picture(count: int = 1, side: int = IMAGE_SIDE, name: str = "picture") -> Tensor:
    """Smooth pictures [count, 3, side, side] in [-1, 1]."""
    coarse = normal(name, (count, 3, 8, 8))
    return F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False).clamp(-2, 2) / 2


def skeleton(module: nn.Module) -> dict[str, Any]:
    """The shape of a pickled module: class, plain attributes, tensors' shapes, submodules. Numbers and names only."""
    plain = {name: value for name, value in vars(module).items() if not name.startswith("_") and _is_plain(value)}
    tensors = {name: list(value.shape) for name, value in module._parameters.items() if value is not None}
    buffers = {name: list(value.shape) for name, value in module._buffers.items() if value is not None}
    children = {name: skeleton(child) for name, child in module._modules.items() if child is not None}
    return {"class": type(module).__name__, "plain": plain, "parameters": tensors, "buffers": buffers, "modules": children}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or type(value) in (bool, int, float, str)


def save(out: Path, results: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    """Write the results, and what a test needs to make the same checkpoint again."""
    save_file({name: value.detach().float().contiguous() for name, value in results.items()}, out / "theirs.safetensors",
              {key: json.dumps(value) for key, value in metadata.items()})  # fmt: skip


# NVIDIA


def _finish_nvidia(network: Any, out: Path, labels: int) -> None:
    dnnlib = theirs("dnnlib")
    network = network.eval().requires_grad_(False)
    fill_module(network)
    pickled = {"G": None, "D": None, "G_ema": network, "training_set_kwargs": dnnlib.EasyDict(path="x"), "augment_pipe": None}
    (out / "checkpoint.pkl").write_bytes(pickle.dumps(pickled))
    _measure_nvidia(network, out, labels)


def _measure_nvidia(network: Any, out: Path, labels: int) -> None:
    z, c = normal("z", (1, network.z_dim)), F.one_hot(torch.arange(1), max(labels, 1)).float()[:, :labels]
    w = network.mapping(z, c, truncation_psi=0.7)
    styles = Styles(network.synthesis, "affine")
    image = network.synthesis(w, noise_mode="const", force_fp32=True)
    constants = {f"constant.{name}": value for name, value in network.state_dict().items() if KEPT.search(name)}
    kwargs = {key: value for key, value in vars(network).get("_init_kwargs", {}).items() if _is_plain(value)}
    save(out, {"W": w[:, 0], "S": styles.joined(), "image": image, **constants},
         {"skeleton": skeleton(network), "init": kwargs, "labels": labels})  # fmt: skip


def ada(out: Path, options: dict[str, Any]) -> None:
    """StyleGAN2 of stylegan2-ada-pytorch."""
    Generator = theirs("training.networks").Generator
    width = options.get("width", 512)
    synthesis = {"channel_base": options["base"], "channel_max": options["most"], "num_fp16_res": 4, "conv_clamp": 256,
                 "architecture": options["architecture"]}  # fmt: skip
    network = Generator(width, options["labels"], width, options["resolution"], 3, {"num_layers": options["depth"]}, synthesis)
    _finish_nvidia(network, out, options["labels"])


def second_in_third(out: Path, options: dict[str, Any]) -> None:
    """StyleGAN2 as the stylegan3 repository has it."""
    Generator = theirs("training.networks_stylegan2").Generator

    network = Generator(512, 0, 512, options["resolution"], 3, channel_base=options["base"], channel_max=options["most"])
    _finish_nvidia(network, out, 0)


def third(out: Path, options: dict[str, Any]) -> None:
    """StyleGAN3-T or -R."""
    Generator = theirs("training.networks_stylegan3").Generator

    more: dict[str, Any] = {"conv_kernel": 1, "use_radial_filters": True} if options["variant"] == "r" else {}
    width = options["width"]
    network = Generator(width, options["labels"], width, options["resolution"], 3, mapping_kwargs={"num_layers": 2},
                        channel_base=options["base"], channel_max=options["most"], **more)  # fmt: skip
    _finish_nvidia(network, out, options["labels"])


def first(out: Path, options: dict[str, Any]) -> None:
    """A TensorFlow network: variables under that code's names in an object of its class, converted by stylegan3's own table."""
    legacy = theirs("legacy")
    Generator = theirs("training.networks_stylegan2").Generator

    resolution, architecture = options["resolution"], options["architecture"]
    network = Generator(512, 0, 512, resolution, 3, channel_base=4096, channel_max=128, architecture=architecture, conv_clamp=None)
    variables, components = _first_variables(network.eval())
    network_class = type("Network", (dict,), {"__module__": "dnnlib.tflib.network", "__getattr__": dict.__getitem__})
    stand_in("dnnlib.tflib")
    stand_in("dnnlib.tflib.network", Network=network_class)

    def made(held: list[Any], parts: dict[str, Any]) -> Any:
        settings = {"resolution": resolution, "fmap_base": 2048, "fmap_max": 128, "architecture": architecture}
        return network_class(version=4, name="G", static_kwargs=settings, variables=held, components=parts)

    inner = {name: made(held, {}) for name, held in components.items()}
    whole = made(variables, inner)
    (out / "checkpoint.pkl").write_bytes(pickle.dumps((whole, whole, whole)))
    _measure_nvidia(legacy.convert_tf_generator(whole), out, 0)


def _first_variables(network: Any) -> tuple[list[Any], dict[str, list[Any]]]:
    """Random variables under TensorFlow's names for every tensor of the network."""
    held: dict[str, list[Any]] = {"mapping": [], "synthesis": []}

    def add(part: str, name: str, shape: tuple[int, ...], scale: float = 1.0) -> None:
        held[part].append((name, scale * normal(f"{part}/{name}", shape).numpy()))

    for number in range(8):
        add("mapping", f"Dense{number}/weight", (512, 512), 100.0)
        add("mapping", f"Dense{number}/bias", (512,), 10.0)
    add("synthesis", "4x4/Const/const", (1, *network.synthesis.b4.const.shape))
    noises = 0
    for resolution in network.synthesis.block_resolutions:
        block = getattr(network.synthesis, f"b{resolution}")
        for name, layer in block.named_children():
            scope = {"conv0": "Conv0_up", "conv1": "Conv" if resolution == 4 else "Conv1", "torgb": "ToRGB", "skip": "Skip"}[name]
            root, shape = f"{resolution}x{resolution}/{scope}", tuple(layer.weight.shape)
            add("synthesis", f"{root}/weight", (shape[2], shape[3], shape[1], shape[0]))
            if name == "skip":
                continue
            add("synthesis", f"{root}/bias", (shape[0],), 0.1)
            add("synthesis", f"{root}/mod_weight", (512, shape[1]))
            add("synthesis", f"{root}/mod_bias", (shape[1],), 0.1)
            if name != "torgb":
                add("synthesis", f"{root}/noise_strength", (), 0.1)
                add("synthesis", f"noise{noises}", (1, 1, resolution, resolution))
                noises += 1
    return [("dlatent_avg", 0.1 * normal("dlatent_avg", (512,)).numpy()), ("lod", np.float32(0))], held


# rosinality, and what was built on it


def _filled_state(module: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    fill_module(module, prefix)
    return module.state_dict()


def _measure_rosinality(network: Any, w: Tensor) -> dict[str, Tensor]:
    styles = Styles(network, "modulation")
    image = network([w], input_is_latent=True, randomize_noise=False)[0]
    return {"S": styles.joined(), "image": image}


def rosinality(out: Path, options: dict[str, Any]) -> None:
    """A generator with rosinality's own file: ``g_ema`` and ``latent_avg``."""
    Generator = theirs("model").Generator

    network = Generator(options["size"], options["width"], 4, channel_multiplier=options["multiplier"]).eval().requires_grad_(False)
    state = _filled_state(network)
    average = 0.1 * normal("latent_avg", (options["width"],))
    torch.save({"g_ema": state, "latent_avg": average}, out / "checkpoint.pt")
    w = network.style(normal("z", (1, options["width"])))
    results = _measure_rosinality(network, w[:, None].repeat(1, network.n_latent, 1))
    constants = {f"constant.{name}": value for name, value in state.items() if KEPT.search(name)}
    shapes = {name: list(value.shape) for name, value in state.items()}
    save(out, {"W": w, **results, **constants}, {"shapes": shapes})


def encoder(out: Path, options: dict[str, Any]) -> None:
    """e4e, pSp or ReStyle, with the generator inside."""
    steps, size = options.get("steps", 1), options["size"]
    settings = {
        "encoder_type": options["type"], "stylegan_size": size, "output_size": size, "input_nc": 6 if steps > 1 else 3,
        "label_nc": 0, "start_from_latent_avg": True, "learn_in_w": options.get("learn_in_w", False), "checkpoint_path": None,
        "device": "cpu", "n_iters_per_batch": steps, "dataset_type": "ffhq_encode", "resize_outputs": False,
    }  # fmt: skip
    psp = theirs("models.e4e" if "Progressive" in options["type"] else "models.psp")
    whole = psp.e4e if "Progressive" in options["type"] else psp.pSp
    whole.load_weights = lambda self: None
    network: Any = whole(Namespace(**settings)).eval().requires_grad_(False)
    state = _filled_state(network)
    rows = 1 if options.get("learn_in_w") else 2 * int(math.log2(size)) - 2
    network.latent_avg = 0.1 * normal("latent_avg", (rows, 512))
    torch.save({"state_dict": state, "latent_avg": network.latent_avg, "opts": settings}, out / "checkpoint.pt")
    w = _restyle(network, steps, settings) if steps > 1 else _once(network)
    if w.ndim == 2:
        w = w[:, None].repeat(1, 2 * int(math.log2(size)) - 2, 1)
    save(out, {"encoder": w, **_measure_rosinality(network.decoder, w)}, {})


def _once(network: Any) -> Tensor:
    """The codes that the encoder hands to its generator."""
    found: list[Tensor] = []

    def overhear(codes: list[Tensor], **_: Any) -> tuple[Tensor, None]:
        found.append(codes[0])
        return picture(), None

    network.decoder.forward = overhear
    network(picture(), randomize_noise=False, return_latents=True, resize=False)
    del network.decoder.forward
    return found[0]


def _restyle(network: Any, steps: int, settings: dict[str, Any]) -> Tensor:
    inference = theirs("utils.inference_utils")

    torch.Tensor.to = _to_here  # type: ignore[method-assign,assignment]
    average = inference.get_average_image(network, Namespace(**settings))
    _, latents = inference.run_on_batch(picture(), network, Namespace(**settings), average)
    return torch.from_numpy(latents[0][-1])[None]


_to = torch.Tensor.to


def _to_here(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    return self if args and args[0] == "cuda" else _to(self, *args, **kwargs)


# StyleCLIP


def mapper(out: Path, options: dict[str, Any]) -> None:
    """A mapper's checkpoint, with a small generator inside where it works on W+."""
    latent_mappers = theirs("mapper.latent_mappers")
    Generator = theirs("models.stylegan2.model").Generator

    settings: dict[str, Any] = {f"no_{level}_mapper": level in options["without"] for level in ("coarse", "medium", "fine")}
    settings |= {"mapper_type": options["type"], "description": "blonde hair", "work_in_stylespace": options["type"] == "styles"}
    made = {"styles": latent_mappers.WithoutToRGBStyleSpaceMapper, "SingleMapper": latent_mappers.SingleMapper,
            "LevelsMapper": latent_mappers.LevelsMapper}[options["type"]]  # fmt: skip
    network = made(Namespace(**settings)).eval().requires_grad_(False)
    state = {f"mapper.{name}": value for name, value in _filled_state(network, "mapper.").items()}
    if options["type"] == "styles":
        sizes = latent_mappers.STYLESPACE_DIMENSIONS
        s = normal("s", (1, sum(sizes)))
        answer = torch.cat(network([part[:, None, :, None, None] for part in s.split(sizes, dim=1)]), dim=2).reshape(1, -1)
        results = {"mapper": 0.1 * answer}
    else:
        decoder = Generator(64, 512, 8).eval().requires_grad_(False)
        state |= {f"decoder.{name}": value for name, value in _filled_state(decoder, "decoder.").items()}
        w = normal("w", (1, decoder.n_latent, 512))
        step = 0.1 * network(w)
        image = decoder([w + step], input_is_latent=True, randomize_noise=False, truncation=1)[0]
        results = {"mapper": step, "image": image}
    torch.save({"state_dict": state, "opts": settings}, out / "checkpoint.pt")
    save(out, results, {})


# CLIP


def _clip_model(options: dict[str, Any]) -> Any:
    CLIP = theirs("clip.model").CLIP

    width, narrow = options["width"], options["narrow"]
    model = CLIP(options["dim"], options["side"], options["depth"], width, options["patch"], 77, options["words"], narrow,
                 narrow // 64, options["text_depth"]).eval().requires_grad_(False)  # fmt: skip
    fill_module(model)
    return model


def clip(out: Path, options: dict[str, Any]) -> None:
    """A TorchScript archive as OpenAI publishes them, in single precision."""
    package = theirs("clip")

    model = _clip_model(options)
    prepared = normal("prepared", (2, 3, options["side"], options["side"]))
    real = options["words"] == 49408
    ids = package.tokenize(list(TEXTS), truncate=True) if real else _small_tokens(options["words"])
    torch.jit.trace(model, (prepared, ids[:2]), check_trace=False).save(out / "checkpoint.pt")
    results = {
        "CLIP image": F.normalize(model.encode_image(prepared), dim=1),
        "CLIP text": F.normalize(model.encode_text(ids), dim=1),
    }
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    save(out, {**results, "tokens": ids}, {"shapes": shapes})


def _small_tokens(words: int) -> Tensor:
    rows = torch.zeros(2, 77, dtype=torch.long)
    rows[:, 0], rows[0, 1:5], rows[1, 1:3] = words - 2, torch.tensor([5, 17, 300, 80]), torch.tensor([9, 400])
    rows[0, 5] = rows[1, 3] = words - 1
    return rows


def directions(out: Path, options: dict[str, Any]) -> None:
    """The published recipe: statistics, relevance of every channel, text direction, delta and edited picture.

    The published list of layers fits 1024 pixels; for a smaller generator its beginning is taken.
    """
    sys.path.insert(0, str(Path(sys.path[0]) / "global_torch"))
    repository = Path(sys.path[0]).parent.parent
    sys.path.insert(1, str(repository / "CLIP"))
    manipulate = theirs("manipulate")
    SingleChannel = theirs("SingleChannel")
    StyleCLIP = theirs("StyleCLIP")
    Generator = theirs("training.networks").Generator
    torch.set_grad_enabled(False)
    network = Generator(32, 0, 32, options["resolution"], 3, {"num_layers": 2}, {"channel_base": 128, "channel_max": 8})
    network = network.eval().requires_grad_(False)
    fill_module(network)
    model = _clip_model(
        {"dim": 512, "side": 64, "patch": 16, "width": 64, "depth": 2, "narrow": 64, "text_depth": 2, "words": 49408}
    )
    manipulator = _manipulator(manipulate, network)
    SingleChannel.device = "cpu"
    rows = SingleChannel.GetFs(_single_channels(manipulator, SingleChannel, model, options["slips"]))
    direction = StyleCLIP.GetDt([TEXTS[1], "a person"], model)
    delta, _ = StyleCLIP.GetBoundary(rows, direction, manipulator, threshold=0.05)
    first_codes = [codes[:1] for codes in manipulator.dlatents]
    manipulator.num_images, manipulator.alpha, manipulator.manipulate_layers = 1, [3.0], None
    edited = manipulator.MSCode(first_codes, [part.astype(np.float32) for part in delta])
    with torch.no_grad():
        styles = manipulator.SL2D([codes[0, 0][None] for codes in edited])
        image = network.synthesis(None, encoded_styles=styles, noise_mode="const")
    (out / "checkpoint.pt").write_bytes(b"")
    joined = {
        "s": manipulator.dlatents,
        "mean": [m[None] for m in manipulator.code_mean],
        "std": [s[None] for s in manipulator.code_std],
    }
    save(out, {
        "fs3": torch.from_numpy(rows), "text direction": torch.from_numpy(direction),
        "delta": torch.from_numpy(np.concatenate(delta)), "image": image,
        **{name: torch.from_numpy(np.concatenate(parts, axis=1)) for name, parts in joined.items()},
    }, {"templates": list(StyleCLIP.imagenet_templates)})  # fmt: skip


def _manipulator(manipulate: Any, network: Any) -> Any:
    for name, layer in network.synthesis.named_modules():
        parts = name.split(".")
        if len(parts) == 2 and parts[1] in ("conv0", "conv1", "torgb"):
            layer.name = f"{parts[1].replace('torgb', 'toRGB')}_resolution_{parts[0][1:]}"
    manipulator = manipulate.Manipulator()
    manipulator.device, manipulator.G = torch.device("cpu"), network
    manipulator.SetGParameters()
    manipulator.mindexs = [number for number in manipulator.mindexs if number < len(manipulator.s_names)]
    codes = network.synthesis.W2S(network.mapping(normal("z", (50, 32)), None, truncation_psi=0.7))
    manipulator.dlatents = manipulate.S2List(codes)
    manipulator.GetCodeMS()
    return manipulator


def _single_channels(manipulator: Any, single: Any, model: Any, slips: bool) -> np.ndarray:
    """The script's main loop; the shallow copy is its own, and only ``slips`` leaves it in."""
    import copy

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
            found.append(single.GetImgF(pictures, model, _prepared(64)))
    manipulator.dlatents = kept
    return np.array(found)


def main(argv: list[str]) -> int:
    """Run one case."""
    name, repositories, out = argv[0], Path(argv[1]).resolve(), Path(argv[2])
    case = by_name(name)
    out.mkdir(parents=True, exist_ok=True)
    stand_ins(repositories / case.repository)
    sys.path.insert(0, str(repositories / case.repository))
    with torch.no_grad():
        globals()[case.make](out, case.options)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
