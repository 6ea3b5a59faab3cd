"""``python -m editor``: all commands as one tree. Their modules are imported only when they run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

import typer
from typer.exceptions import TyperException

from editor.api.errors import EditorError
from editor.device.allocator import set_memory_limit
from editor.lab.benchmarks.command import bench, load
from editor.lab.commands import FlexibleCommand
from editor.lab.evaluation.command import EPILOG, evaluate
from editor.lab.parity.command import FOLDERS, parity
from editor.serving import bundle_commands
from editor.serving.commands import app

EPILOGS = {"evaluate": EPILOG, "parity": FOLDERS}
FORWARDED = {
    "train": ("editor.lab.training.cli:main", "Train a part of a bundle, such as its generator or encoder."),
}
"""Commands that read their own options: ``module:function``, and a line of help."""


def _forward(target: str) -> Callable[[typer.Context], int]:
    def run(context: typer.Context) -> int:
        from editor.serving.settings import Settings

        set_memory_limit(Settings.read().editor_memory_gb)
        module, function = target.split(":")
        return int(getattr(import_module(module), function)(context.args))

    return run


app.add_typer(bundle_commands.app)
for _command in (parity, evaluate, load, bench):
    app.command(cls=FlexibleCommand, epilog=EPILOGS.get(_command.__name__))(_command)
for _name, (_target, _help) in FORWARDED.items():
    app.command(
        _name,
        help=_help,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )(_forward(_target))


def main(argv: list[str]) -> int:
    """Run one command and return its exit status; 2 for a usage error."""
    if argv[:1] == ["directions"] and any(word.partition("=")[0] == "--bundle" for word in argv):
        argv = ["train", *argv]
    try:
        return int(app(argv, prog_name="python -m editor", standalone_mode=False) or 0)
    except TyperException as error:
        print(error.format_message(), file=sys.stderr)
        return error.exit_code
    except EditorError as error:
        print(error, file=sys.stderr)
        return 2
    except typer.Abort:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
