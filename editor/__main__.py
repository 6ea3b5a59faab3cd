"""``python -m editor``: all commands as one tree. Their modules are imported only when they run."""

from __future__ import annotations

import sys

import typer
from typer.exceptions import TyperException

from editor.api.errors import EditorError
from editor.lab.benchmarks.command import bench, load
from editor.lab.commands import limit_memory
from editor.lab.evaluation.command import EPILOG, evaluate
from editor.lab.parity.command import FOLDERS, parity
from editor.serving import bundle_commands
from editor.serving.commands import app
from editor.serving.flexible_command import FlexibleCommand

app.add_typer(bundle_commands.app)
app.command(cls=FlexibleCommand, epilog=FOLDERS)(parity)
app.command(cls=FlexibleCommand, epilog=EPILOG)(evaluate)
app.command(cls=FlexibleCommand)(load)
app.command(cls=FlexibleCommand)(bench)


@app.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
def train(context: typer.Context) -> int:
    """Train a part of a bundle, such as its generator or encoder."""
    from editor.lab.training.cli import main as train_part

    limit_memory()
    return train_part(context.args)


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
