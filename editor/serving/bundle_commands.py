"""``python -m editor import``, ``pull`` and ``directions``: make and complete bundles.

What takes long to import is imported when a command needs it.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from editor.api.errors import EditorError
from editor.checkpoints.catalogue import catalogue
from editor.serving.flexible_command import FlexibleCommand
from editor.serving.settings import Settings

KINDS = """kinds:

\b
  nvidia      a network pickle of stylegan2-ada-pytorch or stylegan3, or of the first StyleGAN2 (.pkl)
  rosinality  a generator of stylegan2-pytorch (.pt)
  e4e         an encoder4editing checkpoint (.pt), with its generator
  psp         a pixel2style2pixel checkpoint (.pt), with its generator
  restyle     a ReStyle checkpoint over pSp or e4e (.pt), with its generator
  mapper      a StyleCLIP mapper (.pt); one prompt each, several may be imported
  directions  StyleCLIP's fs3.npy with S_mean_std, S or W.npy
  clip        OpenAI's .pt or open_clip's .safetensors with their vocabulary, or a Hugging Face folder

A generator comes first (encoders bring theirs), then a CLIP model, under the same --name; then the bundle can
edit. Directions are optional: without them they are found for each edit. For example:

\b
  python -m editor import nvidia ffhq.pkl --name faces --alignment ffhq --neutral 'a face'
  python -m editor import clip ViT-B-32.pt bpe_simple_vocab_16e6.txt.gz --name faces
  python -m editor directions bundles/faces

BUNDLES_DIR=bundles makes the bot use these bundles; python -m editor bundles --bundles bundles lists them."""
MODELS = "models:\n\n\b\n" + "\n".join(f"  {name:<10} {model.title}" for name, model in catalogue().items())

app = typer.Typer()

Kind = Annotated[
    Literal["nvidia", "rosinality", "e4e", "psp", "restyle", "mapper", "directions", "clip"],
    typer.Argument(metavar="KIND", help="What the file is."),
]
Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="The published file or files.")]
Name = Annotated[str, typer.Option(help="Name of the bundle; parts are added to an existing one.")]
To = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of bundles. Default: BUNDLES_DIR, else ./bundles.")
]
Title = Annotated[str | None, typer.Option(help="Title of the bundle in lists.")]
Domain = Annotated[
    str | None, typer.Option(help="What its pictures show, in the plural: portraits of people.")
]
Licence = Annotated[str | None, typer.Option(help="Licence of the weights, shown with the bundle.")]
Neutral = Annotated[
    list[str] | None, typer.Option(help="A plain text of the domain ('a face'); may be repeated.")
]
Languages = Annotated[
    list[str] | None, typer.Option(help="Language of the text-image model (en, zh-CN); may be repeated.")
]
Alignment = Annotated[
    Literal["square", "ffhq"] | None,
    typer.Option(help="ffhq: faces aligned as in FFHQ. Default: square."),
]
Prompt = Annotated[
    str | None, typer.Option(help="mapper: the prompt it was trained for, if its file does not state it.")
]
AnyGenerator = Annotated[
    bool, typer.Option("--any-generator", help="Take a part even if it was made for another generator.")
]


Source = Annotated[
    Path | None, typer.Option("--from", metavar="DIR", help="Take the files from here; download nothing.")
]
Mirror = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Download the files from this address.")]
Yes = Annotated[bool, typer.Option("--yes", help="Agree to the licences without being asked.")]
WithoutOptional = Annotated[
    bool, typer.Option("--without-optional", help="Leave out files that the model works without.")
]
OwnName = Annotated[str | None, typer.Option("--name", help="Name of the bundle. Default: the model's.")]
Folder = Annotated[
    Path, typer.Argument(metavar="BUNDLE", help="The bundle's folder, or its name in BUNDLES_DIR.")
]
Images = Annotated[int, typer.Option(min=1, help="Number of pictures.")]
Resolution = Annotated[
    int | None, typer.Option(min=1, help="Pixels to render. Default: the text-image model's input.")
]
Probes = Annotated[
    int | None, typer.Option(min=1, help="Directions of the text-image space to use. Default: all.")
]
Device = Annotated[Literal["cpu", "cuda"] | None, typer.Option(help="Default: cuda if there is one.")]
Minutes = Annotated[float | None, typer.Option(help="Stop after this time; the same command resumes.")]


@app.command("import", cls=FlexibleCommand, epilog=KINDS)
def import_weights(
    kind: Kind,
    files: Files,
    name: Name,
    to: To = None,
    title: Title = None,
    domain: Domain = None,
    licence: Licence = None,
    neutral: Neutral = None,
    languages: Languages = None,
    alignment: Alignment = None,
    prompt: Prompt = None,
    any_generator: AnyGenerator = False,
) -> int:
    """Turn published weights into a bundle, or a part of one. No code in a file is run."""
    from editor.checkpoints.importing import ImportRequest, import_files

    description = {
        "title": title,
        "domain": domain,
        "licence": licence,
        "neutral": neutral or None,
        "languages": languages or None,
        "alignment": alignment,
    }
    root = to or Settings.read().bundles_dir
    request = ImportRequest(kind, tuple(files), root, name, prompt, any_generator, description)
    try:
        import_files(request)
    except EditorError as error:
        return _refused(error)
    print(
        f"The bundle '{name}' in {request.folder} now contains {' and '.join(path.name for path in files)}."
    )
    _print_state(request.folder)
    return 0


@app.command(epilog=f"{MODELS}\n\nThe same command resumes a pull that was interrupted.")
def pull(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Which model.")],
    source: Source = None,
    mirror: Mirror = None,
    yes: Yes = False,
    without_optional: WithoutOptional = False,
    name: OwnName = None,
    to: To = None,
) -> int:
    """Download a published model and turn it into a bundle."""
    from editor.checkpoints import pulling

    if model not in (known := catalogue()):
        raise typer.BadParameter(f"there is no model '{model}'; there are {', '.join(known)}.")
    if mirror and not mirror.startswith(("http://", "https://")):
        raise typer.BadParameter("a mirror's address begins with https:// or http://.")
    chosen = known[model]
    if without_optional:
        chosen = replace(chosen, parts=tuple(part for part in chosen.parts if not part.optional))
    print(pulling.describe(chosen, local=source is not None))
    if not yes and not _confirm():
        print("Nothing was downloaded.")
        return 1
    root = to or Settings.read().bundles_dir
    request = pulling.PullRequest(chosen, root, name or model, source, mirror)
    try:
        pulling.pull(request)
    except EditorError as error:
        return _refused(error)
    print(
        f"The bundle '{request.name}' is ready in {request.folder}; BUNDLES_DIR={root} makes the bot use it."
    )
    _print_state(request.folder)
    return 0


def _confirm() -> bool:
    """Ask the person at the terminal. Without a terminal the answer is no."""
    try:
        return typer.confirm("Agree to these licences and go on?")
    except typer.Abort:
        return False


@app.command()
def directions(
    bundle: Folder,
    images: Images = 100,
    resolution: Resolution = None,
    probes: Probes = None,
    minutes: Minutes = None,
    device: Device = None,
) -> int:
    """Measure what every style channel of a bundle's generator does to a picture's embedding.

    The command can be interrupted at any time and resumes where it was. The exit status is 3 if the time was
    up first. With --bundle FOLDER it is 'train directions', for a bundle in training.
    """
    from editor.bundle.loading import choose_device
    from editor.checkpoints.measuring import MeasurementOptions, measure_bundle

    elsewhere = Settings.read().bundles_dir / bundle
    folder = elsewhere if elsewhere.exists() and not bundle.exists() else bundle
    options = MeasurementOptions(images, resolution, probes)
    try:
        complete = measure_bundle(folder, options, choose_device(device), minutes)
    except EditorError as error:
        return _refused(error)
    except KeyboardInterrupt:
        print("Stopped; the same command resumes.", file=sys.stderr)
        return 130
    if not complete:
        print("The time is up; the same command resumes.")
        return 3
    print(f"The bundle '{folder.name}' has its directions.")
    return 0


def _refused(error: EditorError) -> int:
    print(error, file=sys.stderr)
    return 1


def _print_state(folder: Path) -> None:
    """Say what a bundle still lacks, and how to prepare it."""
    from editor.bundle.manifest import missing_parts, preparation_hint, read_manifest

    manifest = read_manifest(folder)
    lacking = missing_parts(manifest)
    print(f"It still lacks {' and '.join(lacking)}." if lacking else "It has all that editing needs.")
    if hint := preparation_hint(folder, manifest):
        print(hint)
