"""``python -m editor serve`` and ``bundles``.

What takes long to import is imported when a command needs it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_type_hints

import typer

from editor.api.errors import BadRequest, EditorError
from editor.serving.queue import JOBS_PER_USER
from editor.serving.settings import Settings

if TYPE_CHECKING:
    from editor.serving.executor import EngineOptions
    from editor.serving.jobs import LocalJobs
    from editor.serving.ray.client import ClusterJobs

app = typer.Typer(
    help="The editor: turns pictures and change requests into pictures.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
MEMORY_HELP = (
    "Resident memory on a CPU that searches keep to, with smaller pictures or by recomputing layers. "
    "Default: EDITOR_MEMORY_GB, else 6."
)
FACES_HELP = "YuNet face model (.onnx) for aligning photos. Default: FACES_MODEL."
PARENT_HELP = "Stop when standard input closes, for example because the parent process died."
DATA_HELP = "Folder for trained mappers. Default: DATA_DIR, else 'data'."
BUNDLES_HELP = "Folder of more bundles; may be repeated."
Data = Annotated[Path | None, typer.Option(help=DATA_HELP)]
Device = Annotated[Literal["cpu", "cuda"] | None, typer.Option(help="Default: cuda if there is one.")]
Folders = Annotated[list[Path] | None, typer.Option("--bundles", metavar="DIR", help=BUNDLES_HELP)]


@dataclass(frozen=True)
class ServeOptions:
    """Options of ``serve``; typer reads them from its signature."""

    host: Annotated[str, typer.Option(help="Address; beyond loopback a token is required.")] = "127.0.0.1"
    port: Annotated[int, typer.Option(help="0 takes any free port and prints it.")] = 8011
    socket: Annotated[Path | None, typer.Option(help="Listen on this Unix socket instead.")] = None
    device: Annotated[Literal["cpu", "cuda"] | None, typer.Option(help="Default: cuda if there is one.")] = (
        None
    )
    threads: Annotated[int | None, typer.Option(help="CPU threads of torch.")] = None
    memory: Annotated[float | None, typer.Option(metavar="GB", help=MEMORY_HELP)] = None
    queue: Annotated[int, typer.Option(help="Jobs that one user may have waiting.")] = JOBS_PER_USER
    faces: Annotated[Path | None, typer.Option(metavar="FILE", help=FACES_HELP)] = None
    with_parent: Annotated[bool, typer.Option("--with-parent", help=PARENT_HELP)] = False
    data: Data = None
    bundles: Folders = None


def serve(options: ServeOptions) -> int:
    """Run the editor process: jobs over HTTP."""
    from editor.device.allocator import keep_memory
    from editor.serving.executor import EngineOptions
    from editor.serving.server import Address, check_exposure, create_app
    from editor.serving.server import serve as listen

    settings = Settings.read()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s editor %(levelname)s %(message)s")
    engine = EngineOptions(
        tuple(options.bundles or ()),
        options.device,
        options.data or settings.data_dir,
        options.faces or settings.faces_model,
        settings.editor_batch,
        options.threads,
        options.memory or settings.editor_memory_gb,
    )
    if options.socket is None:
        check_exposure(options.host, settings.token)
    application = create_app(_job_service(settings, engine, options.queue), settings.token)
    keep_memory()
    # OpenMP reads this when torch loads it. Threads that spin while they wait starve each other on a busy
    # machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

    async def run() -> None:
        if options.with_parent:
            _stop_with_parent()
        await listen(application, Address(options.host, options.port, options.socket))

    asyncio.run(run())
    return 0


def _serve(**options: object) -> int:
    return serve(ServeOptions(**options))  # type: ignore[arg-type]


_serve.__doc__ = serve.__doc__
_serve.__signature__ = inspect.signature(ServeOptions)  # type: ignore[attr-defined]
_serve.__annotations__ = get_type_hints(ServeOptions, include_extras=True)
app.command(
    "serve",
    epilog="The access token is read from EDITOR_TOKEN. EDITOR_EXECUTOR=ray makes a cluster do the work "
    "(docs/cluster.md). On SIGTERM, running jobs finish and waiting ones fail.",
)(_serve)


def _job_service(settings: Settings, engine: EngineOptions, per_user: int) -> LocalJobs | ClusterJobs:
    """Return the jobs of this process, or those of a cluster. Raises BadRequest if Ray is missing."""
    from editor.serving.executor import LocalExecutor, load_engine
    from editor.serving.jobs import LocalJobs

    if settings.editor_executor == "local":
        return LocalJobs(LocalExecutor(lambda: load_engine(engine), engine.batch), per_user)
    try:
        from editor.serving.ray.client import ClusterJobs
    except ImportError:
        raise BadRequest("A cluster needs Ray: pip install 'styleclip-bot[cluster]'.") from None
    return ClusterJobs(settings, engine, per_user)


def _stop_with_parent() -> None:
    """Stop as on SIGTERM when the pipe on standard input closes: the process that started us has ended."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(0, read)


@app.command("bundles")
def list_bundles(
    bundles: Folders = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """List the bundles (editable domains) that are installed."""
    from editor.bundle.manifest import bundle_info, find_bundles, missing_parts, read_manifest

    found = []
    for folder in find_bundles(bundles or ()):
        try:
            manifest = read_manifest(folder)
            found.append((bundle_info(folder, manifest), missing_parts(manifest)))
        except EditorError as error:
            print(error, file=sys.stderr)
    if as_json:
        print(json.dumps({"bundles": [info.model_dump(mode="json") for info, _ in found]}))
        return 0
    for info, lacking in found:
        methods = f"lacks {' and '.join(lacking)}" if lacking else ", ".join(info.methods)
        print(f"{info.name}: {info.title}, {info.resolution} px, {methods}; licence {info.licence}")
    return 0
