"""``python -m editor serve`` and ``bundles``. torch is imported on the device thread, after the port is open."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from editor.api.errors import BadRequest, EditorError
from editor.device.allocator import keep_memory
from editor.serving.executor import LocalExecutor, batch_of, load_engine
from editor.serving.jobs import Desk, Jobs
from editor.serving.server import app_around, check_exposure
from editor.serving.server import serve as run_server
from editor.serving.settings import token


def _folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bundles",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder of bundles, besides the embedded ones; may be repeated",
    )


def data_folder() -> Path:
    """Where this installation keeps what it makes, as the bot has it: ``DATA_DIR``, else ``data`` here."""
    return Path(os.environ.get("DATA_DIR") or "data")


def serve(argv: Sequence[str]) -> int:
    """Run the editor process."""
    parser = argparse.ArgumentParser(
        prog="python -m editor serve",
        description="Run the editor process: jobs over HTTP.",
        epilog="The access token is read from EDITOR_TOKEN, and EDITOR_EXECUTOR=ray has a cluster do the work (docs/cluster.md). "
        "SIGTERM finishes what runs and tells what waits.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on; beyond loopback a token is needed"
    )
    parser.add_argument("--port", type=int, default=8011, help="0 takes any free port, which is printed")
    parser.add_argument("--socket", type=Path, help="listen on this Unix socket instead")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="cuda where there is one, else cpu")
    parser.add_argument("--threads", type=int, help="CPU threads of torch")
    parser.add_argument(
        "--memory",
        type=float,
        metavar="GB",
        help="that may be resident on a CPU (default: EDITOR_MEMORY_GB, "
        "else 6): searches draw smaller pictures, or each layer anew, to keep to it",
    )
    parser.add_argument("--queue", type=int, default=8, help="jobs that one user may have waiting")
    parser.add_argument(
        "--faces",
        type=Path,
        metavar="FILE",
        default=os.environ.get("FACES_MODEL") or None,
        help="a YuNet face model (.onnx), for aligning photos of people (default: FACES_MODEL)",
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="stop when standard input closes (the starter died)"
    )
    parser.add_argument(
        "--data", type=Path, help="folder for what is trained here; DATA_DIR, else 'data', when absent"
    )
    _folders(parser)
    options = parser.parse_args(argv)
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "INFO"), format="%(asctime)s editor %(levelname)s %(message)s"
    )
    keep_memory()
    os.environ.setdefault(
        "OMP_WAIT_POLICY", "PASSIVE"
    )  # spinning threads starve each other on a machine that is busy
    if options.threads:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)
    if options.memory:
        os.environ["EDITOR_MEMORY_GB"] = str(options.memory)
    secret = token()
    try:
        check_exposure(options.host, secret if options.socket is None else "socket")
        desk = _desk(options)
    except EditorError as error:
        print(error, file=sys.stderr)
        return 2
    asyncio.run(_serve(app_around(desk, secret), options))
    return 0


def _desk(options: argparse.Namespace) -> Desk:
    """Who keeps the jobs: this process, or with ``EDITOR_EXECUTOR=ray`` a cluster. Raises BadRequest."""
    data, kind = options.data or data_folder(), os.environ.get("EDITOR_EXECUTOR") or "local"
    batch = batch_of(os.environ.get("EDITOR_BATCH"))
    if kind == "local":
        return Jobs(
            LocalExecutor(lambda: load_engine(options.bundles, options.device, data, options.faces), batch),
            options.queue,
        )
    if kind != "ray":
        raise BadRequest(f"EDITOR_EXECUTOR is 'local' or 'ray', not '{kind}'.")
    try:
        from editor.serving.ray.client import SharedJobs
    except ImportError:
        raise BadRequest("A cluster needs Ray: pip install 'styleclip-bot[cluster]'.") from None
    from editor.serving.ray.settings import Cluster, Engines, absolute

    faces = None if options.faces is None else Path(options.faces).resolve()
    engines = Engines(absolute(options.bundles), options.device, data.resolve(), faces, batch)
    return SharedJobs(Cluster.read(engines, options.queue))


async def _serve(app: object, options: argparse.Namespace) -> None:
    def announce(address: str) -> None:
        print(f"editor listening on {address}", flush=True)

    if options.with_parent:
        await _stop_with_parent()
    await run_server(app, options.host, options.port, options.socket, announce)  # type: ignore[arg-type]


async def _stop_with_parent() -> None:
    """When the pipe on standard input closes, the process that started us is gone: stop as on SIGTERM."""
    loop = asyncio.get_running_loop()

    def closed() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            os.kill(os.getpid(), 15)

    loop.add_reader(0, closed)


def bundles(argv: Sequence[str]) -> int:
    """List the installed bundles."""
    parser = argparse.ArgumentParser(
        prog="python -m editor bundles", description="List the bundles that are installed."
    )
    _folders(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    from editor.bundle.manifest import bundle_info, find_bundles, missing_parts, read_manifest

    infos, lacking = [], {}
    for folder in find_bundles(options.bundles):
        try:
            manifest = read_manifest(folder)
            infos.append(bundle_info(folder, manifest))
            lacking[folder.name] = missing_parts(manifest)
        except EditorError as error:
            print(error, file=sys.stderr)
    if options.json:
        print(json.dumps({"bundles": [info.model_dump(mode="json") for info in infos]}))
        return 0
    for info in infos:
        can = f"lacks {' and '.join(lacking[info.name])}" if lacking[info.name] else ", ".join(info.methods)
        print(f"{info.name}: {info.title}, {info.resolution} px, {can}; licence {info.licence}")
    return 0
