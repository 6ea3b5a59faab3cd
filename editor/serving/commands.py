"""``python -m editor serve`` and ``bundles``.

What takes long to import is imported when a command needs it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from editor.api.errors import EditorError
from editor.serving.queue import JOBS_PER_USER

if TYPE_CHECKING:
    from aiohttp import web

    from editor.serving.executor import EngineOptions
    from editor.serving.jobs import JobService
    from editor.serving.settings import Settings

app = typer.Typer(
    help="The editor: turns pictures and change requests into pictures.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Host = Annotated[str, typer.Option(help="Address; beyond loopback a token is required.")]
Port = Annotated[int, typer.Option(help="0 takes any free port and prints it.")]
Socket = Annotated[Path | None, typer.Option(help="Listen on this Unix socket instead.")]
Device = Annotated[Literal["cpu", "cuda"] | None, typer.Option(help="Default: cuda if there is one.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads of torch.")]
MEMORY_HELP = (
    "Resident memory on a CPU that searches keep to, with smaller pictures or by recomputing layers. "
    "Default: EDITOR_MEMORY_GB, else 6."
)
Memory = Annotated[float | None, typer.Option(metavar="GB", help=MEMORY_HELP)]
PerUser = Annotated[int, typer.Option("--queue", help="Jobs that one user may have waiting.")]
FACES_HELP = "YuNet face model (.onnx) for aligning photos. Default: FACES_MODEL."
Faces = Annotated[Path | None, typer.Option(metavar="FILE", help=FACES_HELP)]
PARENT_HELP = "Stop when standard input closes, for example because the parent process died."
WithParent = Annotated[bool, typer.Option("--with-parent", help=PARENT_HELP)]
Data = Annotated[
    Path | None, typer.Option(help="Folder for trained mappers. Default: DATA_DIR, else 'data'.")
]
BUNDLES_HELP = "Folder of more bundles; may be repeated."
Folders = Annotated[list[Path] | None, typer.Option("--bundles", metavar="DIR", help=BUNDLES_HELP)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command(
    epilog="The access token is read from EDITOR_TOKEN. EDITOR_EXECUTOR=ray makes a cluster do the work "
    "(docs/cluster.md). On SIGTERM, running jobs finish and waiting ones fail."
)
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8011,
    socket: Socket = None,
    device: Device = None,
    threads: Threads = None,
    memory: Memory = None,
    queue: PerUser = JOBS_PER_USER,
    faces: Faces = None,
    with_parent: WithParent = False,
    data: Data = None,
    bundles: Folders = None,
) -> int:
    """Run the editor process: jobs over HTTP."""
    from editor.device.allocator import keep_memory
    from editor.serving.executor import EngineOptions
    from editor.serving.server import app_for, check_exposure
    from editor.serving.server import serve as run_server
    from editor.serving.settings import Settings

    async def run(application: web.Application) -> None:
        if with_parent:
            _stop_with_parent()
        await run_server(application, host, port, socket, _announce)

    try:
        settings = Settings.read()
        logging.basicConfig(level=settings.log_level, format="%(asctime)s editor %(levelname)s %(message)s")
        options = EngineOptions(
            tuple(bundles or ()),
            device,
            data or settings.data_dir,
            faces or settings.faces_model,
            settings.editor_batch,
            threads,
            memory or settings.editor_memory_gb,
        )
        check_exposure(host, settings.token if socket is None else "not needed on a socket")
        jobs = _job_service(settings, options, queue)
    except EditorError as error:
        print(error, file=sys.stderr)
        return 2
    keep_memory()
    # OpenMP reads this when torch loads it. Threads that spin while they wait starve each other on a busy
    # machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    asyncio.run(run(app_for(jobs, settings.token)))
    return 0


def _announce(address: str) -> None:
    print(f"editor listening on {address}", flush=True)


def _job_service(settings: Settings, options: EngineOptions, per_user: int) -> JobService:
    """Return the jobs of this process, or those of a cluster. Raises BadRequest if Ray is missing."""
    from editor.api.errors import BadRequest
    from editor.serving.executor import LocalExecutor, load_engine
    from editor.serving.jobs import LocalJobs

    if settings.editor_executor == "local":
        return LocalJobs(LocalExecutor(lambda: load_engine(options), options.batch), per_user)
    try:
        from editor.serving.ray.client import ClusterJobs
    except ImportError:
        raise BadRequest("A cluster needs Ray: pip install 'styleclip-bot[cluster]'.") from None
    from editor.serving.ray.settings import ClusterSettings

    return ClusterJobs(ClusterSettings.of(settings, options, per_user))


def _stop_with_parent() -> None:
    """Stop as on SIGTERM when the pipe on standard input closes: the process that started us has ended."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(0, read)


@app.command("bundles")
def list_bundles(bundles: Folders = None, as_json: Json = False) -> int:
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
